"""The monthly step: bucket water, seasonal warmth and soil air, and nitrogen that is applied, then nitrified.

*Enters:* a column and the drivers of a year; `Settings.seasons` shares them out over the months. *Leaves:* the
column on 31 December and the year's `Fluxes`. Totals of rain, nitrogen, harvest and lime are those of the annual
step; when they fall, and how much drains, are not. *Source:* SCIENCE.md 2.2, 2.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.base.vocabulary import DRIVERS
from eurosic.simulator.annual import (
    DRAINAGE,
    EXPORT,
    EXTRA,
    LIME,
    NITRATE,
    PRECIPITATION,
    TEMPERATURE,
    Column,
    Fluxes,
    leave,
    no_fluxes,
)
from eurosic.simulator.column import sweep_minerals
from eurosic.simulator.constants import constants_at
from eurosic.simulator.fertiliser import manage_month
from eurosic.simulator.gas import layered_carbon_dioxide, tortuosity
from eurosic.simulator.kernels import kernel
from eurosic.simulator.nitrogen import ammonium_nitrate, annual_sources, nitrified_share, nitrify
from eurosic.simulator.options import Frame, Settings
from eurosic.simulator.seasons import APPLICATION, EVAPORATION, LIMING, MONTHS, RAIN, UPTAKE, WARMTH
from eurosic.simulator.water import fill_buckets, fit_evaporation, potential_evaporation

Array = NDArray[np.float64]

# Drivers at the predictor's seam; what follows them is management.
_SEAM = len(DRIVERS)


@kernel
def _breathe(column: Column, celsius: float, frame: Frame, s: Settings) -> None:
    # A layer drier than field capacity holds as much more air as it lacks water.
    for j in range(frame.thickness.size):
        missing = (column.bucket.capacity[j] - column.step.water[j]) / (1e3 * frame.thickness[j])
        eps = min(column.air.air_porosity + missing, column.air.porosity)
        column.ease[j] = tortuosity(eps, column.air.porosity, s.millington)
    layered_carbon_dioxide(frame.thickness, column.air, celsius, column.breath, column.ease, column.step.pco2)


@kernel
def _feed(column: Column, drivers: Array, month: int, frame: Frame, s: Settings) -> None:
    # Nitrogen that will leach enters as ammonium nitrate when it is applied; the harvest exports as it grows.
    nitrate = drivers[NITRATE] * s.seasons[APPLICATION, month]
    annual_sources(
        0.0,
        drivers[EXTRA] * s.seasons[APPLICATION, month],
        drivers[EXPORT] * s.seasons[UPTAKE, month],
        frame.acid_shares,
        column.step.sources,
    )
    ammonium_nitrate(nitrate, frame.acid_shares, column.step.sources)


@kernel
def advance_months(column: Column, drivers: Array, frame: Frame, s: Settings, limed: float) -> Fluxes:
    """Step a column through the twelve months of a year, in place, with `limed` (0.0 or 1.0) of its lime.

    Drivers are those of the vocabulary; where the items of a `Management` follow them, they say what happens to
    nitrogen instead.
    """
    step, store = column.step, column.store
    rain, drainage = drivers[PRECIPITATION], drivers[DRAINAGE]
    # The seam gives drainage, not demand: Turc-Pike is solved for the demand that it came from.
    demand = potential_evaporation(rain, drainage)
    if s.fit_drainage > 0.5:
        demand *= fit_evaporation(column.bucket, step.flux, s.seasons, rain, drainage)
    fluxes = no_fluxes(column)
    for month in range(MONTHS):
        celsius = drivers[TEMPERATURE] + s.seasons[WARMTH, month]
        # Water first: its store decides how much air there is, and the air how much carbon dioxide stays.
        fill_buckets(
            column.bucket,
            step.water,
            step.flux,
            rain * s.seasons[RAIN, month],
            demand * s.seasons[EVAPORATION, month],
        )
        _breathe(column, celsius, frame, s)
        if drivers.size > _SEAM:
            manage_month(column, drivers[_SEAM:], month, celsius, (frame, s))
        else:
            _feed(column, drivers, month, frame, s)
            # What was spread last month has had a month to nitrify; this month's waits for its rain.
            nitrify(store.totals, nitrified_share(celsius, 1.0))
        for j in range(frame.thickness.size):
            store.calcite[j] += limed * drivers[LIME] * s.seasons[LIMING, month] * frame.lime_shares[j]
        c = constants_at(celsius, s.davies)
        if not sweep_minerals(store, column.soil, step, c, column.flow, column.minerals):
            return Fluxes(np.nan, np.nan, np.nan, np.nan, np.nan, False)
        fluxes = leave(column, fluxes)
    return fluxes
