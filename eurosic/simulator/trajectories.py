"""A batch of columns, each spun up once and run along every pathway: drivers in, targets out.

*Enters:* `Batch`, arrays of the predictor's seam. *Leaves:* its `values` and `converged`, written in place; a
cell that fails is NaN and does not stop the others. Must not allocate per year. *Source:* CONVENTIONS.md for
each target; SCIENCE.md 2.6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.base.flags import Regime
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.base.vocabulary import STATES, TARGETS
from eurosic.simulator.annual import (
    LIME,
    TEMPERATURE,
    Column,
    Fluxes,
    new_column,
)
from eurosic.simulator.column import Store, new_store
from eurosic.simulator.constants import constants_at
from eurosic.simulator.kernels import kernel
from eurosic.simulator.lab import LAB_TEMPERATURE, lab_ph
from eurosic.simulator.minerals import mineral_carbon
from eurosic.simulator.options import Frame, Settings
from eurosic.simulator.recording import holds_carbonate, write_profile
from eurosic.simulator.seasons import MONTHS
from eurosic.simulator.spinup import advance, give_nitrate, lay_minerals, spin_up

Array = NDArray[np.float64]


_SIC, _SATURATION, _NITRATE = (list(STATES).index(name) for name in ("sic", "base_saturation", "nitrate"))
_CHANGE = list(TARGETS).index("sic_change_0_30cm")  # followed by 0-100 and 0-200 cm
_PH, _LAB, _DIC, _ALKALINITY, _TO_AIR, _LEACHED, _DECALCIFIED, _REGIME = (
    list(TARGETS).index(name)
    for name in (
        "ph_soil_0_30cm",
        "ph_lab_0_30cm",
        "dic_leaching",
        "alkalinity_leaching",
        "co2_to_air_from_carbonate",
        "nitrate_leaching",
        "decalcification_depth",
        "regime",
    )
)
_BUFFERED, _FRONT, _DEPLETED = float(Regime.BUFFERED), float(Regime.FRONT), float(Regime.DEPLETED)


class Batch(NamedTuple):
    """The arrays of the seam: `Columns` in, `Prediction` out (`eurosic.base.signature`).

    `profiles` ``(pathway, cell, year + 1, depth, profile)``, the state at the start and at the end of each year,
    is written too, unless its length is zero.
    """

    covariates: Array
    state: Array
    baseline: Array
    forcing: Array
    values: Array
    converged: NDArray[np.bool_]
    profiles: Array


@kernel
def _copy(source: Store, target: Store) -> None:
    # Loops, not slices: a slice's error text about shapes takes longer to compile than the chemistry.
    for j in range(source.calcite.size):
        target.calcite[j] = source.calcite[j]
        for i in range(8):
            target.totals[j, i] = source.totals[j, i]
        for i in range(4):
            target.points[j, i] = source.points[j, i]


@kernel
def _fill(source: Array, target: Array) -> None:
    for j in range(source.size):
        target[j] = source[j]


@kernel
def _weigh_carbon(column: Column, carbon: Array) -> float:
    # Carbonate carbon of each layer into `carbon`, mol m-2; returns that of the column.
    total = 0.0
    for j in range(carbon.size):
        carbon[j] = column.store.calcite[j] + mineral_carbon(column.minerals, j)
        total += carbon[j]
    return total


@kernel
def _forget(batch: Batch, i: int) -> None:
    # A cell that failed has no value in any pathway or year.
    for p in range(batch.values.shape[0]):
        for year in range(batch.values.shape[2]):
            for target in range(batch.values.shape[3]):
                batch.values[p, i, year, target] = np.nan
    for p in range(batch.profiles.shape[0]):
        for year in range(batch.profiles.shape[2]):
            for depth in range(batch.profiles.shape[3]):
                for k in range(batch.profiles.shape[4]):
                    batch.profiles[p, i, year, depth, k] = np.nan


@kernel
def carbonate_depth(column: Column, frame: Frame) -> tuple[float, float]:
    """Return the depth (m) down to which no layer holds carbonate, and the regime of the column."""
    top, held, first = 0.0, 0.0, -1.0
    for j in range(frame.thickness.size):
        if holds_carbonate(column, j):
            held += frame.topsoil[j]
            if first < 0.0:
                first = top
        top += frame.thickness[j]
    if first < 0.0:
        return top, _DEPLETED
    # Thicknesses are decimal fractions: half of 0-30 cm must count as half.
    return first, _BUFFERED if held >= 0.5 - 1e-9 else _FRONT


@kernel
def _report_stocks(column: Column, frame: Frame, start: Array, now: Array, row: Array) -> None:
    for d in range(frame.reported.shape[0]):
        change = 0.0
        for j in range(start.size):
            change += frame.reported[d, j] * (now[j] - start[j])
        row[_CHANGE + d] = change * MOLAR_MASS_C
    ph = 0.0
    for j in range(start.size):
        ph += frame.topsoil[j] * column.flow.ph[j]
    row[_PH] = ph
    row[_DECALCIFIED], row[_REGIME] = carbonate_depth(column, frame)


@kernel
def _report_fluxes(fluxes: Fluxes, dissolved: float, row: Array) -> None:
    row[_DIC] = fluxes.dic * MOLAR_MASS_C
    row[_ALKALINITY] = fluxes.alkalinity
    row[_TO_AIR] = (dissolved - fluxes.dic) * MOLAR_MASS_C
    row[_LEACHED] = fluxes.nitrate * MOLAR_MASS_N


@kernel
def _run_pathway(
    column: Column, forcing: Array, values: Array, profile: Array, given: tuple[Frame, Settings]
) -> bool:
    # One pathway of one cell, year after year; `column` holds the state of 1 January of the start year.
    frame, s = given
    start, now = np.empty(frame.thickness.size), np.empty(frame.thickness.size)
    stock = _weigh_carbon(column, start)
    # Points of their own: what is recorded besides must not change the last bit of what is reported.
    points, apart = new_store(start.size).points, new_store(start.size).points
    lab = constants_at(LAB_TEMPERATURE, s.davies)
    if profile.shape[0] > 0:
        write_profile(column, frame, apart, (lab, s), profile[0])
    for year in range(forcing.shape[0]):
        fluxes = advance(column, forcing[year], frame, s, 1.0)
        if not fluxes.ok:
            return False
        left = _weigh_carbon(column, now)
        _report_stocks(column, frame, start, now, values[year])
        _report_fluxes(fluxes, stock - left + forcing[year, LIME], values[year])
        values[year, _LAB] = lab_ph(column.store, column.soil, points, frame.topsoil, (lab, s))
        if profile.shape[0] > 0:
            write_profile(column, frame, apart, (lab, s), profile[year + 1])
        stock = left
    return True


@kernel
def _prepare(column: Column, state: Array, baseline: Array, frame: Frame, s: Settings) -> bool:
    # The state per standard depth onto the layers, and the spin-up from it.
    layers = frame.thickness.size
    calcite, saturation = np.empty(layers), np.empty(layers)
    for j in range(layers):
        depth = frame.depth[j]
        calcite[j] = state[depth, _SIC] / MOLAR_MASS_C * frame.depth_share[j]
        saturation[j] = state[depth, _SATURATION]
    carbon = calcite.copy()
    years = 1.0 / MONTHS if s.monthly > 0.5 else 1.0 / s.substeps
    lay_minerals(column.minerals, calcite, s, years)
    # Minerals are laid twice: the spin-up draws on the first lot and must not age the second.
    ok = spin_up(column, calcite, saturation, baseline, (frame, s))
    lay_minerals(column.minerals, carbon, s, years)
    for j in range(layers):
        nitrate = state[frame.depth[j], _NITRATE]
        if nitrate > 0.0:
            give_nitrate(column.store, j, nitrate * frame.depth_share[j])
    return ok


@kernel
def run_batch(batch: Batch, frame: Frame, s: Settings) -> None:
    """Run every pathway of every cell, writing `batch.values` and `batch.converged` in place."""
    pathways, cells = batch.forcing.shape[0], batch.forcing.shape[1]
    start, water = new_store(frame.thickness.size), np.empty(frame.thickness.size)
    recorded = batch.profiles.shape[0] > 0
    unrecorded = np.empty((0, 0, 0))
    for i in range(cells):
        column = new_column(batch.covariates[i], batch.baseline[i, TEMPERATURE], frame, s)
        ok = _prepare(column, batch.state[i], batch.baseline[i], frame, s)
        _copy(column.store, start)
        _fill(column.step.water, water)
        coarse, dolomite = column.minerals.coarse.copy(), column.minerals.dolomite.copy()
        for p in range(pathways):
            # Every pathway starts from the same state, the solver's included: equal drivers, equal bits.
            _copy(start, column.store)
            _fill(water, column.step.water)
            _fill(coarse, column.minerals.coarse)
            _fill(dolomite, column.minerals.dolomite)
            profile = batch.profiles[p, i] if recorded else unrecorded
            ok = ok and _run_pathway(column, batch.forcing[p, i], batch.values[p, i], profile, (frame, s))
        batch.converged[i] = ok
        if not ok:
            _forget(batch, i)
