"""The intervals of totals, as `totals.csv` holds them, and the words that say which errors are in them.

*Enters:* rows of the table of totals. *Leaves:* ends and words. Where the file gives no interval, its own words say
so; nothing is made up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from eurosic.report.intervals import EMULATOR, INPUTS
from eurosic.report.page_words import amount, number

NO_INTERVAL = "none: the run's totals hold no interval"
LOW, HIGH, SOURCES = "_p05", "_p95", "interval"
# What a source alone is called on a page.
ALONE: Mapping[str, str] = MappingProxyType({EMULATOR: "emulator error alone", INPUTS: "inputs alone"})
# What is in no interval of any run.
NEVER_IN = "No interval holds the process model's own error, nor the choice of water balance, climate and land cover."


@dataclass(frozen=True)
class Interval:
    """Ends of a 90 % interval, in the unit of its column."""

    low: float
    high: float

    def told(self) -> str:
        """Return the interval for people."""
        return f"{number(self.low)} to {number(self.high)}"

    def told_as_size(self) -> str:
        """Return the interval of an amount whose sign a verb says; signed where it holds zero."""
        if self.holds_zero:
            return self.told()
        small, large = sorted((abs(self.low), abs(self.high)))
        return f"{amount(small)} to {amount(large)}"

    @property
    def holds_zero(self) -> bool:
        """Whether no difference at all lies within."""
        return self.low <= 0 <= self.high


def interval_of(rows: pd.DataFrame, pathway: str, column: str, *, source: str = "") -> Interval | None:
    """Return the interval of a column in a pathway's row (`rows` by pathway); None where the file has none.

    Of one `source` alone, where it is named.
    """
    names = [f"{column}_{source}{end}" if source else column + end for end in (LOW, HIGH)]
    if any(name not in rows for name in names):
        return None
    low, high = (float(rows.loc[[pathway], name].iloc[0]) for name in names)
    return None if pd.isna(low) or pd.isna(high) else Interval(low, high)


def sources_of(rows: pd.DataFrame) -> str:
    """Return what the intervals of some rows of the totals hold, in the file's words."""
    if SOURCES not in rows:
        return NO_INTERVAL
    told = sorted({str(words) for words in rows[SOURCES].dropna()})
    return "; ".join(told) if told else NO_INTERVAL


def interval_sentence(rows: pd.DataFrame) -> str:
    """Return what a reader must know of the intervals of some rows: which errors are in them, and which are not."""
    words = sources_of(rows)
    if words.startswith("none"):
        return (
            f"No interval is given ({words}). Errors of soil, climate and nitrogen data, of the process model and of"
            " its water balance are not known for these numbers."
        )
    only = (
        " Errors of soil, climate and nitrogen data are not in them: a recipe's section uncertainty adds these."
        if words.startswith(EMULATOR)
        else ""
    )
    return f"Intervals of 90 % hold: {words}.{only} {NEVER_IN}"
