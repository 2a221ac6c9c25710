"""Law: a pathway is a pure function of baseline and year; no reduction is the baseline, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.pathway import Cap, Course, Forms, NueRule, Pathway, Treatment, hold, ramp, step
from eurosic.inputs.nitrogen import NitrogenOptions, fate_of
from eurosic.inputs.pathways import field_along, uptake_under
from tests.inputs.fields import NO_GAS, YEARS, baselines, courses, one_field, options, treatments

HALVED = ramp((2020, 1.0), (2030, 0.5))


def test_courses_by_hand():
    """A ramp is linear between its years, a step is whole in its year, a reversal returns."""
    assert ramp((2020, 1.0), (2030, 0.8)).at([2019, 2025, 2031]).tolist() == [1.0, 0.9, 0.8]
    assert step(2025, 1.0, 0.0).at([2024, 2025, 2026]).tolist() == [1.0, 0.0, 0.0]
    there_and_back = Course(((2020, 1.0), (2030, 0.5), (2040, 0.5), (2050, 1.0)))
    assert there_and_back.at([2025, 2035, 2045, 2060]).tolist() == [0.75, 0.5, 0.75, 1.0]
    assert hold(1.0).first_change is None
    assert step(2025, 1.0, 0.0).first_change == 2025
    assert ramp((2020, 1.0), (2030, 0.8)).first_change == 2021


def test_f2f_input_by_hand():
    """-20 % of 150 kg is 120 kg; at constant NUE 0.6 the crop takes 72 and 48 are left."""
    field = field_along(one_field(150.0), Treatment(mineral=ramp((2020, 1.0), (2030, 0.8))), [2030], NO_GAS)
    assert field.mineral[0, 0] == pytest.approx(120.0)
    assert field.surplus[0, 0] == pytest.approx(48.0)


def test_f2f_loss_by_hand():
    """CONVENTIONS.md: 150 -> 120 at NUE 0.6; uptake stays 90, so that NUE rises to 0.75."""
    field = field_along(one_field(150.0), Treatment(losses=HALVED), [2030], NO_GAS)
    assert field.mineral[0, 0] == pytest.approx(120.0)
    assert field.uptake[0, 0] == pytest.approx(90.0)


def test_a_cut_of_losses_beyond_an_nue_of_90_percent_cuts_the_harvest():
    """100 kg at NUE 0.85 lose 15; 7.5 are a tenth of 75 kg, which is what may still be put in."""
    field = field_along(one_field(100.0, nue=0.85), Treatment(losses=HALVED), [2030], NO_GAS)
    assert field.mineral[0, 0] == pytest.approx(75.0)
    assert field.uptake[0, 0] == pytest.approx(67.5)


def test_a_cut_of_losses_spares_manure_until_mineral_nitrogen_is_gone():
    """20 mineral and 180 manure at NUE 0.5: 50 are cut, 20 of the mineral and 30 of the manure."""
    field = field_along(one_field(20.0, 180.0, nue=0.5), Treatment(losses=HALVED), [2030], NO_GAS)
    assert (field.mineral[0, 0], field.manure[0, 0]) == (pytest.approx(0.0), pytest.approx(150.0))


def test_nec_by_hand():
    """Of 100 kg of urea 13 volatilise; with 19 % less, 2.47 more stay and feed the crop at its NUE."""
    urea = NitrogenOptions(forms={"urea": 1.0}, gas_loss=0.0)
    field = field_along(
        one_field(100.0), Treatment(volatilisation=ramp((2020, 1.0), (2030, 0.81))), [2030], urea
    )
    assert field.volatilised[0, 0] == pytest.approx(13.0 * 0.81)
    assert field.uptake[0, 0] == pytest.approx(0.6 * (100.0 + 13.0 * 0.19))


def test_a_cap_holds_from_its_year_on():
    """230 kg of manure are 170 from 2025 on; 100 stay 100."""
    capped = Treatment(manure_cap=Cap(170.0, 2025))
    assert field_along(one_field(0.0, 230.0), capped, [2024, 2025], NO_GAS).manure.tolist() == [
        [230.0, 170.0]
    ]
    assert field_along(one_field(0.0, 100.0), capped, [2025], NO_GAS).manure[0, 0] == 100.0


def test_other_forms_change_acid_and_volatilisation_from_their_year_on():
    """From CAN to ammonium sulphate in 2030: acid per N from -0.24 to 1, volatilised share from 0.02 to 0.10."""
    can = NitrogenOptions(forms={"can": 1.0})
    field = field_along(
        one_field(100.0), Treatment(forms=Forms((("ammonium_sulphate", 1.0),), 2030)), [2029, 2030], can
    )
    assert field.acid_per_n.tolist() == [-0.24, 1.0]
    assert field.volatilised[0].tolist() == pytest.approx([2.0, 10.0])


@pytest.mark.parametrize(
    ("rule", "uptake"),
    [
        (NueRule.CONSTANT_NUE, 72.0),
        (NueRule.CONSTANT_YIELD, 90.0),
        (NueRule.DIMINISHING_RETURNS, 0.63 * 120.0),
    ],
)
def test_nue_rules_by_hand(rule, uptake):
    """From 150 to 120 kg at NUE 0.6: 72, 90, and 0.6 + 0.001 x 30 of 120."""
    assert uptake_under(rule, one_field(150.0), np.array([[120.0]]))[0, 0] == pytest.approx(uptake)


@given(baselines(), options(), st.sampled_from(NueRule))
def test_no_reduction_is_the_baseline_to_the_last_bit(baseline, chosen, rule):
    """Every NUE rule gives the baseline's field exactly where nothing changes."""
    base = field_along(baseline, Treatment(), YEARS, chosen)
    same = field_along(baseline, Treatment(nue=rule), YEARS, chosen)
    for part in ("mineral", "manure", "uptake", "volatilised"):
        np.testing.assert_array_equal(getattr(same, part), getattr(base, part))


@given(baselines(), options())
def test_a_cut_of_no_losses_is_the_baseline(baseline, chosen):
    """Losses left whole give the baseline's field, but for the rounding of a tenth."""
    base = field_along(baseline, Treatment(), YEARS, chosen)
    same = field_along(baseline, Treatment(losses=hold(1.0)), YEARS, chosen)
    for part in ("mineral", "manure", "uptake", "volatilised"):
        np.testing.assert_allclose(getattr(same, part), getattr(base, part), rtol=1e-13, atol=1e-11)


@given(baselines(), treatments(), options())
def test_nue_never_exceeds_90_percent(baseline, treatment, chosen):
    """Under every rule and lever, the harvest takes at most nine tenths of the input."""
    field = field_along(baseline, treatment, YEARS, chosen)
    assert (field.uptake <= 0.9 * field.total + 1e-9).all()


@given(baselines(), treatments(), options())
def test_years_are_independent(baseline, treatment, chosen):
    """A year alone, or in any order, is the same year of the whole course."""
    whole = field_along(baseline, treatment, YEARS, chosen)
    back = field_along(baseline, treatment, YEARS[::-1], chosen)
    alone = field_along(baseline, treatment, YEARS[17:18], chosen)
    np.testing.assert_array_equal(back.uptake[:, ::-1], whole.uptake)
    np.testing.assert_array_equal(alone.uptake[:, 0], whole.uptake[:, 17])


@given(baselines(), options(), st.floats(0.0, 1.0), st.floats(0.0, 2000.0))
def test_leached_and_volatilised_nitrogen_fall_by_what_is_asked(baseline, chosen, left, drainage):
    """With no deposition in the way, a cut of losses to `left` leaves exactly `left` of each loss."""
    nothing = np.zeros(4)
    clean = replace(baseline, deposition_nh4=nothing, deposition_no3=nothing)
    cut = Treatment(losses=ramp((2020, 1.0), (2030, left)))
    before, after = (
        fate_of(field_along(clean, what, [2030], chosen), np.array([[drainage]]), chosen)
        for what in (Treatment(), cut)
    )
    np.testing.assert_allclose(after.leached, left * before.leached, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(after.volatilised, left * before.volatilised, rtol=1e-9, atol=1e-9)


@given(baselines(), courses())
def test_less_mineral_nitrogen_never_leaches_more(baseline, course):
    """Under constant NUE, leaching follows the input down: phase-outs cannot harm groundwater."""
    less = Course(tuple((year, min(value, 1.0)) for year, value in course.points))
    drainage = np.array([[200.0]])
    before, after = (
        fate_of(field_along(baseline, what, YEARS, NO_GAS), drainage, NO_GAS).leached
        for what in (Treatment(), Treatment(mineral=less))
    )
    assert (after <= before + 1e-9).all()


def test_shares_of_a_pathway_cover_the_area_once():
    """Shares that do not sum to 1, and years that do not increase, are refused when built."""
    with pytest.raises(ValueError, match=r"sum to 0\.75"):
        Pathway("organic", ((0.75, Treatment()),))
    with pytest.raises(ValueError, match="must increase"):
        Course(((2030, 1.0), (2020, 0.5)))
