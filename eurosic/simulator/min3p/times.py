"""Time as MIN3P counts it: any unit of its files in, MIN3P years out.

Station: under the readers. *Enters:* a number and the unit as MIN3P spells it. *Leaves:* years of 365 days. It
must not turn them into calendar years: a run of 80 MIN3P years has 29 200 days, 20 fewer than 80 Julian years.
*Source:* cumulative amounts over rates in any ``.mac`` of MIN3P 2.6.2.880 give 365.0 days a year.
"""

from __future__ import annotations

from eurosic.base.errors import SimulationError

DAYS_PER_YEAR = 365.0

_YEARS_IN = {"y": 1.0, "d": 1 / DAYS_PER_YEAR, "h": 1 / (24 * DAYS_PER_YEAR), "m": 1 / (1440 * DAYS_PER_YEAR)}
_YEARS_IN["s"] = _YEARS_IN["m"] / 60


def years(value: float, unit: str, where: str) -> float:
    """Return a time in MIN3P years (365 d), from any unit that MIN3P writes (``years``, ``days``, ``h`` ...).

    Raises
    ------
    SimulationError
        If the unit is not one of time.
    """
    letter = unit[:1].lower()
    known = ("y", "d", "h", "s", "min", "m")
    if letter not in _YEARS_IN or not unit.lower().startswith(known) or unit.lower().startswith("mo"):
        raise SimulationError(
            where,
            f"time unit {unit[:20]!r} is unknown",
            wanted="years, days, hours, minutes or seconds",
        )
    return value * _YEARS_IN[letter]
