"""The projection of Europe: `tile.predict_tile` mapped over the cell table with Dask.

*Enters:* a cell table, a forcing, a predictor, a writer. *Leaves:* every tile written and recorded, and one
small record a tile. One task a tile: it reads its rows, predicts all pathways at once, writes its own shards
and returns nothing but the record, so that no cube passes through the scheduler and a lost worker costs the
tiles it was working on, no more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from distributed import Client, as_completed
from numpy.typing import NDArray

from eurosic.base.grid import Tile
from eurosic.base.signature import Predictor
from eurosic.projection.table import CellTable
from eurosic.projection.tile import Forcing, TileSpec, predict_tile


class Record(Protocol):
    """What is kept of a finished tile."""

    @property
    def failed(self) -> int:
        """Cells without a value."""
        ...

    @property
    def seconds(self) -> float:
        """Time of the tile."""
        ...

    @property
    def peak_memory(self) -> int:
        """Largest resident size of its process, bytes."""
        ...


class Ledger(Protocol):
    """What knows which tiles of the run with this `digest` are finished."""

    @property
    def digest(self) -> str:
        """The digest that the records belong to."""
        ...

    def finished(self, tile: Tile) -> Record | None:
        """Return the record of a tile, or None."""
        ...


class Writer(Protocol):
    """What writes a tile's arrays, makes them durable and records the tile."""

    def write(self, tile: Tile, arrays: Mapping[str, NDArray[np.generic]], *, seconds: float) -> Record:
        """Write, then record; return the record."""
        ...


@dataclass(frozen=True)
class TileTask:
    """Everything that a worker needs to do a tile; picklable and small."""

    table: CellTable
    forcing: Forcing
    predictor: Predictor
    spec: TileSpec
    writer: Writer
    ledger: Ledger

    def __call__(self, tile: Tile) -> Record:
        """Return the record of a tile, doing the work only if it is not recorded yet."""
        # Asked again inside the task: a dead worker's finished tiles come back as tasks.
        done = self.ledger.finished(tile)
        if done is not None:
            return done
        began = time.perf_counter()
        result = predict_tile(
            tile, self.table.rows(tile), forcing=self.forcing, predictor=self.predictor, spec=self.spec
        )
        return self.writer.write(tile, result.arrays(), seconds=time.perf_counter() - began)


def unfinished(tiles: Sequence[Tile], ledger: Ledger) -> list[Tile]:
    """Return the tiles that have no record."""
    return [tile for tile in tiles if ledger.finished(tile) is None]


def project_tiles(task: TileTask, tiles: Sequence[Tile], client: Client) -> Iterator[Record]:
    """Yield the record of each tile as it is finished, in whatever order that happens.

    An error of a tile is raised here, and the tiles that have not begun are cancelled; those that are running end
    by themselves, recorded or not.
    """
    # Keys name the run: two runs on one scheduler must not take each other's tiles for their own. Priority
    # follows the table's order: neighbours share input chunks, and progress is readable on a map.
    name = f"project-{task.ledger.digest[:8]}-tile"
    futures = [
        client.submit(task, tile, key=f"{name}-{tile.index:06d}", priority=-tile.index, pure=False)
        for tile in tiles
    ]
    try:
        for batch in as_completed(futures, with_results=True).batches():
            for _, record in batch:
                yield record
    finally:
        client.cancel(futures)


def project_here(task: TileTask, tiles: Sequence[Tile]) -> Iterator[Record]:
    """Yield the record of each tile, done one after the other in this process."""
    yield from map(task, tiles)
