"""The state of 1 January of the start year, and the choice between the annual and the monthly step.

*Enters:* calcite, base saturation and nitrate per layer, the baseline drivers. *Leaves:* a column that has lived
through the spin-up. What is given is held: calcite, and the base saturation of layers without it. *Source:*
CONVENTIONS.md, "Time and state".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.annual import TEMPERATURE, Column, Fluxes, advance_year
from eurosic.simulator.column import ENDLESS, Store
from eurosic.simulator.constants import CA, NO3, constants_at
from eurosic.simulator.gas import carbon_dioxide
from eurosic.simulator.initial import fill_acid, fill_saturated, hold_bases
from eurosic.simulator.kernels import kernel
from eurosic.simulator.minerals import DOLOMITE_CARBON, Minerals, slowness
from eurosic.simulator.monthly import advance_months
from eurosic.simulator.options import Frame, Settings

Array = NDArray[np.float64]


@kernel
def advance(column: Column, drivers: Array, frame: Frame, s: Settings, limed: float) -> Fluxes:
    """Step a column through a year, in place, by the step that the settings choose."""
    if s.monthly > 0.5:
        return advance_months(column, drivers, frame, s, limed)
    return advance_year(column, drivers, frame, s, limed)


@kernel
def spin_up(
    column: Column, calcite: Array, saturation: Array, drivers: Array, given: tuple[Frame, Settings]
) -> bool:
    """Bring a column into the state of 1 January of the start year; False where it found no equilibrium.

    What is given is held: calcite, ``(layer,)`` mol m-2, and the base saturation of layers without it. Pore
    water and exchanger start in equilibrium with calcite and live through `Settings.spin_up` baseline years.
    """
    frame, s = given
    store, step = column.store, column.step
    c = constants_at(drivers[TEMPERATURE], s.davies)
    carbon_dioxide(frame.thickness, column.air, drivers[TEMPERATURE], column.breath, step.pco2)
    for j in range(calcite.size):
        if calcite[j] > 0.0:
            fill_saturated(store, column.soil, j, step.water, s.pore_water, (c, step.pco2))
        else:
            fill_acid(store, column.soil, j, step.water, s.pore_water, saturation[j])
    ok = True
    # Years of pore water pass while what was mapped is kept: maps tell carbonate and base saturation as they
    # are today, and the spin-up must not age them.
    for _ in range(s.spin_up):
        for j in range(calcite.size):
            store.calcite[j] = ENDLESS if calcite[j] > 0.0 else 0.0
        ok = advance(column, drivers, frame, s, 0.0).ok
        if not ok:
            break
        # Acid of the baseline would acidify layers without calcite year by year: their bases are topped up.
        for j in range(calcite.size):
            if calcite[j] <= 0.0:
                hold_bases(store, column.soil, j, saturation[j])
    # Endless calcite gives way to what there is; re-precipitation during the spin-up is forgotten.
    for j in range(calcite.size):
        store.calcite[j] = calcite[j]
    return ok


@kernel
def give_nitrate(store: Store, j: int, nitrate: float) -> None:
    """Set the nitrate in transit in a layer (mol m-2); its acid has reacted, so that calcium comes with it."""
    store.totals[j, CA] = max(store.totals[j, CA] + 0.5 * (nitrate - store.totals[j, NO3]), 0.0)
    store.totals[j, NO3] = nitrate


@kernel
def lay_minerals(minerals: Minerals, carbon: Array, s: Settings, years: float) -> None:
    """Divide a column's carbonate (mol m-2 of carbon, ``(layer,)``) into its kinds; `carbon` keeps the fine calcite.

    Rates are per year; `years` is the length of a step.
    """
    for j in range(minerals.coarse.size):
        minerals.coarse[j] = s.coarse_share * carbon[j]
        minerals.dolomite[j] = s.dolomite_share * carbon[j] / DOLOMITE_CARBON
        minerals.coarse_slow[j] = slowness(minerals.coarse[j], s.coarse_rate, years)
        minerals.dolomite_slow[j] = slowness(minerals.dolomite[j], s.dolomite_rate, years)
        carbon[j] *= 1.0 - s.coarse_share - s.dolomite_share
