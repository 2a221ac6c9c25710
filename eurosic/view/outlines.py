"""Coasts and borders under the viewer's map, in the run's own projection.

*Enters:* the grid. *Leaves:* rings of points, m, for JSON. *Source:* outlines of Natural Earth 1:50m (public
domain), shipped.
"""

from __future__ import annotations

import numpy as np
import shapely
from pyproj import Transformer

from eurosic.base.countries import OUTLINES_CRS, load_outlines
from eurosic.base.grid import Grid

# How far beyond the grid outlines are kept, and how much of a bend may be left out, as shares of its longer side.
_MARGIN, _BEND = 0.25, 1e-4


def outline_rings(grid: Grid) -> list[list[list[int]]]:
    """Return rings of ``[x, y]`` (m, rounded) of all countries near the grid."""
    west, south, east, north = grid.bounds
    longer = max(east - west, north - south)
    window = shapely.box(west, south, east, north).buffer(_MARGIN * longer, join_style="mitre")
    to_grid = Transformer.from_crs(OUTLINES_CRS, grid.crs, always_xy=True)
    shapes = np.array([outline for _, outline in load_outlines()], dtype=object)
    placed = shapely.transform(shapes, lambda points: np.column_stack(to_grid.transform(*points.T)))
    near = shapely.simplify(shapely.intersection(shapely.make_valid(placed), window), _BEND * longer)
    parts = shapely.get_parts(shapely.get_parts(near))
    surfaces = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return [
        np.rint(shapely.get_coordinates(ring)).astype(int).tolist() for ring in shapely.get_rings(surfaces)
    ]
