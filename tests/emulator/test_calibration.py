"""Law: an interval of 90 % covers 90 % of the simulations that it has never seen, whatever the members say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import CardError, PredictorError
from eurosic.base.flags import Regime
from eurosic.emulator.calibration import HORIZONS, LEAST, Spread, fit_spread
from eurosic.emulator.coverage import coverage_table

TARGETS = ("sic_change_0_200cm", "ph_soil_0_30cm", "regime")


def _held_out(size: int, *, seed: int, years: int = 80, wrong: float = 3.0) -> tuple[np.ndarray, ...]:
    """Return errors, deviations and regimes of simulations whose errors grow, heavy-tailed, and stay in one place.

    A simulation's errors are one number times the root of the year: its years are as dependent as can be. Members say
    too little by the factor `wrong`, and differently so in each regime.
    """
    rng = np.random.default_rng(seed)
    first, change = rng.choice(3, (size, 1), p=[0.5, 0.3, 0.2]), rng.integers(1, 2 * years, (size, 1))
    # Half of them pass into the next regime at some time.
    regime = np.minimum(first + (np.arange(1, years + 1) > change), 2)
    scale = (
        rng.lognormal(0.0, 0.5, (size, 1, 1))
        * np.sqrt(np.arange(1, years + 1))[:, None]
        * np.array([1e-3, 0.01, 1])
    )
    errors = rng.standard_t(4, (size, 1, 3)) * scale * (1.0 + regime[:, :, None])
    errors[..., 2] = np.nan
    return errors, scale / wrong * np.ones((size, years, 3)), regime


# By hand.


def test_the_factor_is_the_score_at_the_conformal_rank():
    """Nineteen simulations, one year, errors of 1 to 19 deviations: the 18th of 20 places is 18 / 1.1."""
    errors = np.arange(1.0, 20.0).reshape(19, 1, 1)
    spread = fit_spread(errors, np.ones((19, 1, 1)), regime=np.zeros((19, 1)), targets=["a"])
    # The floor is a tenth of the median deviation.
    assert spread.factors[0, 0, 0] == pytest.approx(18.0 / 1.1)
    width = spread.half_width(np.full((1, 1), 2.0), np.zeros(1), np.array([1]))
    assert width[0, 0] == pytest.approx(18.0 / 1.1 * 2.1)


def test_a_simulation_counts_once_however_many_of_its_years_are_used():
    """Nine of ten have one year in the regime and an error of 1, the tenth has fifty of an error of 9."""
    errors, regime = np.full((100, 50, 1), np.nan), np.zeros((100, 50))
    errors[:90, 0] = 1.0
    errors[90:, :] = 9.0
    spread = fit_spread(
        errors, np.ones_like(errors), regime=regime, targets=["a"], level=0.8, last_years=(50,)
    )
    assert spread.factors[0, 0, 0] == pytest.approx(1.0 / 1.1)


def test_later_horizons_than_trained_take_the_last_factor():
    """Year 80 and year 200 have the same factor; years within a bin too."""
    errors, deviations, regime = _held_out(300, seed=0)
    spread = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    width = spread.half_width(np.ones((4, 3)), np.zeros(4), np.array([61, 80, 81, 200]))
    assert (width[:, :2] == width[0, :2]).all()
    assert spread.last_years.tolist() == list(HORIZONS)


def test_bins_that_begin_after_the_last_year_are_left_out():
    """Ten years give six bins, the last of them to year 15."""
    errors, deviations, regime = _held_out(100, seed=0, years=10)
    spread = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    assert spread.last_years.tolist() == [1, 2, 4, 8, 15]


def test_a_single_member_gets_intervals_of_one_width():
    """Without any deviation the scores are the errors, and every interval of a bin is as wide."""
    errors, _, regime = _held_out(400, seed=3)
    spread = fit_spread(errors, np.zeros_like(errors), regime=regime, targets=TARGETS)
    width = spread.half_width(np.zeros((2, 3)), np.zeros(2), np.array([30, 40]))
    assert width[0, 0] == width[1, 0] == spread.factors[0, 0, 6]
    covered = np.abs(errors[:, 29, 0])[regime[:, 29] == Regime.BUFFERED] <= width[0, 0]
    assert covered.mean() == pytest.approx(0.9, abs=0.05)


# Laws.


@pytest.mark.parametrize("seed", range(3))
def test_held_out_simulations_are_covered(seed):
    """In every regime and at every horizon, within the bounds of the two finite numbers of simulations.

    Forty rows at 99 %: one of them may be beyond.
    """
    spread_of = _held_out(2000, seed=seed)
    spread = fit_spread(*spread_of[:2], regime=spread_of[2], targets=TARGETS)
    errors, deviations, regime = _held_out(1000, seed=100 + seed)
    rows = coverage_table(errors, deviations, regime=regime, spread=spread, horizons=(1, 10, 20, 40, 80))
    assert len(rows) == 2 * 4 * 5
    assert sum(not row.within_exact for row in rows) <= 2, [row for row in rows if not row.within_exact]
    whole = [row for row in rows if row.regime == "all"]
    assert np.mean([row.covered for row in whole]) == pytest.approx(0.9, abs=0.02)
    # What the members say alone would cover far less.
    assert (np.abs(errors[..., 0]) <= 1.645 * deviations[..., 0]).mean() < 0.45


@given(st.integers(0, 2**31), st.floats(1e-3, 1e3))
@settings(max_examples=20)
def test_the_scale_of_the_deviations_is_no_matter(seed, factor):
    """Members that all say so many times more give the same intervals."""
    errors, deviations, regime = _held_out(80, seed=seed, years=20)
    year = np.arange(1, 21)
    one = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    other = fit_spread(errors, factor * deviations, regime=regime, targets=TARGETS)
    np.testing.assert_allclose(
        other.half_width(factor * deviations, regime, year),
        one.half_width(deviations, regime, year),
        rtol=1e-4,
    )


@given(st.integers(0, 2**31), st.floats(0.5, 0.95), st.floats(0.5, 0.95))
@settings(max_examples=20)
def test_a_higher_level_is_no_narrower(seed, one, other):
    """Monotone in the level, everywhere."""
    errors, deviations, regime = _held_out(80, seed=seed, years=20)
    low, high = (
        fit_spread(errors, deviations, regime=regime, targets=TARGETS, level=level).factors[:2]
        for level in sorted((one, other))
    )
    assert (low <= high).all()


@given(st.integers(0, 2**31))
@settings(max_examples=20)
def test_the_order_of_simulations_is_irrelevant(seed):
    """Exchangeable means exchangeable."""
    errors, deviations, regime = _held_out(80, seed=seed, years=20)
    order = np.random.default_rng(seed).permutation(80)
    one = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    other = fit_spread(errors[order], deviations[order], regime=regime[order], targets=TARGETS)
    np.testing.assert_allclose(one.factors, other.factors, rtol=1e-5)


@given(st.lists(st.integers(1, 3), min_size=0, max_size=3))
@settings(max_examples=10)
def test_half_widths_broadcast_over_any_leading_axes(leading):
    """Pathways and cells stand before years and targets; each value is as if it stood alone."""
    errors, deviations, regime = _held_out(100, seed=1)
    spread = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    shape, year = (*leading, 5), np.array([1, 7, 30, 80, 90])
    rng = np.random.default_rng(len(leading))
    deviation, where = rng.random((*shape, 3)), rng.integers(0, 3, shape)
    width = spread.half_width(deviation.astype(np.float32), where.astype(float), year)
    assert width.shape == (*shape, 3)
    assert width.dtype == np.float32
    for place in np.ndindex(*shape):
        bin_ = min(np.searchsorted(HORIZONS, year[place[-1]]), len(HORIZONS) - 1)
        alone = spread.factors[:, where[place], bin_] * (deviation[place] + spread.floors)
        np.testing.assert_allclose(width[place], alone, rtol=1e-5)


# Promises.


def test_a_cell_without_a_regime_has_no_spread():
    """A prediction that failed is NaN, and so is its interval; a flag has none."""
    errors, deviations, regime = _held_out(100, seed=1)
    spread = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    width = spread.half_width(np.ones((2, 3)), np.array([0.0, np.nan]), np.array([1, 2]))
    assert np.isfinite(width[0, :2]).all()
    assert np.isnan(width[1]).all()
    assert np.isnan(width[:, 2]).all()


def test_a_regime_with_too_few_simulations_takes_the_factor_of_all_and_says_so():
    """Forty buffered and ten depleted simulations would both be too few; a hundred and ten are not."""
    errors, deviations, _ = _held_out(120, seed=5)
    regime = np.where(np.arange(120)[:, None] < 110, Regime.BUFFERED, Regime.DEPLETED) * np.ones((1, 80))
    spread = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    pooled = fit_spread(errors, deviations, regime=np.zeros_like(regime), targets=TARGETS)
    np.testing.assert_array_equal(spread.factors[:2, Regime.DEPLETED], pooled.factors[:2, Regime.BUFFERED])
    assert (spread.simulations[:2, Regime.DEPLETED] == 10).all()
    told = spread.fallbacks()
    assert [text.split(":")[0] for text in told] == ["Regime front", "Regime depleted"]
    assert f"fewer than {LEAST} calibration simulations at 9 of 9 horizons" in told[1]
    assert pooled.fallbacks()[0].startswith("Regime front")


def test_a_spread_comes_back_from_its_arrays():
    """What is stored beside the weights gives the same intervals."""
    errors, deviations, regime = _held_out(100, seed=1)
    spread = fit_spread(errors, deviations, regime=regime, targets=TARGETS)
    again = Spread.from_arrays({name: array.copy() for name, array in spread.arrays().items()})
    assert (again.targets, again.level) == (spread.targets, spread.level)
    year = np.arange(1, 81)
    np.testing.assert_array_equal(
        again.half_width(deviations, regime, year), spread.half_width(deviations, regime, year)
    )


def test_the_table_counts_simulations_at_a_horizon():
    """By hand: a hundred simulations, ninety of them covered; 99 % of such numbers lie within 82 and 97."""
    spread = Spread(
        ("a",),
        0.9,
        np.array([80]),
        np.zeros(1, np.float32),
        np.ones((1, 3, 1), np.float32),
        np.full((1, 3, 1), 10**6),
    )
    errors = np.where(np.arange(100) < 90, 0.5, 1.5)[:, None, None] * np.ones((1, 80, 1))
    rows = coverage_table(
        errors, np.ones_like(errors), regime=np.zeros((100, 80)), spread=spread, horizons=(80, 90)
    )
    assert [(row.regime, row.horizon, row.simulations) for row in rows] == [
        ("all", 80, 100),
        ("buffered", 80, 100),
    ]
    assert rows[0].covered == 0.9
    assert (rows[0].low, rows[0].high) == (0.82, 0.97)
    # With a million simulations to calibrate on, the bounds are the binomial ones.
    assert (rows[0].exact_low, rows[0].exact_high) == (0.82, 0.97)
    assert rows[0].within
    assert rows[0].half_width == 1.0


def test_the_table_finds_intervals_that_are_too_narrow():
    """Errors twice as large as those of the calibration are beyond the bounds."""
    calibration = _held_out(1000, seed=8)
    spread = fit_spread(*calibration[:2], regime=calibration[2], targets=TARGETS)
    errors, deviations, regime = _held_out(1000, seed=9)
    rows = coverage_table(2.0 * errors, deviations, regime=regime, spread=spread)
    assert not any(row.within for row in rows if row.regime == "all")


# Refusals.


def test_too_few_simulations_for_the_level_are_refused():
    """Eight simulations cannot tell what covers nine in ten."""
    errors, deviations, regime = _held_out(8, seed=0)
    with pytest.raises(
        PredictorError, match=r"8 simulations for target sic_change_0_200cm; wanted at least 9"
    ):
        fit_spread(errors, deviations, regime=regime, targets=TARGETS)


def test_arrays_that_do_not_fit_each_other_are_refused():
    """Their shapes are told."""
    errors, deviations, regime = _held_out(20, seed=0)
    with pytest.raises(
        PredictorError, match=r"errors \(20, 80, 3\), deviations \(20, 80, 3\), regime \(20, 79\)"
    ):
        fit_spread(errors, deviations, regime=regime[:, 1:], targets=TARGETS)


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_a_deviation_that_is_none_is_refused(value):
    """Negative or NaN where there is an error to compare it with."""
    errors, deviations, regime = _held_out(20, seed=0)
    deviations[3, 3, 0] = value
    with pytest.raises(PredictorError, match="a standard deviation is negative or NaN"):
        fit_spread(errors, deviations, regime=regime, targets=TARGETS)


def test_a_file_without_its_spread_is_refused():
    """The missing arrays are named."""
    with pytest.raises(CardError, match="lacks targets, level"):
        Spread.from_arrays({})
