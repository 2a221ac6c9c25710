"""Law: what a pathway changed is shared out among its levers, all of it, and to none that it did not move."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from eurosic.base.pathway import BASELINE, Cap, Forms, NueRule, Pathway, Treatment, hold, step
from eurosic.explain.levers import LABELS, LEVERS, all_levers, lever_game, levers_of
from eurosic.inputs.nitrogen import NitrogenOptions
from eurosic.inputs.pathways import Baseline, field_along

ONE = np.ones(1)
BEFORE = Baseline(120.0 * ONE, 40.0 * ONE, 6.0 * ONE, 4.0 * ONE, 0.6 * ONE)
YEARS = (2020, 2030)


def _surplus(pathway: Pathway) -> float:
    """Return the surplus of the last year, kg ha-1 yr-1, averaged over the pathway's parts."""
    options = NitrogenOptions()
    return sum(
        share * float(field_along(BEFORE, part, YEARS, options).surplus[0, -1])
        for share, part in pathway.parts
    )


def _shared(pathway: Pathway) -> dict[str, float]:
    game = lever_game(pathway)
    values = np.array([_surplus(course) for course in game.coalitions])
    return dict(zip(game.levers, game.attributions(values), strict=True))


def test_every_field_of_a_treatment_belongs_to_one_lever():
    """A new field without a lever would change things that nobody is told of."""
    moved = [name for names in LEVERS.values() for name in names]
    assert sorted(moved) == sorted(field.name for field in fields(Treatment))
    assert set(LABELS) == set(LEVERS)


def test_one_lever_has_done_all():
    """A fifth less mineral N at constant NUE 0.6: 24 kg less put in, 9.6 kg less left."""
    found = _shared(Pathway("less", ((1.0, Treatment(mineral=hold(0.8))),)))
    assert found == {"mineral_n": pytest.approx(-9.6)}


def test_a_rule_of_nue_alone_does_nothing_but_has_its_part_in_the_cut():
    """Without a cut constant yield is constant NUE; with it uptake stays: the joint effect is halved."""
    cut = Treatment(mineral=hold(0.8), nue=NueRule.CONSTANT_YIELD)
    found = _shared(Pathway("cut", ((1.0, cut),)))
    # At constant yield the surplus falls by all of the 24 kg; by 9.6 kg of them the cut alone.
    assert found["nue"] == pytest.approx(-(24.0 - 9.6) / 2)
    assert found["mineral_n"] == pytest.approx(-9.6 - (24.0 - 9.6) / 2)


@pytest.mark.parametrize(
    "treatment",
    [
        Treatment(mineral=step(2025, 1.0, 0.0), legumes=step(2025, 0.0, 60.0)),
        Treatment(manure_cap=Cap(20.0, 2025), deposition_nh4=hold(0.5), volatilisation=hold(0.3)),
        Treatment(losses=hold(0.5), nue=NueRule.CONSTANT_YIELD, deposition_no3=hold(0.0)),
        Treatment(mineral=hold(0.5), manure=hold(0.5), nue=NueRule.DIMINISHING_RETURNS),
    ],
    ids=["organic", "caps and air", "losses", "less of all"],
)
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_the_parts_sum_to_the_difference_from_the_baseline(treatment, share):
    """Efficiency, whatever is moved and on which share of the area."""
    rest = ((1.0 - share, Treatment()),) if share < 1.0 else ()
    pathway = Pathway("changed", ((share, treatment), *rest))
    whole = _surplus(pathway) - _surplus(Pathway(BASELINE))
    assert sum(_shared(pathway).values()) == pytest.approx(whole)


def test_a_cap_and_forms_go_with_their_levers():
    """A cap on manure is manure's; other forms are a lever of their own."""
    forms = Forms((("urea", 1.0),), 2025)
    pathway = Pathway("mixed", ((1.0, Treatment(manure_cap=Cap(10.0, 2025), forms=forms)),))
    assert levers_of(pathway) == ("manure_n", "forms")
    names = [course.name for course in lever_game(pathway).coalitions]
    assert names == ["mixed:baseline", "mixed:manure_n", "mixed:forms", "mixed:manure_n+forms"]


def test_a_pathway_that_holds_has_no_lever():
    """And so the baseline has no part in anything."""
    assert levers_of(Pathway(BASELINE)) == ()
    assert lever_game(Pathway(BASELINE)).coalitions == ()
    cut = Pathway("cut", ((1.0, Treatment(mineral=hold(0.8))),))
    assert all_levers((Pathway(BASELINE), cut)) == ("mineral_n",)
