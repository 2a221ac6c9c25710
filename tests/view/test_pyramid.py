"""Law: a tile of any level holds each of its cells once, and its means weigh them by their area."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.grid import Grid, space_key
from eurosic.view.pyramid import SIDE, GroupMean, GroupMode, Place, Pyramid

WIDE = Grid("EPSG:3035", 1000.0, 2_500_000.0, 5_500_000.0, 1100, 700)


def scattered(grid: Grid = WIDE, count: int = 3000, seed: int = 7) -> Pyramid:
    """Some cells of a grid, in the order of the table."""
    places = np.random.default_rng(seed).choice(grid.rows * grid.columns, count, replace=False)
    rows, columns = (places // grid.columns).astype(np.int32), (places % grid.columns).astype(np.int32)
    order = np.argsort(space_key(rows, columns))
    return Pyramid(grid, rows[order], columns[order])


PYRAMID = scattered()


def _places(level: int) -> list[Place]:
    size = SIDE << level
    return [
        Place(level, row, column)
        for row in range(-(-WIDE.rows // size))
        for column in range(-(-WIDE.columns // size))
    ]


def test_the_last_level_is_one_tile():
    """1100 cells are 256 x 4 and a bit more: four levels, of which the last holds all."""
    assert PYRAMID.levels == 4
    assert PYRAMID.cells(Place(3, 0, 0)) == slice(0, 3000)
    assert not PYRAMID.holds(Place(4, 0, 0))
    assert not PYRAMID.holds(Place(3, 1, 0))
    assert not PYRAMID.holds(Place(0, -1, 0))
    assert not PYRAMID.holds(Place(-1, 0, 0))


def test_a_small_grid_has_one_level():
    """A grid that fits a tile needs no means."""
    assert scattered(Grid("EPSG:3035", 10_000.0, 0.0, 3_000_000.0, 20, 30), 50).levels == 1


def test_means_by_hand():
    """Two cells of one group, 1 and 3 ha of them at 4 and 8: the mean is 7; one without a value does not count."""
    mean = GroupMean()
    mean.add(np.array([5, 5, 5, 9]), np.array([4.0, 8.0, np.nan, np.nan]), np.array([1e4, 3e4, 9e4, 1e4]))
    found = mean.result()
    assert found[0, 5] == 7.0
    assert np.isfinite(found).sum() == 1


def test_the_commonest_code_by_hand():
    """By area, not by number of cells; a cell without a code (-1) does not count."""
    mode = GroupMode(3)
    mode.add(np.array([0, 0, 0, 300]), np.array([1.0, 1.0, 2.0, -1.0]), np.array([1.0, 1.0, 5.0, 9.0]))
    found = mode.result()
    assert found[0, 0] == 2.0
    assert np.isnan(found[1, 44])


@pytest.mark.parametrize("level", range(4))
def test_tiles_share_the_table_among_them(level):
    """Each cell lies in one tile, and inside its square."""
    seen = np.zeros(3000, dtype=int)
    for place in _places(level):
        assert PYRAMID.holds(place)
        cells = PYRAMID.cells(place)
        seen[cells] += 1
        groups = PYRAMID.groups(place, cells)
        assert groups.size == 0 or (groups.min() >= 0 and groups.max() < SIDE * SIDE)
        size = SIDE << level
        np.testing.assert_array_equal(PYRAMID.rows[cells] // size, place.row)
        np.testing.assert_array_equal(PYRAMID.columns[cells] // size, place.column)
    assert (seen == 1).all()


def test_the_finest_tile_is_the_grid_itself():
    """At level 0 each group is a cell, and holds its value."""
    values = np.arange(3000.0)
    place = Place(0, 1, 2)
    cells = PYRAMID.cells(place)
    mean = GroupMean()
    mean.add(PYRAMID.groups(place, cells), values[cells], np.ones(cells.stop - cells.start))
    found = mean.result()
    np.testing.assert_array_equal(
        found[PYRAMID.rows[cells] - SIDE, PYRAMID.columns[cells] - 2 * SIDE], values[cells]
    )
    assert np.isfinite(found).sum() == cells.stop - cells.start


@given(st.integers(0, 3), st.integers(1, 6))
def test_sums_are_those_of_the_cells_at_every_level(level, parts):
    """Mean times area of all groups is value times area of all cells, however the table is cut."""
    random = np.random.default_rng(level)
    values, area = random.normal(size=3000), random.uniform(0, 1e6, 3000)
    whole = 0.0
    for place in _places(level):
        cells = PYRAMID.cells(place)
        mean, areas = GroupMean(), np.zeros(SIDE * SIDE)
        for at in np.array_split(np.arange(cells.start, cells.stop), parts):
            if at.size:
                part = slice(int(at[0]), int(at[-1]) + 1)
                groups = PYRAMID.groups(place, part)
                mean.add(groups, values[part], area[part])
                areas += np.bincount(groups, area[part], minlength=SIDE * SIDE)
        whole += np.nansum(mean.result().ravel().astype(float) * areas)
    assert whole == pytest.approx((values * area).sum(), rel=1e-4, abs=1e4)


@given(st.integers(-5, 705), st.integers(-5, 1105))
def test_a_cell_is_found_where_it_is(row, column):
    """And nowhere else: not in other cells, not beyond the grid."""
    found = PYRAMID.find(row, column)
    here = np.flatnonzero((PYRAMID.rows == row) & (PYRAMID.columns == column))
    assert found == (int(here[0]) if here.size else None)


def test_every_cell_is_found():
    """At its own place in the table."""
    for at in range(0, 3000, 97):
        assert PYRAMID.find(int(PYRAMID.rows[at]), int(PYRAMID.columns[at])) == at
