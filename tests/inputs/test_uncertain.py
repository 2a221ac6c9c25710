"""Law: drawn inputs keep their signs and bounds, have the spread of the recipe, and nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.inputs.uncertain import Spreads, between, drawn_rows, lognormal

SPREADS = Spreads(0.15, 0.3, 0.2, 0.2, 0.1, 200_000.0)
NONE = Spreads(0.0, 0.0, 0.0, 0.0, 0.0, 200_000.0)
CELLS = 60


def _rows(seed: int = 0) -> dict[str, np.ndarray]:
    """Rows of a cell table: soils from almost no carbonate to almost nothing else, dry to wet."""
    rng = np.random.default_rng(seed)
    density, gravel = rng.uniform(1.0, 1.6, CELLS), rng.uniform(0.0, 0.5, CELLS)
    thickness = np.diff(np.array(STANDARD_DEPTHS), axis=1)[:, 0]
    share = rng.uniform(0.0, 0.99, (CELLS, 1)) * (rng.random((CELLS, 6)) > 0.2)
    rain = rng.uniform(300.0, 1500.0, (CELLS, 2))
    return {
        "x": rng.uniform(2.6e6, 6e6, CELLS),
        "y": rng.uniform(1.4e6, 5e6, CELLS),
        "mineral_n": rng.uniform(0.0, 200.0, CELLS),
        "manure_n": rng.uniform(0.0, 150.0, CELLS),
        "deposition_nh4": rng.uniform(1.0, 15.0, CELLS),
        "deposition_no3": rng.uniform(1.0, 15.0, CELLS),
        "nitrogen_use_efficiency": rng.uniform(0.3, 0.9, CELLS),
        "air_porosity": rng.uniform(0.05, 0.3, CELLS),
        "porosity": rng.uniform(0.35, 0.6, CELLS),
        "precipitation": rain,
        "drainage": rain * rng.uniform(0.0, 0.9, (CELLS, 2)),
        "bulk_density": density,
        "gravel": gravel,
        "sic": (density * (1 - gravel))[:, None] * thickness * 1000.0 * share * 12.011 / 100.0869,
        "clay": rng.uniform(5.0, 60.0, CELLS),
        "country": rng.integers(1, 900, CELLS).astype(np.int16),
    }


# --- by hand ---


def test_a_rate_of_100_and_a_spread_of_15_per_cent_by_hand():
    """Sigma is sqrt(ln 1.0225) = 0.1492: one standard deviation up is 100 exp(0.1492 - 0.0111) = 114.8."""
    up, down = lognormal(np.array([100.0, 100.0]), np.array([1.0, -1.0]), 0.15)
    assert (up, down) == pytest.approx((114.81, 85.20), rel=1e-3)


def test_an_efficiency_of_60_per_cent_by_hand():
    """Two thirds of the way to 0.9: sigma = 0.1 / (1 - 2/3) = 0.3; odds 2 exp(0.3) = 2.70, so 0.9 x 0.7297."""
    found = between(np.array([0.6]), np.array([1.0]), 0.1, low=0.0, high=0.9)
    assert found[0] == pytest.approx(0.6567, rel=1e-3)


def test_what_stands_at_a_bound_stays():
    """No carbonate stays none, and an efficiency of 90 % is the most there is."""
    found = between(np.array([0.0, 0.9]), np.array([2.0, -2.0]), 0.5, low=0.0, high=0.9)
    assert found.tolist() == [0.0, 0.9]


# --- closed form ---


def test_a_lognormal_has_its_mean_and_its_spread():
    """Of a hundred thousand draws: Europe's fertiliser is no more on average for being uncertain."""
    field = np.random.default_rng(1).standard_normal(100_000)
    found = lognormal(np.full(100_000, 80.0), field, 0.3)
    assert found.mean() == pytest.approx(80.0, rel=0.005)
    assert found.std() / 80.0 == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize("median", [0.05, 0.3, 0.5])
def test_a_share_has_its_spread_to_first_order(median):
    """Where the bounds are far: 10 % of the median."""
    field = np.random.default_rng(2).standard_normal(100_000)
    found = between(np.full(100_000, median), field, 0.1, low=0.0, high=1.0)
    assert found.std() / median == pytest.approx(0.1, rel=0.05)
    assert np.median(found) == pytest.approx(median, rel=0.01)


# --- laws ---


@settings(max_examples=25)
@given(seed=st.integers(0, 2**40), draw=st.integers(0, 99), spread=st.floats(0.01, 1.0))
def test_signs_and_bounds_hold_whatever_the_spread(seed, draw, spread):
    """Rates positive, efficiency below 0.9, drainage below rain, air within pores, carbonate within the soil."""
    rows = _rows(draw)
    spreads = Spreads(spread, spread, spread, spread, spread, 1e5)
    found = drawn_rows(rows, spreads, seed=seed, draw=draw)
    for name in ("mineral_n", "manure_n", "deposition_nh4", "deposition_no3", "sic", "drainage"):
        assert (found[name] >= 0).all()
        np.testing.assert_array_equal(found[name] == 0, rows[name] == 0, err_msg=name)
    assert (found["nitrogen_use_efficiency"] <= 0.9).all()
    assert (found["drainage"] <= rows["precipitation"]).all()
    assert ((found["air_porosity"] >= 0.03) & (found["air_porosity"] <= rows["porosity"])).all()
    whole = (rows["bulk_density"] * (1 - rows["gravel"]))[:, None] * 1000.0 * 12.011 / 100.0869
    assert (found["sic"] <= whole * np.diff(np.array(STANDARD_DEPTHS), axis=1)[:, 0] + 1e-9).all()


def test_no_spread_is_no_change():
    """To rounding; and what is not drawn is the very array."""
    rows = _rows()
    found = drawn_rows(rows, NONE, seed=3, draw=1)
    for name, values in rows.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)
    assert found["clay"] is rows["clay"]
    assert set(found) == set(rows)


@pytest.mark.parametrize(
    ("spread", "moved"),
    [
        ("nitrogen", {"mineral_n", "manure_n", "deposition_nh4", "deposition_no3"}),
        ("carbonate", {"sic"}),
        ("drainage", {"drainage"}),
        ("air_filled_porosity", {"air_porosity"}),
        ("nue", {"nitrogen_use_efficiency"}),
    ],
)
def test_a_spread_moves_its_own_inputs_and_as_it_would_alone(spread, moved):
    """Alone or with the others: the same values, so that sources can be told apart."""
    rows = _rows()
    alone = drawn_rows(rows, replace(NONE, **{spread: getattr(SPREADS, spread)}), seed=5, draw=2)
    together = drawn_rows(rows, SPREADS, seed=5, draw=2)
    for name, values in rows.items():
        if name in moved:
            assert not np.allclose(alone[name], values)
            np.testing.assert_array_equal(alone[name], together[name])
        else:
            np.testing.assert_allclose(alone[name], values, rtol=1e-12)


def test_years_of_a_series_are_as_wet_as_each_other():
    """A draw that is wet is wet in every climate year: an error of the water balance, not of the weather."""
    rows = _rows()
    found = drawn_rows(rows, SPREADS, seed=5, draw=2)["drainage"]
    wetter = (found > rows["drainage"]) | (rows["drainage"] == 0)
    np.testing.assert_array_equal(wetter[:, 0], wetter[:, 1])


def test_a_cell_is_drawn_alike_in_any_company():
    """The rows of a sample, or of a tile, have the values that they have in the whole table."""
    rows = _rows()
    some = np.array([3, 17, 40])
    part = drawn_rows({name: values[some] for name, values in rows.items()}, SPREADS, seed=9, draw=4)
    whole = drawn_rows(rows, SPREADS, seed=9, draw=4)
    for name in rows:
        np.testing.assert_allclose(part[name], whole[name][some], rtol=1e-9, err_msg=name)
