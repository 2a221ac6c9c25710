"""One step of one column: water carries the strong ions down, and each layer finds its equilibrium.

*Enters:* `Soil` (what a column is), `Store` (what it holds; changed in place), `Step` (what happens to it).
*Leaves:* the store at the end of the step and `Flow`, what every layer passed on. Implicit upwind, swept from
the top: layer j receives the new concentration of layer j-1, so that one pass solves transport and chemistry
together: positive, unconditionally stable, exactly conservative. Must not know a year, a month or a driver.
*Source:* SCIENCE.md 2.5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.cell import Cell
from eurosic.simulator.chemistry import Balance
from eurosic.simulator.constants import (
    CA,
    CHARGES,
    CL,
    LN10,
    MG,
    NA,
    NH4,
    NO3,
    SO4,
    Constants,
    K,
)
from eurosic.simulator.kernels import kernel
from eurosic.simulator.minerals import Minerals, no_minerals, with_minerals
from eurosic.simulator.solver import Point, Solution, cold_point, solve_cell
from eurosic.simulator.species import carbonate_at

Array = NDArray[np.float64]

# Calcite of a cell that cannot run out, mol m-2: the spin-up holds calcite fixed.
ENDLESS = 1e9


class Soil(NamedTuple):
    """What a column is, per layer and m2.

    Thickness (m), fine earth (kg), exchanger charge at pH 7 (molc) and its slope (molc per pH), 1/(kappa dt)
    of calcite (mol-1; 0 for equilibrium), each ``(layer,)``.
    """

    thickness: Array
    fine_earth: Array
    charge: Array
    charge_slope: Array
    slow: Array


class Store(NamedTuple):
    """What a column holds; kernels change these arrays in place.

    Totals ``(layer, ion)`` and calcite ``(layer,)``, mol m-2; the solver's last points ``(layer, 4)``.
    """

    totals: Array
    calcite: Array
    points: Array


class Step(NamedTuple):
    """What happens in one step.

    Water at its end (L m-2, ``(layer,)``), flux through the top of each layer and
    out of the last (L m-2, ``(layer + 1,)``), concentrations in the infiltration (mol L-1, ``(ion,)``), sources
    (mol m-2, ``(layer, ion)``; negative is removal), pCO2 (atm, ``(layer,)``).
    """

    water: Array
    flux: Array
    infiltration: Array
    sources: Array
    pco2: Array


class Flow(NamedTuple):
    """What came of it.

    Total concentrations in the water that left each layer (mol L-1, ``(layer, ion)``), pH
    and DIC (mol L-1), ``(layer,)``; what sources fell short of what was asked (mol m-2, ``(layer, ion)``): they
    were `Step.sources` + `unmet`. `passed` ``(layer, 2)`` sums over the steps of a year the calcium (mol m-2) and
    the charge of strong ions (molc m-2) that left each layer downwards.
    """

    concentration: Array
    ph: Array
    dic: Array
    unmet: Array
    passed: Array


@kernel
def new_flow(layers: int) -> Flow:
    """Return a `Flow` of zeros for a column of `layers` layers, inside a kernel."""
    return Flow(
        np.zeros((layers, 8)),
        np.zeros(layers),
        np.zeros(layers),
        np.zeros((layers, 8)),
        np.zeros((layers, 2)),
    )


@kernel
def new_store(layers: int) -> Store:
    """Return an empty `Store` whose solver starts cold."""
    store = Store(np.zeros((layers, 8)), np.zeros(layers), np.zeros((layers, 4)))
    forget_points(store)
    return store


@kernel
def forget_points(store: Store) -> None:
    """Make the solver start cold in every layer of a store."""
    point = cold_point()
    for j in range(store.calcite.size):
        remember(store, j, point)


@kernel
def remember(store: Store, j: int, point: Point) -> None:
    """Keep the point at which layer `j` was solved: the next step starts there."""
    store.points[j, 0], store.points[j, 1] = point.h, point.lx
    store.points[j, 2], store.points[j, 3] = point.ionic, point.so4


@kernel
def recall(store: Store, j: int) -> Point:
    """Return the point at which layer `j` was solved last."""
    return Point(store.points[j, 0], store.points[j, 1], store.points[j, 2], store.points[j, 3])


@kernel
def cell_of(store: Store, soil: Soil, j: int, water: float, acid: float) -> Cell:
    """Return layer `j` as a cell diluted in `water` (L m-2) at an activity of dissolved CO2."""
    t = store.totals
    # The store at the end of the step and what leaves in it are diluted alike: a layer is a mixed cell.
    return Cell(
        ca=t[j, CA],
        mg=t[j, MG],
        na=t[j, NA],
        k=t[j, K],
        nh4=t[j, NH4],
        no3=t[j, NO3],
        so4=t[j, SO4],
        cl=t[j, CL],
        water=water,
        calcite=store.calcite[j],
        slow=soil.slow[j],
        coarse=0.0,
        coarse_slow=0.0,
        charge=soil.charge[j],
        charge_slope=soil.charge_slope[j],
        acid=acid,
        dolomite=0.0,
        dolomite_slow=0.0,
    )


@kernel
def write_concentrations(found: Solution, cell: Cell, c: Constants, out: Array) -> float:
    """Write total concentrations (free and complexed, mol L-1) into `out`, ``(ion,)``; return DIC, mol L-1."""
    g, ions = found.activities, found.balance.cations
    s = carbonate_at(found.at.h, cell.acid, found.at.so4, c, g)
    out[CA] = ions.ca.free * (1.0 + s.ca_hco3 + s.ca_co3 + s.ca_so4)
    out[MG] = ions.mg.free * (1.0 + s.mg_hco3 + s.mg_co3 + s.mg_so4)
    # Monovalent ions form no complex here; anions of strong acids are wholly dissolved.
    out[NA], out[K], out[NH4] = ions.na.free, ions.k.free, ions.nh4.free
    out[NO3], out[CL], out[SO4] = cell.no3 / cell.water, cell.cl / cell.water, cell.so4 / cell.water
    dic = cell.acid / g.neutral + s.hco3 / g.hco3 + s.co3 / g.co3
    return dic + ions.ca.free * (s.ca_hco3 + s.ca_co3) + ions.mg.free * (s.mg_hco3 + s.mg_co3)


@kernel
def _receive(store: Store, step: Step, flow: Flow, j: int) -> None:
    # A removal takes what is there, never more. What Mg, K or another cation cannot give, Ca gives by charge:
    # a harvest exports its alkalinity even where the model holds too little potassium (its fertiliser is
    # not modelled). What Ca cannot give either stays unmet.
    owed = 0.0
    # From the last ion to the first, so that calcium comes when all that it has to make good is known.
    for back in range(8):
        i = 7 - back
        above = step.infiltration[i] if j == 0 else flow.concentration[j - 1, i]
        total = store.totals[j, i] + step.flux[j] * above + step.sources[j, i]
        flow.unmet[j, i] = 0.0
        if i == CA:
            total -= owed / CHARGES[CA]
            flow.unmet[j, i] = -owed / CHARGES[CA]
        if total < 0.0:
            flow.unmet[j, i] -= total
            owed -= max(CHARGES[i], 0.0) * total
            total = 0.0
        store.totals[j, i] = total


@kernel
def _draw(store: Store, minerals: Minerals, j: int, b: Balance) -> None:
    # Calcite gives what dissolved, coarse calcite what the fine could not; exhausted means none is left.
    coarse = 0.0
    if minerals.coarse.size > 0:
        coarse = max(b.dissolved - store.calcite[j], 0.0)
        minerals.coarse[j] = 0.0 if b.exhausted else minerals.coarse[j] - coarse
        minerals.dolomite[j] -= b.dolomite
    store.calcite[j] = 0.0 if b.exhausted or coarse > 0.0 else store.calcite[j] - b.dissolved
    store.totals[j, CA] += b.dissolved + b.dolomite
    store.totals[j, MG] += b.dolomite


@kernel
def sweep(store: Store, soil: Soil, step: Step, c: Constants, flow: Flow) -> bool:
    """Step a column without coarse calcite and dolomite once, in place; as `sweep_minerals`."""
    return sweep_minerals(store, soil, step, c, flow, no_minerals())


@kernel
def sweep_minerals(
    store: Store, soil: Soil, step: Step, c: Constants, flow: Flow, minerals: Minerals
) -> bool:
    """Step a column once, in place; False where a layer found no equilibrium.

    T_eff = T_old + Q_in dt c_in + sources; chemistry in W = V' + Q_out dt; T_new = T_eff (+ xi for Ca)
    - Q_out dt c, with xi the calcite dissolved. Source: SCIENCE.md 2.5.
    """
    for j in range(store.calcite.size):
        # The layer above is solved already: what it passes on carries the concentration of this step, not of
        # the last. That makes the scheme implicit without iterating over layers.
        _receive(store, step, flow, j)
        cell = cell_of(store, soil, j, step.water[j] + step.flux[j + 1], c.kh * step.pco2[j])
        cell = with_minerals(cell, minerals, j)
        found = solve_cell(cell, c, recall(store, j))
        if not found.ok:
            return False
        # Even a year on, the solution is near: a warm start saves half of the passes.
        remember(store, j, found.at)
        flow.dic[j] = write_concentrations(found, cell, c, flow.concentration[j])
        flow.ph[j] = -found.at.h / LN10
        _draw(store, minerals, j, found.balance)
        # What stays is what did not leave, by subtraction: rounding is the only loss.
        for i in range(8):
            store.totals[j, i] -= step.flux[j + 1] * flow.concentration[j, i]
    return True
