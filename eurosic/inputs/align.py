"""Any raster onto the grid, lazily: one task per block of cells, which reads only its window of the source.

*Enters:* a lazy array of `readers` and a `Grid`. *Leaves:* a lazy float32 array on the grid, NaN where the
source has nothing. It must not fill gaps, and must not change units.

GDAL's own average takes the box around two corners of a cell, which fits ill where the source's axes stand
oblique to the grid's (latitude and longitude at the edges of Europe, 15 degrees and more); sub-points (see
`sampling`) follow the cell. Tests compare both with a dense reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dask
import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from eurosic.base.errors import GridError
from eurosic.base.grid import Grid
from eurosic.inputs.sampling import Array32, Lattice, commonest_code, sum_points

# Cells along a side of a block; also the shard of `store`, so that one task makes one shard.
BLOCK = 512
# Source pixels (times months) that one task may hold: 32 MB in float32, and a few copies on the way.
_WINDOW_PIXELS = 8_000_000
# Sub-points along an axis beyond which more would not matter: 16 384 a cell.
_MOST_POINTS = 128
# Below this many pixels a cell side, each pixel gets two sub-points a side, so that edges are shared fairly.
_FEW_PIXELS = 8.0
_EARTH_RADIUS = 6.371e6


@dataclass(frozen=True)
class _Placing:
    """How grid coordinates become fractional rows and columns of a source."""

    grid: Grid
    crs: str
    origin: tuple[float, float]
    pixel: tuple[float, float]
    size: tuple[int, int]

    def nodes(self, y: NDArray[np.generic], x: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return fractional row and column, shape ``(2, y, x)``, of places with cell coordinates y and x."""
        east = self.grid.west + self.grid.resolution * np.asarray(x, np.float64)
        north = self.grid.north - self.grid.resolution * np.asarray(y, np.float64)
        places = np.meshgrid(east, north)
        if not same_crs(self.crs, self.grid.crs):
            places = Transformer.from_crs(self.grid.crs, self.crs, always_xy=True).transform(*places)
        columns = (places[0] - self.origin[0]) / self.pixel[0]
        rows = (places[1] - self.origin[1]) / self.pixel[1]
        return np.stack([rows, columns])


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
    if raster.ndim > 3:
        # Years are blocks of their own, or each block would hold them all.
        years = [
            align_raster(raster[i], grid, resampling=resampling, classes=classes, where=where)
            for i in range(raster.shape[0])
        ]
        coords = {raster.dims[0]: raster[raster.dims[0]], **years[0].coords}
        return xr.DataArray(da.stack([year.data for year in years]), dims=raster.dims, coords=coords)
    placing = _placing(raster, grid)
    points, side = _resolution(
        placing, resampling, lead=int(np.prod(raster.shape[:-2], dtype=int)), where=where
    )
    step = min(_node_step(grid.resolution), side)
    lead = raster.shape[:-2]
    rows = [
        [
            _block(raster.data, placing, (y, x), (step, side, points), (resampling, dict(classes or {})))
            for x in range(0, grid.columns, side)
        ]
        for y in range(0, grid.rows, side)
    ]
    coords = {dim: raster[dim] for dim in raster.dims[:-2]} | {"y": grid.y, "x": grid.x}
    data = da.concatenate([da.concatenate(row, axis=-1) for row in rows], axis=-2)
    return xr.DataArray(data.reshape((*lead, *grid.shape)), dims=raster.dims, coords=coords)


def _placing(raster: xr.DataArray, grid: Grid) -> _Placing:
    y, x = raster["y"].to_numpy(), raster["x"].to_numpy()
    pixel_y, pixel_x = (y[-1] - y[0]) / (y.size - 1), (x[-1] - x[0]) / (x.size - 1)
    origin = (float(x[0] - pixel_x / 2), float(y[0] - pixel_y / 2))
    return _Placing(grid, raster.rio.crs.to_wkt(), origin, (float(pixel_x), float(pixel_y)), (y.size, x.size))


def same_crs(one: str, other: str) -> bool:
    """Return whether two texts name the same coordinate reference system, axis order aside."""
    return CRS.from_user_input(one).equals(CRS.from_user_input(other), ignore_axis_order=True)


def _resolution(placing: _Placing, resampling: str, *, lead: int, where: str) -> tuple[tuple[int, int], int]:
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
    side = BLOCK
    while side > 8 and max(down * across, 1.0) * side**2 * lead > _WINDOW_PIXELS:
        side //= 2
    points = (1, 1) if resampling == "nearest" else (_points(down, resampling), _points(across, resampling))
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


def _block(
    source: da.Array,
    placing: _Placing,
    corner: tuple[int, int],
    sizes: tuple[int, int, tuple[int, int]],
    how: tuple[str, dict[int, float]],
) -> da.Array:
    """Return the lazy block of cells whose first cell is `corner`, shape ``(lead, y, x)``."""
    step, side, points = sizes
    grid = placing.grid
    cells = (min(side, grid.rows - corner[0]), min(side, grid.columns - corner[1]))
    lead = int(np.prod(source.shape[:-2], dtype=int))
    at_y, at_x = (corner[i] + step * np.arange(-(-cells[i] // step) + 1) for i in (0, 1))
    nodes = placing.nodes(at_y, at_x)
    window = _window(nodes, placing.size)
    if window is None:
        return da.full((lead, *cells), np.nan, dtype=np.float32, chunks=-1)
    (top, low), (left, right) = window
    lattice = Lattice(nodes[0] - top, nodes[1] - left, step, cells, points)
    part = source[..., top:low, left:right].reshape((lead, low - top, right - left))
    made = dask.delayed(sample_window, pure=False)(part, lattice, *how)
    return da.from_delayed(made, (lead, *cells), dtype=np.float32)


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


def sample_window(window: Array32, lattice: Lattice, resampling: str, classes: dict[int, float]) -> Array32:
    """Return the cells of a lattice from a window of the source, float32, shape ``(lead, y, x)``.

    The pure function under every aligned block; `resampling` and `classes` are those of `align_raster`.
    """
    if resampling == "mode":
        return commonest_code(window, lattice)
    values = _shares(window, classes) if resampling == "fractions" else window
    total, count = sum_points(np.ascontiguousarray(values), lattice, interpolate=resampling == "smooth")
    # A class covers nothing where there are no data, but a cell wholly without data has no fraction at all.
    whole = np.full_like(count, lattice.points[0] * lattice.points[1]) if resampling == "fractions" else count
    return np.divide(total, whole, out=np.full_like(total, np.nan), where=count > 0).astype(np.float32)


def _shares(window: Array32, classes: dict[int, float]) -> Array32:
    shares = np.where(np.isnan(window), np.float32(np.nan), np.float32(0.0))
    for code, share in classes.items():
        shares[window == code] = share
    return shares
