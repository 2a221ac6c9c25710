"""Law: a country has one numeric code, however it is written, and extents are sums of countries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.countries import countries, country_of, extent_bounds, extent_of, load_outlines
from eurosic.base.errors import GridError, InputError


@pytest.mark.parametrize("text", ["DE", "DEU", "276", "Germany", "germany", " de "])
def test_germany_is_germany(text):
    """Code or name, any case."""
    assert country_of(text).numeric == 276


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EL", 300),
        ("UK", 826),
        ("XK", 383),
        ("Kosovo", 383),
        ("N. Cyprus", 196),
        ("AX", 246),
        ("056", 56),
        ("8", 8),
    ],
)
def test_other_ways_of_writing_are_known(text, code):
    """Eurostat's codes, Kosovo's own, areas that maps draw apart, leading zeros or none."""
    assert country_of(text).numeric == code


def test_codes_are_unique():
    """No two countries share one."""
    for key in ("numeric", "alpha2", "alpha3", "name"):
        assert len({getattr(country, key) for country in countries()}) == len(countries())


@given(st.sampled_from(countries()))
def test_every_code_of_a_country_leads_back_to_it(country):
    """The four ways agree."""
    for text in (
        country.alpha2,
        country.alpha3,
        str(country.numeric),
        f"{country.numeric:03d}",
        country.name,
    ):
        assert country_of(text) == country


def test_the_union_has_27_members():
    """Since 2020."""
    members = extent_of("EU27").countries
    assert len(members) == 27
    assert country_of("GB").numeric not in members


def test_extents_add_up():
    """EU27+GB+CH is what it says; Europe holds the union and leaves Russia and Turkey out."""
    assert extent_of("EU27+GB+CH").countries == extent_of("EU27").countries | {826, 756}
    assert extent_of("EU27").countries < extent_of("Europe").countries
    assert not {643, 792} & extent_of("Europe").countries


def test_outlines_are_valid_and_of_the_right_size():
    """Germany 357, France (with Corsica) 547, Malta 0.3 thousand km2; no outline is broken."""
    areas = {code: shape.area / 1e9 for code, shape in load_outlines()}
    assert all(shape.is_valid for _, shape in load_outlines())
    assert areas[276] == pytest.approx(357, rel=0.01)
    assert areas[250] == pytest.approx(547, rel=0.01)
    assert 0.1 < areas[470] < 0.5


def test_cyprus_is_whole():
    """North and south count together: 9.2 thousand km2."""
    areas = {code: shape.area / 1e9 for code, shape in load_outlines()}
    assert areas[196] == pytest.approx(9.2, rel=0.05)


def test_bounds_hold_the_outlines_in_any_projection():
    """EPSG:3035 as drawn; other systems with densified edges."""
    west, south, east, north = extent_bounds({276})
    assert (west, south, east, north) == pytest.approx((4.031e6, 2.685e6, 4.671e6, 3.551e6), abs=2e3)
    degrees = extent_bounds({276}, "EPSG:4326")
    assert degrees == pytest.approx((5.9, 47.2, 15.4, 55.1), abs=0.6)


def test_unknown_countries_and_extents_name_the_nearest():
    """Where it stands, and what was meant."""
    with pytest.raises(
        InputError, match=r"table line 3: country 'Germny' is unknown.*Did you mean 'Germany'\?"
    ):
        country_of("Germny", "table line 3")
    with pytest.raises(GridError, match="'EU28' is neither an extent nor a country"):
        extent_of("EU28")


def test_an_extent_without_outlines_is_refused():
    """Kazakhstan is in the table and not on the map."""
    with pytest.raises(GridError, match=r"no outline for countries \[398\]"):
        extent_bounds({398})
