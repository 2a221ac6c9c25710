"""Law: a run's record holds its recipe: read back, it is the same one, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eurosic.base.errors import RecipeError
from eurosic.recipe.load import load_recipe
from eurosic.recipe.reread import recipe_of_record

RECIPES = sorted((Path(__file__).resolve().parents[2] / "recipes").glob("*.yaml"))


def _told(path: Path) -> tuple[object, str]:
    recipe = load_recipe(path)
    return json.loads(json.dumps(recipe.model_dump(mode="json"))), recipe.digest


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_comes_back_from_its_record(path):
    """Digest, pathways, layers and every stage's options, after a walk through JSON."""
    before, after = load_recipe(path), recipe_of_record(*_told(path), "run.json")
    assert after.digest == before.digest
    assert after.ordered_pathways() == before.ordered_pathways()
    assert after.layer_requests() == before.layer_requests()
    assert after.years == before.years
    for options in ("nitrogen", "soil", "climate", "study", "simulator"):
        assert getattr(after, f"{options}_options")() == getattr(before, f"{options}_options")()


def test_a_record_that_was_changed_is_refused():
    """Another year, a missing section, or no mapping at all."""
    told, digest = _told(RECIPES[0])
    changed = {**told, "projection": {**told["projection"], "spin_up": 7}}
    absent = {name: part for name, part in told.items() if name != "inputs"}
    for record in (changed, absent, None, "text", {**told, "new": 1}):
        with pytest.raises(RecipeError, match="does not hold the recipe"):
            recipe_of_record(record, digest, "run.json")
