"""Law: a cell outside the domain gets what the recipe says, whoever else is asked with it, and all sums know it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError, TileError
from eurosic.base.flags import Status
from eurosic.base.grid import Tile
from eurosic.projection.outside import Fate, OutsideRule
from eurosic.projection.tile import TOTALLED, TileResult, TileSpec, predict_tile
from tests.toy import ToyEmulator, ToyForcing, ToyPredictor, toy_rows

YEARS, REPORTED = 11, (0, 5, 10)
LIMIT = 1.3
EMULATOR = ToyEmulator(bias=0.1, limit=LIMIT, spread=0.02)
RULES = {
    Fate.MASK: OutsideRule(),
    Fate.KEEP: OutsideRule(Fate.KEEP),
    Fate.SIMULATE: OutsideRule(Fate.SIMULATE, ToyPredictor()),
}
CODES = {
    Fate.MASK: Status.OUTSIDE_DOMAIN,
    Fate.KEEP: Status.PREDICTED_OUTSIDE_DOMAIN,
    Fate.SIMULATE: Status.SIMULATED_OUTSIDE_DOMAIN,
}
CHANGE = "sic_change_0_200cm"


def _predict(rows, fate, *, predictor=EMULATOR, batch=7, rule=None) -> TileResult:
    shares = np.array([[1.0, 0.0], [0.75, 0.25]])
    spec = TileSpec(shares, REPORTED, (40, 250), batch=batch, outside=rule or RULES[fate])
    tile = Tile(3, 100, 100 + len(rows["country"]))
    return predict_tile(tile, rows, forcing=ToyForcing((1.0, 0.5), YEARS), predictor=predictor, spec=spec)


def _mixed(cells: int = 40) -> tuple[dict, np.ndarray]:
    rows = toy_rows(cells, seed=3)
    outside = rows["bulk_density"] > LIMIT
    assert 5 < outside.sum() < cells - 5
    return rows, outside


def test_a_masked_cell_has_no_value_and_is_in_no_total():
    """NaN and -1, its own status, and neither its change nor its area is summed."""
    rows, outside = _mixed()
    result = _predict(rows, Fate.MASK)
    assert (result.status == np.where(outside, Status.OUTSIDE_DOMAIN, Status.PREDICTED)).all()
    assert np.isnan(result.values[CHANGE][..., outside]).all()
    assert np.isfinite(result.values[CHANGE][..., ~outside]).all()
    assert (result.values["regime"][..., outside] == -1).all()
    area = rows["calcareous_arable_area"]
    assert result.area.sum() == pytest.approx(area[~outside].sum())
    by_hand = (result.values[CHANGE][0, -1, ~outside] * area[~outside]).sum()
    assert result.totals[TOTALLED.index(CHANGE), 0, -1].sum() == pytest.approx(by_hand, rel=1e-6)


def test_a_kept_cell_has_the_emulators_value_under_its_own_status():
    """Ten per cent too much, as everywhere, and in the totals."""
    rows, outside = _mixed()
    result = _predict(rows, Fate.KEEP)
    truth = _predict(rows, Fate.MASK, predictor=ToyPredictor())
    np.testing.assert_allclose(result.values[CHANGE], 1.1 * truth.values[CHANGE], rtol=1e-6)
    assert (result.status[outside] == Status.PREDICTED_OUTSIDE_DOMAIN).all()
    assert result.area.sum() == pytest.approx(rows["calcareous_arable_area"].sum())
    np.testing.assert_allclose(result.totals[0], 1.1 * truth.totals[0], rtol=1e-12)


def test_a_simulated_cell_has_the_simulators_value_and_no_spread():
    """Inside ten per cent too much with a spread; outside the truth, bit for bit, without one."""
    rows, outside = _mixed()
    result = _predict(rows, Fate.SIMULATE)
    truth = _predict(rows, Fate.MASK, predictor=ToyPredictor())
    np.testing.assert_array_equal(result.values[CHANGE][..., outside], truth.values[CHANGE][..., outside])
    np.testing.assert_allclose(
        result.values[CHANGE][..., ~outside], 1.1 * truth.values[CHANGE][..., ~outside], rtol=1e-6
    )
    assert (result.status[outside] == Status.SIMULATED_OUTSIDE_DOMAIN).all()
    assert np.isnan(result.values[f"{CHANGE}_p05"][..., outside]).all()
    assert np.isfinite(result.values[f"{CHANGE}_p05"][..., ~outside]).all()


def test_a_cell_that_the_fallback_cannot_answer_has_failed():
    """Outside and without an equilibrium: no value, status failed."""
    rows, outside = _mixed()
    rule = OutsideRule(Fate.SIMULATE, ToyPredictor(fails_above=LIMIT))
    result = _predict(rows, Fate.SIMULATE, rule=rule)
    assert (result.status[outside] == Status.FAILED).all()
    assert np.isnan(result.values[CHANGE][..., outside]).all()


def test_stocks_are_those_of_the_soil_whatever_is_done_outside():
    """What lies in the ground at the start needs no predictor."""
    rows, _ = _mixed()
    stocks = [_predict(rows, fate).stocks["sic_stock_0_100cm"] for fate in Fate]
    np.testing.assert_array_equal(stocks[0], rows["sic"][:, :5].sum(axis=1).astype(np.float32))
    np.testing.assert_array_equal(stocks[0], stocks[1])
    np.testing.assert_array_equal(stocks[0], stocks[2])


@settings(max_examples=30)
@given(
    fate=st.sampled_from(list(Fate)),
    cells=st.integers(1, 30),
    batch=st.integers(1, 31),
    seed=st.integers(0, 999),
)
def test_a_cell_does_not_depend_on_the_cells_asked_with_it(fate, cells, batch, seed):
    """Any batch gives equal values, percentiles and status, bit for bit; a cell alone gives the same."""
    rows = toy_rows(cells, seed)
    whole, parts = _predict(rows, fate, batch=1000), _predict(rows, fate, batch=batch)
    last = {name: values[-1:] for name, values in rows.items()}
    alone = _predict(last, fate)
    np.testing.assert_array_equal(whole.status, parts.status)
    assert alone.status[0] == whole.status[-1] == (CODES[fate] if last["bulk_density"] > LIMIT else 0)
    for name, values in whole.values.items():
        np.testing.assert_array_equal(values, parts.values[name])
        np.testing.assert_array_equal(values[..., -1:], alone.values[name])


@settings(max_examples=20)
@given(seed=st.integers(0, 999))
def test_a_domain_that_holds_every_cell_changes_nothing(seed):
    """The three rules agree bit for bit where nobody is outside."""
    rows = toy_rows(9, seed)
    everywhere = replace(EMULATOR, limit=np.inf)
    found = [_predict(rows, fate, predictor=everywhere) for fate in Fate]
    for name, values in found[0].values.items():
        np.testing.assert_array_equal(values, found[1].values[name])
        np.testing.assert_array_equal(values, found[2].values[name])


def test_a_value_that_is_missing_is_told_and_not_taken_for_one_outside():
    """NaN compares as outside any domain; it must stop the tile all the same."""
    rows, outside = _mixed()
    rows["nitrate_leached"][int(np.flatnonzero(outside)[0])] = np.nan
    with pytest.raises(PredictorError, match=r"tile 3, cells from 1.*nitrate_leached = nan"):
        _predict(rows, Fate.MASK)


def test_an_impossible_value_outside_costs_the_cell_and_not_the_run():
    """Kept cells with nonsense fail; the same nonsense inside stops the tile."""
    rows, outside = _mixed()
    rows["sic"][:] = 400.0
    wild = ToyEmulator(ToyPredictor(rate=2000.0), limit=LIMIT)
    rows["nitrate_leached"] = np.where(outside, 0.4, 0.0001)
    result = _predict(rows, Fate.KEEP, predictor=wild)
    assert (result.status == np.where(outside, Status.FAILED, Status.PREDICTED)).all()
    assert result.area.sum() == pytest.approx(rows["calcareous_arable_area"][~outside].sum())
    with pytest.raises(TileError, match="impossible sic_change"):
        _predict(rows, Fate.KEEP, predictor=replace(wild, limit=np.inf))


def test_a_rule_without_its_fallback_is_refused():
    """And a fallback without its rule."""
    with pytest.raises(PredictorError, match="wanted one for `simulate` only"):
        OutsideRule(Fate.SIMULATE)
    with pytest.raises(PredictorError, match="wanted one for `simulate` only"):
        OutsideRule(Fate.KEEP, ToyPredictor())
