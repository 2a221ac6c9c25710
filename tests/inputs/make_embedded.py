"""Make the embedded rasters of the demo: ``python tests/inputs/make_embedded.py [DATA]``.

Elevation and arable fraction are coarsened from ETOPO5 and MCD12C1 in the folder DATA (default
../shared/data/inputs); everything else is what `eurosic.inputs.demo` draws on that elevation. Values are
stored as int16 steps, so that what is shipped is small and reads the same everywhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject
from scipy.ndimage import binary_dilation

from eurosic.inputs.demo import DEMO_GRID, EMBEDDED, Place, demo_layers
from eurosic.inputs.outlines import country_layer

NODATA = -32768
# MODIS cropland area over the Eurostat arable area of the same countries.
MODIS_OVER_EUROSTAT = 1.28
# Word of the vocabulary -> file and size of a step in the house unit.
FILES = {
    "elevation": ("demo-elevation.tif", 1.0),
    "arable_fraction": ("demo-arable-fraction.tif", 0.005),
    "carbonate": ("demo-carbonate.tif", 0.1),
    "calcareous_probability": ("demo-calcareous-probability.tif", 0.01),
    "clay": ("demo-clay.tif", 0.1),
    "sand": ("demo-sand.tif", 0.1),
    "organic_carbon": ("demo-organic-carbon.tif", 0.01),
    "monthly_temperature": ("demo-temperature.tif", 0.1),
    "monthly_precipitation": ("demo-precipitation.tif", 1.0),
}
_TRANSFORM = from_origin(DEMO_GRID.west, DEMO_GRID.north, DEMO_GRID.resolution, DEMO_GRID.resolution)


def drawn(elevation: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the synthetic layers on an elevation with NaN outside the land and its coast."""
    x, y = np.meshgrid(DEMO_GRID.x, DEMO_GRID.y)
    land = np.isfinite(elevation)
    layers = demo_layers(Place(x[land], y[land], elevation[land]))
    return {name: _spread(values, land) for name, values in layers.items()}


def steps(values: NDArray[np.float64], step: float) -> NDArray[np.int16]:
    """Return values as int16 multiples of `step`, `NODATA` for NaN."""
    return np.where(np.isnan(values), NODATA, np.rint(np.nan_to_num(values) / step)).astype(np.int16)


def read_steps(word: str) -> NDArray[np.int16]:
    """Return the int16 steps of a shipped raster, band first where it has several."""
    with rasterio.open(EMBEDDED / FILES[word][0]) as source:
        return source.read().squeeze()


def _spread(values: NDArray[np.float64], land: NDArray[np.bool_]) -> NDArray[np.float64]:
    dense = np.full((*values.shape[:-1], *land.shape), np.nan)
    dense[..., land] = values
    return dense


def _coarse(fine: NDArray[np.float32], transform: rasterio.Affine) -> NDArray[np.float64]:
    coarse = np.full(DEMO_GRID.shape, np.nan, np.float32)
    reproject(
        fine,
        coarse,
        src_transform=transform,
        src_crs="EPSG:4326",
        dst_transform=_TRANSFORM,
        dst_crs=DEMO_GRID.crs,
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.average,
    )
    return coarse.astype(np.float64)


def real_layers(data: Path) -> dict[str, NDArray[np.float64]]:
    """Return elevation (m, NaN away from land) and arable fraction (1) on the demo's grid."""
    relief = xr.load_dataset(data / "etopo5_europe.nc")["elevation"].sortby("lat", ascending=False)
    side = float(relief.lon[1] - relief.lon[0])
    corner = from_origin(float(relief.lon[0]) - side / 2, float(relief.lat[0]) + side / 2, side, side)
    fine = relief.to_numpy().astype(np.float32)
    # The sea is no part of a coastal cell's height, but polders below sea level are.
    elevation = _coarse(np.where(fine > -8, fine, np.nan), corner)
    with rasterio.open(data / "mcd12c1_2019_igbp_europe_0p05.tif") as source:
        classes, transform = source.read(1), source.transform
    arable = _coarse(np.select([classes == 12, classes == 14], [1.0, 0.5], 0.0).astype(np.float32), transform)
    # With a cell of coast around it, and the small islands that ETOPO5 drowns.
    land = binary_dilation(_coarse((fine > 0).astype(np.float32), corner) > 0.02, iterations=1)
    land |= country_layer(DEMO_GRID).to_numpy() > 0
    return {
        "elevation": np.where(land, np.nan_to_num(elevation), np.nan),
        "arable_fraction": np.where(land, np.nan_to_num(arable) / MODIS_OVER_EUROSTAT, np.nan),
    }


def write(data: Path) -> None:
    """Write every embedded raster."""
    layers = real_layers(data)
    layers |= drawn(np.rint(layers["elevation"]))
    for word, (name, step) in FILES.items():
        stored = steps(layers[word], step).reshape(-1, *DEMO_GRID.shape)
        with rasterio.open(
            EMBEDDED / name,
            "w",
            driver="GTiff",
            width=DEMO_GRID.columns,
            height=DEMO_GRID.rows,
            count=len(stored),
            dtype="int16",
            crs=DEMO_GRID.crs,
            transform=_TRANSFORM,
            nodata=NODATA,
            compress="deflate",
            predictor=2,
            zlevel=9,
        ) as target:
            target.write(stored)
            target.scales = [step] * len(stored)


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared" / "data" / "inputs")
