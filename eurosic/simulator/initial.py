"""The state in which a column starts: pore water, and an exchanger in equilibrium with it.

*Enters:* pore water (mol L-1), calcite, base saturation. *Leaves:* totals per layer, in place. Layers with
calcite start from calcite-saturated water; layers without it from their base saturation at pH 7, which is the
sum of exchangeable bases over the CEC at pH 7, as the laboratory gives it. *Source:* SCIENCE.md 2.7;
CONVENTIONS.md, "Time and state".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.cell import cell_with
from eurosic.simulator.chemistry import site_fractions
from eurosic.simulator.column import ENDLESS, Soil, Store, cell_of, remember
from eurosic.simulator.constants import CA, CHARGES, CL, MG, NA, NH4, NO3, SO4, Constants, K
from eurosic.simulator.kernels import kernel
from eurosic.simulator.solver import Solution, cold_point, solve_cell
from eurosic.simulator.species import site_charge

Array = NDArray[np.float64]

# mol L-1, order of `IONS`; calcium follows from calcite. SCIENCE.md 2.7.
PORE_WATER: tuple[float, ...] = (0.0, 0.3e-3, 0.3e-3, 0.05e-3, 0.0, 0.0, 0.2e-3, 0.4e-3)
# Shares of Mg, Na and K in the charge of exchangeable bases; the rest is Ca. Those of the exchanger that the
# water above is in equilibrium with, rounded.
_BASE_MG, _BASE_NA, _BASE_K = 0.08, 0.003, 0.01


@kernel
def _add_exchanger(store: Store, j: int, found: Solution, c: Constants, charge: float) -> None:
    # Sites are in the order of the ions as far as both go; a divalent ion holds two of the charges.
    fractions = site_fractions(found.balance.cations, c, found.at.h, found.at.lx)
    for i in range(NH4 + 1):
        store.totals[j, i] += charge * fractions[i] / CHARGES[i]


@kernel
def fill_saturated(store: Store, soil: Soil, j: int, water: Array, pore: Array, chem: tuple) -> bool:  # type: ignore[type-arg]
    """Fill layer `j` with pore water (mol L-1) at calcite and CO2 equilibrium, and its exchanger with it.

    `chem` holds the constants and pCO2 ``(layer,)``, atm. Returns False where no equilibrium was found.
    """
    c, pco2 = chem
    for i in range(8):
        store.totals[j, i] = 0.0 if i == CA else pore[i] * water[j]
    cell = cell_of(store, soil, j, water[j], c.kh * pco2[j])
    # The layer's water over endless calcite, its exchanger set aside and then brought to equilibrium with it.
    found = solve_cell(cell_with(cell, ENDLESS, 0.0, 0.0, 0.0), c, cold_point())
    store.totals[j, CA] = found.balance.dissolved
    charge, _ = site_charge(cell, found.at.h)
    _add_exchanger(store, j, found, c, charge)
    remember(store, j, found.at)
    return found.ok


@kernel
def hold_bases(store: Store, soil: Soil, j: int, saturation: float) -> None:
    """Set the calcium of layer `j` so that its exchangeable bases are `saturation` of the CEC at pH 7.

    Bases in excess of the strong acid anions count as exchangeable: in acid soil little else balances them.
    """
    t = store.totals
    anions = t[j, NO3] + t[j, CL] + 2.0 * t[j, SO4]
    others = 2.0 * t[j, MG] + t[j, NA] + t[j, K] + t[j, NH4]
    wanted = saturation * soil.charge[j] + anions
    if others > 0.9 * wanted:
        # Other bases alone would exceed what is wanted: all are lowered in proportion.
        for i in (MG, NA, K, NH4):
            t[j, i] *= 0.9 * wanted / others
        others = 0.9 * wanted
    t[j, CA] = 0.5 * (wanted - others)


@kernel
def fill_acid(store: Store, soil: Soil, j: int, water: Array, pore: Array, saturation: float) -> None:
    """Fill a layer without calcite: anions of the pore water (mol L-1), bases by its base saturation."""
    for i in range(8):
        store.totals[j, i] = pore[i] * water[j] if i in (NO3, SO4, CL) else 0.0
    bases = saturation * soil.charge[j]
    store.totals[j, MG] = 0.5 * _BASE_MG * bases
    store.totals[j, NA] = _BASE_NA * bases
    store.totals[j, K] = _BASE_K * bases
    hold_bases(store, soil, j, saturation)
