"""What the viewer's page asks: tiles of values, reasons without a value, the course of one cell.

*Enters:* queries, a source of stored values. *Leaves:* bytes (little-endian, row by row) and values for JSON, in
the units of the store. Holds one shard of the table and one tile at a time. Must not open files, nor know
colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from eurosic.base.flags import Status
from eurosic.base.spread import percentile_names
from eurosic.base.vocabulary import STOCKS, TARGETS
from eurosic.view.pyramid import SIDE, GroupMean, GroupMode, Place, Pyramid
from eurosic.view.site import Answer, BadQueryError, NotThereError, Query

Floats = NDArray[np.float32]
Values = Iterator[tuple[slice, Floats]]
Reading = Callable[[slice], Values]
# Cells from which a scale is made, at most: the percentiles of a variable move no more beyond.
_SCALE_CELLS = 100_000


class Source(Protocol):
    """Stored values of a run, read when they are asked for."""

    def has(self, name: str) -> bool:
        """Return whether there is an array."""
        ...

    def values(self, name: str, pathway: int, year: int, cells: slice) -> Values:
        """Yield values of a range of cells, part by part."""
        ...

    def course(self, name: str, cell: int) -> NDArray[np.float64]:
        """Return the values of one cell, shape ``(pathway, year)``."""
        ...

    def single(self, name: str, cell: int) -> float:
        """Return a value of one cell that has no pathway."""
        ...

    def status(self, rows: slice, columns: slice) -> NDArray[np.int8]:
        """Return a window of the grid's `status`, shape ``(row, column)``."""
        ...


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers about one run.

    Parameters
    ----------
    source
        Its stored values.
    pyramid
        Where its cells stand.
    area
        Calcareous arable area of each cell, m2, shape ``(cell,)``.
    pathways, years
        Names and reported years, in the order of the store.
    flags
        Code and meaning of `status`.
    """

    source: Source
    pyramid: Pyramid
    area: Floats
    pathways: tuple[str, ...]
    years: tuple[int, ...]
    flags: dict[int, str]

    @cached_property
    def _to_degrees(self) -> Transformer:
        return Transformer.from_crs(self.pyramid.grid.crs, 4326, always_xy=True)

    def routes(self) -> dict[str, Answer]:
        """Return the answers by path."""
        return {"/tile": self.tile, "/reasons": self.reasons, "/cell": self.cell}

    def variables(self) -> tuple[str, ...]:
        """Return the targets that the run holds."""
        return tuple(name for name in TARGETS if self.source.has(name))

    def tile(self, query: Query) -> bytes:
        """Return a tile as float32 ``(SIDE, SIDE)``, NaN for none: means by area, or the commonest code."""
        place, name = self._place(query), _one_of(query, "variable", self.variables())
        reading = self.reading(query)
        flags = TARGETS[name].flags
        groups = GroupMode(len(flags)) if flags else GroupMean()
        for cells, values in reading(self.pyramid.cells(place)):
            groups.add(self.pyramid.groups(place, cells), values, self.area[cells])
        return groups.result().astype("<f4", copy=False).tobytes()

    def reading(self, query: Query) -> Reading:
        """Return how the values of a query are read: of a pathway, or of one minus another.

        Raises
        ------
        BadQueryError
            If variable, pathway, year or `minus` is none of the run's.
        """
        name = _one_of(query, "variable", self.variables())
        pathway = self.pathways.index(_one_of(query, "pathway", self.pathways))
        year = self.years.index(int(_one_of(query, "year", tuple(map(str, self.years)))))
        if not query.get("minus"):
            return lambda cells: self.source.values(name, pathway, year, cells)
        minus = self.pathways.index(_one_of(query, "minus", self.pathways))
        if TARGETS[name].flags:
            raise BadQueryError(f"{name} is a code, of which a difference means nothing")

        def differences(cells: slice) -> Values:
            both = zip(
                self.source.values(name, pathway, year, cells),
                self.source.values(name, minus, year, cells),
                strict=True,
            )
            # In float64, as the store's reader would subtract.
            yield from (
                (part, (one.astype(np.float64) - other).astype(np.float32))
                for (part, one), (_, other) in both
            )

        return differences

    def sample(self, query: Query) -> Floats:
        """Return the finite values of a query from cells spread evenly over the table, for a scale of colours."""
        count = len(self.area)
        step = max(1, count // _SCALE_CELLS)
        parts = [values[::step] for _, values in self.reading(query)(slice(0, count))]
        found = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        return found[np.isfinite(found)]

    def reasons(self, query: Query) -> bytes:
        """Return the status of the cell in the middle of each group as uint8 ``(SIDE, SIDE)``."""
        place, grid = self._place(query), self.pyramid.grid
        step = 1 << place.level
        found = np.full((SIDE, SIDE), Status.OUTSIDE_EXTENT, dtype=np.uint8)
        left = place.column * SIDE * step
        columns = slice(left, min(left + SIDE * step, grid.columns))
        for start in range(0, SIDE, max(1, SIDE // step)):
            # A band of about SIDE rows of the grid at a time, however coarse the tile.
            top = (place.row * SIDE + start) * step
            rows = slice(top, min(top + max(1, SIDE // step) * step, grid.rows))
            if rows.start < rows.stop:
                band = self.source.status(rows, columns)
                middle = _middle(band.shape[0], step), _middle(band.shape[1], step)
                part = band[np.ix_(*middle)]
                found[start : start + part.shape[0], : part.shape[1]] = part
        return found.tobytes()

    def cell(self, query: Query) -> object:
        """Return what is stored of one cell of the grid, at full resolution: its place, reason and trajectories."""
        row, column = _whole(query, "row"), _whole(query, "column")
        grid = self.pyramid.grid
        if not (0 <= row < grid.rows and 0 <= column < grid.columns):
            raise NotThereError
        x, y = float(grid.x[column]), float(grid.y[row])
        lon, lat = self._to_degrees.transform(x, y)
        told: dict[str, object] = {"row": row, "column": column, "x": x, "y": y, "lon": lon, "lat": lat}
        at = self.pyramid.find(row, column)
        if at is None:
            status = int(self.source.status(slice(row, row + 1), slice(column, column + 1))[0, 0])
            return told | {"status": self.flags.get(status, "outside_extent"), "study": False}
        name = _one_of(query, "variable", self.variables())
        status = int(self.source.single("cell_status", at))
        stocks = {stock: _number(self.source.single(stock, at)) for stock in STOCKS if self.source.has(stock)}
        return told | {
            "status": self.flags.get(status, Status.UNFINISHED.name.lower()),
            "study": True,
            "area": float(self.area[at]),
            "stocks": stocks,
            "values": self._courses(name, at),
            "spread": [
                self._courses(other, at) for other in percentile_names(name) if self.source.has(other)
            ],
        }

    def _courses(self, name: str, cell: int) -> dict[str, list[float | None]]:
        values = self.source.course(name, cell)
        if TARGETS.get(name) and TARGETS[name].flags:
            values = np.where(values < 0, np.nan, values)
        return {pathway: list(map(_number, row)) for pathway, row in zip(self.pathways, values, strict=True)}

    def _place(self, query: Query) -> Place:
        place = Place(*(_whole(query, key) for key in ("level", "row", "column")))
        if not self.pyramid.holds(place):
            raise NotThereError
        return place


def _middle(size: int, step: int) -> NDArray[np.intp]:
    # The middle of a group that the grid's edge cuts may lie beyond it.
    return np.minimum(np.arange(0, size, step) + step // 2, size - 1)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _whole(query: Query, key: str) -> int:
    try:
        return int(query.get(key, ""))
    except ValueError as error:
        raise BadQueryError(f"{key} is no whole number") from error


def _one_of(query: Query, key: str, known: tuple[str, ...]) -> str:
    found = query.get(key, "")
    if found not in known:
        raise BadQueryError(f"{key} is none of {', '.join(known)}")
    return found
