"""The cells of a page: the study cells themselves or, where they are too many, square groups of them.

*Enters:* the cell table's places, areas and codes; values tile by tile. *Leaves:* means of groups, weighted by
calcareous arable area, so that sums over the page are those of the run; the commonest code. One tile and the groups
are in memory, whatever the run. It works on the cell table, not on the cube: of a European square of land and sea
most of a dense layer is empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.grid import Grid

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Part = tuple[slice, NDArray[np.generic]]

# Values of one variable on a page: cells x pathways x years. Europe at 10 km under eight pathways has 0.66 million,
# which take a quarter of a second to unpack on a small laptop.
MOST_VALUES = 800_000


@dataclass(frozen=True, eq=False)
class Groups:
    """Square groups of `side` x `side` cells of a grid, those that hold a value.

    Parameters
    ----------
    grid
        The grid of the groups themselves.
    side
        Cells along the side of a group; 1 where cells are shown as they are.
    of_cell
        The group of each row of the cell table, shape ``(cell,)``; -1 where the cell has no value.
    area
        Calcareous arable area of each row, m2, shape ``(cell,)``.
    row, column
        Place of each group in its grid, shape ``(group,)``, ordered by row, then column.
    """

    grid: Grid
    side: int
    of_cell: Whole
    area: Array
    row: Whole
    column: Whole

    def __len__(self) -> int:
        """Return how many groups there are."""
        return len(self.row)

    @property
    def group_area(self) -> Array:
        """Calcareous arable area of each group, m2, shape ``(group,)``."""
        known = self.of_cell >= 0
        sums = np.bincount(self.of_cell[known], weights=self.area[known], minlength=len(self))
        return sums.astype(np.float64)

    @property
    def cells(self) -> int:
        """Number of cells with a value."""
        return int((self.of_cell >= 0).sum())

    def summed(self, cells: slice, values: Array) -> Array:
        """Return the sums of value x area of some rows of the table, shape ``(..., group)``."""
        group, area = self.of_cell[cells], self.area[cells]
        known = group >= 0
        flat = values.reshape(-1, values.shape[-1])[:, known] * area[known]
        sums = [np.bincount(group[known], weights=line, minlength=len(self)) for line in flat]
        return np.asarray(sums, dtype=np.float64).reshape(*values.shape[:-1], len(self))


def group_cells(
    grid: Grid, rows: NDArray[np.integer], columns: NDArray[np.integer], *, area: Array, most: int
) -> Groups:
    """Return the smallest groups of cells of which there are at most `most`.

    Parameters
    ----------
    grid
        The grid of the run.
    rows, columns
        Place of each row of the cell table, shape ``(cell,)``.
    area
        Calcareous arable area, m2, ``(cell,)``; 0 for a cell without a value.
    most
        Groups at most; at least one.
    """
    known = area > 0
    side = 1
    while side < max(grid.shape) and _count(rows[known] // side, columns[known] // side) > most:
        side += 1
    coarse = Grid(
        grid.crs,
        grid.resolution * side,
        grid.west,
        grid.north,
        columns=-(-grid.columns // side),
        rows=-(-grid.rows // side),
    )
    places = (rows // side).astype(np.int64) * coarse.columns + columns // side
    found, index = np.unique(places[known], return_inverse=True)
    of_cell = np.full(len(rows), -1, dtype=np.int64)
    of_cell[known] = index
    return Groups(coarse, side, of_cell, area, found // coarse.columns, found % coarse.columns)


def _count(rows: NDArray[np.integer], columns: NDArray[np.integer]) -> int:
    return len(np.unique(rows.astype(np.int64) << 32 | columns.astype(np.int64)))


def group_means(groups: Groups, parts: Iterable[Part]) -> Array:
    """Return the area-weighted mean of values given in parts of the table, ``(..., cell)`` to ``(..., group)``.

    NaN where a cell that has a value by its status holds none: the caller refuses it.
    """
    sums: Array | None = None
    for cells, values in parts:
        part = groups.summed(cells, np.asarray(values, dtype=np.float64))
        sums = part if sums is None else sums + part
    if sums is None:
        raise ValueError("no part of the table was given")
    return np.asarray(sums / groups.group_area)


def group_codes(groups: Groups, parts: Iterable[Part], *, codes: int) -> NDArray[np.uint8]:
    """Return the code, 0 to `codes` - 1, that takes the largest area of each group; the lower one of equals."""
    areas: Array | None = None
    for cells, values in parts:
        part = np.stack([groups.summed(cells, (values == code).astype(np.float64)) for code in range(codes)])
        areas = part if areas is None else areas + part
    if areas is None:
        raise ValueError("no part of the table was given")
    return areas.argmax(axis=0).astype(np.uint8)
