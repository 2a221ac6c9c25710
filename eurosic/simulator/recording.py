"""What a column holds at the end of a year, per standard depth: the profile that an ensemble stores.

*Enters:* a column as a step left it. *Leaves:* one row ``(depth, profile)`` in the order of `PROFILES`, written
in place. Must not change the column. *Source:* SCIENCE.md 2.6; CONVENTIONS.md, State per standard depth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.base.simulations import PROFILES
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3
from eurosic.simulator.annual import Column
from eurosic.simulator.column import Soil, Store
from eurosic.simulator.constants import CA, CHARGES, CL, MG, NA, NH4, NO3, SO4, Constants, K
from eurosic.simulator.kernels import kernel
from eurosic.simulator.lab import lab_ph
from eurosic.simulator.minerals import DOLOMITE_CARBON, mineral_carbon
from eurosic.simulator.options import Frame, Settings

Array = NDArray[np.float64]

_SIC, _PH, _LAB, _SATURATION, _NITRATE, _CALCIUM, _ALKALINITY, _DIC, _PCO2, _HELD, _CHARGE, _OUT, _SHARE = (
    [variable.name for variable in PROFILES].index(name)
    for name in (
        "sic",
        "ph_soil",
        "ph_lab",
        "base_saturation",
        "nitrate",
        "calcium",
        "alkalinity",
        "dic",
        "pco2",
        "calcium_store",
        "alkalinity_store",
        "calcium_flux",
        "calcareous_share",
    )
)
_CHARGE_OUT = _OUT + 1  # `alkalinity_flux` follows `calcium_flux`
# A layer holds carbonate where it has more than this, kg CaCO3 per kg; CONVENTIONS.md, `regime`.
THRESHOLD = 1e-4


@kernel
def base_saturation(store: Store, soil: Soil, j: int) -> float:
    """Return the bases of layer `j` beyond its strong acid anions over its CEC at pH 7, 0 to 1.

    The inverse of `initial.hold_bases`: what a run reports can start another one.
    """
    t = store.totals
    bases = 2.0 * (t[j, CA] + t[j, MG]) + t[j, NA] + t[j, K] + t[j, NH4]
    return min(max((bases - t[j, NO3] - t[j, CL] - 2.0 * t[j, SO4]) / soil.charge[j], 0.0), 1.0)


@kernel
def holds_carbonate(column: Column, j: int) -> bool:
    """Return whether the fine earth of layer `j` holds carbonate: fragments above 2 mm are not of it."""
    fine = column.store.calcite[j]
    if column.minerals.dolomite.size > 0:
        fine += DOLOMITE_CARBON * column.minerals.dolomite[j]
    return bool(fine * MOLAR_MASS_CACO3 > THRESHOLD * column.soil.fine_earth[j])


@kernel
def write_profile(
    column: Column, frame: Frame, points: Array, chem: tuple[Constants, Settings], row: Array
) -> None:
    """Write the profile of a column, ``(depth, profile)``; `points` ``(layer, 4)`` are those of `lab_ph`."""
    for d in range(row.shape[0]):
        for k in range(row.shape[1]):
            row[d, k] = 0.0
    only = np.zeros(frame.thickness.size)
    for d in range(row.shape[0]):
        for j in range(frame.thickness.size):
            only[j] = frame.depth_share[j] if frame.depth[j] == d else 0.0
        row[d, _LAB] = lab_ph(column.store, column.soil, points, only, chem)
    for j in range(frame.thickness.size):
        d, share, c = frame.depth[j], frame.depth_share[j], column.flow.concentration
        carbon = column.store.calcite[j] + mineral_carbon(column.minerals, j)
        row[d, _SIC] += carbon * MOLAR_MASS_C
        row[d, _NITRATE] += column.store.totals[j, NO3]
        row[d, _PH] += share * column.flow.ph[j]
        row[d, _SATURATION] += share * base_saturation(column.store, column.soil, j)
        row[d, _CALCIUM] += share * c[j, CA]
        row[d, _DIC] += share * column.flow.dic[j]
        row[d, _PCO2] += share * column.step.pco2[j]
        row[d, _HELD] += column.store.totals[j, CA]
        # The last layer of a depth comes last: what leaves it leaves the depth.
        row[d, _OUT], row[d, _CHARGE_OUT] = column.flow.passed[j, 0], column.flow.passed[j, 1]
        row[d, _SHARE] += share if holds_carbonate(column, j) else 0.0
        for i in range(8):
            row[d, _ALKALINITY] += share * CHARGES[i] * c[j, i]
            row[d, _CHARGE] += CHARGES[i] * column.store.totals[j, i]
    for d in range(row.shape[0]):
        # Shares sum to one but for rounding, and a state must lie in its range to start another run.
        row[d, _SATURATION] = min(row[d, _SATURATION], 1.0)
        row[d, _SHARE] = min(row[d, _SHARE], 1.0)
