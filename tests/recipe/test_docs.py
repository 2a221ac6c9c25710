"""Law: the page on recipes explains every key that a recipe can hold, and every recipe that ships."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from eurosic.inputs.nitrogen import NET_ACID, NitrogenOptions
from eurosic.recipe.changes import CapSpec, FormsSpec, Ramp, Reversal, Step
from eurosic.recipe.layers import CorrectionSpec
from eurosic.recipe.pathways import PathwaySpec
from eurosic.recipe.schema import Recipe
from eurosic.recipe.section import Section

ROOT = Path(__file__).resolve().parents[2]
PAGE = next((ROOT / "docs").glob("*recipes.md")).read_text()
# Words of the page in code, headings and bold: where a key is explained, not merely mentioned.
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_TOLD = re.compile(r"`[^`]+`|^###? .*|\*\*[^*]+\*\*", re.MULTILINE)
SAID = {
    word
    for told in (*_FENCED.findall(PAGE), *_TOLD.findall(_FENCED.sub("", PAGE)))
    for word in re.findall(r"\w+", told)
}


def sections(annotation: object) -> set[type[Section]]:
    """Every section that a type mentions, and those within them."""
    found = set()
    if isinstance(annotation, type) and issubclass(annotation, Section):
        inner = [sections(field.annotation) for field in annotation.model_fields.values()]
        return {annotation}.union(*inner)
    for part in get_args(annotation):
        found |= sections(part)
    return found


KEYS = sorted(
    {
        field.alias or name
        for section in sections(Recipe)
        for name, field in section.model_fields.items()
        if not (field.alias or "").startswith("\0")
    }
)


def test_all_sections_are_looked_at():
    """The walk through the schema reaches the innermost sections."""
    assert {CorrectionSpec, PathwaySpec, Ramp, Step, Reversal, CapSpec, FormsSpec} <= sections(Recipe)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_explained(key):
    """It stands on the page in code, as a heading, or in bold."""
    assert key in SAID


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "recipes").rglob("*.yaml")),
    ids=lambda path: path.relative_to(ROOT / "recipes").as_posix(),
)
def test_a_recipe_that_ships_is_explained(path):
    """By its path below `recipes/`, in the table of the page on recipes."""
    assert f"| `{path.relative_to(ROOT / 'recipes').as_posix()}` |" in PAGE


def test_defaults_of_nitrogen_are_those_of_the_code():
    """The table says what `NitrogenOptions` holds, and names every form."""
    options = NitrogenOptions()
    row = {
        line.split("|")[1].strip(): line.split("|")[3].strip()
        for line in PAGE.splitlines()
        if line.count("|") == 4
    }
    assert row["`gas_loss`"] == f"{100 * options.gas_loss:g} %"
    assert row["`base_export`"] == f"{options.base_export:g}"
    assert row["`half_drainage`"] == f"{options.half_drainage:g} mm yr-1"
    assert row["`manure_ammoniacal`, `manure_volatilised`"] == (
        f"{100 * options.manure_ammoniacal:g} %, {100 * options.manure_volatilised:g} %"
    )
    assert all(f"`{form}`" in PAGE for form in NET_ACID)
