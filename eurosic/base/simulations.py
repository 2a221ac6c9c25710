"""The words of a simulation ensemble: what it holds, what a design is made of, how nitrogen moves in time.

*Enters:* nothing. *Leaves:* `SCHEMA`, the variables of an ensemble with their dimensions, `INGREDIENTS`, the
parameters from which columns are designed, and `KINDS` of trajectories. Simulator, MIN3P and PHREEQC write the
same schema; the page on ensembles is made from it. *Source:* SCIENCE.md 2.6 and 6; DESIGN.md, Words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS, Variable

# How the nitrogen of a simulation goes through its years.
KINDS = ("constant", "step", "ramp", "reversal", "step_up", "zero")

_S, _SY, _SYD = ("simulation",), ("simulation", "year"), ("simulation", "year", "depth")


@dataclass(frozen=True)
class Member:
    """A variable of the schema: its words, its dimensions, and whether every ensemble has it."""

    variable: Variable
    dims: tuple[str, ...]
    required: bool = False


def _profile(name: str, unit: str, long_name: str, low: float, high: float, comment: str = "") -> Variable:
    return Variable(name, "profile", unit, long_name, low, high, "state", comment)


_MEAN = "mean over the standard depth, weighted by thickness"
_WATER = "of the water that left each layer in the last step of the year; " + _MEAN
_YEAR = "over the year; in year 0, over the last year of the spin-up"
# State on 31 December, per standard depth, in the order in which the simulator records it.
PROFILES = (
    STATES["sic"],
    _profile("ph_soil", "1", "in-situ soil pH", 2, 12, _MEAN),
    _profile("ph_lab", "1", "lab pH in water 1:5", 2, 12, _MEAN),
    STATES["base_saturation"],
    STATES["nitrate"],
    _profile("calcium", "mol L-1", "dissolved calcium, all species", 0, 1, _WATER),
    _profile("alkalinity", "mol L-1", "alkalinity, charge of the strong ions", -1, 1, _WATER),
    _profile("dic", "mol L-1", "dissolved inorganic carbon", 0, 1, _WATER),
    _profile("pco2", "atm", "partial pressure of CO2 in the soil air", 0, 1, _MEAN),
    _profile("calcium_store", "mol m-2", "calcium dissolved and exchangeable", 0, 1e4),
    _profile("alkalinity_store", "mol m-2", "charge of strong ions, dissolved and exchangeable", -1e3, 2e4),
    _profile("calcium_flux", "mol m-2 yr-1", "calcium that leaves the depth downwards", 0, 100, _YEAR),
    _profile(
        "alkalinity_flux", "mol m-2 yr-1", "alkalinity that leaves the depth downwards", -20, 100, _YEAR
    ),
    _profile("calcareous_share", "1", "share of the depth with more than 0.01 % carbonate", 0, 1),
)


def _ingredient(name: str, unit: str, long_name: str, low: float, high: float) -> Variable:
    return Variable(name, "ingredient", unit, long_name, low, high)


# Ranges are the widest of the design; a recipe may narrow them.
_INGREDIENTS = (
    _ingredient("carbonate", "%", "topsoil carbonate", 0.05, 70),
    _ingredient("carbonate_ratio", "1", "carbonate below 0.3 m over that of the topsoil", 0.25, 6.5),
    _ingredient("decalcified_depth", "m", "depth down to which the soil holds no carbonate", 0, 0.8),
    _ingredient("acid_saturation", "1", "base saturation of the layers without calcite", 0.3, 1),
    _ingredient("clay", "%", "clay content of the fine earth", 8, 60),
    _ingredient("sand_share", "1", "share of sand in what is not clay", 0.02, 0.95),
    _ingredient("organic_carbon", "%", "soil organic carbon content of the topsoil", 0.4, 6),
    _ingredient("gravel", "1", "volume fraction of fragments above 2 mm", 0, 0.5),
    _ingredient(
        "bulk_density_spread", "g cm-3", "bulk density beyond its pedotransfer function", -0.24, 0.24
    ),
    _ingredient("cec_topsoil_spread", "cmol kg-1", "CEC beyond its function, 0-0.3 m", -9, 9),
    _ingredient("cec_subsoil_spread", "cmol kg-1", "CEC beyond its function, below 0.3 m", -12, 12),
    _ingredient("cec_slope_share", "1", "rise of CEC per unit of pH, share of CEC", 0.12, 0.28),
    _ingredient("field_capacity_spread", "1", "field capacity beyond its function", -0.15, 0.15),
    _ingredient("wilting_point_spread", "1", "wilting point beyond its function", -0.12, 0.12),
    _ingredient("air_porosity", "1", "air-filled porosity", 0.12, 0.35),
    _ingredient("respiration", "g m-2 yr-1", "soil respiration of carbon", 250, 900),
    _ingredient("respiration_depth", "m", "e-folding depth of respiration", 0.15, 0.4),
    _ingredient("root_depth", "m", "e-folding depth of root water uptake", 0.15, 0.5),
    _ingredient("temperature", "degC", "mean annual soil temperature", 3, 22),
    _ingredient("precipitation", "mm yr-1", "annual precipitation", 200, 1800),
    _ingredient("pet", "mm yr-1", "annual potential evapotranspiration", 400, 1250),
    _ingredient("mineral_n", "kg ha-1 yr-1", "mineral nitrogen before the start", 0, 250),
    _ingredient("manure_n", "kg ha-1 yr-1", "manure nitrogen before the start", 0, 240),
    _ingredient("deposition_n", "kg ha-1 yr-1", "deposition of nitrogen", 2, 25),
    _ingredient("deposition_reduced", "1", "share of NH4 in the deposition", 0.4, 0.7),
    _ingredient("nue_at_100", "1", "nitrogen use efficiency at an input of 100 kg ha-1 yr-1", 0.5, 0.85),
    _ingredient("form_nitrate", "1", "weight of ammonium nitrate and CAN among the forms", 0, 30),
    _ingredient("form_urea", "1", "weight of urea among the forms", 0, 30),
    _ingredient("form_uan", "1", "weight of UAN among the forms", 0, 30),
    _ingredient("form_sulphate", "1", "weight of ammonium sulphate among the forms", 0, 30),
    _ingredient("can_share", "1", "share of CAN in ammonium nitrate and CAN", 0, 1),
    _ingredient("volatilisation", "1", "factor on the shares of N lost as NH3", 0.5, 1.5),
    _ingredient("gas_loss", "1", "share of the soluble surplus that is denitrified", 0, 0.2),
    _ingredient("base_export", "1", "charge of base cations exported per mol of N taken up", 0.08, 0.8),
)
INGREDIENTS: Mapping[str, Variable] = MappingProxyType({v.name: v for v in _INGREDIENTS})

_KIND = Variable("trajectory", "design", "1", "kind of nitrogen trajectory", 0, len(KINDS) - 1, flags=KINDS)
_COLUMN = Variable(
    "column",
    "design",
    "1",
    "number of the column; simulations of one column differ in their nitrogen only",
    0,
    1e9,
)
_CONVERGED = Variable("converged", "design", "1", "1 where every layer and year found its equilibrium", 0, 1)
_APPLIED = tuple(
    Variable(name, "applied", "kg ha-1 yr-1", f"{words} nitrogen applied", 0, 1000, "flux")
    for name, words in (("mineral_n", "mineral"), ("manure_n", "manure"))
)
_REQUIRED = ("sic", "ph_soil", "sic_change_0_30cm", "sic_change_0_100cm", "sic_change_0_200cm")


def _schema() -> dict[str, Member]:
    members = [Member(v, _S) for v in COVARIATES.values()]
    members += [Member(_KIND, _S), Member(_COLUMN, _S), Member(_CONVERGED, _S, required=True)]
    members += [Member(v, _SY) for v in (*DRIVERS.values(), *_APPLIED)]
    members += [Member(v, _SY, v.name in _REQUIRED) for v in TARGETS.values()]
    members += [Member(v, _SYD, v.name in _REQUIRED) for v in PROFILES]
    return {member.variable.name: member for member in members}


# What an ensemble may hold, by name. Variables that an engine does not give are absent.
SCHEMA: Mapping[str, Member] = MappingProxyType(_schema())
# Ingredients and parameters of other engines stand beside the schema, under this prefix.
DESIGN_PREFIX = "design_"
