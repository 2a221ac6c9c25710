"""Any raster onto the grid, lazily: a block of cells at a time, of which each reads only its window of the source.

*Enters:* a lazy array of `readers` and a `Grid`. *Leaves:* a lazy float32 array on the grid, NaN where the
source has nothing; making it costs the same for ten cells as for a billion. It must not fill gaps, and must not
change units.

GDAL's own average takes the box around two corners of a cell, which fits ill where the source's axes stand
oblique to the grid's (latitude and longitude at the edges of Europe, 15 degrees and more); sub-points (see
`sampling`) follow the cell. Tests compare both with a dense reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.errors import GridError
from eurosic.base.grid import SQUARE, Grid
from eurosic.inputs.placing import Placing, placing_of
from eurosic.inputs.sampling import Array32, Lattice, sample_window, shares_of
from eurosic.inputs.windows import Window, Windowed, cut, lazy_array, overlap

# Cells along a side of the smallest chunk that is shown: smaller blocks lie several in a chunk.
_SMALL_CHUNK = 128
# Source pixels (times months) that one block may hold: 32 MB in float32, and a few copies on the way.
_WINDOW_PIXELS = 8_000_000
# Sub-points along an axis beyond which more would not matter: 16 384 a cell.
_MOST_POINTS = 128
# Below this many pixels a cell side, each pixel gets two sub-points a side, so that edges are shared fairly.
_FEW_PIXELS = 8.0
_EARTH_RADIUS = 6.371e6


def align_raster(
    raster: xr.DataArray,
    grid: Grid,
    *,
    resampling: str,
    classes: Mapping[int, float] | None = None,
    where: str = "raster",
) -> xr.DataArray:
    """Return a raster on the grid, lazily.

    Parameters
    ----------
    raster
        Lazy array of `readers.open_source`, dims ``(..., y, x)``, with a CRS.
    grid
        The grid of the recipe.
    resampling
        ``area_mean``: mean over the part of the cell that has values (stocks, rates, contents).
        ``smooth``: the same of values interpolated between pixel centres (climate).
        ``fractions``: area of the cell in `classes`, each times its share, over the whole cell area.
        ``mode``: the commonest code. ``nearest``: the pixel at the cell's centre.
    classes
        For ``fractions``: code -> share.
    where
        How an error calls the raster.

    Returns
    -------
    DataArray
        Float32, dims ``(..., y, x)`` with the coordinates of the grid. A cell has a value where any of its
        sub-points has one; ``smooth`` reaches at most half a source pixel beyond the pixels with values.

    Raises
    ------
    GridError
        If the raster does not overlap the grid.
    """
    placing = placing_of(raster, grid)
    lead = raster.shape[:-2]
    points, side = _resolution(placing, resampling, lead=lead[-1] if lead else 1, where=where)
    step = min(_node_step(grid.resolution), side)
    made = _Aligned(raster.data, placing, (step, side, points), (resampling, dict(classes or {})))
    # Years are chunks of their own, or each chunk would hold them all.
    sizes = (*(1 for _ in lead[:-1]), *lead[-1:], *(min(SQUARE, max(side, _SMALL_CHUNK)),) * 2)
    chunks = tuple(cut(size, most) for size, most in zip(made.shape, sizes, strict=True))
    coords = {dim: raster[dim] for dim in raster.dims[:-2]} | {"y": grid.y, "x": grid.x}
    return xr.DataArray(lazy_array(made, chunks), dims=raster.dims, coords=coords)


def _resolution(placing: Placing, resampling: str, *, lead: int, where: str) -> tuple[tuple[int, int], int]:
    """Return the sub-points along y and x of a cell, and the side of a block, for the whole grid alike."""
    grid = placing.grid
    # A twentieth of a cell apart at 33 x 33 places: the local scale, exactly enough for a count of points.
    at_y, at_x = (np.linspace(0, size, 33) for size in grid.shape)
    here = placing.nodes(at_y, at_x)
    inside = _inside(here, placing.size)
    if not inside.any():
        raise GridError(
            where,
            "does not overlap the grid",
            wanted=f"data between x {grid.bounds[0]:.0f} and {grid.bounds[2]:.0f} m, "
            f"y {grid.bounds[1]:.0f} and {grid.bounds[3]:.0f} m ({grid.crs})",
            do="Correct the CRS of the entry, or the extent of the recipe.",
        )
    down = np.abs(placing.nodes(at_y + 0.05, at_x) - here)[:, inside].max() / 0.05
    across = np.abs(placing.nodes(at_y, at_x + 0.05) - here)[:, inside].max() / 0.05
    side = SQUARE
    while side > 8 and max(down * across, 1.0) * side**2 * lead > _WINDOW_PIXELS:
        side //= 2
    whole = resampling == "nearest" or placing.lies_on
    points = (1, 1) if whole else (_points(down, resampling), _points(across, resampling))
    return points, side


def _inside(nodes: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which nodes lie in the source, or have it between themselves and a neighbour."""
    finite: NDArray[np.bool_] = np.all(np.isfinite(nodes), axis=0)
    rows, columns = np.where(finite, nodes, np.nan)
    near = np.zeros(finite.shape, dtype=bool)
    # A source smaller than the distance of nodes may lie between four of them.
    for i in range(finite.shape[0] - 1):
        for j in range(finite.shape[1] - 1):
            box = np.s_[i : i + 2, j : j + 2]
            if finite[box].all() and _meet(rows[box], size[0]) and _meet(columns[box], size[1]):
                near[box] = True
    return near


def _meet(places: NDArray[np.float64], size: int) -> bool:
    return bool(places.max() > 0 and places.min() < size)


def _points(pixels_a_cell: float, resampling: str) -> int:
    if resampling == "smooth":
        return int(min(max(np.ceil(pixels_a_cell - 1e-6), 1), _MOST_POINTS))
    dense = 1.0 if pixels_a_cell >= _FEW_PIXELS else 2.0
    return int(min(max(np.ceil(dense * pixels_a_cell - 1e-6), 1), _MOST_POINTS))


def _node_step(resolution: float) -> int:
    # Linear interpolation over a span h errs by about h^2 / (4 R) on the curved Earth: 1 % of a cell at most.
    span = np.sqrt(0.01 * resolution * 4.0 * _EARTH_RADIUS)
    return int(2 ** np.clip(np.floor(np.log2(span / resolution)), 0, 6))


@dataclass(frozen=True)
class _Aligned(Windowed):
    """A source on the grid, by window. Blocks begin at the same cells whatever is asked for: values are the same."""

    source: da.Array
    placing: Placing
    sizes: tuple[int, int, tuple[int, int]]
    how: tuple[str, dict[int, float]]

    @property
    def shape(self) -> tuple[int, ...]:
        """Years and months of the source, rows and columns of the grid."""
        return (*self.source.shape[:-2], *self.placing.grid.shape)

    def read(self, window: Window) -> Array32:
        """Return the cells of a window; of the source, one block's part is held at a time."""
        if self.placing.first is not None:
            return self._pixels(window, self.placing.first)
        *lead, down, across = window
        made = np.empty([at.stop - at.start for at in window], np.float32)
        side = self.sizes[1]
        tops, lefts = (range(at.start // side * side, at.stop, side) for at in (down, across))
        # Years one by one, for the same reason; the months of a year together, for they lie at the same places.
        years = np.ndindex(*made.shape[:-3])
        for year, y, x in product(years, tops, lefts):
            first = tuple(slice(at.start + i, at.start + i + 1) for at, i in zip(lead, year, strict=False))
            block = self._block((*first, *lead[len(year) :]), (y, x))
            inside, place = zip(*(overlap(*of) for of in ((down, y, side), (across, x, side))), strict=True)
            made[(*year, ..., *place)] = block[(..., *inside)].reshape(made[(*year, ..., *place)].shape)
        return made

    def _pixels(self, window: Window, first: tuple[int, int]) -> Array32:
        """Return the cells of a window where each is a pixel: nothing is to be sampled."""
        *lead, down, across = window
        reach = [slice(at.start + by, at.stop + by) for at, by in zip((down, across), first, strict=True)]
        there: list[slice] = []
        place: list[slice] = []
        for at, size in zip(reach, self.placing.size, strict=True):
            low, high = min(max(at.start, 0), size), min(max(at.stop, 0), size)
            there.append(slice(low, high))
            place.append(slice(low - at.start, high - at.start))
        made = np.full([at.stop - at.start for at in window], np.nan, np.float32)
        if all(at.start < at.stop for at in there):
            made[..., place[0], place[1]] = self.source[(*lead, *there)].compute(scheduler="sync")
        resampling, classes = self.how
        return shares_of(made, classes) if resampling == "fractions" else made

    def _block(self, lead: Window, corner: tuple[int, int]) -> Array32:
        """Return the block of cells whose first cell is `corner`, shape ``(lead, y, x)``."""
        step, side, points = self.sizes
        grid = self.placing.grid
        cells = (min(side, grid.rows - corner[0]), min(side, grid.columns - corner[1]))
        number = int(np.prod([at.stop - at.start for at in lead], dtype=int))
        at_y, at_x = (corner[i] + step * np.arange(-(-cells[i] // step) + 1) for i in (0, 1))
        nodes = self.placing.nodes(at_y, at_x)
        window = _window(nodes, self.placing.size)
        if window is None:
            return np.full((number, *cells), np.nan, dtype=np.float32)
        (top, low), (left, right) = window
        lattice = Lattice(nodes[0] - top, nodes[1] - left, step, cells, points)
        # In this thread: a task has one core, and no source may pass through a scheduler.
        part = self.source[(*lead, slice(top, low), slice(left, right))].compute(scheduler="sync")
        return sample_window(part.reshape((number, low - top, right - left)), lattice, *self.how)


def _window(
    nodes: NDArray[np.float64], size: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    found = []
    for places, length in zip(nodes, size, strict=True):
        finite = places[np.isfinite(places)]
        # Two pixels more, for what interpolation needs; at least two, so that it is possible.
        first = int(max(np.floor(finite.min()) - 2, 0)) if finite.size else length
        last = int(min(np.ceil(finite.max()) + 2, length)) if finite.size else 0
        if last <= 0 or first >= length:
            return None
        found.append((min(first, length - 2), max(last, min(first, length - 2) + 2)))
    return found[0], found[1]
