"""Polygons of a file on the grid of a run: their names, their shapes, and how much of each cell they cover.

*Enters:* a file that GDAL reads (GeoJSON, GeoPackage, Shapefile), a grid. *Leaves:* polygons in the grid's own
projection; for each, its study cells with the share of their surface that lies in it. Must not know values.
*Source:* exactextract (Baston 2021), whose cover fractions are exact for straight edges in the grid's projection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS, Transformer
from shapely.geometry import mapping

from eurosic.base.errors import GridError, InputError
from eurosic.base.grid import Grid

# Fields that name a polygon, if nobody says which: NUTS first.
_NAMES = ("NUTS_ID", "nuts_id", "id", "ID", "code", "CODE", "iso_a3", "ISO_A3", "name", "NAME")
# An edge that is straight in degrees is curved on the map: longer ones than this share of the polygon are cut.
_LONGEST_EDGE = 0.01


@dataclass(frozen=True)
class Polygons:
    """Polygons in the projection of a grid: unique names, shapes, and the share of each that lies on the grid.

    `field` is the field of the file that names them, empty where they are numbered.
    """

    names: tuple[str, ...]
    shapes: NDArray[np.object_]
    on_grid: NDArray[np.float64]
    field: str = ""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.names)


@dataclass(frozen=True)
class Cover:
    """The study cells of a polygon: place in the grid (row x columns + column) and share covered, ``(cell,)``."""

    cells: NDArray[np.int64]
    shares: NDArray[np.float64]


def read_polygons(path: Path, grid: Grid, *, name: str = "", skip_outside: bool = False) -> Polygons:
    """Return the polygons of a file in the projection of `grid`.

    Parameters
    ----------
    path
        The file; its first layer is read.
    grid
        The grid of the run.
    name
        Field whose values name the polygons; where empty, `NUTS_ID` or the first usual one that is there, else
        numbers from 1.
    skip_outside
        Leave polygons out that lie wholly outside the grid, instead of refusing the file.

    Raises
    ------
    InputError
        If the file cannot be read, holds no polygons or others besides, says no CRS, or `name` is no field whose
        values differ.
    GridError
        If a polygon lies wholly outside the grid.
    """
    try:
        meta, _, geometry, values = pyogrio.raw.read(path, force_2d=True)
    except (DataSourceError, DataLayerError) as error:
        raise InputError(
            str(path), f"cannot be read ({error})", wanted="polygons, such as a GeoJSON file"
        ) from error
    shapes = shapely.from_wkb(geometry) if geometry is not None else np.array([], dtype=object)
    _check_shapes(path, shapes, meta["crs"])
    field, names = _names(path, dict(zip(map(str, meta["fields"]), values, strict=True)), len(shapes), name)
    placed = np.array([_placed(shape, str(meta["crs"]), grid) for shape in shapes], dtype=object)
    limits = shapely.box(*grid.bounds)
    on_grid = np.array([_share_within(shape, limits) for shape in placed])
    outside = [name for name, share in zip(names, on_grid, strict=True) if share == 0]
    if len(outside) == len(names) or (outside and not skip_outside):
        west, south, east, north = grid.bounds
        raise GridError(
            str(path),
            f"{len(outside)} of {len(names)} polygons lie outside the grid ({_some(outside)})",
            wanted=f"polygons within {west:g} to {east:g} east and {south:g} to {north:g} north of {grid.crs}",
            do="Check the file's CRS and the order of its axes, or leave such polygons out (--skip-outside).",
        )
    kept = on_grid > 0
    named = tuple(name for name, keep in zip(names, kept, strict=True) if keep)
    return Polygons(named, placed[kept], on_grid[kept], field)


def _check_shapes(path: Path, shapes: NDArray[np.object_], crs: str | None) -> None:
    if not len(shapes):
        raise InputError(str(path), "holds no polygon", wanted="at least one")
    surfaces = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    odd = [i + 1 for i, shape in enumerate(shapes) if shapely.get_type_id(shape) not in surfaces]
    odd += [i + 1 for i, shape in enumerate(shapes) if i + 1 not in odd and shape.area == 0]
    if odd:
        raise InputError(
            str(path),
            f"feature {odd[0]} is no polygon with an area ({len(odd)} of {len(shapes)} are not)",
            wanted="polygons: only these have an area to sum over",
        )
    if not crs:
        raise InputError(
            str(path), "says no coordinate reference system", wanted="one, such as the .prj of a Shapefile"
        )


def _names(
    path: Path, fields: dict[str, NDArray[np.generic]], count: int, name: str
) -> tuple[str, list[str]]:
    """Return the field that names the polygons, empty for none, and their names."""
    if name and name not in fields:
        raise InputError(str(path), f"has no field {name!r}", wanted=f"one of {', '.join(fields) or 'none'}")
    for field in (name,) if name else _NAMES:
        texts = [str(value) for value in fields.get(field, ())]
        if texts and len(set(texts)) == count:
            return field, texts
    if name:
        raise InputError(
            str(path), f"field {name!r} names several polygons alike", wanted="a field whose values differ"
        )
    return "", [str(number) for number in range(1, count + 1)]


def _placed(shape: shapely.Geometry, crs: str, grid: Grid) -> shapely.Geometry:
    """Return a shape in the projection of the grid, valid."""
    source, target = CRS.from_user_input(crs), CRS.from_user_input(grid.crs)
    if source != target:
        west, south, east, north = shape.bounds
        dense = shapely.segmentize(shape, max(east - west, north - south) * _LONGEST_EDGE)
        across = Transformer.from_crs(source, target, always_xy=True)
        shape = shapely.transform(dense, lambda points: np.column_stack(across.transform(*points.T)))
    # A bow tie has no area; what its maker meant has.
    return shape if shape.is_valid or not np.isfinite(shape.bounds).all() else shapely.make_valid(shape)


def _share_within(shape: shapely.Geometry, limits: shapely.Geometry) -> float:
    # Where the projection does not reach, coordinates are infinite.
    if not np.isfinite(shape.bounds).all():
        return 0.0
    return min(1.0, float(shapely.intersection(shape, limits).area / shape.area))


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" ..." if names[5:] else "")


def covers(polygons: Polygons, grid: Grid, study: NDArray[np.bool_]) -> Iterator[Cover]:
    """Yield for each polygon, in order, which study cells it covers and by which share.

    Parameters
    ----------
    polygons
        In the projection of `grid`.
    grid
        The grid of the run.
    study
        Whether a cell is a study cell, shape `grid.shape`.
    """
    # What is masked has no value: exactextract leaves such cells out.
    raster = np.where(study, np.float32(1.0), np.float32(np.nan))
    west, south, east, north = grid.bounds
    source = NumPyRasterSource(raster, west, south, east, north, nodata=np.nan)
    for shape in polygons.shapes:
        feature = {"type": "Feature", "properties": {}, "geometry": mapping(shape)}
        (found,) = exact_extract(source, [feature], ["cell_id", "coverage"])
        told = found["properties"]
        yield Cover(np.asarray(told["cell_id"], np.int64), np.asarray(told["coverage"], np.float64))
