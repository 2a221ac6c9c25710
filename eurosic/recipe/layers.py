"""A layer as a recipe asks for it: a source of the catalog or a constant, and corrections with their reason.

*Enters:* plain values of a recipe. *Leaves:* `LayerRequest`s, all numbers in the unit of the layer's word.
*Must not:* open the catalog or any file: a recipe is checked on a machine that holds no data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from eurosic.base.request import Correction, LayerRequest
from eurosic.base.vocabulary import COVARIATES, LAYERS, Variable
from eurosic.recipe.quantity import Physical, in_house_unit, looks_like_quantity, problem
from eurosic.recipe.section import Section, Share, SourceName, Text

KNOWN: Mapping[str, Variable] = {**COVARIATES, **LAYERS}


# The key under which a layer is told its word: one that YAML cannot hold, so that no recipe writes it.
_WORD = "\0word"


class CorrectionSpec(Section):
    """One correction of a source's known fault; `word`, the layer's name, is told by the layer."""

    word: str = Field(alias="\0word")
    multiply: float | None = None
    add: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    because: Text

    @field_validator("multiply", mode="before")
    @classmethod
    def _factor(cls, raw: object) -> object:
        # A factor has no unit, so that a bare number is plain; a share of one may be written as per cent.
        factor = in_house_unit(raw, Physical("1", "85 %", 0.0, 1e6)) if isinstance(raw, str) else raw
        if isinstance(factor, bool) or (isinstance(factor, (int, float)) and factor < 0):
            raise problem(f"{raw!r} is not a factor; wanted a number that is not negative, such as 0.85")
        return factor

    @field_validator("add", "at_least", "at_most", mode="before")
    @classmethod
    def _amount(cls, raw: object, info: ValidationInfo) -> float:
        # The range of a correction is open: the corrected layer is checked against its own.
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

    word: str = Field(alias="\0word")
    source: SourceName | None = None
    constant: float | None = None
    classes: dict[int, Share] = Field(default_factory=dict)
    correct: tuple[CorrectionSpec, ...] = ()

    @field_validator("constant", mode="before")
    @classmethod
    def _constant(cls, raw: object, info: ValidationInfo) -> float:
        of = KNOWN[info.data["word"]]
        if of.unit == "1" and of.valid_max > 1.0 and isinstance(raw, (int, float)):
            # pH is a number on a scale and has no unit to be written.
            if not of.valid_min <= raw <= of.valid_max:
                raise problem(f"{raw} is outside {of.valid_min:g} to {of.valid_max:g}")
            return float(raw)
        return in_house_unit(raw, Physical(of.unit, _example(of), of.valid_min, of.valid_max))

    @field_validator("correct", mode="before")
    @classmethod
    def _corrections(cls, raw: object, info: ValidationInfo) -> object:
        return [_told(item, info.data["word"]) for item in raw] if isinstance(raw, list) else raw

    @model_validator(mode="after")
    def _one_origin(self) -> Layer:
        # Neither is a slip; both would leave the reader to guess which one counts.
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
    return {**raw, _WORD: word} if isinstance(raw, Mapping) else raw


def _layer(raw: object, word: str) -> object:
    # Most layers need no more than a name or a value: the shorthand is what people write.
    if isinstance(raw, (Layer, Mapping)):
        return _told(raw, word)
    return {_WORD: word, "constant" if looks_like_quantity(raw) else "source": raw}


def layer_of(word: str) -> BeforeValidator:
    """Return what tells a layer which word of the vocabulary it is, and reads its shorthand."""
    return BeforeValidator(partial(_layer, word=word))


def each_layer(raw: object) -> object:
    """Return a mapping of layers in which each is told its word, before pydantic reads them."""
    if not isinstance(raw, Mapping):
        return raw
    # A word that is not in the vocabulary is refused by its key; its value, of unknown unit, is not read.
    unread = Layer.model_validate({_WORD: "carbonate", "source": "unread"})
    return {word: _layer(value, word) if word in KNOWN else unread for word, value in raw.items()}
