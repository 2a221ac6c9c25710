"""Law: a report says what its numbers say: small effects are called small, losses losses, and no sign is lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.report.intervals import UNKNOWN, UNKNOWN_BUT_INPUTS, WORDS
from eurosic.report.page_interval import Interval, interval_of, interval_sentence, sources_of
from eurosic.report.page_words import CHANGE, amount, ends_of, found_sentences, number, percent, titles_of
from eurosic.report.totals import MINUS, totals_table
from tests.report.synthetic import PATHWAYS, synthetic_totals

TITLES = {name: f"title of {name}" for name in PATHWAYS}


@pytest.fixture(scope="module")
def totals():
    """3 Mha that lose 110 kg a hectare and year under the baseline, 86 under `zero_now`, for 81 years."""
    return totals_table(synthetic_totals())


# --- by hand ---


def test_the_ends_are_those_of_europe_in_the_last_year(totals):
    """3e6 ha x 110 kg x 81 years = 26.73 Tg; `zero_now` keeps 24 of 110, 21.8 %; `f2f_input` 4 of 110, small."""
    ends = ends_of(totals)
    assert (ends.first, ends.last, ends.area) == (2020, 2100, 3.0)
    assert ends.whole == pytest.approx(-26.73)
    assert ends.share("zero_now") == pytest.approx(24 / 110)
    assert ends.strongest == "zero_now"
    assert [ends.small(name) for name in ("f2f_input", "f2f_loss", "phase_out", "zero_now")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_sentences_by_hand(totals):
    """Loss, share of the stock, the strongest pathway and what goes on, the small ones by name, and the air."""
    loss, strongest, small, air = found_sentences(ends_of(totals), TITLES, stock=2673.0)
    assert "lose 26.7 million tonnes" in loss
    assert "110 kg of carbon per hectare and year" in loss
    assert "That is 1 % of what lies there." in loss
    assert "“title of zero_now” (zero_now), keeps 5.83 million tonnes of it, 22 %" in strongest
    assert strongest.endswith("The other 78 % of the loss goes on.")
    assert small == (
        "Two others are small effects, below a tenth of that change: f2f_input 3.6 %, f2f_loss 9.1 %."
    )
    assert "takes up" in air
    assert "more go to the air" in air


def test_an_interval_follows_its_number(totals):
    """Of the loss and of the strongest pathway, where there is one."""
    within = {"baseline": "24 to 29", "zero_now": "5 to 6"}
    loss, strongest, *_ = found_sentences(ends_of(totals), TITLES, stock=0.0, within=within)
    assert "lose 26.7 (90 %: 24 to 29) million tonnes" in loss
    assert "keeps 5.83 (90 %: 5 to 6) million tonnes of it" in strongest


def test_a_single_pathway_has_no_comparison():
    """A run of the baseline alone says what is lost and nothing else."""
    alone = ends_of(totals_table(synthetic_totals(pathways=("baseline",))))
    assert len(found_sentences(alone, TITLES, stock=0.0)) == 1
    assert alone.strongest is None


def test_titles_come_from_the_recipe_or_say_that_there_is_none():
    """The baseline needs no title; a pathway without one is said to have none."""
    recipe = {"pathways": {"baseline": {"title": None}, "f2f": {"title": "Farm to Fork"}, "mine": None}}
    assert titles_of(recipe, ["baseline", "f2f", "mine"]) == {
        "baseline": "nitrogen use stays as it is",
        "f2f": "Farm to Fork",
        "mine": "no title in the recipe",
    }


# --- laws ---


@given(st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6))
def test_a_number_for_people_keeps_sign_and_three_digits(value):
    """No exponent, the typographic minus, and a value within half of the third digit."""
    told = number(value)
    assert "e" not in told
    assert "-" not in told
    assert told == ("0" if value == 0 else ("+" if value > 0 else "−") + amount(value))
    assert math.isclose(float(told.replace("−", "-")), value, rel_tol=0.0051)


# --- intervals ---


def test_an_interval_stands_where_the_file_has_one(totals):
    """By column, by source, for the pathway that is asked for; zero within means that the sign is not sure."""
    rows = ends_of(
        totals.assign(
            **{
                f"{CHANGE}{MINUS}_p05": totals[CHANGE + MINUS] - 1.0,
                f"{CHANGE}{MINUS}_p95": totals[CHANGE + MINUS] + 1.0,
                f"{CHANGE}{MINUS}_inputs_p05": -3.0,
                f"{CHANGE}{MINUS}_inputs_p95": math.nan,
                "interval": "emulator error only",
            }
        )
    ).rows
    found = interval_of(rows, "f2f_input", CHANGE + MINUS)
    assert found is not None
    assert found.told() == "−0.0280 to +1.97"
    assert found.holds_zero
    assert interval_of(rows, "f2f_input", CHANGE) is None
    assert interval_of(rows, "f2f_input", CHANGE + MINUS, source="inputs") is None
    assert not Interval(0.1, 0.2).holds_zero
    assert Interval(-113.2, -88.5).told_as_size() == "88.5 to 113"
    assert Interval(-1.0, 2.0).told_as_size() == "−1.00 to +2.00"
    assert "hold: emulator error only. Errors of soil" in interval_sentence(rows)


def test_without_intervals_it_is_said(totals):
    """The file's own words, or that there is none; nothing is made up."""
    assert sources_of(totals) == "none: the run's totals hold no interval"
    assert "No interval is given (none: simulator)" in interval_sentence(
        totals.assign(interval="none: simulator")
    )


@pytest.mark.parametrize("words", [*WORDS.values(), UNKNOWN, UNKNOWN_BUT_INPUTS])
def test_no_size_is_claimed_of_an_error_that_was_not_computed(totals, words):
    """Beside small differences the emulator's error is larger than that of the inputs, beside totals smaller."""
    told = interval_sentence(totals.assign(interval=words))
    assert words in told
    assert "larger" not in told
    assert ("Errors of soil, climate and nitrogen data" in told) == ("input" not in words)


def test_shares_have_no_exponent():
    """From a fraction of a per cent to many times the whole."""
    assert [percent(share) for share in (0.000296, 0.0589, 0.9949, 0.9951, 12.0)] == [
        "0.03 %",
        "5.9 %",
        "99 %",
        "100 %",
        "1200 %",
    ]
