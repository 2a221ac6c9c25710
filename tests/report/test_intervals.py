"""Law: members and draws are summed before any percentile, and differences are taken before any percentile."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from eurosic.base.summed import SUMMED
from eurosic.report.calibrated import Calibration
from eurosic.report.interval_columns import Intervals, intervals_of
from eurosic.report.intervals import (
    ALL,
    EMULATOR,
    INPUTS,
    NOT_REPORTED,
    UNKNOWN,
    WORDS,
    Deviations,
    bounds_of,
    mixed_quantile,
)
from eurosic.report.summary import summary_text
from eurosic.report.totals import QUANTITIES, totals_csv, totals_table
from tests.report.synthetic import FRANCE, SPAIN, synthetic_totals

CHANGE = SUMMED.index("sic_change_0_200cm")
Z = float(stats.norm.ppf(0.95))


def _calibration(*, factor: float = 1.0, mean: float = 0.0, pathways: int = 2, years: int = 1) -> Calibration:
    return Calibration(
        np.full((2, len(SUMMED), pathways), factor), np.full((2, len(SUMMED), pathways, years), mean), 500, 16
    )


def _sums(*by_pathway: list[float]) -> np.ndarray:
    """Sums of one place and year: a list over members or draws for each pathway, the same for every quantity."""
    values = np.array(by_pathway).T
    return np.repeat(values[:, None, :, None, None], len(SUMMED), axis=1)


def _bounds(found: Deviations, source: str = ALL) -> tuple[np.ndarray, np.ndarray]:
    """Low and high of the second pathway's sum, and of its difference from the first's."""
    values, differences = bounds_of(found, baseline=0)[source]
    return values[:, CHANGE, 1, 0, 0], differences[:, CHANGE, 1, 0, 0]


# --- by hand ---


def test_three_members_by_hand():
    """Deviations -1, 0, 1 of the sum: standard deviation 1; twice that by the factor."""
    members = _sums([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0])
    values, differences = _bounds(Deviations(np.zeros(1), _calibration(factor=2.0), members))
    assert values.tolist() == [-2.0, 2.0]
    # Members that err alike in both pathways know their difference exactly.
    assert differences.tolist() == [0.0, 0.0]


def test_the_mean_error_grows_with_the_area_and_adds_as_a_root_of_squares():
    """3 of the members, 4 of the mean error on 2 m2: 5."""
    members = _sums([-3.0, 0.0, 3.0], [-3.0, 0.0, 3.0])
    found = Deviations(np.array([2.0]), _calibration(mean=2.0), members)
    assert _bounds(found)[0].tolist() == [-5.0, 5.0]
    assert _bounds(found)[1].tolist() == [-4.0, 4.0]


def test_draws_of_a_difference_are_differences_of_draws():
    """Both pathways move with the world from -10 to 10, their difference from -1 to 1."""
    world = np.linspace(-10.0, 10.0, 41)
    draws = _sums(world.tolist(), (1.1 * world).tolist())
    values, differences = _bounds(Deviations(np.zeros(1), None, None, draws))
    assert values == pytest.approx([-10.0, 10.0], rel=0.05)
    assert differences == pytest.approx(values / 11.0)


def test_percentiles_of_draws_are_median_unbiased():
    """Of 1 to 41: place (n + 1/3) p + 1/3 = 2.4, so 2.4."""
    draws = _sums([0.0] * 41, list(range(1, 42)))
    values, _ = _bounds(Deviations(np.zeros(1), None, None, draws))
    assert values == pytest.approx([2.4, 39.6], rel=1e-6)


# --- closed form ---


def test_two_normal_sources_together_are_a_root_of_squares():
    """Draws of standard deviation 3 and an emulator's of 4 are one of 5; each is told alone too."""
    draws = 3.0 * stats.norm.ppf((np.arange(401) + 0.5) / 401)
    members = _sums([0.0, 0.0], [-4.0 * Z / np.sqrt(2), 4.0 * Z / np.sqrt(2)])
    found = Deviations(np.zeros(1), _calibration(), members, _sums([0.0] * 401, draws.tolist()))
    assert _bounds(found, INPUTS)[0] == pytest.approx([-3 * Z, 3 * Z], rel=0.01)
    assert _bounds(found, EMULATOR)[0] == pytest.approx([-4 * Z, 4 * Z], rel=1e-6)
    assert _bounds(found)[0] == pytest.approx([-5 * Z, 5 * Z], rel=0.02)


def test_sums_come_before_percentiles():
    """Two cells whose members err against each other: no error of the sum. The sum of percentiles would have one."""
    cells = np.array([[-1.0, 1.0], [1.0, -1.0]])  # member, cell
    sums = cells.sum(axis=1).tolist()
    found = Deviations(np.zeros(1), _calibration(), _sums(sums, sums))
    assert _bounds(found)[0].tolist() == [0.0, 0.0]
    assert cells.std(axis=0, ddof=1).sum() > 2


# --- laws ---


def _mixed_by_brent(draws: np.ndarray, sigma: float, share: float) -> float:
    """The root itself, by another way."""
    reach = 10.0 * (np.abs(draws).max() + sigma)
    return optimize.brentq(
        lambda q: stats.norm.cdf((q - draws) / sigma).mean() - share, -reach, reach, xtol=1e-13, rtol=1e-12
    )


@settings(max_examples=40)
@given(seed=st.integers(0, 999), ratio=st.floats(-3.0, 2.0), share=st.sampled_from([0.05, 0.3, 0.95]))
def test_draws_and_an_error_together_are_the_mixture(seed, ratio, share):
    """Of 32 draws, off-centre, from an error of a thousandth of their own to one that is a hundred times theirs."""
    draws = np.random.default_rng(seed).normal(0.3, size=32)
    sigma = 10.0**ratio
    found = mixed_quantile(draws[:, None], np.array([sigma]), share)
    wanted = _mixed_by_brent(draws, sigma, share)
    assert found[0] == pytest.approx(wanted, rel=1e-6, abs=1e-9 * (1 + sigma))


@pytest.mark.parametrize("ratio", [0.05, 0.2, 0.3])
def test_both_ends_of_few_draws_and_a_larger_error_are_exact(ratio):
    """Where the draws are few and small beside the error, as for a small difference of pathways."""
    draws = ratio * np.random.default_rng(6).normal(size=32)
    members = _sums([0.0, 0.0], [-Z / np.sqrt(2), Z / np.sqrt(2)])
    found = Deviations(np.zeros(1), _calibration(), members, _sums([0.0] * 32, draws.tolist()))
    half = _bounds(found, EMULATOR)[0][1]
    wanted = [_mixed_by_brent(draws, half / Z, share) for share in (0.05, 0.95)]
    assert _bounds(found)[0] == pytest.approx(wanted, rel=1e-6)


def test_between_two_draws_far_apart_an_end_is_in_their_middle():
    """Of twenty, the first is just the share below: tails of a thirtieth of the gap meet half way."""
    draws = np.arange(20.0)[:, None]
    assert mixed_quantile(draws, np.array([1 / 30]), 0.05) == pytest.approx([0.5], rel=1e-6)
    assert mixed_quantile(draws, np.array([1 / 30]), 0.95) == pytest.approx([18.5], rel=1e-6)


@pytest.mark.parametrize("share", [0.05, 0.95])
def test_draws_that_are_all_alike_have_the_quantile_of_the_error(share):
    """Where pathways have the same inputs, no draw differs from another."""
    draws, scale = np.array([0.0, -3.0, 2e9]), np.array([1.0, 1e-3, 5.0])
    found = mixed_quantile(np.broadcast_to(draws, (8, 3)), scale, share)
    np.testing.assert_allclose(found, draws + stats.norm.ppf(share) * scale, rtol=1e-12)


def test_an_error_that_is_none_leaves_the_draws_own_percentiles():
    """Where all members agree and the mean error is zero."""
    rng = np.random.default_rng(2)
    size = (len(SUMMED), 2, 1, 3)
    found = Deviations(np.ones(3), _calibration(), np.zeros((4, *size)), rng.normal(size=(32, *size)))
    told = bounds_of(found, baseline=0)
    np.testing.assert_array_equal(told[ALL][0], told[INPUTS][0])


@settings(max_examples=10)
@given(seed=st.integers(0, 999), scale=st.floats(1e-3, 1e3))
def test_together_moves_with_its_draws_and_grows_with_its_sources(seed, scale):
    """Draws shifted by one shift both ends by one; draws mirrored mirror them; all larger makes them larger."""
    rng = np.random.default_rng(seed)
    size = (len(SUMMED), 2, 1, 3)
    found = Deviations(
        rng.uniform(0, 5, 3),
        _calibration(mean=0.1),
        rng.normal(size=(4, *size)),
        rng.normal(size=(32, *size)),
    )
    larger = Deviations(scale * found.area, found.calibration, scale * found.members, scale * found.draws)
    one, other = bounds_of(found, baseline=0), bounds_of(larger, baseline=0)
    mirrored = bounds_of(replace(found, draws=-found.draws), baseline=0)
    for kind in (0, 1):
        np.testing.assert_allclose(other[ALL][kind], scale * one[ALL][kind], rtol=1e-7, atol=1e-9 * scale)
        np.testing.assert_allclose(mirrored[ALL][kind], -one[ALL][kind][::-1], rtol=1e-7, atol=1e-9)
    shifted = bounds_of(replace(found, draws=found.draws + 1.0), baseline=0)
    np.testing.assert_allclose(shifted[ALL][0], one[ALL][0] + 1.0, rtol=1e-7, atol=1e-9)
    # What all pathways share falls out of their differences; those of the baseline from itself have no interval.
    np.testing.assert_allclose(shifted[ALL][1], one[ALL][1], rtol=1e-7, atol=1e-9)


def test_the_baseline_minus_itself_has_no_interval():
    """Its ends are zero, from whichever source."""
    rng = np.random.default_rng(1)
    size = (len(SUMMED), 2, 1, 1)
    calibration = _calibration(mean=0.1)
    calibration.mean_errors[1, :, 0] = 0.0
    found = Deviations(np.ones(1), calibration, rng.normal(size=(4, *size)), rng.normal(size=(32, *size)))
    assert (bounds_of(found, baseline=0)[ALL][1][:, :, 0] == 0).all()


# --- words and columns ---


@pytest.mark.parametrize(
    ("emulator", "inputs", "words"),
    [
        (False, False, "none: simulator"),
        (True, False, "emulator error only"),
        (False, True, "input uncertainty only: simulator"),
        (True, True, "input uncertainty and emulator error"),
    ],
)
def test_every_interval_says_what_it_holds(emulator, inputs, words):
    """By the sources that are known."""
    found = Deviations(
        np.zeros(1),
        _calibration() if emulator else None,
        None,
        _sums([0.0] * 20, [0.0] * 20) if inputs else None,
    )
    told = intervals_of(found, baseline=0, places=(150,), years=(2020,), emulated=emulator)
    assert told.words == words == WORDS[found.sources]
    assert any(words in line for line in told.about())
    assert set(told.bounds) == (
        {ALL, EMULATOR, INPUTS} if emulator and inputs else {ALL} if words[:4] != "none" else set()
    )


def test_an_emulator_of_which_nothing_is_known_is_no_simulator():
    """It says that its error is not known."""
    told = intervals_of(Deviations(np.zeros(1)), baseline=0, places=(1,), years=(2020,), emulated=True)
    assert told.words == UNKNOWN
    drawn = Deviations(np.zeros(1), draws=_sums([0.0] * 20, [0.0] * 20))
    told = intervals_of(drawn, baseline=0, places=(1,), years=(2020,), emulated=True)
    assert told.words == "input uncertainty only: the emulator's error is not known"
    assert set(told.bounds) == {ALL}


@pytest.fixture(scope="module")
def intervals() -> Intervals:
    """Of Spain, France and Europe in 2020, 2050 and 2100: draws of +-1e9 kg and an emulator's error of 0.5e9."""
    pathways, years = 5, 3
    shape = (len(SUMMED), pathways, years, 3)
    world = np.linspace(-1.1e9, 1.1e9, 33)[:, None, None, None, None]
    growing = 1.0 + 0.1 * np.arange(pathways)[None, None, :, None, None]
    draws = world * growing * np.ones((33, *shape))
    members = np.stack([-np.ones(shape), np.ones(shape)]) * 0.5e9 / np.sqrt(2)
    calibration = _calibration(pathways=pathways, years=years)
    found = Deviations(np.zeros(3), calibration, members, draws)
    return intervals_of(
        found, baseline=0, places=(SPAIN, FRANCE, 150), years=(2020, 2050, 2100), emulated=True
    )


@pytest.fixture(scope="module")
def table(intervals) -> pd.DataFrame:
    """Totals by formula with those intervals."""
    return totals_table(synthetic_totals(), intervals=intervals)


def test_every_quantity_and_every_difference_has_its_columns(table):
    """Both ends, of everything and of each source, in reported years; empty between them."""
    for quantity in QUANTITIES:
        for column in (quantity.column, f"{quantity.column}_minus_baseline"):
            for source in ("", "_emulator", "_inputs"):
                low, high = table[f"{column}{source}_p05"], table[f"{column}{source}_p95"]
                reported = table["year"].isin([2020, 2050, 2100])
                assert (low[reported] <= table[column][reported] + 1e-12).all()
                assert (high[reported] >= table[column][reported] - 1e-12).all()
                assert low[~reported].isna().all()
                assert high[~reported].isna().all()
    assert set(table["interval"]) == {"input uncertainty and emulator error", NOT_REPORTED}
    assert table.columns[-1] == "interval"


def test_the_columns_are_in_the_units_of_their_quantities(table):
    """0.5e9 kg either way are 0.5 Tg; on 3 Mha and 81 years 2.06 kg a hectare and year; 1.83 Tg of CO2."""
    row = table[
        (table["country_code"] == 150) & (table["year"] == 2100) & (table["pathway"] == "baseline")
    ].iloc[0]
    for column, half in (
        ("sic_change_0_200cm_TgC", 0.5),
        ("sic_change_rate_0_200cm_kgC_ha_yr", 0.5e9 / 3e6 / 81),
        ("co2_to_air_from_carbonate_TgCO2_yr", 0.5 * 44.009 / 12.011),
        ("co2_to_air_from_carbonate_TgCO2", 0.5 * 44.009 / 12.011),
    ):
        assert row[f"{column}_emulator_p95"] - row[column] == pytest.approx(half, rel=1e-5)
        assert row[column] - row[f"{column}_emulator_p05"] == pytest.approx(half, rel=1e-5)


def test_the_text_leaves_empty_what_is_not_known_and_says_what_is(table, intervals):
    """No `nan` in a table for people; the comment says what the columns are."""
    text = totals_csv(table, intervals=intervals.about())
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert "nan" not in text.lower().replace("finance", "")
    assert rows[2].endswith(NOT_REPORTED)
    assert ",,,," in rows[2]
    assert "# Interval: input uncertainty and emulator error; 5th and 95th percentile" in text
    assert "Members and draws are summed over cells" in text


def test_the_summary_shows_the_ends_and_what_they_hold(table):
    """In brackets behind each total and each difference."""
    told = summary_text(table)
    assert "[Intervals of 90 %: input uncertainty and emulator error; nothing else.]" in told
    # 110 kg/ha/yr on 3 Mha in 81 years are 26.73 Tg; draws and error together reach some 1.1 either way.
    assert re.match(r"  baseline +-26.7 Tg C \[-27.[789], -25.[567]\]  ", told.splitlines()[1])
    plain = summary_text(totals_table(synthetic_totals()))
    assert "[" not in plain
    assert "nterval" not in plain
