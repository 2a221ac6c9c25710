"""Law: what a recipe asks for comes lazily, in house units, with its provenance; each fault gives one message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dask
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import CatalogError, EurosicError, GridError, InputError, UnitError
from eurosic.base.provenance import file_digest
from eurosic.base.request import Correction, LayerRequest
from eurosic.base.vocabulary import LAYERS
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.corrections import corrected, in_house, out_of_range
from eurosic.inputs.prepare import check_layers, prepare_layers
from eurosic.inputs.store import write_inputs
from tests.inputs.rasters import GRID, catalog, clay_tif, entry, write_lonlat
from tests.toy import refuse_to_compute

CLAY = LayerRequest("clay", "clay")


def prepared(folder, *requests, sources=None):
    """The layers of some requests from the entry `clay`."""
    return prepare_layers(requests, catalog=sources or catalog(entry()), grid=GRID, data=folder)


# By hand -------------------------------------------------------------------------------------------------------


def test_units_come_first_and_corrections_after_in_order(tmp_path):
    """200 g kg-1 is 20 %; 20 x 1.5 + 1, at most 30, is 30; the reasons stand on the layer."""
    clay_tif(tmp_path, np.full(GRID.shape, 200.0, np.float32))
    steps = (
        Correction("multiply", 1.5, "too low"),
        Correction("add", 1.0, "offset"),
        Correction("at_most", 30.0, "no heavier soils here"),
        Correction("at_least", 2.0, "no lighter ones"),
    )
    asked = LayerRequest("clay", "clay", corrections=steps)
    layer = prepared(tmp_path, asked, sources=catalog(entry(unit="g kg-1")))["clay"]
    assert np.unique(layer.to_numpy()).tolist() == [30.0]
    assert layer.attrs["corrections"].startswith("multiply 1.5 (too low); add 1 (offset); at_most 30")


def test_a_layer_says_where_it_comes_from(tmp_path):
    """Units, source, kind, licence, citation, faults, grid mapping."""
    clay_tif(tmp_path)
    layer = prepared(tmp_path, CLAY, sources=catalog(entry(faults="too sandy")))["clay"]
    told = {
        "units": "%",
        "long_name": "clay content of the fine earth",
        "kind": "observed",
        "source": "clay",
        "licence": "CC0-1.0",
        "references": "made by a test",
        "known_faults": "too sandy",
        "resampling": "area_mean",
        "grid_mapping": "spatial_ref",
    }
    assert layer.attrs == told
    assert layer.rio.crs.to_epsg() == 3035


def test_a_constant_is_everywhere_and_assumed():
    """One value, with its unit, from the recipe."""
    layer = prepared(None, LayerRequest("gravel", constant=0.1))["gravel"]
    assert np.unique(layer.to_numpy()).tolist() == [np.float32(0.1)]
    assert layer.attrs["kind"] == "assumed"
    assert layer.attrs["source"] == "constant 0.1 1, from the recipe"


def test_a_table_follows_the_country_that_is_asked_for(tmp_path):
    """The package's outlines by default, or the recipe's own country."""
    rate = LayerRequest("mineral_n", "fubc-2018")
    known = load_catalog()
    by_outline = prepared(None, rate, sources=known)["mineral_n"]
    assert np.unique(by_outline.to_numpy()).tolist() == [np.float32(116.2)]
    clay_tif(tmp_path, np.full(GRID.shape, 250, np.int16))
    codes = entry(gives="country", unit="1", resampling="mode")
    sources = catalog(codes, known.source("fubc-2018"))
    layers = prepared(tmp_path, rate, LayerRequest("country", "clay"), sources=sources)
    assert np.unique(layers["mineral_n"].to_numpy()).tolist() == [np.float32(128.1)]
    assert layers["country"].dtype == np.int16


def test_the_recipe_decides_what_classes_stand_for(tmp_path):
    """Its classes stand in the place of the entry's."""
    clay_tif(tmp_path, np.full(GRID.shape, 14, np.uint8))
    cover = entry(gives="arable_fraction", unit="1", resampling="fractions", classes={14: 0.5})
    by_entry, by_recipe = (
        prepared(tmp_path, LayerRequest("arable_fraction", "clay", classes=classes), sources=catalog(cover))
        for classes in ({}, {14: 0.8})
    )
    assert float(by_entry["arable_fraction"].max()) == pytest.approx(0.5)
    assert float(by_recipe["arable_fraction"].max()) == pytest.approx(0.8)


# Laws -----------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(
    value=st.floats(0, 100),
    factor=st.floats(0.1, 3),
    low=st.floats(0, 50),
    high=st.floats(50, 100),
)
def test_limits_hold_and_corrections_do_not_touch_what_is_missing(value, factor, low, high):
    """Whatever comes before them."""
    steps = (
        Correction("multiply", factor, ""),
        Correction("at_least", low, ""),
        Correction("at_most", high, ""),
    )
    got = corrected(np.array([value, np.nan]), steps)
    assert low <= got[0] <= high
    assert np.isnan(got[1])


@given(value=st.floats(0, 1000))
def test_changing_the_unit_there_and_back_changes_nothing(value):
    """Units are linear maps."""
    there = in_house(np.array([value]), "g kg-1", "%", (), "test")
    assert there[0] == pytest.approx(value / 10)
    assert in_house(there, "%", "g kg-1", (), "test")[0] == pytest.approx(value)


def test_the_range_forgives_rounding_and_nothing_else():
    """100.00001 % after a change of unit in float32 is 100 %."""
    values = np.array([100.00001, 100.1, -0.00001, -0.1, np.nan])
    assert out_of_range(values, LAYERS["clay"]).tolist() == [False, True, False, True, False]


# Lazy -----------------------------------------------------------------------------------------------------------


def test_neither_check_nor_preparation_computes(tmp_path, shared_data):
    """Rasters, months, classes, tables, countries, constants."""
    asked = [
        LayerRequest("carbonate", "gemas-caco3"),
        LayerRequest("monthly_temperature", "era5-temperature-2000-2025"),
        LayerRequest("arable_fraction", "igbp-2019"),
        LayerRequest("mineral_n", "fubc-2018"),
        LayerRequest("country", "natural-earth-outlines"),
        LayerRequest("gravel", constant=0.1),
    ]
    place = {"catalog": load_catalog(), "grid": GRID, "data": shared_data / "inputs"}
    with dask.config.set(scheduler=refuse_to_compute):
        assert check_layers(asked, **place) == []
        layers = prepare_layers(asked, **place)
    assert set(layers) == {request.name for request in asked}


# Refusals -------------------------------------------------------------------------------------------------------


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
