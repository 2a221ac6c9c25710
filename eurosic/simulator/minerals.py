"""Carbonates that are not at equilibrium: coarse calcite fragments and dolomite, by linear kinetics.

*Enters:* shares of a layer's carbonate and their rates. *Leaves:* `Minerals`, which a sweep draws on. Fine calcite
keeps the water at saturation, so that coarse calcite only dissolves once it is gone; dolomite dissolves beside
it and never precipitates. Must not solve a cell. *Source:* SCIENCE.md 2.4 (kappa only for coarse fragments and
dolomite); rates are far-from-equilibrium rates over the surface of the grains, from memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.cell import Cell
from eurosic.simulator.kernels import kernel

Array = NDArray[np.float64]

# Carbon atoms in a formula unit of dolomite, CaMg(CO3)2.
DOLOMITE_CARBON = 2.0


class Minerals(NamedTuple):
    """Coarse calcite and dolomite of each layer (mol m-2), and 1/(kappa dt) of each (mol-1), all ``(layer,)``.

    Empty arrays where a column has neither; kernels change the amounts in place.
    """

    coarse: Array
    coarse_slow: Array
    dolomite: Array
    dolomite_slow: Array


@kernel
def no_minerals() -> Minerals:
    """Return what a column without coarse calcite and dolomite has."""
    return Minerals(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))


@kernel
def slowness(amount: float, rate: float, years: float) -> float:
    """Return 1/(kappa dt) of grains: kappa = rate (yr-1) x their amount at the start (mol m-2)."""
    # The surface is that of the start: grains that shrink would slow down, which matters when few are left.
    if amount <= 0.0 or rate <= 0.0:
        return 1e30
    return 1.0 / (rate * amount * years)


@kernel
def mineral_carbon(minerals: Minerals, j: int) -> float:
    """Return the carbon of coarse calcite and dolomite in layer `j`, mol m-2."""
    if minerals.coarse.size == 0:
        return 0.0
    return minerals.coarse[j] + DOLOMITE_CARBON * minerals.dolomite[j]


@kernel
def with_minerals(cell: Cell, minerals: Minerals, j: int) -> Cell:
    """Return a cell that can also draw on the coarse calcite and the dolomite of layer `j`."""
    if minerals.coarse.size == 0:
        return cell
    return Cell(
        cell.ca,
        cell.mg,
        cell.na,
        cell.k,
        cell.nh4,
        cell.no3,
        cell.so4,
        cell.cl,
        cell.water,
        cell.calcite,
        cell.slow,
        minerals.coarse[j],
        minerals.coarse_slow[j],
        cell.charge,
        cell.charge_slope,
        cell.acid,
        minerals.dolomite[j],
        minerals.dolomite_slow[j],
    )


@kernel
def new_minerals(layers: int, shares: float) -> Minerals:
    """Return room for coarse calcite and dolomite, or none where their `shares` of the carbonate sum to 0."""
    # Empty arrays keep the common case, no such minerals, as fast as if they did not exist.
    room = layers if shares > 0.0 else 0
    return Minerals(np.zeros(room), np.zeros(room), np.zeros(room), np.zeros(room))
