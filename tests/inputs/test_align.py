"""Law: what a raster holds per area is kept on any grid, missing stays missing, and blocks do not show."""

from __future__ import annotations

import dask
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Transformer
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from eurosic.base.errors import GridError
from eurosic.base.grid import Grid
from eurosic.inputs import align
from eurosic.inputs.align import align_raster
from eurosic.inputs.placing import placing_of
from eurosic.inputs.sampling import Lattice, sum_points
from eurosic.inputs.windows import Windowed, lazy_array
from tests.inputs.rasters import GRID, LAEA
from tests.toy import refuse_to_compute

NAN = np.nan
# 20 degrees off the axis of the projection, where meridians stand oblique to the grid.
OBLIQUE = Grid(LAEA, 10_000.0, 6_000_000.0, 4_000_000.0, 40, 40)


def raster(values, west=GRID.west, north=GRID.north, pixel=1000.0, crs=LAEA):
    """A lazy raster whose first pixel has its outer corner at (west, north)."""
    values = np.asarray(values, np.float32)
    y = north - pixel * (np.arange(values.shape[-2]) + 0.5)
    x = west + pixel * (np.arange(values.shape[-1]) + 0.5)
    dims = ("month", "y", "x")[-values.ndim :]
    made = xr.DataArray(values, dims=dims, coords={"y": y, "x": x}).rio.write_crs(crs)
    return made.chunk()


def on_grid(values, grid, resampling="area_mean", **how):
    """Values of a raster on a grid, computed."""
    classes = how.pop("classes", None)
    return align_raster(raster(values, **how), grid, resampling=resampling, classes=classes).to_numpy()


def small(rows, columns, resolution=1000.0):
    """A grid with the north-west corner of GRID."""
    return Grid(LAEA, resolution, GRID.west, GRID.north, columns, rows)


def noise(pixel=0.05):
    """A field of zeros and ones in latitude and longitude, without any correlation."""
    rng = np.random.default_rng(0)
    return (rng.random((780, 1140)) < 0.3).astype(np.float32), {
        "west": -11.5,
        "north": 72.5,
        "pixel": pixel,
        "crs": "EPSG:4326",
    }


def dense_mean(values, where, grid, n=60):
    """Mean of n x n exactly transformed sub-points of each cell: the reference."""
    x = grid.west + grid.resolution * (np.arange(grid.columns * n) + 0.5) / n
    y = grid.north - grid.resolution * (np.arange(grid.rows * n) + 0.5) / n
    lon, lat = Transformer.from_crs(LAEA, 4326, always_xy=True).transform(*np.meshgrid(x, y))
    row = np.floor((where["north"] - lat) / where["pixel"]).astype(int)
    column = np.floor((lon - where["west"]) / where["pixel"]).astype(int)
    return values[row, column].reshape(grid.rows, n, grid.columns, n).mean(axis=(1, 3))


# By hand -------------------------------------------------------------------------------------------------------


def test_a_coarse_cell_has_the_mean_of_its_pixels():
    """Four pixels of 1 km make one cell of 2 km."""
    values = [[1, 3, 10, 20], [5, 7, 30, 40]]
    assert on_grid(values, small(1, 2, 2000.0)).tolist() == [[4.0, 25.0]]


def test_missing_pixels_count_neither_as_zero_nor_at_all():
    """A cell has the mean of what it has, and nothing where it has nothing."""
    values = [[1, NAN, NAN, NAN], [5, NAN, NAN, NAN]]
    got = on_grid(values, small(1, 2, 2000.0))
    np.testing.assert_array_equal(got, [[3.0, NAN]])


def test_a_pixel_across_two_cells_is_shared_by_area():
    """Pixels half a cell off: each cell has half of one and half of the next."""
    got = on_grid([[0, 4, 8, 12]] * 4, small(1, 2), west=GRID.west - 500.0, north=GRID.north + 500.0)
    assert got.tolist() == [[2.0, 6.0]]


def test_a_coarse_pixel_is_the_same_in_all_its_cells():
    """Contents are not invented between pixels: the mean of a part of a pixel is the pixel."""
    got = on_grid([[10, 50], [10, 50]], small(1, 4, 500.0))
    assert got.tolist() == [[10.0, 10.0, 50.0, 50.0]]


def test_climate_is_interpolated_between_pixel_centres():
    """Cells at 1/4 and 3/4 of the way between centres 10 and 50."""
    got = on_grid([[10, 50], [10, 50]], small(1, 4, 500.0), "smooth")
    assert got.tolist() == [[10.0, 20.0, 40.0, 50.0]]


def test_fractions_are_of_the_whole_cell():
    """Two of four pixels are arable, one is half arable; missing ones count as not arable."""
    values = [[12, 12, 3, NAN], [14, 3, NAN, NAN]]
    got = on_grid(values, small(1, 2, 2000.0), "fractions", classes={12: 1.0, 14: 0.5})
    assert got.tolist() == [[0.625, 0.0]]


def test_a_cell_without_any_data_has_no_fraction():
    """Nothing known is not nothing there."""
    got = on_grid([[NAN, NAN], [NAN, NAN]], small(1, 1, 2000.0), "fractions", classes={12: 1.0})
    assert np.isnan(got).all()


def test_the_commonest_code_wins_and_the_smaller_on_a_tie():
    """Codes have no mean."""
    values = [[7, 7, 2, 9], [7, 3, 9, 2]]
    assert on_grid(values, small(1, 2, 2000.0), "mode").tolist() == [[7.0, 2.0]]


def test_nearest_takes_the_pixel_at_the_centre():
    """The centre of a cell of 3 km lies in the middle pixel."""
    values = np.arange(9).reshape(3, 3)
    assert on_grid(values, small(1, 1, 3000.0), "nearest").tolist() == [[4.0]]


@pytest.mark.parametrize("how", ["area_mean", "smooth", "mode", "nearest"])
@pytest.mark.parametrize("shift", [0, 3])
def test_a_raster_of_the_grids_own_cells_is_taken_as_it_is(how, shift):
    """Each cell is a pixel: its value to the last bit, and one look at it instead of four."""
    values = np.random.default_rng(1).random((12, 11), dtype=np.float32)
    values[4, 5] = NAN
    seen = on_grid(
        values, small(6, 7), how, west=GRID.west - 1000.0 * shift, north=GRID.north + 1000.0 * shift
    )
    np.testing.assert_array_equal(seen, values[shift : shift + 6, shift : shift + 7])
    placing = placing_of(raster(values), small(6, 7))
    assert align._resolution(placing, how, lead=1, where="here")[0] == (1, 1)
    half = placing_of(raster(values, west=GRID.west - 500.0), small(6, 7))
    assert align._resolution(half, "area_mean", lead=1, where="here")[0] == (2, 2)


@pytest.mark.parametrize(("down", "right"), [(-2, 0), (9, -3), (4, 8)])
def test_where_the_grids_own_cells_end_there_is_nothing(down, right):
    """A grid that begins before the raster or goes on behind it, by whole cells; months and fractions alike."""
    values = np.random.default_rng(2).integers(1, 4, (3, 12, 11)).astype(np.float32)
    wide = np.pad(values, ((0, 0), (20, 20), (20, 20)), constant_values=NAN)
    wanted = wide[:, 20 + down : 26 + down, 20 + right : 27 + right]
    moved = {"west": GRID.west - 1000.0 * right, "north": GRID.north + 1000.0 * down}
    np.testing.assert_array_equal(on_grid(values, small(6, 7), "nearest", **moved), wanted)
    shares = on_grid(values[0], small(6, 7), "fractions", classes={1: 1.0, 2: 0.25}, **moved)
    of_code = np.where(
        np.isnan(wanted[0]), NAN, np.select([wanted[0] == 1, wanted[0] == 2], [1.0, 0.25], 0.0)
    )
    np.testing.assert_array_equal(shares, of_code)


def test_months_are_aligned_alike():
    """A leading dimension stays, with its values apart."""
    values = np.stack([np.full((2, 2), month) for month in range(12)])
    assert on_grid(values, small(1, 1, 2000.0))[:, 0, 0].tolist() == list(range(12))


def test_years_and_months_keep_their_places():
    """Four dimensions: every year is aligned by itself."""
    values = np.arange(24.0).reshape(2, 12, 1, 1) * np.ones((2, 2))
    made = xr.DataArray(
        values, dims=("climate_year", "month", "y", "x"), coords={"climate_year": [2001, 2002]}
    )
    flat = raster(np.zeros((2, 2)))
    made = made.assign_coords(y=flat.y, x=flat.x).rio.write_crs(LAEA).chunk()
    got = align_raster(made, small(1, 1, 2000.0), resampling="area_mean")
    assert got.dims == ("climate_year", "month", "y", "x")
    assert got.sel(climate_year=2002)[:, 0, 0].values.tolist() == list(range(12, 24))


# Closed form ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("resolution", "columns"), [(10_000.0, 40), (1000.0, 400), (100.0, 600)])
def test_places_between_the_nodes_of_the_lattice_are_right_to_a_hundredth_of_a_cell(resolution, columns):
    """The map projection is interpolated between nodes; the error is that of the curvature of the Earth."""
    grid = Grid(LAEA, resolution, 6_000_000.0, 4_000_000.0, columns, columns)
    # A field equal to its own longitude, fine enough that only the place can be wrong.
    lon = raster(np.tile(np.arange(30.0, 75.0, 0.05) + 0.025, (900, 1)), 30.0, 72.5, 0.05, "EPSG:4326")
    got = align_raster(lon, grid, resampling="smooth").to_numpy()
    exact = Transformer.from_crs(LAEA, 4326, always_xy=True).transform(*np.meshgrid(grid.x, grid.y))[0]
    degree = 111_320.0 * np.cos(np.deg2rad(55.0))
    assert np.abs(got - exact).max() * degree < 0.02 * resolution


def test_area_means_follow_oblique_cells_three_times_closer_than_gdal():
    """Against 60 x 60 exact sub-points, on white noise at 20 degrees of obliquity."""
    values, where = noise()
    exact = dense_mean(values, where, OBLIQUE)
    ours = on_grid(values, OBLIQUE, **where)
    gdal = np.empty(OBLIQUE.shape, np.float32)
    reproject(
        values,
        gdal,
        src_transform=from_origin(where["west"], where["north"], 0.05, 0.05),
        src_crs=4326,
        dst_transform=from_origin(OBLIQUE.west, OBLIQUE.north, 10_000.0, 10_000.0),
        dst_crs=LAEA,
        resampling=Resampling.average,
    )
    ours_rms, gdal_rms = (float(np.sqrt(np.mean((got - exact) ** 2))) for got in (ours, gdal))
    assert ours_rms < 0.04
    assert ours_rms < gdal_rms / 2.5


def test_totals_are_conserved_across_projections():
    """The area of ones on the oblique grid is that of the sphere's pixels, to 0.2 %."""
    values, where = noise()
    got = on_grid(values, OBLIQUE, **where)
    exact = dense_mean(values, where, OBLIQUE)
    assert got.sum() == pytest.approx(exact.sum(), rel=2e-3)


# Laws -----------------------------------------------------------------------------------------------------------

PIXELS = arrays(
    np.float32,
    (6, 8),
    elements=st.one_of(st.floats(0, 100, width=32), st.just(np.float32(np.nan))),
)


@settings(max_examples=30, deadline=None)
@given(values=arrays(np.float32, (6, 8), elements=st.floats(0, 100, width=32)), side=st.sampled_from([1, 2]))
def test_nested_grids_conserve_exactly(values, side):
    """Sum of value times area is the same before and after, where cells are whole pixels."""
    got = on_grid(values, small(6 // side, 8 // side, 1000.0 * side))
    assert got.sum() * side**2 == pytest.approx(float(values.sum(dtype=float)), rel=1e-5, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    values=PIXELS, how=st.sampled_from(["area_mean", "smooth", "nearest", "mode"]), offset=st.integers(0, 999)
)
def test_no_value_leaves_the_range_of_its_source(values, how, offset):
    """Nothing is extrapolated, wherever the pixels lie."""
    got = on_grid(values, small(3, 4, 1700.0), how, west=GRID.west - offset)
    known = values[np.isfinite(values)]
    seen = got[np.isfinite(got)]
    if seen.size:
        assert known.min() - 1e-4 <= seen.min()
        assert seen.max() <= known.max() + 1e-4


@settings(max_examples=30, deadline=None)
@given(
    values=arrays(np.int8, (6, 8), elements=st.integers(1, 4)), size=st.sampled_from([1000.0, 1300.0, 2600.0])
)
def test_fractions_of_all_classes_add_up_to_one(values, size):
    """Every part of a cell is in one class."""
    grid = small(2, 2, size)
    parts = [on_grid(values, grid, "fractions", classes={code: 1.0}) for code in range(1, 5)]
    np.testing.assert_allclose(np.sum(parts, axis=0), 1.0, rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(values=PIXELS, how=st.sampled_from(["area_mean", "smooth"]))
def test_twice_the_values_are_twice_the_answer(values, how):
    """Alignment is linear, and what is missing does not depend on values."""
    grid = small(3, 3, 1900.0)
    np.testing.assert_allclose(on_grid(2 * values, grid, how), 2 * on_grid(values, grid, how), rtol=1e-5)


def test_blocks_do_not_show(monkeypatch):
    """Any size of block gives the same cells, across projections too."""
    values, where = noise()
    whole = on_grid(values, OBLIQUE, **where)
    for side in (8, 16):
        monkeypatch.setattr(align, "SQUARE", side)
        np.testing.assert_allclose(on_grid(values, OBLIQUE, **where), whole, atol=1e-6)


def test_a_small_window_bounds_the_blocks(monkeypatch):
    """Where a block would need more of the source than may be held, blocks are smaller, and cells the same."""
    values, where = noise()
    whole = on_grid(values, OBLIQUE, **where)
    monkeypatch.setattr(align, "_WINDOW_PIXELS", 500)
    watched, read = watch(raster(values, **where))
    made = align_raster(watched, OBLIQUE, resampling="area_mean")
    np.testing.assert_allclose(made.to_numpy(), whole, atol=1e-6)
    # Eight cells a side are the least, here 20 x 30 pixels and what interpolation needs beside them.
    assert len(read) == 25
    assert max(read) <= np.prod(values.shape) / 25


def watch(given):
    """The same raster, and a list of the number of pixels of each window that is read of it."""
    values, read = given.to_numpy(), []

    class Watched(Windowed):
        shape = values.shape

        def read(self, window):
            read.append(np.prod([at.stop - at.start for at in window]))
            return values[window]

    return given.copy(data=lazy_array(Watched(), tuple((size,) for size in values.shape))), read


@settings(max_examples=25, deadline=None)
@given(data=st.data(), how=st.sampled_from(["area_mean", "smooth", "nearest", "mode"]))
def test_any_window_has_the_cells_of_the_whole_bit_for_bit(data, how):
    """However a grid is cut into windows, and whether they fit its blocks or not."""
    values, where = noise()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(align, "SQUARE", 8)
        made = align_raster(raster(values, **where), OBLIQUE, resampling=how)
        whole = made.to_numpy()
        low = [data.draw(st.integers(0, 39)) for _ in range(2)]
        cut = tuple(slice(first, data.draw(st.integers(first + 1, 40))) for first in low)
        np.testing.assert_array_equal(made[cut].to_numpy(), whole[cut])


def test_windows_of_years_and_months_are_those_of_the_whole():
    """Also where a window takes some years and some months."""
    values = np.random.default_rng(2).uniform(0, 99, (3, 12, 9, 9)).astype(np.float32)
    flat = raster(values[0, 0])
    made = xr.DataArray(values, dims=("climate_year", "month", "y", "x"), coords={"y": flat.y, "x": flat.x})
    made = align_raster(made.rio.write_crs(LAEA).chunk(), small(5, 6, 1300.0), resampling="smooth")
    part = made[1:3, 4:7, 2:5, 1:]
    np.testing.assert_array_equal(part.to_numpy(), made.to_numpy()[1:3, 4:7, 2:5, 1:])


def test_sub_points_off_the_map_are_left_out():
    """A node that is not finite makes no value and no crash."""
    window = np.ones((1, 2, 2), np.float32)
    nodes = np.array([[0.0, 0.0], [np.inf, np.inf]])
    total, count = sum_points(window, Lattice(nodes, nodes.T, 1, (1, 1), (2, 2)), interpolate=False)
    assert total.sum() == 0
    assert count.sum() == 0


# Lazy -----------------------------------------------------------------------------------------------------------


def test_nothing_is_computed_until_asked():
    """Aligning builds a graph from coordinates alone."""
    with dask.config.set(scheduler=refuse_to_compute):
        made = align_raster(raster(np.ones((6, 8))), GRID, resampling="area_mean")
    assert made.shape == GRID.shape
    assert made.dtype == np.float32


def test_a_billion_cells_are_aligned_as_quickly_as_ten():
    """A graph of three layers, whatever the grid; a corner of it reads a corner of the source."""
    europe = Grid(LAEA, 100.0, 2_600_000.0, 5_400_000.0, 40_000, 40_000)
    values, where = noise()
    watched, read = watch(raster(values, **where))
    made = align_raster(watched, europe, resampling="smooth")
    assert len(made.data.dask.layers) <= 3
    corner = made[20_000:20_004, 20_000:20_004].to_numpy()
    assert np.isfinite(corner).all()
    # A block of 512 cells is 51 km, about ten pixels of 0.05 degrees from north to south.
    assert sum(read) < 20 * 30


@pytest.mark.parametrize(("shift", "chunks"), [(0.0, 1), (500.0, 6)])
def test_a_block_reads_only_its_window(shift, chunks):
    """A corner of the grid depends on a corner of the source: of the grid's own cells, on its first pixel."""
    read = []

    def reading(block, block_id):
        read.append(block_id)
        return block

    fine = raster(np.ones((1200, 1200)), west=GRID.west - shift).chunk({"y": 100, "x": 100})
    watched = fine.copy(
        data=fine.data.map_blocks(reading, dtype=np.float32, meta=np.empty((0, 0), np.float32))
    )
    grid = Grid(LAEA, 1000.0, GRID.west, GRID.north, 1200, 1200)
    made = align_raster(watched, grid, resampling="area_mean")[:1, :1].compute(scheduler="sync")
    # Else a block of 512 cells, and two pixels more: 6 x 6 of the 12 x 12 chunks.
    assert made.item() == 1.0
    assert sorted(read) == [(i, j) for i in range(chunks) for j in range(chunks)]


# Refusals -------------------------------------------------------------------------------------------------------


def test_a_raster_elsewhere_is_refused():
    """No overlap names the grid's limits."""
    with pytest.raises(
        GridError, match=r"does not overlap the grid; wanted data between x 4400000 and 4408000 m"
    ):
        align_raster(raster(np.ones((4, 4)), west=1_000_000.0), GRID, resampling="area_mean")


def test_a_raster_smaller_than_a_cell_is_found():
    """Two pixels of 10 m inside one cell of a wide grid overlap it."""
    grid = Grid(LAEA, 25_000.0, 2_500_000.0, 5_500_000.0, 180, 168)
    spot = raster(np.full((4, 4), 7.0), west=4_405_000.0, north=2_845_000.0, pixel=5000.0)
    got = align_raster(spot, grid, resampling="area_mean").to_numpy()
    assert np.nansum(got == 7.0) >= 1
