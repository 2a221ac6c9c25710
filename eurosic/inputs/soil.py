"""What a column is made of, from the layers of its cell: the functions behind the rows of `derivations`.

*Enters:* known arrays of some cells by name (layers, and what rows above have made), options. *Leaves:* one
array, first axis ``cell``. Every default in the options is an assumption that a layer of the user's replaces.
Pure functions: no files, no Dask. *Source:* CONVENTIONS.md, "From rasters to a column".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.inputs import carbonate as profile
from eurosic.inputs import climate as weather
from eurosic.inputs import pedotransfer
from eurosic.inputs.climate import ClimateOptions
from eurosic.inputs.water_balance import root_store

Array = NDArray[np.float64]
Known = Mapping[str, Array]

# mmol kg-1 in a cmol kg-1.
_MMOL_PER_CMOL = 10.0


@dataclass(frozen=True)
class SoilOptions:
    """What a recipe can choose about the soil; every default is an assumption that a layer replaces.

    Parameters
    ----------
    gravel
        Volume fraction of fragments where no layer gives it, 1.
    respiration_depth, root_depth
        E-folding depths, m. Crops hold a share 1 - 0.961^(depth in cm) of their roots above a depth
        (Jackson et al. 1996), an e-folding depth of 0.25 m.
    subsoil_carbonate_factor, subsoil_carbonate_most
        Carbonate below 0.3 m over that of the topsoil (1), and its limit (%).
    subsoil_organic_carbon_factor
        SOC below 0.3 m over that of the topsoil, 1.
    decalcified_depth
        Where no layer gives it, m.
    moisture_share
        Share of the plant-available water that the soil holds in the year's mean, 1: with 1 the soil air
        is that at field capacity.
    air_porosity_least, air_porosity_most
        Bounds of air-filled porosity, 1.
    cec_ph_slope_share
        Rise of exchange capacity per unit of pH, as a share of CEC, 1.
    base_saturation_calcite_free
        Of calcite-free layers where no soil pH is given, 1: a lab pH of 6.4.
    """

    gravel: float = 0.10
    respiration_depth: float = 0.25
    root_depth: float = 0.25
    subsoil_carbonate_factor: float = 1.35
    subsoil_carbonate_most: float = 85.0
    subsoil_organic_carbon_factor: float = 0.4
    decalcified_depth: float = 0.0
    moisture_share: float = 0.75
    air_porosity_least: float = 0.12
    air_porosity_most: float = 0.35
    cec_ph_slope_share: float = 0.2
    base_saturation_calcite_free: float = 0.8


@dataclass(frozen=True)
class CellOptions:
    """Soil and climate options together, as the rows of the table take them."""

    soil: SoilOptions
    climate: ClimateOptions


def constant(known: Known, value: float) -> Array:
    """Return `value` for every cell."""
    return np.full(len(known["latitude"]), value)


def water_contents(known: Known) -> tuple[Array, Array]:
    """Return field capacity and wilting point (1) before they are bounded."""
    return pedotransfer.water_contents(known["clay"], known["sand"], known["organic_carbon"])


def air_porosity(known: Known, options: CellOptions) -> Array:
    """Return air-filled porosity (1) at the year's mean water content."""
    soil, dry, wet = options.soil, known["wilting_point"], known["field_capacity"]
    water = dry + soil.moisture_share * (wet - dry)
    bounds = (soil.air_porosity_least, soil.air_porosity_most)
    return pedotransfer.air_porosity(known["porosity"], water, bounds)


def cec_topsoil(known: Known, _: CellOptions) -> Array:
    """Return CEC at pH 7 (cmol kg-1) of 0-0.3 m."""
    carbonate = _mean_carbonate(known, slice(0, 3))
    return pedotransfer.exchange_capacity(known["clay"], known["organic_carbon"], carbonate)


def cec_subsoil(known: Known, options: CellOptions) -> Array:
    """Return CEC at pH 7 (cmol kg-1) below 0.3 m."""
    carbon = options.soil.subsoil_organic_carbon_factor * known["organic_carbon"]
    return pedotransfer.exchange_capacity(known["clay"], carbon, _mean_carbonate(known, slice(3, 6)))


def _mean_carbonate(known: Known, depths: slice) -> Array:
    thickness = profile.THICKNESS[depths]
    return np.asarray(known["carbonate_profile"][:, depths] @ (thickness / thickness.sum()))


def cec_ph_slope(known: Known, options: CellOptions) -> Array:
    """Return the rise of exchange capacity per unit of pH, mmol kg-1."""
    return _MMOL_PER_CMOL * options.soil.cec_ph_slope_share * known["cec_topsoil"]


def carbonate_profile(known: Known, options: CellOptions) -> Array:
    """Return carbonate (%) at the six standard depths, as rasters give it."""
    soil = options.soil
    return profile.raw_profile(known, factor=soil.subsoil_carbonate_factor, most=soil.subsoil_carbonate_most)


def sic(known: Known, _: CellOptions) -> Array:
    """Return SIC (kg m-2) per standard depth, below the decalcified depth."""
    carbonate = known["carbonate_profile"] * known["calcareous_share"]
    return profile.carbonate_stock(carbonate, known["bulk_density"], known["gravel"])


def base_saturation(known: Known, options: CellOptions) -> Array:
    """Return initial base saturation (1) per standard depth; soil pH counts only where there is no calcite."""
    ph = known.get("soil_ph", constant(known, np.nan))
    assumed = options.soil.base_saturation_calcite_free
    calcite_free = np.where(np.isnan(ph), assumed, pedotransfer.base_saturation(ph))
    return profile.initial_base_saturation(
        known["carbonate_profile"], known["calcareous_share"], calcite_free
    )


def respiration(known: Known, options: CellOptions) -> Array:
    """Return soil respiration (g m-2 yr-1 of carbon), the mean of the climate years before the start.

    The predictors shift it by Q10 with each year's temperature against the mean of those same years.
    """
    climate = weather.monthly_climate(known)
    yearly = weather.soil_respiration(climate.temperature, climate.precipitation)
    return options.climate.respiration_factor * yearly[:, : weather.NORMAL_YEARS].mean(axis=1)


def soil_temperature(known: Known, options: CellOptions) -> Array:
    """Return mean annual soil temperature (degC) of each climate year."""
    air = weather.annual_mean(weather.monthly_climate(known).temperature)
    return air + options.climate.soil_temperature_offset


def annual_precipitation(known: Known, _: CellOptions) -> Array:
    """Return precipitation (mm yr-1) of each climate year."""
    return np.asarray(weather.monthly_climate(known).precipitation.sum(axis=2))


def monthly_pet(known: Known, _: CellOptions) -> Array:
    """Return PET (mm month-1) of each climate year and month."""
    return weather.potential_evapotranspiration(weather.monthly_climate(known).temperature, known["latitude"])


def drainage(known: Known, options: CellOptions) -> Array:
    """Return drainage (mm yr-1) of each climate year, by the water balance of the options."""
    store = root_store(
        known["field_capacity"],
        known["wilting_point"],
        gravel=known["gravel"],
        root_depth=known["root_depth"],
    )
    rain = weather.monthly_climate(known).precipitation
    return weather.annual_drainage(rain, known["monthly_pet"], store=store, options=options.climate)
