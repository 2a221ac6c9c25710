"""The background of a run: which of its cells stand for all others, and with what weights.

*Enters:* a run's cells, its stored predictions, a number, a seed. *Leaves:* a `Background`, its cells' places,
and whether its mean prediction could be made that of all cells. Hands the explanation what it chooses among: raw
values, place, regime, carbonate, area. Joins stages and computes nothing that they do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.signature import Array
from eurosic.base.vocabulary import AREA
from eurosic.explain.attribution import Background
from eurosic.explain.background import choose_background, strata_of
from eurosic.explain.calibration import calibrated
from eurosic.explain.groups import Group
from eurosic.explain.targets import Target
from eurosic.workflow.explain_task import RunCells

# Layers of carbonate of which a run has one, topsoil first.
_TOPSOIL = ("carbonate", "carbonate_0_5cm")
# Cells read at once, where all of a run are averaged.
_BLOCK = 65_536


@dataclass(frozen=True)
class Typical:
    """The background, its places in the cell table, and whether its mean prediction is that of all cells."""

    background: Background
    cells: NDArray[np.int64]
    calibrated: bool


@dataclass(frozen=True)
class Candidates:
    """Cells among which a background is chosen.

    Parameters
    ----------
    source
        The run's cells.
    cells
        Places of the candidates, increasing.
    regime
        Of each candidate.
    answered
        Places of all cells that the predictor answered, which the background stands for.
    """

    source: RunCells
    cells: NDArray[np.int64]
    regime: NDArray[np.int64]
    answered: NDArray[np.int64]

    @cached_property
    def rows(self) -> dict[str, Array]:
        """Raw values of the candidates."""
        return self.source.rows(self.cells)

    @cached_property
    def _table(self) -> dict[str, Array]:
        group = zarr.open_group(self.source.table.path, mode="r")
        return {name: np.asarray(group[name][:], np.float64) for name in ("y", "x", AREA.name)}

    def chosen(self, number: int, groups: Sequence[Group], *, seed: int) -> Typical:
        """Return a background of about `number` cells, weighed by area."""
        features = [self._table[axis][self.cells] for axis in ("y", "x")]
        features += [_one_number(self.rows[name]) for group in groups for name in group.columns]
        held = [self.rows[name] for name in _TOPSOIL if name in self.rows]
        carbonate = np.nan_to_num(held[0]) if held else np.zeros(len(self.cells))
        found = choose_background(
            np.nan_to_num(np.stack(features, axis=1)),
            strata_of(self.regime, carbonate),
            self._table[AREA.name][self.cells],
            cells=number,
            seed=seed,
        )
        rows = {name: values[found.cells] for name, values in self.rows.items()}
        return Typical(Background(rows, found.weights), self.cells[found.cells], calibrated=False)

    def calibrate(self, typical: Typical, targets: Sequence[Target], years: Sequence[int]) -> Typical:
        """Return the background with weights under which its mean change along the baseline is that of all cells."""
        area = self._table[AREA.name]
        sums = np.zeros(len(targets) * (len(years) - 1))
        for start in range(0, len(self.answered), _BLOCK):
            cells = self.answered[start : start + _BLOCK]
            sums += area[cells] @ self._changes(cells, targets, years)
        mean = sums / area[self.answered].sum()
        weights, fits = calibrated(
            typical.background.weights, self._changes(typical.cells, targets, years), mean
        )
        return Typical(Background(typical.background.rows, weights), typical.cells, fits)

    def _changes(self, cells: NDArray[np.int64], targets: Sequence[Target], years: Sequence[int]) -> Array:
        """Return the stored changes along the baseline, ``(cell, horizon x target)``."""
        found = self.source.changes(cells, targets, pathways=(0,), years=years)
        return found.reshape(len(cells), -1)


def _one_number(values: Array) -> Array:
    """Return what a cell is like in one number: the mean of a series, amounts by their logarithm."""
    mean = values.reshape(len(values), -1).mean(axis=1)
    return np.asarray(np.log1p(mean) if mean.min() >= 0.0 else mean)
