"""How nitrogen moves through the years of a simulation: constant, step, ramp, reversal, step up, zero.

*Enters:* the shares of the kinds, a number of years, a seed. *Leaves:* `Trajectories`: the kind of each simulation
and its yearly factors on mineral N and on manure. A smaller number of simulations is the beginning of a larger
one. It must not know rates. *Source:* SCIENCE.md section 6: without trajectories an emulator cannot learn the
response in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.pathway import Course, hold
from eurosic.base.simulations import KINDS

Array = NDArray[np.float64]

# Shares of the kinds where a recipe gives none.
SHARES: Mapping[str, float] = {
    "constant": 0.30, "step": 0.15, "ramp": 0.20, "reversal": 0.15, "step_up": 0.10, "zero": 0.10,
}  # fmt: skip
# Factors at the end of a reduction and of a rise, and years that a ramp takes at least.
_LOWEST, _HIGHEST, _RISE, _MOST = 0.0, 0.85, 1.1, 1.8
_SHORTEST = 3
# Share of the simulations in which manure changes as mineral N does; in the others it stays.
_WITH_MANURE = 0.5
# Random numbers a simulation: kind, start, factor, length, pause, way back, manure.
_DRAWS = 7


@dataclass(frozen=True)
class Trajectories:
    """Kind of each simulation, an index into `KINDS` ``(simulation,)``, and factors ``(simulation, year)``."""

    kind: NDArray[np.int8]
    mineral: Array
    manure: Array


def draw_trajectories(size: int, years: int, *, seed: int, shares: Mapping[str, float]) -> Trajectories:
    """Return the nitrogen of `size` simulations over `years` years, as factors on that before the start.

    Raises
    ------
    SimulationError
        If a share is no share of a known kind, they do not sum to 1, or there are fewer than 10 years.
    """
    _check(shares, years)
    # Another stream than the design's, so that kinds and ingredients are independent.
    draws = np.random.default_rng([seed, 1]).random((size, _DRAWS))
    known = [kind for kind in KINDS if shares.get(kind, 0.0) > 0.0]
    limits = np.cumsum([shares[kind] for kind in known])
    places = np.minimum(np.searchsorted(limits, draws[:, 0], side="right"), len(known) - 1)
    kinds = np.array([KINDS.index(kind) for kind in known], dtype=np.int8)[places]
    span = range(1, years + 1)
    mineral = np.array(
        [course_of(KINDS[k], years, row[1:6]).at(span) for k, row in zip(kinds, draws, strict=True)]
    )
    manure = np.where(draws[:, 6:7] < _WITH_MANURE, mineral, 1.0)
    return Trajectories(kinds, mineral, manure)


def with_counterparts(drawn: Trajectories) -> Trajectories:
    """Return each trajectory followed by that of its counterpart, whose nitrogen is held: twice as many."""
    kind = np.stack([drawn.kind, np.full_like(drawn.kind, KINDS.index("constant"))], axis=1)
    held = np.ones_like(drawn.mineral)
    mineral, manure = (np.stack([moving, held], axis=1) for moving in (drawn.mineral, drawn.manure))
    years = held.shape[1]
    return Trajectories(kind.ravel(), mineral.reshape(-1, years), manure.reshape(-1, years))


def course_of(kind: str, years: int, draws: Array) -> Course:
    """Return the factor over years 1 to `years` of a kind; `draws` are five numbers between 0 and 1.

    Examples
    --------
    >>> course_of("step", 80, np.full(5, 0.5)).at([1, 21, 22, 80]).round(3)
    array([1.   , 1.   , 0.425, 0.425])
    """
    start = 2 + int(draws[0] * (years // 2 - 2))
    low = _LOWEST + draws[1] * (_HIGHEST - _LOWEST)
    length = _SHORTEST + int(draws[2] * (years // 2 - _SHORTEST))
    reached = start + length
    if kind == "constant":
        return hold(1.0)
    if kind == "zero":
        return hold(0.0)
    if kind == "step":
        return Course(((start, 1.0), (start + 1, low)))
    if kind == "step_up":
        return Course(((start, 1.0), (start + 1, _RISE + draws[1] * (_MOST - _RISE))))
    if kind == "ramp":
        return Course(((start, 1.0), (reached, low)))
    # A reversal rests, and goes back within the years that are left or not quite.
    until = reached + 1 + int(draws[3] * years / 4)
    return Course(((start, 1.0), (reached, low), (until, low), (until + 1 + int(draws[4] * years / 4), 1.0)))


def _check(shares: Mapping[str, float], years: int) -> None:
    unknown = [kind for kind in shares if kind not in KINDS]
    total = sum(shares.values())
    if unknown or any(share < 0.0 for share in shares.values()) or abs(total - 1.0) > 1e-9:
        came = f"unknown kind {unknown[0]!r}" if unknown else f"the shares {dict(shares)} sum to {total:g}"
        raise SimulationError("trajectories", came, wanted=f"shares of {', '.join(KINDS)} that sum to 1")
    if years < 10:
        raise SimulationError(
            "trajectories", f"{years} years", wanted="at least 10, that something can change"
        )
