"""Whether inputs meet a card: every feature there, in the card's order and unit.

*Enters:* the signature of a card, and what is offered. *Leaves:* nothing, or an error that names the feature and its
unit; the `Signature` of the vocabulary that a card's names mean. It must not convert: a unit that differs is refused.
*Source:* CONVENTIONS.md, Variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import CardError, PredictorError, UnitError
from eurosic.base.signature import Columns, Signature
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS, Variable
from eurosic.emulator.card import CardSignature, Feature

_PARTS: Mapping[str, Mapping[str, Variable]] = {
    "covariates": COVARIATES,
    "states": STATES,
    "drivers": DRIVERS,
    "targets": TARGETS,
}


def check_signature(card: CardSignature, offered: Signature, where: str) -> None:
    """Raise unless the covariates, states and drivers that are offered are those of the card, in its order and units.

    Raises
    ------
    PredictorError
        Naming a feature that is missing, one that the card does not know, or the first out of order.
    UnitError
        Naming a feature that is offered in another unit, and both units.
    """
    for part in ("covariates", "states", "drivers"):
        wanted, given = getattr(card, part), getattr(offered, part)
        # Missing and wrong units first: an order means nothing where names differ.
        units = {variable.name: variable.unit for variable in given}
        for feature in wanted:
            if feature.name not in units:
                raise PredictorError(
                    where,
                    f"{part} lack {feature.name!r} ({feature.unit})",
                    wanted=", ".join(f"{f.name} ({f.unit})" for f in wanted),
                    do="Give the layer, or use an emulator that does not need it.",
                )
            if units[feature.name] != feature.unit:
                raise UnitError(
                    where,
                    f"gives {feature.name} in {units[feature.name]!r}",
                    wanted=f"{feature.unit!r}, as the card says",
                    do="Convert it, or correct its unit.",
                )
        _check_order(wanted, given, f"{where}, {part}")


def _check_order(wanted: Sequence[Feature], given: Sequence[Variable], where: str) -> None:
    known = [feature.name for feature in wanted]
    for variable in given:
        if variable.name not in known:
            came = f"{variable.name!r} ({variable.unit}) is not known to the card"
            raise PredictorError(where, came, wanted=", ".join(known), do="Leave it out.")
    for i, (variable, feature) in enumerate(zip(given, wanted, strict=True)):
        if variable.name != feature.name:
            raise PredictorError(
                where,
                f"{variable.name!r} stands at place {i + 1}",
                wanted=f"{feature.name!r} there: {', '.join(known)}",
                do="Give the features in the card's order.",
            )


def signature_of(card: CardSignature, where: str) -> Signature:
    """Return the signature that a card's names mean in the vocabulary.

    Raises
    ------
    CardError
        If the vocabulary does not know a name.
    UnitError
        If it knows the name in another unit.
    """
    found: dict[str, tuple[Variable, ...]] = {}
    for part, vocabulary in _PARTS.items():
        for feature in getattr(card, part):
            if feature.name not in vocabulary:
                came = f"{part} name {feature.name!r} ({feature.unit}), which the vocabulary does not know"
                raise CardError(where, came, do="Use the version of eurosic that wrote the card.")
            if vocabulary[feature.name].unit != feature.unit:
                raise UnitError(
                    where,
                    f"{feature.name} in {feature.unit!r}",
                    wanted=f"{vocabulary[feature.name].unit!r}, the unit of the vocabulary",
                    do="Use the version of eurosic that wrote the card.",
                )
        found[part] = tuple(vocabulary[feature.name] for feature in getattr(card, part))
    return Signature(**found)


def card_signature(signature: Signature, columns: Columns, targets: NDArray[np.floating]) -> CardSignature:
    """Return what a card says of a signature: names, units and the ranges of the training columns.

    Parameters
    ----------
    signature
        Names and units of the arrays.
    columns
        The training columns; the range of a driver is that of forcing and baseline.
    targets
        The simulated targets, last axis ``target``; NaN where there is none.
    """
    forcing = columns.forcing.reshape(-1, columns.forcing.shape[-1])
    return CardSignature(
        _features(signature.covariates, columns.covariates),
        _features(signature.states, columns.state.reshape(-1, columns.state.shape[-1])),
        _features(signature.drivers, np.concatenate([forcing, columns.baseline])),
        _features(signature.targets, targets.reshape(-1, targets.shape[-1])),
    )


def _features(variables: Sequence[Variable], values: NDArray[np.floating]) -> tuple[Feature, ...]:
    return tuple(
        Feature(variable.name, variable.unit, float(np.nanmin(column)), float(np.nanmax(column)))
        for variable, column in zip(variables, values.T, strict=True)
    )
