"""Law: the section `uncertainty` is read with units, has defaults, and is in no digest where nobody wrote it."""

from __future__ import annotations

import pytest

from eurosic.inputs.uncertain import Spreads
from eurosic.recipe.smoke import smoke
from tests.recipe.texts import broken, problems, recipe

_BEFORE = "predictor: simulator"


def _with(section: str) -> str:
    return f"{_BEFORE}\nuncertainty: {section}"


def test_a_section_by_hand():
    """Per cent become shares and kilometres metres; what is left out has its default."""
    found = recipe(
        _BEFORE, _with("{draws: 40 draws, correlation_length: 150 km, nitrogen: 25 %}")
    ).uncertainty
    assert (found.draws, found.cells) == (40, 384)
    assert Spreads(**found.spreads()) == Spreads(0.25, 0.30, 0.20, 0.20, 0.10, 150_000.0)


@pytest.mark.parametrize("section", ["{}", ""])
def test_the_key_alone_takes_the_defaults(section):
    """A recipe that names the section wants it."""
    found = recipe(_BEFORE, _with(section)).uncertainty
    assert (found.draws, found.nitrogen, found.correlation_length) == (32, 0.15, 200_000.0)


def test_without_the_section_nothing_is_drawn_and_no_digest_changes():
    """And with it the run is another one."""
    plain = recipe()
    assert plain.uncertainty is None
    assert "uncertainty" not in plain.model_dump(mode="json", exclude_none=True)
    assert recipe(_BEFORE, _with("{}")).digest != plain.digest


def test_a_smoked_recipe_draws_as_few_as_it_can():
    """Twenty draws of sixteen cells; none where none are asked for."""
    small = smoke(recipe(_BEFORE, _with("{draws: 64 draws}"))).uncertainty
    assert (small.draws, small.cells) == (20, 16)
    assert smoke(recipe()).uncertainty is None


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("{draws: 32}", "such as '32 draws'"),
        ("{draws: 5 draws}", "wanted at least 20"),
        ("{nitrogen: 0.2}", "has no unit"),
        ("{nitrogen: 150 %}", "outside 0 to 100 %"),
        ("{nitrgen: 15 %}", "did you mean 'nitrogen'"),
        ("{correlation_length: 3 years}", "does not convert"),
        (
            "{nitrogen: 0 %, carbonate: 0 %, drainage: 0 %, air_filled_porosity: 0 %, nue: 0 %}",
            "every spread",
        ),
    ],
)
def test_what_is_refused(section, told):
    """With what was wanted."""
    (found,) = problems(broken(_BEFORE, _with(section)))
    assert told in found
