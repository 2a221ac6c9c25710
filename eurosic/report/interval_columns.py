"""Columns of a table of totals that hold intervals, and the words that say what they cover.

*Enters:* bounds of sums by source, places and reported years. *Leaves:* for each quantity what is to be added to its
columns, under their names; the word of each row. Must not know how a table is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.summed import SINCE_START, SUMMED
from eurosic.report.intervals import (
    ALL,
    EMULATOR,
    INPUTS,
    NOT_REPORTED,
    UNKNOWN,
    UNKNOWN_BUT_INPUTS,
    WORDS,
    Bounds,
    Deviations,
    bounds_of,
)

Array = NDArray[np.float64]

_SUFFIXES = ("p05", "p95")


@dataclass(frozen=True, eq=False)
class Sampled:
    """How many sampled cells stand for each place ``(place,)``, and where these are `enough` to tell of its inputs.

    `least` is how many are always enough. Where they are not, nothing is told of all sources together: the emulator's
    error alone would be an interval that is too narrow, beside others that are not.
    """

    number: NDArray[np.int64]
    enough: NDArray[np.bool_]
    least: int

    @property
    def few(self) -> str:
        """What intervals hold where sampled cells are not enough."""
        return f"none: fewer than {self.least} sampled cells"


@dataclass(frozen=True)
class Intervals:
    """Intervals of sums over some places in the reported years.

    Parameters
    ----------
    words
        Which sources `_p05` and `_p95` hold.
    bounds
        What to add to sums, and to differences from baseline, by source; empty where nothing is known.
    places
        Codes or names along the last axis.
    years
        Along the axis before it.
    sampled
        Of places that are not countries: which of them have an interval of their inputs; None where all have.
    """

    words: str
    bounds: Bounds
    places: tuple[object, ...]
    years: tuple[int, ...]
    sampled: Sampled | None = None

    def offsets(
        self, source: str, over: str, *, places: Sequence[object], years: Sequence[int]
    ) -> Iterator[tuple[bool, str, Array]]:
        """Yield what to add to a quantity: whether to its difference from baseline, the ending, the amounts.

        Amounts are in the unit of the sums, ``(pathway, place, year)``, NaN in years that were not reported.
        """
        if not self.bounds:
            return
        row = SUMMED.index(SINCE_START if over == "cumulative" else source)
        where = [self.places.index(place) for place in places]
        column = {year: i for i, year in enumerate(self.years)}
        known = np.array([column.get(year, -1) for year in years])
        for name, kinds in self.bounds.items():
            for apart, bound in enumerate(kinds):
                for end, suffix in zip(bound, _SUFFIXES, strict=True):
                    amounts = np.moveaxis(end[row][..., where], 1, 2)[..., known]
                    ending = f"_{suffix}" if name == ALL else f"_{name}_{suffix}"
                    yield bool(apart), ending, np.where(known >= 0, amounts, np.nan)

    def word(self, years: NDArray[np.integer]) -> NDArray[np.object_]:
        """Return for each of some years what its interval holds."""
        if not self.bounds:
            return np.full(len(years), self.words, dtype=object)
        return np.where(np.isin(years, self.years), self.words, NOT_REPORTED).astype(object)

    def word_by_place(self) -> NDArray[np.object_]:
        """Return for each place what its interval holds in reported years, ``(place,)``."""
        if self.sampled is None:
            return np.full(len(self.places), self.words, dtype=object)
        return np.where(self.sampled.enough, self.words, self.sampled.few).astype(object)

    def about(self) -> tuple[str, ...]:
        """Return what a reader of the table must know of its intervals, a line each."""
        if not self.bounds:
            return (f"Interval: {self.words}.",)
        lines = [
            f"Interval: {self.words}; 5th and 95th percentile of the sum (*_p05, *_p95), of reported years.",
            "Members and draws are summed over cells, and differences from baseline taken, before any percentile.",
            "It holds neither the simulator's own error, nor the choice of water balance, climate and land cover.",
        ]
        if self.sampled is not None:
            lines.append(
                "sampled_cells: cells with drawn inputs that stand for the place, as many as would share it evenly;"
                f" with fewer than {self.sampled.least}, unless they are all it has, no interval but *_emulator_*."
            )
        if len(self.bounds) > 1:
            lines.insert(
                1, "*_emulator_p05, *_inputs_p05 and so on: that source alone; *_p05: both together."
            )
        return tuple(lines)


def intervals_of(
    found: Deviations, *, baseline: int, places: Sequence[object], years: Sequence[int], emulated: bool
) -> Intervals:
    """Return the intervals of sums from their deviations; `emulated` says that an emulator's error is in them."""
    words = words_of(found.sources, emulated=emulated)
    return Intervals(words, bounds_of(found, baseline=baseline), tuple(places), tuple(years))


def words_of(sources: tuple[str, ...], *, emulated: bool) -> str:
    """Return what intervals of some sources hold; `emulated` says that an emulator answered."""
    if emulated and EMULATOR not in sources:
        return UNKNOWN_BUT_INPUTS if INPUTS in sources else UNKNOWN
    return WORDS[sources]
