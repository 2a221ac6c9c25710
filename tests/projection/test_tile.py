"""Law: a tile is the predictor's own answer, averaged by area, and does not depend on how it is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError, TileError
from eurosic.base.flags import Status
from eurosic.base.grid import Tile
from eurosic.projection.tile import TOTALLED, TileResult, TileSpec, predict_tile
from tests.toy import RATE, ToyForcing, ToyPredictor, toy_rows

YEARS = 11


def _spec(shares: list[list[float]], batch: int = 7) -> TileSpec:
    return TileSpec(np.array(shares), reported=(0, 5, 10), countries=(40, 250), batch=batch)


def _predict(
    rows: dict, spec: TileSpec, *, predictor: ToyPredictor | None = None, factors=(1.0, 0.0)
) -> TileResult:
    tile = Tile(3, 100, 100 + len(rows["country"]))
    return predict_tile(
        tile, rows, forcing=ToyForcing(factors, YEARS), predictor=predictor or ToyPredictor(), spec=spec
    )


def test_change_is_the_rate_times_the_nitrate_leached():
    """One cell with plenty of carbonate loses rate x leached a year, and nothing at zero N."""
    rows = toy_rows(1) | {"sic": np.full((1, 6), 5.0), "nitrate_leached": np.array([0.2])}
    result = _predict(rows, _spec([[1, 0], [0, 1]]))
    change = result.values["sic_change_0_200cm"]
    np.testing.assert_allclose(change[0, :, 0], -RATE * 0.2 * np.array([1, 6, 11]), rtol=1e-6)
    assert np.all(change[1] == 0)
    assert result.stocks["sic_stock_0_30cm"][0] == pytest.approx(15.0)
    assert result.stocks["sic_stock_0_200cm"][0] == pytest.approx(30.0)


def test_a_share_of_area_is_the_mean_of_its_variants_and_flags_are_of_the_larger():
    """A quarter of the area at zero N loses three quarters; the regime is that of the larger share."""
    rows = toy_rows(2) | {"sic": np.array([[5.0] * 6, [0.01] * 6]), "nitrate_leached": np.array([0.2, 0.5])}
    result = _predict(rows, _spec([[1, 0], [0.75, 0.25]]))
    whole, shared = result.values["sic_change_0_30cm"][:, :, 0]
    np.testing.assert_allclose(shared, 0.75 * whole, rtol=1e-6)
    assert result.values["regime"].dtype == np.int8
    assert (result.values["regime"][1] == result.values["regime"][0]).all()


def test_totals_are_sums_of_change_times_area_by_country():
    """Each country's total is the sum of its cells' change times their area, for every year."""
    rows = toy_rows(20)
    spec = TileSpec(np.eye(2), reported=tuple(range(YEARS)), countries=(40, 250), batch=6)
    result = _predict(rows, spec)
    change = result.values["sic_change_0_200cm"][0]
    for k, country in enumerate(spec.countries):
        inside = rows["country"] == country
        by_hand = (change[:, inside] * rows["calcareous_arable_area"][inside]).sum(axis=1)
        np.testing.assert_allclose(
            result.totals[TOTALLED.index("sic_change_0_200cm"), 0, :, k], by_hand, rtol=1e-5
        )
        assert result.area[k] == pytest.approx(rows["calcareous_arable_area"][inside].sum())


def test_a_cell_that_fails_has_no_value_says_so_and_is_left_out_of_totals():
    """Cells that did not converge are NaN, flagged, and take their area with them."""
    rows = toy_rows(12)
    limit = float(np.median(rows["bulk_density"]))
    result = _predict(rows, _spec([[1, 0]]), predictor=ToyPredictor(fails_above=limit))
    failed = rows["bulk_density"] > limit
    assert (result.status[failed] == Status.FAILED).all()
    assert (result.status[~failed] == Status.PREDICTED).all()
    assert np.isnan(result.values["sic_change_0_30cm"][..., failed]).all()
    assert (result.values["regime"][..., failed] == -1).all()
    assert result.area.sum() == pytest.approx(rows["calcareous_arable_area"][~failed].sum())


@settings(max_examples=40, deadline=None)
@given(cells=st.integers(1, 40), batch=st.integers(1, 50), seed=st.integers(0, 10_000))
def test_batches_change_no_value(cells, batch, seed):
    """Any batch gives bit-equal values, and totals equal to rounding."""
    rows = toy_rows(cells, seed)
    one, many = (
        _predict(rows, _spec([[1, 0], [0.6, 0.4]], 1000)),
        _predict(rows, _spec([[1, 0], [0.6, 0.4]], batch)),
    )
    for name, values in one.values.items():
        np.testing.assert_array_equal(values, many.values[name])
    np.testing.assert_allclose(one.totals, many.totals, rtol=1e-12, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.0, 1.0))
def test_less_nitrogen_never_loses_more(seed, factor):
    """With a predictor that is monotone in N, so is the projection."""
    change = _predict(toy_rows(8, seed), _spec([[1, 0], [0, 1]]), factors=(1.0, factor)).values[
        "sic_change_0_200cm"
    ]
    assert (change[1] >= change[0]).all()


def test_columns_that_the_signature_refuses_name_the_driver_and_the_cell():
    """A NaN driver stops the tile before the predictor sees it."""
    rows = toy_rows(5)
    rows["nitrate_leached"][3] = np.nan
    with pytest.raises(PredictorError, match=r"tile 3.*nitrate_leached = nan mol m-2 yr-1 at cell 3"):
        _predict(rows, _spec([[1, 0]]))


def test_an_impossible_value_names_tile_variable_and_place():
    """A predictor that converged on nonsense is caught before anything is written."""
    rows = toy_rows(5) | {"sic": np.full((5, 6), 400.0), "nitrate_leached": np.full(5, 9.0)}
    spec = replace(_spec([[1, 0]]), pathways=("baseline",), start_year=2020)
    with pytest.raises(
        TileError,
        match=r"tile 3: 5 of 5 cells hold an impossible sic_change.*pathway baseline, 2022, y \d+, x \d+",
    ):
        _predict(rows, spec, predictor=ToyPredictor(rate=20.0))
