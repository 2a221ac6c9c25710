"""A field's nitrogen through the months: forms, volatilisation, nitrification, uptake, denitrification, export.

*Enters:* `Management`, what is applied and how it is used, per year. *Leaves:* a column's totals and sources of a
month, changed in place, and a `Ledger` in which every mole of nitrogen is accounted for. Acid is nowhere a term:
each process moves ions, and alkalinity follows their charge. *Source:* SCIENCE.md 2.2, 7.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.simulator.annual import Column
from eurosic.simulator.constants import CA, NH4, NO3, SO4
from eurosic.simulator.kernels import kernel
from eurosic.simulator.nitrogen import annual_sources, nitrified_share, nitrify
from eurosic.simulator.options import Frame, Settings
from eurosic.simulator.seasons import APPLICATION, MONTHS, UPTAKE

Array = NDArray[np.float64]

FORMS = (
    "ammonium_nitrate",
    "can",
    "urea",
    "uan",
    "ammonium_sulphate",
    "calcium_nitrate",
    "manure",
    "deposition_nh4",
    "deposition_no3",
)
# mol of NH4, NO3, SO4 and Ca that a mole of N of each form brings, and the share of its N that leaves as NH3.
# Urea and manure bring ammonium with bicarbonate (its charge is their alkalinity); CAN-27 0.24 molc of lime;
# deposited NH4 comes with sulphate, deposited NO3 with a base, so that their acid is NH4 - NO3. SCIENCE.md 7.1;
# volatilisation from memory, within the ranges of SCIENCE.md 2.2.
CONTENT = np.array(
    [
        [0.5, 0.5, 0.0, 0.0, 0.02],
        [0.5, 0.5, 0.0, 0.12, 0.02],
        [1.0, 0.0, 0.0, 0.0, 0.13],
        [0.75, 0.25, 0.0, 0.0, 0.075],
        [1.0, 0.0, 0.5, 0.0, 0.10],
        [0.0, 1.0, 0.0, 0.5, 0.0],
        [1.0, 0.0, 0.0, 0.0, 0.10],
        [1.0, 0.0, 0.5, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.5, 0.0],
    ]
)
# Deposition falls all year; what is spread follows the season.
_SPREAD = FORMS.index("deposition_nh4")
# Places on the management axis after the forms.
NUE, DENITRIFIED, ASH = range(len(FORMS), len(FORMS) + 3)
MANAGED = (*FORMS, "nue", "denitrified", "ash")


@dataclass(frozen=True)
class Management:
    """What is done to every cell, ``(pathway, cell, year, item)`` and ``(cell, item)``, items of `MANAGED`.

    Nitrogen of each form (mol m-2 yr-1), `nue` the share of it that crops would take up, `denitrified` the
    share of the nitrate present that is lost as gas in a year, `ash` the charge of base cations exported with
    each mole of nitrogen taken up. It replaces the drivers `nitrate_leached`, `acid_extra` and
    `base_cation_export`, which are its result here.
    """

    years: Array
    baseline: Array

    def __post_init__(self) -> None:
        """Raise `PredictorError` unless shapes fit and shares are shares."""
        if self.years.ndim != 4 or self.years.shape[-1] != len(MANAGED):
            raise PredictorError(
                "management", f"years has shape {self.years.shape}", wanted=f"(.., .., .., {len(MANAGED)})"
            )
        if self.baseline.shape != (self.years.shape[1], len(MANAGED)):
            raise PredictorError(
                "management",
                f"baseline has shape {self.baseline.shape}",
                wanted=f"{(self.years.shape[1], len(MANAGED))}",
            )
        for values in (self.years, self.baseline):
            for item, highest in ((NUE, 1.0), (DENITRIFIED, 0.99)):
                if not (
                    values[..., item].min(initial=0.0) >= 0.0
                    and values[..., item].max(initial=0.0) <= highest
                ):
                    raise PredictorError(
                        "management", f"{MANAGED[item]} beyond its range", wanted=f"0 to {highest}"
                    )
            if not values.min(initial=0.0) >= 0.0:
                raise PredictorError(
                    "management", "a negative or missing amount", wanted="amounts of 0 or more"
                )


# Places in a year's ledger of nitrogen, mol m-2.
APPLIED, VOLATILISED, DENITRIFIED_N, TAKEN, OWED = range(5)


@kernel
def apply_nitrogen(column: Column, managed: Array, month: int, frame: Frame, s: Settings) -> None:
    """Spread a month's nitrogen ``(item,)`` into the acid layers of a column, less what volatilises, in place.

    Ammonia that leaves takes no ion with it: ammonium sulphate leaves its acid behind, urea leaves none.
    """
    for form in range(len(FORMS)):
        share = 1.0 / MONTHS if form >= _SPREAD else s.seasons[APPLICATION, month]
        amount = managed[form] * share
        lost = amount * CONTENT[form, 4]
        column.nitrogen[APPLIED] += amount
        column.nitrogen[VOLATILISED] += lost
        for j in range(frame.thickness.size):
            part = amount * frame.acid_shares[j]
            t = column.store.totals
            t[j, NH4] += part * CONTENT[form, 0] - lost * frame.acid_shares[j]
            t[j, NO3] += part * CONTENT[form, 1]
            t[j, SO4] += part * CONTENT[form, 2]
            t[j, CA] += part * CONTENT[form, 3]


@kernel
def denitrify(column: Column, share: float, frame: Frame) -> None:
    """Let a month's part of a yearly share of nitrate leave the acid layers as gas, in place.

    Nitrate leaves and its charge with it: alkalinity rises by one per mole.
    """
    part = 1.0 - (1.0 - share) ** (1.0 / MONTHS)
    for j in range(frame.thickness.size):
        if frame.acid_shares[j] > 0.0:
            lost = part * column.store.totals[j, NO3]
            column.store.totals[j, NO3] -= lost
            column.nitrogen[DENITRIFIED_N] += lost


@kernel
def take_up(column: Column, demand: float) -> float:
    """Return what roots take up of a demand (mol m-2), nitrate and ammonium alike, in place.

    Layers give in proportion to their roots and their nitrogen, none more than it has; what is not there is
    asked for again in the next month (`OWED`). Taking nitrate raises alkalinity, taking ammonium lowers it.
    """
    t, wanted = column.store.totals, demand + column.nitrogen[OWED]
    # Nitrogen below the roots is out of reach, and what lies deep is reached less: hence the product.
    offered = 0.0
    for j in range(column.roots.size):
        offered += column.roots[j] * (t[j, NH4] + t[j, NO3])
    taken = 0.0
    if offered > 0.0:
        for j in range(column.roots.size):
            share = min(wanted * column.roots[j] / offered, 1.0)
            taken += share * (t[j, NH4] + t[j, NO3])
            t[j, NH4] *= 1.0 - share
            t[j, NO3] *= 1.0 - share
    column.nitrogen[OWED] = wanted - taken
    column.nitrogen[TAKEN] += taken
    return taken


@kernel
def manage_month(
    column: Column, managed: Array, month: int, celsius: float, given: tuple[Frame, Settings]
) -> None:
    """Bring a month's nitrogen onto a column, in place; the export of bases becomes the step's sources."""
    frame, s = given
    if month == 0:
        for i in range(column.nitrogen.size):
            column.nitrogen[i] = 0.0
    total = 0.0
    for form in range(len(FORMS)):
        total += managed[form]
    # The order of a month: spread, nitrified, denitrified, taken up; what is left may leach.
    apply_nitrogen(column, managed, month, frame, s)
    nitrify(column.store.totals, nitrified_share(celsius, 1.0))
    denitrify(column, managed[DENITRIFIED], frame)
    taken = take_up(column, total * managed[NUE] * s.seasons[UPTAKE, month])
    annual_sources(0.0, 0.0, managed[ASH] * taken, frame.acid_shares, column.step.sources)
    # Nitrogen was put into the totals; only the export of bases is left to the step.
    for j in range(frame.thickness.size):
        column.step.sources[j, NH4] = 0.0
