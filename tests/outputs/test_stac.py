"""Law: a catalog is valid STAC, says what each file and its bytes are, and holds wherever it is moved."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from pathlib import Path

import jsonschema
import pystac
import pytest
import rasterio
from shapely.geometry import Point, shape

from eurosic.base.vocabulary import TARGETS
from eurosic.outputs.cog import export_cog
from eurosic.outputs.cog_plan import COG, plan_cogs
from eurosic.outputs.stac import LAYERS, STAC, export_stac
from tests.report.synthetic import GRID, synthetic_cube

STATE, FLUX = "sic_change_0_200cm", "dic_leaching"
AREA = "calcareous_arable_area"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four variables exported, and their catalog."""
    folder = tmp_path_factory.mktemp("run")
    cube = synthetic_cube(pathways=("baseline", "zero_now"))
    files = plan_cogs(cube, folder / COG, years=(2020, 2050, 2100), variables=[STATE, FLUX, AREA, "status"])
    export_cog(cube, files)
    export_stac(cube, files, folder / STAC)
    return folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be fetched."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_the_core_schemas_find_no_fault(run: Path, offline: None) -> None:
    """Collection and items against the schemas that pystac ships; extensions' schemas are not among them."""
    collection = pystac.Collection.from_file(str(run / STAC / "collection.json"))
    assert collection.validate()
    for item in collection.get_items():
        told = item.to_dict() | {"stac_extensions": []}
        assert pystac.Item.from_dict(told).validate()


def test_the_core_schemas_find_a_fault_where_there_is_one(run: Path, offline: None) -> None:
    """An item without a time does not pass, so that the check above means something."""
    told = json.loads((run / STAC / "baseline.json").read_text()) | {"stac_extensions": []}
    del told["properties"]["start_datetime"]
    with pytest.raises(pystac.STACValidationError):
        pystac.validation.validate_dict(told, pystac.STACObjectType.ITEM)


# What the published schemas of both extensions ask of the fields that bear their prefix, read from projection 2.0 and
# file 2.1: no other field of the prefix, and each of its type.
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_EXTENSIONS = {
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json": {
        "proj:code": {"type": ["string", "null"], "pattern": "^[A-Z]+:[0-9]+$"},
        "proj:shape": {
            "type": "array",
            "minItems": 2,
            "maxItems": 2,
            "items": {"type": "integer", "minimum": 1},
        },
        "proj:transform": {**_NUMBERS, "oneOf": [{"minItems": n, "maxItems": n} for n in (6, 9)]},
        "proj:bbox": {**_NUMBERS, "oneOf": [{"minItems": n, "maxItems": n} for n in (4, 6)]},
    },
    "https://stac-extensions.github.io/file/v2.1.0/schema.json": {
        "file:checksum": {"type": "string", "pattern": "^[a-f0-9]+$"},
        "file:size": {"type": "integer", "minimum": 0},
    },
}


def _faults(item: dict) -> list[str]:
    """What an item does against the extensions that it names."""
    found = []
    for address in item["stac_extensions"]:
        known = _EXTENSIONS[address]
        prefix = next(iter(known)).split(":")[0]
        rule = {
            "type": "object",
            "properties": known,
            "patternProperties": {f"^(?!{prefix}:)": {}},
            "additionalProperties": False,
        }
        validator = jsonschema.Draft7Validator(rule)
        for part in (item["properties"], *item["assets"].values()):
            found += [fault.message for fault in validator.iter_errors(part)]
    return found


def test_the_extensions_find_no_fault(run: Path, offline: None) -> None:
    """Every item names both extensions, uses no field of theirs that they do not know, and each as they ask."""
    paths = [path for path in (run / STAC).glob("*.json") if path.name != "collection.json"]
    assert len(paths) == 3
    for path in paths:
        item = json.loads(path.read_text())
        assert set(item["stac_extensions"]) == set(_EXTENSIONS)
        assert _faults(item) == []
        # Their fields that pystac reads are what was written.
        read = pystac.Item.from_file(str(path))
        assert read.ext.proj.code == "EPSG:3035"
        assert all(asset.ext.file.size > 0 for asset in read.assets.values())


def test_the_extensions_find_a_fault_where_there_is_one(run: Path) -> None:
    """An outdated field, a checksum in capitals, a transform of five numbers."""
    item = json.loads((run / STAC / "baseline.json").read_text())
    item["properties"] |= {"proj:epsg": 3035, "proj:transform": [1.0] * 5}
    next(iter(item["assets"].values()))["file:checksum"] = "12AB"
    assert len(_faults(item)) == 3


def test_every_pathway_is_an_item_and_every_file_an_asset(run: Path) -> None:
    """Two pathways, and what has none."""
    collection = pystac.Collection.from_file(str(run / STAC / "collection.json"))
    items = {item.id: item for item in collection.get_items()}
    assert set(items) == {"baseline", "zero_now", LAYERS}
    assert set(items["zero_now"].assets) == {STATE, FLUX}
    assert set(items[LAYERS].assets) == {AREA, "status"}
    assert items["baseline"].properties["start_datetime"] == "2020-01-01T00:00:00Z"
    assert items["baseline"].properties["end_datetime"] == "2100-12-31T23:59:59Z"


def test_an_asset_says_bands_units_bytes_and_checksum(run: Path) -> None:
    """A band a year with the unit of the variable; the checksum is a multihash of the file's SHA-256."""
    told = json.loads((run / STAC / "zero_now.json").read_text())["assets"][STATE]
    content = (run / COG / f"{STATE}.zero_now.tif").read_bytes()
    assert [band["name"] for band in told["bands"]] == ["2020", "2050", "2100"]
    assert {band["unit"] for band in told["bands"]} == {TARGETS[STATE].unit}
    assert told["bands"][2]["statistics"]["maximum"] < 0
    assert told["file:size"] == len(content)
    assert told["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()


def test_the_projection_is_that_of_the_file(run: Path) -> None:
    """Code, shape and transform are what rasterio reads."""
    told = json.loads((run / STAC / "baseline.json").read_text())
    with rasterio.open(run / COG / f"{STATE}.baseline.tif") as file:
        assert told["properties"]["proj:transform"] == list(file.transform)[:6]
        assert told["properties"]["proj:shape"] == list(file.shape)
    assert told["properties"]["proj:code"] == "EPSG:3035"


def test_the_outline_holds_the_middle_of_the_grid(run: Path) -> None:
    """In degrees, east first: (3 500 000, 2 350 000) of EPSG:3035 is near 0.7 E, 43.9 N."""
    told = json.loads((run / STAC / "baseline.json").read_text())
    outline = shape(told["geometry"])
    middle = (GRID.west + 600_000.0, GRID.north - 750_000.0)
    assert middle == (3_500_000.0, 2_350_000.0)
    assert outline.is_valid
    assert outline.contains(Point(0.7, 43.9))
    assert told["bbox"] == pytest.approx(list(outline.bounds))


def test_a_catalog_that_is_moved_still_finds_its_files(run: Path, tmp_path: Path, offline: None) -> None:
    """No link and no asset names a place outside the run's folder."""
    moved = Path(shutil.copytree(run, tmp_path / "elsewhere"))
    assert str(run) not in "".join(path.read_text() for path in (moved / STAC).glob("*.json"))
    collection = pystac.Collection.from_file(str(moved / STAC / "collection.json"))
    hrefs = [asset.get_absolute_href() for item in collection.get_items() for asset in item.assets.values()]
    assert len(hrefs) == 6
    for href in hrefs:
        assert Path(str(href)).resolve().parent == (moved / COG).resolve()
        assert Path(str(href)).is_file()
