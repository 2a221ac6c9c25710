"""Coasts and borders for the map of a page, in the run's own projection, rounded to what a screen can show.

*Enters:* the grid. *Leaves:* two packed arrays: points as steps on a lattice, and the length of each ring.
*Source:* outlines of Natural Earth 1:50m (public domain), shipped.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from eurosic.base.countries import OUTLINES_CRS, load_outlines
from eurosic.base.grid import Grid
from eurosic.report.page_packing import pack_bytes

# Steps of the lattice along the longer side of the grid: finer is not seen, even four times magnified.
_LATTICE = 3000
# How far beyond the grid outlines are kept, as a share of its longer side.
_MARGIN = 0.12


def packed_outlines(grid: Grid) -> dict[str, object]:
    """Return rings of all countries near `grid`: `points` int16 steps ``(point, 2)``, `lengths` uint16 ``(ring,)``.

    A ring's first point counts from the upper left corner of the grid, every other from the one before; x to the
    right, y down, `step` in cells of the grid. What is smaller than a step is left out.
    """
    longer = max(grid.columns, grid.rows)
    step = longer / _LATTICE
    rings = [ring for ring in (_on_lattice(ring, grid, step) for ring in _rings(grid)) if len(ring) > 3]
    if not rings:
        return {
            "step": step,
            "points": pack_bytes(np.zeros((0, 2), np.int16)),
            "lengths": pack_bytes(_LENGTHS),
        }
    steps = [np.diff(ring, axis=0, prepend=np.zeros((1, 2), ring.dtype)) for ring in rings]
    lengths = np.array([len(ring) for ring in rings], dtype=np.uint16)
    return {
        "step": step,
        "points": pack_bytes(np.concatenate(steps).astype(np.int16)),
        "lengths": pack_bytes(lengths),
    }


_LENGTHS = np.zeros(0, dtype=np.uint16)


def _rings(grid: Grid) -> list[NDArray[np.float64]]:
    """Return the rings that come near the grid, m in its projection."""
    to_grid = Transformer.from_crs(OUTLINES_CRS, grid.crs, always_xy=True)
    west, south, east, north = grid.bounds
    margin = _MARGIN * max(east - west, north - south)
    window = shapely.box(west - margin, south - margin, east + margin, north + margin)
    shapes = np.array([outline for _, outline in load_outlines()], dtype=object)
    placed = shapely.transform(shapes, lambda points: np.column_stack(to_grid.transform(*points.T)))
    # Clipped before it is cut into rings: a whole Russia beyond the edge would be most of the points.
    kept = shapely.intersection(shapely.make_valid(placed), window)
    parts = shapely.get_parts(shapely.get_parts(kept))
    surfaces = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return [np.asarray(ring.coords) for ring in shapely.get_rings(surfaces)]


def _on_lattice(ring: NDArray[np.float64], grid: Grid, step: float) -> NDArray[np.int64]:
    across = (ring[:, 0] - grid.west) / grid.resolution / step
    down = (grid.north - ring[:, 1]) / grid.resolution / step
    points = np.rint(np.column_stack([across, down])).astype(np.int64)
    moved = np.ones(len(points), dtype=bool)
    moved[1:] = (np.diff(points, axis=0) != 0).any(axis=1)
    return points[moved]
