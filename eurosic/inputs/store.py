"""`inputs.zarr`: the layers on the grid, written once, region by region, and opened lazily ever after.

*Enters:* lazy layers of `prepare_layers` and their digest. *Leaves:* a Zarr v3 store, sharded, y descending, CRS
as rioxarray writes it. A task makes some shards, one after the other: it reads their windows of the sources, writes
NumPy (ENGINE.md, trap 1) and leaves a marker when a shard is on disk; no values pass between tasks. Until the last
one is there, the store lies in ``<name>.part``; it gets its name in one move, so that a store under its own name is
always whole. A store with another digest is refused, never overwritten.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BloscCodec

from eurosic.base.errors import StoreError
from eurosic.base.grid import SQUARE, Grid
from eurosic.base.provenance import digest_of
from eurosic.inputs.regions import Record, Region, check_records, make_regions, regions_of

_OURS = "eurosic_inputs"
_DIGEST = "inputs_digest"
# Cells along a side of a chunk: 64 kB of float32 a month, which a tile of study cells reads a few of.
_CHUNK = 128
# Bytes of a shard before compression, which one task holds.
_SHARD_BYTES = 64_000_000
# Tasks at most: enough for hundreds of workers, and nothing to a scheduler. A task of a 1 km Europe makes one shard.
_TASKS = 1024
# Neighbouring shards of a layer that are made before those of another: a file in strips is read once for them, and
# countries that several tables ask for are still known.
_RUN = 16


@dataclass(frozen=True)
class InputsRecord:
    """What `write_inputs` leaves: where, which digest, whether it was there already, share of cells covered."""

    path: Path
    digest: str
    reused: bool
    coverage: Mapping[str, float]


def write_inputs(path: Path, layers: Mapping[str, xr.DataArray], *, grid: Grid, digest: str) -> InputsRecord:
    """Write the layers to `path`, unless they are there; what an interrupted call finished is kept.

    Runs under the Dask client or scheduler of the caller.

    Raises
    ------
    StoreError
        If `path` holds something else, or inputs with another digest.
    InputError
        If a layer has values outside the range of its variable (naming layer, number, and place of the first),
        or none at all; nothing is left under `path` then.
    """
    # Nothing of the layers is touched before this: a second run costs a look at attributes.
    kept = _finished(path, digest)
    if kept is not None:
        return InputsRecord(path, digest, reused=True, coverage=kept)
    part = path.with_name(path.name + ".part")
    _begin(part, layers, digest)
    records = _write_regions(part, layers, digest)
    group = zarr.open_group(part / "store", mode="r+", zarr_format=3)
    coverage = {}
    for name, layer in layers.items():
        found = check_records(layer, records[name], grid)
        coverage[name] = found["coverage"]
        group[name].attrs.update(found)
    # One rename on one file system: there is no moment at which half a store has the name.
    (part / "store").replace(path)
    shutil.rmtree(part)
    return InputsRecord(path, digest, reused=False, coverage=coverage)


def open_inputs(path: Path) -> xr.Dataset:
    """Return the layers of a finished `inputs.zarr`, lazily, with their attributes and CRS.

    Raises
    ------
    StoreError
        If there is none, it is unfinished, or it is not ours.
    """
    if not path.exists():
        part = path.with_name(path.name + ".part")
        came = "is unfinished" if part.exists() else "does not exist"
        raise StoreError(str(path), came, do="Run the recipe: what is finished is kept.")
    if _OURS not in _attributes(path):
        raise StoreError(str(path), "holds no inputs of eurosic", do="Name the inputs.zarr of a run.")
    return xr.open_zarr(path, consolidated=False, chunks={}, decode_times=False, decode_coords="all")


def _finished(path: Path, digest: str) -> dict[str, float] | None:
    if not path.exists():
        return None
    attrs = _attributes(path)
    if _OURS not in attrs:
        raise StoreError(
            str(path), "exists and holds no inputs of eurosic", do="Choose another folder, or move it away."
        )
    if attrs.get(_DIGEST) != digest:
        raise StoreError(
            str(path),
            f"holds inputs with digest {str(attrs.get(_DIGEST))[:12]}",
            wanted=digest[:12],
            do="Recipe, data or grid have changed: choose another folder, or remove this one.",
        )
    arrays = zarr.open_group(path, mode="r", zarr_format=3).arrays()
    return {name: float(str(array.attrs["coverage"])) for name, array in arrays if "coverage" in array.attrs}


def _attributes(path: Path) -> dict[str, object]:
    # What is no Zarr group has no attributes of ours; the caller says what that means.
    try:
        return dict(zarr.open_group(path, mode="r", zarr_format=3).attrs)
    except (OSError, ValueError, KeyError):
        return {}


def _begin(part: Path, layers: Mapping[str, xr.DataArray], digest: str) -> None:
    """Make the empty store and the folder of markers, unless an interrupted call with the same digest did."""
    if part.exists():
        if _attributes(part / "store").get(_DIGEST) == digest:
            return
        # An unfinished folder of ours is of no use to another digest; anything else is not ours to remove.
        if not (part / "marks").is_dir():
            raise StoreError(str(part), "exists and is not ours", do="Move it away.")
        shutil.rmtree(part)
    (part / "marks").mkdir(parents=True)
    _write_template(part / "store", layers)
    # The digest comes last: a template that was interrupted has none, and is made again.
    zarr.open_group(part / "store", mode="r+", zarr_format=3).attrs[_DIGEST] = digest


def _write_template(store: Path, layers: Mapping[str, xr.DataArray]) -> None:
    promised = {name: _promise(layer) for name, layer in layers.items()}
    dataset = xr.Dataset(promised, attrs={_OURS: 1, "Conventions": "CF-1.11", "title": "inputs of eurosic"})
    encoding = {name: _encoding(layer) for name, layer in layers.items()}
    encoding |= {str(name): {"_FillValue": None} for name in ("y", "x")}
    dataset.to_zarr(store, mode="w-", compute=False, zarr_format=3, consolidated=False, encoding=encoding)


def _promise(layer: xr.DataArray) -> xr.DataArray:
    # An array that is never computed: only its shape, type, coordinates and attributes are written.
    return layer.copy(data=da.zeros(layer.shape, dtype=layer.dtype, chunks=-1))


def _shards(layer: xr.DataArray) -> tuple[int, ...]:
    """Return the shape of a shard: whole chunks that cover SQUARE cells, and as many steps as memory allows."""
    side = tuple(_CHUNK * -(-min(SQUARE, size) // _CHUNK) for size in layer.shape[-2:])
    room = max(1, _SHARD_BYTES // (4 * side[0] * side[1]))
    lead: list[int] = []
    # Months before years: a year's months are read together.
    for size in reversed(layer.shape[:-2]):
        lead.insert(0, min(size, room))
        room = max(1, room // size)
    return (*lead, *side)


def _encoding(layer: xr.DataArray) -> dict[str, object]:
    shards = _shards(layer)
    floating = layer.dtype.kind == "f"
    return {
        "chunks": (*shards[:-2], _CHUNK, _CHUNK),
        "shards": shards,
        "compressors": [BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")],
        # NaN is missing; country codes have none, and 0 says so.
        "_FillValue": np.float32(np.nan) if floating else None,
    }


def _write_regions(part: Path, layers: Mapping[str, xr.DataArray], digest: str) -> dict[str, list[Record]]:
    """Make every region that is not there yet, under the caller's scheduler; return the records of all by layer."""
    regions = list(_in_order(layers))
    size = -(-len(regions) // _TASKS)
    # Keys name the run: two runs on one scheduler must not take each other's shards for their own.
    name = f"inputs-{digest_of([str(part.absolute()), digest])[:8]}-shards"
    tasks = []
    for first in range(0, len(regions), size):
        some = regions[first : first + size]
        data = {region.layer: layers[region.layer].data for region in some}
        # Hidden in a partial, the arrays travel as they are: as arguments they would become one graph of all windows.
        work = partial(make_regions, data, some, store=part / "store", marks=part / "marks")
        task = dask.delayed(work, pure=False, traverse=False)
        tasks.append(task(dask_key_name=f"{name}-{first:06d}"))
    records: dict[str, list[Record]] = {layer: [] for layer in layers}
    for made in dask.compute(*tasks):
        for record in made:
            records[record.layer].append(record)
    return records


def _in_order(layers: Mapping[str, xr.DataArray]) -> Iterator[Region]:
    """Yield the regions of all layers: of a run of neighbouring places, layer after layer."""
    placed = [
        (place // _RUN, number, region)
        for number, (name, layer) in enumerate(layers.items())
        for place, (_, here) in enumerate(
            groupby(sorted(regions_of(name, layer.shape, _shards(layer)), key=_place), key=_place)
        )
        for region in here
    ]
    return (region for *_, region in sorted(placed, key=lambda found: found[:2]))


def _place(region: Region) -> tuple[int, ...]:
    return region.start[-2:]
