"""Law: every mole of nitrogen is accounted for, and its acid is (NH4 in - NH4 out) - (NO3 in - NO3 out)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.pathway import Treatment
from eurosic.base.units import MOLAR_MASS_CACO3, MOLAR_MASS_N
from eurosic.inputs.nitrogen import (
    EU_FORMS,
    EU_VOLATILISED,
    NET_ACID,
    NitrogenOptions,
    drivers_of,
    fate_of,
    mean_by_form,
    moles_of_n,
)
from eurosic.inputs.pathways import field_along
from tests.inputs.fields import NO_GAS, YEARS, baselines, one_field, options, treatments

KG_PER_MOL_M2 = 140.07


def acid_per_mol(form, *, leached, gas=0.0, volatilised=0.0):
    """Acid per mol of N of one form, of which `leached` drains as nitrate; no crop."""
    chosen = NitrogenOptions(
        forms={form: 1.0},
        volatilised={form: volatilised},
        gas_loss=gas,
        half_drainage=100.0 * (1.0 - leached) / leached if leached else 1e30,
    )
    field = field_along(one_field(KG_PER_MOL_M2, nue=0.0), Treatment(), [2020], chosen)
    drivers = drivers_of(field, np.array([[100.0]]), chosen)
    return float(drivers["nitrate_leached"][0, 0] + drivers["acid_extra"][0, 0])


@pytest.mark.parametrize(
    ("form", "extra"),
    [
        ("ammonium_nitrate", 0.0),
        ("urea", 0.0),
        ("uan", 0.0),
        ("npk", 0.0),
        ("ammonium_sulphate", 1.0),
        ("calcium_nitrate", -1.0),
        ("can", -0.24),
    ],
)
@pytest.mark.parametrize("leached", [0.25, 0.5, 1.0])
def test_each_form_brings_its_acid(form, extra, leached):
    """SCIENCE.md 7.1: the share leached as nitrate l; 1 + l, -1 + l and l - 0.24 for the charged salts."""
    assert acid_per_mol(form, leached=leached) == pytest.approx(leached + extra, abs=1e-12)


def test_denitrified_nitrogen_brings_no_acid():
    """Ammonium nitrate that is denitrified whole brings 0."""
    assert acid_per_mol("ammonium_nitrate", leached=1.0, gas=1.0) == pytest.approx(0.0, abs=1e-12)


def test_volatilised_ammonium_leaves_its_proton():
    """NH4 volatilised from ammonium sulphate brings 1, urea volatilised 0."""
    assert acid_per_mol("ammonium_sulphate", leached=1.0, volatilised=1.0) == pytest.approx(1.0)
    assert acid_per_mol("urea", leached=1.0, volatilised=1.0) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("form", "per_acid", "kilograms"),
    [
        ("ammonium_nitrate", 0.5, 3.57),
        ("ammonium_nitrate", 1.0, 7.14),
        ("ammonium_sulphate", 0.5, 7.14),
    ],
)
def test_carbonate_per_kilogram_of_nitrogen(form, per_acid, kilograms):
    """SCIENCE.md 7.2: 3.57 kg of CaCO3 per kg of N leached at 1/2, 7.14 at 1:1 and for ammonium sulphate."""
    acid = acid_per_mol(form, leached=1.0)
    assert acid * per_acid * MOLAR_MASS_CACO3 / MOLAR_MASS_N == pytest.approx(kilograms, abs=0.01)


def test_a_hectare_followed_by_hand():
    """150 kg at NUE 0.6 leave 60; at q = 60 mm half of it leaches: 30 kg, or 30/140.07 mol m-2."""
    field = field_along(one_field(150.0), Treatment(), [2020], NO_GAS)
    fate = fate_of(field, np.array([[60.0]]), NO_GAS)
    assert fate.leached[0, 0] == pytest.approx(30.0)
    assert fate.stays[0, 0] == pytest.approx(30.0)
    leached = drivers_of(field, np.array([[60.0]]), NO_GAS)["nitrate_leached"]
    assert leached[0, 0] == pytest.approx(30.0 / KG_PER_MOL_M2)


def test_gas_losses_come_before_leaching():
    """Of 100 kg of urea, 13 volatilise, a tenth of the other 87 denitrifies, half of the rest leaches at 60 mm."""
    urea = NitrogenOptions(forms={"urea": 1.0}, gas_loss=0.1)
    fate = fate_of(
        field_along(one_field(100.0, nue=0.0), Treatment(), [2020], urea), np.array([[60.0]]), urea
    )
    assert fate.volatilised[0, 0] == pytest.approx(13.0)
    assert fate.denitrified[0, 0] == pytest.approx(8.7)
    assert fate.leached[0, 0] == pytest.approx(0.5 * 0.9 * 87.0)


def test_deposited_ammonium_acidifies_and_nitrate_does_not():
    """Without a crop and without drainage, 14.007 kg of NH4-N bring 0.1 mol of acid, NO3-N takes as much."""
    drivers = drivers_of(
        field_along(one_field(0.0, deposition=0.0, nue=0.0), Treatment(), [2020], NO_GAS),
        np.zeros((1, 1)),
        NO_GAS,
    )
    assert drivers["acid_extra"][0, 0] == 0.0
    field = field_along(one_field(0.0, deposition=28.014, nue=0.0), Treatment(), [2020], NO_GAS)
    assert drivers_of(field, np.zeros((1, 1)), NO_GAS)["acid_extra"][0, 0] == pytest.approx(0.0)
    only_nh4 = type(field)(**{**vars(field), "deposition_no3": np.zeros((1, 1))})
    assert drivers_of(only_nh4, np.zeros((1, 1)), NO_GAS)["acid_extra"][0, 0] == pytest.approx(0.1)


def test_exported_cations_and_lime_by_hand():
    """0.1 mol of charge per mol of N taken up; a tonne of lime on a hectare is 1 mol m-2 (999 g)."""
    chosen = NitrogenOptions(forms={"can": 1.0}, base_export=0.1, lime=1000.87)
    field = field_along(one_field(KG_PER_MOL_M2, nue=0.6), Treatment(), [2020], chosen)
    drivers = drivers_of(field, np.array([[100.0]]), chosen)
    assert drivers["base_cation_export"][0, 0] == pytest.approx(0.06)
    assert drivers["lime"][0, 0] == pytest.approx(1.0, rel=1e-4)


def test_the_european_mix_of_forms_is_whole():
    """Shares sum to 1; ammonium nitrate with CAN 0.45; every form has an acid and a volatilised share."""
    assert sum(EU_FORMS.values()) == pytest.approx(1.0)
    assert EU_FORMS["ammonium_nitrate"] + EU_FORMS["can"] == pytest.approx(0.45)
    assert set(EU_FORMS) == set(NET_ACID) == set(EU_VOLATILISED)
    assert mean_by_form(NET_ACID, EU_FORMS) == pytest.approx(0.05 - 0.24 * 0.26)


@given(baselines(), treatments(), options(), st.floats(0.0, 3000.0))
def test_every_kilogram_is_accounted_for(baseline, treatment, chosen, drainage):
    """What enters is taken up, volatilised, denitrified, leached or stays; no part is negative."""
    field = field_along(baseline, treatment, YEARS, chosen)
    fate = fate_of(field, np.array([[drainage]]), chosen)
    np.testing.assert_allclose(fate.total, field.total, rtol=1e-12, atol=1e-10)
    for part in ("uptake", "volatilised", "denitrified", "leached", "stays"):
        assert getattr(fate, part).min() >= -1e-10, part


@given(baselines(), treatments(), options())
def test_leaching_grows_with_drainage_and_stops_without(baseline, treatment, chosen):
    """Nothing leaches at 0 mm, and more drainage never leaches less."""
    field = field_along(baseline, treatment, YEARS, chosen)
    leached = [fate_of(field, np.array([[q]]), chosen).leached for q in (0.0, 50.0, 300.0)]
    assert not leached[0].any()
    assert (leached[1] <= leached[2] + 1e-12).all()


@given(st.floats(0.0, 600.0))
def test_moles_and_kilograms_agree(rate):
    """A mole m-2 is 140.07 kg ha-1."""
    assert float(moles_of_n(np.array([rate]))[0]) * KG_PER_MOL_M2 == pytest.approx(rate)
