"""The section `inputs`: layers, climate, soil, nitrogen, study cells.

*Enters:* plain values of a recipe. *Leaves:* `LayerRequest`s, and the options of each stage as plain mappings
that hold only what the recipe says: defaults stand once, where they are used. *Must not:* open any file.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from eurosic.base.request import LayerRequest
from eurosic.recipe.layers import KNOWN, Layer, each_layer, layer_of
from eurosic.recipe.quantity import Physical, difference, in_house_unit, problem, quantity
from eurosic.recipe.section import Section, Share, as_mapping, key_among, shares_of_one

# Layers that stand in sections of their own; `country` comes from the outlines.
_ELSEWHERE = (
    "country",
    "monthly_temperature",
    "monthly_precipitation",
    "annual_temperature",
    "annual_precipitation",
    "mineral_n",
    "manure_n",
    "deposition_nh4",
    "deposition_no3",
    "nitrogen_use_efficiency",
)
COVARIATE_WORDS = tuple(word for word in KNOWN if word not in _ELSEWHERE)

FORMS = ("ammonium_nitrate", "can", "urea", "uan", "npk", "ammonium_sulphate", "calcium_nitrate")
FormShares = Annotated[dict[Annotated[str, key_among(FORMS)], Share], AfterValidator(shares_of_one)]

Metres = Annotated[float, quantity("m", "25 cm", 0.0, 2.0)]
Factor = Annotated[float, quantity("1", "80 %", 0.0, 5.0)]


class Climate(Section):
    """Monthly climate, an optional series of annual means, and the water balance."""

    temperature: Annotated[Layer, layer_of("monthly_temperature")]
    precipitation: Annotated[Layer, layer_of("monthly_precipitation")]
    annual_temperature: Annotated[Layer, layer_of("annual_temperature")] | None = None
    annual_precipitation: Annotated[Layer, layer_of("annual_precipitation")] | None = None
    pet: Literal["oudin"] = "oudin"
    water_balance: Literal["turc-pike", "monthly-bucket"] = "turc-pike"
    soil_temperature_offset: Annotated[float, difference("degC", "1 K", -5.0, 5.0)] | None = None
    respiration_factor: Factor | None = None
    beyond: Literal["cycle", "hold"] = "cycle"

    def options(self) -> dict[str, Any]:
        """Return the arguments of `inputs.climate.ClimateOptions` that the recipe gives."""
        return self.given("water_balance", "soil_temperature_offset", "respiration_factor")


class Soil(Section):
    """Assumptions of the soil where no layer says better (`inputs.soil.SoilOptions`)."""

    gravel: Annotated[float, quantity("1", "10 %", 0.0, 0.95)] | None = None
    respiration_depth: Metres | None = None
    root_depth: Metres | None = None
    subsoil_carbonate_factor: Factor | None = None
    subsoil_carbonate_most: Annotated[float, quantity("%", "85 %", 0.0, 100.0)] | None = None
    subsoil_organic_carbon_factor: Factor | None = None
    decalcified_depth: Metres | None = None
    moisture_share: Share | None = None
    air_porosity_least: Share | None = None
    air_porosity_most: Share | None = None
    cec_ph_slope_share: Share | None = None
    base_saturation_calcite_free: Share | None = None


class Deposition(Section):
    """Nitrogen deposition, reduced (NH4) and oxidised (NO3)."""

    reduced: Annotated[Layer, layer_of("deposition_nh4")]
    oxidised: Annotated[Layer, layer_of("deposition_no3")]


# The ranges of these shares are physical only; what is plausible is told by the vocabulary's layers.
class Nitrogen(Section):
    """Nitrogen without reduction: rates, efficiency, forms and fate."""

    mineral: Annotated[Layer, layer_of("mineral_n")]
    manure: Annotated[Layer, layer_of("manure_n")]
    deposition: Deposition
    nue: Annotated[Layer, layer_of("nitrogen_use_efficiency")]
    forms: FormShares | None = None
    volatilised: dict[Annotated[str, key_among(FORMS)], Share] | None = None
    manure_ammoniacal: Share | None = None
    manure_volatilised: Share | None = None
    gas_loss: Share | None = None
    base_export: Annotated[float, quantity("1", "0.1 mol/mol", 0.0, 2.0)] | None = None
    lime: Annotated[float, quantity("kg ha-1 yr-1", "200 kg ha-1 yr-1", 0.0, 10_000.0)] | None = None
    half_drainage: Annotated[float, quantity("mm yr-1", "60 mm yr-1", 0.0, 1000.0)] | None = None

    def options(self) -> dict[str, Any]:
        """Return the arguments of `inputs.nitrogen.NitrogenOptions` that the recipe gives."""
        rates = ("mineral", "manure", "deposition", "nue")
        return self.given(*(name for name in type(self).model_fields if name not in rates))


# "at least" is written out because `arable: 1 %` reads as if every cell had that much.
def _at_least(raw: object) -> float:
    found = re.fullmatch(r"\s*at least\s+(.*)", raw) if isinstance(raw, str) else None
    if found is None:
        raise problem(f"{raw!r} is not a threshold; wanted one such as 'at least 1 %'")
    return in_house_unit(found[1], Physical("1", "1 %", 0.0, 1.0))


class Study(Section):
    """Which cells are studied."""

    arable: Annotated[float, BeforeValidator(_at_least)] = 0.01
    calcareous: Annotated[float, BeforeValidator(_at_least)] = 0.5

    def options(self) -> dict[str, Any]:
        """Return the arguments of `inputs.study.StudyOptions`."""
        return {"arable_fraction_least": self.arable, "calcareous_probability_least": self.calcareous}


class Inputs(Section):
    """All that the map of Europe is made from."""

    covariates: Annotated[
        dict[Annotated[str, key_among(COVARIATE_WORDS)], Layer], BeforeValidator(each_layer)
    ]
    climate: Climate
    nitrogen: Nitrogen
    soil: Annotated[Soil, BeforeValidator(as_mapping)] = Soil()
    study: Annotated[Study, BeforeValidator(as_mapping)] = Study()

    def requests(self) -> tuple[LayerRequest, ...]:
        """Return every layer that is asked for, in the order of the vocabulary."""
        nitrogen, climate = self.nitrogen, self.climate
        layers = [
            *self.covariates.values(),
            climate.temperature,
            climate.precipitation,
            *(layer for layer in (climate.annual_temperature, climate.annual_precipitation) if layer),
            nitrogen.mineral,
            nitrogen.manure,
            nitrogen.deposition.reduced,
            nitrogen.deposition.oxidised,
            nitrogen.nue,
        ]
        # In a fixed order, whatever that of the file: equal recipes give equal stores.
        order = list(KNOWN)
        return tuple(layer.request() for layer in sorted(layers, key=lambda layer: order.index(layer.word)))
