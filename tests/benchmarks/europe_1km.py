"""Europe at 1 km of the development rasters, built by one command, run and measured by another.

``python -m tests.benchmarks.europe_1km build --data DATA --out DIR`` resamples what `recipes/europe-10km.yaml`
reads to GeoTIFFs of 1 km (bilinear, missing cells left out of the mean), with a catalog and a recipe beside them.
``python -m tests.benchmarks.europe_1km run --place DIR`` runs them as a user would, and prints what that cost
beside two floors of the same machine and minutes: the network alone on a sample of the same cells, and the same
bytes alone to the same disk. *Enters:* the development data. *Leaves:* a folder of data, and a run in it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
import xarray as xr
import yaml
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from eurosic.base.grid import Grid
from eurosic.base.signature import Columns
from eurosic.clusters.environment import worker_environment
from eurosic.emulator.batches import micro_batch
from eurosic.emulator.microbatch import MicroBatch
from eurosic.outputs.store import CELLS, PROJECTION
from eurosic.projection.table import CellTable, open_table
from eurosic.workflow.setup import Setup, forcing_of, set_up, table_digest
from tests.benchmarks.watching import Watched, side_by_side, watch

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
    recipe["about"]["title"] = (
        f"{recipe['about']['title'].removesuffix(', 10 km')}, resampled for a benchmark"
    )
    recipe["grid"]["resolution"] = f"{resolution / 1000:g} km"
    recipe["projection"]["tile"] = "8192 cells"
    # What is measured ends with the store; exports are made from it, by commands of their own.
    recipe["outputs"] = {"export": []}
    # Draws of the inputs cost the same at any resolution, and are told at 10 km.
    recipe.pop("uncertainty", None)
    sections = (recipe["inputs"]["covariates"], recipe["inputs"]["climate"])
    for section in sections:
        for key in section:
            name = f"monthly_{key}" if f"monthly_{key}" in names else key
            if name in names:
                section[key] = names[name]
    return recipe


def run(place: Path, *, workers: int) -> Watched:
    """Run the recipe of a place as a user does, into `place/run`, which is made anew."""
    out = place / "run"
    shutil.rmtree(out, ignore_errors=True)
    eurosic = [sys.executable, "-c", "from eurosic.cli import main; main()"]
    given = ["--data", str(place / "data"), "--catalog", str(place / "catalog.yaml"), "--out", str(out)]
    return watch([*eurosic, "run", str(place / "recipe.yaml"), *given, "--workers", str(workers)], out)


def floor_beside(place: Path, *, workers: int) -> float:
    """Return `network_floor`, measured in as many processes at once as the run has workers, set up as they are."""
    command = [sys.executable, "-m", "tests.benchmarks.europe_1km", "floor", "--place", str(place)]
    with worker_environment() as environment:
        told = side_by_side([command] * workers, {**os.environ, **environment})
    return float(np.mean([float(line) for line in told]))


def network_floor(place: Path) -> float:
    """Return the CPU s of the members alone for all cells of a finished run, from a sample of them; one thread."""
    setup = _setup(place)
    table = _table(place, setup)
    forcing = forcing_of(setup, place / "run")
    some = np.unique(np.linspace(0, table.cells - 1, min(SAMPLE, table.cells)).astype(np.int64))
    emulator = setup.predictor
    columns = forcing(table.rows_at(some), emulator.signature)
    torch.set_num_threads(1)
    members = [emulator.network.of(member) for member in range(emulator.members)]
    size, taken = micro_batch(columns.shape[0]), []
    with torch.inference_mode():
        for start in range(0, len(some) - size + 1, size):
            here = slice(start, start + size)
            batch = MicroBatch(
                Columns(columns.covariates[here], columns.state[here], columns.baseline[here],
                        columns.forcing[:, here]),
                emulator.signature, emulator.frame,
            )  # fmt: skip
            began = time.process_time()
            for member in members:
                batch.run(member)
            taken.append(time.process_time() - began)
    # The first has to fetch everything into the caches.
    return float(np.median(taken[1:])) * table.cells / size


def write_floor(place: Path) -> tuple[float, float, float]:
    """Return CPU s and wall s of writing as many bytes as the run stored, without a thought, and the bytes."""
    size = sum(file.stat().st_size for file in (place / "run" / PROJECTION).rglob("*") if file.is_file())
    piece = np.random.default_rng(0).bytes(2**26)
    target = place / "bytes"
    began, cpu = time.perf_counter(), time.process_time()
    with target.open("wb") as stream:
        for _ in range(-(-size // len(piece))):
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    taken = time.process_time() - cpu, time.perf_counter() - began, float(size)
    target.unlink()
    return taken


def _setup(place: Path) -> Setup:
    return set_up(place / "recipe.yaml", data=place / "data", catalog=place / "catalog.yaml")


def _table(place: Path, setup: Setup) -> CellTable:
    table = open_table(place / "run" / CELLS, table_digest(setup.identity()))
    if table is None:
        raise SystemExit(f"{place / 'run'} holds no whole cell table: run it first")
    return table


def told(place: Path, watched: Watched, *, workers: int) -> str:
    """Return the table of what a run took, beside its floors."""
    record = json.loads((place / "run" / "run.json").read_text())
    arithmetic, (cpu, wall, size) = floor_beside(place, workers=workers), write_floor(place)
    floors, written = arithmetic + cpu, watched.until("tiles")
    rows = [
        ("study cells", f"{record['study_cells']}"),
        ("wall time", f"{watched.wall:.0f} s"),
        ("CPU time of all processes", f"{watched.cpu:.0f} s"),
        *(
            (f"of it {stage}", f"{wall:.0f} s wall, {cpu:.0f} CPU s")
            for stage, (wall, cpu) in watched.stages.items()
        ),
        ("floor: the members of the network alone", f"{arithmetic:.0f} CPU s"),
        ("floor: the same bytes alone", f"{cpu:.1f} CPU s, {wall:.0f} s wall"),
        ("from the first layer to the last tile, over the two floors", f"{written / floors:.2f}"),
        ("everything over the two floors", f"{watched.cpu / floors:.2f}"),
        ("largest process", f"{watched.largest / 1e6:.0f} MB"),
        ("peak of a worker", f"{record['peak_memory_of_a_worker_MB']} MB"),
        ("bytes stored", f"{size / 1e9:.2f} GB"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def main() -> None:
    """Build, or run and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build")
    building.add_argument("--data", type=Path, required=True)
    building.add_argument("--out", type=Path, required=True)
    building.add_argument("--resolution", type=float, default=1000.0, help="metres")
    running = commands.add_parser("run")
    running.add_argument("--place", type=Path, required=True)
    running.add_argument("--workers", type=int, default=2)
    alone = commands.add_parser("floor", help="the network alone, in this process")
    alone.add_argument("--place", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "floor":
        print(network_floor(given.place))  # noqa: T201
    elif given.command == "build":
        print(build(given.data, given.out, resolution=given.resolution))  # noqa: T201
    else:
        watched = run(given.place, workers=given.workers)
        print(told(given.place, watched, workers=given.workers))  # noqa: T201


if __name__ == "__main__":
    main()
