"""Law: the commands after a run hold its values, go on where they stopped, and refuse what is not finished."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from click.testing import CliRunner, Result
from exactextract import exact_extract
from shapely.geometry import mapping

import eurosic
from eurosic.base.errors import StoreError
from eurosic.base.provenance import file_digest
from eurosic.cli import main
from eurosic.outputs.crate import UNLISTED
from eurosic.outputs.manifest import locked
from eurosic.report.polygon_totals import COUNTED
from eurosic.workflow.area_totals import totals_by
from eurosic.workflow.exporting import export
from tests.workflow.small import small_recipe

BOXES = {
    "west": (3_010_000, 1_560_000, 3_777_000, 2_400_000),
    "east": (4_700_000, 2_030_000, 5_811_000, 2_899_000),
}


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run whose recipe asks for GeoTIFFs with catalog and projects."""
    folder = tmp_path_factory.mktemp("run")
    recipe = small_recipe(folder, outputs={"export": ["stac", "qgis"]})
    done = _call("run", recipe, "--out", folder / "out", "--workers", 1)
    assert done.exit_code == 0, done.output
    return folder / "out"


@pytest.fixture(scope="module")
def polygons(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two boxes whose sides cut cells, and one around the whole grid."""
    with rasterio.open(finished / "cog" / "status.tif") as file:
        whole = shapely.box(*file.bounds).buffer(1000.0, join_style="mitre")
    shapes = [*(shapely.box(*box) for box in BOXES.values()), whole]
    path = tmp_path_factory.mktemp("polygons") / "regions.gpkg"
    names = np.array([*BOXES, "all"], dtype=object)
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes, dtype=object)),
        [names],
        ["name"],
        geometry_type="Polygon",
        crs="EPSG:3035",
    )
    return path


# --- export ---


def test_a_recipe_that_asks_for_projects_gets_the_rasters_they_need(finished: Path) -> None:
    """Catalog and projects bring the GeoTIFFs, of the store's own values; no NetCDF that nobody asked for."""
    cube = eurosic.open_projection(finished)
    with rasterio.open(finished / "cog" / "sic_change_0_200cm.zero_now.tif") as file:
        assert file.descriptions == ("2020", "2022", "2024")
        np.testing.assert_array_equal(file.read(), cube["sic_change_0_200cm"].sel(pathway="zero_now").values)
        assert file.tags()["values_digest"] == cube.attrs["values_digest"]
    assert (finished / "stac" / "zero_now.json").is_file()
    assert (finished / "qgis" / "sic_change_0_200cm.qgs").is_file()
    assert not (finished / "netcdf").exists()


def test_the_command_goes_on_where_it_stopped(finished: Path) -> None:
    """What is there stays; a file that is missing is made again, and the end says what there is."""
    lost = finished / "cog" / "ph_soil_0_30cm.same.tif"
    lost.unlink()
    before = {path: path.stat().st_mtime_ns for path in (finished / "cog").glob("*.tif")}
    done = _call("export", finished, "--cog", "--netcdf")
    assert done.exit_code == 0, done.output
    assert lost.is_file()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert f"{len(before) + 1} files in {finished / 'cog'}" in done.output
    assert (finished / "netcdf" / "sic_change_0_200cm.baseline.nc").is_file()


def test_a_command_that_asks_for_nothing_is_told(finished: Path) -> None:
    """With the choices."""
    done = _call("export", finished)
    assert done.exit_code == 2
    assert "--netcdf, --cog, --stac, --qgis, --crate" in done.output


def test_a_crate_lists_what_is_there(finished: Path) -> None:
    """Made after the other exports of the same command; its recipe has the digest of the run."""
    done = _call("export", finished, "--crate", "--cog")
    assert done.exit_code == 0, done.output
    assert done.output.rstrip().endswith(str(finished / "ro-crate-metadata.json"))
    graph = json.loads((finished / "ro-crate-metadata.json").read_text())["@graph"]
    parts = {entity["@id"] for entity in graph}
    assert {"cog/", "stac/", "qgis/", "projection.zarr/", "totals.csv", "recipe.json"} <= parts
    entries = {path.name for path in finished.iterdir()} - {part.rstrip("/") for part in parts}
    assert not [name for name in entries if not any(fnmatch(name, pattern) for pattern in UNLISTED)]
    recorded = json.loads((finished / "run.json").read_text())
    assert file_digest(finished / "recipe.json") == recorded["recipe_digest"]
    assert recorded["started"] <= recorded["finished"]


def test_an_unfinished_run_is_refused(finished: Path, polygons: Path, tmp_path: Path) -> None:
    """A map or a total of a part would pass for the whole."""
    part = Path(shutil.copytree(finished, tmp_path / "part"))
    next((part / "ledger").glob("*.json")).unlink()
    for command in (("export", part, "--cog"), ("totals", part, "--by", polygons)):
        done = _call(*command)
        assert done.exit_code == 2
        assert "1 of " in done.output
        assert "tiles are not finished" in done.output
    done = _call("export", tmp_path, "--cog")
    assert done.exit_code == 2
    assert "holds no projection" in done.output


# --- a choice of the run ---


@pytest.fixture
def bare(finished: Path, tmp_path: Path) -> Path:
    """A copy of the run without any export."""
    ignored = shutil.ignore_patterns("cog", "stac", "qgis", "netcdf", ".export.lock")
    return Path(shutil.copytree(finished, tmp_path / "bare", ignore=ignored))


CHANGE = "sic_change_0_200cm"


def test_one_variable_of_one_pathway_can_be_had(bare: Path) -> None:
    """Of some years, in any order and twice: one file of each kind, with the store's values of these years."""
    cube = eurosic.open_projection(bare)
    chosen = ("--variable", CHANGE, "--pathway", "zero_now", "--year", 2024, "--year", 2020, "--year", 2024)
    done = _call("export", bare, "--netcdf", "--cog", *chosen)
    assert done.exit_code == 0, done.output
    assert [path.name for path in bare.glob("cog/*.tif")] == [f"{CHANGE}.zero_now.tif"]
    assert [path.name for path in bare.glob("netcdf/*.nc")] == [f"{CHANGE}.zero_now.nc"]
    wanted = cube[CHANGE].sel(pathway="zero_now", year=[2020, 2024]).values
    with rasterio.open(bare / "cog" / f"{CHANGE}.zero_now.tif") as file:
        assert file.descriptions == ("2020", "2024")
        np.testing.assert_array_equal(file.read(), wanted)
    with netCDF4.Dataset(bare / "netcdf" / f"{CHANGE}.zero_now.nc") as file:
        np.testing.assert_array_equal(np.ma.filled(file[CHANGE][:], np.nan), wanted)


def test_catalog_and_projects_hold_what_lies_there(bare: Path) -> None:
    """What was chosen now and before, each with its own years; the project's layers are those of the files."""
    first = ("--variable", CHANGE, "--pathway", "baseline", "--year", 2024)
    second = ("--variable", CHANGE, "--variable", "status", "--pathway", "zero_now", "--year", 2022)
    for chosen in (first, second):
        done = _call("export", bare, "--stac", "--qgis", *chosen)
        assert done.exit_code == 0, done.output
    items = {path.stem: json.loads(path.read_text()) for path in bare.glob("stac/*.json")}
    assert set(items) == {"collection", "baseline", "zero_now", "layers"}
    assert [band["name"] for band in items["baseline"]["assets"][CHANGE]["bands"]] == ["2024"]
    assert items["zero_now"]["properties"]["end_datetime"] == "2022-12-31T23:59:59Z"
    (interval,) = items["collection"]["extent"]["temporal"]["interval"]
    assert interval == ["2022-01-01T00:00:00Z", "2024-12-31T23:59:59Z"]
    assert [path.name for path in bare.glob("qgis/*.qgs")] == [f"{CHANGE}.qgs"]
    layers = (bare / "qgis" / f"{CHANGE}.qgs").read_text()
    assert f"{CHANGE}_baseline_2024" in layers
    assert f"{CHANGE}_zero_now_2022" in layers
    assert "2020" not in layers
    rasters = {path.name for path in bare.glob("qgis/years/*.vrt")}
    assert rasters == {f"{CHANGE}.baseline.2024.vrt", f"{CHANGE}.zero_now.2022.vrt"}


def test_a_catalog_is_kept_in_step_with_its_files(bare: Path) -> None:
    """Rasters of other years than before: the project that lies there shows them, though nobody asked for it."""
    chosen = ("--variable", CHANGE, "--pathway", "zero_now")
    assert _call("export", bare, "--qgis", *chosen).exit_code == 0
    assert len(list(bare.glob("qgis/years/*.vrt"))) == 3
    assert _call("export", bare, "--cog", *chosen, "--year", 2022).exit_code == 0
    (raster,) = bare.glob("qgis/years/*.vrt")
    assert raster.name == f"{CHANGE}.zero_now.2022.vrt"
    with rasterio.open(raster) as shown:
        cube = eurosic.open_projection(bare)
        wanted = cube[CHANGE].sel(pathway="zero_now", year=2022).values
        np.testing.assert_array_equal(shown.read(1), wanted)
    assert not (bare / "stac").exists()


@pytest.mark.parametrize("kind", ["--cog", "--netcdf", "--stac", "--qgis"])
def test_what_the_run_does_not_hold_is_refused_with_what_it_holds(bare: Path, kind: str) -> None:
    """Variable, pathway and year at once; no folder is made."""
    done = _call(
        "export", bare, kind, "--variable", "gold", "--variable", "country", "--pathway", "x", "--year", 2021
    )
    assert done.exit_code == 2
    told = " ".join(done.output.split())
    assert "no variable 'gold'; no variable 'country'; no pathway 'x'; no year 2021" in told
    for known in ("sic_change_0_30cm", "status", "baseline, f2f_input, same, zero_now", "2020, 2022, 2024"):
        assert known in told
    assert not {"cog", "netcdf", "stac", "qgis", ".export.lock"} & {path.name for path in bare.iterdir()}


def test_a_choice_that_chooses_nothing_is_told(bare: Path) -> None:
    """A crate lists all that is there; `status` stands in every NetCDF file and is none of its own."""
    done = _call("export", bare, "--crate", "--year", 2020)
    assert done.exit_code == 2
    assert "a crate lists all" in done.output
    done = _call("export", bare, "--netcdf", "--variable", "status")
    assert done.exit_code == 2
    assert "'status' alone is no NetCDF file" in done.output


# --- one at a time ---


@pytest.mark.parametrize("kind", ["--netcdf", "--cog", "--stac", "--qgis", "--crate"])
def test_a_second_export_of_any_kind_is_kept_out(finished: Path, kind: str) -> None:
    """While one goes on, nothing of the folder is touched by another."""
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()}
    with locked(finished):
        done = _call("export", finished, kind)
    assert done.exit_code == 2
    assert "another export writes there" in done.output
    after = {path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before


def test_what_killed_exports_left_is_swept(finished: Path) -> None:
    """In the folders of exports and beside the crate; what another command is writing stays."""
    left = [
        finished / "netcdf" / ".dic_leaching.baseline.nc.4711.partial",
        finished / "cog" / ".dic_leaching.baseline.qml.node-4711.partial",
        finished / "qgis" / "years" / ".dic_leaching.baseline.2020.vrt.node-4711.partial",
        finished / ".ro-crate-metadata.json.node-4711.partial",
    ]
    others = [finished / ".report.html.node-4711.partial", finished / "explain" / ".a.csv.node-4711.partial"]
    for path in (*left, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    assert _call("export", finished, "--crate").exit_code == 0
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)
    for path in others:
        path.unlink()


def test_a_disk_without_locks_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a run: Lustre may be mounted without them; other faults of a lock are told."""

    def refuse(code: int) -> Callable[..., None]:
        def fail(*_: object) -> None:
            raise OSError(code, os.strerror(code))

        return fail

    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    with locked(tmp_path):
        pass
    monkeypatch.setattr(fcntl, "flock", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output"), locked(tmp_path):
        pass


def test_a_read_only_disk_is_told(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an error of use, with what to do."""

    def refuse(self: Path, **_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=r"Read-only file system.*what is finished is kept"):
        export(finished, ["cog"])


# --- totals by polygon ---


@pytest.fixture(scope="module")
def table(finished: Path, polygons: Path) -> pd.DataFrame:
    """The table that the command writes."""
    done = _call("totals", finished, "--by", polygons)
    assert done.exit_code == 0, done.output
    assert "3 polygons, 36 rows" in done.output
    return pd.read_csv(finished / "totals_by_regions.csv", comment="#")


def test_a_polygon_around_all_has_the_totals_of_europe(finished: Path, table: pd.DataFrame) -> None:
    """Every column of reported years equals that of totals.csv, to its six digits."""
    europe = pd.read_csv(finished / "totals.csv", comment="#").query("country == 'Europe'")
    europe = europe[europe["year"].isin(table["year"])].set_index(["pathway", "year"])
    whole = table[table["polygon"] == "all"].set_index(["pathway", "year"])
    for quantity in COUNTED:
        for column in (quantity.column, f"{quantity.column}_minus_baseline"):
            np.testing.assert_allclose(whole[column], europe.loc[whole.index, column], rtol=2e-5, atol=2e-7)
    np.testing.assert_allclose(whole["area_Mha"], europe.loc[whole.index, "area_Mha"], rtol=2e-5)
    assert (whole["share_on_grid"] < 1).all()


@pytest.mark.parametrize("name", list(BOXES))
def test_totals_equal_exactextract_on_the_exported_rasters(
    finished: Path, table: pd.DataFrame, name: str
) -> None:
    """Its own weighted sum of the GeoTIFF of each band by that of the area, by every pathway and year."""
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(shapely.box(*BOXES[name]))}
    area = finished / "cog" / "calcareous_arable_area.tif"
    rows = table[table["polygon"] == name].set_index(["pathway", "year"])
    for pathway in ("baseline", "zero_now"):
        raster = finished / "cog" / f"sic_change_0_200cm.{pathway}.tif"
        (found,) = exact_extract(str(raster), [feature], "weighted_sum", weights=str(area))
        for band, year in enumerate((2020, 2022, 2024), 1):
            kilograms = found["properties"][f"band_{band}_weight_weighted_sum"]
            assert kilograms != 0
            assert rows.loc[(pathway, year), "sic_change_0_200cm_TgC"] == pytest.approx(
                kilograms / 1e9, rel=2e-5
            )
    (found,) = exact_extract(str(area), [feature], "sum")
    assert rows["area_Mha"].iloc[0] == pytest.approx(found["properties"]["sum"] / 1e10, rel=2e-5)


def test_the_geopackage_holds_shapes_once_and_every_row(finished: Path, table: pd.DataFrame) -> None:
    """A layer of polygons with the last year by pathway, and the whole table beside it."""
    path = finished / "totals_by_regions.gpkg"
    assert {str(layer) for layer, _ in pyogrio.list_layers(path)} == {"polygons", "totals"}
    meta, _, geometry, values = pyogrio.raw.read(path, layer="polygons")
    fields = dict(zip(meta["fields"], values, strict=True))
    assert "3035" in meta["crs"]
    assert fields["polygon"].tolist() == [*BOXES, "all"]
    assert shapely.from_wkb(geometry)[0].area == pytest.approx(shapely.box(*BOXES["west"]).area)
    wanted = table.query("pathway == 'zero_now' and year == 2024")["sic_change_0_200cm_TgC"]
    np.testing.assert_allclose(fields["sic_change_0_200cm_TgC_zero_now"], wanted, rtol=2e-5)
    assert len(pyogrio.raw.read(path, layer="totals")[3][0]) == len(table)


def test_a_second_call_gives_the_same_bytes(finished: Path, polygons: Path, table: pd.DataFrame) -> None:
    """The CSV is the same on every machine and at any time."""
    path = finished / "totals_by_regions.csv"
    before = path.read_bytes()
    assert _call("totals", finished, "--by", polygons).exit_code == 0
    assert path.read_bytes() == before


def test_totals_of_other_polygons_stay(
    finished: Path, polygons: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    """Of a file with the same name, or the same file named by another field; unless they are given up."""
    path = finished / "totals_by_regions.csv"
    before = path.read_text(encoding="utf-8")
    assert f"# Polygons: regions.gpkg, SHA-256 {file_digest(polygons)}, named by name\n" in before
    feature = {
        "type": "Feature",
        "properties": {"code": "W"},
        "geometry": mapping(shapely.box(14, 47, 20, 48)),
    }
    other = tmp_path / "regions.geojson"
    other.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    done = _call("totals", finished, "--by", other)
    assert done.exit_code == 2
    assert "totals over other polygons" in done.output
    assert "--replace" in done.output
    assert path.read_text(encoding="utf-8") == before
    out = tmp_path / "mine.csv"
    assert _call("totals", finished, "--by", other, "--out", out).exit_code == 0
    assert "named by code\n" in out.read_text(encoding="utf-8")
    assert (tmp_path / "mine.gpkg").is_file()
    done = _call("totals", finished, "--by", polygons, "--out", out, "--replace")
    assert done.exit_code == 0, done.output
    assert out.read_text(encoding="utf-8") == before


def test_totals_do_not_overwrite_their_own_polygons(finished: Path, polygons: Path, tmp_path: Path) -> None:
    """Nor go where there is no folder."""
    mine = Path(shutil.copy(polygons, tmp_path / "mine.gpkg"))
    digest = file_digest(mine)
    for out in (mine.with_suffix(".csv"), tmp_path / "nowhere" / "a.csv", tmp_path / "a.txt"):
        done = _call("totals", finished, "--by", mine, "--out", out, "--replace")
        assert done.exit_code == 2
        assert (
            "its own totals" if out.stem == "mine" else "ends in .csv, in a folder that is there"
        ) in done.output
    assert file_digest(mine) == digest


def test_a_geopackage_that_cannot_be_written_is_told(
    finished: Path, polygons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an error of use; the earlier file stays, and no remnant."""
    path = finished / "totals_by_regions.gpkg"
    path.write_bytes(b"as before")

    def refuse(*_: object, **__: object) -> None:
        raise pyogrio.errors.DataSourceError("no space left")

    monkeypatch.setattr(pyogrio.raw, "write", refuse)
    with pytest.raises(StoreError, match="no space left"):
        totals_by(finished, polygons)
    assert path.read_bytes() == b"as before"
    assert not list(finished.glob(".*partial*"))


def test_polygons_elsewhere_are_refused_by_the_command(finished: Path, tmp_path: Path) -> None:
    """With the limits of the grid, and nothing written."""
    away = tmp_path / "away.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(shapely.box(-60, -30, -50, -20))}
    away.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    done = _call("totals", finished, "--by", away)
    assert done.exit_code == 2
    assert "1 of 1 polygons lie outside the grid" in done.output
    assert not (finished / "totals_by_away.csv").exists()
