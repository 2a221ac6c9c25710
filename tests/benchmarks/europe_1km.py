"""Europe at 1 km of the development rasters, built by one command, run and measured by another.

``python -m tests.benchmarks.europe_1km build --data DATA --out DIR`` resamples what `recipes/europe-10km.yaml` reads to
GeoTIFFs of 1 km (bilinear, missing cells left out of the mean), with a catalog and a recipe beside them; then
``python -m tests.benchmarks.europe_1km run --place DIR`` runs them as a user would and prints what that cost beside two
floors of the same machine and minutes: the network alone on a sample of the same cells, and the bytes alone to the same
disk. *Enters:* the development data. *Leaves:* a folder of data, and a run in it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
import yaml
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from eurosic.base.grid import Grid, Tile
from eurosic.base.signature import Columns
from eurosic.clusters.environment import worker_environment
from eurosic.outputs.store import CELLS, INPUTS, PROJECTION
from eurosic.projection.table import CellTable, open_table
from eurosic.workflow.setup import Setup, forcing_of, set_up, table_digest

ROOT = Path(__file__).resolve().parents[2]
TEN_KM = ROOT / "recipes" / "europe-10km.yaml"
# Cells of the sample on which the network alone is timed, in a process of one thread.
SAMPLE = 4096


def build(data: Path, place: Path, *, resolution: float = 1000.0) -> Path:
    """Write the layers of the 10 km recipe at another resolution, with catalog and recipe; return the recipe."""
    setup = set_up(TEN_KM, data=data)
    coarse = setup.grid
    factor = round(coarse.resolution / resolution)
    fine = Grid(
        coarse.crs, resolution, coarse.west, coarse.north, coarse.rows * factor, coarse.columns * factor
    )
    (place / "data").mkdir(parents=True, exist_ok=True)
    given = {request.name: request for request in setup.requests if request.source}
    layers = setup.layers()
    entries, names = {}, {}
    for name, request in given.items():
        source = setup.catalog.source(request.source)
        if source.format in ("country-table", "outlines"):
            continue
        layer = layers[name]
        names[name] = f"resampled-{name.replace('_', '-')}"
        write_resampled(layer, coarse, fine, place / "data" / f"{name}.tif")
        entries[names[name]] = _entry(name, layer, source.citation)
        print(f"{name}: {(place / 'data' / f'{name}.tif').stat().st_size / 1e6:.1f} MB", flush=True)  # noqa: T201
    (place / "catalog.yaml").write_text(yaml.safe_dump(entries))
    recipe = place / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(_recipe(names, resolution), sort_keys=False))
    return recipe


def write_resampled(layer: xr.DataArray, coarse: Grid, fine: Grid, path: Path) -> None:
    """Write a layer `(..., y, x)` bilinearly resampled as a tiled GeoTIFF, band by band."""
    bands = layer.values.reshape(-1, *coarse.shape)
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": len(bands), "height": fine.rows, "width": fine.columns,
        "crs": fine.crs, "transform": _transform(fine), "nodata": float("nan"), "tiled": True,
        "blockxsize": 512, "blockysize": 512, "compress": "deflate", "predictor": 3, "zlevel": 1,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for number, band in enumerate(bands, 1):
            file.write(_resampled(band.astype(np.float32), coarse, fine), number)


def _resampled(band: NDArray[np.float32], coarse: Grid, fine: Grid) -> NDArray[np.float32]:
    values = np.full(fine.shape, np.nan, np.float32)
    reproject(
        band,
        values,
        src_transform=_transform(coarse),
        dst_transform=_transform(fine),
        src_crs=CRS.from_string(coarse.crs),
        dst_crs=CRS.from_string(fine.crs),
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
    )
    return values


def _transform(grid: Grid) -> rasterio.Affine:
    return from_origin(grid.west, grid.north, grid.resolution, grid.resolution)


def _entry(name: str, layer: xr.DataArray, citation: str) -> dict[str, object]:
    entry = {
        "title": f"{layer.attrs['long_name']}, resampled for a benchmark",
        "path": f"{name}.tif",
        "format": "geotiff",
        "gives": name,
        "unit": layer.attrs["units"],
        "kind": "synthetic",
        "licence": layer.attrs.get("licence", "as its source"),
        "citation": citation,
        "faults": "Resampled from 10 km: it shows what a run costs, and no soil.",
    }
    return {**entry, **({"time": "month"} if layer.ndim > 2 else {})}


def _recipe(names: dict[str, str], resolution: float) -> dict[str, object]:
    recipe = yaml.safe_load(TEN_KM.read_text())
    recipe["about"]["title"] = f"{recipe['about']['title'].removesuffix(', 10 km')}, resampled for a benchmark"
    recipe["grid"]["resolution"] = f"{resolution / 1000:g} km"
    recipe["projection"]["tile"] = "8192 cells"
    sections = (recipe["inputs"]["covariates"], recipe["inputs"]["climate"])
    for section in sections:
        for key in section:
            name = f"monthly_{key}" if f"monthly_{key}" in names else key
            if name in names:
                section[key] = names[name]
    return recipe


def main() -> None:
    """Build, or run and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build")
    building.add_argument("--data", type=Path, required=True)
    building.add_argument("--out", type=Path, required=True)
    building.add_argument("--resolution", type=float, default=1000.0, help="metres")
    running = commands.add_parser("run")
    running.add_argument("--place", type=Path, required=True)
    running.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    if given.command == "build":
        print(build(given.data, given.out, resolution=given.resolution))  # noqa: T201
    else:
        raise SystemExit("not yet")


if __name__ == "__main__":
    main()
