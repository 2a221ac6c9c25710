"""From trained members to a card: domain, spread, skill on what was never seen, and the files.

*Enters:* the set-up of a training and its members. *Leaves:* `card.yaml` and the weights beside it. The simulations
of each role are used for nothing else: the domain knows those of training, the spread those of calibration, and
skill, coverage and fluxes are those of the test. Hands on, computes nothing itself.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eurosic.base.provenance import versions
from eurosic.base.signature import names
from eurosic.emulator.calibration import Spread, fit_spread
from eurosic.emulator.card import Card, TrainedOn, Value, weights_of, write_card
from eurosic.emulator.card_check import card_signature
from eurosic.emulator.coverage import CoverageRow, coverage_table
from eurosic.emulator.data import Lesson, Split, split_of
from eurosic.emulator.domain import Domain, domain_features, fit_domain
from eurosic.emulator.judge import columns_at, fluxes_of, network_of_members, one_a_column, predicted
from eurosic.emulator.predict import Emulator
from eurosic.emulator.skill import (
    Judged,
    difference_measures,
    flux_rows,
    headline_measures,
    skill_rows,
    unseen_measures,
)
from eurosic.emulator.train import Trained
from eurosic.emulator.weights_store import frame_arrays, write_weights
from eurosic.outputs.simulations import open_ensemble
from eurosic.workflow.lesson import open_lesson
from eurosic.workflow.run import Teller

if TYPE_CHECKING:
    from eurosic.workflow.training import TrainingSetup

_OF_SIMULATOR = (
    "It stands in for the embedded simulator and is no better than it:"
    " what the simulator leaves out, it leaves out."
)
_LIMITS = (
    "The climate of its simulations is constant in time: a climate that moves lies outside its domain.",
    "Lime was not among its simulations: a column that is limed lies outside its domain.",
)


def certify(setup: TrainingSetup, trained: list[Trained], tell: Teller) -> Path:
    """Calibrate, judge and write the card of trained members; return its folder."""
    lesson = open_lesson(setup.simulations.resolve())
    split = split_of(lesson, setup.recipe.split, seed=setup.options.seed, unseen=setup.recipe.unseen)
    network = network_of_members(trained)
    bare = Emulator(setup.recipe.name, "", setup.folder, lesson.signature, network, lesson.frame)
    domain = _domain(lesson, split, setup.options.seed)
    spread = _spread(bare, lesson, split)
    parts = {
        "network": {name: value.numpy() for name, value in network.state_dict().items()},
        "frame": frame_arrays(lesson.frame),
        "domain": domain.arrays(),
        "spread": spread.arrays(),
    }
    setup.folder.mkdir(parents=True, exist_ok=True)
    weights = write_weights(setup.folder, parts)
    card = _card(setup, bare, (lesson, split), (domain, spread), trained)
    write_card(setup.folder, Card(**card, weights=(weights_of(weights),)))
    shutil.rmtree(setup.work, ignore_errors=True)
    tell.say(f"written    {setup.folder}")
    return setup.folder


def _domain(lesson: Lesson, split: Split, seed: int) -> Domain:
    features, told = domain_features(columns_at(lesson, split.train), lesson.signature)
    return fit_domain(features, told, seed=seed)


def _spread(emulator: Emulator, lesson: Lesson, split: Split) -> Spread:
    values, deviation = predicted(emulator, lesson, split.calibrate)
    regime = values[..., lesson.signature.target_index("regime")]
    errors = _errors(values, lesson, split.calibrate)
    return fit_spread(errors, deviation, regime=regime, targets=names(lesson.signature.targets))


def _errors(values: NDArray[np.floating], lesson: Lesson, which: NDArray[np.int64]) -> NDArray[np.floating]:
    """Return predicted minus simulated; a flag is no number, and has no error."""
    flags = [bool(target.flags) for target in lesson.signature.targets]
    return np.where(flags, np.nan, values - lesson.truth[which])


def _coverage(judged: Judged, deviation: NDArray[np.floating], spread: Spread) -> list[CoverageRow]:
    lesson = judged.lesson
    alone = np.isin(judged.which, one_a_column(lesson, judged.which, seed=0))
    values = judged.predicted[alone]
    regime = values[..., lesson.signature.target_index("regime")]
    errors = _errors(values, lesson, judged.which[alone])
    return coverage_table(errors, deviation[alone], regime=regime, spread=spread)


def _card(
    setup: TrainingSetup,
    emulator: Emulator,
    data: tuple[Lesson, Split],
    fitted: tuple[Domain, Spread],
    trained: list[Trained],
) -> dict[str, Any]:
    (lesson, split), (domain, spread), recipe = data, fitted, setup.recipe
    values, deviation = predicted(emulator, lesson, split.test)
    judged = Judged(lesson, split.test, values)
    trained_on = _trained_on(setup, lesson, split)
    fluxes = fluxes_of(emulator.network, lesson, split.test)
    measures = headline_measures(judged) | difference_measures(judged)
    if len(split.unseen):
        kept = Judged(lesson, split.unseen, predicted(emulator, lesson, split.unseen)[0])
        measures |= unseen_measures(judged, kept)
    measures["largest balance error, relative"] = fluxes.closure
    test, _ = domain_features(columns_at(lesson, split.test), lesson.signature)
    return {
        "name": recipe.name,
        "title": recipe.about.title,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "signature": card_signature(
            lesson.signature, columns_at(lesson, split.train), lesson.truth[split.train]
        ),
        "trained_on": trained_on,
        "network": _network(emulator, trained),
        "skill": tuple(skill_rows(judged)),
        "fluxes": tuple(flux_rows(fluxes.predicted, fluxes.true, lesson.known)),
        "coverage": tuple(_coverage(judged, deviation, spread)),
        "domain": {
            "features": len(domain.names),
            "share of test columns outside": float((~domain.inside(test)).mean()),
        },
        "limits": (*recipe.limits, *_limits_of(trained_on.engine), *spread.fallbacks()),
        "versions": {**versions(), "torch": metadata.version("torch")},
        "measures": measures,
    }


def _limits_of(engine: str) -> tuple[str, ...]:
    return (_OF_SIMULATOR, *_LIMITS) if engine == "simulator" else _LIMITS


def _trained_on(setup: TrainingSetup, lesson: Lesson, split: Split) -> TrainedOn:
    with open_ensemble(setup.simulations) as ensemble:
        told = ensemble.attrs
    roles = ("train", "validate", "calibrate", "test", "unseen")
    return TrainedOn(
        engine=str(told.get("engine", "")),
        ensemble_digest=str(told.get("digest", "")),
        recipe_digest=setup.recipe.digest,
        simulations=lesson.simulations,
        split={role: len(getattr(split, role)) for role in roles},
        seed=setup.options.seed,
    )


def _network(emulator: Emulator, trained: list[Trained]) -> dict[str, Value]:
    sizes = emulator.network.sizes
    weights = sum(int(np.prod(values.shape)) for values in trained[0].weights.values())
    return {
        "members": sizes.members,
        "width": sizes.width,
        "context": sizes.context,
        "features": sizes.features,
        "weights a member": weights,
        "steps": max(member.history[-1][0] for member in trained),
        "validation loss, mean of members": float(np.mean([member.loss for member in trained])),
    }
