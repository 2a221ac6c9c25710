"""The ledger: one small record for each finished tile, written after the tile's data are durable.

*Enters:* a finished tile and the checksums of what was written. *Leaves:* one JSON file a tile, put in place
atomically. A tile without a record is not finished, whatever its shards hold; so a run that is killed at any
instant resumes by doing again what has no record. Records belong to one digest (recipe, inputs, predictor).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from eurosic.base.grid import Tile

# How a file ends that is being written; a killed process leaves it behind.
PARTIAL = ".partial"


@dataclass(frozen=True)
class TileRecord:
    """What is known of a finished tile.

    `checksums` are CRC-32C of the values as they were given to the store; `failed` counts cells without a
    value; `seconds` is the time of reading and predicting; `peak_memory` the largest resident size that
    its process had until then, bytes; `reasons` how many of a batch failed of what, where an engine says so.
    """

    index: int
    start: int
    stop: int
    digest: str
    checksums: Mapping[str, int]
    failed: int
    seconds: float
    peak_memory: int
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """The records in one folder that belong to `digest`."""

    folder: Path
    digest: str

    def finished(self, tile: Tile) -> TileRecord | None:
        """Return the record of a tile if it is finished under this digest and with this range."""
        try:
            record = TileRecord(**json.loads(self._path(tile).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            # A record that cannot be read proves nothing: the tile is done again.
            return None
        same = (record.digest, record.start, record.stop) == (self.digest, tile.start, tile.stop)
        return record if same else None

    def record(self, record: TileRecord) -> None:
        """Write the record of a finished tile, all of it or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(
            self._path(Tile(record.index, record.start, record.stop)), json.dumps(asdict(record))
        )

    def forget(self, tile: Tile) -> None:
        """Remove the record of a tile, so that it is done again."""
        self._path(tile).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove every record: the store that they spoke of is gone."""
        for path in self.folder.glob("tile-*.json"):
            path.unlink()

    def _path(self, tile: Tile) -> Path:
        return self.folder / f"tile-{tile.index:06d}.json"


def checksum(values: NDArray[np.generic]) -> int:
    """Return the CRC-32C of an array's bytes in C order."""
    return int(google_crc32c.value(np.ascontiguousarray(values).tobytes()))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part of it, and it is on the disk."""
    # Workers of two nodes may have the same number: the node's name keeps their files apart.
    partial = path.with_name(f".{path.name}.{os.uname().nodename}-{os.getpid()}{PARTIAL}")
    with partial.open("wb") as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what killed processes had not moved into place, once nobody writes there any more."""
    for partial in folder.rglob(f".*{PARTIAL}"):
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk: a file whose name is lost is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
