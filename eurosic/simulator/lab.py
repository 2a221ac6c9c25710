"""The pH that a laboratory would measure: a layer's fine earth shaken with water or 0.01 M CaCl2.

*Enters:* what a layer holds. *Leaves:* lab pH; the layer is not changed. In situ and lab pH differ by up to 1.2
units in calcareous soil, because the laboratory's air holds far less CO2 than soil air. *Source:* SCIENCE.md
2.6; ISO 10390 (1:5 by volume there, 5 L per kg here).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.cell import Cell
from eurosic.simulator.column import Soil, Store
from eurosic.simulator.constants import CA, CL, LN10, MG, NA, NH4, NO3, SO4, Constants, K
from eurosic.simulator.kernels import kernel
from eurosic.simulator.options import Settings
from eurosic.simulator.solver import Point, solve_cell

Array = NDArray[np.float64]

LAB_TEMPERATURE = 25.0  # degC


@kernel
def _suspended(store: Store, soil: Soil, j: int, s: Settings, acid: float) -> Cell:
    # The sample was dried: all that was dissolved is in it, its water is not.
    t, water = store.totals, s.lab_ratio * soil.fine_earth[j]
    salt = s.lab_salt * water
    return Cell(
        ca=t[j, CA] + salt,
        mg=t[j, MG],
        na=t[j, NA],
        k=t[j, K],
        nh4=t[j, NH4],
        no3=t[j, NO3],
        so4=t[j, SO4],
        cl=t[j, CL] + 2.0 * salt,
        water=water,
        calcite=store.calcite[j],
        slow=0.0,
        coarse=0.0,
        coarse_slow=0.0,
        charge=soil.charge[j],
        charge_slope=soil.charge_slope[j],
        acid=acid,
        dolomite=0.0,
        dolomite_slow=0.0,
    )


@kernel
def lab_ph(
    store: Store, soil: Soil, points: Array, weights: Array, chem: tuple[Constants, Settings]
) -> float:
    """Return the weighted mean lab pH of the layers with a weight; NaN where one finds no equilibrium.

    `points` ``(layer, 4)`` are where the solver stood last year, changed in place; `weights` ``(layer,)`` sum
    to 1; `chem` holds the constants at the laboratory's temperature and the settings.
    """
    c, s = chem
    # Only layers with a weight are solved: six of twenty, so that lab pH adds a third, not the double, of cost.
    mean = 0.0
    for j in range(weights.size):
        if weights[j] > 0.0:
            cell = _suspended(store, soil, j, s, c.kh * s.lab_co2)
            last = Point(points[j, 0], points[j, 1], points[j, 2], points[j, 3])
            found = solve_cell(cell, c, last)
            if not found.ok:
                return np.nan
            at = found.at
            points[j, 0], points[j, 1], points[j, 2], points[j, 3] = at.h, at.lx, at.ionic, at.so4
            mean -= weights[j] * at.h / LN10
    return mean
