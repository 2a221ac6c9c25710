"""The grid on which a projection is made, and the tiles of its cell table.

Row 0 is the northernmost row and column 0 the westernmost: y decreases with the row, because GDAL flips
a Zarr whose y ascends (ENGINE.md, trap 4). A `Tile` is a contiguous range of the cell table, which is
ordered by a fixed space key (`space_key`) that does not depend on the size of the tiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError

from eurosic.base.errors import GridError

# Cells along a side of a square of the grid, a power of two: its cells stand together in the cell table. Layers are
# aligned, stored and read by such squares.
SQUARE = 512
# Share by which an area on the map may differ from that on the ground; UTM within its zone stays below.
_UNTRUE_AREA = 0.002


@dataclass(frozen=True)
class Grid:
    """A regular grid of square cells in a projected, equal-area coordinate reference system.

    Parameters
    ----------
    crs
        Authority code, such as ``"EPSG:3035"``.
    resolution
        Length of a cell's side, m.
    west, north
        Outer limits of the first column and of the first row, m.
    columns, rows
        Number of cells along x and y.
    """

    crs: str
    resolution: float
    west: float
    north: float
    columns: int
    rows: int

    def __post_init__(self) -> None:
        """Raise `GridError` unless this is a grid on which area means something."""
        try:
            crs = CRS.from_user_input(self.crs)
        except CRSError as error:
            raise GridError(
                "grid", f"crs {self.crs!r} is unknown", wanted="a code such as 'EPSG:3035'"
            ) from error
        if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
            raise GridError(
                "grid",
                f"crs {self.crs!r} is not projected in metres",
                wanted="an equal-area projection such as 'EPSG:3035'",
                do="Area totals need cells of known area.",
            )
        if not self.resolution > 0 or self.columns < 1 or self.rows < 1:
            raise GridError(
                "grid",
                f"{self.columns} x {self.rows} cells of {self.resolution} m",
                wanted="at least one cell",
            )
        scale = self._areal_scale()
        if abs(scale - 1.0) > _UNTRUE_AREA:
            raise GridError(
                "grid",
                f"a cell of {self.crs} stands for {1 / scale:.2f} times its area on the ground",
                wanted="an equal-area projection such as 'EPSG:3035'",
                do="Area totals need cells of known area.",
            )

    def _areal_scale(self) -> float:
        west, south, east, north = self.bounds
        centre = ((west + east) / 2, (south + north) / 2)
        lon, lat = Transformer.from_crs(self.crs, 4326, always_xy=True).transform(*centre)
        # A centre off the map says nothing; alignment will find that nothing overlaps.
        if not (np.isfinite(lon) and np.isfinite(lat)):
            return 1.0
        return float(Proj(self.crs).get_factors(lon, lat).areal_scale)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def cell_area(self) -> float:
        """Area of a cell, m2."""
        return self.resolution**2

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north limits, m."""
        return (
            self.west,
            self.north - self.rows * self.resolution,
            self.west + self.columns * self.resolution,
            self.north,
        )

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """The six numbers by which GDAL places a raster."""
        return (self.west, self.resolution, 0.0, self.north, 0.0, -self.resolution)

    @cached_property
    def x(self) -> NDArray[np.float64]:
        """Cell centres along x, increasing, m, shape ``(columns,)``."""
        return np.asarray(self.west + self.resolution * (np.arange(self.columns) + 0.5), dtype=np.float64)

    @cached_property
    def y(self) -> NDArray[np.float64]:
        """Cell centres along y, decreasing, m, shape ``(rows,)``."""
        return np.asarray(self.north - self.resolution * (np.arange(self.rows) + 0.5), dtype=np.float64)


def coarser_grid(grid: Grid, most: int) -> Grid:
    """Return `grid` with cells a whole number of times as long, so that there are at most about `most` of them.

    It begins at the same corner and covers all of `grid`, the last row and column perhaps beyond it.

    Examples
    --------
    >>> coarser_grid(Grid("EPSG:3035", 1000.0, 4e6, 3e6, 30, 20), most=100).shape
    (7, 10)
    """
    times = max(1, int(np.ceil(np.sqrt(grid.rows * grid.columns / most))))
    return replace(
        grid,
        resolution=grid.resolution * times,
        rows=-(-grid.rows // times),
        columns=-(-grid.columns // times),
    )


def grid_within(crs: str, resolution: float, bounds: tuple[float, float, float, float]) -> Grid:
    """Return the smallest grid, aligned to multiples of `resolution` (m), that covers `bounds`.

    Examples
    --------
    >>> grid_within("EPSG:3035", 10_000.0, (2_503_000.0, 1_401_000.0, 2_521_000.0, 1_420_000.0)).shape
    (2, 3)
    """
    west, south, east, north = (float(b) for b in bounds)
    left, right = np.floor(west / resolution), np.ceil(east / resolution)
    bottom, top = np.floor(south / resolution), np.ceil(north / resolution)
    return Grid(crs, resolution, left * resolution, top * resolution, int(right - left), int(top - bottom))


@dataclass(frozen=True)
class Tile:
    """The contiguous range ``[start, stop)`` of the cell table that one task handles."""

    index: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of study cells."""
        return self.stop - self.start

    @property
    def cells(self) -> slice:
        """The range as a slice."""
        return slice(self.start, self.stop)


def tiles_of(cells: int, size: int) -> Iterator[Tile]:
    """Yield the tiles of at most `size` cells that cover a table of `cells` cells, in order."""
    for index, start in enumerate(range(0, cells, size)):
        yield Tile(index, start, min(start + size, cells))


def space_key(rows: NDArray[np.integer], columns: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return the Morton code of each cell, by which the cell table is ordered (shape ``(cell,)``).

    Neighbours in the table are neighbours in space, and the order depends on nothing but row and column.
    Source: Morton (1966), bits of row and column interleaved.

    Examples
    --------
    >>> space_key(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).tolist()
    [0, 1, 2, 3]
    """
    return _spread_bits(rows) << np.uint64(1) | _spread_bits(columns)


def _spread_bits(values: NDArray[np.integer]) -> NDArray[np.uint64]:
    spread = np.asarray(values).astype(np.uint64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        spread = (spread | spread << np.uint64(shift)) & np.uint64(mask)
    return spread
