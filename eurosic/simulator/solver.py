"""The root of one cell's two equations: semismooth Newton, and nested bisection where that fails.

*Enters:* a `Cell` and the point at which the last step ended. *Leaves:* `Solution`, with `ok` False where even
bisection found no root, so that one cell never aborts a batch. Must not know a column. *Source:* SCIENCE.md
2.4; Qi & Sun (1993) for semismooth Newton.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from eurosic.simulator.activity import Activities, activities_at
from eurosic.simulator.cell import Cell, with_dolomite
from eurosic.simulator.chemistry import Balance, Sum, balance_at
from eurosic.simulator.constants import LN10, Constants
from eurosic.simulator.kernels import kernel

# Relative residual of charge and of exchange sites at which a cell counts as solved; SCIENCE.md 2.4.
TOLERANCE = 1e-8
# Longest step of Newton's method in ln{H+} and ln x; SCIENCE.md 2.4.
_LONGEST, _SHORTEST = 1.5, 0.02
# Above this error a pass that made things worse shortens the next; below it, rounding decides which did.
_ROUGH = 1e-3
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
def _step(charge: Sum, sites: Sum, longest: float) -> tuple[float, float]:
    # Newton's step of the two-by-two system, shortened along its own direction.
    determinant = charge.by_h * sites.by_l - charge.by_l * sites.by_h
    by_h = (charge.by_l * sites.value - charge.value * sites.by_l) / determinant
    by_l = (charge.value * sites.by_h - charge.by_h * sites.value) / determinant
    length = max(abs(by_h), abs(by_l))
    if not length < 1e6:
        # A singular Jacobian (or one that overflowed) gives no direction: bisection will.
        return 0.0, 0.0
    share = min(1.0, longest / length) if length > 0.0 else 1.0
    return share * by_h, share * by_l


@kernel
def _ahead(found: Sum, by_h: float, by_l: float) -> float:
    return found.value + by_h * found.by_h + by_l * found.by_l


@kernel
def _settled(before: float, after: float) -> bool:
    return abs(after - before) <= TOLERANCE * (before + after)


@kernel
def _quickened(used: float, found: float, last_used: float, last_found: float) -> float:
    # Activities follow the composition by a fixed-point iteration that gains a digit a pass; the secant
    # through two passes gains four. Its slope is bounded, because early passes say little about it.
    moved = used - last_used
    slope = (found - last_found) / moved if moved != 0.0 else 0.0
    return used + (found - used) / (1.0 - min(max(slope, -20.0), 0.5))


@kernel
def _first_dolomite(cell: Cell) -> float:
    # Half of what kinetics allow at most, and no more than a millimole per litre: a guess of the right order.
    if cell.dolomite <= 0.0:
        return 0.0
    return min(cell.dolomite, 0.5 / max(cell.dolomite_slow, 1e-12), 1e-3 * cell.water)


@kernel
def _newton(cell: Cell, c: Constants, start: Point) -> Solution:
    h, lx, ionic, so4 = start.h, start.lx, start.ionic, start.so4
    used, found = ionic, ionic
    longest, size, last = _LONGEST, _LONGEST, 1e300
    dolomite = _first_dolomite(cell)
    asked, got = dolomite, dolomite
    g = activities_at(ionic, c)
    b = balance_at(cell, c, g, (h, lx, so4, dolomite))
    for i in range(_PASSES):
        error = max(abs(b.charge.value), abs(b.sites.value))
        lagged = _settled(ionic, b.ionic.value) and _settled(so4, b.so4.value)
        # Dolomite's calcium counts against what the cell holds: a trace of it need not settle by itself.
        drawn = abs(b.dolomite - dolomite) <= TOLERANCE * (cell.ca + cell.mg + b.dolomite)
        if error <= TOLERANCE and lagged and drawn:
            return Solution(Point(h, lx, b.ionic.value, b.so4.value), b, g, True, i)
        # Where calcite just runs out, full steps can jump to and fro across the kink: a step that made
        # things worse is followed by one of less than half its length.
        if error > max(last, _ROUGH):
            longest = max(0.4 * min(longest, size), _SHORTEST)
        by_h, by_l = _step(b.charge, b.sites, longest)
        size, last = max(abs(by_h), abs(by_l)), error
        h, lx = h + by_h, lx + by_l
        # Ionic strength and sulphate are carried along with the step; one step behind, they would set the pace.
        ahead = _ahead(b.ionic, by_h, by_l)
        used, found, ionic = ionic, ahead, _quickened(ionic, ahead, used, found)
        so4 = max(_ahead(b.so4, by_h, by_l), 0.0)
        asked, got, dolomite = dolomite, b.dolomite, _quickened(dolomite, b.dolomite, asked, got)
        g = activities_at(ionic, c)
        b = balance_at(cell, c, g, (h, lx, so4, dolomite))
    return Solution(Point(h, lx, b.ionic.value, b.so4.value), b, g, False, _PASSES)


@kernel
def _site_root(cell: Cell, c: Constants, g: Activities, h: float, so4: float) -> tuple[float, Balance]:
    # The sum of equivalent fractions rises with x at any h: bisection cannot miss.
    low, high = _L_LOW, _L_HIGH
    middle = 0.5 * (low + high)
    b = balance_at(cell, c, g, (h, middle, so4, 0.0))
    for _ in range(_HALVINGS):
        if b.sites.value > 0.0:
            high = middle
        else:
            low = middle
        middle = 0.5 * (low + high)
        b = balance_at(cell, c, g, (h, middle, so4, 0.0))
    return middle, b


@kernel
def _bisected(cell: Cell, c: Constants, start: Point) -> Point:
    # At fixed activities the charge falls with pH along the curve on which the sites are full.
    g = activities_at(start.ionic, c)
    low, high = _H_LOW, _H_HIGH
    h = 0.5 * (low + high)
    lx, b = _site_root(cell, c, g, h, start.so4)
    for _ in range(_HALVINGS):
        if b.charge.value > 0.0:
            high = h
        else:
            low = h
        h = 0.5 * (low + high)
        lx, b = _site_root(cell, c, g, h, start.so4)
    return Point(h, lx, b.ionic.value, b.so4.value)


@kernel
def _solve_without_dolomite(cell: Cell, c: Constants, start: Point) -> Solution:
    # Newton's method first; then rounds of bisection, each with the activities of the one before.
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


@kernel
def _allowed_dolomite(found: Solution, cell: Cell, c: Constants) -> float:
    # What kinetics would dissolve at the composition found, mol m-2.
    g, ions = found.activities, found.balance.cations
    co3 = c.k2 * c.k1 * cell.acid / exp(2.0 * found.at.h)
    omega = g.ca * ions.ca.free * g.mg * ions.mg.free * co3 * co3 / c.dolomite
    return min(max(1.0 - omega, 0.0) / cell.dolomite_slow, cell.dolomite)


@kernel
def _dolomite_bisected(cell: Cell, c: Constants, start: Point) -> Solution:
    # The more has dissolved, the less more would: the amount at which both agree is between none and all.
    low, high = 0.0, min(cell.dolomite, 1.0 / max(cell.dolomite_slow, 1e-12))
    given, found = 0.0, _solve_without_dolomite(with_dolomite(cell, 0.0), c, start)
    for _ in range(_HALVINGS):
        given = 0.5 * (low + high)
        found = _solve_without_dolomite(with_dolomite(cell, given), c, found.at)
        if _allowed_dolomite(found, cell, c) > given:
            low = given
        else:
            high = given
    b = found.balance
    told = Balance(b.charge, b.sites, b.ionic, b.so4, b.cations, b.dissolved, b.exhausted, given)
    return Solution(found.at, told, found.activities, found.ok, found.passes)


@kernel
def solve_cell(cell: Cell, c: Constants, start: Point) -> Solution:
    """Return the equilibrium of a cell, from the point at which it was last; `ok` False where there is none.

    Newton's method first; then rounds of bisection, each ended by a Newton polish, until the residuals of charge
    and sites are at most `TOLERANCE`. Dolomite that Newton's method cannot follow is bisected around them.
    """
    if cell.dolomite <= 0.0:
        return _solve_without_dolomite(cell, c, start)
    found = _newton(cell, c, start)
    if found.ok:
        return found
    return _dolomite_bisected(cell, c, start)
