"""Law: a plan counts what a run will store and do, spread and cells outside too, and times predictors fairly."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import dask.array as da
import numpy as np
import pytest
import zarr

from eurosic.base.signature import Columns, Prediction
from eurosic.projection.outside import Fate
from eurosic.projection.plan import CellsOutside, measure_rate, plan_projection, with_reruns
from eurosic.projection.preview import preview
from eurosic.projection.table import write_table
from eurosic.projection.template import Extent, template
from eurosic.projection.tile import TileSpec
from tests.toy import GRID, TOY_MARKING, ToyPredictor, toy_derive, toy_inputs

EXTENT = Extent(("baseline", "less"), (2020, 2025), tuple(range(2020, 2026)), (40, 250), 1000, 100)
SPEC = TileSpec(np.eye(2), (0, 5), (40, 250))


def _plan(extent: Extent = EXTENT):
    return plan_projection(extent, ToyPredictor().signature, spec=SPEC, spin_up=10, rate=1000.0, workers=2)


@pytest.mark.parametrize(("spread", "members"), [(False, 0), (True, 0), (True, 4)])
def test_planned_bytes_are_those_of_the_promised_arrays(spread, members):
    """Every array of the template, percentiles and members too, but for coordinates and the area of a tile."""
    extent = replace(EXTENT, spread=spread, members=members)
    promised = template(ToyPredictor().signature, extent).drop_vars("total_area")
    assert _plan(extent).bytes_out == sum(promised[name].nbytes for name in promised.data_vars)


def test_a_spread_costs_memory_and_disk():
    """Two more numbers for each that is stored, one more for each that is predicted."""
    plain, wide = _plan(), _plan(replace(EXTENT, spread=True))
    assert wide.bytes_out > 2.5 * plain.bytes_out
    assert wide.memory_per_worker > plain.memory_per_worker


def test_cells_outside_that_are_simulated_add_their_time():
    """A tenth of 1000 cells, 2200 column-years in 44 s of one core, is 22 s more on two workers."""
    plain = _plan()
    outside = CellsOutside(Fate.SIMULATE, 1000, 500, 0.1, 0.08, column_years=2200.0, seconds=44.0)
    found = with_reruns(plain, outside)
    assert found.seconds == pytest.approx(plain.seconds + 22.0)
    assert found.column_years == plain.column_years + 2200.0
    assert outside.cells == 100
    told = outside.told()
    assert "100 of 1000 study cells (10 %, 8 % of their area)" in told
    assert "44 s of one core" in told
    assert told.endswith("estimated from 500 of them")


@pytest.mark.parametrize(
    ("fate", "words"), [(Fate.MASK, "have no value"), (Fate.KEEP, "keep the predictor's")]
)
def test_cells_outside_that_are_not_simulated_cost_nothing(fate, words):
    """What becomes of them is said; where all were looked at, nothing is an estimate."""
    outside = CellsOutside(fate, 200, 200, 1.0, 1.0)
    assert with_reruns(_plan(), outside).seconds == _plan().seconds
    assert words in outside.told()
    assert "(100 %, 100 % of their area)" in outside.told()
    assert "estimated" not in outside.told()


@dataclass(frozen=True)
class _Clocked(ToyPredictor):
    """Takes a fixed time a call and one more a column-year, and keeps count of its cells."""

    call: float = 0.0
    column_year: float = 0.0
    asked: list[int] = field(default_factory=list)

    def predict(self, columns: Columns) -> Prediction:
        """Wait, then return the closed form."""
        pathways, cells, years = columns.shape
        self.asked.append(cells)
        time.sleep(self.call + self.column_year * pathways * cells * years)
        return super().predict(columns)


def test_a_slow_predictor_is_timed_on_few_columns():
    """40 us a column-year: 32 cells take 0.2 s, which is enough, and are timed twice; what came before is not."""
    slow = _Clocked(column_year=40e-6)
    rate = measure_rate(slow, spin_up=0)
    assert slow.asked == [32, 32, 32]
    assert rate == pytest.approx(25_000, rel=0.3)


def test_a_fast_predictor_is_timed_on_a_whole_batch():
    """A millisecond a call and nothing else: with the fewest columns its rate would seem a sixteenth."""
    fast = _Clocked(call=1e-3)
    measure_rate(fast, spin_up=0, batch=512)
    assert fast.asked == [32, 32, 128, 512, 512]


def test_a_preview_has_the_cells_and_rows_of_the_table(tmp_path):
    """All study cells counted; rows drawn from them are those that the table will hold."""
    inputs = toy_inputs(tmp_path / "inputs.zarr")
    table = write_table(
        tmp_path / "cells.zarr", inputs, grid=GRID, marking=TOY_MARKING, derive=toy_derive, digest="d"
    )
    layers = {name: da.from_zarr(array) for name, array in zarr.open_group(inputs).arrays()}
    seen = preview(layers, GRID, marking=TOY_MARKING, derive=toy_derive, most=50)
    assert seen.cells == table.cells
    assert len(seen.rows["y"]) == 50
    held = table.rows_at(np.arange(table.cells))
    place = {(y, x): i for i, (y, x) in enumerate(zip(held["y"], held["x"], strict=True))}
    same = [place[y, x] for y, x in zip(seen.rows["y"], seen.rows["x"], strict=True)]
    assert len(set(same)) == 50
    for name in ("sic", "nitrate_leached", "calcareous_arable_area", "country"):
        np.testing.assert_array_equal(seen.rows[name], held[name][same])


def test_a_preview_without_rows_derives_none():
    """Where only the number is asked for, nothing is derived."""
    layers = {"arable_fraction": da.zeros(GRID.shape), "country": da.ones(GRID.shape)}

    def refuse(*_: object) -> dict:
        raise AssertionError("derived")

    assert preview(layers, GRID, marking=TOY_MARKING, derive=refuse, most=10).cells == 0
