"""Toy projections that can be killed: by themselves or as clients of a scheduler, with a journal of what began."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from eurosic.base.grid import Tile, tiles_of
from eurosic.base.signature import Columns, Prediction, Signature
from eurosic.outputs.ledger import Ledger
from eurosic.outputs.store import PROJECTION, TileWriter, create_store
from eurosic.projection.project import TileTask, project_here, project_tiles, unfinished
from eurosic.projection.table import CellTable, write_table
from eurosic.projection.template import Extent, template
from eurosic.projection.tile import TOTALLED, TileSpec
from tests.toy import GRID, TOY_MARKING, ToyForcing, ToyPredictor, toy_derive, toy_inputs

YEARS = tuple(range(2020, 2031))
TILE = 50
DIGEST = "0123abcd"
KEPT = {*TOTALLED, "regime"}


@dataclass(frozen=True)
class SmallToy(ToyPredictor):
    """The toy with four of its targets: most of a tile's time goes into its files."""

    @property
    def signature(self) -> Signature:
        """That of the toy, cut down."""
        whole = super().signature
        return replace(whole, targets=tuple(target for target in whole.targets if target.name in KEPT))

    def predict(self, columns: Columns) -> Prediction:
        """Return the closed form of the targets that are kept."""
        found = super().predict(columns)
        kept = [i for i, target in enumerate(super().signature.targets) if target.name in KEPT]
        return Prediction(found.values[..., kept], found.converged)


@dataclass(frozen=True)
class WatchedTable(CellTable):
    """A cell table that notes each tile of which the computing begins, and how long it had been recorded then."""

    place: Path = Path()

    def rows(self, tile: Tile) -> Mapping[str, NDArray[np.generic]]:
        """Return the rows of a tile: the first thing that is done to compute it."""
        record = self.place / "ledger" / f"tile-{tile.index:06d}.json"
        age = time.time() - record.stat().st_mtime if record.exists() else -1.0
        with (self.place / "journal").open("a") as stream:
            stream.write(f"{tile.index} {age:.3f}\n")
        return super().rows(tile)


def toy_table(folder: Path) -> CellTable:
    """Write the cell table of a small world."""
    inputs = toy_inputs(folder / "inputs.zarr")
    return write_table(
        folder / "cells.zarr", inputs, grid=GRID, marking=TOY_MARKING, derive=toy_derive, digest="d"
    )


def toy_task(table: CellTable, place: Path) -> TileTask:
    """Make the store in a folder, or take up what lies there, as a run does."""
    extent = Extent(("baseline", "less"), (2020, 2030), YEARS, table.countries, table.cells, TILE)
    store, ledger, toy = place / PROJECTION, Ledger(place / "ledger", DIGEST), SmallToy()
    create_store(store, template(toy.signature, extent), ledger=ledger, attributes={})
    spec = TileSpec(np.eye(2), reported=(0, 10), countries=table.countries, batch=50)
    watched = WatchedTable(**asdict(table), place=place)
    forcing = ToyForcing((1.0, 0.5), len(YEARS))
    return TileTask(watched, forcing, toy, spec, TileWriter(store, ledger), ledger)


def write_alone(table: CellTable, place: Path) -> None:
    """Do what is not finished in this process, which reads, computes and writes."""
    task = toy_task(table, place)
    list(project_here(task, unfinished(list(tiles_of(table.cells, TILE)), task.ledger)))


def write_as_client(table: CellTable, place: Path, address: str) -> None:
    """Do what is not finished on the workers of a scheduler."""
    task = toy_task(table, place)
    with Client(address, set_as_default=False, timeout="20s") as client:
        list(project_tiles(task, unfinished(list(tiles_of(table.cells, TILE)), task.ledger), client))


def begun_though_recorded(place: Path, slack: float = 0.2) -> list[str]:
    """Return what the journal says was begun longer than `slack` s after it had been recorded.

    A tile may be recorded by a worker whose client was killed in the very moment in which another begins it.
    """
    return [line for line in (place / "journal").read_text().splitlines() if float(line.split()[1]) > slack]


def files_of(store: Path) -> dict[str, bytes]:
    """Return every file of a store, by its path."""
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}
