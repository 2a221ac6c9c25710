"""Tiny files in the formats of real products, and the small grid that the tests of inputs align them to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.transform import from_origin

from eurosic.base.grid import Grid
from eurosic.inputs.catalog import Catalog
from eurosic.inputs.source import Source, source_from

LAEA = "EPSG:3035"
# Six rows of eight cells of 1 km in southern Germany: about 11.3 to 11.4 degrees east, 48.7 north.
GRID = Grid(LAEA, 1000.0, 4_400_000.0, 2_850_000.0, 8, 6)
# An entry that gives clay in %, to be changed by each test.
CLAY = {
    "path": "clay.tif",
    "format": "geotiff",
    "gives": "clay",
    "unit": "%",
    "kind": "observed",
    "licence": "CC0-1.0",
    "citation": "made by a test",
}


def entry(**changes: object) -> Source:
    """Return the entry `clay` with some of its keys changed."""
    return source_from("clay", CLAY | changes, "test.yaml")


def catalog(*sources: Source) -> Catalog:
    """Return a catalog of just these sources."""
    return Catalog({source.name: source for source in sources})


def write_tif(
    path: Path,
    values: NDArray[np.generic],
    *,
    corner: tuple[float, float] = (GRID.west, GRID.north),
    pixel: float | tuple[float, float] = 1000.0,
    tags: Mapping[str, object] | None = None,
) -> Path:
    """Write bands ``(band, y, x)`` or one ``(y, x)`` as a GeoTIFF; `tags`: crs, nodata, scale, offset, unit."""
    stated = {"crs": LAEA, "nodata": None, "scale": 1.0, "offset": 0.0, "unit": ""} | dict(tags or {})
    bands = values if values.ndim == 3 else values[None]
    width, height = (pixel, pixel) if isinstance(pixel, float) else pixel
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=bands.shape[0],
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        crs=stated["crs"],
        nodata=stated["nodata"],
        transform=from_origin(*corner, width, height),
    ) as file:
        file.write(bands)
        # Only where asked for: a tag set late moves the directory of the file behind its data.
        if stated["scale"] != 1.0 or stated["offset"] != 0.0:
            file.scales = (stated["scale"],) * bands.shape[0]
            file.offsets = (stated["offset"],) * bands.shape[0]
        if stated["unit"]:
            file.units = (str(stated["unit"]),) * bands.shape[0]
    return path


def clay_tif(folder: Path, values: NDArray[np.generic] | None = None, **how: object) -> Path:
    """Write clay.tif, one value for each cell of the grid (20 to 67 % unless given)."""
    made = np.arange(20, 68, dtype=np.float32).reshape(GRID.shape) if values is None else values
    return write_tif(folder / "clay.tif", made, **how)  # type: ignore[arg-type]


def write_lonlat(
    path: Path,
    variables: Mapping[str, NDArray[np.generic]],
    *,
    axes: Mapping[str, NDArray[np.generic]],
    **attrs: str,
) -> Path:
    """Write variables over the dims and coordinates of `axes`, in that order, as NetCDF; `attrs` go on each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {
        name: xr.DataArray(values, dims=list(axes), coords=axes, attrs=attrs)
        for name, values in variables.items()
    }
    xr.Dataset(data).to_netcdf(path)
    return path


def around_grid(step: float, margin: float = 0.5) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitudes (descending) and longitudes (ascending) of pixel centres around the grid, degrees."""
    south, north, west, east = 48.69 - margin, 48.76 + margin, 11.25 - margin, 11.52 + margin
    return np.arange(north, south, -step), np.arange(west, east, step)


def homolosine() -> str:
    """Return the projection of SoilGrids as WKT."""
    return CRS.from_user_input("+proj=igh +lat_0=0 +lon_0=0 +datum=WGS84 +units=m +no_defs").to_wkt()
