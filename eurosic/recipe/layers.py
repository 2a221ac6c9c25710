"""The section `inputs`: which source gives each layer, how it is corrected, and what is assumed.

*Enters:* plain values of a recipe. *Leaves:* `LayerRequest`s and plain options in house units. *Must not:* open
the catalog or any file: a recipe is checked on a machine that holds no data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from eurosic.base.request import Correction, LayerRequest
from eurosic.base.vocabulary import COVARIATES, LAYERS, Variable
from eurosic.recipe.quantity import (
    Physical,
    difference,
    in_house_unit,
    looks_like_quantity,
    problem,
    quantity,
)
from eurosic.recipe.section import Section, Share, SourceName, Text, as_mapping, key_among, shares_of_one

# Layers that stand in sections of their own.
_ELSEWHERE = (
    "country",
    "monthly_temperature",
    "monthly_precipitation",
    "mineral_n",
    "manure_n",
    "deposition_nh4",
    "deposition_no3",
    "nitrogen_use_efficiency",
)
KNOWN: Mapping[str, Variable] = {**COVARIATES, **LAYERS}
COVARIATE_WORDS = tuple(word for word in KNOWN if word not in _ELSEWHERE)

FORMS = ("ammonium_nitrate", "can", "urea", "uan", "npk", "ammonium_sulphate", "calcium_nitrate")
FormShares = Annotated[dict[Annotated[str, key_among(FORMS)], Share], AfterValidator(shares_of_one)]


class CorrectionSpec(Section):
    """One correction of a source's known fault; `word`, the layer's name, is told by the layer."""

    word: str
    multiply: float | None = None
    add: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    because: Text

    @field_validator("multiply", mode="before")
    @classmethod
    def _factor(cls, raw: object) -> object:
        # A factor has no unit, so that a bare number is plain; a share of one may be written as per cent.
        return in_house_unit(raw, Physical("1", "0.85", -1e6, 1e6)) if isinstance(raw, str) else raw

    @field_validator("add", "at_least", "at_most", mode="before")
    @classmethod
    def _amount(cls, raw: object, info: ValidationInfo) -> float:
        unit = KNOWN[info.data["word"]].unit
        return in_house_unit(raw, Physical(unit, f"2 {unit}", -1e9, 1e9, info.field_name == "add"))

    @model_validator(mode="after")
    def _one_action(self) -> CorrectionSpec:
        if len(self._actions()) != 1:
            raise problem("a correction does one thing: multiply, add, at_least or at_most")
        return self

    def _actions(self) -> dict[str, float]:
        given = {name: getattr(self, name) for name in ("multiply", "add", "at_least", "at_most")}
        return {name: amount for name, amount in given.items() if amount is not None}

    def correction(self) -> Correction:
        """Return the correction as the inputs take it."""
        ((action, amount),) = self._actions().items()
        return Correction(action, amount, self.because)


class Layer(Section):
    """Where a layer comes from: a source of the catalog, or one value everywhere."""

    word: str
    source: SourceName | None = None
    constant: float | None = None
    classes: dict[int, Share] = Field(default_factory=dict)
    correct: tuple[CorrectionSpec, ...] = ()

    @field_validator("constant", mode="before")
    @classmethod
    def _constant(cls, raw: object, info: ValidationInfo) -> float:
        of = KNOWN[info.data["word"]]
        return in_house_unit(raw, Physical(of.unit, _example(of), of.valid_min, of.valid_max))

    @field_validator("correct", mode="before")
    @classmethod
    def _corrections(cls, raw: object, info: ValidationInfo) -> object:
        return [_told(item, info.data["word"]) for item in raw] if isinstance(raw, list) else raw

    @model_validator(mode="after")
    def _one_origin(self) -> Layer:
        if (self.source is None) == (self.constant is None):
            raise problem("a layer has either a source or a constant")
        if self.constant is not None and (self.classes or self.correct):
            raise problem("a constant needs no classes and no correction; write the value that is meant")
        return self

    def request(self) -> LayerRequest:
        """Return the layer as the inputs take it."""
        corrections = tuple(spec.correction() for spec in self.correct)
        return LayerRequest(self.word, self.source or "", self.constant, self.classes, corrections)


def _example(of: Variable) -> str:
    value = 60 if of.unit == "1" else min(10.0, of.valid_max)
    return f"{value:g} {'%' if of.unit == '1' else of.unit}"


def _told(raw: object, word: str) -> object:
    """Tell a mapping which layer it is of, so that its quantities know the unit to convert to."""
    if isinstance(raw, Mapping) and "word" in raw:
        raise problem("unknown key 'word'")
    return {**raw, "word": word} if isinstance(raw, Mapping) else raw


def _layer(raw: object, word: str) -> object:
    if isinstance(raw, (Layer, Mapping)):
        return _told(raw, word)
    return {"word": word, "constant" if looks_like_quantity(raw) else "source": raw}


def layer_of(word: str) -> BeforeValidator:
    """Return what tells a layer which word of the vocabulary it is, and reads its shorthand."""
    return BeforeValidator(partial(_layer, word=word))


def _each_layer(raw: object) -> object:
    if not isinstance(raw, Mapping):
        return raw
    # A word that is not in the vocabulary is refused by its key; its value, of unknown unit, is not read.
    unread = Layer(word="carbonate", source="unread")
    return {word: _layer(value, word) if word in KNOWN else unread for word, value in raw.items()}


class Climate(Section):
    """Monthly climate, the formula of PET and the water balance."""

    temperature: Annotated[Layer, layer_of("monthly_temperature")]
    precipitation: Annotated[Layer, layer_of("monthly_precipitation")]
    pet: Literal["oudin"] = "oudin"
    water_balance: Literal["turc-pike", "monthly-bucket"] = "turc-pike"
    soil_temperature_offset: Annotated[float, difference("degC", "1 K", -5.0, 5.0)] = 1.0
    respiration_factor: Annotated[float, quantity("1", "80 %", 0.05, 5.0)] = 1.0
    beyond: Literal["cycle", "hold"] = "cycle"

    def options(self) -> dict[str, object]:
        """Return the arguments of `inputs.climate.ClimateOptions`."""
        chosen = ("water_balance", "soil_temperature_offset", "respiration_factor")
        return {name: getattr(self, name) for name in chosen}


class Deposition(Section):
    """Nitrogen deposition, reduced (NH4) and oxidised (NO3)."""

    reduced: Annotated[Layer, layer_of("deposition_nh4")]
    oxidised: Annotated[Layer, layer_of("deposition_no3")]


class Volatilisation(Section):
    """Share of the N of each form that is lost as NH3; of manure, the share of its ammoniacal N."""

    ammonium_nitrate: Share = 0.02
    can: Share = 0.02
    urea: Share = 0.13
    uan: Share = 0.075
    npk: Share = 0.04
    ammonium_sulphate: Share = 0.10
    calcium_nitrate: Share = 0.01
    manure: Share = 0.20


class Nitrogen(Section):
    """Nitrogen without reduction: rates, efficiency, forms and fate."""

    mineral: Annotated[Layer, layer_of("mineral_n")]
    manure: Annotated[Layer, layer_of("manure_n")]
    deposition: Deposition
    nue: Annotated[Layer, layer_of("nitrogen_use_efficiency")]
    forms: FormShares | None = None
    volatilisation: Volatilisation = Volatilisation()
    manure_ammoniacal: Share = 0.5
    gas_loss: Share = 0.1
    base_export: Annotated[float, quantity("1", "0.1 mol/mol", 0.0, 2.0)] = 0.1
    lime: Annotated[float, quantity("kg ha-1 yr-1", "200 kg ha-1 yr-1", 0.0, 10_000.0)] = 0.0

    def options(self) -> dict[str, object]:
        """Return the arguments of `inputs.nitrogen.NitrogenOptions`."""
        by_form = self.volatilisation.model_dump(exclude={"manure"})
        told: dict[str, object] = {
            "volatilised": by_form,
            "manure_volatilised": self.volatilisation.manure,
            "manure_ammoniacal": self.manure_ammoniacal,
            "gas_loss": self.gas_loss,
            "base_export": self.base_export,
            "lime": self.lime,
        }
        return told | ({"forms": dict(self.forms)} if self.forms else {})


def _at_least(raw: object) -> float:
    found = re.fullmatch(r"\s*at least\s+(.*)", raw) if isinstance(raw, str) else None
    if found is None:
        raise problem(f"{raw!r} is not a threshold; wanted one such as 'at least 1 %'")
    return in_house_unit(found[1], Physical("1", "1 %", 0.0, 1.0))


class Study(Section):
    """Which cells are studied."""

    arable: Annotated[float, BeforeValidator(_at_least)] = 0.01
    calcareous: Annotated[float, BeforeValidator(_at_least)] = 0.5


class Inputs(Section):
    """All that the map of Europe is made from."""

    covariates: Annotated[
        dict[Annotated[str, key_among(COVARIATE_WORDS)], Layer], BeforeValidator(_each_layer)
    ]
    climate: Climate
    nitrogen: Nitrogen
    study: Annotated[Study, BeforeValidator(as_mapping)] = Study()

    def requests(self) -> tuple[LayerRequest, ...]:
        """Return every layer that is asked for, in the order of the vocabulary."""
        nitrogen = self.nitrogen
        layers = [
            *self.covariates.values(),
            self.climate.temperature,
            self.climate.precipitation,
            nitrogen.mineral,
            nitrogen.manure,
            nitrogen.deposition.reduced,
            nitrogen.deposition.oxidised,
            nitrogen.nue,
        ]
        order = list(KNOWN)
        return tuple(layer.request() for layer in sorted(layers, key=lambda layer: order.index(layer.word)))
