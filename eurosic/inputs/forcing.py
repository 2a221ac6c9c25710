"""From rows of the cell table to what a predictor takes: covariates, state, drivers of variants and years.

*Enters:* arrays of the cell table, by name; a `Signature`. *Leaves:* `Columns`. A `Forcing` is a frozen value
that pickles, so that each tile derives its own drivers on its worker and none are stored. NumPy only: no
files, no Dask. *Source:* CONVENTIONS.md (Time and state; Nitrogen); docs/seams.md (variants, a year).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.pathway import Pathway, Treatment
from eurosic.base.signature import Columns, Signature, names
from eurosic.base.vocabulary import DRIVERS
from eurosic.inputs.climate import NORMAL_YEARS
from eurosic.inputs.nitrogen import NitrogenOptions, drivers_of
from eurosic.inputs.pathways import Baseline, field_along

Array = NDArray[np.float64]

_CLIMATE = ("temperature", "precipitation", "drainage")
_NITROGEN = ("mineral_n", "manure_n", "deposition_nh4", "deposition_no3", "nitrogen_use_efficiency")


class Beyond(StrEnum):
    """What stands for a year that the climate series does not hold."""

    CYCLE = "cycle"
    HOLD = "hold"


@dataclass(frozen=True)
class Forcing:
    """Rows of the cell table in, columns with the drivers of every variant and year out.

    Parameters
    ----------
    years
        Every year that is stepped, from the start year on, without gaps.
    pathways
        In the order of the output.
    nitrogen
        Forms, gas losses, export of cations, lime.
    climate_years
        Calendar years along the `climate_year` axis; a single one is a climatology, held for all years.
    beyond
        For a year before or after the series: ``cycle`` repeats it, ``hold`` keeps its first or last year.
    """

    years: tuple[int, ...]
    pathways: tuple[Pathway, ...]
    nitrogen: NitrogenOptions = field(default_factory=NitrogenOptions)
    climate_years: tuple[int, ...] = (0,)
    beyond: Beyond = Beyond.CYCLE

    def __post_init__(self) -> None:
        """Raise `PredictorError` unless both axes of years are without gaps."""
        for axis, years in (("years", self.years), ("climate years", self.climate_years)):
            if not years or list(years) != list(range(years[0], years[0] + len(years))):
                raise PredictorError("forcing", f"{axis} {years} have gaps", wanted="one after the other")

    @cached_property
    def variants(self) -> tuple[Treatment, ...]:
        """The distinct treatments of all pathways, each computed once, in order of appearance."""
        return tuple(dict.fromkeys(part for pathway in self.pathways for _, part in pathway.parts))

    @cached_property
    def shares(self) -> Array:
        """Share of the area of each variant in each pathway, shape ``(pathway, variant)``; rows sum to 1."""
        shares = np.zeros((len(self.pathways), len(self.variants)))
        for row, pathway in zip(shares, self.pathways, strict=True):
            for share, part in pathway.parts:
                row[self.variants.index(part)] += share
        return shares

    def __call__(self, cells: Mapping[str, NDArray[np.generic]], signature: Signature) -> Columns:
        """Return the columns of some cells, in the signature's order.

        Parameters
        ----------
        cells
            Rows of the cell table: covariates ``(cell,)``; states ``(cell, depth)``; `temperature` (degC),
            `precipitation` and `drainage` (mm yr-1) ``(cell, climate_year)``; nitrogen rates (kg ha-1 yr-1)
            and `nitrogen_use_efficiency` ``(cell,)``.
        signature
            What the predictor takes.

        Raises
        ------
        PredictorError
            If the signature wants what neither the table holds nor this module makes.
        """
        self._check(cells, signature)
        known = {name: np.asarray(values, dtype=np.float64) for name, values in cells.items()}
        wanted = names(signature.drivers)
        different = max(self._different_years(part) for part in self.variants)
        return Columns(
            covariates=_stack([known[name] for name in names(signature.covariates)], known),
            state=np.stack([known[name] for name in names(signature.states)], axis=-1),
            baseline=self._spin_up(known, wanted),
            forcing=self._forcing(known, wanted),
            settled=different,
        )

    def _check(self, cells: Mapping[str, NDArray[np.generic]], signature: Signature) -> None:
        table = (*names(signature.covariates), *names(signature.states), *_CLIMATE, *_NITROGEN)
        absent = [name for name in table if name not in cells]
        absent += [name for name in names(signature.drivers) if name not in DRIVERS]
        if absent:
            raise PredictorError(
                "forcing",
                f"the predictor wants {', '.join(absent)}, which this run does not make",
                wanted=f"drivers among {', '.join(sorted(DRIVERS))}, the rest from the cell table",
                do="Use a predictor whose signature fits, or give the layers in the recipe.",
            )
        length = cells["drainage"].shape[1]
        if length != len(self.climate_years):
            raise PredictorError(
                "forcing",
                f"the cell table has a climate_year axis of {length}",
                wanted=f"{len(self.climate_years)} climate years",
                do="Make the inputs of this run again.",
            )

    def _forcing(self, cells: Mapping[str, Array], wanted: Sequence[str]) -> Array:
        """Return the drivers of every variant, ``(variant, cell, year, driver)``, in memory the other way round.

        A network takes a driver of a year for all cells: so they lie side by side.
        """
        made = np.empty((len(wanted), len(self.years), len(self.variants), len(cells[_NITROGEN[0]])))
        # Climate is gathered per tile and year, so that a climatology is stored once and not 81 times.
        chosen = climate_index(self.years, self.climate_years, self.beyond)
        for place, part in enumerate(self.variants):
            different = self._different_years(part)
            climate = {name: cells[name][:, chosen[:different]] for name in _CLIMATE}
            plot = field_along(baseline_of(cells), part, self.years[:different], self.nitrogen)
            drivers = climate | drivers_of(plot, climate["drainage"], self.nitrogen)
            for driver, name in zip(made, wanted, strict=True):
                driver[:different, place] = drivers[name].T
                driver[different:, place] = driver[different - 1, place]
        return made.transpose(2, 3, 1, 0)

    def _different_years(self, part: Treatment) -> int:
        """Return how many years there are until all that follow are like the last of them."""
        settled = part.settled - self.years[0] + 1
        return len(self.years) if len(self.climate_years) > 1 else min(max(settled, 1), len(self.years))

    def _spin_up(self, cells: Mapping[str, Array], wanted: Sequence[str]) -> Array:
        """Return the drivers before the start: baseline N in the mean climate, shape ``(cell, driver)``."""
        climate = {name: cells[name][:, :NORMAL_YEARS].mean(axis=1, keepdims=True) for name in _CLIMATE}
        plot = field_along(baseline_of(cells), Treatment(), self.years[:1], self.nitrogen)
        drivers = climate | drivers_of(plot, climate["drainage"], self.nitrogen)
        return np.stack([drivers[name][:, 0] for name in wanted], axis=-1)


def baseline_of(cells: Mapping[str, Array]) -> Baseline:
    """Return the baseline nitrogen of rows of the cell table, kg ha-1 yr-1, each of shape ``(cell,)``."""
    return Baseline(*(cells[name] for name in _NITROGEN))


def climate_index(years: Sequence[int], known: Sequence[int], beyond: Beyond) -> NDArray[np.intp]:
    """Return, for each of `years`, the place of its climate on the `climate_year` axis, shape ``(year,)``.

    A calendar year that the series holds is its own; others repeat the series or keep its nearest end.

    Examples
    --------
    >>> climate_index([2020, 2021, 2022, 2023], [2020, 2021], Beyond.CYCLE).tolist()
    [0, 1, 0, 1]
    >>> climate_index([2020, 2021, 2022, 2023], [2020, 2021], Beyond.HOLD).tolist()
    [0, 1, 1, 1]
    """
    offset = np.asarray(years, dtype=np.intp) - known[0]
    return offset % len(known) if beyond is Beyond.CYCLE else np.clip(offset, 0, len(known) - 1)


def _stack(columns: Sequence[Array], cells: Mapping[str, Array]) -> Array:
    rows = len(cells[_NITROGEN[0]])
    return np.stack(columns, axis=-1) if columns else np.empty((rows, 0))
