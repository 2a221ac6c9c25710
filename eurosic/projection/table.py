"""The cell table: study cells compacted once, ordered by space, with their place in the grid.

*Enters:* the dense inputs on the grid; functions that mark study cells and derive a column's covariates from
layers. *Leaves:* a Zarr store `cells.zarr` of one row per study cell, with its row and column, and in its
subgroup ``grid`` the dense `status`. Dense mostly-empty cubes are what makes such engines slow (docs/7-engine.md):
everything after this station touches study cells only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.grid import SQUARE, Grid, Tile
from eurosic.base.vocabulary import AREA
from eurosic.projection.marking import Layers, Marking, Square, squares

Rows = dict[str, NDArray[np.generic]]
# (layers of some cells, y, x) -> every column of the table that is derived, `calcareous_arable_area` among them.
Derive = Callable[[Layers, NDArray[np.float64], NDArray[np.float64]], Mapping[str, NDArray[np.generic]]]

_PLACE = {
    "y": {"units": "m", "standard_name": "projection_y_coordinate"},
    "x": {"units": "m", "standard_name": "projection_x_coordinate"},
    AREA.name: {"units": AREA.unit, "long_name": AREA.long_name, "comment": AREA.comment},
}
# Cells gathered at once, and in one shard: a few megabytes a layer.
_ROWS = 65_536
_CHUNK = 8_192


@dataclass(frozen=True)
class CellTable:
    """An open cell table: where it lies, how many cells it has, and the countries among them."""

    path: Path
    cells: int
    countries: tuple[int, ...]
    digest: str

    def rows(self, tile: Tile) -> Rows:
        """Return every column of the table for the cells of a tile, first axis ``cell``."""
        return {name: np.asarray(array[tile.cells]) for name, array in _arrays_of(self).items()}

    def rows_at(self, cells: NDArray[np.int64]) -> Rows:
        """Return every column of the table for some cells, by their increasing places ``(cell,)``."""
        # Zarr compares every index with `...`, which an array cannot answer: the other axes are written out.
        return {
            name: np.asarray(array.oindex[(cells, *(slice(None),) * (array.ndim - 1))])
            for name, array in _arrays_of(self).items()
        }


@lru_cache(maxsize=2)
def _arrays_of(table: CellTable) -> dict[str, zarr.Array]:
    """Return the columns of a table, opened once a process: their metadata take as long to read as a tile's rows."""
    return dict(zarr.open_group(table.path, mode="r").arrays())


def open_table(path: Path, digest: str) -> CellTable | None:
    """Return the table at `path` if it is whole and was made from `digest`, else None."""
    if not (path / "zarr.json").is_file():
        return None
    attributes = zarr.open_group(path, mode="r").attrs.asdict()
    if attributes.get("digest") != digest:
        return None
    cells, countries = attributes["cells"], attributes["countries"]
    return CellTable(path, int(cells), tuple(int(c) for c in countries), digest)


def write_table(
    path: Path, inputs: Path, *, grid: Grid, marking: Marking, derive: Derive, digest: str
) -> CellTable:
    """Return the table of the study cells of `inputs`, written to `path` as Zarr.

    The digest is written last, so that a table that was cut off is made again and never taken for a whole one.

    Raises
    ------
    StoreError
        If no cell of the grid is a study cell.
    """
    arrays = zarr.open_group(inputs, mode="r").arrays()
    layers = {name: array for name, array in arrays if array.shape[-2:] == grid.shape}
    group = zarr.create_group(path, overwrite=True)
    status = _create_status(group, grid, marking)
    countries, cells = set[int](), 0
    for table in _tables(squares(layers, grid, marking), status, grid, derive):
        for name, values in table.items():
            _append(group, name, values, start=cells)
            if not cells:  # each update writes a file, and waits for it
                group[name].attrs.update({**_PLACE.get(name, {}), **marking.attributes.get(name, {})})
        countries.update(int(code) for code in np.unique(table["country"]))
        cells += len(table["country"])
    if not cells:
        raise StoreError(
            str(inputs),
            "no cell is calcareous and arable",
            wanted="at least one study cell",
            do="Look at the layers in inputs.zarr and at the thresholds of the recipe's `study`.",
        )
    found = CellTable(path, cells, tuple(sorted(countries)), digest)
    group.attrs.update({"cells": found.cells, "countries": list(found.countries), "digest": digest})
    return found


def _create_status(group: zarr.Group, grid: Grid, marking: Marking) -> zarr.Array:
    array = group.create_array(
        "grid/status", shape=grid.shape, dtype=np.int8, chunks=(SQUARE, SQUARE), dimension_names=("y", "x")
    )
    array.attrs.update(
        {
            "long_name": "why a cell has a value, or none",
            "flag_values": list(marking.flags),
            "flag_meanings": " ".join(marking.flags.values()),
        }
    )
    return array


def _tables(marked: Iterator[Square], status: zarr.Array, grid: Grid, derive: Derive) -> Iterator[Rows]:
    """Yield the table in pieces of `_ROWS` cells, the last one shorter; write `status` on the way."""
    waiting: list[Rows] = []
    for square in marked:
        status[square.window] = square.status
        if len(square.row):
            waiting.append({**square.layers, "row": square.row, "column": square.column})
        while sum(len(part["row"]) for part in waiting) >= _ROWS:
            whole = _joined(waiting)
            yield _derived({name: values[:_ROWS] for name, values in whole.items()}, grid, derive)
            waiting = [{name: values[_ROWS:] for name, values in whole.items()}]
    if waiting and len((rest := _joined(waiting))["row"]):
        yield _derived(rest, grid, derive)


def _joined(parts: list[Rows]) -> Rows:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _derived(cells: Rows, grid: Grid, derive: Derive) -> Rows:
    row, column = cells["row"], cells["column"]
    y, x = grid.y[row], grid.x[column]
    place: Rows = {
        "row": row,
        "column": column,
        "y": y,
        "x": x,
        "country": cells["country"].astype(np.int16),
    }
    return {**place, **derive(cells, y, x)}


def _append(group: zarr.Group, name: str, values: NDArray[np.generic], *, start: int) -> None:
    """Write rows behind those that are there; the first ones, `_ROWS` or all there are, decide the chunks."""
    if name not in group:
        chunk = min(_CHUNK, len(values))
        group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            chunks=(chunk, *values.shape[1:]),
            shards=(-(-len(values) // chunk) * chunk, *values.shape[1:]),
            dimension_names=("cell", *(f"{name}_axis_{i}" for i in range(1, values.ndim))),
        )
    array = group[name]
    if start:
        array.resize((start + len(values), *values.shape[1:]))
    array[start:] = values
