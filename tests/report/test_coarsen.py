"""Law: a layer drawn from the cell table is the area-weighted mean of the dense one, in the same place."""

from __future__ import annotations

import tracemalloc

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.flags import Status
from eurosic.base.grid import Grid
from eurosic.base.vocabulary import AREA
from eurosic.report import coarsen
from eurosic.report.coarsen import Canvas, canvas_of
from tests.report.synthetic import GRID, cell_table, synthetic_cube

CHANGE = "sic_change_0_200cm"
SMALL = Grid("EPSG:3035", 1000.0, 4_000_000.0, 3_000_000.0, 7, 5)


def _dense(cube: xr.Dataset, pathway: str, year: int = 2100) -> np.ndarray:
    return cube[CHANGE].sel(pathway=pathway, year=year).values.astype(np.float64)


def _noisy(grid: Grid, seed: int) -> xr.Dataset:
    """A cube of drawn values and areas of which a tenth has no value and a tenth no area, some of them both."""
    rng = np.random.default_rng(seed)
    cube = synthetic_cube(grid, ("baseline", "less")).compute()
    values = rng.normal(size=cube[CHANGE].shape).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    area = rng.uniform(0, 1e6, grid.shape) * (rng.random(grid.shape) > 0.1)
    area[rng.random(grid.shape) < 0.3] = np.nan
    return cube.assign({CHANGE: (cube[CHANGE].dims, values), AREA.name: (("y", "x"), area)})


def _weighed(values: np.ndarray, area: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and areas of groups of a dense layer, group by group, as one would write it down."""
    shape = tuple(-(-size // side) for size in values.shape)
    means, areas = np.full(shape, np.nan), np.zeros(shape)
    for row, column in np.ndindex(shape):
        group = slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)
        here = np.isfinite(values[group]) & (np.nan_to_num(area[group]) > 0)
        areas[row, column] = area[group][here].sum()
        if here.any():
            means[row, column] = (values[group][here] * area[group][here]).sum() / areas[row, column]
    return means, areas


# --- by hand ---


def test_a_small_layer_is_drawn_as_it_is():
    """No group is larger than a cell: values, status and place are the cube's."""
    cube = synthetic_cube()
    drawn = canvas_of(cell_table(cube)).layer(CHANGE, "baseline", year=2100)
    np.testing.assert_allclose(drawn.values, _dense(cube, "baseline"), rtol=1e-15)
    np.testing.assert_array_equal(drawn.status, cube["status"].values)
    assert drawn.limits == GRID.bounds


def test_a_group_is_the_mean_weighted_by_area():
    """Two columns of a row: (v1 a1 + v2 a2) / (a1 + a2), by hand."""
    cube = synthetic_cube()
    values, area = _dense(cube, "baseline"), cube[AREA.name].values.astype(float)
    drawn = canvas_of(cell_table(cube), most=15).layer(CHANGE, "baseline", year=2100)
    group = (slice(20, 22), slice(10, 12))
    wanted = (values[group] * area[group]).sum() / area[group].sum()
    assert drawn.values[10, 5] == pytest.approx(wanted, rel=1e-12)
    assert drawn.area[10, 5] == pytest.approx(area[group].sum(), rel=1e-12)


def test_a_group_without_value_has_none_and_says_why():
    """NaN stays NaN, zero area, and the status of the cell in the middle stands for it."""
    drawn = canvas_of(cell_table(synthetic_cube()), most=15).layer(CHANGE, "baseline", year=2100)
    assert np.isnan(drawn.values[0, 0])
    assert drawn.area[0, 0] == 0
    assert drawn.status[0, 0] == Status.SEA


def test_a_study_cell_says_its_own_status():
    """Not that it was to be studied: failed, masked, or unfinished where the run has no word of it."""
    table = cell_table(synthetic_cube(SMALL)).load()
    told = np.arange(table.sizes["cell"]) % 3
    codes = np.array([Status.FAILED, Status.OUTSIDE_DOMAIN, -1], dtype=np.int8)[told]
    drawn = canvas_of(table.assign(cell_status=("cell", codes))).layer(CHANGE, "baseline", year=2100)
    wanted = np.array([Status.FAILED, Status.OUTSIDE_DOMAIN, Status.UNFINISHED])[told]
    np.testing.assert_array_equal(drawn.status[table["row"].values, table["column"].values], wanted)


# --- laws ---


@pytest.mark.parametrize(("side", "most"), [(1, 7), (3, 3)])
@pytest.mark.parametrize("minus", [None, "less"])
@pytest.mark.parametrize("held", [1, 4, 1 << 18])
def test_a_layer_is_the_mean_of_the_dense_cube(monkeypatch, side, most, minus, held):
    """To 1e-12, of values and of differences, with groups that the edge cuts, however much is read at a time."""
    monkeypatch.setattr(coarsen, "_CELLS_AT_A_TIME", held)
    cube = _noisy(SMALL, seed=side)
    dense = _dense(cube, "baseline") - (_dense(cube, minus) if minus else 0.0)
    canvas = canvas_of(cell_table(cube), most=most)
    drawn = canvas.layer(CHANGE, "baseline", year=2100, minus=minus, factor=123.0)
    means, areas = _weighed(dense, cube[AREA.name].values, side)
    assert np.isfinite(means).any()
    np.testing.assert_allclose(drawn.values, 123.0 * means, rtol=1e-12)
    np.testing.assert_allclose(drawn.area, areas, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(8, 40), columns=st.integers(8, 40), most=st.integers(1, 40), held=st.integers(1, 400))
def test_total_and_area_do_not_depend_on_how_coarse_it_is_drawn(rows, columns, most, held):
    """Nor on how much is read at a time; the place only grows to whole groups, and status is of the middle cell."""
    grid = Grid("EPSG:3035", 50_000.0, 2_900_000.0, 3_100_000.0, columns, rows)
    cube = synthetic_cube(grid, ("baseline",))
    whole = canvas_of(cell_table(cube)).layer(CHANGE, "baseline", year=2100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coarsen, "_CELLS_AT_A_TIME", held)
        patch.setattr(coarsen, "_STATUS_AT_A_TIME", held)
        drawn = canvas_of(cell_table(cube), most=most).layer(CHANGE, "baseline", year=2100)
    assert max(drawn.values.shape) <= most
    assert drawn.total == pytest.approx(whole.total, rel=1e-9)
    assert drawn.area.sum() == pytest.approx(whole.area.sum(), rel=1e-9)
    west, south, east, north = drawn.limits
    assert (west, north) == (whole.limits[0], whole.limits[3])
    assert south <= whole.limits[1]
    assert east >= whole.limits[2]
    side = -(-max(rows, columns) // most)
    at = [np.minimum(np.arange(0, size, side) + side // 2, size - 1) for size in (rows, columns)]
    np.testing.assert_array_equal(drawn.status, cube["status"].values[np.ix_(*at)])


# --- promises ---


def test_areas_and_places_are_read_once_for_all_maps():
    """A layer asks the table for its own values only, once for each pathway that it needs."""
    asked: list[str] = []

    def noted(block: np.ndarray, name: str) -> np.ndarray:
        asked.append(name)
        return block

    def lazy(name: str) -> da.Array:
        held = table[name].values
        # Told what comes out, Dask does not try the function on nothing.
        return da.from_array(held, chunks=-1).map_blocks(noted, name, meta=np.empty(0, held.dtype))

    table = cell_table(synthetic_cube())
    seen = {
        name: table[name].copy(data=lazy(name))
        for name in (CHANGE, AREA.name, "row", "column", "cell_status", "grid_status")
    }
    canvas = canvas_of(table.assign(seen))
    assert set(asked) == {AREA.name, "row", "column", "cell_status", "grid_status"}
    asked.clear()
    for pathway in ("f2f_loss", "zero_now"):
        canvas.layer(CHANGE, pathway, year=2100, minus="baseline")
    assert asked == [CHANGE] * 4


def test_memory_does_not_grow_with_the_table(monkeypatch):
    """A layer of the table has 12.8 MB in float64; no more than a tenth of it is held, besides the canvas."""
    monkeypatch.setattr(coarsen, "_CELLS_AT_A_TIME", 10_000)
    assert _peak(_even(1_600_000)) < 1.28e6


def _even(cells: int) -> Canvas:
    table = xr.Dataset(
        {
            CHANGE: (("pathway", "year", "cell"), da.ones((1, 1, cells), np.float32, chunks=(1, 1, 10_000))),
        },
        coords={"pathway": ["baseline"], "year": [2100]},
    )
    group = (np.arange(cells) % 400).astype(np.int32)
    return Canvas(table, group, np.ones(cells), np.zeros((20, 20), np.int8), (0.0, 0.0, 1.0, 1.0))


def _peak(canvas: Canvas) -> int:
    tracemalloc.start()
    canvas.layer(CHANGE, "baseline", year=2100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
