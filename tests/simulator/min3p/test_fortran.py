"""Law: what Fortran wrote is read back to its last digit, and no number ever moves to another column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.fortran import Row, parse_number, parse_rows
from tests.simulator.min3p import fortran_text as ft

_VALUES = st.floats(-1e90, 1e90).filter(lambda v: v == 0 or abs(v) > 1e-90)


def _rows(text: str) -> list[Row]:
    return [Row(i, line) for i, line in enumerate(text.splitlines(), start=1)]


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("2.645720-015", 2.645720e-15),
        ("1.234567-101", 1.234567e-101),
        ("1.0D+003", 1e3),
        ("-.5", -0.5),
        ("7", 7.0),
    ],
)
def test_a_dropped_exponent_letter_is_no_minus_sign(token: str, value: float) -> None:
    """A letter that Fortran drops, D for E, and a bare mantissa are one number each."""
    assert parse_number(token) == value


@pytest.mark.parametrize("token", ["years", "1.0.0", "1-2", "1e", "", "0x10", "1_0", "1.0+15", "--1"])
def test_what_is_no_fortran_number_is_none(token: str) -> None:
    """Words, two exponents, spellings of Python and C, and a sign with fewer than three digits are refused."""
    assert parse_number(token) is None


@pytest.mark.parametrize("token", ["*********", "NaN", "-inf", "Infinity", "1e999"])
def test_overflow_is_undefined_and_never_a_number(token: str) -> None:
    """Stars, NaN, infinity and what float64 cannot hold are NaN."""
    value = parse_number(token)
    assert value is not None
    assert np.isnan(value)


def test_undefined_values_are_told_with_line_and_column() -> None:
    """A NaN in a table comes with a warning that a person can follow."""
    table, notes = parse_rows(_rows("1.0 2.0\n3.0 *****\n"), 2, where="a.gst")
    assert np.isnan(table[1, 1])
    assert notes == ("a.gst, line 2, column 2: ***** read as NaN",)


def test_many_undefined_values_are_counted() -> None:
    """A file full of stars gives a handful of warnings, not thousands."""
    _, notes = parse_rows(_rows("** **\n" * 50), 2, where="a.gst")
    assert len(notes) == 6
    assert notes[-1] == "a.gst: 95 more values read as NaN"


def test_a_missing_number_and_a_dropped_letter_do_not_make_up_for_each_other() -> None:
    """Two numbers in a row of three stay an error, although a careless split of ``1.5-101`` gives three."""
    with pytest.raises(SimulationError, match=r"a.gst, line 1: the row holds 2 numbers; wanted 3"):
        parse_rows(_rows("1.0 1.5-101\n"), 3, where="a.gst")


def test_words_at_the_end_of_a_row_are_left_out_where_they_may_stand() -> None:
    """Rows of ``.dt`` end in text; elsewhere that is damage."""
    text = "1.0 2.0 time step reduced\n3.0 4.0 ok\n"
    assert parse_rows(_rows(text), 3, where="a.dt", trailing_text=True)[0].tolist() == [[1, 2], [3, 4]]
    with pytest.raises(SimulationError, match="'time' is no number"):
        parse_rows(_rows(text), 3, where="a.gst")


@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=_VALUES))
def test_what_was_printed_is_read_to_its_last_digit(table: np.ndarray) -> None:
    """Printed with seven digits and read, a table differs by no more than half of the seventh."""
    read, notes = parse_rows(_rows(ft.rows(table)), table.shape[1], where="t")
    assert notes == ()
    np.testing.assert_allclose(read, table, rtol=5.1e-7, atol=0)


@given(arrays(np.float64, (4, 3), elements=_VALUES), st.sampled_from(["D", "d", "e", ""]))
def test_the_careful_way_gives_what_the_fast_way_gives(table: np.ndarray, letter: str) -> None:
    """The spelling of the exponent changes the way through the parser, never a value."""
    text = ft.rows(table)
    fast, _ = parse_rows(_rows(text), 3, where="t")
    careful, _ = parse_rows(_rows(text.replace("E", letter)), 3, where="t")
    assert np.array_equal(fast, careful)
