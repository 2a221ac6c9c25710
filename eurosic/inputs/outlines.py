"""Country outlines -> the layer `country`: the country with the largest share of a cell's land.

*Enters:* the outlines of the package, or a user's GeoJSON with an ISO code for each feature. *Leaves:* a lazy
int16 layer of ISO 3166-1 numeric codes, 0 where there is no land. A cell with any land has a country, so that
islands are kept. *Method:* sub-points of each cell, as in `sampling`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.features import rasterize
from rasterio.transform import from_origin
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from eurosic.base.countries import OUTLINES_CRS, countries, country_of, load_outlines, merge_outlines
from eurosic.base.errors import InputError
from eurosic.base.grid import SQUARE, Grid
from eurosic.inputs.placing import same_crs
from eurosic.inputs.windows import Window, Windowed, cut, lazy_array

_GEOMETRY = (CRSError, shapely.errors.ShapelyError)
# Natural Earth, GISCO and simpler files, in the order of trust.
_PROPERTIES = ("iso_n3", "iso_a3", "iso_a2", "CNTR_CODE", "id", "name")
# Numeric codes that `country_of` counts with another country.
_MERGED = {248}
Shapes = tuple[tuple[int, BaseGeometry], ...]


def country_layer(grid: Grid, *, path: Path | None = None, code: str = "", crs: str = "") -> xr.DataArray:
    """Return the country of each cell, lazily.

    Parameters
    ----------
    grid
        The grid of the recipe.
    path
        A GeoJSON file (may be gzipped); the outlines of the package where None.
    code
        Property of its features that holds an ISO code or a name; looked for where empty.
    crs
        Its coordinate reference system, where the file states none (EPSG:4326 by the standard).

    Returns
    -------
    DataArray
        ISO 3166-1 numeric codes, 0 for none, int16, dims ``(y, x)``.

    Raises
    ------
    InputError
        If the file is no GeoJSON of polygons, or a country is unknown.
    """
    # Read here once, so that a broken file is found before any block is drawn.
    load_shapes(grid.crs, path, code, crs)
    made = _Countries(grid, (path, code, crs))
    data = lazy_array(made, tuple(cut(size, SQUARE) for size in grid.shape))
    return xr.DataArray(data, dims=("y", "x"), coords={"y": grid.y, "x": grid.x})


@dataclass(frozen=True)
class _Countries(Windowed):
    """Countries by window."""

    grid: Grid
    outlines: tuple[Path | None, str, str]

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the grid."""
        return self.grid.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """ISO 3166-1 numeric codes are below 1 000."""
        return np.dtype(np.int16)

    def read(self, window: Window) -> NDArray[np.int16]:
        """Return the countries of a window."""
        down, across = window
        cells = (down.stop - down.start, across.stop - across.start)
        return _drawn(self.grid, (down.start, across.start), cells, self.outlines, _stamp(self.outlines[0]))


# Every table by country asks for the countries of a block: those of the last ones are kept, half a megabyte each.
@lru_cache(maxsize=64)
def _drawn(
    grid: Grid,
    corner: tuple[int, int],
    cells: tuple[int, int],
    outlines: tuple[Path | None, str, str],
    _stamp: int,
) -> NDArray[np.int16]:
    drawn = rasterize_block(grid, corner, cells, outlines)
    drawn.setflags(write=False)
    return drawn


def sub_points(resolution: float) -> int:
    """Return how many sub-points a cell of `resolution` (m) has along a side: every 2 km or so, 3 to 8."""
    return int(np.clip(np.ceil(resolution / 2000.0), 3, 8))


def rasterize_block(
    grid: Grid, corner: tuple[int, int], cells: tuple[int, int], outlines: tuple[Path | None, str, str]
) -> NDArray[np.int16]:
    """Return the countries of `cells` (rows, columns) whose first cell is `corner`; the pure function below."""
    n = sub_points(grid.resolution)
    west = grid.west + corner[1] * grid.resolution
    north = grid.north - corner[0] * grid.resolution
    # Only what touches the block is drawn: most blocks of a fine grid meet one or two countries.
    window = box(west, north - cells[0] * grid.resolution, west + cells[1] * grid.resolution, north)
    shapes = [(part, code) for code, part in load_shapes(grid.crs, *outlines) if part.intersects(window)]
    if not shapes:
        return np.zeros(cells, np.int16)
    fine = rasterize(
        shapes,
        out_shape=(cells[0] * n, cells[1] * n),
        transform=from_origin(west, north, grid.resolution / n, grid.resolution / n),
        dtype="int16",
    )
    return _largest_share(fine.reshape(cells[0], n, cells[1], n))


def _largest_share(fine: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the code that most sub-points have, sea aside, of shape ``(y, n, x, n)`` -> ``(y, x)``."""
    best = np.zeros((fine.shape[0], fine.shape[2]), np.int16)
    most = np.zeros(best.shape, np.int64)
    # Ascending codes and ">": on a tie the smaller code stays, whatever the order of the file.
    for code in np.unique(fine[fine > 0]):
        share = (fine == code).sum(axis=(1, 3))
        best[share > most] = code
        most = np.maximum(most, share)
    return best


def load_shapes(grid_crs: str, path: Path | None, code: str, crs: str) -> Shapes:
    """Return code and shape, in the grid's CRS, of all countries of a file (or of the package).

    Raises
    ------
    InputError
        If the file is no GeoJSON of polygons, or a country is unknown.
    """
    # Kept for the blocks of one grid, until the file changes.
    return _load_shapes(grid_crs, path, code, crs, _stamp(path))


def _stamp(path: Path | None) -> int:
    return path.stat().st_mtime_ns if path is not None and path.exists() else 0


@lru_cache(maxsize=8)
def _load_shapes(grid_crs: str, path: Path | None, code: str, crs: str, _stamp: int) -> Shapes:
    # The package's own outlines are read with what its makers left out: codes of areas drawn apart.
    if path is None:
        shapes, own = load_outlines(), OUTLINES_CRS
    else:
        shapes, own = _read_shapes(path, code, crs)
    if same_crs(own, grid_crs):
        return shapes
    transform = Transformer.from_crs(own, grid_crs, always_xy=True).transform
    return tuple((number, shapely.transform(one, transform, interleaved=False)) for number, one in shapes)


def _read_shapes(path: Path, code: str, crs: str) -> tuple[Shapes, str]:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        collection = json.loads(raw)
        drawn = [(dict(feature["properties"]), _polygon(feature)) for feature in collection["features"]]
        stated = ((collection.get("crs") or {}).get("properties") or {}).get("name")
        own = CRS.from_user_input(stated or crs or "EPSG:4326").to_wkt()
    except (
        OSError,
        EOFError,
        zlib.error,
        LookupError,
        AttributeError,
        ValueError,
        TypeError,
        *_GEOMETRY,
    ) as error:
        raise InputError(
            str(path), f"is no GeoJSON of polygons ({error!r})", do="Convert it to GeoJSON."
        ) from error
    return merge_outlines((_code(properties, code, path), one) for properties, one in drawn), own


def _polygon(feature: dict[str, Any]) -> BaseGeometry:
    drawn = shape(feature["geometry"])
    if drawn.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"a feature is a {drawn.geom_type}")
    return drawn


def _code(properties: dict[str, Any], wanted: str, path: Path) -> int:
    # Kosovo and Northern Cyprus have a name and no code.
    for name in (wanted, "name") if wanted else _PROPERTIES:
        text = str(properties.get(name) or "")
        # Natural Earth writes -99 where it knows no code.
        if text and text != "-99":
            # Numeric codes of countries far away stand for themselves: a world map serves as well.
            return int(text) if _is_far(text) else country_of(text, f"{path}, property {name!r}").numeric
    raise InputError(
        str(path), f"a feature has no code: {properties}", wanted="an ISO code in 'iso_n3' or 'iso_a3'"
    )


def _is_far(text: str) -> bool:
    known = {country.numeric for country in countries()}
    return text.isdecimal() and 0 < int(text) < 1000 and int(text) not in known | _MERGED
