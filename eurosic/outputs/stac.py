"""A STAC catalog of a run's GeoTIFFs: one collection, one item per pathway, one for what has no pathway.

*Enters:* the lazy cube, the finished files and their manifest. *Leaves:* plain JSON with relative links, so that the
folder can be moved or served as it is. *Source:* STAC 1.1; projection extension 2.0, file extension 2.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pystac
import rasterio
import xarray as xr
from pyproj import CRS, Transformer
from shapely.geometry import Polygon, mapping

from eurosic.outputs import cf
from eurosic.outputs.cog_words import CogFile
from eurosic.outputs.exportable import STATUS
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.manifest import Manifest

STAC = "stac"
LAYERS = "layers"  # the item of what has no pathway
_PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
_FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
# Multihash: 0x12 is SHA-256, 0x20 its length in bytes.
_SHA256 = "1220"
_POINTS_A_SIDE = 21


def export_stac(cube: xr.Dataset, files: Sequence[CogFile], folder: Path) -> list[Path]:
    """Write the collection and its items and return their paths, the collection first.

    Files are written anew each time, each atomically: they are small, and follow from the GeoTIFFs.

    Raises
    ------
    StoreError
        If the manifest of the GeoTIFFs cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.read(files[0].path.parent)
    collection = _collection(cube, files)
    paths = [folder / "collection.json"]
    for pathway in dict.fromkeys(file.pathway for file in files):
        item = _item(cube, pathway, [file for file in files if file.pathway == pathway], manifest)
        collection.add_item(item)
        paths.append(folder / f"{item.id}.json")
        item.set_self_href(str(paths[-1].resolve()))
    collection.set_self_href(str(paths[0].resolve()))
    collection.set_root(None)
    for node, path in zip((collection, *collection.get_items()), paths, strict=True):
        write_atomically(path, json.dumps(_relative(node), indent=1) + "\n")
    return paths


def _relative(node: pystac.Collection | pystac.Item) -> dict[str, object]:
    """Return the JSON of a node whose links are names in its folder: wherever it is moved, they hold."""
    told = node.to_dict(include_self_link=False, transform_hrefs=False)
    for link in told["links"]:
        link["href"] = "./" + Path(str(link["href"])).name
    return {str(key): value for key, value in told.items()}


def _years(cube: xr.Dataset, files: Iterable[CogFile]) -> list[int]:
    """Return the years that files hold; those of the cube where all are without year."""
    return sorted({year for file in files for year in file.years}) or [
        int(year) for year in cube["year"].values
    ]


def _collection(cube: xr.Dataset, files: Sequence[CogFile]) -> pystac.Collection:
    about, years = cube.attrs, _years(cube, files)
    west, south, east, north = _outline(cube).bounds
    span = [[datetime(years[0], 1, 1, tzinfo=UTC), datetime(years[-1], 12, 31, 23, 59, 59, tzinfo=UTC)]]
    title = str(about.get("title", "eurosic projection"))
    return pystac.Collection(
        id=f"{_slug(title)}-{str(about.get('recipe_digest', ''))[:8]}".strip("-"),
        title=title,
        description=f"{about.get('summary', title)} Values are per m2 of calcareous arable soil.",
        license="other",  # that of each input; run.json names them
        keywords=["soil inorganic carbon", "carbonate", "nitrogen", "cropland", "Europe"],
        extent=pystac.Extent(pystac.SpatialExtent([[west, south, east, north]]), pystac.TemporalExtent(span)),
        extra_fields={
            f"eurosic:{key}": str(value)
            for key, value in about.items()
            if str(key).endswith("digest") or key in ("predictor", "source", "license")
        },
    )


def _item(cube: xr.Dataset, pathway: str, files: Sequence[CogFile], manifest: Manifest) -> pystac.Item:
    years = _years(cube, files)
    # What has no pathway is of the first day; a pathway spans the years of its files.
    last = datetime(years[-1], 12, 31, 23, 59, 59, tzinfo=UTC) if pathway else None
    start = datetime(years[0], 1, 1, tzinfo=UTC)
    outline = _outline(cube)
    crs = CRS.from_wkt(cube.coords["spatial_ref"].attrs["crs_wkt"])
    west, width, _, north, _, height = (
        float(v) for v in cube.coords["spatial_ref"].attrs["GeoTransform"].split()
    )
    code = crs.to_authority()
    item = pystac.Item(
        id=_slug(pathway) or LAYERS,
        geometry=mapping(outline),
        bbox=list(outline.bounds),
        datetime=None if pathway else start,
        start_datetime=start if pathway else None,
        end_datetime=last,
        properties={
            "title": pathway or "layers without pathway",
            "proj:code": ":".join(code) if code else None,
            "proj:shape": [cube.sizes["y"], cube.sizes["x"]],
            "proj:transform": [width, 0.0, west, 0.0, height, north],
            **({"eurosic:pathway": pathway} if pathway else {}),
        },
        stac_extensions=[_PROJECTION, _FILE],
    )
    for file in files:
        item.add_asset(file.name, _asset(file, manifest))
    return item


def _asset(file: CogFile, manifest: Manifest) -> pystac.Asset:
    entry = manifest.entries[file.path.name]
    said = {"long_name": "why a cell has a value, or none", "units": "1"}
    if file.name != STATUS:
        said = {key: str(value) for key, value in cf.data_attributes(file.name).items()}
    return pystac.Asset(
        href=f"../{file.path.parent.name}/{file.path.name}",
        title=said["long_name"],
        description=said.get("comment"),
        media_type=pystac.MediaType.COG,
        roles=["quality" if file.name == STATUS else "data"],
        extra_fields={
            "bands": list(_bands(file, said["units"])),
            "file:size": entry.bytes,
            "file:checksum": _SHA256 + entry.sha256,
        },
    )


def _bands(file: CogFile, unit: str) -> Iterable[dict[str, object]]:
    with rasterio.open(file.path) as source:
        for band in range(1, source.count + 1):
            tags = source.tags(band)
            names = {"minimum": "MINIMUM", "maximum": "MAXIMUM", "mean": "MEAN", "stddev": "STDDEV"}
            found = {
                key: float(tags[f"STATISTICS_{of}"])
                for key, of in names.items()
                if f"STATISTICS_{of}" in tags
            }
            yield {
                "name": source.descriptions[band - 1],
                "data_type": source.dtypes[band - 1],
                "nodata": int(source.nodata) if file.flags else "nan",
                "unit": unit,
                # A band without any value has no statistics, and STAC wants none that is empty.
                **({"statistics": found} if found else {}),
            }


def _outline(cube: xr.Dataset) -> Polygon:
    """Return the limits of the grid in degrees; its sides are curved there, so each has points between."""
    reference = cube.coords["spatial_ref"].attrs
    west, width, _, north, _, height = (float(v) for v in reference["GeoTransform"].split())
    east, south = west + width * cube.sizes["x"], north + height * cube.sizes["y"]
    part = [i / (_POINTS_A_SIDE - 1) for i in range(_POINTS_A_SIDE - 1)]
    ring = [(west + p * (east - west), south) for p in part] + [
        (east, south + p * (north - south)) for p in part
    ]
    ring += [(east - p * (east - west), north) for p in part] + [
        (west, north - p * (north - south)) for p in part
    ]
    to_degrees = Transformer.from_crs(CRS.from_wkt(reference["crs_wkt"]), CRS(4326), always_xy=True)
    return Polygon([to_degrees.transform(x, y) for x, y in ring])


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")
