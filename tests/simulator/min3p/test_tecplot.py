"""Law: a file is read whole, or refused, or cut back to whole rows; no heading, cut or newline changes a number."""

from __future__ import annotations

import numpy as np
import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.tecplot import parse_tables
from eurosic.simulator.min3p.times import years
from tests.simulator.min3p import fortran_text as ft

_Z = np.array([0.0, 0.5, 1.0])
_SPATIAL = ft.spatial(["ca+2", "h+1"], [[1e-3, 2e-3], [3e-3, 4e-3], [5e-3, -6e-3]], _Z)
_SERIES = ft.transient(["time", "ca+2"], [[0.0, 1.5], [1.0, 2.5], [80.0, -3.25e-12]])


def test_a_zone_is_read_as_it_stands() -> None:
    """Names, time and numbers of a file made by hand."""
    (table,) = parse_tables(_SPATIAL, "t.gst")
    assert table.names == ("x", "y", "z", "ca+2", "h+1")
    assert (table.time, table.rows_promised, table.warnings) == (1.0, 3, ())
    assert table.column(4).tolist() == [2e-3, 4e-3, -6e-3]


def test_bytes_and_text_are_read_alike() -> None:
    """A caller may give either."""
    assert np.array_equal(
        parse_tables(_SPATIAL.encode(), "t")[0].values, parse_tables(_SPATIAL, "t")[0].values
    )


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("T_j, T =   3.650000E+002 days", 1.0),
        ("T_j, T = 8760 h", 1.0),
        ("T_j, T = 2 yr", 2.0),
        ("T_j, T = 1.0D+001 years", 10.0),
        ("T_j, T = 525600 minutes", 1.0),
        ("T_j, initial", 0.0),
        ("Flow variables, steady state", None),
    ],
)
def test_the_time_of_a_zone_is_in_years_of_365_days(spelled: str, expected: float | None) -> None:
    """Whatever unit MIN3P wrote; the initial condition is time 0, a steady state has none."""
    (table,) = parse_tables(ft.spatial(["a"], [[1], [2], [3]], _Z, zone=spelled), "t.gst")
    assert table.time == (pytest.approx(expected) if expected is not None else None)


def test_a_zone_may_lack_the_comma_before_its_size() -> None:
    """``.gsp`` writes ``zone t = "..." i = 20``."""
    (table,) = parse_tables(_SPATIAL.replace('years", i', 'years" i'), "t.gsp")
    assert table.rows_promised == 3


def test_comments_case_and_line_ends_do_not_matter() -> None:
    """Keys in capitals, ``#`` lines, CRLF, and variables over several lines."""
    odd = _SPATIAL.replace("title", "TITLE").replace("zone t", "ZONE T").replace('"y", ', '"y",\n ')
    odd = "# written by an old driver\n" + odd.replace("\n", "\r\n")
    (table,) = parse_tables(odd, "t.gst")
    assert table.names == ("x", "y", "z", "ca+2", "h+1")
    assert np.array_equal(table.values, parse_tables(_SPATIAL, "t")[0].values)


def test_the_first_name_may_lack_its_quote() -> None:
    """As in a legacy ``.mac``."""
    (table,) = parse_tables(_SERIES.replace('"time"', 'time [years]"'), "t.mac")
    assert table.names == ("time [years]", "ca+2")


def test_a_file_without_a_header_has_no_names() -> None:
    """Its numbers are read all the same."""
    (table,) = parse_tables(ft.rows([[0.0, 1.0], [1.0, 2.0]]), "t.mvc")
    assert table.names == ()
    assert table.values.shape == (2, 2)


def test_further_zones_keep_the_variables_of_the_first() -> None:
    """Three times in one file are three tables, not one long one."""
    zone = _SPATIAL[_SPATIAL.index("zone") :]
    tables = parse_tables(_SPATIAL + zone.replace("1.000000E+000 years", "5 years"), "t.gst")
    assert [table.time for table in tables] == [1.0, 5.0]
    assert tables[1].names == tables[0].names


def test_no_cut_of_a_spatial_file_gives_a_table() -> None:
    """Cut at any byte, it is refused, save where only the last line feed is lost."""
    whole = parse_tables(_SPATIAL, "t.gst")[0].values
    for end in range(len(_SPATIAL)):
        try:
            tables = parse_tables(_SPATIAL[:end], "t.gst")
        except SimulationError:
            continue
        assert end == len(_SPATIAL) - 1
        assert np.array_equal(tables[0].values, whole)


def test_any_cut_of_a_series_gives_whole_rows_only() -> None:
    """Cut at any byte, what is returned are first rows of the whole, to the last digit, and a warning."""
    whole = parse_tables(_SERIES, "t.mas")[0].values
    returned = 0
    for end in range(len(_SERIES)):
        try:
            (table,) = parse_tables(_SERIES[:end], "t.mas")
        except SimulationError:
            continue
        returned += 1
        assert np.array_equal(table.values, whole[: len(table.values)])
        begun = sum(bool(line.strip()) for line in _SERIES[:end].splitlines()[3:])
        assert bool(table.warnings) == (begun > len(table.values))
    assert returned > 40


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("#!TDV102\0\0", "binary Tecplot"),
        ("1.0 \0 2.0\n", "holds binary data"),
        ("hello world\n", "'hello world' is neither a heading nor a number"),
        ('variables = "x", "y\n1 2\n', "a quote is not closed"),
        (_SPATIAL.replace("i =    3", "i =    4"), "ends after 3 rows.* wanted 4 rows"),
        (_SPATIAL.replace("i =    3", "i =    2"), "ends after 3 rows.* wanted 2 rows"),
        (_SPATIAL[: _SPATIAL.index("\n  0")] + "\n", "the zone has no rows; wanted 3 rows"),
        (_SPATIAL.replace("years", "parsecs"), "time unit 'parsecs' is unknown"),
    ],
)
def test_a_damaged_file_is_refused_with_its_reason(text: str, message: str) -> None:
    """Every refusal names the file and what is wrong with it."""
    with pytest.raises(SimulationError, match=f"(?s)bad.gst.*{message}"):
        parse_tables(text, "bad.gst")


def test_months_are_no_unit_of_min3p() -> None:
    """``mo`` is not taken for minutes."""
    with pytest.raises(SimulationError, match="'months' is unknown"):
        years(1.0, "months", "t")
