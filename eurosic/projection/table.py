"""The cell table: study cells compacted once, ordered by space, with their place in the grid.

*Enters:* the dense inputs on the grid; functions that mark study cells and derive a column's covariates from
layers. *Leaves:* a Zarr store `cells.zarr` of one row per study cell, with its row and column, and in its
subgroup ``grid`` the dense `status`. Dense mostly-empty cubes are what makes such engines slow (docs/7-engine.md):
everything after this station touches study cells only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.flags import Status
from eurosic.base.grid import Grid, Tile, space_key
from eurosic.base.vocabulary import AREA, COVARIATES, LAYERS

Rows = dict[str, NDArray[np.generic]]
Layers = Mapping[str, NDArray[np.generic]]
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
# Rows of the grid marked at once: with two monthly layers of a 1 km Europe, 120 MB.
_BAND = 256


@dataclass(frozen=True)
class Marking:
    """How cells are marked: a function from dense layers to `status`, and what each code means.

    `attributes` are those of the table's columns: units, source, kind.
    """

    status: Callable[[Layers], NDArray[np.int8]]
    flags: Mapping[int, str]
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class CellTable:
    """An open cell table: where it lies, how many cells it has, and the countries among them."""

    path: Path
    cells: int
    countries: tuple[int, ...]
    digest: str

    def rows(self, tile: Tile) -> Rows:
        """Return every column of the table for the cells of a tile, first axis ``cell``."""
        group = zarr.open_group(self.path, mode="r")
        return {name: np.asarray(array[tile.cells]) for name, array in group.arrays()}

    def rows_at(self, cells: NDArray[np.int64]) -> Rows:
        """Return every column of the table for some cells, by their increasing places ``(cell,)``."""
        group = zarr.open_group(self.path, mode="r")
        # Zarr compares every index with `...`, which an array cannot answer: the other axes are written out.
        return {
            name: np.asarray(array.oindex[(cells, *(slice(None),) * (array.ndim - 1))])
            for name, array in group.arrays()
        }


def study_cells(status_blocks: Iterator[NDArray[np.int8]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return rows and columns of the study cells, in the order of the table, from bands of `status`.

    Parameters
    ----------
    status_blocks
        Consecutive bands of whole rows, int8, shape ``(rows of the band, column)``.
    """
    rows, columns, first = [], [], 0
    for block in status_blocks:
        row, column = np.nonzero(block == Status.PREDICTED)
        rows.append((row + first).astype(np.int32))
        columns.append(column.astype(np.int32))
        first += len(block)
    row, column = np.concatenate(rows), np.concatenate(columns)
    order = np.argsort(space_key(row, column), kind="stable")
    return row[order].astype(np.int32), column[order].astype(np.int32)


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
    layers = {
        name: array
        for name, array in zarr.open_group(inputs, mode="r").arrays()
        if (name in LAYERS or name in COVARIATES) and array.shape[-2:] == grid.shape
    }
    group = zarr.create_group(path, overwrite=True)
    rows, columns = study_cells(_marked(group, layers, grid, marking))
    if not len(rows):
        raise StoreError(
            str(inputs),
            "no cell is calcareous and arable",
            wanted="at least one study cell",
            do="Look at the layers in inputs.zarr and at the thresholds of the recipe's `study`.",
        )
    countries: set[int] = set()
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        table = _gather(layers, grid, rows[part], columns[part], derive=derive)
        for name, values in table.items():
            _append(group, name, values, cells=len(rows), start=start)
            if not start:  # each update writes a file, and waits for it
                group[name].attrs.update({**_PLACE.get(name, {}), **marking.attributes.get(name, {})})
        countries.update(int(code) for code in np.unique(table["country"]))
    found = CellTable(path, len(rows), tuple(sorted(countries)), digest)
    group.attrs.update({"cells": found.cells, "countries": list(found.countries), "digest": digest})
    return found


def mark_cells(
    layers: Mapping[str, zarr.Array], grid: Grid, marking: Marking
) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Yield the first row and the `status` of consecutive bands of the grid, int8, shape ``(row, column)``."""
    for start, band in bands_of(layers, grid):
        yield start, marking.status(band)


def bands_of(
    layers: Mapping[str, zarr.Array], grid: Grid
) -> Iterator[tuple[int, dict[str, NDArray[np.generic]]]]:
    """Yield the first row of consecutive bands of the grid, and every layer there, in memory."""
    for start in range(0, grid.rows, _BAND):
        yield (
            start,
            {name: np.asarray(array[..., start : start + _BAND, :]) for name, array in layers.items()},
        )


def _marked(
    group: zarr.Group, layers: Mapping[str, zarr.Array], grid: Grid, marking: Marking
) -> Iterator[NDArray[np.int8]]:
    """Write `status` band by band, and yield it."""
    array = group.create_array(
        "grid/status",
        shape=grid.shape,
        dtype=np.int8,
        chunks=(_BAND, grid.columns),
        dimension_names=("y", "x"),
    )
    array.attrs.update(
        {
            "long_name": "why a cell has a value, or none",
            "flag_values": list(marking.flags),
            "flag_meanings": " ".join(marking.flags.values()),
        }
    )
    for start, status in mark_cells(layers, grid, marking):
        array[start : start + len(status)] = status
        yield status


def _gather(
    layers: Mapping[str, zarr.Array],
    grid: Grid,
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    *,
    derive: Derive,
) -> Rows:
    gathered = {name: _at(array, rows, columns) for name, array in layers.items()}
    y, x = grid.y[rows], grid.x[columns]
    place: Rows = {
        "row": rows,
        "column": columns,
        "y": y,
        "x": x,
        "country": gathered["country"].astype(np.int16),
    }
    return {**place, **derive(gathered, y, x)}


def _at(array: zarr.Array, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.generic]:
    """Return a layer at some cells, cell first: only the chunks that hold them are read."""
    if array.ndim == 2:
        return np.asarray(array.vindex[rows, columns])
    leading = array.shape[:-2]
    found = [
        np.asarray(array.vindex[(*(np.full_like(rows, k) for k in place), rows, columns)])
        for place in np.ndindex(*leading)
    ]
    return np.stack(found, axis=1).reshape(len(rows), *leading)


def _append(group: zarr.Group, name: str, values: NDArray[np.generic], *, cells: int, start: int) -> None:
    if name not in group:
        chunk = min(_CHUNK, cells)
        group.create_array(
            name,
            shape=(cells, *values.shape[1:]),
            dtype=values.dtype,
            chunks=(chunk, *values.shape[1:]),
            shards=(-(-min(_ROWS, cells) // chunk) * chunk, *values.shape[1:]),
            dimension_names=("cell", *(f"{name}_axis_{i}" for i in range(1, values.ndim))),
        )
    group[name][start : start + len(values)] = values
