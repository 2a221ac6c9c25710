"""A tile of explained cells as a worker does it: raw rows -> attributions, checked against the run, and written.

*Enters:* a tile of the cells that `attribution.zarr` lists. *Leaves:* its arrays in the store and a record in the
ledger; nothing else returns. Each tile proves two things before it is written: that attributions and base value give
the prediction, and that this prediction is the one that the run stored. Picklable.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.flags import Status
from eurosic.base.grid import Tile
from eurosic.base.pathway import Pathway
from eurosic.base.signature import Array
from eurosic.explain.attribution import Background, Game, attribute, check_additive, check_equal, open_game
from eurosic.explain.groups import Group
from eurosic.explain.levers import LeverGame, lever_game
from eurosic.explain.shapley import Design, sampled_design
from eurosic.explain.targets import Target
from eurosic.inputs.raw import raw_rows
from eurosic.outputs.ledger import Ledger, TileRecord
from eurosic.outputs.store import INPUTS, PROJECTION, TileWriter
from eurosic.projection.table import CellTable
from eurosic.workflow.explain_value import RunValue

Rows = dict[str, NDArray[np.float64]]
# Permutations for each background cell: one and its reverse, exact where no more than two groups interact.
WALKS = 2


@dataclass(frozen=True)
class RunCells:
    """The cells of a run, in raw values and as the run predicted them; all that reads from its folder."""

    run: Path
    table: CellTable
    layers: tuple[str, ...]

    def rows(self, cells: NDArray[np.int64]) -> Rows:
        """Return the raw values of some cells, by their places, in whatever order."""
        order = np.argsort(cells)
        found = raw_rows(self.run / INPUTS, self.table.rows_at(cells[order]), self.layers)
        return {name: values[np.argsort(order)] for name, values in found.items()}

    def stored(
        self, name: str, cells: NDArray[np.int64], *, pathways: Sequence[int], years: Sequence[int]
    ) -> Array:
        """Return a variable of the run at places of pathways and years, ``(cell, pathway, year)``."""
        array = zarr.open_group(self.run / PROJECTION, mode="r")[name]
        found = np.asarray(array.oindex[list(pathways), list(years), cells])
        return np.moveaxis(found, 2, 0).astype(np.float64)

    def changes(
        self,
        cells: NDArray[np.int64],
        targets: Sequence[Target],
        *,
        pathways: Sequence[int],
        years: Sequence[int],
    ) -> Array:
        """Return the changes that the run stored, ``(cell, pathway, horizon, target)``.

        `pathways` are places with the baseline first, `years` those of the start year and of the horizons.
        """
        told = []
        for target in targets:
            values = self.stored(target.variable, cells, pathways=pathways, years=years)
            start = values[:, :1, :1] if target.since_start_year else 0.0
            told.append(values[:, :, 1:] - start)
        return np.stack(told, axis=-1)


@dataclass(frozen=True)
class Question:
    """What is asked of every cell: groups that differ between cells, background, value function, permutations.

    `places` are those of the pathways among the run's, `years` those of the start year and the horizons among the
    reported ones.
    """

    groups: tuple[Group, ...]
    background: Background
    value: RunValue
    seed: int
    pathways: tuple[Pathway, ...]
    places: tuple[int, ...]
    years: tuple[int, ...]

    def game(self) -> Game:
        """Return the game, its background valued."""
        return open_game(self.groups, self.background, self.value, batch=self.value.batch)

    def design(self) -> Design:
        """Return the coalitions on which the attributions of every cell rest."""
        return sampled_design(len(self.groups), self.background.weights, seed=self.seed, walks=WALKS)

    @property
    def floor(self) -> Array:
        """Size below which each target counts as nothing, ``(target,)``."""
        return np.array([target.floor for target in self.value.targets])


@dataclass(frozen=True)
class ExplainTask:
    """Everything that a worker needs to explain a tile; `every_group` is how many the store has, `lever` which."""

    cells: RunCells
    question: Question
    played: tuple[int, ...]
    every_group: int
    levers: tuple[str, ...]
    writer: TileWriter
    ledger: Ledger

    def __call__(self, tile: Tile) -> TileRecord:
        """Return the record of a tile, doing the work only if it is not recorded yet.

        Raises
        ------
        TileError
            If the attributions do not add up, or the prediction is not the run's.
        """
        done = self.ledger.finished(tile)
        if done is not None:
            return done
        began = time.perf_counter()
        listed = zarr.open_group(self.writer.store, mode="r")["cell"]
        cells = np.asarray(listed[tile.cells])
        return self.writer.write(tile, self._arrays(tile, cells), seconds=time.perf_counter() - began)

    def _arrays(self, tile: Tile, cells: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        question, rows = self.question, self.cells.rows(cells)
        found = attribute(question.game(), rows, question.design())
        where = f"explanation, tile {tile.index}"
        check_additive(found, floor=question.floor, where=where)
        stored = self.cells.changes(
            cells, question.value.targets, pathways=question.places, years=question.years
        )
        check_equal(found.prediction, stored, floor=question.floor, where=where, what="predictions")
        by_group = np.zeros((len(cells), self.every_group, *found.prediction.shape[1:]))
        by_group[:, list(self.played)] = found.results
        by_group[~found.valued] = np.nan
        years = question.years[1:]
        regime = self.cells.stored("regime", cells, pathways=question.places, years=years)
        status = np.where(found.valued, Status.PREDICTED, Status.FAILED)
        return {
            "attribution": _cell_last(by_group, group=True),
            "prediction": _cell_last(found.prediction),
            "lever_attribution": _cell_last(self._by_lever(rows), group=True),
            "regime": np.moveaxis(regime, 0, 2).astype(np.int8),
            "cell_status": status.astype(np.int8),
        }

    def _by_lever(self, rows: Rows) -> Array:
        """Return what each lever did, ``(cell, lever, pathway, horizon, target)``; zero for those not moved."""
        value, pathways = self.question.value, self.question.pathways
        horizons, targets = len(value.horizons), len(value.targets)
        cells = len(next(iter(rows.values())))
        found = np.zeros((cells, len(self.levers), len(pathways), horizons, targets))
        for place, pathway in enumerate(pathways):
            game = lever_game(pathway)
            if game.levers:
                # The baseline comes first, wherever the value function counts pH from it.
                moved = [self.levers.index(lever) for lever in game.levers]
                found[:, moved, place] = _shared_out(game, value, pathways[0], rows)
        return found


def _shared_out(game: LeverGame, value: RunValue, baseline: Pathway, rows: Rows) -> Array:
    """Return the attributions of a pathway's levers, ``(cell, lever, horizon, target)``."""
    along = value.along((baseline, *game.coalitions))
    cells = len(next(iter(rows.values())))
    told = np.concatenate(
        [
            along({name: values[start : start + along.batch] for name, values in rows.items()})[:, 1:]
            for start in range(0, cells, along.batch)
        ]
    )
    return np.moveaxis(game.attributions(np.moveaxis(told, 1, 0)), 0, 1)


def _cell_last(values: Array, *, group: bool = False) -> NDArray[np.float32]:
    """Return ``(pathway, horizon, target, [group,] cell)`` of ``(cell, [group,] pathway, horizon, target)``."""
    order = (2, 3, 4, 1, 0) if group else (1, 2, 3, 0)
    return np.ascontiguousarray(values.transpose(order)).astype(np.float32)
