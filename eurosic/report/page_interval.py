"""The interval of a total, as `totals.csv` holds it, and the words that say which errors are in it.

*Enters:* rows of the table of totals. *Leaves:* ends and words. Where the file gives no interval, the words are the
file's own or say that there is none; nothing is made up here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from eurosic.report.page_words import number

NO_INTERVAL = "no interval: the run's totals hold none"
LOW, HIGH, SOURCES = "_p05", "_p95", "interval"


@dataclass(frozen=True)
class Interval:
    """Ends of a 90 % interval, in the unit of its column."""

    low: float
    high: float

    def told(self) -> str:
        """Return the interval for people."""
        return f"{number(self.low)} to {number(self.high)}"

    @property
    def holds_zero(self) -> bool:
        """Whether no difference at all lies within."""
        return self.low <= 0 <= self.high


def interval_of(rows: pd.DataFrame, pathway: str, column: str) -> Interval | None:
    """Return the interval of a column in a pathway's row (`rows` by pathway); None where the file has none."""
    names = [column + suffix for suffix in (LOW, HIGH)]
    if any(name not in rows for name in names):
        return None
    low, high = (float(rows.loc[[pathway], name].iloc[0]) for name in names)
    return None if pd.isna(low) or pd.isna(high) else Interval(low, high)


def sources_of(totals: pd.DataFrame) -> str:
    """Return what the intervals of a table of totals hold, in the file's words."""
    if SOURCES not in totals:
        return NO_INTERVAL
    told = sorted({str(words) for words in totals[SOURCES].dropna()})
    return "; ".join(told) if told else NO_INTERVAL
