"""Layers small enough to draw: area-weighted means of square groups of cells, band by band.

*Enters:* lazy layers ``(y, x)`` of the cube. *Leaves:* NumPy arrays of a bounded size. Must not draw.
A mean over cells weighs each by its calcareous arable area, so that sums over the map are those of the cube.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.vocabulary import AREA

# Cells along the longer side of a drawn layer: more cannot be told apart on a slide.
DRAWN_CELLS = 1000
# Values read at a time: 32 MB each of values, areas and their products in float64.
_VALUES_AT_A_TIME = 4_000_000


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


def coarsened(cube: xr.Dataset, layer: xr.DataArray, *, most: int = DRAWN_CELLS) -> Drawn:
    """Return `layer` ``(y, x)`` in groups of cells, at most about `most` along each side.

    Parameters
    ----------
    cube
        The cube of which `layer` is made, with its area and status.
    layer
        Values per m2 of calcareous arable soil.
    most
        Groups along the longer side.
    """
    rows, columns = layer.sizes["y"], layer.sizes["x"]
    side = max(1, -(-max(rows, columns) // most))
    sums, areas = [], []
    for band in _bands(rows, columns, side):
        values = layer.isel(y=band).values.astype(np.float64)
        area = cube[AREA.name].isel(y=band).values.astype(np.float64)
        area = np.where(np.isfinite(values) & np.isfinite(area), area, 0.0)
        sums.append(_group_sum(np.where(area > 0, values, 0.0) * area, side))
        areas.append(_group_sum(area, side))
    area = np.concatenate(areas)
    with np.errstate(invalid="ignore"):
        values = np.where(area > 0, np.concatenate(sums) / area, np.nan)
    middle = slice(min(side // 2, rows - 1, columns - 1), None, side)
    status = cube["status"].isel(y=middle, x=middle).values
    return Drawn(values, area, _padded(status, values.shape), _limits(cube, side, values.shape))


def _bands(rows: int, columns: int, side: int) -> Iterator[slice]:
    high = max(1, _VALUES_AT_A_TIME // (columns * side)) * side
    for start in range(0, rows, high):
        yield slice(start, min(start + high, rows))


def _group_sum(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    rows, columns = (-(-size // side) for size in values.shape)
    # Groups at the last row and column may be cut by the edge: what is beyond it counts as nothing.
    whole = np.zeros((rows * side, columns * side))
    whole[: values.shape[0], : values.shape[1]] = values
    return whole.reshape(rows, side, columns, side).sum(axis=(1, 3))


def _padded(status: NDArray[np.int8], shape: tuple[int, ...]) -> NDArray[np.int8]:
    # The middle of a group that is cut by the edge may lie outside: its neighbour's status stands for it.
    lacking = [(0, wanted - has) for wanted, has in zip(shape, status.shape, strict=True)]
    return np.pad(status, lacking, mode="edge").astype(np.int8)


def _limits(cube: xr.Dataset, side: int, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    west, width, _, north, _, height = (
        float(v) for v in cube.coords["spatial_ref"].attrs["GeoTransform"].split()
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
