"""Law: the constants are those of Plummer & Busenberg (1982), and activities tend to one in pure water."""

from __future__ import annotations

from math import log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.simulator.activity import activities_at
from eurosic.simulator.constants import CHARGES, IONS, constants_at

# log10 K at 10 and 25 degC; SCIENCE.md 2.3.
PUBLISHED = {
    "kh": (-1.2694, -1.4679),
    "k1": (-6.4633, -6.3519),
    "k2": (-10.4879, -10.3289),
    "kc": (-8.4105, -8.4798),
    "kw": (-14.5338, -13.9995),
    "ca_hco3": (0.968, 1.106),
    "ca_co3": (3.135, 3.224),
    "mg_hco3": (1.050, 1.068),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_constant_has_its_published_value_at_10_and_25_degrees(name: str) -> None:
    """Six fits of the form A + B T + C/T + D lg T + E/T2, checked to their last printed digit."""
    found = [log10(getattr(constants_at(celsius, 0.0), name)) for celsius in (10.0, 25.0)]
    assert found == pytest.approx(PUBLISHED[name], abs=6e-4)


def test_van_t_hoff_constants_have_their_value_at_25_degrees_and_dissolution_heat_turns_them() -> None:
    """CaSO4 and MgSO4 form more in warmth; dolomite dissolves less."""
    cold, warm = constants_at(5.0, 0.0), constants_at(25.0, 0.0)
    assert log10(warm.ca_so4) == pytest.approx(2.30)
    assert log10(warm.mg_so4) == pytest.approx(2.37)
    assert log10(warm.dolomite) == pytest.approx(-17.09)
    assert warm.ca_so4 > cold.ca_so4
    assert warm.dolomite < cold.dolomite


def test_charges_stand_in_the_order_of_the_ions() -> None:
    """Alkalinity is their weighted sum, so that a wrong order would make acid of calcium."""
    assert dict(zip(IONS, CHARGES, strict=True)) == {
        "ca": 2,
        "mg": 2,
        "na": 1,
        "k": 1,
        "nh4": 1,
        "no3": -1,
        "so4": -2,
        "cl": -1,
    }


def test_the_debye_hueckel_slope_at_25_degrees_is_the_textbook_one() -> None:
    """A = 0.509, B = 0.328: Robinson & Stokes; a monovalent ion of size 9 at I = 0.01 has 0.914 (Kielland)."""
    c = constants_at(25.0, 0.0)
    assert c.slope / 2.302585 == pytest.approx(0.509, abs=2e-3)
    assert c.size == pytest.approx(0.3286, abs=1e-3)
    assert activities_at(0.01, c).h == pytest.approx(0.914, abs=1.5e-3)


@pytest.mark.parametrize("davies", [0.0, 1.0])
def test_every_activity_coefficient_is_one_in_pure_water(davies: float) -> None:
    """Both models are expansions about infinite dilution."""
    assert activities_at(0.0, constants_at(10.0, davies)) == pytest.approx([1.0] * 14)


@given(ionic=st.floats(1e-6, 0.012), celsius=st.floats(0, 30))
def test_davies_and_wateq_agree_in_dilute_water(ionic: float, celsius: float) -> None:
    """Within 4 % for Ca and 1 % for HCO3 up to I = 0.012, where the saturated calcium differs by 0.8 %."""
    wateq = activities_at(ionic, constants_at(celsius, 0.0))
    davies = activities_at(ionic, constants_at(celsius, 1.0))
    assert davies.ca == pytest.approx(wateq.ca, rel=0.04)
    assert davies.hco3 == pytest.approx(wateq.hco3, rel=0.01)
