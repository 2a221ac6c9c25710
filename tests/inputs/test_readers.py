"""Law: a file in any supported format gives the same lazy array: values, axes, missing cells and CRS of the house."""

from __future__ import annotations

import dask
import numpy as np
import pytest
import xarray as xr

from eurosic.base.errors import CatalogError, GridError, InputError, UnitError
from eurosic.inputs.lazy import _nodata
from eurosic.inputs.readers import open_source, readers, register_reader
from tests.inputs.rasters import GRID, clay_tif, entry, write_lonlat, write_tif
from tests.toy import refuse_to_compute

LAT, LON = np.array([49.0, 48.5, 48.0]), np.array([11.0, 11.5, 12.0, 12.5])
FIELD = np.arange(12, dtype=np.float32).reshape(3, 4)


def opened(path, **changes):
    """The lazy array of one file under the entry `clay`, changed."""
    return open_source(entry(**changes), (path,))


def netcdf(folder, **changes):
    """An array of variable `v` on LAT, LON, opened as NetCDF."""
    path = write_lonlat(folder / "v.nc", {"v": FIELD}, axes={"lat": LAT, "lon": LON})
    return opened(path, format="netcdf", **changes)


# By hand -------------------------------------------------------------------------------------------------------


def test_a_geotiff_gives_rows_from_the_north(tmp_path):
    """The first row is the northernmost, with cell centres as coordinates."""
    got = opened(clay_tif(tmp_path))
    assert got.dims == ("y", "x")
    assert float(got[0, 0]) == 20.0
    np.testing.assert_array_equal(got.y, GRID.y)
    np.testing.assert_array_equal(got.x, GRID.x)
    assert got.rio.crs.to_epsg() == 3035


def test_ascending_latitudes_are_turned_round(tmp_path):
    """A NetCDF from south to north gives what one from north to south gives."""
    path = write_lonlat(tmp_path / "up.nc", {"v": FIELD[::-1]}, axes={"lat": LAT[::-1], "lon": LON})
    xr.testing.assert_equal(opened(path, format="netcdf").compute(), netcdf(tmp_path).compute())


def test_longitudes_from_0_to_360_are_moved(tmp_path):
    """What lies at 359 degrees lies at -1."""
    lon = np.arange(0.0, 360.0, 1.0)
    values = np.tile(lon.astype(np.float32), (3, 1))
    path = write_lonlat(tmp_path / "round.nc", {"v": values}, axes={"latitude": LAT, "longitude": lon})
    got = opened(path, format="netcdf")
    assert got.x.values[[0, -1]].tolist() == [-180.0, 179.0]
    np.testing.assert_array_equal(got[0].to_numpy() % 360, got.x.values % 360)


def test_latitude_and_longitude_mean_wgs84_where_nothing_is_said(tmp_path):
    """CF's latitude and longitude need no grid mapping."""
    assert netcdf(tmp_path).rio.crs.to_epsg() == 4326


def test_the_grid_mapping_of_a_netcdf_is_read(tmp_path):
    """A projected NetCDF states its CRS in a variable."""
    values = xr.DataArray(
        np.ones((6, 8), np.float32), dims=("y", "x"), coords={"y": GRID.y, "x": GRID.x}, name="v"
    )
    values.rio.write_crs(3035).to_netcdf(tmp_path / "laea.nc")
    assert opened(tmp_path / "laea.nc", format="netcdf").rio.crs.to_epsg() == 3035


def test_transposed_axes_and_lone_levels_are_put_right(tmp_path):
    """(time, lon, lat) with one time gives (y, x)."""
    axes = {"time": [0], "lon": LON, "lat": LAT}
    path = write_lonlat(tmp_path / "t.nc", {"v": FIELD.T[None]}, axes=axes)
    np.testing.assert_array_equal(opened(path, format="netcdf").to_numpy(), FIELD)


def test_a_zarr_reads_as_the_netcdf_does(tmp_path):
    """The container does not matter."""
    expected = netcdf(tmp_path)
    xr.open_dataset(tmp_path / "v.nc").to_zarr(tmp_path / "v.zarr", zarr_format=3, consolidated=False)
    got = opened(tmp_path / "v.zarr", format="zarr")
    np.testing.assert_array_equal(got.to_numpy(), expected.to_numpy())


def test_packed_values_are_unpacked_once(tmp_path):
    """Value = raw x scale + offset, by the file's tags or by the entry's, never by both."""
    raw = np.full(GRID.shape, 100, np.int16)
    path = clay_tif(tmp_path, raw, tags={"scale": 0.1, "offset": 5.0})
    assert float(opened(path)[0, 0]) == 15.0
    assert float(opened(path, scale=0.5)[0, 0]) == 55.0


def test_nodata_of_the_file_or_of_the_entry_is_missing(tmp_path):
    """The entry's nodata stands in the place of the file's."""
    raw = np.full(GRID.shape, 30, np.int16)
    raw[0, 0], raw[0, 1] = -32768, -9999
    path = clay_tif(tmp_path, raw, tags={"nodata": -32768})
    assert np.isnan(opened(path).to_numpy()).sum() == 1
    assert np.isnan(float(opened(path, nodata=-9999)[0, 1]))


def test_absurd_floats_are_missing_even_where_no_file_says_so(tmp_path):
    """ESDAC's -3.4e38 is no clay content."""
    values = np.full(GRID.shape, 30.0, np.float32)
    values[2, 3] = -3.4e38
    assert np.isnan(opened(clay_tif(tmp_path, values)).to_numpy()).sum() == 1


def test_a_nodata_that_the_type_cannot_hold_marks_nothing():
    """The first delivery of CHELSA tags -2147483647 on unsigned 16 bit numbers."""
    raw = xr.DataArray(np.zeros((2, 2), np.uint16), attrs={"_FillValue": -2147483647})
    assert _nodata(raw, entry()) == ()
    assert _nodata(raw.assign_attrs(_FillValue=65535), entry()) == (65535.0,)


def test_the_entrys_crs_serves_where_the_file_has_none(tmp_path):
    """And only there: what a file states is believed."""
    assert opened(clay_tif(tmp_path, tags={"crs": None}), crs="EPSG:3035").rio.crs.to_epsg() == 3035
    assert opened(clay_tif(tmp_path), crs="EPSG:4326").rio.crs.to_epsg() == 3035


def test_a_local_crs_counts_as_none(tmp_path):
    """Some ESDAC rasters say LOCAL_CS, which places nothing on the Earth."""
    local = 'LOCAL_CS["unknown",UNIT["metre",1]]'
    assert opened(clay_tif(tmp_path, tags={"crs": local}), crs="EPSG:3035").rio.crs.to_epsg() == 3035


def test_variables_are_summed_and_missing_in_one_is_missing_in_all(tmp_path):
    """Wet and dry deposition; half a sum would be a wrong sum."""
    dry = FIELD.copy()
    dry[0, 0] = np.nan
    path = write_lonlat(tmp_path / "sum.nc", {"wet": FIELD, "dry": dry}, axes={"lat": LAT, "lon": LON})
    got = opened(path, format="netcdf", variables=["wet", "dry"]).to_numpy()
    assert got[1, 1] == 2 * FIELD[1, 1]
    assert np.isnan(got[0, 0])


def test_parts_are_averaged_by_their_weights(tmp_path):
    """0-5, 5-15 and 15-30 cm weigh 5, 10 and 15."""
    files = tuple(
        write_tif(tmp_path / f"{v}.tif", np.full(GRID.shape, v, np.float32)) for v in (12.0, 24.0, 36.0)
    )
    got = open_source(entry(path="{part}.tif", parts={"a": 5, "b": 10, "c": 15}), files)
    np.testing.assert_allclose(got.to_numpy(), (12 * 5 + 24 * 10 + 36 * 15) / 30)


def test_a_file_a_month_makes_months(tmp_path):
    """In order of the calendar."""
    files = tuple(write_tif(tmp_path / f"{m}.tif", np.full(GRID.shape, m, np.float32)) for m in range(1, 13))
    got = open_source(entry(path="{month:02d}.tif"), files)
    assert got.dims == ("month", "y", "x")
    assert got[:, 0, 0].to_numpy().tolist() == list(range(1, 13))


def test_bands_may_be_months(tmp_path):
    """A GeoTIFF of twelve bands with `time: month`."""
    bands = np.arange(12, dtype=np.int16)[:, None, None] * np.ones(GRID.shape, np.int16)
    got = opened(clay_tif(tmp_path, bands), time="month")
    assert got.month.values.tolist() == list(range(1, 13))
    assert got[:, 2, 2].to_numpy().tolist() == list(range(12))


def test_years_come_from_names_numbers_or_cf_times(tmp_path):
    """Three ways to say 2001 and 2002."""
    files = tuple(
        write_tif(tmp_path / f"clay_{year}.tif", np.full(GRID.shape, year, np.float32))
        for year in (2001, 2002)
    )
    by_name = open_source(entry(path="clay_{year}.tif"), files)
    assert by_name.climate_year.values.tolist() == [2001, 2002]
    axes = {"time": [2001, 2002], "lat": LAT, "lon": LON}
    both = np.stack([FIELD, FIELD + 1])
    by_number = opened(write_lonlat(tmp_path / "n.nc", {"v": both}, axes=axes), format="netcdf", time="year")
    assert by_number.climate_year.values.tolist() == [2001, 2002]
    axes["time"] = np.array(["2001-07-01", "2002-07-01"], dtype="datetime64[ns]")
    by_cf = opened(write_lonlat(tmp_path / "c.nc", {"v": both}, axes=axes), format="netcdf", time="year")
    assert by_cf.climate_year.values.tolist() == [2001, 2002]


def test_months_of_years_are_kept_apart_or_averaged(tmp_path):
    """24 months are 2 x 12, or two annual means."""
    time = np.arange("2001-01", "2003-01", dtype="datetime64[M]").astype("datetime64[ns]")
    values = np.arange(24, dtype=np.float32)[:, None, None] * np.ones((3, 4), np.float32)
    path = write_lonlat(tmp_path / "m.nc", {"v": values}, axes={"time": time, "lat": LAT, "lon": LON})
    apart = opened(path, format="netcdf", time="monthly")
    assert apart.dims == ("climate_year", "month", "y", "x")
    assert float(apart.sel(climate_year=2002, month=1)[0, 0]) == 12.0
    mean = opened(path, format="netcdf", time="monthly-mean")
    assert float(mean.sel(climate_year=2002)[0, 0]) == pytest.approx(17.5)


def test_the_files_own_unit_must_be_the_entrys_unless_it_is_known_to_be_wrong(tmp_path):
    """A unit that says something else is a fault of one of them; a text that is no unit says nothing."""
    for text, fine in (("%", True), ("percent", True), ("0.01", True), ("mgN/m2", True), ("g kg-1", False)):
        path = clay_tif(tmp_path, tags={"unit": text})
        if fine:
            opened(path)
            continue
        with pytest.raises(UnitError, match=r"states the unit 'g kg-1'; wanted '%'"):
            opened(path)
        opened(path, ignore_file_unit=True)


def test_users_add_formats(tmp_path):
    """A reader of one's own is used under its name, and takes no name that is taken."""

    def read_numbers(source, path, name):
        values = np.loadtxt(path).reshape(GRID.shape)
        return xr.DataArray(values, dims=("y", "x"), coords={"y": GRID.y, "x": GRID.x}).rio.write_crs(3035)

    if "numbers" not in readers():
        register_reader("numbers", read_numbers)
    np.savetxt(tmp_path / "clay.txt", np.arange(48.0))
    assert float(opened(tmp_path / "clay.txt", format="numbers")[5, 7]) == 47.0
    with pytest.raises(CatalogError, match="has a reader already"):
        register_reader("geotiff", read_numbers)


# Real files -----------------------------------------------------------------------------------------------------


def test_the_development_rasters_open_with_their_axes(shared_data):
    """Every raster of the development catalog, in its native grid."""
    from eurosic.inputs.catalog import load_catalog  # noqa: PLC0415

    catalog = load_catalog()
    sizes = {}
    for name in ("era5-temperature-2000-2025", "etopo5", "igbp-2019", "koppen-beck2018", "gemas-caco3"):
        source = catalog.source(name)
        array = open_source(source, catalog.locate(source, shared_data / "inputs"))
        sizes[name] = array.shape
        assert array.y[0] > array.y[-1]
    assert sizes == {
        "era5-temperature-2000-2025": (12, 161, 281),
        "etopo5": (505, 864),
        "igbp-2019": (780, 1040),
        "koppen-beck2018": (4680, 6240),
        "gemas-caco3": (420, 450),
    }


# Lazy -----------------------------------------------------------------------------------------------------------


def test_opening_reads_no_values(tmp_path):
    """Neither a GeoTIFF nor a NetCDF, with parts, sums and months."""
    with dask.config.set(scheduler=refuse_to_compute):
        opened(clay_tif(tmp_path))
        netcdf(tmp_path)
        test = tuple(clay_tif(tmp_path) for _ in range(2))
        open_source(entry(path="{part}.tif", parts={"a": 1, "b": 2}), test)


# Refusals -------------------------------------------------------------------------------------------------------


def test_a_file_without_a_crs_is_refused(tmp_path):
    """Nobody guesses where a raster lies."""
    with pytest.raises(GridError, match=r"states no coordinate reference system. State it in the entry"):
        opened(clay_tif(tmp_path, tags={"crs": None}))


def test_uneven_axes_are_refused(tmp_path):
    """A Gaussian grid must be regridded first."""
    path = write_lonlat(
        tmp_path / "g.nc", {"v": FIELD}, axes={"lat": np.array([49.0, 48.9, 48.0]), "lon": LON}
    )
    with pytest.raises(InputError, match="3 coordinates that are not evenly spaced"):
        opened(path, format="netcdf")


def test_an_axis_nobody_explained_is_refused(tmp_path):
    """Months without `time: month` could be anything."""
    axes = {"month": np.arange(1, 13), "lat": LAT, "lon": LON}
    path = write_lonlat(tmp_path / "m.nc", {"v": np.zeros((12, 3, 4), np.float32)}, axes=axes)
    with pytest.raises(InputError, match=r"more axes than y and x: month \(12\)"):
        opened(path, format="netcdf")


def test_parts_on_different_grids_are_refused(tmp_path):
    """A mean over files needs one grid."""
    files = (clay_tif(tmp_path / "a"), clay_tif(tmp_path / "b", np.ones((4, 4), np.float32)))
    with pytest.raises(InputError, match="files with different grids"):
        open_source(entry(path="{part}/clay.tif", parts={"a": 1, "b": 2}), files)
