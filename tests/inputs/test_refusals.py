"""Law: each thing that is wrong with a source gives one clear message, and nothing gets its name."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from eurosic.base.errors import CatalogError, EurosicError, GridError, InputError, UnitError
from eurosic.base.provenance import file_digest
from eurosic.base.request import Correction, LayerRequest
from eurosic.inputs.prepare import check_layers, prepare_layers
from eurosic.inputs.store import write_inputs
from tests.inputs.rasters import GRID, catalog, clay_tif, entry, write_lonlat

CLAY = LayerRequest("clay", "clay")


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong, and what is said of it; `late` faults show only in the values."""

    said: str
    error: type[EurosicError] = CatalogError
    entry: dict[str, object] = field(default_factory=dict)
    file: Callable[[Path], object] = clay_tif
    request: LayerRequest = CLAY
    late: bool = False


def cells(value, dtype=np.float32):
    """Clay.tif with one value everywhere."""
    return lambda folder: clay_tif(folder, np.full(GRID.shape, value, dtype))


def with_tags(**tags):
    """Clay.tif with these tags."""
    return lambda folder: clay_tif(folder, tags=tags)


def truncated(folder, **tags):
    """The first 60 % of a raster of noise, as a broken download leaves it."""
    noise = np.random.default_rng(0).uniform(0, 100, (600, 800)).astype(np.float32)
    path = clay_tif(folder, noise, pixel=10.0, tags=tags)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])


def truncated_before_its_directory(folder):
    """The same where the directory stands at the end of the file."""
    truncated(folder, unit="%")


def text_file(folder):
    """A page that says why the download failed."""
    (folder / "clay.tif").write_text("<html>404</html>")


def elsewhere(folder):
    """A raster of another country."""
    clay_tif(folder, corner=(3_000_000.0, 2_000_000.0))


def mixed_up(folder):
    """A raster in degrees that says it is in metres."""
    clay_tif(folder, corner=(11.0, 49.0), pixel=0.1)


def netcdf(folder):
    """Variables sand and silt over latitude and longitude."""
    lat, lon = np.array([49.0, 48.5, 48.0]), np.array([11.0, 11.5, 12.0])
    data = {name: np.ones((3, 3), np.float32) for name in ("sand", "silt")}
    write_lonlat(folder / "clay.nc", data, axes={"lat": lat, "lon": lon})


def rates(text):
    """A table by country."""
    return lambda folder: (folder / "rates.csv").write_text(text)


NETCDF = {"format": "netcdf", "path": "clay.nc"}
TABLE = {"format": "country-table", "path": "rates.csv", "gives": "mineral_n", "unit": "kg ha-1 yr-1"}
MINERAL = LayerRequest("mineral_n", "clay")
CLASSES = {"gives": "arable_fraction", "unit": "1", "resampling": "fractions"}
ARABLE = LayerRequest("arable_fraction", "clay", classes={12: 1.0})

BROKEN = {
    "absent file": Broken("no file", file=lambda folder: None),
    "folder instead of a file": Broken(
        "is a folder; wanted a geotiff", file=lambda d: (d / "clay.tif").mkdir()
    ),
    "unknown source": Broken("Did you mean 'clay'?", request=LayerRequest("clay", "cly")),
    "unknown layer": Broken("Did you mean 'clay'?", request=LayerRequest("clai", "clay")),
    "source of another layer": Broken("gives clay; wanted sand", request=LayerRequest("sand", "clay")),
    "unknown format": Broken("format 'geotif' has no reader", entry={"format": "geotif"}),
    "not a raster": Broken("cannot be opened as geotiff", InputError, file=text_file),
    "wrong format": Broken("cannot be opened as netcdf", InputError, entry={"format": "netcdf"}),
    "wrong band": Broken("wants band 3, and clay.tif has 1", entry={"band": 3}),
    "band 0": Broken("wants band 0", entry={"band": 0}),
    "unknown variable": Broken(
        "has sand, silt. Did you mean", entry=NETCDF | {"variables": "sandy"}, file=netcdf
    ),
    "variable not said": Broken("wants variable ''", entry=NETCDF, file=netcdf),
    "no CRS": Broken("states no coordinate reference system", GridError, file=with_tags(crs=None)),
    "unknown CRS": Broken("crs 'EPSG:999' is unknown", entry={"crs": "EPSG:999"}, file=with_tags(crs=None)),
    "no overlap": Broken("does not overlap the grid", GridError, file=elsewhere),
    "degrees taken for metres": Broken("does not overlap the grid", GridError, file=mixed_up),
    "unit of the file": Broken(
        "states the unit 'g kg-1'; wanted '%'", UnitError, file=with_tags(unit="g kg-1")
    ),
    "two months": Broken(
        "has 2 time steps; wanted 12 months",
        InputError,
        {"time": "month"},
        lambda d: clay_tif(d, np.ones((2, 6, 8), np.float32)),
    ),
    "wrong digest": Broken("has files with digest", entry={"digest": "0" * 64}),
    "classes of no classes": Broken(
        "is no map of classes", request=LayerRequest("clay", "clay", classes={1: 1.0})
    ),
    "no classes": Broken(
        "maps classes, and none is asked for", entry=CLASSES, request=LayerRequest("arable_fraction", "clay")
    ),
    "source and constant": Broken(
        "needs a source or a constant", request=LayerRequest("clay", "clay", constant=3.0)
    ),
    "neither of both": Broken("needs a source or a constant", request=LayerRequest("clay")),
    "constant out of range": Broken(
        "is 300 % everywhere; wanted 0 to 100 %", InputError, request=LayerRequest("clay", constant=300.0)
    ),
    "constant that is no number": Broken(
        "is nan % everywhere", InputError, request=LayerRequest("clay", constant=float("nan"))
    ),
    "unknown correction": Broken(
        "correction 'divide' by 2",
        request=LayerRequest("clay", "clay", corrections=(Correction("divide", 2.0, ""),)),
    ),
    "table with an unknown country": Broken(
        "country 'GRM' is unknown", InputError, TABLE, rates("iso3,mineral_n\nGRM,8\n"), MINERAL
    ),
    "table with a word": Broken(
        "mineral_n is 'much'", InputError, TABLE, rates("iso3,mineral_n\nDEU,much\n"), MINERAL
    ),
    "table without the column": Broken(
        "wants column 'mineral_n'", CatalogError, TABLE, rates("iso3,n\nDEU,8\n"), MINERAL
    ),
    "negative nitrogen": Broken(
        "mineral_n of Germany is -8 kg ha-1 yr-1; wanted 0 to 600",
        InputError,
        TABLE,
        rates("iso3,mineral_n\nDEU,-8\n"),
        MINERAL,
    ),
    "nitrogen in grams": Broken(
        "is 800 kg ha-1 yr-1",
        InputError,
        TABLE | {"unit": "g m-2 yr-1"},
        rates("iso3,mineral_n\nDEU,80\n"),
        MINERAL,
    ),
    "truncated file": Broken("cannot be read", InputError, file=truncated, late=True),
    "truncated directory": Broken(
        "cannot be opened as geotiff", InputError, file=truncated_before_its_directory
    ),
    "all nodata": Broken(
        "has no value in any cell", InputError, {"nodata": -1}, cells(-1, np.int16), late=True
    ),
    "per cent taken for share": Broken(
        "48 values outside the valid range; first at y 2849500, x 4400500: 3000 %",
        InputError,
        {"unit": "1"},
        cells(30.0),
        late=True,
    ),
    "nodata that nobody stated": Broken(
        "-9999 %; wanted 0 to 100 %", InputError, file=cells(-9999.0), late=True
    ),
    "class not on the map": Broken(
        "no cell holds any of the classes {12: 1.0}",
        InputError,
        CLASSES,
        cells(211, np.uint8),
        ARABLE,
        late=True,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_gives_one_clear_message(tmp_path, name):
    """`check` finds what headers and tables tell; the rest is found before anything gets its name."""
    broken = BROKEN[name]
    broken.file(tmp_path)
    place = {"catalog": catalog(entry(**broken.entry)), "grid": GRID, "data": tmp_path}
    problems = check_layers([broken.request], **place)
    if broken.late:
        assert problems == []
        layers = prepare_layers([broken.request], **place)
        with pytest.raises(broken.error) as caught:
            write_inputs(tmp_path / "inputs.zarr", layers, grid=GRID, digest="d")
        problems = [caught.value]
    assert len(problems) == 1
    assert isinstance(problems[0], broken.error)
    assert broken.said in str(problems[0])
    assert not (tmp_path / "inputs.zarr").exists()


def test_all_problems_are_found_at_once(tmp_path):
    """One for each layer, in order, and one for a layer asked for twice."""
    clay_tif(tmp_path)
    asked = [CLAY, CLAY, LayerRequest("sand", "clay"), LayerRequest("gravel", constant=4.0)]
    problems = check_layers(asked, catalog=catalog(entry()), grid=GRID, data=tmp_path)
    said = ["'clay': is asked for twice", "gives clay; wanted sand", "is 4 1 everywhere"]
    assert len(problems) == len(said)
    for problem, text in zip(problems, said, strict=True):
        assert text in str(problem)


def test_a_digest_that_is_kept_is_no_problem(tmp_path):
    """The file is the one that the entry means."""
    digest = file_digest(clay_tif(tmp_path))
    sources = catalog(entry(digest=digest))
    assert check_layers([CLAY], catalog=sources, grid=GRID, data=tmp_path) == []


def outlines(folder):
    """One country as GeoJSON."""
    ring = [[11.0, 48.0], [12.0, 48.0], [12.0, 49.0], [11.0, 48.0]]
    feature = {"type": "Feature", "properties": {"iso_n3": "276"}}
    feature["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    path = folder / "lines.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def rate_table(folder):
    """Two countries as CSV."""
    path = folder / "rates.csv"
    path.write_text("# comment\niso3,mineral_n,note\nDEU,80,a\nFRA,72.5,b\n")
    return path


def damaged(raw, rng):
    """Bytes changed, cut off or put in, as bad disks and bad downloads do."""
    bytes_ = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        at = rng.randrange(len(bytes_))
        how = rng.random()
        if how < 0.6:
            bytes_[at] = rng.randrange(256)
        elif how < 0.8:
            del bytes_[at + 1 :]
        else:
            bytes_[at:at] = rng.randbytes(rng.randrange(1, 5))
    return bytes(bytes_)


LINES = {"format": "outlines", "path": "lines.geojson", "gives": "country", "unit": "1"}
WHOLE = {
    "geotiff": (lambda folder: clay_tif(folder, tags={"nodata": -1.0, "scale": 0.5}), {}),
    "table": (rate_table, TABLE),
    "outlines": (outlines, LINES),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", WHOLE)
def test_a_damaged_file_gives_values_or_one_of_our_errors(tmp_path, kind):
    """200 random damages each, seeded; nothing else may come out."""
    write, changes = WHOLE[kind]
    path, source, rng = write(tmp_path), entry(**changes), random.Random(1)
    raw, seen = path.read_bytes(), set()
    for _ in range(200):
        path.write_bytes(damaged(raw, rng))
        asked = LayerRequest(source.gives[0], "clay")
        try:
            layers = prepare_layers([asked], catalog=catalog(source), grid=GRID, data=tmp_path)
            seen.add(layers[asked.name].compute(scheduler="sync").shape)
        except EurosicError as error:
            seen.add(type(error))
    assert len(seen) >= 2
