"""The projection of Europe: `tile.predict_tile` mapped over the cell table with Dask.

*Enters:* a cell table, a forcing, a predictor, a writer. *Leaves:* every tile written and recorded, and one
small record a tile. One task a tile: it reads its rows, predicts all pathways at once, writes its own shards
and returns nothing but the record, so that no cube passes through the scheduler and a lost worker costs the
tiles it was working on, no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from distributed import Client, Future, Scheduler, as_completed
from distributed.scheduler import KilledWorker
from numpy.typing import NDArray

from eurosic.base.errors import ClusterError
from eurosic.base.grid import Tile
from eurosic.base.signature import Predictor
from eurosic.projection.outside import Forcing
from eurosic.projection.table import CellTable
from eurosic.projection.tile import TileSpec, predict_tile


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


class Task(Protocol):
    """What does a tile on a worker, once: picklable, and small."""

    @property
    def ledger(self) -> Ledger:
        """What knows which tiles are finished."""
        ...

    def __call__(self, tile: Tile) -> Record:
        """Return the record of a tile."""
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


def _unheard(text: str) -> None:
    """Say nothing."""


def project_tiles(
    task: Task, tiles: Sequence[Tile], client: Client, *, note: Callable[[str], None] = _unheard
) -> Iterator[Record]:
    """Yield the record of each tile as it is finished, in whatever order that happens.

    An error of a tile is raised here, after `note` was told the tile, the worker and why; the tiles that have not
    begun are cancelled, and those that are running end by themselves, recorded or not.

    Raises
    ------
    ClusterError
        If the scheduler is gone, or workers die again and again of one tile.
    """
    # Keys name the run: two runs on one scheduler must not take each other's tiles for their own. Priority
    # follows the table's order: neighbours share input chunks, and progress is readable on a map.
    name = f"project-{task.ledger.digest[:8]}-tile"
    waiting = {}
    for tile in tiles:
        key = f"{name}-{tile.index:06d}"
        future = client.submit(task, tile, key=key, priority=-tile.index, pure=False)
        waiting[key] = tile, future
    try:
        futures = [future for _, future in waiting.values()]
        done = as_completed(futures, loop=client.loop, with_results=True, raise_errors=False)
        del futures
        for batch in done.batches():
            for future, result in batch:
                tile, _ = waiting.pop(future.key)
                if future.status != "finished":
                    raise _failure(tile, future, result, note=note)
                # A result that is held keeps its worker from leaving before its job's walltime.
                future.release()
                yield result
    finally:
        if client.status == "running":  # a client that lost its scheduler has nothing left to cancel
            client.cancel([future for _, future in waiting.values()])


def _failure(tile: Tile, future: Future, result: object, *, note: Callable[[str], None]) -> Exception:
    """Return what is to be raised for a tile that did not finish, once `note` was told."""
    where = f"tile {tile.index} (cells {tile.start} to {tile.stop})"
    if future.status != "error" or not isinstance(result, tuple):
        error: Exception = ClusterError(
            where,
            f"was {future.status} because the scheduler is gone or was told to stop",
            do="Look at the scheduler's log, then give the same command again: finished tiles are kept.",
        )
        note(str(error))
        return error
    error = result[1]
    if isinstance(error, KilledWorker):
        worker = error.last_worker
        note(f"{where} failed on worker {worker.name} ({worker.address}) and others before: each died of it")
        return ClusterError(
            where,
            f"{error.allowed_failures + 1} workers died while they did it, {worker.address} last",
            wanted="workers with memory for a tile, that live long enough to do one",
            do="Look for why in the log of the batch system or the kernel (most often memory: choose smaller tiles or"
            " fewer workers), then give the same command again: finished tiles are kept.",
        )
    workers = future.client.run_on_scheduler(_failed_on, key=future.key)
    note(f"{where} failed on worker {workers}: {type(error).__name__}: {error}")
    return error


def _failed_on(key: str, dask_scheduler: Scheduler) -> str:
    """Return which worker said that a task failed, by name and address; runs on the scheduler."""
    task, known = dask_scheduler.tasks.get(key), dask_scheduler.workers
    addresses = sorted(task.erred_on) if task else []
    named = [f"{known[address].name} ({address})" if address in known else address for address in addresses]
    return ", ".join(named) or "that is gone"


def project_here(task: TileTask, tiles: Sequence[Tile]) -> Iterator[Record]:
    """Yield the record of each tile, done one after the other in this process."""
    yield from map(task, tiles)
