"""Law: one command makes an emulator from its recipe, and the same command after a kill makes the same one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eurosic.base.errors import PredictorError, RecipeError, StoreError, UnitError
from eurosic.cli import main
from eurosic.clusters import Profile
from eurosic.emulator.card import read_card
from eurosic.emulator.load import load_emulator
from eurosic.workflow.training import set_up_training, train

ENSEMBLE = """
about: {title: tiny, purpose: a test, authors: [tests], references: [owen1998]}
design: {size: 320 columns, seed: 5, counterparts: true}
trajectories: {step: 60 %, zero: 20 %, ramp: 20 %}
years: 12 years
batch: 512 columns
"""
EMULATOR = """
about: {title: A tiny emulator, purpose: a test, authors: [tests], references: [owen1998]}
name: tiny
ensemble: tiny
split: {train: 60 %, validate: 10 %, calibrate: 20 %, test: 10 %}
unseen: [ramp]
members: 2
seed: 3
limits: [It is a test.]
finish: {steps: 8, learning_rate: 0.0003, checks: 2}
training: {width: 8, context: 16, steps: 24, batch: 32 simulations, checks: 4,
           curriculum: [{years: 4 years, until: 50 %}, {years: 12 years, until: 100 %}]}
"""


class _Quiet:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: int, total: int) -> None:
        assert 0 <= done <= total


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe of a tiny emulator, beside that of its ensemble."""
    folder = tmp_path_factory.mktemp("recipes")
    for name, text in (("ensembles", ENSEMBLE), ("emulators", EMULATOR)):
        (folder / name).mkdir()
        (folder / name / "tiny.yaml").write_text(text, encoding="utf-8")
    return folder / "emulators" / "tiny.yaml"


@pytest.fixture(scope="module")
def card(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The emulator that the command makes, simulations included."""
    out = tmp_path_factory.mktemp("trained") / "tiny"
    result = CliRunner().invoke(main, ["train", str(recipe), "--out", str(out), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "| sic_change_0_200cm |" in result.output
    return out


def test_the_card_holds_what_the_recipe_asked(card):
    """Members, split by role, kinds kept from training, the recipe's limits; checkpoints are gone."""
    made = read_card(card)
    assert made.network["members"] == load_emulator(card).members == 2
    assert set(made.trained_on.split) == {"train", "validate", "calibrate", "test", "unseen"}
    assert made.measures["kinds kept from training"] == "ramp"
    assert "It is a test." in made.limits
    assert not (card / "training").exists()
    assert made.measures["largest balance error, relative"] <= 1e-6


def test_the_same_recipe_gives_the_same_weights_and_a_killed_training_too(recipe, card, tmp_path):
    """Trained again with one member's checkpoint lost: all weights are equal, bit for bit."""
    setup = set_up_training(recipe, tmp_path / "again", simulations=card / "simulations.zarr")
    kept = tmp_path / "kept"

    class Keeping(_Quiet):
        def say(self, text: str) -> None:
            super().say(text)
            # Members are trained and not yet judged: what a kill here would leave.
            if text.startswith("trained") and not kept.exists():
                shutil.copytree(setup.work, kept)

    profile = Profile(workers=1)
    train(setup, profile=profile, tell=Keeping())
    (kept / "member-1.pt").unlink()
    (kept / "member-1-finish.pt").unlink()
    second = set_up_training(recipe, tmp_path / "second", simulations=card / "simulations.zarr")
    shutil.copytree(kept, second.work)
    train(second, profile=profile, tell=_Quiet())
    weights = [
        [p.detach().numpy() for p in load_emulator(f).network.parameters()]
        for f in (card, tmp_path / "again", tmp_path / "second")
    ]
    for one, again, resumed in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, again)
        np.testing.assert_array_equal(one, resumed)


def test_a_finished_card_is_kept_and_another_is_not_overwritten(recipe, card, tmp_path):
    """The same command has nothing to do; another recipe is refused, and no byte of the card changes."""
    before = {file.name: file.read_bytes() for file in card.iterdir() if file.is_file()}
    again = CliRunner().invoke(main, ["train", str(recipe), "--out", str(card), "--workers", "1"])
    assert "finished already" in again.output
    other = tmp_path / "other.yaml"
    other.write_text(EMULATOR.replace("seed: 3", "seed: 4"), encoding="utf-8")
    refused = CliRunner().invoke(main, ["train", str(other), "--out", str(card)])
    assert refused.exit_code == 2
    assert "holds the card of another recipe or ensemble" in refused.output
    assert {file.name: file.read_bytes() for file in card.iterdir() if file.is_file()} == before


def test_inputs_that_the_card_does_not_know_are_refused_when_it_is_opened(card):
    """A unit that differs, by name of the feature and both units; features out of order, by their names."""
    known = load_emulator(card).signature
    first, second, *others = known.covariates
    wrong = replace(known, covariates=(replace(first, unit="kg m-3"), second, *others))
    with pytest.raises(UnitError, match=rf"{first.name} in 'kg m-3'.*{first.unit}"):
        load_emulator(card, wrong)
    with pytest.raises(PredictorError, match=f"{second.name}.* stands at place 1"):
        load_emulator(card, replace(known, covariates=(second, first, *others)))
    assert load_emulator(card, known).digest == read_card(card).digest


def test_simulations_that_are_none_are_refused(recipe, tmp_path):
    """A folder that holds no ensemble: named, before any training."""
    (tmp_path / "none.zarr").mkdir()
    setup = set_up_training(recipe, tmp_path / "out", simulations=tmp_path / "none.zarr")
    with pytest.raises(StoreError, match="is no simulation ensemble"):
        train(setup, profile=Profile(workers=1), tell=_Quiet())


def test_a_recipe_without_an_ensemble_wants_simulations(recipe, tmp_path):
    """What to give is said."""
    bare = tmp_path / "bare.yaml"
    bare.write_text(EMULATOR.replace("ensemble: tiny\n", ""), encoding="utf-8")
    with pytest.raises(RecipeError, match="--simulations"):
        set_up_training(bare, tmp_path / "out")


def test_the_card_command_shows_a_card(card):
    """By its folder; a name that there is not is told with those that there are."""
    shown = CliRunner().invoke(main, ["card", str(card)])
    assert shown.exit_code == 0
    assert "A tiny emulator" in shown.output
    unknown = CliRunner().invoke(main, ["card", "nonesuch"])
    assert unknown.exit_code == 2
    assert "there is no emulator 'nonesuch'" in unknown.output
