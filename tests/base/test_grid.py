"""Law: a grid knows the area and the place of every cell, and the order of cells does not depend on tiles."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import Affine

from eurosic.base.errors import GridError
from eurosic.base.grid import Grid, grid_within, space_key, tiles_of

GRID = Grid("EPSG:3035", 10_000.0, 2_500_000.0, 5_500_000.0, 450, 420)


def test_rows_go_south_and_columns_east():
    """Centres of the first cell, and the limits of all."""
    assert (GRID.y[0], GRID.y[-1]) == (5_495_000.0, 1_305_000.0)
    assert (GRID.x[0], GRID.x[-1]) == (2_505_000.0, 6_995_000.0)
    assert GRID.bounds == (2_500_000.0, 1_300_000.0, 7_000_000.0, 5_500_000.0)
    assert GRID.shape == (420, 450)
    assert GRID.cell_area == 1e8


def test_gdal_places_cells_where_the_grid_does():
    """The geotransform maps the middle of the first cell to its centre."""
    assert Affine.from_gdal(*GRID.geotransform) @ (0.5, 0.5) == (GRID.x[0], GRID.y[0])


@given(
    west=st.floats(2.5e6, 4e6),
    south=st.floats(1.5e6, 3e6),
    size=st.tuples(st.floats(1, 2e6), st.floats(1, 2e6)),
    resolution=st.sampled_from([100.0, 1000.0, 10_000.0, 25_000.0]),
)
def test_a_grid_within_bounds_covers_them_and_no_cell_more(west, south, size, resolution):
    """Its limits are multiples of the resolution, less than one cell outside."""
    wanted = np.array([west, south, west + size[0], south + size[1]])
    found = np.array(grid_within("EPSG:3035", resolution, tuple(wanted)).bounds)
    np.testing.assert_array_equal(found % resolution, 0.0)
    outside = (found - wanted) * [-1, -1, 1, 1]
    assert (outside >= 0).all()
    assert (outside < resolution).all()


@given(cells=st.integers(0, 1000), size=st.integers(1, 300))
def test_tiles_cover_the_table_once(cells, size):
    """In order, without gaps, none larger than asked."""
    tiles = list(tiles_of(cells, size))
    taken = [cell for tile in tiles for cell in range(cells)[tile.cells]]
    assert taken == list(range(cells))
    assert all(0 < tile.size <= size for tile in tiles)
    assert [tile.index for tile in tiles] == list(range(len(tiles)))


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_the_space_key_is_the_interleaved_bits(row, column):
    """Against Python's own bits, for any grid that fits into 31 bits a side."""
    expected = sum((row >> i & 1) << (2 * i + 1) | (column >> i & 1) << (2 * i) for i in range(31))
    assert int(space_key(np.array([row]), np.array([column]))[0]) == expected


def test_neighbours_in_the_table_are_neighbours_in_space():
    """256 consecutive cells of a 64 x 64 grid fill a square of 16 x 16."""
    rows, columns = np.divmod(np.arange(4096), 64)
    order = np.argsort(space_key(rows, columns))[:256]
    assert rows[order].max() == columns[order].max() == 15


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"crs": "EPSG:0"}, "crs 'EPSG:0' is unknown"),
        ({"crs": "EPSG:4326"}, "is not projected in metres"),
        ({"crs": "EPSG:2277"}, "is not projected in metres"),
        ({"crs": "EPSG:3857"}, "stands for 0.76"),
        ({"resolution": 0.0}, "450 x 420 cells of 0.0 m; wanted at least one cell"),
        ({"resolution": -1000.0}, "wanted at least one cell"),
        ({"columns": 0}, "wanted at least one cell"),
    ],
)
def test_a_grid_on_which_area_means_nothing_is_refused(changes, said):
    """Degrees, feet, Mercator, no cells."""
    with pytest.raises(GridError) as caught:
        dataclasses.replace(GRID, **changes)
    assert said in str(caught.value)
