"""Law: the stored percentiles are value -/+ half-width, cut at what is possible, and hold the value between them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eurosic.base.grid import Tile
from eurosic.base.vocabulary import TARGETS
from eurosic.projection.interval import percentiles
from eurosic.projection.tile import TileSpec, predict_tile
from tests.toy import ToyEmulator, ToyForcing, toy_rows

STOCKS = {"sic_stock_0_30cm": np.array([2.0, 5.0])}


def _percentiles(name, values, half):
    shaped = (np.asarray(part, dtype=float)[None, :, None] for part in (values, half))
    low, high = percentiles(TARGETS[name], *shaped, stocks=STOCKS).values()
    return low[0, :, 0], high[0, :, 0]


def test_no_soil_loses_more_than_it_holds():
    """-1.9 -/+ 0.5 of a stock of 2 ends at -2; of a stock of 5 at -2.4."""
    low, high = _percentiles("sic_change_0_30cm", [-1.9, -1.9], [0.5, 0.5])
    np.testing.assert_allclose(low, [-2.0, -2.4])
    np.testing.assert_allclose(high, [-1.4, -1.4])


def test_a_depth_stays_within_the_profile_and_a_flux_does_not_turn_round():
    """Decalcified 0.1 to 2 m; nothing leaches upwards."""
    low, high = _percentiles("decalcification_depth", [0.1, 1.9], [0.3, 0.3])
    np.testing.assert_allclose(low, [0.0, 1.6])
    np.testing.assert_allclose(high, [0.4, 2.0])
    np.testing.assert_allclose(_percentiles("dic_leaching", [0.01, 0.2], [0.05, 0.05])[0], [0.0, 0.15])


@given(
    values=arrays(float, 2, elements=st.floats(-2.0, 5.0)),
    half=arrays(float, 2, elements=st.floats(0.0, 9.0)),
)
def test_the_value_lies_between_its_percentiles(values, half):
    """Also at the very limit, and as float32, which is how they are stored."""
    low, high = _percentiles("sic_change_0_30cm", values, half)
    assert (low.astype(np.float32) <= values.astype(np.float32)).all()
    assert (values.astype(np.float32) <= high.astype(np.float32)).all()
    assert (low >= np.minimum(values, -STOCKS["sic_stock_0_30cm"])).all()


def test_a_tile_holds_percentiles_of_numbers_and_none_of_flags():
    """Of every reported year and pathway, beside its variable; a predictor without a spread has none."""
    rows, shares = toy_rows(6), np.array([[1.0, 0.0], [0.5, 0.5]])
    spec = TileSpec(shares, (0, 10), (40, 250))
    result = predict_tile(
        Tile(0, 0, 6),
        rows,
        forcing=ToyForcing((1.0, 0.5), 11),
        predictor=ToyEmulator(spread=0.25),
        spec=spec,
    )
    assert {name.removesuffix("_p05") for name in result.values if name.endswith("_p05")} == {*TARGETS} - {
        "regime"
    }
    ph = result.values["ph_soil_0_30cm_p95"]
    assert ph.dtype == np.float32
    assert ph.shape == (2, 2, 6)
    np.testing.assert_allclose(ph, 7.25)
    plain = predict_tile(
        Tile(0, 0, 6), rows, forcing=ToyForcing((1.0, 0.5), 11), predictor=ToyEmulator(), spec=spec
    )
    assert set(plain.values) == set(TARGETS)
