"""The section `grid`: projection, resolution, countries.

*Enters:* plain values of a recipe. *Leaves:* a `GridSpec`, from which the inputs make the `Grid`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, model_validator

from eurosic.base.countries import extent_of
from eurosic.base.errors import GridError
from eurosic.base.grid import Grid
from eurosic.recipe.quantity import problem, quantity
from eurosic.recipe.section import Section, Text

Bounds = tuple[float, float, float, float]

Coordinate = Annotated[float, quantity("m", "2500 km", -2e7, 2e7)]


@dataclass(frozen=True)
class GridSpec:
    """The grid that is wanted: `extent` names countries (``EU27``, ``AT+DE``), `bounds` cut it (m) or are None."""

    crs: str
    resolution: float
    extent: str
    bounds: Bounds | None


def _extent(raw: object) -> str:
    if isinstance(raw, Mapping):
        codes = raw.get("countries")
        if set(raw) != {"countries"} or not isinstance(codes, list) or not codes:
            raise problem("wanted `EU27`, `Europe` or a mapping {countries: [AT, DE]}")
        raw = "+".join(str(code) for code in codes)
    if not isinstance(raw, str):
        raise problem(f"{raw!r} is no extent; wanted `EU27`, `Europe` or {{countries: [AT, DE]}}")
    try:
        extent_of(raw)
    except GridError as error:
        raise problem(f"{error.came}; wanted {error.wanted}. {error.do}") from error
    return raw


def _crs(crs: str) -> str:
    try:
        Grid(crs, 1000.0, 0.0, 0.0, 1, 1)
    except GridError as error:
        raise problem(f"{error.came}; wanted {error.wanted}. {error.do}".strip()) from error
    return crs


class Rectangle(Section):
    """Outer limits in the grid's coordinate reference system, m."""

    west: Coordinate
    south: Coordinate
    east: Coordinate
    north: Coordinate

    @model_validator(mode="after")
    def _has_area(self) -> Rectangle:
        if self.west >= self.east or self.south >= self.north:
            raise problem("bounds enclose nothing; wanted west < east and south < north")
        return self


class GridSection(Section):
    """The grid of the map."""

    crs: Annotated[Text, AfterValidator(_crs)] = "EPSG:3035"
    resolution: Annotated[float, quantity("m", "10 km", 50.0, 200_000.0)]
    extent: Annotated[str, BeforeValidator(_extent)] = "EU27"
    bounds: Rectangle | None = None

    def spec(self) -> GridSpec:
        """Return the grid that is wanted."""
        limits = self.bounds
        bounds = None if limits is None else (limits.west, limits.south, limits.east, limits.north)
        return GridSpec(self.crs, self.resolution, self.extent, bounds)
