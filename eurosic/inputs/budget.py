"""An acid budget on the back of an envelope: surplus mineral N is acid, acid dissolves carbonate.

*Enters:* mineral N of cells or countries (kg ha-1 yr-1) and their area (m2). *Leaves:* totals per year, beside
published ones. It knows no water, no CO2 and no form of N: it is what the simulator is compared with, not a
part of it. *Source:* Zamanian et al. (2024), Sci. Total Environ.: mineral N only, NUE 60 %, 1 CaCO3 per H+.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.units import KG_PER_TG, M2_PER_HA, MOLAR_MASS_CACO3, MOLAR_MASS_N

Array = NDArray[np.float64]

_MOL_PER_KMOL = 1.0e3
_HA_PER_MHA = 1.0e6


@dataclass(frozen=True)
class AcidBudget:
    """Totals of a year: area (m2), mineral N (kg), acid (mol of H+), carbonate dissolved (kg of CaCO3)."""

    area: float
    nitrogen: float
    acid: float
    carbonate: float


@dataclass(frozen=True)
class PublishedBudget:
    """Totals of a year as published: acid (mol of H+), carbonate (kg of CaCO3), and where."""

    acid: float
    carbonate: float
    reference: str


def acid_budget(mineral_n: Array, area: Array, *, nue: float, carbonate_per_acid: float) -> AcidBudget:
    """Return the acid of the mineral N that no crop takes up, and the carbonate that it would dissolve.

    acid = N (1 - NUE) / M_N; carbonate = carbonate_per_acid acid M_CaCO3.

    Parameters
    ----------
    mineral_n
        Mineral nitrogen on arable land, kg ha-1 yr-1, shape ``(cell,)``.
    area
        Arable area that receives it, m2, shape ``(cell,)``.
    nue
        Share of the nitrogen taken up, 1.
    carbonate_per_acid
        Moles of CaCO3 per mole of acid: 1 where all of it becomes HCO3-, 1/2 where CO2 leaves.

    Raises
    ------
    InputError
        If a cell with an area has no rate, or a negative one.

    Examples
    --------
    >>> one_hectare = acid_budget(np.array([100.0]), np.array([1e4]), nue=0.6, carbonate_per_acid=0.5)
    >>> round(one_hectare.carbonate / (100.0 * 0.4), 2)  # kg of CaCO3 per kg of N that acidifies
    3.57
    """
    fertilized = area > 0.0
    bad = fertilized & ~(mineral_n >= 0.0)
    if bad.any():
        raise InputError(
            "acid budget",
            f"{int(bad.sum())} of {int(fertilized.sum())} cells have no mineral N, or less than none",
            wanted="a rate in kg ha-1 yr-1 wherever there is an area",
            do="Complete the source of `inputs.nitrogen.mineral`.",
        )
    nitrogen = float(np.sum(mineral_n[fertilized] * area[fertilized]) / M2_PER_HA)
    acid = nitrogen * (1.0 - nue) / MOLAR_MASS_N
    return AcidBudget(
        area=float(area[fertilized].sum()),
        nitrogen=nitrogen,
        acid=acid,
        carbonate=carbonate_per_acid * acid * MOLAR_MASS_CACO3,
    )


def nitrogen_behind(acid: float, nue: float) -> float:
    """Return the nitrogen (kg yr-1) that a published acid total (mol yr-1) implies at an NUE.

    Examples
    --------
    >>> round(nitrogen_behind(6.1e10, 0.6) / 1e9, 2)  # Tg: far less than the 8 Tg on all arable land
    2.14
    """
    return acid * MOLAR_MASS_N / (1.0 - nue)


def budget_lines(budget: AcidBudget, nue: float, published: PublishedBudget | None = None) -> Iterator[str]:
    """Yield a table of a budget, one line a row, beside the published one where there is one."""
    rate = budget.nitrogen * M2_PER_HA / budget.area if budget.area else 0.0
    ours = {
        "area, Mha": budget.area / M2_PER_HA / _HA_PER_MHA,
        "mineral N, Tg/yr": budget.nitrogen / KG_PER_TG,
        "acid, kmol H+/yr": budget.acid / _MOL_PER_KMOL,
        "CaCO3, kg/yr": budget.carbonate,
    }
    theirs: dict[str, float] = {}
    if published is not None:
        behind = nitrogen_behind(published.acid, nue)
        theirs = {
            "area, Mha": behind / rate / _HA_PER_MHA if rate else 0.0,
            "mineral N, Tg/yr": behind / KG_PER_TG,
            "acid, kmol H+/yr": published.acid / _MOL_PER_KMOL,
            "CaCO3, kg/yr": published.carbonate,
        }
    yield f"{'acid budget per year':<20}{'this run':>12}" + (
        f"{published.reference:>28}" if published else ""
    )
    for name, value in ours.items():
        beside = f"{theirs[name]:>#28.3g}" if theirs else ""
        # Area and N of the published budget are not stated in it: they follow from its acid.
        implied = " (implied)" if theirs and name in ("area, Mha", "mineral N, Tg/yr") else ""
        yield f"{name:<20}{value:>#12.3g}{beside}{implied}"
