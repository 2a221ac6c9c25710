"""Sums over the sub-points of grid cells: the compiled loops beneath `align`.

*Enters:* a window of a source raster, and where the nodes of a lattice over some grid cells fall in it.
*Leaves:* sums and counts per cell, or the commonest code. Pure functions: no files, no Dask, no CRS.

A cell is represented by ``ny x nx`` sub-points at the centres of equal parts of it. Because the grid is
equal-area, equal sub-points stand for equal areas, whatever the source's projection: their mean is an
area-weighted mean, with a quadrature error that the number of sub-points bounds. Places between the
nodes of the lattice are interpolated linearly, as GDAL's approximate transformer does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]
Sizes = tuple[int, int, int]


@dataclass(frozen=True)
class Lattice:
    """Where the nodes of a lattice over some cells fall in a window of the source.

    Parameters
    ----------
    rows, columns
        Fractional row and column of each node in the window (0 is the outer edge of its first pixel), shape
        ``(node_y, node_x)``; not finite where the place is not on the source's map.
    step
        Cells from node to node.
    shape
        Rows and columns of cells; the nodes reach at least as far.
    points
        Sub-points along y and along x of each cell.
    """

    rows: Array
    columns: Array
    step: int
    shape: tuple[int, int]
    points: tuple[int, int]


def _between(nodes: Array, i: int, j: int, ti: float, tj: float) -> float:
    # Differences first: infinite nodes give NaN, which every comparison refuses.
    top = nodes[i, j] + tj * (nodes[i, j + 1] - nodes[i, j])
    low = nodes[i + 1, j] + tj * (nodes[i + 1, j + 1] - nodes[i + 1, j])
    return float(top + ti * (low - top))


# Without the interpreter's lock, so that threads of one worker share the cores.
_compile = numba.njit(nogil=True, cache=True)
_between_jit = _compile(_between)


def _sum_pixels(
    window: Array32, rows: Array, columns: Array, sizes: Sizes, total: Array, count: Array
) -> None:
    step, ny, nx = sizes
    height, width = window.shape[1:]
    # Six plain loops: compiled they need no temporary arrays, which are what limits NumPy here.
    for i in range(total.shape[1]):
        for j in range(total.shape[2]):
            for a in range(ny):
                y = (i + (a + 0.5) / ny) / step
                for b in range(nx):
                    x = (j + (b + 0.5) / nx) / step
                    r = _between_jit(rows, int(y), int(x), y - int(y), x - int(x))
                    c = _between_jit(columns, int(y), int(x), y - int(y), x - int(x))
                    # Places off the map are NaN or infinite and fail these comparisons.
                    if 0.0 <= r < height and 0.0 <= c < width:
                        for k in range(window.shape[0]):
                            value = window[k, int(r), int(c)]
                            if not np.isnan(value):
                                total[k, i, j] += value
                                count[k, i, j] += 1.0


def _sum_interpolated(
    window: Array32, rows: Array, columns: Array, sizes: Sizes, total: Array, count: Array
) -> None:
    step, ny, nx = sizes
    height, width = window.shape[1:]
    for i in range(total.shape[1]):
        for j in range(total.shape[2]):
            for a in range(ny):
                y = (i + (a + 0.5) / ny) / step
                for b in range(nx):
                    x = (j + (b + 0.5) / nx) / step
                    r = _between_jit(rows, int(y), int(x), y - int(y), x - int(x))
                    c = _between_jit(columns, int(y), int(x), y - int(y), x - int(x))
                    if 0.0 <= r < height and 0.0 <= c < width:
                        # Beyond the outermost pixel centres the outermost pixels hold.
                        r0 = min(max(int(np.floor(r - 0.5)), 0), height - 2)
                        c0 = min(max(int(np.floor(c - 0.5)), 0), width - 2)
                        tr = min(max(r - 0.5 - r0, 0.0), 1.0)
                        tc = min(max(c - 0.5 - c0, 0.0), 1.0)
                        for k in range(window.shape[0]):
                            value, weight = 0.0, 0.0
                            for p in range(2):
                                for q in range(2):
                                    pixel = window[k, r0 + p, c0 + q]
                                    w = (tr if p else 1.0 - tr) * (tc if q else 1.0 - tc)
                                    # Weights of missing neighbours go to the others.
                                    if w > 0.0 and not np.isnan(pixel):
                                        value += w * pixel
                                        weight += w
                            if weight > 0.0:
                                total[k, i, j] += value / weight
                                count[k, i, j] += 1.0


def _commonest(window: Array32, rows: Array, columns: Array, sizes: Sizes, codes: Array32) -> None:
    step, ny, nx = sizes
    height, width = window.shape[1:]
    # Codes are sorted, not counted in a table: nothing is known of how large they are.
    seen = np.empty(ny * nx)
    for k in range(window.shape[0]):
        for i in range(codes.shape[1]):
            for j in range(codes.shape[2]):
                n = 0
                for a in range(ny):
                    y = (i + (a + 0.5) / ny) / step
                    for b in range(nx):
                        x = (j + (b + 0.5) / nx) / step
                        r = _between_jit(rows, int(y), int(x), y - int(y), x - int(x))
                        c = _between_jit(columns, int(y), int(x), y - int(y), x - int(x))
                        if 0.0 <= r < height and 0.0 <= c < width:
                            value = window[k, int(r), int(c)]
                            if not np.isnan(value):
                                seen[n] = value
                                n += 1
                ordered = np.sort(seen[:n])
                best, run = 0, 0
                for m in range(n):
                    run = run + 1 if m > 0 and ordered[m] == ordered[m - 1] else 1
                    # On a tie the smaller code stays, so that the answer does not depend on direction.
                    if run > best:
                        best = run
                        codes[k, i, j] = ordered[m]


_sum_pixels_jit = _compile(_sum_pixels)
_sum_interpolated_jit = _compile(_sum_interpolated)
_commonest_jit = _compile(_commonest)


def sum_points(window: Array32, lattice: Lattice, *, interpolate: bool) -> tuple[Array, Array]:
    """Return the sum over the sub-points of each cell that have a value, and their number.

    Parameters
    ----------
    window
        Source values, NaN where missing, float32, shape ``(lead, row, column)``, at least 2 x 2.
    lattice
        Where the cells fall in the window.
    interpolate
        Take the bilinear interpolation at each sub-point instead of the pixel that it lies in.

    Returns
    -------
    total, count
        Float64, shape ``(lead, cell_y, cell_x)``.

    Examples
    --------
    Two cells over one row of four pixels, doubled: each cell takes two pixels a row.

    >>> window = np.array([[[1, 3, 5, np.nan], [1, 3, 5, np.nan]]], np.float32)
    >>> nodes = Lattice(np.array([[0.0] * 3, [2.0] * 3]), np.array([[0.0, 2, 4]] * 2), 1, (1, 2), (2, 2))
    >>> total, count = sum_points(window, nodes, interpolate=False)
    >>> (total / count).tolist(), count.tolist()
    ([[[2.0, 5.0]]], [[[4.0, 2.0]]])
    """
    total = np.zeros((window.shape[0], *lattice.shape))
    count = np.zeros_like(total)
    kernel = _sum_interpolated_jit if interpolate else _sum_pixels_jit
    kernel(window, lattice.rows, lattice.columns, (lattice.step, *lattice.points), total, count)
    return total, count


def commonest_code(window: Array32, lattice: Lattice) -> Array32:
    """Return the code that most sub-points of each cell have (the smaller on a tie), NaN where none has one.

    `window` is as in `sum_points`; the result is float32, shape ``(lead, cell_y, cell_x)``.
    """
    codes = np.full((window.shape[0], *lattice.shape), np.nan, np.float32)
    _commonest_jit(window, lattice.rows, lattice.columns, (lattice.step, *lattice.points), codes)
    return codes


def sample_window(window: Array32, lattice: Lattice, resampling: str, classes: dict[int, float]) -> Array32:
    """Return the cells of a lattice from a window of the source, float32, shape ``(lead, y, x)``.

    The pure function under every aligned block; `resampling` and `classes` are those of `align.align_raster`.
    """
    if resampling == "mode":
        return commonest_code(window, lattice)
    values = shares_of(window, classes) if resampling == "fractions" else window
    total, count = sum_points(np.ascontiguousarray(values), lattice, interpolate=resampling == "smooth")
    # A class covers nothing where there are no data, but a cell wholly without data has no fraction at all.
    whole = np.full_like(count, lattice.points[0] * lattice.points[1]) if resampling == "fractions" else count
    return np.divide(total, whole, out=np.full_like(total, np.nan), where=count > 0).astype(np.float32)


def shares_of(window: Array32, classes: dict[int, float]) -> Array32:
    """Return the share of the classes in each pixel of a window, NaN where it has no code; same shape."""
    shares = np.where(np.isnan(window), np.float32(np.nan), np.float32(0.0))
    for code, share in classes.items():
        shares[window == code] = share
    return shares
