"""Every variable of eurosic: name, unit, long name, valid range, sign. The conventions page is made from it.

Five roles follow the walk: a *layer* is a map that a user brings or a formula makes; a *covariate* is a
static parameter of a soil column; a *state* is what a column carries from year to year, per standard depth;
a *driver* is a forcing of one year; a *target* is what a predictor gives. Units are CF units and never name
the substance. *Source:* CONVENTIONS.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eurosic.base.flags import Regime

# m; standard depths of GlobalSoilMap and SoilGrids.
STANDARD_DEPTHS = ((0.0, 0.05), (0.05, 0.15), (0.15, 0.30), (0.30, 0.60), (0.60, 1.00), (1.00, 2.00))


@dataclass(frozen=True)
class Variable:
    """One word of the vocabulary.

    `dims` are the dimensions after the cell; `kind` of time is ``"state"`` (31 December), ``"flux"`` (over
    the year), ``"change"`` (since 1 January of the start year) or ``"static"``.
    """

    name: str
    role: str
    unit: str
    long_name: str
    valid_min: float
    valid_max: float
    time: str = "static"
    comment: str = ""
    flags: tuple[str, ...] = ()


def _layer(name: str, unit: str, long_name: str, low: float, high: float, comment: str = "") -> Variable:
    return Variable(name, "layer", unit, long_name, low, high, comment=comment)


def _covariate(name: str, unit: str, long_name: str, low: float, high: float, comment: str = "") -> Variable:
    return Variable(name, "covariate", unit, long_name, low, high, comment=comment)


def _driver(name: str, unit: str, long_name: str, low: float, high: float, comment: str = "") -> Variable:
    return Variable(name, "driver", unit, long_name, low, high, time="flux", comment=comment)


_CARBONATE = "calcium carbonate equivalent of the fine earth, by mass"
_SINCE = "since 1 January of the start year; gain positive; carbon in carbonate"

_LAYERS = (
    _layer("carbonate", "%", "topsoil carbonate", 0, 100, _CARBONATE),
    _layer("carbonate_subsoil", "%", "subsoil carbonate (below 0.3 m)", 0, 100, _CARBONATE),
    *(
        _layer(f"carbonate_{d}cm", "%", f"carbonate at {d.replace('_', '-')} cm", 0, 100, _CARBONATE)
        for d in ("0_5", "5_15", "15_30", "30_60", "60_100", "100_200")
    ),
    _layer("calcareous_probability", "1", "probability of being calcareous", 0, 1),
    _layer("decalcified_depth", "m", "depth down to which the soil holds no carbonate", 0, 2),
    _layer("clay", "%", "clay content of the fine earth", 0, 100),
    _layer("sand", "%", "sand content of the fine earth", 0, 100),
    _layer("organic_carbon", "%", "soil organic carbon content of the topsoil", 0, 60),
    _layer("soil_ph", "1", "lab pH of the topsoil", 2, 12, "used only to initialise calcite-free layers"),
    _layer("gravel", "1", "volume fraction of fragments above 2 mm", 0, 0.95),
    _layer("arable_fraction", "1", "fraction of the cell that is arable", 0, 1),
    _layer("elevation", "m", "elevation above sea level", -500, 5000),
    _layer("country", "1", "ISO 3166-1 numeric code of the country", 0, 999),
    _layer(
        "climate_group", "1", "main group of the Köppen climate classification", 1, 5, "1 tropical to 5 polar"
    ),
    _layer("monthly_temperature", "degC", "monthly mean air temperature at 2 m", -50, 50),
    _layer("monthly_precipitation", "mm month-1", "monthly precipitation", 0, 1500),
    _layer("annual_temperature", "degC", "annual mean air temperature at 2 m, one a climate year", -50, 50),
    _layer("annual_precipitation", "mm yr-1", "annual precipitation, one a climate year", 0, 6000),
    _layer("mineral_n", "kg ha-1 yr-1", "mineral nitrogen applied to arable land", 0, 600),
    _layer("manure_n", "kg ha-1 yr-1", "manure nitrogen applied to arable land", 0, 600),
    _layer("deposition_nh4", "kg ha-1 yr-1", "deposition of reduced nitrogen", 0, 100),
    _layer("deposition_no3", "kg ha-1 yr-1", "deposition of oxidised nitrogen", 0, 100),
    _layer("nitrogen_use_efficiency", "1", "N uptake per N input (mineral, manure, deposition)", 0, 0.9),
)

_COVARIATES = (
    _covariate("bulk_density", "g cm-3", "bulk density of the fine earth", 0.3, 2.2),
    _covariate("gravel", "1", "volume fraction of fragments above 2 mm", 0, 0.95),
    _covariate("cec_topsoil", "cmol kg-1", "cation exchange capacity at pH 7, 0-0.3 m", 0.5, 100),
    _covariate("cec_subsoil", "cmol kg-1", "cation exchange capacity at pH 7, below 0.3 m", 0.5, 100),
    _covariate("cec_ph_slope", "mmol kg-1", "rise of exchange capacity per unit of pH, 0-0.3 m", 0, 200),
    _covariate("field_capacity", "1", "volumetric water content at field capacity", 0.03, 0.7),
    _covariate("wilting_point", "1", "volumetric water content at wilting point", 0.005, 0.5),
    _covariate("porosity", "1", "total porosity", 0.2, 0.85),
    _covariate("air_porosity", "1", "air-filled porosity at the water content of drainage", 0.03, 0.6),
    _covariate("respiration", "g m-2 yr-1", "soil respiration of carbon at the mean temperature", 0, 3000),
    _covariate("respiration_depth", "m", "e-folding depth of respiration", 0.05, 2),
    _covariate("root_depth", "m", "e-folding depth of root water uptake", 0.05, 2),
)

_STATES = (
    Variable("sic", "state", "kg m-2", "soil inorganic carbon of the layer", 0, 500, "state"),
    Variable("base_saturation", "state", "1", "base saturation of the exchanger", 0, 1, "state"),
    Variable("nitrate", "state", "mol m-2", "nitrate in transit in the layer", 0, 50, "state"),
)

_DRIVERS = (
    _driver("temperature", "degC", "mean annual soil temperature", -15, 40),
    _driver("precipitation", "mm yr-1", "annual precipitation", 0, 6000),
    _driver("drainage", "mm yr-1", "annual drainage below the roots", 0, 6000),
    _driver(
        "nitrate_leached",
        "mol m-2 yr-1",
        "nitrogen that leaves as nitrate",
        0,
        10,
        "every mole brings one mole of acid",
    ),
    _driver(
        "acid_extra",
        "mol m-2 yr-1",
        "net acid beyond that of the nitrate leached",
        -10,
        10,
        "by form: ammonium sulphate +1 per mol N, calcium nitrate -1, CAN -0.24; deposition NH4 - NO3",
    ),
    _driver(
        "base_cation_export",
        "mol m-2 yr-1",
        "charge of base cations exported with the harvest",
        0,
        10,
    ),
    _driver("lime", "mol m-2 yr-1", "calcium carbonate applied as lime", 0, 100),
)


def _target(
    name: str, unit: str, long_name: str, low: float, high: float, time: str, comment: str = ""
) -> Variable:
    return Variable(name, "target", unit, long_name, low, high, time, comment)


_TARGETS = (
    *(
        _target(
            f"sic_change_{d}cm",
            "kg m-2",
            f"change of soil inorganic carbon, {d.replace('_', '-')} cm",
            -500,
            500,
            "change",
            _SINCE,
        )
        for d in ("0_30", "0_100", "0_200")
    ),
    _target("ph_soil_0_30cm", "1", "in-situ soil pH, 0-30 cm", 2, 12, "state", "thickness-weighted mean"),
    _target("ph_lab_0_30cm", "1", "lab pH in water 1:5, 0-30 cm", 2, 12, "state", "thickness-weighted mean"),
    _target(
        "dic_leaching",
        "kg m-2 yr-1",
        "dissolved inorganic carbon leached below 2 m",
        0,
        5,
        "flux",
        "of carbon; out of the profile, positive",
    ),
    _target(
        "alkalinity_leaching",
        "mol m-2 yr-1",
        "alkalinity leached below 2 m",
        -20,
        100,
        "flux",
        "of charge; out of the profile, positive",
    ),
    _target(
        "co2_to_air_from_carbonate",
        "kg m-2 yr-1",
        "carbon dioxide to the air from carbonate",
        -5,
        5,
        "flux",
        "of carbon; carbonate carbon dissolved minus DIC leached; negative is a weathering sink",
    ),
    _target(
        "nitrate_leaching",
        "kg m-2 yr-1",
        "nitrate leached below 2 m",
        0,
        1,
        "flux",
        "of nitrogen; out of the profile, positive",
    ),
    _target("decalcification_depth", "m", "depth down to which the soil holds no carbonate", 0, 2, "state"),
    Variable(
        "regime",
        "target",
        "1",
        "carbonate regime of the column",
        0,
        2,
        "state",
        flags=tuple(r.name.lower() for r in Regime),
    ),
)

_STOCKS = tuple(
    Variable(
        f"sic_stock_{d}cm",
        "stock",
        "kg m-2",
        f"soil inorganic carbon, {d.replace('_', '-')} cm",
        0,
        2000,
        "static",
        "carbon in carbonate on 1 January of the start year",
    )
    for d in ("0_30", "0_100", "0_200")
)

_AREA = Variable(
    "calcareous_arable_area",
    "area",
    "m2",
    "calcareous arable area of the cell",
    0,
    1e12,
    "static",
    "cell area x arable fraction x probability of being calcareous",
)


def _by_name(*groups: tuple[Variable, ...]) -> Mapping[str, Variable]:
    return MappingProxyType({variable.name: variable for group in groups for variable in group})


LAYERS = _by_name(_LAYERS)
COVARIATES = _by_name(_COVARIATES)
STATES = _by_name(_STATES)
DRIVERS = _by_name(_DRIVERS)
TARGETS = _by_name(_TARGETS)
STOCKS = _by_name(_STOCKS)
AREA = _AREA
