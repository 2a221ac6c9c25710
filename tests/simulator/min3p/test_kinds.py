"""Law: every column has one name that a Dataset takes, and every unit of MIN3P is one of CF."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.units import parse_unit
from eurosic.simulator.min3p.kinds import (
    KINDS,
    MAC_NAMES,
    cf_unit,
    clean_name,
    default_unit,
    distinct_names,
    split_unit,
    variable_name,
)
from eurosic.simulator.min3p.listing import read_fls


def test_units_stand_in_brackets_at_the_end_of_a_name() -> None:
    """A name without brackets has no unit."""
    assert split_unit("charge bal [%]") == ("charge bal", "%")
    assert split_unit("na-x(na)") == ("na-x(na)", "")


@pytest.mark.parametrize(
    ("column", "clean"),
    [
        ("ca+2", "ca_2p"),
        ("fe+3", "fe_3p"),
        ("oh-", "oh_m"),
        ("aloh+2", "aloh_2p"),
        ("co2-source", "co2_source"),
    ],
)
def test_a_charge_keeps_its_sign_and_a_hyphen_does_not(column: str, clean: str) -> None:
    """Fe+2 and Fe+3 stay two, OH- stays an anion."""
    assert clean_name(column) == clean


@given(st.text(max_size=30))
def test_any_name_becomes_one_that_every_tool_takes(text: str) -> None:
    """Lower case, digits, underscores; cleaning twice changes nothing."""
    name = clean_name(text)
    assert re.fullmatch(r"[a-z0-9_]+", name)
    assert clean_name(name) == name


@given(st.lists(st.tuples(st.sampled_from(["a", "A", "b"]), st.sampled_from(["", "mol", "%"])), max_size=8))
def test_no_two_columns_of_a_file_have_one_name(pairs: list[tuple[str, str]]) -> None:
    """Also where they differ in case only."""
    names = [name.lower() for name in distinct_names(pairs)]
    assert len(set(names)) == len(pairs)


def test_the_same_column_of_two_kinds_has_two_names() -> None:
    """ca+2 in total, free, at a place, in a balance; porosity once."""
    names = {variable_name(KINDS[kind], "ca+2") for kind in ("gst", "gsc", "gbt", "gbc", "mas")}
    assert len(names) == 5
    assert variable_name(KINDS["gbv"], "porosity") == "at_porosity"


def test_every_unit_of_a_real_listing_is_one_of_cf(min3p_data: Path) -> None:
    """All that MIN3P 2.6.2 writes in ``_o.fls``."""
    path = min3p_data / "full_output_examples" / "m0006" / "m0006_o.fls"
    units = {unit for listed in read_fls(path.read_bytes()).files.values() for _, unit in listed.entries}
    assert len(units) > 15
    for unit in units - {""}:
        parse_unit(cf_unit(unit), unit)


def test_every_unit_of_the_table_is_one_of_cf() -> None:
    """Also those that MIN3P does not list, such as the current pressure head."""
    for kind in KINDS.values():
        parse_unit(cf_unit(kind.unit) or "1", kind.content)
    for column in ("pH", "temperature", "h_w", "p_t_o_t", "water mass", "ionic strength"):
        assert cf_unit(default_unit(KINDS["gsm"], column)) in ("1", "degC", "m", "atm", "kg", "mol L-1")


def test_a_balance_has_a_time_14_rates_and_14_amounts() -> None:
    """29 names, all different."""
    assert len(set(MAC_NAMES)) == 29
