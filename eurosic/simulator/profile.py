"""A column under given profiles of water, gas and sources: the runs that other codes can repeat.

*Enters:* `Soil`, `Store`, `Course` (steps of equal length, any profiles). *Leaves:* `Record`: per layer and
step, with the balance of every ion. The same sweep as in a projection, without drivers. *Source:* SCIENCE.md
2.7, for which PHREEQC and MIN3P solve the same problem.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.column import Flow, Soil, Step, Store, new_flow, new_store, sweep
from eurosic.simulator.constants import constants_at
from eurosic.simulator.initial import fill_acid, fill_saturated
from eurosic.simulator.kernels import kernel

Array = NDArray[np.float64]


class Course(NamedTuple):
    """What happens to a column, step by step.

    Water store at the end of each step (L m-2, ``(step, layer)``), flux in each (L m-2, ``(step, layer + 1)``),
    infiltration (mol L-1, ``(step, ion)``), sources (mol m-2, ``(step, layer, ion)``), pCO2 (atm, ``(step,
    layer)``), temperature (degC, ``(step,)``), activity model (1.0 for Davies).
    """

    water: Array
    flux: Array
    infiltration: Array
    sources: Array
    pco2: Array
    celsius: Array
    davies: float


class Record(NamedTuple):
    """What came of it at the end of each step.

    Calcite (mol m-2) and pH ``(step, layer)``, concentrations ``(step, layer, ion)`` and DIC ``(step, layer)``
    (mol L-1), what the sources fell short of (mol m-2, ``(step, layer, ion)``), the number of steps solved.
    """

    calcite: Array
    ph: Array
    concentration: Array
    dic: Array
    unmet: Array
    solved: int


def initial_store(soil: Soil, course: Course, calcite: Array, pore: Array, saturation: Array) -> Store:
    """Return the store of a column at its start, its water in equilibrium with calcite where there is some.

    Parameters
    ----------
    soil, course
        The column and its profiles.
    calcite
        Calcite, mol m-2, shape ``(layer,)``.
    pore
        Pore water, mol L-1, shape ``(ion,)``; its calcium is ignored.
    saturation
        Base saturation of the layers without calcite, shape ``(layer,)``.
    """
    store = new_store(calcite.size)
    store.calcite[:] = calcite
    c = constants_at(course.celsius[0], course.davies)
    for j in range(calcite.size):
        # Where calcite is, it decides the water; where none is, only the exchanger remembers the past.
        if calcite[j] > 0.0:
            fill_saturated(store, soil, j, course.water[0], pore, (c, course.pco2[0]))
        else:
            fill_acid(store, soil, j, course.water[0], pore, saturation[j])
    return store


@kernel
def run_course(store: Store, soil: Soil, course: Course) -> Record:
    """Return the record of a column under a course; the store is changed in place to its last state."""
    steps, layers, ions = course.sources.shape
    record = Record(
        np.full((steps, layers), np.nan),
        np.full((steps, layers), np.nan),
        np.full((steps, layers, ions), np.nan),
        np.full((steps, layers), np.nan),
        np.full((steps, layers, ions), np.nan),
        0,
    )
    # One flow for all steps: its arrays are written anew by each.
    flow = new_flow(layers)
    solved = 0
    for n in range(steps):
        step = Step(
            course.water[n], course.flux[n], course.infiltration[n], course.sources[n], course.pco2[n]
        )
        c = constants_at(course.celsius[n], course.davies)
        # What was not solved stays NaN, and the count says where it ended.
        if not sweep(store, soil, step, c, flow):
            break
        _keep(record, store, flow, n)
        solved += 1
    return Record(record.calcite, record.ph, record.concentration, record.dic, record.unmet, solved)


@kernel
def _keep(record: Record, store: Store, flow: Flow, n: int) -> None:
    record.calcite[n] = store.calcite
    record.ph[n] = flow.ph
    record.concentration[n] = flow.concentration
    record.dic[n] = flow.dic
    record.unmet[n] = flow.unmet


def steady_course(steps: int, step: Step, celsius: float, *, davies: bool = False) -> Course:
    """Return a course that repeats one step `steps` times at one temperature (degC)."""

    def repeated(part: Array) -> Array:
        return np.repeat(np.asarray(part)[None], steps, axis=0)

    return Course(
        water=repeated(step.water),
        flux=repeated(step.flux),
        infiltration=repeated(step.infiltration),
        sources=repeated(step.sources),
        pco2=repeated(step.pco2),
        celsius=np.full(steps, celsius),
        davies=float(davies),
    )
