"""The root of one cell's two equations: semismooth Newton, and nested bisection where that fails.

*Enters:* a `Cell` and the point at which the last step ended. *Leaves:* `Solution`, with `ok` False where even
bisection found no root, so that one cell never aborts a batch. Must not know a column. *Source:* SCIENCE.md
2.4; Qi & Sun (1993) for semismooth Newton.
"""

from __future__ import annotations

from typing import NamedTuple

from eurosic.simulator.activity import Activities, activities_at
from eurosic.simulator.chemistry import Balance, Cell, balance_at
from eurosic.simulator.constants import LN10, Constants
from eurosic.simulator.kernels import kernel

# Relative residual of charge and of exchange sites at which a cell counts as solved; SCIENCE.md 2.4.
TOLERANCE = 1e-8
# Longest step of Newton's method in ln{H+} and ln x; SCIENCE.md 2.4.
_LONGEST = 1.5
_PASSES = 30
_ROUNDS = 12
_HALVINGS = 48
# Limits of the bisection: pH 14 to 0, ln x; far outside what a soil can hold.
_H_LOW, _H_HIGH = -14.0 * LN10, 0.0
_L_LOW, _L_HIGH = -60.0, 40.0


class Point(NamedTuple):
    """Where an iteration stands: ln{H+}, ln x, ionic strength and free sulphate (mol L-1)."""

    h: float
    lx: float
    ionic: float
    so4: float


class Solution(NamedTuple):
    """The point found, the composition there with its activities, and whether it is a root."""

    at: Point
    balance: Balance
    activities: Activities
    ok: bool
    passes: int


@kernel
def cold_point() -> Point:
    """Return a first guess for a cell of which nothing is known: pH 7.3 in calcite-saturated water."""
    return Point(-7.3 * LN10, 2.4, 0.006, 0.0)


@kernel
def _clipped(step: float) -> float:
    return min(max(step, -_LONGEST), _LONGEST)


@kernel
def _settled(before: float, after: float) -> bool:
    return abs(after - before) <= TOLERANCE * (before + after)


@kernel
def _newton(cell: Cell, c: Constants, start: Point) -> Solution:
    h, lx, ionic, so4 = start.h, start.lx, start.ionic, start.so4
    g = activities_at(ionic, c)
    b = balance_at(cell, c, g, (h, lx, so4))
    for i in range(_PASSES):
        close = abs(b.charge) <= TOLERANCE and abs(b.sites) <= TOLERANCE
        if close and _settled(ionic, b.ionic) and _settled(so4, b.so4):
            return Solution(Point(h, lx, b.ionic, b.so4), b, g, True, i)
        determinant = b.charge_h * b.sites_l - b.charge_l * b.sites_h
        down_h = _clipped((b.charge * b.sites_l - b.sites * b.charge_l) / determinant)
        down_l = _clipped((b.sites * b.charge_h - b.charge * b.sites_h) / determinant)
        h, lx = h - down_h, lx - down_l
        # The ionic strength is carried along with the step; left one step behind, it would set the pace.
        ionic, so4 = b.ionic - down_h * b.ionic_h - down_l * b.ionic_l, b.so4
        g = activities_at(ionic, c)
        b = balance_at(cell, c, g, (h, lx, so4))
    return Solution(Point(h, lx, b.ionic, b.so4), b, g, False, _PASSES)


@kernel
def _site_root(cell: Cell, c: Constants, g: Activities, h: float, so4: float) -> tuple[float, Balance]:
    # The sum of equivalent fractions rises with x at any h: bisection cannot miss.
    low, high = _L_LOW, _L_HIGH
    middle = 0.5 * (low + high)
    b = balance_at(cell, c, g, (h, middle, so4))
    for _ in range(_HALVINGS):
        if b.sites > 0.0:
            high = middle
        else:
            low = middle
        middle = 0.5 * (low + high)
        b = balance_at(cell, c, g, (h, middle, so4))
    return middle, b


@kernel
def _bisected(cell: Cell, c: Constants, start: Point) -> Point:
    # At fixed activities the charge falls with pH along the curve on which the sites are full.
    g = activities_at(start.ionic, c)
    low, high = _H_LOW, _H_HIGH
    h = 0.5 * (low + high)
    lx, b = _site_root(cell, c, g, h, start.so4)
    for _ in range(_HALVINGS):
        if b.charge > 0.0:
            high = h
        else:
            low = h
        h = 0.5 * (low + high)
        lx, b = _site_root(cell, c, g, h, start.so4)
    return Point(h, lx, b.ionic, b.so4)


@kernel
def solve_cell(cell: Cell, c: Constants, start: Point) -> Solution:
    """Return the equilibrium of a cell, from the point at which it was last; `ok` False where there is none.

    Newton's method first; then rounds of bisection, each with the activities of the one before and ended by
    a Newton polish, until the residuals of charge and sites are at most `TOLERANCE`.
    """
    found = _newton(cell, c, start)
    if found.ok:
        return found
    point = cold_point()
    for _ in range(_ROUNDS):
        point = _bisected(cell, c, point)
        found = _newton(cell, c, point)
        if found.ok:
            return found
    return found
