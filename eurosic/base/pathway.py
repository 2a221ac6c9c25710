"""What a pathway changes, year by year, as plain frozen values that pickle and compare.

*Enters:* the recipe, read and checked. *Leaves:* `Pathway`s, which `inputs/pathways.py` turns into nitrogen.
Every lever is a `Course`: a factor on the baseline that is linear between whole years, so that hold, ramp,
step and reversal are one thing. *Source:* CONVENTIONS.md, Nitrogen; SCIENCE.md section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# Name of the pathway without reduction, against which all others are read.
BASELINE = "baseline"

# Largest share of the nitrogen input that a harvest can take up (CONVENTIONS.md).
HIGHEST_NUE = 0.9


class NueRule(StrEnum):
    """How uptake answers to another input; acid follows the nitrate that leaches, not the N applied."""

    CONSTANT_NUE = "constant NUE"
    CONSTANT_YIELD = "constant yield"
    DIMINISHING_RETURNS = "diminishing returns"


@dataclass(frozen=True)
class Course:
    """A value over the years: linear between `points` of (year, value), constant before and after them."""

    points: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        """Raise `ValueError` unless the years increase; the recipe has refused that with its line before."""
        years = [year for year, _ in self.points]
        if not years or any(late <= early for early, late in pairwise(years)):
            raise ValueError(f"years of a course must increase, got {years}")

    def at(self, years: Sequence[int]) -> NDArray[np.float64]:
        """Return the value in each of `years`, shape ``(year,)``.

        Examples
        --------
        >>> ramp((2020, 1.0), (2030, 0.8)).at([2019, 2020, 2025, 2030, 2050])
        array([1. , 1. , 0.9, 0.8, 0.8])
        """
        known, values = zip(*self.points, strict=True)
        return np.interp(np.asarray(years, dtype=np.float64), known, values)

    @property
    def first_change(self) -> int | None:
        """The first year whose value differs from the first value; None for a course that holds."""
        for (early, before), (late, after) in pairwise(self.points):
            if after != before:
                return min(early + 1, late)
        return None


def hold(value: float) -> Course:
    """Return a course that keeps one value."""
    return Course(((0, value),))


def ramp(start: tuple[int, float], end: tuple[int, float]) -> Course:
    """Return a course that goes linearly from one (year, value) to another and stays there."""
    return Course((start, end))


def step(year: int, before: float, after: float) -> Course:
    """Return a course that has `before` up to the year before `year` and `after` from `year` on."""
    return Course(((year - 1, before), (year, after)))


UNCHANGED = hold(1.0)
NOTHING = hold(0.0)


@dataclass(frozen=True)
class Cap:
    """No more than `amount` (kg ha-1 yr-1) from the year `since` on."""

    amount: float
    since: int


@dataclass(frozen=True)
class Forms:
    """Other shares of the mineral N forms, (form, share) summing to 1, from the year `since` on."""

    shares: tuple[tuple[str, float], ...]
    since: int


@dataclass(frozen=True)
class Treatment:
    """What is done on one part of the area; the default changes nothing.

    Parameters
    ----------
    mineral, manure, volatilisation, deposition_nh4, deposition_no3
        Factors on the baseline. Volatilised N that is saved stays in the soil.
    losses
        Factor on leached and volatilised N at unchanged uptake: NUE rises first, then N is cut. None where
        the input is given by the other levers.
    legumes
        Nitrogen fixed by legumes beyond the baseline, kg ha-1 yr-1.
    mineral_cap, manure_cap
        Upper limits, after the factors.
    forms
        Other forms of mineral N.
    nue
        How uptake answers.
    """

    mineral: Course = UNCHANGED
    manure: Course = UNCHANGED
    volatilisation: Course = UNCHANGED
    deposition_nh4: Course = UNCHANGED
    deposition_no3: Course = UNCHANGED
    losses: Course | None = None
    legumes: Course = NOTHING
    mineral_cap: Cap | None = None
    manure_cap: Cap | None = None
    forms: Forms | None = None
    nue: NueRule = NueRule.CONSTANT_NUE

    @property
    def settled(self) -> int:
        """The first year from which on nothing changes any more.

        Examples
        --------
        >>> Treatment(mineral=ramp((2020, 1.0), (2030, 0.8)), manure_cap=Cap(170.0, since=2025)).settled
        2030
        """
        parts = [getattr(self, part.name) for part in fields(self)]
        ends = [part.points[-1][0] for part in parts if isinstance(part, Course)]
        return max(*ends, *(part.since for part in parts if isinstance(part, Cap | Forms)))


@dataclass(frozen=True)
class Pathway:
    """A named course of nitrogen: (share of the area, treatment) pairs whose shares sum to 1."""

    name: str
    parts: tuple[tuple[float, Treatment], ...] = ((1.0, Treatment()),)
    title: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` unless the shares cover the area once."""
        total = sum(share for share, _ in self.parts)
        if abs(total - 1.0) > 1e-9 or any(not 0 < share <= 1 for share, _ in self.parts):
            raise ValueError(f"shares of pathway {self.name!r} sum to {total}")
