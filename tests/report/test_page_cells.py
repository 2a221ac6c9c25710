"""Law: sums over the cells of a page are those of the run, however it is tiled and however coarse the page is."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.grid import Grid
from eurosic.report.page_cells import group_cells, group_codes, group_means

GRID = Grid("EPSG:3035", 10_000.0, 3_000_000.0, 3_000_000.0, 12, 9)


def _table(seed: int, cells: int = 40):
    """Places, areas (one cell in five without a value) and values of a small run."""
    random = np.random.default_rng(seed)
    places = random.choice(GRID.rows * GRID.columns, cells, replace=False)
    area = random.uniform(1.0, 9.0, cells) * (random.random(cells) > 0.2)
    area[0] = 1.0
    return places // GRID.columns, places % GRID.columns, area, random.normal(size=(2, 3, cells))


def _split(values: np.ndarray, size: int):
    for start in range(0, values.shape[-1], size):
        yield slice(start, start + size), values[..., start : start + size]


# --- by hand ---


def test_four_cells_in_one_group_by_hand():
    """A group of 2 x 2: 1 and 5 with areas 3 and 1 give 2; a cell without a value counts for nothing."""
    rows, columns = np.array([0, 0, 1, 4]), np.array([0, 1, 1, 5])
    groups = group_cells(GRID, rows, columns, area=np.array([3.0, 1.0, 0.0, 2.0]), most=2)
    # Three cells do not fit into two groups as they are; two by two they do.
    assert (groups.side, len(groups), groups.cells) == (2, 2, 3)
    means = group_means(groups, [(slice(0, 4), np.array([1.0, 5.0, np.nan, 7.0]))])
    np.testing.assert_allclose(means, [2.0, 7.0])
    assert groups.group_area.tolist() == [4.0, 2.0]
    assert groups.grid.resolution == 20_000.0
    assert (groups.row.tolist(), groups.column.tolist()) == ([0, 2], [0, 2])


def test_the_code_of_the_largest_area_stands_for_a_group():
    """Two small cells of one class outweigh neither a large one nor, by area, the other way about."""
    rows, columns = np.array([0, 0, 1]), np.array([0, 1, 0])
    groups = group_cells(GRID, rows, columns, area=np.array([1.0, 1.5, 2.0]), most=1)
    codes = np.array([[[0, 0, 2]], [[1, 2, 1]]], np.int8)
    assert group_codes(groups, _split(codes, 2), codes=3).ravel().tolist() == [0, 1]


# --- laws ---


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_a_page_that_holds_all_cells_changes_no_value(seed):
    """Where all fit, a group is a cell, in order of row and column."""
    rows, columns, area, values = _table(seed)
    groups = group_cells(GRID, rows, columns, area=area, most=1000)
    assert groups.side == 1
    known = np.flatnonzero(area > 0)
    order = known[np.lexsort((columns[known], rows[known]))]
    np.testing.assert_allclose(group_means(groups, _split(values, 40)), values[..., order], rtol=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 40))
def test_sums_over_groups_are_sums_over_cells(seed, most, tile):
    """Mean times area, summed over the page, is the run's own sum, in any tiles; no more groups than asked."""
    rows, columns, area, values = _table(seed)
    groups = group_cells(GRID, rows, columns, area=area, most=most)
    assert len(groups) <= most
    sums = (group_means(groups, _split(values, tile)) * groups.group_area).sum(axis=-1)
    np.testing.assert_allclose(sums, (values * area).sum(axis=-1), rtol=1e-9, atol=1e-9)


# --- promises ---


def test_memory_is_that_of_groups_and_one_tile():
    """Two hundred tiles of a variable that takes 80 MB pass through less than a tenth of that."""
    cells, tile = 100_000, 500
    grid = Grid("EPSG:3035", 1_000.0, 3_000_000.0, 3_000_000.0, 400, 250)
    places = np.arange(cells)
    groups = group_cells(grid, places // 400, places % 400, area=np.ones(cells), most=300)
    parts = ((slice(i, i + tile), np.full((4, 25, tile), 2.0)) for i in range(0, cells, tile))
    tracemalloc.start()
    means = group_means(groups, parts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * cells * 100 * 8
    np.testing.assert_allclose(means, 2.0)


# --- refusals ---


def test_nothing_to_average_is_refused():
    """A run without a tile has no mean."""
    groups = group_cells(GRID, np.array([0]), np.array([0]), area=np.ones(1), most=1)
    with pytest.raises(ValueError, match="no part"):
        group_means(groups, [])
