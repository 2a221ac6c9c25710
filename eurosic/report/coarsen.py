"""Layers small enough to draw: area-weighted means of square groups of cells, straight from the cell table.

*Enters:* the lazy cell table. *Leaves:* NumPy arrays of a bounded size. Must not draw, nor make a dense layer: of a
European square of land and sea most would be empty. A mean over cells weighs each by its calcareous arable area, so
that sums over the map are those of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.flags import Status
from eurosic.base.vocabulary import AREA

# Cells along the longer side of a drawn layer: more cannot be told apart on a slide.
DRAWN_CELLS = 1000
# Rows of the table read at a time: 2 MB of values, and of each product of them, in float64.
_CELLS_AT_A_TIME = 1 << 18
# Values of `grid_status` read at a time, a byte each.
_STATUS_AT_A_TIME = 4_000_000


@dataclass(frozen=True)
class Drawn:
    """A layer to draw.

    Parameters
    ----------
    values
        Area-weighted mean, shape ``(row, column)``, NaN where no cell has a value.
    area
        Calcareous arable area of the cells with a value, m2, same shape.
    status
        Status of the cell in the middle of each group, same shape.
    limits
        West, south, east and north limits, m.
    """

    values: NDArray[np.float64]
    area: NDArray[np.float64]
    status: NDArray[np.int8]
    limits: tuple[float, float, float, float]

    @property
    def total(self) -> float:
        """Sum of value times area."""
        return float(np.nansum(self.values * self.area))


@dataclass(frozen=True, eq=False)
class Canvas:
    """Where the cells of a table stand on a drawing of their grid; made once, it serves every map of a run.

    Parameters
    ----------
    table
        The lazy cell table.
    group
        Group of each cell in the drawing, counted row by row, shape ``(cell,)``.
    area
        Calcareous arable area of each cell, m2, shape ``(cell,)``; 0 where it has none.
    status
        Status of the cell in the middle of each group, shape ``(row, column)``.
    limits
        West, south, east and north limits, m.
    """

    table: xr.Dataset
    group: NDArray[np.int32]
    area: NDArray[np.float64]
    status: NDArray[np.int8]
    limits: tuple[float, float, float, float]

    def layer(
        self, variable: str, pathway: str, *, year: int, minus: str | None = None, factor: float = 1.0
    ) -> Drawn:
        """Return a variable of a pathway in a year, or less that of another pathway, times `factor`, to draw.

        The table is read range by range of cells: what is held besides the drawing does not grow with the run. A
        cell counts where its value (or both) and its area are known.
        """
        pathways = [pathway] if minus is None else [pathway, minus]
        layers = [self.table[variable].sel(pathway=name, year=year, drop=True) for name in pathways]
        sums, areas = np.zeros(self.status.size), np.zeros(self.status.size)
        for cells in _ranges(len(self.group)):
            values, *others = (layer.isel(cell=cells).values.astype(np.float64) for layer in layers)
            for other in others:
                values -= other
            known = np.isfinite(values) & (self.area[cells] > 0)
            group, area = self.group[cells][known], self.area[cells][known]
            sums += np.bincount(group, area * values[known], minlength=sums.size)
            areas += np.bincount(group, area, minlength=sums.size)
        with np.errstate(invalid="ignore"):
            means = np.where(areas > 0, factor * sums / areas, np.nan)
        shape = self.status.shape
        return Drawn(means.reshape(shape), areas.reshape(shape), self.status, self.limits)


def canvas_of(table: xr.Dataset, *, most: int = DRAWN_CELLS) -> Canvas:
    """Return the canvas of a cell table, with at most `most` groups of cells along each side."""
    rows, columns = table.sizes["y"], table.sizes["x"]
    side = max(1, -(-max(rows, columns) // most))
    middles = _middles(rows, side), _middles(columns, side)
    shape = len(middles[0]), len(middles[1])
    status = _thinned(table["grid_status"], middles, side)
    group = np.empty(table.sizes["cell"], dtype=np.int32)
    area = np.empty(table.sizes["cell"])
    for cells in _ranges(len(group)):
        part = table[["row", "column", "cell_status", AREA.name]].isel(cell=cells).load()
        row, column = part["row"].values // side, part["column"].values // side
        group[cells] = row * shape[1] + column
        area[cells] = np.nan_to_num(part[AREA.name].values, nan=0.0, posinf=0.0, neginf=0.0)
        # Where a study cell stands in the middle, the run's own word counts, and no word is none yet.
        here = (middles[0][row] == part["row"].values) & (middles[1][column] == part["column"].values)
        told = part["cell_status"].values[here]
        status[row[here], column[here]] = np.where(told >= 0, told, Status.UNFINISHED)
    return Canvas(table, group, area, status, _limits(table, side, shape))


def _ranges(cells: int) -> Iterator[slice]:
    for start in range(0, cells, _CELLS_AT_A_TIME):
        yield slice(start, min(start + _CELLS_AT_A_TIME, cells))


def _middles(size: int, side: int) -> NDArray[np.intp]:
    # The middle of a group that the grid's edge cuts may lie beyond it: its last cell stands for it.
    return np.minimum(np.arange(0, size, side) + side // 2, size - 1)


def _thinned(
    status: xr.DataArray, middles: tuple[NDArray[np.intp], NDArray[np.intp]], side: int
) -> NDArray[np.int8]:
    """Return the status of the cells in the middle of groups, read in bands of whole groups."""
    rows, columns = status.shape
    high = max(1, _STATUS_AT_A_TIME // (columns * side)) * side
    bands = []
    for start in range(0, rows, high):
        band = status.isel(y=slice(start, min(start + high, rows))).values
        inside = middles[0][start // side : (start + high) // side] - start
        bands.append(band[np.ix_(inside, middles[1])])
    return np.concatenate(bands).astype(np.int8)


def _limits(table: xr.Dataset, side: int, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    west, width, _, north, _, height = (
        float(v) for v in table.coords["spatial_ref"].attrs["GeoTransform"].split()
    )
    return west, north + height * side * shape[0], west + width * side * shape[1], north


def frame_of(drawn: Drawn, aspect: float) -> tuple[float, float, float, float]:
    """Return west, south, east and north of the window to draw, m: the cells with a value, a margin, an aspect.

    `aspect` is width over height of the axes. At least one cell has a value.
    """
    west, south, east, north = drawn.limits
    height, width = drawn.values.shape
    rows, columns = np.nonzero(np.isfinite(drawn.values))
    across, down = (east - west) / width, (north - south) / height
    left, right = west + columns.min() * across, west + (columns.max() + 1) * across
    top, bottom = north - rows.min() * down, north - (rows.max() + 1) * down
    # The cells decide what is shown, not the grid, of which much may be sea.
    margin = 0.05 * max(right - left, top - bottom)
    wide = max(right - left + 2 * margin, (top - bottom + 2 * margin) * aspect)
    middle = (left + right) / 2, (bottom + top) / 2
    return (
        middle[0] - wide / 2,
        middle[1] - wide / aspect / 2,
        middle[0] + wide / 2,
        middle[1] + wide / aspect / 2,
    )
