"""Law: every message says where, what came, what was wanted and what to do, in one form, from any process."""

from __future__ import annotations

import pickle

import pytest

from eurosic.base import errors
from eurosic.base.errors import EurosicError, RecipeError, UnitError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EurosicError)]


def test_the_example_of_the_house_reads_as_designed():
    """One sentence of what happened, one of what to do."""
    error = UnitError(
        "catalog entry 'lucas-ph-2009'",
        "gives soil_ph in 'g kg-1'",
        wanted="'1'",
        do="Correct the entry's unit.",
    )
    told = "catalog entry 'lucas-ph-2009': gives soil_ph in 'g kg-1'; wanted '1'. Correct the entry's unit."
    assert str(error) == told


def test_parts_that_are_not_given_leave_no_trace():
    """No empty wanted, no double full stop."""
    assert str(EurosicError("here", "it rains.")) == "here: it rains."


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_travel_between_processes(kind):
    """Every kind survives pickling with all its parts, and every kind is one of ours."""
    error = kind("where", "came", wanted="wanted", do="Do.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert (again.where, again.came, again.wanted, again.do) == ("where", "came", "wanted", "Do.")


def test_the_tree_in_the_docstring_is_the_tree():
    """Every kind is drawn."""
    for kind in KINDS:
        assert kind.__name__ in (errors.__doc__ or "")


def test_a_recipe_tells_all_its_problems():
    """One line each, below the first."""
    error = RecipeError("recipe.yaml", "2 problems", problems=["3:1: a", "4:2: b"])
    assert str(error).splitlines() == ["recipe.yaml: 2 problems.", "  3:1: a", "  4:2: b"]
