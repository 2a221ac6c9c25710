"""The store of a projection: the cell table in Zarr, written tile by tile.

*Enters:* the template and, from each task, the arrays of one tile. *Leaves:* `projection.zarr`
``(pathway, year, cell)`` beside `cells.zarr`, every shard with one writer, durable before the ledger says so.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.flags import Status
from eurosic.base.grid import Tile, tiles_of
from eurosic.base.vocabulary import AREA
from eurosic.outputs.ledger import Ledger, TileRecord, checksum
from eurosic.outputs.shard import write_shard

PROJECTION = "projection.zarr"
CELLS = "cells.zarr"
INPUTS = "inputs.zarr"

# Arrays with one row a tile; all others end in the cell axis.
_PER_TILE = ("total", "total_area", "member_total")


def create_store(
    path: Path, template: xr.Dataset, *, ledger: Ledger, attributes: Mapping[str, object]
) -> None:
    """Write the metadata of every promised array to `path`, unless the store is there already.

    A new store has no finished tile: records that an earlier one left in the ledger are removed first.

    Raises
    ------
    StoreError
        If another projection lies there.
    """
    if (path / "zarr.json").is_file():
        found = zarr.open_group(path, mode="r").attrs.get("digest")
        if found == ledger.digest:
            return
        if found is not None:
            raise StoreError(
                str(path),
                "holds a projection of another recipe, inputs or predictor",
                wanted="an empty folder, or the folder of this very run",
                do="Choose another --out; nothing was changed.",
            )
    ledger.clear()
    encoding = {str(name): dict(variable.encoding) for name, variable in template.variables.items()}
    template.drop_attrs(deep=False).to_zarr(
        path, mode="w", compute=False, consolidated=False, zarr_format=3, encoding=encoding
    )
    # The digest comes last: a store cut off while it was made is made again.
    zarr.open_group(path, mode="r+").attrs.update({**attributes, "digest": ledger.digest})


def open_ledger(folder: Path, digest: str) -> Ledger:
    """Return the ledger of a run folder."""
    return Ledger(folder / "ledger", digest)


def recorded_tiles(folder: Path) -> tuple[Ledger, list[Tile]]:
    """Return the ledger of a run folder and all its tiles, finished or not.

    Raises
    ------
    StoreError
        If the folder holds no projection.
    """
    check_projection(folder)
    group = zarr.open_group(folder / PROJECTION, mode="r")
    cells = group["cell_status"]
    return open_ledger(folder, str(group.attrs["digest"])), list(tiles_of(cells.shape[0], cells.shards[0]))


def check_projection(folder: Path) -> None:
    """Raise `StoreError` unless a folder holds a projection whose store was made to the end."""
    path = folder / PROJECTION
    if not (path / "zarr.json").is_file() or "digest" not in zarr.open_group(path, mode="r").attrs:
        raise StoreError(
            str(folder),
            "holds no projection",
            wanted=f"a folder with {PROJECTION}, as `eurosic run --out` writes it",
            do="Check the path, or run the recipe first.",
        )


def status_and_area(folder: Path) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return `status` and calcareous arable area (m2) of every study cell of a run folder, ``(cell,)`` each."""
    status = zarr.open_array(folder / PROJECTION / "cell_status", mode="r")
    area = zarr.open_array(folder / CELLS / AREA.name, mode="r")
    return np.asarray(status[:]), np.asarray(area[:], dtype=np.float64)


@dataclass(frozen=True)
class TileWriter:
    """Writes the arrays of a tile to a store and records it; picklable, one writer a shard."""

    store: Path
    ledger: Ledger

    def write(self, tile: Tile, arrays: Mapping[str, NDArray[np.generic]], *, seconds: float) -> TileRecord:
        """Write a tile, make it durable, record it, and return the record.

        Raises
        ------
        StoreError
            If the disk is full or cannot be written; the tile is then not recorded and a new run resumes.
        """
        try:
            for name, values in arrays.items():
                _write_region(self.store, name, tile, values)
            failed = int(np.count_nonzero(arrays["cell_status"] == Status.FAILED))
            record = TileRecord(
                tile.index,
                tile.start,
                tile.stop,
                self.ledger.digest,
                {name: checksum(values) for name, values in arrays.items()},
                failed,
                seconds,
                _peak_memory(),
            )
            self.ledger.record(record)
        except OSError as error:
            raise StoreError(
                str(self.store),
                f"tile {tile.index} could not be written ({error.strerror or error})",
                wanted="a disk with room that may be written",
                do="Make room or correct the permissions, then give the same command: finished tiles are kept.",
            ) from error
        return record


def _peak_memory() -> int:
    """Return the largest resident size that this process has had, bytes."""
    # Linux counts in `ru_maxrss` what the parent had when it started this process; VmHWM is of this one only.
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def damaged_tiles(store: Path, ledger: Ledger, tiles: list[Tile]) -> dict[Tile, list[str]]:
    """Return the recorded tiles whose stored values differ from their record, with the names of the arrays."""
    group = zarr.open_group(store, mode="r")
    damaged = {}
    for tile in tiles:
        record = ledger.finished(tile)
        wrong = [
            name
            for name, wanted in (record.checksums if record else {}).items()
            if _read_crc(group, name, tile) != wanted
        ]
        if wrong:
            damaged[tile] = wrong
    return damaged


def _read_crc(group: zarr.Group, name: str, tile: Tile) -> int | None:
    try:
        array = group[name]
        values = array[tile.index] if name in _PER_TILE else array[..., tile.cells]
    except (OSError, ValueError, RuntimeError, KeyError):
        # A shard that cannot be decoded is as damaged as one with other values.
        return None
    return checksum(np.asarray(values))


def _write_region(store: Path, name: str, tile: Tile, values: NDArray[np.generic]) -> None:
    """Write the tile's part of an array, which is one shard."""
    if name in _PER_TILE:
        place = (tile.index, *(0,) * values.ndim)
        write_shard(store / name, place, values, region=(tile.index,))
    else:
        place = (*(0,) * (values.ndim - 1), tile.index)
        write_shard(store / name, place, values, region=(..., tile.cells))
