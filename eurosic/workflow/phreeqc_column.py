"""One column of a design by PHREEQC: the simulator's start and drivers, PHREEQC's years, the words of the schema.

*Enters:* columns of a design whose exchangers have no pH-dependent charge, and which of them. *Leaves:* arrays by
name, ``(year + 1,)`` and ``(year + 1, depth)``; year 0 is the state at the start. Lime is 0 in every design.
*Source:* SCIENCE.md 2.7; CONVENTIONS.md for each target.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.signature import Columns
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.base.vocabulary import STANDARD_DEPTHS, STATES
from eurosic.simulator.annual import (
    DRAINAGE,
    EXPORT,
    EXTRA,
    NITRATE,
    PRECIPITATION,
    TEMPERATURE,
    Column,
    new_column,
)
from eurosic.simulator.column import Store
from eurosic.simulator.constants import CA, CHARGES, NO3
from eurosic.simulator.gas import carbon_dioxide
from eurosic.simulator.nitrogen import annual_sources
from eurosic.simulator.options import Frame, Settings
from eurosic.simulator.phreeqc import run_phreeqc
from eurosic.simulator.profile import Course, Record, run_course
from eurosic.simulator.spinup import give_nitrate, spin_up
from eurosic.simulator.trajectories import carbonate_depth
from eurosic.simulator.water import annual_flux

Array = NDArray[np.float64]

# Shares of a harvest that fell short which are left in the soil, one after the other until PHREEQC finds no total
# below zero: a thousandth is enough for most columns, a fiftieth for all 200 of the verification.
LEFT = (0.001, 0.005, 0.02)
_SIC, _SATURATION, _IN_TRANSIT = (list(STATES).index(n) for n in ("sic", "base_saturation", "nitrate"))


def started(columns: Columns, i: int, frame: Frame, s: Settings) -> Column:
    """Return column `i` as it is on 1 January of its first year, by the projection's own spin-up.

    Raises
    ------
    SimulationError
        If the spin-up finds no equilibrium.
    """
    column = new_column(columns.covariates[i], columns.baseline[i, TEMPERATURE], frame, s)
    state = columns.state[i][frame.depth]
    calcite = state[:, _SIC] / MOLAR_MASS_C * frame.depth_share
    saturation = np.ascontiguousarray(state[:, _SATURATION])
    if not spin_up(column, calcite, saturation, np.ascontiguousarray(columns.baseline[i]), (frame, s)):
        raise SimulationError(f"column {i}", "the spin-up found no equilibrium")
    for j in np.flatnonzero(state[:, _IN_TRANSIT] > 0.0):
        give_nitrate(column.store, int(j), state[j, _IN_TRANSIT] * frame.depth_share[j])
    return column


def course_of(column: Column, forcing: Array, frame: Frame, s: Settings) -> Course:
    """Return what the drivers ``(year, driver)`` do to a column, by the kernels of the annual step."""
    years, layers = len(forcing), frame.thickness.size
    flux, pco2 = np.empty((years, layers + 1)), np.empty((years, layers))
    sources = np.zeros((years, layers, len(CHARGES)))
    for n, year in enumerate(forcing):
        carbon_dioxide(frame.thickness, column.air, year[TEMPERATURE], column.breath, pco2[n])
        annual_flux(year[PRECIPITATION], year[DRAINAGE], column.roots, flux[n])
        annual_sources(year[NITRATE], year[EXTRA], year[EXPORT], frame.acid_shares, sources[n])
    return Course(
        water=np.tile(column.step.water, (years, 1)),
        flux=flux,
        infiltration=np.tile(s.rain, (years, 1)),
        sources=sources,
        pco2=pco2,
        celsius=np.ascontiguousarray(forcing[:, TEMPERATURE]),
        davies=s.davies,
    )


def met_course(store: Store, column: Column, course: Course, *, left: float = LEFT[-1]) -> Course:
    """Return the course with the harvests that the column can meet; `store` is its start, and is not changed.

    Harvests take all the potassium of many topsoils, and all the calcium of some acid ones. PHREEQC's rounding
    would make such zeros negative, and it stops there: where a harvest fell short in the simulator's run, what
    could be taken, less the share `left`, is taken, year by year and layer by layer.

    Raises
    ------
    SimulationError
        If the simulator, by which harvests are judged, finds no equilibrium.
    """
    first = run_course(copied(store), column.soil, course)
    if first.solved < len(course.celsius):
        raise SimulationError("harvests", "the simulator's run, which judges harvests, found no equilibrium")
    sources = course.sources + first.unmet
    short = (np.abs(first.unmet) > 0.0).any(axis=2, keepdims=True)
    return course._replace(sources=np.where(short & (sources < 0.0), (1.0 - left) * sources, sources))


def copied(store: Store) -> Store:
    """Return a store of its own with the same content."""
    return Store(*(part.copy() for part in store))


def phreeqc_arrays(columns: Columns, i: int, frame: Frame, s: Settings) -> dict[str, Array]:
    """Return what PHREEQC gives of column `i`, by name: ``(year + 1,)`` or ``(year + 1, depth)``.

    Raises
    ------
    SimulationError
        If a step finds no equilibrium, or PHREEQC is not installed.
    """
    column = started(columns, i, frame, s)
    course = course_of(column, columns.forcing[0, i], frame, s)
    whole = _with_start(column, _run(column, course, LEFT))
    pco2 = np.vstack([column.step.pco2, course.pco2])
    in_transit = whole.concentration[..., NO3] * column.step.water
    in_transit[0] = column.store.totals[:, NO3]
    fluxes = _fluxes(whole, course.flux[:, -1])
    return _profiles(whole, pco2, in_transit, frame) | fluxes | _changes(whole, column, frame)


def _run(column: Column, course: Course, left: tuple[float, ...]) -> Record:
    first, *more = left
    try:
        return run_phreeqc(column.store, column.soil, met_course(column.store, column, course, left=first))
    except SimulationError:
        if not more:
            raise
    return _run(column, course, tuple(more))


def _with_start(column: Column, record: Record) -> Record:
    # The state at the start goes before the years.
    flow = column.flow
    return record._replace(
        calcite=np.concatenate([column.store.calcite[None], record.calcite]),
        ph=np.concatenate([flow.ph[None], record.ph]),
        concentration=np.concatenate([flow.concentration[None], record.concentration]),
        dic=np.concatenate([flow.dic[None], record.dic]),
    )


def _profiles(whole: Record, pco2: Array, in_transit: Array, frame: Frame) -> dict[str, Array]:
    lies = (frame.depth[:, np.newaxis] == np.arange(len(STANDARD_DEPTHS))).astype(np.float64)
    mean = lies * frame.depth_share[:, np.newaxis]
    return {
        "sic": whole.calcite @ lies * MOLAR_MASS_C,
        "nitrate": in_transit @ lies,
        "ph_soil": whole.ph @ mean,
        "calcium": whole.concentration[..., CA] @ mean,
        "alkalinity": whole.concentration @ np.asarray(CHARGES) @ mean,
        "dic": whole.dic @ mean,
        "pco2": pco2 @ mean,
    }


def _fluxes(whole: Record, out: Array) -> dict[str, Array]:
    # What leaves the last layer in a year; year 0 has no fluxes, because the spin-up holds calcite.
    last = whole.concentration[1:, -1]
    dic = out * whole.dic[1:, -1]
    dissolved = -np.diff(whole.calcite.sum(axis=1))
    yearly = {
        "dic_leaching": dic * MOLAR_MASS_C,
        "alkalinity_leaching": out * (last @ np.asarray(CHARGES)),
        "co2_to_air_from_carbonate": (dissolved - dic) * MOLAR_MASS_C,
        "nitrate_leaching": out * last[:, NO3] * MOLAR_MASS_N,
    }
    return {name: np.concatenate([[np.nan], values]) for name, values in yearly.items()}


def _changes(whole: Record, column: Column, frame: Frame) -> dict[str, Array]:
    change = (whole.calcite - whole.calcite[0]) @ frame.reported.T * MOLAR_MASS_C
    found = {f"sic_change_0_{cm}cm": change[:, d] for d, cm in enumerate((30, 100, 200))}
    fronts = np.full((len(whole.calcite), 2), np.nan)
    for year, calcite in enumerate(whole.calcite[1:], 1):
        column.store.calcite[:] = calcite
        fronts[year] = carbonate_depth(column, frame)
    return found | {
        "ph_soil_0_30cm": whole.ph @ frame.topsoil,
        "decalcification_depth": fronts[:, 0],
        "regime": fronts[:, 1],
    }
