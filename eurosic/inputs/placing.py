"""Where the cells of a grid lie in a raster: fractional rows and columns, through any two reference systems.

*Enters:* a raster's coordinates and CRS, a `Grid`. *Leaves:* a `Placing`, which pickles. It must not read values.
*Source:* PROJ, by pyproj.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from eurosic.base.grid import Grid


@dataclass(frozen=True)
class Placing:
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
        between = _transformer(self.grid.crs, self.crs)
        if between is not None:
            places = between.transform(*places)
        columns = (places[0] - self.origin[0]) / self.pixel[0]
        rows = (places[1] - self.origin[1]) / self.pixel[1]
        return np.stack([rows, columns])

    @property
    def lies_on(self) -> bool:
        """Whether each cell is a pixel of the source: its centre says all of it."""
        return self.first is not None

    @cached_property
    def first(self) -> tuple[int, int] | None:
        """Row and column of the pixel that is the grid's first cell, inside the source or not; None if none is."""
        # Rows and columns at the first cell's corner and one cell on; files round their coordinates.
        rows, columns = self.nodes(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        first, step = np.array([rows[0, 0], columns[0, 0]]), np.array([rows[1, 0], columns[0, 1]])
        same = _transformer(self.grid.crs, self.crs) is None
        if not (same and np.allclose([first - first.round(), step - first - 1.0], 0.0, atol=1e-6)):
            return None
        return int(first[0].round()), int(first[1].round())


def placing_of(raster: xr.DataArray, grid: Grid) -> Placing:
    """Return where a grid lies in a raster with coordinates y and x of its pixels' centres, and a CRS."""
    y, x = raster["y"].to_numpy(), raster["x"].to_numpy()
    pixel_y, pixel_x = (y[-1] - y[0]) / (y.size - 1), (x[-1] - x[0]) / (x.size - 1)
    origin = (float(x[0] - pixel_x / 2), float(y[0] - pixel_y / 2))
    return Placing(grid, raster.rio.crs.to_wkt(), origin, (float(pixel_x), float(pixel_y)), (y.size, x.size))


def same_crs(one: str, other: str) -> bool:
    """Return whether two texts name the same coordinate reference system, axis order aside."""
    return CRS.from_user_input(one).equals(CRS.from_user_input(other), ignore_axis_order=True)


@lru_cache(maxsize=64)
def _transformer(one: str, other: str) -> Transformer | None:
    """Return what takes places from one CRS to another, None where they are the same."""
    return None if same_crs(one, other) else Transformer.from_crs(one, other, always_xy=True)
