"""Study cells before there is a cell table: counted on a coarse grid, a sample of them with their columns.

*Enters:* dense lazy layers on a grid, functions that mark cells and derive their columns. *Leaves:* a `Preview`, in
memory. What a plan looks at; no run reads it. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import zarr

from eurosic.base.grid import Grid
from eurosic.projection.marking import Marking, squares
from eurosic.projection.table import Derive, Rows

# Any other seed would do; this one makes two plans of a recipe equal.
_SEED = 0


@dataclass(frozen=True)
class Preview:
    """Number of study cells of a grid, and rows as the cell table would hold them for some of those cells."""

    cells: int
    rows: Rows


def preview(
    layers: Mapping[str, zarr.Array], grid: Grid, *, marking: Marking, derive: Derive, most: int
) -> Preview:
    """Return the study cells of a grid: all counted, at most `most` of them derived, drawn at random.

    Parameters
    ----------
    layers
        By name, last axes ``(y, x)`` of the grid; read square by square.
    """
    rng = np.random.default_rng(_SEED)
    found = [
        {**square.layers, "_row": square.row, "_column": square.column}
        for square in squares(layers, grid, marking)
        if len(square.row)
    ]
    if not found:
        return Preview(0, {})
    cells = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    number = len(cells["_row"])
    chosen = np.sort(rng.permutation(number)[:most])
    cells = {name: values[chosen] for name, values in cells.items()}
    y, x = grid.y[cells.pop("_row")], grid.x[cells.pop("_column")]
    rows: Rows = {"y": y, "x": x, "country": cells["country"].astype(np.int16)}
    return Preview(number, {**rows, **derive(cells, y, x)} if len(chosen) else rows)
