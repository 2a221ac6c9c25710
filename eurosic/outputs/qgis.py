"""QGIS projects of a run: one per variable, whose time slider works, and a style beside every GeoTIFF.

*Enters:* the finished files. *Leaves:* ``qgis/VARIABLE.qgs`` with a group per pathway and a layer per year, small
virtual rasters that each show one year, ``cog/NAME.qml``. Paths are relative: the run's folder can be moved.
*Source:* OUTPUTS.md, section QGIS; project files of QGIS 3.22; GDAL's virtual format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import rasterio
import xarray as xr
from pyproj import CRS

from eurosic.base.vocabulary import AREA, TARGETS
from eurosic.outputs.cog_words import CogFile
from eurosic.outputs.exportable import STATUS
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.qgis_style import Style, style_file, styles_of

QGIS = "qgis"
_YEARS = "years"
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_VRT_TYPES = {"uint8": "Byte", "float32": "Float32"}


@dataclass(frozen=True)
class _Layer:
    """One layer of a project: its file relative to the project, and its year, 0 where it has none."""

    key: str
    title: str
    source: str
    style: Style
    year: int = 0


@dataclass(frozen=True)
class _Place:
    """Where all layers are: reference system and limits (west, south, east, north)."""

    crs: CRS
    limits: tuple[float, float, float, float]


def export_qgis(cube: xr.Dataset, files: Sequence[CogFile], folder: Path) -> list[Path]:
    """Write styles, virtual rasters and projects, and return the paths of the projects.

    They are written anew each time, each atomically: they are small, and follow from the GeoTIFFs.

    Parameters
    ----------
    cube
        The lazy cube, of which only names and place are read.
    files
        Finished GeoTIFFs; targets have a project each, with all their pathways and years.
    folder
        Made where absent.
    """
    (folder / _YEARS).mkdir(parents=True, exist_ok=True)
    said = cube[STATUS].attrs
    codes = (int(code) for code in np.atleast_1d(said["flag_values"]))
    styles = styles_of(files, dict(zip(codes, str(said["flag_meanings"]).split(), strict=True)))
    for file in files:
        # The last year is what one wants to see of a file that is opened alone.
        write_atomically(file.path.with_suffix(".qml"), style_file(styles[file.name], file.bands))
    place = _place(files[0])
    below = [
        _Layer(
            file.name,
            file.name.replace("_", " "),
            f"../{file.path.parent.name}/{file.path.name}",
            styles[file.name],
        )
        for file in files
        if file.name in (AREA.name, STATUS)
    ]
    projects = []
    for name in dict.fromkeys(file.name for file in files if file.name in TARGETS):
        groups = {
            file.pathway: list(_years(file, folder, styles[name])) for file in files if file.name == name
        }
        path = folder / f"{name}.qgs"
        write_atomically(path, _project(name, groups, below, place))
        projects.append(path)
    _forget_others(files, folder / _YEARS)
    return projects


def _forget_others(files: Sequence[CogFile], folder: Path) -> None:
    """Remove virtual rasters of years that no file holds any more: their band is another year's now."""
    shown = {f"{file.path.stem}.{year}.vrt" for file in files for year in file.years}
    for path in folder.glob("*.vrt"):
        if path.name not in shown:
            path.unlink()


def _place(file: CogFile) -> _Place:
    with rasterio.open(file.path) as source:
        return _Place(CRS.from_wkt(source.crs.to_wkt()), tuple(source.bounds))


def _years(file: CogFile, folder: Path, style: Style) -> Iterator[_Layer]:
    """Write a virtual raster for each year of a file; the newest year comes first, on top."""
    with rasterio.open(file.path) as source:
        for band, year in reversed(list(enumerate(file.years, 1))):
            name = f"{file.path.stem}.{year}.vrt"
            write_atomically(folder / _YEARS / name, _virtual(source, file, band))
            key = f"{file.name}_{file.pathway}_{year}".replace("-", "_")
            yield _Layer(key, str(year), f"{_YEARS}/{name}", style, year)


def _virtual(source: rasterio.io.DatasetReader, file: CogFile, band: int) -> str:
    """Return a virtual raster of one band of a file, in GDAL's XML."""
    width, height = str(source.width), str(source.height)
    root = ET.Element("VRTDataset", {"rasterXSize": width, "rasterYSize": height})
    # The order of a map's axes, east first, is GDAL's own convention and must be said.
    ET.SubElement(root, "SRS", {"dataAxisToSRSAxisMapping": "2,1"}).text = source.crs.to_wkt()
    ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(v)) for v in source.transform.to_gdal())
    kind = _VRT_TYPES[source.dtypes[band - 1]]
    made = ET.SubElement(root, "VRTRasterBand", {"dataType": kind, "band": "1"})
    ET.SubElement(made, "Description").text = source.descriptions[band - 1]
    ET.SubElement(made, "UnitType").text = source.units[band - 1]
    ET.SubElement(made, "NoDataValue").text = f"{source.nodata:g}"
    simple = ET.SubElement(made, "SimpleSource")
    path = f"../../{file.path.parent.name}/{file.path.name}"
    ET.SubElement(simple, "SourceFilename", {"relativeToVRT": "1"}).text = path
    ET.SubElement(simple, "SourceBand").text = str(band)
    # Told here, size and blocks need no look into the file: a project of a hundred layers opens at once.
    ET.SubElement(
        simple,
        "SourceProperties",
        {
            "RasterXSize": width,
            "RasterYSize": height,
            "DataType": kind,
            "BlockXSize": "512",
            "BlockYSize": "512",
        },
    )
    for rect in ("SrcRect", "DstRect"):
        ET.SubElement(simple, rect, {"xOff": "0", "yOff": "0", "xSize": width, "ySize": height})
    ET.indent(root, " ")
    return ET.tostring(root, "unicode") + "\n"


def _project(name: str, groups: dict[str, list[_Layer]], below: Sequence[_Layer], place: _Place) -> str:
    root = ET.Element("qgis", {"version": "3.22.0", "projectname": TARGETS[name].long_name})
    ET.SubElement(root, "title").text = TARGETS[name].long_name
    ET.SubElement(root, "projectCrs").append(_reference(place.crs))
    _tree(root, groups, below)
    canvas = ET.SubElement(root, "mapcanvas", {"name": "theMapCanvas"})
    ET.SubElement(canvas, "units").text = "meters"
    _limits(canvas, place)
    ET.SubElement(canvas, "destinationsrs").append(_reference(place.crs))
    layers = [*(layer for group in groups.values() for layer in group), *below]
    held = ET.SubElement(root, "projectlayers")
    for layer in layers:
        held.append(_map_layer(layer, place))
    order = ET.SubElement(root, "layerorder")
    for layer in layers:
        ET.SubElement(order, "layer", {"id": layer.key})
    said = ET.SubElement(root, "properties")
    ET.SubElement(ET.SubElement(said, "Paths"), "Absolute", {"type": "bool"}).text = "false"
    # Without this word of old, QGIS reads no reference system of a project.
    reference = ET.SubElement(said, "SpatialRefSys")
    ET.SubElement(reference, "ProjectionsEnabled", {"type": "int"}).text = "1"
    years = [layer.year for layer in layers if layer.year]
    settings = {"frameRate": "1", "timeStep": "1", "timeStepUnit": "y", "cumulativeTemporalRange": "0"}
    times = ET.SubElement(root, "ProjectTimeSettings", settings)
    _span(ET.SubElement(times, "TemporalRange"), min(years), max(years))
    ET.indent(root, " ")
    return _DOCTYPE + ET.tostring(root, "unicode") + "\n"


def _tree(root: ET.Element, groups: dict[str, list[_Layer]], below: Sequence[_Layer]) -> None:
    """Write the legend: pathways of which one is shown at a time, and what lies below them, not shown."""
    tree = ET.SubElement(root, "layer-tree-group")
    said = {"name": "pathways", "expanded": "1", "checked": "Qt::Checked", "mutually-exclusive": "1"}
    pathways = ET.SubElement(tree, "layer-tree-group", {**said, "mutually-exclusive-child": "0"})
    for i, (pathway, layers) in enumerate(groups.items()):
        shown = "Qt::Unchecked" if i else "Qt::Checked"
        group = ET.SubElement(
            pathways, "layer-tree-group", {"name": pathway, "expanded": "0", "checked": shown}
        )
        for layer in layers:
            _leaf(group, layer, shown=True)
    for layer in below:
        _leaf(tree, layer, shown=False)


def _leaf(group: ET.Element, layer: _Layer, *, shown: bool) -> None:
    said = {
        "id": layer.key,
        "name": layer.title,
        "source": layer.source,
        "providerKey": "gdal",
        "expanded": "0",
        "checked": "Qt::Checked" if shown else "Qt::Unchecked",
    }
    ET.SubElement(group, "layer-tree-layer", said)


def _map_layer(layer: _Layer, place: _Place) -> ET.Element:
    made = ET.Element("maplayer", {"type": "raster", "styleCategories": "AllStyleCategories"})
    _limits(made, place)
    ET.SubElement(made, "id").text = layer.key
    ET.SubElement(made, "datasource").text = layer.source
    ET.SubElement(made, "layername").text = layer.title
    ET.SubElement(made, "srs").append(_reference(place.crs))
    ET.SubElement(made, "provider").text = "gdal"
    if layer.year:
        temporal = ET.SubElement(made, "temporal", {"mode": "0", "enabled": "1", "fetchMode": "0"})
        _span(ET.SubElement(temporal, "fixedRange"), layer.year, layer.year)
    made.append(layer.style.pipe(1))
    ET.SubElement(made, "blendMode").text = "0"
    return made


def _limits(parent: ET.Element, place: _Place) -> None:
    extent = ET.SubElement(parent, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), place.limits, strict=True):
        ET.SubElement(extent, name).text = repr(float(value))


def _span(parent: ET.Element, first: int, last: int) -> None:
    # A state is of 31 December, but stands for its year: the slider must not step over it.
    ET.SubElement(parent, "start").text = f"{first}-01-01T00:00:00Z"
    ET.SubElement(parent, "end").text = f"{last}-12-31T23:59:59Z"


def _reference(crs: CRS) -> ET.Element:
    made = ET.Element("spatialrefsys")
    # The whole text: of a code alone, QGIS reads nothing in a project.
    ET.SubElement(made, "wkt").text = crs.to_wkt()
    if code := crs.to_authority():
        ET.SubElement(made, "srid").text = code[1]
        ET.SubElement(made, "authid").text = ":".join(code)
    ET.SubElement(made, "description").text = crs.name
    return made
