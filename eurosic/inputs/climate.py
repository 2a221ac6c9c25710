"""Climate of a soil column from monthly air temperature and precipitation.

*Enters:* monthly fields per cell: a climatology, a series of years, or a climatology and a series of annual
means; latitude. *Leaves:* annual soil temperature, precipitation, PET and drainage ``(cell, climate_year)``,
and soil respiration ``(cell,)``. Pure functions on arrays: no files, no Dask. *Source:* Oudin et al. (2005)
through pyet; Raich and Potter (1995); SCIENCE.md 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
import pyet
import xarray as xr
from numpy.typing import NDArray
from pyproj import Transformer

from eurosic.base.errors import InputError
from eurosic.inputs.water_balance import Store, monthly_bucket_drainage, turc_pike_drainage

Array = NDArray[np.float64]

# Years whose mean stands for the climate before the start: a climatological normal (WMO-No. 1203).
NORMAL_YEARS = 30
# Middle of each month of a common year: the day whose sun stands for the month's.
_MID_MONTHS = pd.date_range("2001-01-01", periods=12, freq="MS") + pd.Timedelta(days=14)
# Mean length over four years, d.
DAYS_OF_MONTH = np.array([31.0, 28.25, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0])

# Raich and Potter (1995), Glob. Biogeochem. Cycles 9, 23-36, equation 4: g m-2 d-1 of carbon, K-1, cm month-1.
_RESPIRATION_AT_ZERO, _RESPIRATION_SLOPE, _HALF_PRECIPITATION = 1.250, 0.05452, 4.259
_MM_PER_CM = 10.0


class WaterBalance(StrEnum):
    """How drainage follows from precipitation and PET."""

    TURC_PIKE = "turc-pike"
    MONTHLY_BUCKET = "monthly-bucket"


@dataclass(frozen=True)
class ClimateOptions:
    """What a recipe can choose about climate.

    Parameters
    ----------
    water_balance
        ``turc-pike`` (default) or ``monthly-bucket``.
    soil_temperature_offset
        Mean annual soil minus air temperature, K. Soil Taxonomy's rule of thumb is +1.
    respiration_factor
        Multiplies the respiration of the climate formula, which was fitted to untilled vegetation.
    """

    water_balance: WaterBalance = WaterBalance.TURC_PIKE
    soil_temperature_offset: float = 1.0
    respiration_factor: float = 1.0


@dataclass(frozen=True)
class MonthlyClimate:
    """Monthly air temperature (degC) and precipitation (mm month-1), shape ``(cell, climate_year, month)``."""

    temperature: Array
    precipitation: Array


def latitude_of(y: Array, x: Array, crs: str = "EPSG:3035") -> Array:
    """Return the latitude (degrees north) of coordinates (m) in a projected reference system.

    Examples
    --------
    >>> latitude_of(np.array([3_210_000.0]), np.array([4_321_000.0])).round(6)
    array([52.])
    """
    return np.asarray(Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)[1])


def monthly_climate(layers: Mapping[str, Array]) -> MonthlyClimate:
    """Return the monthly climate of every climate year.

    Years come from `monthly_temperature` and `monthly_precipitation` themselves where these have an axis of
    years; or from `annual_temperature` and `annual_precipitation`, by which the climatology is changed: T is
    shifted, P is multiplied (the delta method). A climatology alone is one climate year.

    Parameters
    ----------
    layers
        Monthly layers ``(cell, month)`` or ``(cell, climate_year, month)`` and, where there are any, annual
        ones ``(cell, climate_year)``.

    Raises
    ------
    InputError
        If a year has not twelve months, or the series of T and P differ in length.
    """
    temperature = _by_year(layers["monthly_temperature"], "monthly_temperature")
    precipitation = _by_year(layers["monthly_precipitation"], "monthly_precipitation")
    if "annual_temperature" in layers:
        annual = layers["annual_temperature"]
        normal = annual_mean(temperature).mean(axis=1, keepdims=True)
        temperature = temperature.mean(axis=1, keepdims=True) + (annual - normal)[..., np.newaxis]
    if "annual_precipitation" in layers:
        annual = layers["annual_precipitation"]
        months = precipitation.mean(axis=1)
        total = months.sum(axis=1, keepdims=True)
        # Where the climatology is rainless there is nothing to multiply; the year's rain falls evenly.
        share = np.divide(months, total, out=np.full_like(months, 1 / 12), where=total > 0)
        precipitation = annual[..., np.newaxis] * share[:, np.newaxis]
    return _paired(temperature, precipitation)


def _by_year(monthly: Array, name: str) -> Array:
    if monthly.shape[-1] != 12:
        raise InputError(
            f"layer {name}",
            f"has {monthly.shape[-1]} months a year",
            wanted="twelve",
            do="Complete the year, or give annual means beside a climatology.",
        )
    return monthly if monthly.ndim == 3 else monthly[:, np.newaxis]


def _paired(temperature: Array, precipitation: Array) -> MonthlyClimate:
    years = {temperature.shape[1], precipitation.shape[1]} - {1}
    if len(years) > 1:
        raise InputError(
            "climate",
            f"{temperature.shape[1]} years of temperature and {precipitation.shape[1]} of precipitation",
            wanted="the same years of both, or a climatology of one",
            do="Give both series for the same years.",
        )
    shape = np.broadcast_shapes(temperature.shape, precipitation.shape)
    return MonthlyClimate(np.broadcast_to(temperature, shape), np.broadcast_to(precipitation, shape))


def annual_mean(monthly: Array) -> Array:
    """Return the mean over months (last axis), each weighted by its length."""
    return monthly @ (DAYS_OF_MONTH / DAYS_OF_MONTH.sum())


def potential_evapotranspiration(temperature: Array, latitude: Array) -> Array:
    r"""Return monthly potential evapotranspiration, mm month-1, shape ``(cell, climate_year, month)``.

    .. math:: PET = \frac{R_a}{\lambda \rho} \frac{T + 5}{100} \quad (T > -5, \text{else } 0)

    Parameters
    ----------
    temperature
        Monthly mean air temperature, degC, shape ``(cell, climate_year, month)``.
    latitude
        Degrees north, shape ``(cell,)``.

    Notes
    -----
    Source: Oudin et al. (2005), J. Hydrol. 303, 290-306, equation 3, as `pyet.oudin`; with the sun of the
    middle of each month. It needs temperature only, as do maps of the past and of most scenarios.
    """
    place = xr.DataArray(np.deg2rad(latitude), dims="cell")
    pet = np.empty_like(temperature)
    # Year by year, because pyet wants time as the first of two axes.
    for year in range(temperature.shape[1]):
        months = xr.DataArray(temperature[:, year].T, dims=("time", "cell"), coords={"time": _MID_MONTHS})
        pet[:, year] = pyet.oudin(months, place).transpose("cell", "time").values
    return pet * DAYS_OF_MONTH


def soil_respiration(temperature: Array, precipitation: Array) -> Array:
    r"""Return annual soil respiration, g m-2 yr-1 of carbon, over the last axis of the arguments.

    .. math:: R = \sum_m d_m \, 1.250 \, e^{0.05452 T_m} \frac{P_m}{4.259 + P_m}

    Parameters
    ----------
    temperature, precipitation
        Monthly mean air temperature (degC) and precipitation (mm month-1; cm in the equation), shape
        ``(..., month)``.

    Notes
    -----
    Source: Raich and Potter (1995), Glob. Biogeochem. Cycles 9, 23-36. It holds roots and decomposers, and
    was fitted to natural vegetation: on cropland it is a default to be replaced (`respiration_factor`).
    """
    rain = precipitation / _MM_PER_CM
    daily = (
        _RESPIRATION_AT_ZERO * np.exp(_RESPIRATION_SLOPE * temperature) * rain / (_HALF_PRECIPITATION + rain)
    )
    return np.asarray(daily @ DAYS_OF_MONTH)


def annual_drainage(precipitation: Array, pet: Array, *, store: Store, options: ClimateOptions) -> Array:
    """Return drainage below the roots, mm yr-1, shape ``(cell, climate_year)``, by the chosen water balance.

    Parameters
    ----------
    precipitation, pet
        mm month-1, shape ``(cell, climate_year, month)``.
    store
        What the soil holds, for the monthly bucket.
    options
        Which water balance.
    """
    if options.water_balance == WaterBalance.MONTHLY_BUCKET:
        return monthly_bucket_drainage(precipitation, pet, store)
    return turc_pike_drainage(precipitation.sum(axis=2), pet.sum(axis=2))
