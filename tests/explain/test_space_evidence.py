"""Law: a slope is least squares, its interval is that of blocks drawn again, and both follow from the seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.request import Kind
from eurosic.explain.bootstrap import (
    Estimate,
    block_sums,
    drawn_sums,
    estimate,
    ratio,
    ratio_estimate,
    slope,
    slope_sums,
)
from eurosic.explain.observations import PH, STOCK, Observations
from eurosic.explain.space_evidence import gather_evidence, slope_alone, slope_attributed, space_table, spread
from eurosic.explain.states import ALL, FREE, INTACT, STATES, states_of_profiles, states_of_run

TARGET = f"{STOCK}0_30cm"


@pytest.fixture(scope="module")
def evidence():
    """Sites with 3 kg m-2 more for each unit of pH in one half, nothing in the other; clay has no part."""
    random = np.random.default_rng(4)
    ph, clay = random.uniform(5.0, 9.0, 240), random.uniform(5.0, 50.0, 240)
    calcareous = ph > 7.0
    stock = np.where(calcareous, 3.0 * (ph - 7.0), 0.0)
    states = {ALL: np.ones(240, dtype=bool), INTACT: calcareous, FREE: ~calcareous}
    observations = Observations(
        "bent", "made up", Kind.OBSERVED, pd.DataFrame({PH: ph, "clay": clay}), pd.DataFrame({TARGET: stock}),
        np.arange(240) % 24, states,
    )  # fmt: skip
    return gather_evidence(observations, TARGET, refits=8)


def test_slopes_of_states_are_those_that_were_put_in(evidence):
    """Three where calcareous, none where not, and no doubt about either: no noise was put in."""
    intact = slope_alone(evidence, PH, INTACT)
    np.testing.assert_allclose([intact.low, intact.value, intact.high], 3.0)
    free = slope_alone(evidence, PH, FREE)
    assert (free.value, free.low, free.high) == (0.0, 0.0, 0.0)
    told = slope_attributed(evidence, PH, INTACT)
    assert 2.3 < told.low <= told.value <= told.high < 3.3


def test_a_covariate_without_a_part_has_a_slope_about_zero(evidence):
    """The interval of what a scatter plot would show holds zero; attributions are a hundredth of those of pH."""
    alone = slope_alone(evidence, "clay")
    assert alone.low < 0.0 < alone.high
    assert abs(slope_attributed(evidence, "clay").value) < 0.01


def test_a_state_that_nobody_is_in_or_knows_has_no_slope(evidence):
    """Not a number, rather than zero."""
    assert np.isnan(slope_alone(evidence, PH, "front").value)
    assert np.isnan(slope_attributed(evidence, PH, "front").value)


def test_soils_of_one_ph_have_no_slope_on_it_however_steep():
    """Calcareous soils at 8.2, give or take 0.01: 300 kg m-2 for a unit of pH are told of nothing; clay is free."""
    random = np.random.default_rng(8)
    ph, clay = 8.2 + 0.01 * random.normal(size=60), random.uniform(5.0, 50.0, 60)
    states = {ALL: np.ones(60, dtype=bool)}
    observations = Observations(
        "flat", "made up", Kind.MODELLED, pd.DataFrame({PH: ph, "clay": clay}),
        pd.DataFrame({TARGET: 300.0 * (ph - 8.0)}), np.arange(60) % 6, states,
    )  # fmt: skip
    flat = gather_evidence(observations, TARGET, refits=1)
    assert np.isnan(slope_alone(flat, PH).value)
    assert np.isnan(slope_attributed(flat, PH).value)
    assert np.isfinite(slope_alone(flat, "clay").value)
    assert spread(flat, PH) == pytest.approx(ph.std())


def test_the_table_has_a_row_a_covariate_and_shares_that_sum_to_one(evidence):
    """The largest first; both skills; what is circular says so."""
    table = space_table([evidence])
    assert table["covariate"].tolist() == [PH, "clay"]
    assert table["share_of_attributions"].sum() == pytest.approx(1.0)
    assert not table["circular"].any()
    assert (table["r2_blocks_left_out"] > 0.95).all()


def test_the_same_seed_gives_the_same_evidence(evidence):
    """Value for value: learners, draws, curves."""
    again = gather_evidence(evidence.observations, TARGET, refits=8)
    np.testing.assert_array_equal(again.drawn_attribution, evidence.drawn_attribution)
    np.testing.assert_array_equal(again.drawn_curve, evidence.drawn_curve)


def test_sums_over_blocks_by_hand():
    """Four sites in two blocks; what is no number counts as nothing."""
    sums = block_sums(np.array([[1.0, 2.0, 4.0, np.nan]]), np.array([0, 1, 0, 1]), 2)
    assert sums.tolist() == [[5.0, 2.0]]


def test_equal_blocks_leave_no_doubt_and_unequal_ones_do():
    """The interval of a mean is its spread over blocks."""
    equal, unequal = np.full((1, 2, 30), 3.0), np.stack([np.arange(30.0), np.ones(30)])[np.newaxis]
    same, apart = estimate(equal, ratio, seed=0), estimate(unequal, ratio, seed=0)
    assert (same.low, same.value, same.high) == (1.0, 1.0, 1.0)
    # Of 30 blocks from 0 to 29: mean 14.5, standard error 8.66 / sqrt(30) = 1.58, 90 % within 1.645 of them.
    assert apart.value == 14.5
    assert apart.high - apart.low == pytest.approx(2 * 1.645 * 1.58, rel=0.1)


def test_members_that_disagree_widen_an_interval():
    """Blocks that are all alike, members that say 1 and 3: nothing between 1 and 3 can be told."""
    members = np.stack([np.full((2, 20), 1.0), np.stack([np.full(20, 3.0), np.ones(20)])])
    found = estimate(members, ratio, seed=0)
    assert (found.low, found.value, found.high) == (1.0, 2.0, 3.0)


def test_a_ratio_over_nothing_has_no_bounds():
    """A driver that moves now up, now down by as much cannot carry a sensitivity."""
    wavering = np.stack([np.ones(40), np.where(np.arange(40) % 2, 1.0, -0.9)])[np.newaxis]
    found = ratio_estimate(wavering, seed=0)
    assert not found.bounded
    assert ratio_estimate(np.ones((1, 2, 40)), seed=0) == Estimate(1.0, 1.0, 1.0)


@given(st.floats(-5, 5), st.floats(-100, 100), st.floats(0.1, 10))
@settings(max_examples=30)
def test_a_slope_knows_no_origin_and_scales_with_its_unit(gradient, offset, unit):
    """Y = g x + o in any unit of x has the slope g / unit, in every draw."""
    x = np.linspace(4.0, 9.0, 40)
    sums = slope_sums(x * unit, gradient * x + offset, np.ones(40), np.arange(40) % 8, blocks=8)
    drawn = slope(drawn_sums(sums, seed=1, draws=20))
    np.testing.assert_allclose(drawn, gradient / unit, atol=1e-8 * max(1.0, abs(offset)) / unit)


def test_a_covariate_without_spread_has_no_slope():
    """Lab pH of soils that are all calcareous, to rounding."""
    sums = slope_sums(np.full(20, 8.2), np.arange(20.0), np.ones(20), np.arange(20) % 5, blocks=5)
    assert np.isnan(slope(sums.sum(axis=2))[0])


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.floats(0, 2)), min_size=1, max_size=20),
)
def test_each_column_is_in_one_state_of_the_topsoil_and_in_one_regime(columns):
    """Three and three, and all: no column is lost, none counted twice."""
    regime, depth = (np.array(part) for part in zip(*columns, strict=True))
    states = states_of_run(regime, depth.astype(float))
    assert set(states) == set(STATES)
    for group in (STATES[1:4], STATES[4:]):
        assert (np.sum([states[name] for name in group], axis=0) == 1).all()


@given(st.floats(0, 1), st.booleans())
def test_each_profile_is_in_one_state_of_the_topsoil_and_in_one_regime(share, below):
    """The same for profiles that were dug."""
    states = states_of_profiles(np.array([share]), np.array([below]))
    for group in (STATES[1:4], STATES[4:]):
        assert sum(bool(states[name][0]) for name in group) == 1
