"""Lazy reading of a cell table for a screen: blocks as they are stored, a bounded number of them remembered.

*Enters:* the folder of a run; variable, pathway, year, a range of cells. *Leaves:* values. A block is one shard
of cells for the years of one stored chunk, which is what is decoded anyway: the next year is there already. Safe
for threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.grid import Tile, tiles_of
from eurosic.outputs.store import CELLS, PROJECTION

# Bytes of decoded blocks that are kept: some seven layers of half a million cells and nine years.
KEPT = 128 * 2**20

_Key = tuple[str, int, int, int]


@dataclass
class Blocks:
    """The values of a run, read as they are asked for; at most `kept` bytes are remembered."""

    folder: Path
    kept: int = KEPT
    _held: OrderedDict[_Key, NDArray[np.float32]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Open the stores; nothing of their values is read."""
        self._projection = zarr.open_group(self.folder / PROJECTION, mode="r")
        self._cells = zarr.open_group(self.folder / CELLS, mode="r")
        status = self._projection["cell_status"]
        self.tiles: tuple[Tile, ...] = tuple(tiles_of(status.shape[0], status.shards[0]))

    def has(self, name: str) -> bool:
        """Return whether the projection holds an array."""
        return name in self._projection

    def coordinate(self, name: str) -> tuple[object, ...]:
        """Return `pathway` or `year`."""
        return tuple(np.asarray(self._projection[name][:]).tolist())

    def column(self, name: str) -> NDArray[np.generic]:
        """Return a whole column of the study cells (place, area), shape ``(cell,)``."""
        return np.asarray(self._cells[name][:])

    def status(self, rows: slice, columns: slice) -> NDArray[np.int8]:
        """Return a window of `status`, the reasons why a cell is studied or not, shape ``(row, column)``."""
        return np.asarray(self._cells["grid/status"][rows, columns]).astype(np.int8, copy=False)

    def values(
        self, name: str, pathway: int, year: int, cells: slice
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield the values of a range of cells, shard by shard, each with its part of the range.

        Parameters
        ----------
        name
            An array ``(pathway, year, cell)``.
        pathway, year
            Positions along the first two dimensions.
        cells
            Range of the table.
        """
        for tile in self.tiles:
            start, stop = max(cells.start, tile.start), min(cells.stop, tile.stop)
            if start < stop:
                block, within = self._block(name, pathway, year, tile)
                yield slice(start, stop), block[within, start - tile.start : stop - tile.start]

    def _block(self, name: str, pathway: int, year: int, tile: Tile) -> tuple[NDArray[np.float32], int]:
        array = self._projection[name]
        high = array.chunks[1]
        part, within = divmod(year, high)
        key = (name, pathway, part, tile.index)
        # One at a time: threads of one browser ask for neighbours, and decoding twice would cost more than waiting.
        with self._lock:
            if key not in self._held:
                years = slice(part * high, min((part + 1) * high, array.shape[1]))
                self._held[key] = np.asarray(array[pathway, years, tile.cells]).astype(np.float32, copy=False)
                self._forget()
            self._held.move_to_end(key)
            return self._held[key], within

    def _forget(self) -> None:
        while len(self._held) > 1 and self.held_bytes() > self.kept:
            self._held.popitem(last=False)

    def held_bytes(self) -> int:
        """Return the bytes of decoded blocks that are remembered."""
        return sum(block.nbytes for block in self._held.values())

    def course(self, name: str, cell: int) -> NDArray[np.float64]:
        """Return the values of one cell, shape ``(pathway, year)``, as they are stored."""
        return np.asarray(self._projection[name][:, :, cell], dtype=np.float64)

    def single(self, name: str, cell: int) -> float:
        """Return a value of one cell that has no pathway."""
        return float(self._projection[name][cell])
