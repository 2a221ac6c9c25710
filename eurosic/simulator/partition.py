"""How what a layer holds divides between its water and its exchanger, without a step being taken.

*Enters:* a column at rest. *Leaves:* `Split`: dissolved ions, exchangeable ions, pH. Must not change the
column. *Source:* SCIENCE.md 2.3-2.4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.cell import Cell, cell_with
from eurosic.simulator.chemistry import SITES, site_fractions
from eurosic.simulator.column import Soil, Store, cell_of, write_concentrations
from eurosic.simulator.constants import LN10, Constants
from eurosic.simulator.kernels import kernel
from eurosic.simulator.solver import cold_point, solve_cell
from eurosic.simulator.species import site_charge

Array = NDArray[np.float64]

_SITES = len(SITES)
# 1/(kappa dt) of calcite that takes no part, mol-1: its linear kinetics stand still.
_NEVER = 1e30


class Split(NamedTuple):
    """How each layer's totals divide.

    Dissolved (mol L-1, ``(layer, ion)``); on the exchanger (molc m-2, ``(layer, site)``, order of `SITES`); pH
    ``(layer,)``, NaN where no equilibrium was found.
    """

    aqueous: Array
    exchanger: Array
    ph: Array


@kernel
def inert(cell: Cell) -> Cell:
    """Return a cell whose calcite neither dissolves nor precipitates."""
    return cell_with(cell, 0.0, _NEVER, cell.charge, cell.charge_slope)


@kernel
def split_store(store: Store, soil: Soil, water: Array, pco2: Array, c: Constants) -> Split:
    """Return how the totals of a store divide between its water (L m-2) and its exchanger at a pCO2 (atm)."""
    layers = store.calcite.size
    split = Split(np.zeros((layers, 8)), np.zeros((layers, _SITES)), np.full(layers, np.nan))
    for j in range(layers):
        cell = inert(cell_of(store, soil, j, water[j], c.kh * pco2[j]))
        found = solve_cell(cell, c, cold_point())
        if found.ok:
            write_concentrations(found, cell, c, split.aqueous[j])
            charge, _ = site_charge(cell, found.at.h)
            split.ph[j] = -found.at.h / LN10
            fractions = site_fractions(found.balance.cations, c, found.at.h, found.at.lx)
            for i in range(_SITES):
                split.exchanger[j, i] = charge * fractions[i]
    return split
