"""Law: every variable has one name, one unit that UDUNITS knows, and a range, as the conventions say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from eurosic.base.flags import Regime, Status, status_flags
from eurosic.base.units import parse_unit
from eurosic.base.vocabulary import (
    AREA,
    COVARIATES,
    DRIVERS,
    LAYERS,
    STANDARD_DEPTHS,
    STATES,
    STOCKS,
    TARGETS,
)

EVERY = [
    *LAYERS.values(),
    *COVARIATES.values(),
    *STATES.values(),
    *DRIVERS.values(),
    *TARGETS.values(),
    *STOCKS.values(),
    AREA,
]


@pytest.mark.parametrize("variable", EVERY, ids=lambda variable: f"{variable.role} {variable.name}")
def test_a_variable_has_a_unit_a_name_and_a_range(variable):
    """Units are UDUNITS' and name no substance; long names name no unit."""
    parse_unit(variable.unit)
    assert variable.valid_min < variable.valid_max
    assert variable.long_name
    assert variable.name == variable.name.lower()
    assert not {"C", "N", "CO2", "CaCO3"} & set(variable.unit.replace("-", " ").split())


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("sic_change_0_30cm", "kg m-2"),
        ("sic_change_0_100cm", "kg m-2"),
        ("sic_change_0_200cm", "kg m-2"),
        ("ph_soil_0_30cm", "1"),
        ("ph_lab_0_30cm", "1"),
        ("dic_leaching", "kg m-2 yr-1"),
        ("alkalinity_leaching", "mol m-2 yr-1"),
        ("co2_to_air_from_carbonate", "kg m-2 yr-1"),
        ("nitrate_leaching", "kg m-2 yr-1"),
        ("decalcification_depth", "m"),
        ("regime", "1"),
    ],
)
def test_targets_are_those_of_the_conventions(name, unit):
    """Names and units as CONVENTIONS.md lists them."""
    assert TARGETS[name].unit == unit


def test_the_conventions_list_every_target_and_stock():
    """None is added or forgotten unseen."""
    assert len(TARGETS) == 11
    assert list(STOCKS) == [f"sic_stock_{depth}cm" for depth in ("0_30", "0_100", "0_200")]
    assert (AREA.name, AREA.unit) == ("calcareous_arable_area", "m2")


def test_standard_depths_join_and_reach_two_metres():
    """0-5, 5-15, 15-30, 30-60, 60-100, 100-200 cm."""
    assert STANDARD_DEPTHS[0][0] == 0.0
    assert STANDARD_DEPTHS[-1][1] == 2.0
    assert all(above[1] == below[0] for above, below in pairwise(STANDARD_DEPTHS))


def test_a_name_with_two_roles_means_the_same_in_both():
    """Gravel is a layer and a covariate: one unit, one range."""
    for name in set(LAYERS) & set(COVARIATES):
        assert LAYERS[name].unit == COVARIATES[name].unit
        assert (LAYERS[name].valid_min, LAYERS[name].valid_max) == (
            COVARIATES[name].valid_min,
            COVARIATES[name].valid_max,
        )


def test_every_reason_for_no_value_has_a_code_of_its_own():
    """One code a missing layer, after the fixed ones."""
    flags = status_flags(("carbonate", "clay"))
    assert flags[int(Status.SEA)] == "sea"
    assert flags[int(Status.MISSING)] == "missing_carbonate"
    assert flags[int(Status.MISSING) + 1] == "missing_clay"
    assert len(flags) == len(Status) - 1 + 2


def test_regimes_are_the_flags_of_their_target():
    """In the order of their codes."""
    assert TARGETS["regime"].flags == tuple(regime.name.lower() for regime in sorted(Regime))


def test_the_vocabulary_cannot_be_changed():
    """It is data, not state."""
    with pytest.raises(TypeError):
        LAYERS["clay"] = LAYERS["sand"]  # type: ignore[index]
