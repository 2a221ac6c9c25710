"""Which cells of the grid are studied: marked square by square, each layer read once and only where it can matter.

*Enters:* the dense inputs on the grid, a function that marks cells. *Leaves:* `Square`: the status of a square of the
grid, its study cells in the order of the cell table, and every layer at them. Most of Europe is sea, forest or acid
soil, which a few layers tell: where they leave no cell, no other layer is read. *Must not* write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.flags import Status
from eurosic.base.grid import SQUARE, Grid, space_key
from eurosic.base.vocabulary import COVARIATES, LAYERS

Layers = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Marking:
    """How cells are marked: a function from dense layers to `status`, and what each code means.

    Parameters
    ----------
    status
        Layers of a block to `Status`, int8, shape ``(y, x)``.
    flags
        What each code means.
    attributes
        Those of the table's columns: units, source, kind.
    deciding
        Layers that decide alone where a cell is not studied: if without any other layer missing it is neither
        predicted nor missing one of these, its status is known. Where none is named, all are looked at everywhere.
    """

    status: Callable[[Layers], NDArray[np.int8]]
    flags: Mapping[int, str]
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    deciding: tuple[str, ...] = ()


@dataclass(frozen=True)
class Square:
    """A square of the grid: where it begins, its `status` ``(row, column)``, and its study cells.

    `row` and `column` are those of the grid, in the order of the table; `layers` holds every layer at these cells,
    ``(cell, ...)``.
    """

    top: int
    left: int
    status: NDArray[np.int8]
    row: NDArray[np.int32]
    column: NDArray[np.int32]
    layers: dict[str, NDArray[np.generic]]

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the grid."""
        rows, columns = self.status.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)


def squares(layers: Mapping[str, zarr.Array], grid: Grid, marking: Marking) -> Iterator[Square]:
    """Yield every square of a grid, in the order of the table: one after the other they hold its rows.

    Parameters
    ----------
    layers
        By name, last axes ``(y, x)`` of the grid; those that no column is derived from are left alone.
    grid, marking
        Whose cells, and how they are marked.
    """
    kept = {name: array for name, array in layers.items() if name in LAYERS or name in COVARIATES}
    corners = np.array(list(product(range(0, grid.rows, SQUARE), range(0, grid.columns, SQUARE))))
    for top, left in corners[np.argsort(space_key(*corners.T))].tolist():
        yield _square(kept, marking, top, left)


def _square(arrays: Mapping[str, zarr.Array], marking: Marking, top: int, left: int) -> Square:
    window = (..., slice(top, top + SQUARE), slice(left, left + SQUARE))
    layers = {name: np.asarray(arrays[name][window]) for name in marking.deciding or arrays}
    status = marking.status({**layers, **_present(arrays, layers)})
    if ((status == Status.PREDICTED) | (status >= Status.MISSING)).any():
        layers |= {name: np.asarray(array[window]) for name, array in arrays.items() if name not in layers}
        status = marking.status(layers)
    row, column = np.nonzero(status == Status.PREDICTED)
    order = np.argsort(space_key(row, column), kind="stable")
    row, column = row[order], column[order]
    # Where the deciding layers leave no cell, the others have none either, of whatever shape.
    found = {name: np.moveaxis(values[..., row, column], -1, 0) for name, values in layers.items()}
    return Square(top, left, status, (row + top).astype(np.int32), (column + left).astype(np.int32), found)


def _present(arrays: Mapping[str, zarr.Array], known: Layers) -> Layers:
    """Return what stands for layers that are not read: present everywhere, and no room taken."""
    size = next(iter(known.values())).shape[-2:] if known else (0, 0)
    absent = {name: array for name, array in arrays.items() if name not in known}
    return {name: np.broadcast_to(np.float32(0.0), (*a.shape[:-2], *size)) for name, a in absent.items()}
