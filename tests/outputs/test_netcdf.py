"""Law: a NetCDF file holds exactly the cube's values, and every tool reads them in place and time."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import dask
import netCDF4
import numpy as np
import pytest
import rasterio
import xarray as xr
from compliance_checker.runner import CheckSuite, ComplianceChecker
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import EurosicError, GridError, StoreError
from eurosic.base.grid import Grid
from eurosic.base.vocabulary import TARGETS
from eurosic.outputs import cf, netcdf
from eurosic.outputs.manifest import claimed
from eurosic.outputs.netcdf import export_netcdf
from tests.outputs.harm import check_full_disk, unreadable
from tests.report.synthetic import GRID, synthetic_cube

YEARS = (2020, 2100)
STATE, FLUX, FLAG = "sic_change_0_200cm", "dic_leaching", "regime"


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    """The cube made by formula, two pathways."""
    return synthetic_cube(pathways=("baseline", "zero_now"))


@pytest.fixture(scope="module")
def exported(cube: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every variable of the cube exported."""
    folder = tmp_path_factory.mktemp("netcdf")
    export_netcdf(cube, folder, years=YEARS)
    return folder


# --- by hand ---


def test_a_state_stands_at_the_last_day_of_its_year() -> None:
    """31 December 1970 is day 364 after 1 January 1970, and 1972 was a leap year."""
    times, _ = cf.times_of((1970, 1971, 1972), bounded=False)
    assert times.tolist() == [364.0, 729.0, 1095.0]


def test_a_flux_stands_at_the_exact_middle_of_its_year() -> None:
    """1970 has 365 days, so its middle is noon of 2 July; 1972 has 366, so it is midnight."""
    times, bounds = cf.times_of((1970, 1972), bounded=True)
    assert bounds.tolist() == [[0.0, 365.0], [730.0, 1096.0]]
    assert times.tolist() == [182.5, 913.0]


def test_names_say_variable_and_pathway(cube: xr.Dataset, exported: Path) -> None:
    """One file for each of 11 targets and 2 pathways, and one for each of the 4 layers without pathway."""
    names = {path.name for path in exported.glob("*.nc")}
    assert len(names) == len(TARGETS) * 2 + 4
    assert {"sic_change_0_200cm.zero_now.nc", "regime.baseline.nc", "calcareous_arable_area.nc"} <= names


def test_xarray_decodes_the_dates(exported: Path) -> None:
    """States are dated 31 December; fluxes at the middle of bounds that span the year."""
    with xr.open_dataset(exported / f"{STATE}.baseline.nc", decode_coords="all") as state:
        assert [str(day)[:10] for day in state["time"].values] == ["2020-12-31", "2100-12-31"]
        assert "bounds" not in state["time"].attrs
    with xr.open_dataset(exported / f"{FLUX}.baseline.nc", decode_coords="all") as flux:
        bounds = flux["time_bnds"].values.astype("datetime64[D]").astype(str).tolist()
        assert bounds == [["2020-01-01", "2021-01-01"], ["2100-01-01", "2101-01-01"]]
        assert flux["time"].values[1].astype("datetime64[s]").item() == datetime(2100, 7, 2, 12)


# --- laws ---


def test_values_equal_those_of_the_cube(cube: xr.Dataset, exported: Path) -> None:
    """Every variable, pathway and year, bit for bit, NaN where the cube has none."""
    for name in TARGETS:
        for pathway in ("baseline", "zero_now"):
            with netCDF4.Dataset(exported / f"{name}.{pathway}.nc") as file:
                file.set_auto_mask(False)
                wanted = cube[name].sel(pathway=pathway, year=list(YEARS)).values
                np.testing.assert_array_equal(file[name][:], wanted)
                assert file[name].dtype == wanted.dtype


def test_layers_without_pathway_equal_those_of_the_cube(cube: xr.Dataset, exported: Path) -> None:
    """Area and stocks are written once, without time."""
    for name in ("calcareous_arable_area", "sic_stock_0_30cm"):
        with xr.open_dataset(exported / f"{name}.nc") as file:
            assert file[name].dims == ("y", "x")
            np.testing.assert_array_equal(file[name].values, cube[name].values)


@settings(max_examples=8, deadline=None)
@given(
    held=st.integers(min_value=1, max_value=200),
    chunk=st.integers(min_value=1, max_value=200),
    side=st.integers(min_value=1, max_value=9),
)
def test_memory_and_chunk_sizes_change_no_value(
    held: int, chunk: int, side: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However few values are held or packed together, the file holds the same."""
    small = synthetic_cube(
        Grid("EPSG:3035", 50_000.0, 2_900_000.0, 3_100_000.0, 11, 13), ("baseline",), YEARS
    )
    folder = tmp_path_factory.mktemp("held")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(netcdf, "_VALUES_IN_MEMORY", held)
        patch.setattr(netcdf, "_VALUES_IN_CHUNK", chunk)
        patch.setattr(netcdf, "_CHUNK_SIDE", side)
        (path,) = export_netcdf(small, folder, years=YEARS, variables=[STATE])
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        np.testing.assert_array_equal(file[STATE][:], small[STATE].sel(pathway="baseline").values)


# --- lazy ---


@pytest.mark.parametrize("together", [1, len(YEARS)])
def test_no_more_than_fits_is_in_memory(
    cube: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """The export asks for as many time steps at once as fit the limit, and for each once."""
    sizes: list[int] = []
    monkeypatch.setattr(netcdf, "_VALUES_IN_MEMORY", together * GRID.rows * GRID.columns)

    def watch(graph: object, keys: object, **_: object) -> object:
        given_back = dask.get(graph, keys)
        sizes.append(sum(array.size for array in _arrays(given_back)))
        return given_back

    with dask.config.set(scheduler=watch):
        export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE])
    layer = GRID.rows * GRID.columns
    assert sizes == [together * layer] * (len(YEARS) // together * cube.sizes["pathway"])


def _arrays(nested: object) -> Iterator[np.ndarray]:
    if isinstance(nested, list | tuple):
        for part in nested:
            yield from _arrays(part)
    else:
        yield np.asarray(nested)


# --- promises: what other tools read ---


def test_the_file_is_classic_packed_and_chunked_by_time_step(exported: Path) -> None:
    """NETCDF4_CLASSIC, zlib with shuffle, one time step a chunk, NaN for no value."""
    with netCDF4.Dataset(exported / f"{STATE}.baseline.nc") as file:
        variable = file[STATE]
        assert file.data_model == "NETCDF4_CLASSIC"
        assert variable.dimensions == ("time", "y", "x")
        assert variable.chunking() == [1, GRID.rows, GRID.columns]
        assert variable.filters()["zlib"]
        assert variable.filters()["shuffle"]
        assert np.isnan(variable._FillValue)
        assert variable.ancillary_variables == "status"


def test_only_data_may_have_missing_values(exported: Path) -> None:
    """No `_FillValue` on coordinates, bounds, grid mapping or status; -1 for a class that is absent."""
    for name in (STATE, FLUX, FLAG):
        with netCDF4.Dataset(exported / f"{name}.baseline.nc") as file:
            filled = {v for v in file.variables if "_FillValue" in file[v].ncattrs()}
            assert filled == {name}
    with netCDF4.Dataset(exported / f"{FLAG}.baseline.nc") as file:
        assert (file[FLAG]._FillValue, file[FLAG].flag_meanings) == (-1, "buffered front depleted")


def test_units_never_name_the_substance_but_texts_do(exported: Path) -> None:
    """`kg C m-2` would be kilogram coulomb: the long name, the comment and the file's name say carbon."""
    with netCDF4.Dataset(exported / f"{STATE}.baseline.nc") as file:
        assert file[STATE].units == "kg m-2"
        assert "carbon" in file[STATE].long_name
        assert file[STATE].cell_methods == "time: point area: mean where crops"
        assert file[STATE].depth_range == "0 to 2 m below the surface"
    with netCDF4.Dataset(exported / f"{FLUX}.baseline.nc") as file:
        assert file[FLUX].cell_methods == "time: mean area: mean where crops"


def test_a_percentile_keeps_the_attributes_of_its_variable() -> None:
    """`_p05` is the same quantity, and its long name says which percentile."""
    said = cf.data_attributes("sic_change_0_30cm_p05")
    assert said["units"] == "kg m-2"
    assert said["long_name"] == "change of soil inorganic carbon, 0-30 cm, 5th percentile"


@pytest.fixture(scope="module")
def spread(cube: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file of a variable that has percentiles, 0.1 kg m-2 around it."""
    low, high = cube[STATE] - np.float32(0.1), cube[STATE] + np.float32(0.1)
    folder = tmp_path_factory.mktemp("spread")
    with_spread = cube.assign({f"{STATE}_p05": low, f"{STATE}_p95": high})
    paths = export_netcdf(with_spread, folder, years=YEARS, variables=[STATE])
    assert [path.name for path in paths] == [f"{STATE}.baseline.nc", f"{STATE}.zero_now.nc"]
    return folder


def test_percentiles_stand_in_the_file_of_their_variable(cube: xr.Dataset, spread: Path) -> None:
    """As its ancillary variables, with their own values and words."""
    with netCDF4.Dataset(spread / f"{STATE}.zero_now.nc") as file:
        file.set_auto_mask(False)
        assert file[STATE].ancillary_variables == f"status {STATE}_p05 {STATE}_p95"
        assert file[f"{STATE}_p95"].ancillary_variables == "status"
        assert file[f"{STATE}_p95"].long_name.endswith("0-200 cm, 95th percentile")
        value = cube[STATE].sel(pathway="zero_now", year=list(YEARS)).values
        np.testing.assert_array_equal(file[STATE][:], value)
        np.testing.assert_array_equal(file[f"{STATE}_p05"][:], value - np.float32(0.1))


def test_the_compliance_checker_finds_no_fault_in_percentiles(spread: Path, tmp_path: Path) -> None:
    """Ancillary variables of the same file, as CF wants them."""
    test_the_compliance_checker_finds_no_fault(f"{STATE}.baseline", spread, tmp_path)


@pytest.mark.parametrize(
    "name", [f"{STATE}.zero_now", f"{FLUX}.baseline", f"{FLAG}.baseline", "sic_stock_0_30cm"]
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_compliance_checker_finds_no_fault(name: str, exported: Path, tmp_path: Path) -> None:
    """compliance-checker (6.1.0 when written), cf:1.11, strict: no error, no warning."""
    CheckSuite.load_all_available_checkers()
    told = tmp_path / "told.txt"
    passed, broke = ComplianceChecker.run_checker(
        str(exported / f"{name}.nc"),
        ["cf:1.11"],
        2,
        "strict",
        output_filename=str(told),
        output_format="text",
    )
    assert not broke
    assert passed, told.read_text()
    assert "All tests passed!" in told.read_text()


def test_the_compliance_checker_finds_a_fault_where_there_is_one(exported: Path, tmp_path: Path) -> None:
    """A unit that names the substance does not pass, so that the check above means something."""
    broken = tmp_path / "broken.nc"
    shutil.copy(exported / f"{STATE}.baseline.nc", broken)
    with netCDF4.Dataset(broken, "a") as file:
        file[STATE].units = "kg of carbon m-2"
    CheckSuite.load_all_available_checkers()
    told = str(tmp_path / "told.txt")
    passed, _ = ComplianceChecker.run_checker(
        str(broken), ["cf:1.11"], 0, "strict", output_filename=told, output_format="text"
    )
    assert not passed


@pytest.mark.parametrize("name", [STATE, FLUX, FLAG])
def test_gdal_places_the_file(name: str, exported: Path) -> None:
    """EPSG:3035, north up, one band a year, in the cube's place."""
    with rasterio.open(f"netcdf:{exported / f'{name}.baseline.nc'}:{name}") as source:
        assert source.crs.to_epsg() == 3035
        assert source.count == len(YEARS)
        assert tuple(source.transform)[:6] == (50_000.0, 0.0, GRID.west, 0.0, -50_000.0, GRID.north)
        assert source.tags(2)["NETCDF_DIM_time"].startswith("47")


def test_gdal_reads_the_values_north_up(cube: xr.Dataset, exported: Path) -> None:
    """The first row that GDAL gives is the northernmost of the cube, and no value is NaN."""
    with rasterio.open(f"netcdf:{exported / f'{STATE}.baseline.nc'}:{STATE}") as source:
        np.testing.assert_array_equal(source.read(2), cube[STATE].sel(pathway="baseline", year=2100).values)
        assert np.isnan(source.nodata)


def test_ncdump_reads_the_header(exported: Path) -> None:
    """The netCDF tools' own reader shows a classic model and the dates."""
    told = _tool("ncdump", "-h", "-t", str(exported / f"{STATE}.baseline.nc"))
    assert "float sic_change_0_200cm(time, y, x)" in told
    assert "2100" in _tool("ncdump", "-t", "-v", "time", str(exported / f"{STATE}.baseline.nc"))


def test_cdo_sees_one_variable_with_time(exported: Path) -> None:
    """The climate operators list variable, dates and projection, and say nothing on their error stream."""
    told = _tool("cdo", "-s", "sinfon", str(exported / f"{FLUX}.baseline.nc"))
    assert "dic_leaching" in told
    assert "lambert_azimuthal_equal_area" in told
    assert "2100-07-02 12:00:00" in told


def _tool(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_global_attributes_say_what_acdd_asks(exported: Path) -> None:
    """The run's own words, its digest, where and when."""
    with netCDF4.Dataset(exported / f"{STATE}.zero_now.nc") as file:
        assert file.Conventions == "CF-1.11, ACDD-1.3"
        assert file.pathway == "zero_now"
        assert file.recipe_digest == "ab" * 32
        assert file.title.startswith(
            "A projection made by formula: zero_now: change of soil inorganic carbon"
        )
        assert file.history.splitlines()[0].endswith("eurosic run synthetic.yaml")
        assert (file.time_coverage_start, file.time_coverage_end) == ("2020-12-31", "2100-12-31")
        assert 36 < file.geospatial_lat_min < file.geospatial_lat_max < 52


# --- resume ---


def test_a_finished_file_is_left_as_it_is(cube: xr.Dataset, tmp_path: Path) -> None:
    """A second export writes nothing; an absent file is made again, the others stay."""
    first = export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE, FLUX])
    first[1].unlink()
    before = {path: path.stat().st_mtime_ns for path in first if path.exists()}
    assert export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE, FLUX]) == first
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert first[1].exists()


def test_other_years_of_the_same_run_replace_the_file(cube: xr.Dataset, tmp_path: Path) -> None:
    """It is our own file, and what is asked for is another one."""
    export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE])
    (path, _) = export_netcdf(cube, tmp_path, years=(2050,), variables=[STATE])
    with netCDF4.Dataset(path) as file:
        assert file.dimensions["time"].size == 1


def test_an_interrupted_export_leaves_no_file(cube: xr.Dataset, tmp_path: Path) -> None:
    """A read that fails half way leaves neither a file of that name nor a remnant."""
    broken = unreadable(cube[[STATE, "status"]], STATE)
    with pytest.raises(OSError, match="disk pulled out"):
        export_netcdf(broken, tmp_path, years=YEARS, variables=[STATE])
    assert [path.name for path in tmp_path.iterdir()] == [".export.lock"]


def test_what_a_killed_export_left_is_gone_with_the_next(cube: xr.Dataset, tmp_path: Path) -> None:
    """Killed by SIGKILL amid a file, it cannot tidy up; the next one does."""
    code = """
import os, signal, sys
from pathlib import Path
from eurosic.outputs import netcdf
from tests.report.synthetic import synthetic_cube
netcdf._fill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
netcdf.export_netcdf(synthetic_cube(), Path(sys.argv[1]), years=(2020,), variables=["sic_change_0_200cm"])
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    left = [path for path in tmp_path.rglob("*.nc") if path.is_file()]
    assert left
    assert not list(tmp_path.glob("*.nc"))
    (path, *_) = export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE])
    assert path.is_file()
    assert not any(old.exists() for old in left)


def test_two_exports_at_once_are_refused(cube: xr.Dataset, tmp_path: Path) -> None:
    """The second says who is in its way, and writes nothing."""
    with claimed(tmp_path), pytest.raises(StoreError, match="another export writes there"):
        export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE])
    assert not list(tmp_path.glob("*.nc"))


# --- refusals ---


def test_a_disk_that_takes_no_more_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    """An error that says what to do, no file, no remnant."""
    check_full_disk("netcdf.export_netcdf(cube, folder, years=(2020,), variables=[name])", STATE, tmp_path)


def test_a_file_that_is_not_ours_is_never_overwritten(cube: xr.Dataset, tmp_path: Path) -> None:
    """Text under the name of an export stays, and nothing is written beside it."""
    mine = tmp_path / f"{FLUX}.baseline.nc"
    mine.write_text("my notes")
    with pytest.raises(StoreError, match="does not belong to this run"):
        export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE, FLUX])
    assert mine.read_text() == "my notes"
    assert list(tmp_path.iterdir()) == [mine]


def test_a_file_of_another_recipe_is_never_overwritten(cube: xr.Dataset, tmp_path: Path) -> None:
    """Another recipe's digest in the file refuses the export."""
    export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE])
    with pytest.raises(StoreError, match="does not belong to this run"):
        export_netcdf(cube.assign_attrs(recipe_digest="cd" * 32), tmp_path, years=YEARS, variables=[STATE])


@pytest.mark.parametrize(
    ("years", "variables", "told"),
    [
        ((2020, 2099), [STATE], "no year 2099"),
        ((2020,), ["sic_loss"], "no variable 'sic_loss'"),
        ((), [STATE], "no year is asked for"),
        ((2019,), ["sic_loss"], "no variable 'sic_loss'; no year 2019"),
    ],
)
def test_what_the_cube_lacks_is_refused_at_once(
    cube: xr.Dataset, tmp_path: Path, years: tuple[int, ...], variables: list[str], told: str
) -> None:
    """Every fault in one message, and no folder made."""
    with pytest.raises(StoreError, match=told):
        export_netcdf(cube, tmp_path / "new", years=years, variables=variables)
    assert not (tmp_path / "new").exists()


def test_a_variable_that_has_no_words_is_refused(cube: xr.Dataset, tmp_path: Path) -> None:
    """A variable of the cube that the vocabulary does not know cannot be described."""
    odd = cube.assign(mystery=cube[STATE])
    with pytest.raises(StoreError, match="no variable 'mystery'"):
        export_netcdf(odd, tmp_path, years=YEARS, variables=["mystery"])
    assert not list(tmp_path.glob("*.nc"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.isel(y=slice(None, None, -1)), "flipped"),
        (lambda c: c.isel(x=slice(None, None, -1)), "flipped"),
        (lambda c: c.drop_vars("spatial_ref"), "no CRS"),
        (lambda c: c.assign_coords(pathway=["../baseline", "zero_now"]), "no file name"),
        (lambda c: c.drop_vars("status"), "no variable 'status'"),
    ],
)
def test_a_cube_that_tools_would_misread_is_refused(
    cube: xr.Dataset, tmp_path: Path, change: Callable[[xr.Dataset], xr.Dataset], told: str
) -> None:
    """Flipped axes, no CRS, a pathway that would leave the folder."""
    with pytest.raises(EurosicError, match=told) as refused:
        export_netcdf(change(cube), tmp_path, years=YEARS, variables=[STATE])
    assert isinstance(refused.value, GridError | StoreError)
