"""Law: inputs that are not the card's, in its order and its units, are refused by the name of the feature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import CardError, PredictorError, UnitError
from eurosic.base.signature import Columns, Signature
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS
from eurosic.emulator.card_check import card_signature, check_signature, signature_of
from tests.emulator.cards import signature

CARD = signature()
OFFERED = Signature(*(tuple(part.values()) for part in (COVARIATES, STATES, DRIVERS, TARGETS)))
PLACES = [
    (part, i) for part in ("covariates", "states", "drivers") for i in range(len(getattr(OFFERED, part)))
]


def test_what_the_card_says_is_accepted():
    """Nothing is returned and nothing raised; targets are the emulator's own matter."""
    check_signature(CARD, OFFERED, "recipe.yaml")
    check_signature(CARD, replace(OFFERED, targets=()), "recipe.yaml")


def test_a_card_means_the_variables_of_the_vocabulary():
    """Names become variables, in the card's order."""
    assert signature_of(CARD, "toy-v1") == OFFERED
    backwards = replace(CARD, drivers=CARD.drivers[::-1])
    assert signature_of(backwards, "toy-v1").drivers == OFFERED.drivers[::-1]


def test_a_card_says_the_ranges_of_what_was_trained_on():
    """Least and largest over cells, depths, pathways and years; the baseline is a driver too."""
    few = Signature(
        (COVARIATES["gravel"],),
        (STATES["sic"],),
        (DRIVERS["lime"],),
        (TARGETS["dic_leaching"], TARGETS["regime"]),
    )
    columns = Columns(
        np.array([[0.1], [0.3]]),
        np.arange(12.0).reshape(2, 6, 1),
        np.array([[9.0], [2.0]]),
        np.array([[[[1.0], [3.0]], [[5.0], [7.0]]]]),
    )
    said = card_signature(few, columns, np.array([[[0.1, 0.0], [np.nan, 2.0]]]))
    assert (said.covariates[0].low, said.covariates[0].high) == (0.1, 0.3)
    assert (said.states[0].low, said.states[0].high) == (0.0, 11.0)
    assert (said.drivers[0].low, said.drivers[0].high) == (1.0, 9.0)
    assert (said.targets[0].low, said.targets[0].high) == (0.1, 0.1)
    assert (said.drivers[0].name, said.drivers[0].unit) == ("lime", "mol m-2 yr-1")
    check_signature(said, few, "itself")


@given(st.sampled_from(PLACES))
def test_a_feature_that_is_missing_is_named_with_its_unit(place):
    """Whichever it is."""
    part, i = place
    given_ = getattr(OFFERED, part)
    variable = given_[i]
    with pytest.raises(PredictorError) as error:
        check_signature(CARD, replace(OFFERED, **{part: given_[:i] + given_[i + 1 :]}), "recipe.yaml")
    assert f"recipe.yaml: {part} lack {variable.name!r} ({variable.unit})" in str(error.value)


@given(st.sampled_from(PLACES))
def test_a_feature_in_another_unit_is_named_with_both_units(place):
    """A unit is compared as a text: what only converts has another number."""
    part, i = place
    given_ = list(getattr(OFFERED, part))
    wanted = given_[i].unit
    given_[i] = replace(given_[i], unit="furlong")
    with pytest.raises(UnitError) as error:
        check_signature(CARD, replace(OFFERED, **{part: tuple(given_)}), "recipe.yaml")
    assert f"gives {given_[i].name} in 'furlong'; wanted {wanted!r}" in str(error.value)


@given(st.sampled_from([place for place in PLACES if place[1] > 0]))
def test_features_out_of_order_are_refused(place):
    """Two that are exchanged: the first of them, its place, and what should stand there."""
    part, i = place
    given_ = list(getattr(OFFERED, part))
    given_[i - 1], given_[i] = given_[i], given_[i - 1]
    with pytest.raises(PredictorError) as error:
        check_signature(CARD, replace(OFFERED, **{part: tuple(given_)}), "recipe.yaml")
    told = f"{part}: {given_[i - 1].name!r} stands at place {i}; wanted {given_[i].name!r} there"
    assert told in str(error.value)
    assert "in the card's order" in str(error.value)


def test_a_feature_that_the_card_does_not_know_is_refused():
    """It would move all that follow it by one place."""
    more = replace(OFFERED, covariates=(*OFFERED.covariates, replace(COVARIATES["gravel"], name="stones")))
    with pytest.raises(PredictorError, match=r"'stones' \(1\) is not known to the card"):
        check_signature(CARD, more, "recipe.yaml")


def test_a_card_of_other_words_is_refused():
    """Names and units that the vocabulary does not have: the card is of another version."""
    first = CARD.covariates[0]
    for changed, kind, told in (
        (
            replace(first, name="density"),
            CardError,
            "covariates name 'density' (g cm-3), which the vocabulary",
        ),
        (replace(first, unit="kg m-3"), UnitError, "bulk_density in 'kg m-3'; wanted 'g cm-3'"),
    ):
        with pytest.raises(kind) as error:
            signature_of(replace(CARD, covariates=(changed, *CARD.covariates[1:])), "toy-v1")
        assert told in str(error.value)
