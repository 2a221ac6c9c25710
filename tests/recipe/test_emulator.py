"""Law: the recipe of an emulator is read as any recipe, and says of a training all that decides it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from eurosic.base.errors import RecipeError
from eurosic.emulator.data import ROLES
from eurosic.emulator.train import TrainingOptions
from eurosic.recipe.emulator import EmulatorRecipe, Training, load_emulator_recipe
from eurosic.recipe.load import read_as

FOLDER = Path(__file__).resolve().parents[2] / "recipes" / "emulators"
GOOD = """\
about: {title: A test, purpose: To break it, authors: [A. Name], references: [none2020]}
name: tiny-v1
ensemble: emulator
split: {train: 70 %, validate: 10 %, calibrate: 10 %, test: 10 %}
unseen: [ramp, reversal]
members: 3
seed: 7
training:
  {width: 24, steps: 500, batch: 64 simulations,
  curriculum: [{years: 10 years, until: 30 %}, {years: 80 years, until: 100 %}]}
"""


def _read(text: str) -> EmulatorRecipe:
    return read_as(EmulatorRecipe, text, "test.yaml")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_of_the_folder_can_be_read(path):
    """No problem in it; it is named as its file, its ensemble has a recipe, and its head says how it is trained."""
    recipe = load_emulator_recipe(path)
    assert recipe.name == path.stem
    if recipe.ensemble is not None:
        assert (path.parents[1] / "ensembles" / f"{recipe.ensemble}.yaml").is_file()
    text = path.read_text()
    assert text.startswith("# ")
    assert f"eurosic train recipes/emulators/{path.name}" in text
    TrainingOptions(**recipe.training_options())


def test_options_are_those_of_a_training():
    """What is given, under the names of `TrainingOptions`; the rest is left to its defaults."""
    recipe = _read(GOOD)
    assert recipe.training_options() == {
        "seed": 7,
        "width": 24,
        "steps": 500,
        "batch": 64,
        "curriculum": ((0.3, 10), (1.0, 80)),
    }
    options = TrainingOptions(**recipe.training_options())
    assert (options.width, options.context) == (24, TrainingOptions().context)
    assert set(Training.model_fields) | {"seed"} == {field.name for field in fields(TrainingOptions)}
    assert recipe.split == {"train": 0.7, "validate": 0.1, "calibrate": 0.1, "test": 0.1}
    assert set(recipe.split) == set(ROLES)


def test_a_short_recipe_takes_the_defaults():
    """No ensemble, no unseen kinds, five members, an empty training."""
    lines = [line for line in GOOD.splitlines() if line.startswith(("about", "name", "split"))]
    recipe = _read("\n".join([*lines, "training:"]))
    assert (recipe.ensemble, recipe.unseen, recipe.members) == (None, (), 5)
    assert TrainingOptions(**recipe.training_options()) == TrainingOptions()


def test_the_digest_is_of_the_meaning():
    """Another order and other spellings change nothing; another seed or a width does."""
    same = GOOD.replace("train: 70 %, validate: 10 %", "validate: 10.0 %, train: 0.7e2 %")
    assert _read(same).digest == _read(GOOD).digest
    for good, other in (("seed: 7", "seed: 8"), ("width: 24", "width: 25"), ("30 %", "31 %")):
        assert _read(GOOD.replace(good, other)).digest != _read(GOOD).digest


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        (
            "name: tiny-v1",
            "name: Tiny V1",
            "'Tiny V1' cannot name a card; wanted small letters, digits and '-'",
        ),
        ("name: tiny-v1", "name: ../up", "'../up' cannot name a card"),
        ("train: 70 %", "train: 60 %", "the shares sum to 90 %; wanted 100 %"),
        ("train: 70 %, validate: 10 %", "train: 80 %", "no simulations validate; wanted shares for train"),
        ("train: 70 %, validate: 10 %", "train: 80 %, validate: 0 %", "no simulations validate"),
        ("train: 70 %", "train: 0.7", "0.7 has no unit"),
        ("calibrate:", "calibration:", "unknown key; did you mean 'calibrate'?"),
        ("[ramp, reversal]", "[ramp, sawtooth]", "unknown key; known are constant, step"),
        ("members: 3", "members: 0", "0 members; wanted 1 to 20"),
        ("members: 3", "members: 21", "21 members; wanted 1 to 20"),
        ("seed: 7", "seed: -7", "-7 is negative; wanted a seed"),
        ("width: 24", "width: 0", "greater than or equal to 1"),
        ("steps: 500", "steps: 0", "greater than or equal to 1"),
        ("64 simulations", "64", "64 is not a number of simulations; wanted one such as '512 simulations'"),
        ("64 simulations", "63 simulations", "a batch of 63 simulations; wanted an even number"),
        ("width: 24", "widht: 24", "unknown key; did you mean 'width'?"),
        (
            "until: 100 %",
            "until: 90 %",
            "stages of the curriculum must end at increasing shares, the last at 100 %",
        ),
        ("until: 30 %", "until: 100 %", "stages of the curriculum must end at increasing shares"),
        ("10 years", "10", "10 is not a number of years; wanted one such as '20 years'"),
        (
            "ensemble: emulator",
            "ensemble: ../secret/runs.zarr",
            "'../secret/runs.zarr' cannot name a recipe of an ensemble",
        ),
    ],
)
def test_a_broken_recipe_has_one_message_with_its_line(good, bad, told):
    """Where it stands and what was wanted."""
    assert good in GOOD
    with pytest.raises(RecipeError) as caught:
        _read(GOOD.replace(good, bad))
    problem = "\n".join(caught.value.problems)
    assert told in problem
    assert all(line.startswith("test.yaml:") for line in caught.value.problems)


def test_all_problems_come_at_once():
    """Three of them, in the order of their lines."""
    with pytest.raises(RecipeError) as caught:
        _read(
            GOOD.replace("tiny-v1", "Tiny").replace("members: 3", "members: 99").replace("seed: 7", "sede: 7")
        )
    lines = [int(problem.split(":")[1]) for problem in caught.value.problems]
    assert lines == sorted(lines)
    assert set(lines) >= {2, 6, 7}
