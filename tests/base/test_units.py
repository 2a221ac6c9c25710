"""Law: a number keeps its meaning through any change of unit, and units that measure different things do not mix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import UnitError
from eurosic.base.units import (
    KG_PER_TG,
    M2_PER_HA,
    MOLAR_MASS_C,
    MOLAR_MASS_CACO3,
    MOLAR_MASS_CO2,
    check_unit,
    convert_unit,
    parse_unit,
)


def test_molar_masses_are_those_of_chemistry():
    """CaCO3 weighs 100.09 g mol-1, CO2 44.01, and 12 % of CaCO3 is carbon."""
    assert pytest.approx(0.10009, rel=1e-4) == MOLAR_MASS_CACO3
    assert pytest.approx(0.04401, rel=1e-4) == MOLAR_MASS_CO2
    assert pytest.approx(0.12, rel=1e-3) == MOLAR_MASS_C / MOLAR_MASS_CACO3


def test_a_kilogram_per_hectare_on_ten_million_hectares_is_ten_thousand_tonnes():
    """0.01 Tg: the constants of area and mass agree with UDUNITS."""
    assert pytest.approx(0.01) == 1e7 * M2_PER_HA * (1 / M2_PER_HA) / KG_PER_TG
    assert convert_unit(np.array([1.0]), "kg ha-1", "kg m-2", "test")[0] == pytest.approx(1 / M2_PER_HA)


@pytest.mark.parametrize(
    ("value", "came", "wanted", "expected"),
    [
        (25.0, "%", "1", 0.25),
        (123.0, "g kg-1", "%", 12.3),
        (283.15, "K", "degC", 10.0),
        (75.0, "0.1", "1", 7.5),
        (650.0, "mg m-2 yr-1", "kg ha-1 yr-1", 6.5),
        (10.0, "mm month-1", "mm yr-1", 120.0),
        (21.0, "cmol kg-1", "mmol kg-1", 210.0),
        (1.35, "t m-3", "g cm-3", 1.35),
        (40.0, "percent", "1", 0.4),
        (0.4, "fraction", "%", 40.0),
        (7.5, "pH", "1", 7.5),
    ],
)
def test_units_of_the_field_convert_by_hand(value, came, wanted, expected):
    """One line a unit that maps and tables use."""
    assert convert_unit(np.array([value]), came, wanted, "test")[0] == pytest.approx(expected)


@given(
    st.floats(-1e6, 1e6), st.sampled_from([("K", "degC"), ("g kg-1", "%"), ("kg ha-1 yr-1", "g m-2 yr-1")])
)
def test_there_and_back_is_where_one_was(value, units):
    """Conversions are invertible."""
    there = convert_unit(np.array([value]), *units, "test")
    assert convert_unit(there, *reversed(units), "test")[0] == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_what_is_missing_stays_missing():
    """NaN has no unit."""
    assert np.isnan(convert_unit(np.array([np.nan]), "K", "degC", "test")).all()


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("g kg-1", "gives values in 'g kg-1'; wanted a unit that converts to 'degC'"),
        ("per cent", "'per cent' is not one that UDUNITS knows"),
    ],
)
def test_units_that_do_not_fit_are_refused(came, said):
    """Both units are named, and where."""
    with pytest.raises(UnitError) as caught:
        check_unit(came, "degC", "catalog entry 'x'")
    assert said in str(caught.value)
    assert str(caught.value).startswith("catalog entry 'x'")


def test_a_substance_in_a_unit_is_no_unit():
    """UDUNITS reads C as coulomb: kilogram coulomb is no mass of carbon."""
    with pytest.raises(UnitError, match="wanted a unit that converts to 'kg m-2'"):
        check_unit("kg C m-2", "kg m-2", "recipe")
    assert parse_unit("kg m-2") == parse_unit("kg m-2 ")
