"""The annual step: a year's drivers onto one column.

*Enters:* a column and the drivers of a year, in the vocabulary's order. *Leaves:* the column on 31 December and
the year's `Fluxes`. Must not know pathways or reports. *Source:* SCIENCE.md 2.2, 2.5; CONVENTIONS.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.base.vocabulary import COVARIATES, DRIVERS
from eurosic.simulator.column import Flow, Soil, Step, Store, new_flow, new_store, sweep_minerals
from eurosic.simulator.constants import CA, CHARGES, NH4, NO3, constants_at
from eurosic.simulator.gas import Air, carbon_dioxide, molar_respiration, root_shares, tortuosity
from eurosic.simulator.kernels import kernel
from eurosic.simulator.minerals import Minerals, new_minerals
from eurosic.simulator.nitrogen import annual_sources
from eurosic.simulator.options import Frame, Settings
from eurosic.simulator.water import Bucket, annual_flux

Array = NDArray[np.float64]

# Places on the covariate and driver axes, in the vocabulary's order.
_BULK_DENSITY, _GRAVEL, _CEC_TOP, _CEC_SUB, _SLOPE = (
    list(COVARIATES).index(name)
    for name in ("bulk_density", "gravel", "cec_topsoil", "cec_subsoil", "cec_ph_slope")
)
_FIELD_CAPACITY, _WILTING_POINT, POROSITY, AIR_POROSITY = (
    list(COVARIATES).index(name) for name in ("field_capacity", "wilting_point", "porosity", "air_porosity")
)
_RESPIRATION, _RESPIRATION_DEPTH, _ROOT_DEPTH = (
    list(COVARIATES).index(name) for name in ("respiration", "respiration_depth", "root_depth")
)
TEMPERATURE, PRECIPITATION, DRAINAGE, NITRATE, EXTRA, EXPORT, LIME = (
    list(DRIVERS).index(name)
    for name in (
        "temperature",
        "precipitation",
        "drainage",
        "nitrate_leached",
        "acid_extra",
        "base_cation_export",
        "lime",
    )
)


class Column(NamedTuple):
    """One column at work: what it is, what it holds, and the arrays that each year fills anew."""

    soil: Soil
    store: Store
    step: Step
    flow: Flow
    air: Air
    roots: Array
    bucket: Bucket
    breath: Array
    ease: Array
    nitrogen: Array
    minerals: Minerals


class Fluxes(NamedTuple):
    """What left a column in a year: DIC, alkalinity, nitrate, ammonium (mol m-2; molc m-2), water (mm); `ok`."""

    dic: float
    alkalinity: float
    nitrate: float
    ammonium: float
    water: float
    ok: bool


@kernel
def leave(column: Column, before: Fluxes) -> Fluxes:
    """Return the year's fluxes with what left the last layer in the step just taken."""
    last = column.breath.size - 1
    out, c, passed = column.step.flux[last + 1], column.flow.concentration, column.flow.passed
    for j in range(last + 1):
        alkalinity = 0.0
        # Alkalinity is the charge of the strong ions: what leaves with them is leached, whatever the pH.
        for i in range(8):
            alkalinity += CHARGES[i] * c[j, i]
        passed[j, 0] += column.step.flux[j + 1] * c[j, CA]
        passed[j, 1] += column.step.flux[j + 1] * alkalinity
    return Fluxes(
        before.dic + out * column.flow.dic[last],
        passed[last, 1],
        before.nitrate + out * c[last, NO3],
        before.ammonium + out * c[last, NH4],
        before.water + out,
        True,
    )


@kernel
def no_fluxes(column: Column) -> Fluxes:
    """Return the fluxes of a year that begins, and forget what passed the layers in the last one."""
    for j in range(column.breath.size):
        column.flow.passed[j, 0] = column.flow.passed[j, 1] = 0.0
    return Fluxes(0.0, 0.0, 0.0, 0.0, 0.0, True)


@kernel
def _soil_of(covariates: Array, frame: Frame) -> Soil:
    # g cm-3 is Mg m-3; the slope of the subsoil's charge keeps the topsoil's ratio to its CEC.
    layers = frame.thickness.size
    soil = Soil(frame.thickness, np.empty(layers), np.empty(layers), np.empty(layers), np.zeros(layers))
    ratio = 0.1 * covariates[_SLOPE] / covariates[_CEC_TOP]
    for j in range(layers):
        earth = 1e3 * covariates[_BULK_DENSITY] * (1.0 - covariates[_GRAVEL]) * frame.thickness[j]
        cec = covariates[_CEC_TOP] if frame.topsoil[j] > 0.0 else covariates[_CEC_SUB]
        soil.fine_earth[j] = earth
        soil.charge[j] = 0.01 * cec * earth
        soil.charge_slope[j] = ratio * soil.charge[j]
    return soil


@kernel
def new_column(covariates: Array, mean_temperature: float, frame: Frame, s: Settings) -> Column:
    """Return an empty column of a cell's covariates ``(covariate,)`` at its mean temperature (degC)."""
    layers = frame.thickness.size
    # Respiration is given at the mean temperature, that of the baseline year: Q10 acts on departures from it.
    air = Air(
        molar_respiration(covariates[_RESPIRATION]),
        covariates[_RESPIRATION_DEPTH],
        tortuosity(covariates[AIR_POROSITY], covariates[POROSITY], s.millington),
        mean_temperature,
        s.atmosphere,
        covariates[AIR_POROSITY],
        covariates[POROSITY],
    )
    # An annual step keeps every layer at field capacity: what enters and is not withdrawn leaves.
    step = Step(
        1e3 * covariates[_FIELD_CAPACITY] * frame.thickness,
        np.zeros(layers + 1),
        s.rain,
        np.zeros((layers, 8)),
        np.zeros(layers),
    )
    soil = _soil_of(covariates, frame)
    # Pedotransfer can put the wilting point above field capacity; a bucket needs some room between them.
    bucket = Bucket(
        1e3 * covariates[_FIELD_CAPACITY] * frame.thickness,
        1e3 * min(covariates[_WILTING_POINT], 0.95 * covariates[_FIELD_CAPACITY]) * frame.thickness,
        np.zeros(layers),
        np.zeros(layers),
        np.full(3, np.nan),
    )
    column = Column(
        soil,
        new_store(layers),
        step,
        new_flow(layers),
        air,
        bucket.roots,
        bucket,
        np.zeros(layers),
        np.full(layers, air.tortuosity),
        np.zeros(5),
        new_minerals(layers, s.coarse_share + s.dolomite_share),
    )
    # Water and carbon dioxide have profiles of their own: roots drink deeper than the soil breathes.
    root_shares(frame.thickness, covariates[_ROOT_DEPTH], column.roots)
    root_shares(frame.thickness, covariates[_RESPIRATION_DEPTH], column.breath)
    return column


@kernel
def advance_year(column: Column, drivers: Array, frame: Frame, s: Settings, limed: float) -> Fluxes:
    """Step a column through a year of drivers ``(driver,)`` in place, with `limed` (0.0 or 1.0) of its lime."""
    part = 1.0 / s.substeps
    step, store = column.step, column.store
    # All that depends on the year's climate is made anew each year: a hundredth of the cost of its chemistry,
    # and a transient climate needs nothing else.
    c = constants_at(drivers[TEMPERATURE], s.davies)
    carbon_dioxide(frame.thickness, column.air, drivers[TEMPERATURE], column.breath, step.pco2)
    annual_flux(part * drivers[PRECIPITATION], part * drivers[DRAINAGE], column.roots, step.flux)
    annual_sources(
        part * drivers[NITRATE],
        part * drivers[EXTRA],
        part * drivers[EXPORT],
        frame.acid_shares,
        step.sources,
    )
    # Lime is ploughed in before the water passes, so that it can dissolve in its own year.
    fluxes = no_fluxes(column)
    for _ in range(s.substeps):
        for j in range(frame.thickness.size):
            store.calcite[j] += limed * part * drivers[LIME] * frame.lime_shares[j]
        if not sweep_minerals(store, column.soil, step, c, column.flow, column.minerals):
            return Fluxes(np.nan, np.nan, np.nan, np.nan, np.nan, False)
        fluxes = leave(column, fluxes)
    return fluxes
