"""Law: a design has the distributions and correlations it says; a seed decides it; a smaller begins a larger."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from eurosic.base.errors import SimulationError
from eurosic.base.simulations import INGREDIENTS, KINDS
from eurosic.simulator.gas import ATMOSPHERE
from eurosic.simulator.marginals import CORRELATIONS, MARGINALS
from eurosic.simulator.sampling import (
    Design,
    copula_matrix,
    pressure_at_half_metre,
    sobol_design,
    table_design,
)
from eurosic.simulator.trajectory_kinds import SHARES, course_of, draw_trajectories


def _all(values):
    return np.ones(len(values["clay"]), dtype=bool)


@pytest.fixture(scope="module")
def design():
    """4 096 points, all kept."""
    return sobol_design(4096, seed=7, ranges={}, keep=_all)


# By hand.


def test_half_of_the_carbonate_lies_below_seven_per_cent():
    """0.2 below 2 %, then log-uniform to 25 %: the median is 2 x 12.5^(1/2) = 7.07 %; the ends are 0.05 and 70 %."""
    quantile = MARGINALS["carbonate"]
    np.testing.assert_allclose(
        quantile(np.array([0.0, 0.2, 0.5, 0.8, 1.0])), [0.05, 2.0, np.sqrt(50), 25.0, 70.0]
    )


def test_three_columns_of_four_are_calcareous_to_the_top(design):
    """Decalcified depth is 0 with probability 0.75, else between 0.1 and 0.8 m."""
    depth = design.values["decalcified_depth"]
    assert abs((depth == 0.0).mean() - 0.75) < 0.01
    assert depth[depth > 0].min() >= 0.1


def test_a_step_falls_in_one_year_and_a_reversal_comes_back():
    """With all draws at one half over 80 years."""
    half = np.full(5, 0.5)
    step = course_of("step", 80, half).at(range(1, 81))
    assert sorted(set(step.round(9))) == [0.425, 1.0]
    assert np.count_nonzero(np.diff(step)) == 1
    back = course_of("reversal", 80, half).at(range(1, 81))
    assert (back[0], back.min(), back[-1]) == (1.0, 0.425, 1.0)
    assert not course_of("zero", 80, half).at(range(1, 81)).any()
    assert course_of("step_up", 80, half).at([80])[0] == pytest.approx(1.45)


# Closed form.


def test_pressure_follows_respiration_in_proportion():
    """The gas equation is linear: twice the respiration, twice the excess over the air."""
    args = {
        "air_porosity": np.full(2, 0.2),
        "porosity": np.full(2, 0.45),
        "celsius": np.full(2, 11.0),
        "millington": False,
    }
    once, twice = pressure_at_half_metre(np.array([400.0, 800.0]), np.full(2, 0.25), **args)
    assert (twice - ATMOSPHERE) / (once - ATMOSPHERE) == pytest.approx(2.0)
    assert 0.003 < once < 0.05


def test_pressure_is_that_of_the_differential_equation():
    """Against C(z) of an exponential source over 2 m, integrated exactly, within 1 %."""
    depth, z, bottom = 0.25, 0.5, 2.0
    found = pressure_at_half_metre(
        np.array([500.0]),
        np.array([depth]),
        air_porosity=np.array([0.2]),
        porosity=np.array([0.45]),
        celsius=np.array([10.0]),
        millington=False,
    )[0]
    flux = 0.5 / 12.011 * 1e3 / 31_557_600.0 / 1.0
    diffusivity = 1.381e-5 * (283.15 / 273.15) ** 1.81 * 0.2**2.5 / 0.45**0.5
    scale = 1.0 - np.exp(-bottom / depth)
    mass = (depth * (1.0 - np.exp(-z / depth)) - z * np.exp(-bottom / depth)) / scale
    exact = ATMOSPHERE + 8.20573e-5 * 283.15 * flux * mass / diffusivity
    assert found == pytest.approx(exact, rel=0.01)


# Laws.


@pytest.mark.parametrize("pair", CORRELATIONS, ids="-".join)
def test_ranks_are_correlated_as_stated(design, pair):
    """Within 0.05 of SCIENCE.md section 6, before anything is rejected."""
    one, other = pair
    assert spearmanr(design.values[one], design.values[other])[0] == pytest.approx(
        CORRELATIONS[pair], abs=0.05
    )


@pytest.mark.parametrize("name", INGREDIENTS)
def test_an_ingredient_has_its_own_distribution(design, name):
    """The copula leaves the marginals alone: nine deciles are those of the quantile function; none is outside."""
    values, variable = design.values[name], INGREDIENTS[name]
    shares = np.linspace(0.1, 0.9, 9)
    width = np.ptp(MARGINALS[name](np.array([0.05, 0.95])))
    np.testing.assert_allclose(np.quantile(values, shares), MARGINALS[name](shares), atol=0.02 * width + 1e-9)
    assert variable.valid_min <= values.min() <= values.max() <= variable.valid_max


def test_the_correlations_hold_together():
    """Their matrix is positive definite, with room."""
    assert np.linalg.eigvalsh(copula_matrix()).min() > 0.05


def test_a_seed_decides_everything():
    """Equal seeds give equal bits, other seeds other points."""
    one, same, other = (sobol_design(50, seed=seed, ranges={}, keep=_all) for seed in (3, 3, 4))
    for name in INGREDIENTS:
        np.testing.assert_array_equal(one.values[name], same.values[name])
    assert not np.array_equal(one.values["clay"], other.values["clay"])


@settings(max_examples=15, deadline=None)
@given(small=st.integers(1, 200), more=st.integers(0, 5000), seed=st.integers(0, 2**32))
def test_a_smaller_design_begins_a_larger_one(small, more, seed):
    """Whatever is kept: a design can be lengthened without losing what was simulated."""

    def sandy(values):
        return values["sand_share"] > 0.5

    short, long = (sobol_design(n, seed=seed, ranges={}, keep=sandy) for n in (small, small + more))
    assert short.size == small
    assert short.tried <= long.tried
    for name in ("clay", "sand_share"):
        np.testing.assert_array_equal(short.values[name], long.values[name][:small])
    assert (long.values["sand_share"] > 0.5).all()
    kinds = [draw_trajectories(n, 30, seed=seed, shares=SHARES) for n in (small, small + more)]
    np.testing.assert_array_equal(kinds[0].mineral, kinds[1].mineral[:small])


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from([n for n in INGREDIENTS if n != "decalcified_depth" and not n.startswith("form_")]),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda e: abs(e[0] - e[1]) > 0.05),
)
def test_a_narrowed_range_is_kept(name, ends):
    """Any range within the design's gives values within it, and reaches through it."""
    variable, (low, high) = INGREDIENTS[name], sorted(ends)
    span = variable.valid_max - variable.valid_min
    limits = (variable.valid_min + low * span, variable.valid_min + high * span)
    values = sobol_design(64, seed=1, ranges={name: limits}, keep=_all).values[name]
    assert limits[0] <= values.min() < values.max() <= limits[1]


def test_shares_of_kinds_are_those_asked_for():
    """Within two percent over 10 000 simulations, and manure changes in half of those that change."""
    drawn = draw_trajectories(10_000, 80, seed=1, shares=SHARES)
    found = np.bincount(drawn.kind, minlength=len(KINDS)) / 10_000
    np.testing.assert_allclose(found, [SHARES[kind] for kind in KINDS], atol=0.02)
    moving = drawn.kind != KINDS.index("constant")
    alike = (drawn.manure[moving] == drawn.mineral[moving]).all(axis=1).mean()
    assert alike == pytest.approx(0.5, abs=0.02)
    assert (drawn.mineral >= 0.0).all()
    assert np.ptp(np.argmax(np.diff(drawn.mineral[drawn.kind == KINDS.index("step")]) != 0, axis=1)) > 30


def test_rows_of_a_table_stay_together():
    """Every row stands once before any stands twice, with all that stood in it; the rest is drawn beside."""
    rows = {"clay": np.arange(10.0, 40.0), "pet": np.arange(610.0, 640.0)}
    drawn = table_design(rows, 75, seed=2, keep=_all)
    np.testing.assert_array_equal(drawn.values["pet"] - drawn.values["clay"], 600.0)
    assert sorted(drawn.values["clay"][:30]) == sorted(rows["clay"])
    counts = np.unique(drawn.values["clay"], return_counts=True)[1]
    assert set(counts) == {2, 3}
    assert np.ptp(drawn.values["respiration"]) > 500.0


# Refusals.


def test_what_hardly_exists_is_refused():
    """A judge that keeps nothing stops the drawing instead of running for ever."""
    with pytest.raises(SimulationError, match="keeps 0 of 4096 points"):
        sobol_design(10, seed=1, ranges={}, keep=lambda values: np.zeros(len(values["clay"]), dtype=bool))


def test_a_range_beyond_the_design_is_refused():
    """Clay reaches from 8 to 60 %."""
    with pytest.raises(
        SimulationError, match="range of clay: 5 to 20 %; wanted an increasing range within 8 to 60"
    ):
        sobol_design(10, seed=1, ranges={"clay": (5.0, 20.0)}, keep=_all)
    with pytest.raises(SimulationError, match=r"nothing lies within 0\.01 to 0\.09"):
        sobol_design(10, seed=1, ranges={"decalcified_depth": (0.01, 0.09)}, keep=_all)


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"constant": 0.5, "sawtooth": 0.5}, "unknown kind 'sawtooth'"),
        ({"constant": 0.5}, "sum to 0.5"),
        ({"constant": 1.5, "step": -0.5}, "wanted shares of constant, step"),
    ],
)
def test_shares_that_are_none_are_refused(shares, told):
    """Each with its message."""
    with pytest.raises(SimulationError, match=told):
        draw_trajectories(10, 80, seed=1, shares=shares)


def test_a_table_without_rows_and_a_lame_design_are_refused():
    """No rows; columns of different length."""
    with pytest.raises(SimulationError, match="has no rows"):
        table_design({"clay": np.empty(0)}, 5, seed=1, keep=_all)
    with pytest.raises(SimulationError, match="different lengths"):
        Design({"clay": np.ones(2), "pet": np.ones(3)}, 3)
