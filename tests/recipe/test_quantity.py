"""Law: a quantity is the same whatever unit it is written in, and nothing without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from eurosic.recipe.quantity import Physical, in_house_unit, looks_like_quantity

RATE = Physical("kg ha-1 yr-1", "120 kg ha-1 yr-1", 0.0, 600.0)
SHARE = Physical("1", "20 %", 0.0, 0.9)
WARMTH = Physical("degC", "1 K", -5.0, 5.0, difference=True)
PLACE = Physical("degC", "10 degC", -50.0, 50.0)


@pytest.mark.parametrize(
    ("raw", "wanted", "house"),
    [
        ("120 kg ha-1 yr-1", RATE, 120.0),
        ("120 kg/ha/yr", RATE, 120.0),
        ("12 g m-2 yr-1", RATE, 120.0),
        ("90 %", SHARE, 0.9),
        ("0.6 mol/mol", SHARE, 0.6),
        ("600 g/kg", SHARE, 0.6),
        ("-1 K", WARMTH, -1.0),
        ("−1.5 degC", WARMTH, -1.5),
        ("283.15 K", PLACE, 10.0),
        ("1e1 degC", PLACE, 10.0),
        ("10degC", PLACE, 10.0),
    ],
)
def test_units_convert(raw, wanted, house):
    """To the house unit, temperatures as such and as differences."""
    assert in_house_unit(raw, wanted) == pytest.approx(house, abs=1e-9)


@given(st.integers(0, 600_000))
def test_the_unit_of_writing_does_not_matter(grams):
    """A rate per hectare and the same per square metre are one, to the last bit, so that digests are."""
    per_hectare = in_house_unit(f"{grams / 1e3} kg ha-1 yr-1", RATE)
    assert in_house_unit(f"{grams / 1e4} g m-2 yr-1", RATE) == per_hectare
    assert per_hectare == pytest.approx(grams / 1e3, rel=1e-11)


@given(st.floats(0.0, 90.0))
def test_rounding_never_refuses_a_limit(percent):
    """Per cent within the limits stay within them as fractions."""
    assert 0.0 <= in_house_unit(f"{percent!r} %", SHARE) <= 0.9


@pytest.mark.parametrize("raw", [60, 0.6, "60", True, None, ["60 %"], "much", "", "nan %", "inf %"])
def test_what_is_no_quantity_is_refused(raw):
    """Bare numbers, words and other things have no unit."""
    with pytest.raises(PydanticCustomError):
        in_house_unit(raw, SHARE)


@pytest.mark.parametrize("name", ["demo-clay", "2019-clay", "3d-map", "1km-clay", "clay"])
def test_names_of_sources_are_no_quantities(name):
    """Even those that begin with a digit: a name has letters joined to it by a hyphen."""
    assert not looks_like_quantity(name)
