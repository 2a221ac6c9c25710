"""What a column is, in the scales on which calcite dissolves: the network's features, by closed forms.

*Enters:* covariates, state and baseline drivers of columns, by name, and a climate. *Leaves:* `Anchors`: features
``(feature, cell)`` and the scales in which the network counts. Closed forms bring columns near each other before
anything is learnt: the yearly passage of calcium that water can carry (`scale`, mol m-2 yr-1) is the unit of every
amount. They need not be exact, because the network learns what they leave; they decide no balance. Must not know
torch. *Source:* SCIENCE.md 2.2 (soil air, water), 7.4 (calcite in water under CO2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Columns, Signature, names
from eurosic.base.units import MOLAR_MASS_C
from eurosic.base.vocabulary import STANDARD_DEPTHS

Array = NDArray[np.float64]
Values = Mapping[str, Array]

_TOP, _BOTTOM = np.array(STANDARD_DEPTHS).T
_THICK = _BOTTOM - _TOP
_DEPTH = float(_BOTTOM[-1])
# Where an ensemble's engine does not know a covariate, its features are left out and its scale takes these.
_ROOT_DEPTH = 0.3
_ATMOSPHERE = 4.2e-4  # atm
_Q10 = 2.0  # rise of respiration per 10 K
# log10 of calcite's solubility product over 4 K2, K1 and KH at 10 degC, and its fall per K; SCIENCE.md 2.3.
_SOLUBILITY, _SOLUBILITY_PER_K = -6.4633 - 8.4105 - 1.2694 + 10.4879 - 0.602, -0.0148
_HENRY, _HENRY_PER_K = -1.2694, -0.0132
_YEAR = 3.15576e7  # s
# Amounts of carbonate are told apart on a scale of years of dissolution.
_FEW_YEARS = 0.1
# mol L-1 per mmol L-1, and by how much nitrate in water is scaled to lie near one.
_MILLI, _NITRATE_SCALE = 1e3, 0.2


@dataclass(frozen=True)
class Frame:
    """What an ensemble's engine does with what enters, per standard depth; part of an emulator's card.

    Shares of the acid and the harvest, and of lime, by depth (each sums to 1); calcium (mol L-1) and alkalinity
    (molc L-1) of the rain; years of the baseline that bring nitrate in transit before the start.
    """

    acid_shares: tuple[float, ...]
    lime_shares: tuple[float, ...]
    rain_calcium: float
    rain_alkalinity: float
    spin_up: int


@dataclass(frozen=True)
class Anchors:
    """What does not change while a column runs, the cell on the last axis, float64.

    Parameters
    ----------
    features
        Of the network's context, not yet normalised, ``(feature, cell)``.
    scale
        Calcium that the water can carry, mol m-2 yr-1, ``(cell,)``: the unit of amounts.
    stock
        Carbonate at the start in `scale`, ``(depth, cell)``.
    saturation
        Base saturation at the start, ``(depth, cell)``.
    exchange
        Twice `scale` over the exchanger's charge, ``(depth, cell)``.
    dilution
        Nitrate concentration, scaled, per amount, ``(depth, cell)``.
    rain
        Precipitation over `scale`, L mol-1, ``(cell,)``.
    gas
        Dissolved CO2 that drains, in `scale`, ``(cell,)``.
    """

    features: Array
    scale: Array
    stock: Array
    saturation: Array
    exchange: Array
    dilution: Array
    rain: Array
    gas: Array


def anchors_of(covariates: Values, state: Values, baseline: Values, climate: Values) -> Anchors:
    """Return the anchors of columns.

    Parameters
    ----------
    covariates
        Those of the signature, ``(cell,)`` in house units.
    state
        `sic` (kg m-2) and, where the engine knows it, `base_saturation`, ``(cell, depth)``.
    baseline
        Drivers before the start, ``(cell,)``: they set the scale.
    climate
        Temperature, precipitation and drainage of the year in question, ``(cell,)``.
    """
    mean = baseline["temperature"]
    fixed = _water_and_air(covariates, baseline, mean)
    now = fixed if climate is baseline else _water_and_air(covariates, climate, mean)
    # The unit of amounts is that of the baseline: a state must mean the same in every year.
    scale = fixed.carried.max(axis=1)
    charge = _exchange_charge(covariates)
    stock = state["sic"] / MOLAR_MASS_C / scale[:, None]
    saturation = state.get("base_saturation", np.ones_like(stock))
    water = _MILLI * covariates["field_capacity"][:, None] * _THICK
    concentration = _MILLI * scale[:, None] / water
    features = [
        *_soil_features(covariates, climate),
        *np.log(now.pressure).T,
        *np.log(now.flux).T,
        *np.log(water / now.flux)[:, [1, 3, 5]].T,
        np.log(scale),
        *np.log(stock + _FEW_YEARS).T,
        *(stock / (stock + 2.0)).T,
        *_baseline_features(baseline, scale),
        *saturation.T,
    ]
    return Anchors(
        features=np.stack(features),
        scale=scale,
        stock=stock.T,
        saturation=saturation.T,
        exchange=(2.0 * scale[:, None] / charge).T,
        dilution=(_NITRATE_SCALE * concentration).T,
        rain=climate["precipitation"] / scale,
        gas=now.gas / scale,
    )


def spun_up(columns: Columns, signature: Signature) -> Columns:
    """Return columns as their spin-up leaves them: a depth that holds carbonate is base-saturated.

    At the seam, a depth that is decalcified in part may be given as acid; in the simulator all of it lies over the
    calcite of its spin-up. An ensemble records what comes after, a projection gives what comes before: one is made of
    both, or every column of a projection would differ from those learnt.
    """
    states = names(signature.states)
    if "base_saturation" not in states:
        return columns
    place, state = states.index("base_saturation"), columns.state.copy()
    state[state[..., states.index("sic")] > 0.0, place] = 1.0
    return replace(columns, state=state)


@dataclass(frozen=True)
class _WaterAndAir:
    """Water that passes the bottom of each depth (L m-2 yr-1), pCO2 there (atm), what it can carry (mol)."""

    flux: Array
    pressure: Array
    carried: Array
    gas: Array


def _water_and_air(covariates: Values, climate: Values, mean: Array) -> _WaterAndAir:
    rain, drained = climate["precipitation"][:, None], climate["drainage"][:, None]
    celsius = climate["temperature"][:, None]
    roots = covariates.get("root_depth", np.full(len(rain), _ROOT_DEPTH))[:, None]
    drunk = -np.expm1(-_BOTTOM / roots) / -np.expm1(-_DEPTH / roots)
    flux = np.maximum(rain - (rain - drained) * drunk, 1e-3)
    pressure = _carbon_dioxide(covariates, celsius, celsius - mean[:, None])
    solubility = 10.0 ** ((_SOLUBILITY + _SOLUBILITY_PER_K * (celsius - 10.0)) / 3.0)
    henry = 10.0 ** (_HENRY + _HENRY_PER_K * (celsius[:, 0] - 10.0))
    return _WaterAndAir(
        flux=flux,
        pressure=pressure,
        carried=flux * solubility * np.cbrt(pressure),
        gas=flux[:, -1] * henry * pressure[:, -1],
    )


def _carbon_dioxide(covariates: Values, celsius: Array, warmer: Array) -> Array:
    """Return pCO2 (atm) at the bottom of each depth: exponential source, constant diffusivity, closed bottom.

    Respiration is that of the mean temperature, and doubles with 10 K more than it.
    """
    air, porosity = covariates["air_porosity"][:, None], covariates["porosity"][:, None]
    kelvin = celsius + 273.15
    diffusivity = 1.381e-5 * (kelvin / 273.15) ** 1.81 * air**2.5 / porosity**0.5 * _YEAR
    source = covariates["respiration"][:, None] / (1e3 * MOLAR_MASS_C) * _Q10 ** (0.1 * warmer)
    depth = covariates["respiration_depth"][:, None]
    below = np.exp(-_DEPTH / depth)
    # Twice integrated: the flux at z is what is made below it.
    risen = (depth * -np.expm1(-_BOTTOM / depth) - _BOTTOM * below) / (1.0 - below)
    return _ATMOSPHERE + source / diffusivity * risen * 8.20573e-5 * kelvin


def _exchange_charge(covariates: Values) -> Array:
    """Return the charge of the exchanger at pH 7, molc m-2, ``(cell, depth)``; g cm-3 is Mg m-3."""
    top, below = covariates["cec_topsoil"][:, None], covariates["cec_subsoil"][:, None]
    earth = 1e3 * (covariates["bulk_density"] * (1.0 - covariates["gravel"]))[:, None] * _THICK
    return 0.01 * np.where(_BOTTOM <= 0.3 + 1e-9, top, below) * earth


# Covariates that enter as they are, and those whose logarithm does.
_PLAIN = (
    "bulk_density",
    "gravel",
    "cec_topsoil",
    "cec_subsoil",
    "cec_ph_slope",
    "field_capacity",
    "porosity",
    "air_porosity",
)
_LOGARITHMIC = ("respiration", "respiration_depth", "root_depth")


def _soil_features(covariates: Values, climate: Values) -> list[Array]:
    rain, drained = climate["precipitation"], np.maximum(climate["drainage"], 1e-3)
    return [
        *(covariates[name] for name in _PLAIN if name in covariates),
        *(np.log(np.maximum(covariates[name], 1e-3)) for name in _LOGARITHMIC if name in covariates),
        climate["temperature"],
        np.log(np.maximum(rain, 1e-3)),
        np.log(drained),
        np.log(np.maximum(rain, 1e-3) / drained),
    ]


def _baseline_features(baseline: Values, scale: Array) -> list[Array]:
    nitrate = baseline["nitrate_leached"]
    given = [baseline[name] / scale for name in ("nitrate_leached", "acid_extra", "base_cation_export")]
    drained = np.maximum(baseline["drainage"], 1e-3)
    return [*given, np.log(nitrate + 0.01), np.minimum(_MILLI * nitrate / drained, 50.0)]
