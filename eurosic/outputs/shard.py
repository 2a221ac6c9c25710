"""One shard of a Zarr array, put in its place as a whole.

*Enters:* an array's folder and the values of one shard. *Leaves:* the shard's file, on the disk before the call
returns. Zarr itself writes a file under another name and renames it too, but neither waits for the disk nor leaves
alone what lies in the place already.
"""

from __future__ import annotations

from pathlib import Path
from types import EllipsisType

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.buffer.cpu import Buffer
from zarr.storage import MemoryStore

from eurosic.outputs.ledger import write_atomically


def write_shard(
    array: Path,
    place: tuple[int, ...],
    values: NDArray[np.generic],
    *,
    region: tuple[int | slice | EllipsisType, ...],
) -> None:
    """Write the values of one shard, or of one chunk of an array without shards.

    Parameters
    ----------
    array
        Folder of the array, with its `zarr.json`.
    place
        Which shard, counted along each axis.
    values
        What stands in `region`, the part of the array that the shard covers.

    Raises
    ------
    OSError
        If the disk is full or cannot be written; what lay in the place lies there still.
    """
    # Encoded in memory and never in the place itself. Zarr would read what lies there to fill what the array's edge
    # leaves open, and stumble over a torn shard. And a worker that was given up for lost, but was not, may be writing
    # the same tile: what each puts in place is equal, and no instant is without a whole shard.
    held = {"zarr.json": Buffer.from_bytes((array / "zarr.json").read_bytes())}
    alone = zarr.open_array(MemoryStore(held), mode="r+")
    alone[region] = values.astype(alone.dtype, copy=False)
    key = "/".join(("c", *map(str, place)))
    shard = array / key
    if key not in held:  # Zarr writes no shard that holds only the fill value
        shard.unlink(missing_ok=True)
        return
    shard.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(shard, held[key].to_bytes())
