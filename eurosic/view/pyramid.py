"""Tiles of a cell table at any resolution: which rows of the table they hold, and the mean of every group of cells.

*Enters:* places, areas and values of study cells. *Leaves:* dense arrays of `SIDE` groups a side. Pure NumPy:
reads nothing. The table is ordered along Morton's curve, on which every square whose side is a power of two is
one range, so that no tile, coarse or fine, looks at a cell outside it. *Source:* Morton (1966); means weigh by
calcareous arable area.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eurosic.base.grid import Grid, space_key

# Groups along the side of a tile, and its logarithm.
SIDE, _BITS = 256, 8


@dataclass(frozen=True)
class Place:
    """A tile of the pyramid: `level` doublings of the cell's side, `row` and `column` counted in tiles."""

    level: int
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Where the study cells stand, and the tiles over them.

    Parameters
    ----------
    grid
        The grid of the run.
    rows, columns
        Place of each study cell, int32, shape ``(cell,)``, in the order of the table.
    """

    grid: Grid
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """Place of each cell on the curve, increasing."""
        return space_key(self.rows, self.columns)

    @cached_property
    def levels(self) -> int:
        """How many levels there are; one tile of the last holds the whole grid."""
        longer = max(self.grid.shape)
        return max(1, int(np.ceil(np.log2(longer / SIDE))) + 1)

    def holds(self, place: Place) -> bool:
        """Return whether there is such a tile."""
        if not 0 <= place.level < self.levels:
            return False
        side = SIDE << place.level
        return 0 <= place.row * side < self.grid.rows and 0 <= place.column * side < self.grid.columns

    def cells(self, place: Place) -> slice:
        """Return the range of the table that lies in a tile."""
        bits = np.uint64(_BITS + place.level)
        corner = space_key(np.array([place.row]), np.array([place.column]))[0] << (np.uint64(2) * bits)
        after = corner + (np.uint64(1) << (np.uint64(2) * bits))
        start, stop = np.searchsorted(self.keys, np.array([corner, after], dtype=np.uint64))
        return slice(int(start), int(stop))

    def groups(self, place: Place, cells: slice) -> NDArray[np.intp]:
        """Return in which group of a tile, counted row by row, each cell of a range stands."""
        down = (self.rows[cells] >> place.level) - place.row * SIDE
        across = (self.columns[cells] >> place.level) - place.column * SIDE
        return down.astype(np.intp) * SIDE + across

    def find(self, row: int, column: int) -> int | None:
        """Return the row of the table that holds a cell of the grid, or None where it is no study cell."""
        if not (0 <= row < self.grid.rows and 0 <= column < self.grid.columns):
            return None
        key = space_key(np.array([row]), np.array([column]))[0]
        found = int(np.searchsorted(self.keys, key))
        return found if found < len(self.keys) and self.keys[found] == key else None


class GroupMean:
    """The mean of each group of a tile, weighed by area, gathered a part of the table at a time."""

    def __init__(self) -> None:
        self._sums, self._areas = np.zeros(SIDE * SIDE), np.zeros(SIDE * SIDE)

    def add(self, groups: NDArray[np.intp], values: NDArray[np.floating], area: NDArray[np.floating]) -> None:
        """Add cells: their groups, values (NaN: none) and areas (m2), each ``(cell,)``."""
        known = np.isfinite(values) & (area > 0)
        weights = area[known].astype(np.float64)
        self._sums += np.bincount(groups[known], weights * values[known], minlength=SIDE * SIDE)
        self._areas += np.bincount(groups[known], weights, minlength=SIDE * SIDE)

    def result(self) -> NDArray[np.float32]:
        """Return the means, shape ``(SIDE, SIDE)``, NaN where no cell has a value."""
        with np.errstate(invalid="ignore"):
            return (self._sums / self._areas).astype(np.float32).reshape(SIDE, SIDE)


class GroupMode:
    """The commonest code of each group of a tile, by area."""

    def __init__(self, codes: int) -> None:
        self._areas = np.zeros((codes, SIDE * SIDE))

    def add(self, groups: NDArray[np.intp], values: NDArray[np.floating], area: NDArray[np.floating]) -> None:
        """Add cells: their groups, codes (negative or NaN: none) and areas (m2), each ``(cell,)``."""
        for code, sums in enumerate(self._areas):
            here = values == code
            sums += np.bincount(groups[here], area[here], minlength=SIDE * SIDE)

    def result(self) -> NDArray[np.float32]:
        """Return the codes, shape ``(SIDE, SIDE)``, NaN where no cell has one."""
        commonest = np.argmax(self._areas, axis=0).astype(np.float32)
        found = np.where(self._areas.max(axis=0) > 0, commonest, np.nan)
        return found.astype(np.float32).reshape(SIDE, SIDE)
