"""Law: a GeoTIFF holds exactly the cube's values, in place and time, is whole or absent, and is made once."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dask
import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from rio_cogeo import cog_validate

from eurosic.base.errors import EurosicError, GridError, StoreError
from eurosic.base.grid import Grid
from eurosic.base.vocabulary import TARGETS
from eurosic.outputs import cog
from eurosic.outputs.cog import FLAG_NODATA, export_cog
from eurosic.outputs.cog_plan import finished_cogs, plan_cogs
from eurosic.outputs.cog_words import band_times
from eurosic.outputs.manifest import MANIFEST, Manifest, claimed
from tests.outputs.harm import check_full_disk, unreadable
from tests.report.synthetic import GRID, synthetic_cube
from tests.toy import refuse_to_compute

YEARS = (2020, 2100)
STATE, FLUX, FLAG = "sic_change_0_200cm", "dic_leaching", "regime"


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    """The cube made by formula, two pathways, one variable with percentiles."""
    made = synthetic_cube(pathways=("baseline", "zero_now"))
    return made.assign({f"{STATE}_p05": made[STATE] - np.float32(0.1)})


@pytest.fixture(scope="module")
def exported(cube: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every variable of the cube exported."""
    folder = tmp_path_factory.mktemp("cog")
    export_cog(cube, plan_cogs(cube, folder, years=YEARS))
    return folder


def _export(cube: xr.Dataset, folder: Path, *variables: str) -> list[Path]:
    return export_cog(cube, plan_cogs(cube, folder, years=YEARS, variables=variables))


# --- by hand ---


def test_names_say_variable_and_pathway(exported: Path) -> None:
    """11 targets and a percentile of 2 pathways; 3 stocks, the area and status once."""
    names = {path.name for path in exported.glob("*.tif")}
    assert len(names) == (len(TARGETS) + 1) * 2 + 5
    assert {f"{STATE}_p05.zero_now.tif", "status.tif", "calcareous_arable_area.tif"} <= names


def test_a_flux_is_of_its_year_and_a_state_of_its_last_day() -> None:
    """The times of a band follow from the kind of its variable."""
    assert band_times(STATE, 2020) == ("2020-12-31T00:00:00Z", "2020-12-31T23:59:59Z")
    assert band_times(FLUX, 2020)[0] == "2020-01-01T00:00:00Z"


# --- laws ---


def test_values_equal_those_of_the_cube(cube: xr.Dataset, exported: Path) -> None:
    """Every variable, pathway and year, bit for bit; a code that is absent is the file's nodata."""
    for name in (*TARGETS, f"{STATE}_p05"):
        for pathway in ("baseline", "zero_now"):
            wanted = cube[name].sel(pathway=pathway, year=list(YEARS)).values
            with rasterio.open(exported / f"{name}.{pathway}.tif") as file:
                found = file.read()
            if name == FLAG:
                found = np.where(found == FLAG_NODATA, -1, found.astype(np.int16))
            np.testing.assert_array_equal(found, wanted)


def test_layers_without_pathway_equal_those_of_the_cube(cube: xr.Dataset, exported: Path) -> None:
    """Area, stocks and status have one band."""
    for name in ("calcareous_arable_area", "sic_stock_0_30cm", "status"):
        with rasterio.open(exported / f"{name}.tif") as file:
            assert file.count == 1
            np.testing.assert_array_equal(file.read(1), cube[name].values)


@settings(max_examples=6, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(5, 40), years=st.integers(1, 3))
def test_blocks_change_no_value(
    rows: int, columns: int, years: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Grids that are no whole number of blocks of 16 come back as they are, overviews or not."""
    at = (2020, 2050, 2100)[:years]
    small = synthetic_cube(Grid("EPSG:3035", 10_000.0, 4e6, 3e6, columns, rows), ("baseline",), at)
    folder = tmp_path_factory.mktemp("blocks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cog, "_BLOCK", 128)
        patch.setattr(cog, "_windows", lambda r, c: _windows_of(16, r, c))
        (path,) = export_cog(small, plan_cogs(small, folder, years=at, variables=[STATE]))
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(), small[STATE].sel(pathway="baseline").values)


def _windows_of(side: int, rows: int, columns: int) -> Iterator[rasterio.windows.Window]:
    for top in range(0, rows, side):
        for left in range(0, columns, side):
            yield rasterio.windows.Window(left, top, min(side, columns - left), min(side, rows - top))


# --- lazy ---


def test_a_plan_reads_nothing_and_a_file_one_block_at_a_time(cube: xr.Dataset, tmp_path: Path) -> None:
    """Planning computes nothing; writing asks for one window of all years, never for the whole."""
    with dask.config.set(scheduler=refuse_to_compute):
        files = plan_cogs(cube, tmp_path, years=YEARS, variables=[STATE])
    asked: list[tuple[int, ...]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cog, "_windows", lambda r, c: _windows_of(8, r, c))
        patch.setattr(cog, "_coded", lambda block, flags: asked.append(block.shape) or block)
        export_cog(cube, files[:1])
    assert len(asked) == -(-GRID.rows // 8) * -(-GRID.columns // 8)
    assert all(shape[0] == len(YEARS) and shape[1] <= 8 and shape[2] <= 8 for shape in asked)


# --- promises: what other tools read ---


@pytest.mark.parametrize(
    "name", [f"{STATE}.zero_now", f"{FLAG}.baseline", "calcareous_arable_area", "status"]
)
def test_rio_cogeo_finds_no_fault(name: str, exported: Path) -> None:
    """The strict validation: neither error nor warning."""
    assert cog_validate(exported / f"{name}.tif", strict=True) == (True, [], [])


def test_rio_cogeo_finds_a_fault_where_there_is_one(exported: Path, tmp_path: Path) -> None:
    """A plain striped file is none, so that the check above means something."""
    with rasterio.open(
        tmp_path / "plain.tif", "w", driver="GTiff", width=900, height=900, count=1, dtype="uint8"
    ):
        pass
    assert not cog_validate(tmp_path / "plain.tif", strict=True)[0]


def test_large_files_have_overviews(tmp_path: Path) -> None:
    """Beyond one block there are means of four cells; codes keep codes."""
    grid = Grid("EPSG:3035", 1_000.0, 4e6, 3e6, 700, 600)
    large = synthetic_cube(grid, ("baseline",), (2020,))
    area, regime = export_cog(
        large, plan_cogs(large, tmp_path, years=(2020,), variables=["calcareous_arable_area", FLAG])
    )
    assert cog_validate(area, strict=True) == (True, [], [])
    with rasterio.open(area, overview_level=0) as coarse:
        wanted = large["calcareous_arable_area"].values[300:302, 100:102].mean()
        assert coarse.shape == (300, 350)
        assert coarse.read(1)[150, 50] == pytest.approx(wanted, rel=1e-6)
    with rasterio.open(regime, overview_level=0) as coarse:
        assert set(np.unique(coarse.read(1))) <= {0, 1, 2, FLAG_NODATA}


@pytest.mark.parametrize("name", [STATE, FLUX, FLAG])
def test_a_file_says_place_time_and_unit(name: str, exported: Path) -> None:
    """EPSG:3035, north up, a band a year with its description, unit, times and statistics."""
    with rasterio.open(exported / f"{name}.baseline.tif") as file:
        assert file.crs.to_epsg() == 3035
        assert tuple(file.transform)[:6] == (50_000.0, 0.0, GRID.west, 0.0, -50_000.0, GRID.north)
        assert file.descriptions == ("2020", "2100")
        assert file.units == (TARGETS[name].unit,) * 2
        assert (file.tags(2)["time_start"], file.tags(2)["time_end"]) == band_times(name, 2100)
        assert float(file.tags(2)["STATISTICS_MEAN"]) == pytest.approx(
            float(file.read(2, masked=True).mean())
        )
        said = file.tags()
        assert (said["variable"], said["pathway"], said["recipe_digest"]) == (name, "baseline", "ab" * 32)
        assert said["long_name"] == TARGETS[name].long_name
        assert file.nodata == FLAG_NODATA if name == FLAG else np.isnan(file.nodata)


def test_gdalinfo_reads_the_file(exported: Path) -> None:
    """GDAL's own program, of whatever age: north up, axes in order, years as descriptions, nothing complained."""
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo is not installed")
    path = exported / f"{FLAG}.baseline.tif"
    done = subprocess.run(["gdalinfo", "-json", path], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert done.stderr == ""
    assert told["geoTransform"] == list(GRID.geotransform)
    assert 'ID["EPSG",3035]' in told["coordinateSystem"]["wkt"]
    assert [band["description"] for band in told["bands"]] == ["2020", "2100"]
    assert told["bands"][0]["noDataValue"] == FLAG_NODATA


def test_the_manifest_holds_size_and_digest_of_every_file(exported: Path) -> None:
    """As any tool computes them."""
    told = json.loads((exported / MANIFEST).read_text())["files"]
    assert set(told) == {path.name for path in exported.glob("*.tif")}
    content = (exported / "status.tif").read_bytes()
    assert told["status.tif"]["bytes"] == len(content)
    assert told["status.tif"]["sha256"] == hashlib.sha256(content).hexdigest()


# --- resume ---


def test_a_finished_file_is_left_as_it_is(cube: xr.Dataset, tmp_path: Path) -> None:
    """A second export writes nothing; absent files and files cut short are made again, the others stay."""
    paths = _export(cube, tmp_path, STATE, FLUX)
    paths[0].unlink()
    paths[1].write_bytes(paths[1].read_bytes()[:-100])
    before = {path: path.stat().st_mtime_ns for path in paths[2:]}
    counted: list[int] = []
    files = plan_cogs(cube, tmp_path, years=YEARS, variables=[STATE, FLUX])
    assert export_cog(cube, files, done=counted.append) == paths
    assert counted == [3, 4]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert cog_validate(paths[1], strict=True)[0]
    export_cog(cube, files, done=counted.append)
    assert counted == [3, 4]


def test_a_file_that_was_moved_into_place_but_not_recorded_is_kept(cube: xr.Dataset, tmp_path: Path) -> None:
    """Killed between the two, an export finds its own file again."""
    paths = _export(cube, tmp_path, STATE)
    before = paths[0].stat().st_mtime_ns
    (tmp_path / MANIFEST).unlink()
    _export(cube, tmp_path, STATE)
    assert paths[0].stat().st_mtime_ns == before
    assert set(Manifest.read(tmp_path).entries) == {path.name for path in paths}


def test_finished_files_are_found_with_the_years_that_they_hold(cube: xr.Dataset, tmp_path: Path) -> None:
    """Of any choice; not those of other values, cut short, or unfinished."""
    assert finished_cogs(cube, tmp_path) == []
    files = plan_cogs(cube, tmp_path, years=(2020,), variables=[STATE, FLUX], pathways=["zero_now"])
    files += plan_cogs(
        cube, tmp_path, years=YEARS, variables=["status", f"{STATE}_p05"], pathways=["baseline"]
    )
    export_cog(cube, files)
    found = finished_cogs(cube, tmp_path)
    assert sorted(file.path.name for file in found) == sorted(file.path.name for file in files)
    assert set(found) == set(files)
    files[0].path.write_bytes(files[0].path.read_bytes()[:-10])
    files[1].path.write_bytes(b"")
    assert set(finished_cogs(cube, tmp_path)) == set(files[2:])
    assert finished_cogs(cube.assign_attrs(values_digest="other"), tmp_path) == []


def test_an_interrupted_export_leaves_no_file(cube: xr.Dataset, tmp_path: Path) -> None:
    """A read that fails half way leaves neither a file of that name nor a remnant."""
    broken = unreadable(cube, STATE)
    with pytest.raises(OSError, match="disk pulled out"):
        _export(broken, tmp_path, STATE)
    assert [path.name for path in tmp_path.iterdir()] == [".export.lock"]


# --- refusals ---


def test_a_disk_that_takes_no_more_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    """An error that says what to do, no file, no remnant."""
    plan = "cog_plan.plan_cogs(cube, folder, years=(2020,), variables=[name])"
    check_full_disk(f"cog.export_cog(cube, {plan})", STATE, tmp_path)


def test_a_file_that_reads_back_otherwise_gets_no_name(
    cube: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that returns other values than it was given is told."""
    monkeypatch.setattr(cog, "_checksum", lambda path: 0)
    with pytest.raises(StoreError, match="read back differs"):
        _export(cube, tmp_path, STATE)
    assert not list(tmp_path.glob("*.tif"))


def test_a_file_that_is_not_ours_is_never_overwritten(cube: xr.Dataset, tmp_path: Path) -> None:
    """Text under the name of an export stays, and nothing is written beside it."""
    mine = tmp_path / f"{FLUX}.baseline.tif"
    mine.write_text("my notes")
    with pytest.raises(StoreError, match="does not belong to this run"):
        _export(cube, tmp_path, STATE, FLUX)
    assert mine.read_text() == "my notes"
    assert list(tmp_path.glob("*.tif")) == [mine]


def test_a_file_of_another_recipe_is_never_overwritten(cube: xr.Dataset, tmp_path: Path) -> None:
    """Another recipe's digest in the file refuses the export."""
    _export(cube, tmp_path, STATE)
    with pytest.raises(StoreError, match="does not belong to this run"):
        _export(cube.assign_attrs(recipe_digest="cd" * 32), tmp_path, STATE)


def test_two_exports_at_once_are_refused(cube: xr.Dataset, tmp_path: Path) -> None:
    """The second says who is in its way."""
    with claimed(tmp_path), pytest.raises(StoreError, match="another export writes there"):
        _export(cube, tmp_path, STATE)


def test_a_manifest_that_is_none_is_told(cube: xr.Dataset, tmp_path: Path) -> None:
    """With what to do about it."""
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(StoreError, match="files that are finished are found again"):
        _export(cube, tmp_path, STATE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.isel(y=slice(None, None, -1)), "flipped"),
        (lambda c: c.drop_vars("spatial_ref"), "no CRS"),
        (lambda c: c.assign_coords(pathway=["../baseline", "zero_now"]), "no file name"),
    ],
)
def test_a_cube_that_tools_would_misread_is_refused(cube, tmp_path, change, told) -> None:
    """Flipped axes, no CRS, a pathway that would leave the folder."""
    with pytest.raises(EurosicError, match=told) as refused:
        _export(change(cube), tmp_path / "new", STATE)
    assert isinstance(refused.value, GridError | StoreError)
    assert not (tmp_path / "new").exists()
