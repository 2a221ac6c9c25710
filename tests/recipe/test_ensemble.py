"""Law: the recipe of an ensemble is read as any recipe: units, unknown keys, all problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from eurosic.base.errors import RecipeError
from eurosic.recipe.ensemble import EnsembleRecipe, load_ensemble_recipe
from eurosic.recipe.load import read_as
from eurosic.simulator.options import SimulatorOptions

FOLDER = Path(__file__).resolve().parents[2] / "recipes" / "ensembles"
GOOD = """\
about: {title: A test, purpose: To break it, authors: [A. Name], references: [none2020]}
design: {size: 600 columns, seed: 3, ranges: {clay: [10 %, 40 %]}, drainage: [20 mm yr-1, 0.7 m yr-1]}
trajectories: {constant: 50 %, zero: 50 %}
years: 20 years
simulator: {tortuosity: millington-quirk}
"""


def _read(text: str) -> EnsembleRecipe:
    return read_as(EnsembleRecipe, text, "test.yaml")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_of_the_folder_can_be_read(path):
    """No problem in it; its first line says what it is and its second how to run it."""
    recipe = load_ensemble_recipe(path)
    assert recipe.years == 80
    first, second = path.read_text().splitlines()[:2]
    assert first.startswith("# ")
    assert f"eurosic simulate recipes/ensembles/{path.name}" in second


def test_quantities_are_in_house_units():
    """Limits of drainage in mm, shares of one, options of the simulator by name."""
    recipe = _read(GOOD)
    assert recipe.kept() == {"drainage": (20.0, 700.0)}
    assert recipe.design.ranges == {"clay": (10.0, 40.0)}
    assert recipe.trajectories == {"constant": 0.5, "zero": 0.5}
    assert recipe.simulator_options() == {"spin_up": 20, "tortuosity": "millington-quirk"}
    assert recipe.batch == 512
    monthly = _read(GOOD.replace("{tortuosity: millington-quirk}", "{step: month, fit_drainage: false}"))
    assert SimulatorOptions(**monthly.simulator_options()).step == "month"


def test_the_digest_is_of_the_meaning():
    """Other spellings of a unit change nothing; another seed changes it."""
    same = GOOD.replace("0.7 m yr-1", "700 mm yr-1").replace(
        "constant: 50 %, zero: 50 %", "zero: 50.0 %, constant: 50 %"
    )
    assert _read(same).digest == _read(GOOD).digest
    assert _read(GOOD.replace("seed: 3", "seed: 4")).digest != _read(GOOD).digest


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("years: 20 years", "years: 20", "20 is not a number of years; wanted one such as '80 years'"),
        ("years: 20 years", "years: 4 years", "4 years are too few"),
        ("size: 600 columns", "size: 0 columns", "'0 columns' is not a number of columns"),
        ("seed: 3", "seed: -3", "-3 is negative"),
        (
            "clay: [10 %, 40 %]",
            "clya: [10 %, 40 %]",
            "'clya' is no ingredient of a design; did you mean 'clay'?",
        ),
        ("clay: [10 %, 40 %]", "clay: [40 %, 10 %]", "40 % to 10 % is empty"),
        ("clay: [10 %, 40 %]", "clay: [10 %, 80 %]", "'80 %' is outside 8 to 60 %"),
        ("clay: [10 %, 40 %]", "clay: 10 %", "is not a range"),
        ("ranges: {clay: [10 %, 40 %]}", "ranges: [clay]", "wanted a mapping of ingredients"),
        ("20 mm yr-1", "20 mm", "'20 mm' does not convert"),
        ("20 mm yr-1", "-20 mm yr-1", "'-20 mm yr-1' is outside 0 to 3000 mm yr-1"),
        ("zero: 50 %", "zero: 40 %", "the shares sum to 90 %"),
        ("zero: 50 %", "sawtooth: 50 %", "unknown key; known are constant, step"),
        ("trajectories:", "trajectory:", "unknown key; did you mean 'trajectories'?"),
        ("simulator: {tortuosity: millington-quirk}", "batch: 10 columns", "10 columns are all overhead"),
        ("millington-quirk", "penman", "'penman' is not known; wanted moldrup or millington-quirk"),
        ("seed: 3", "source: sea", "'sea' is not known; wanted sobol or table"),
    ],
)
def test_a_broken_recipe_has_one_message_with_its_line(good, bad, told):
    """Where it stands and what was wanted."""
    assert good in GOOD
    with pytest.raises(RecipeError) as caught:
        _read(GOOD.replace(good, bad))
    (problem,) = caught.value.problems
    assert told in problem
    assert problem.startswith("test.yaml:")


def test_all_problems_come_at_once():
    """Four of them, in the order of the lines; an empty file says which sections are wanted."""
    broken = (
        GOOD.replace("600 columns", "x").replace("zero: 50 %", "zero: 5 %").replace("20 years", "2 years")
    )
    with pytest.raises(RecipeError) as caught:
        _read(broken + "colour: red\n")
    assert [problem.split(":")[1] for problem in caught.value.problems] == ["2", "3", "4", "6"]
    with pytest.raises(RecipeError, match="is empty; wanted sections about, design, years"):
        _read("")
