"""Law: every kind of file says what it is: names, units, times and heights, from the best source there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.listing import Listed, read_fls
from eurosic.simulator.min3p.outputs import read_mac, read_spatial, read_transient
from tests.simulator.min3p import fortran_text as ft

_Z = np.array([0.0, 0.5, 1.0])
_VALUES = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def test_units_come_from_the_listing_then_the_brackets_then_the_kind() -> None:
    """Three columns, each with its unit from another source."""
    text = ft.spatial(["ca+2", "mg+2 [mg/l]", "h+1"], np.ones((3, 3)), _Z)
    listed = Listed(entries=(("x", "m"), ("y", "m"), ("z", "m"), ("ca+2", "moles/l h2o")))
    (profile,) = read_spatial(text, "t_1.gst", listed=listed)
    assert profile.units == ("moles/l h2o", "mg/l", "mol/l water")
    assert profile.names == ("ca+2", "mg+2", "h+1")


def test_a_name_that_stands_twice_keeps_its_unit() -> None:
    """``.gsm`` gives alkalinity in eq/L and in mg/L."""
    (profile,) = read_spatial(ft.spatial(["Alk [eq/L]", "Alk [mg/L CaCO_3]"], _VALUES, _Z), "t_1.gsm")
    assert profile.names == ("Alk", "Alk mg/L CaCO_3")


def test_a_header_less_spatial_file_takes_names_and_time_from_the_listing() -> None:
    """A ``.gsc`` without header, listed as output at 5 years."""
    table = np.column_stack([np.zeros((3, 2)), _Z, [7.0, 8.0, 9.0]])
    listed = Listed(
        "Species, T = 5 years", (("x", "m"), ("y", "m"), ("z", "m"), ("oh-", "moles/l h2o")), time=5.0
    )
    (profile,) = read_spatial(ft.rows(table), "t_3.gsc", listed=listed)
    assert (profile.names, profile.time, profile.stage) == (("oh-",), 5.0, "time")


def test_a_breakthrough_file_knows_its_place() -> None:
    """Volume and coordinates stand in its zone line."""
    zone = "T_j, volume = 20, x =   0.000000E+000, y =   0.000000E+000, z =   2.000000E+000"
    series = read_transient(ft.transient(["time", "ca+2"], _VALUES, zone=zone), "t_2.gbt")
    assert (series.volume, series.place, series.times.tolist()) == (20, (0.0, 0.0, 2.0), [1.0, 3.0, 5.0])


def test_time_of_a_series_is_in_years_whatever_its_unit() -> None:
    """From the brackets, or from the deck where there are none."""
    named = read_transient(ft.transient(["time [days]", "a"], [[365.0, 1], [730, 2]]), "t_o.mas")
    decked = read_transient(ft.transient(["time", "a"], [[365.0, 1], [730, 2]]), "t_o.mas", time_unit="days")
    assert named.times.tolist() == decked.times.tolist() == [1.0, 2.0]


def test_a_series_knows_its_component() -> None:
    """From the zone line, or the listing."""
    zone = "mass balance for component co3-2 - reactive transport"
    text = ft.transient(["time", *(f"c{i}" for i in range(28))], np.ones((2, 29)), zone=zone)
    assert read_mac(text, "t_9.mac").entity == "co3-2"
    assert read_mac(text, "t_9.mac", listed=Listed(entity="ca+2")).entity == "ca+2"


def test_a_header_less_balance_has_the_names_of_its_29_columns() -> None:
    """Time, 14 rates, 14 cumulative amounts, with units."""
    series = read_mac(ft.rows(np.arange(58.0).reshape(2, 29)), "t_7.mac")
    assert series.names[0] == "mass influx"
    assert series.names[14:16] == ("total mass influx", "total mass outflux")
    assert set(series.units) == {"mol/d", "mol/elapsed time"}


@pytest.mark.parametrize("columns", [23, 29, 33])
def test_balances_of_all_versions_are_read(columns: int) -> None:
    """Legacy, current, and with gas advection."""
    names = ["time", *(f"c{i}" for i in range(columns - 1))]
    assert len(read_mac(ft.transient(names, np.ones((2, columns))), "t_1.mac").names) == columns - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ft.transient(["time", "a"], [[0, 1], [1, 2]]), "its columns begin with time, a; wanted x, y, z"),
        (ft.spatial(["a"], [[1], [2], [3]], [0, 1, 1]), "its z does not increase"),
        (ft.spatial(["a"], [[1], [2], [3]], [2, 1, 0]), "its z does not increase"),
        (
            ft.spatial(["a"], [[1], [2], [3]], _Z).replace("5.000000E-001", "          NaN"),
            "lacks a coordinate",
        ),
        (
            ft.spatial(["a"], [[1], [2], [3]], _Z).replace("  0.000000E+000", "  1.000000E+000", 1),
            "spreads over x",
        ),
    ],
)
def test_what_is_no_column_of_volumes_is_refused(text: str, message: str) -> None:
    """Series, plane grids, heights that do not increase or are undefined."""
    with pytest.raises(SimulationError, match=message):
        read_spatial(text, "bad.gst")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ft.spatial(["a"], [[1], [2], [3]], _Z), "its first column is 'x'; wanted time"),
        (ft.transient(["time", "a"], [[1, 1], [0, 2]]), "its time goes back"),
        (ft.transient(["time", "a"], [[1, 1]]) * 2, "holds 2 zones"),
    ],
)
def test_what_is_no_series_is_refused(text: str, message: str) -> None:
    """Spatial output, time that goes back, several zones."""
    with pytest.raises(SimulationError, match=message):
        read_transient(text, "bad.gbt")


def test_a_balance_with_another_number_of_columns_is_refused() -> None:
    """It would be read by place, so that the number must be known."""
    with pytest.raises(SimulationError, match="has 12 columns; wanted 29"):
        read_mac(ft.transient(["time", *"abcdefghijk"], np.ones((2, 12))), "t_1.mac")


def test_the_listing_gives_units_entities_and_times(min3p_data: Path) -> None:
    """A real listing, looked up in a few places."""
    folder = min3p_data / "full_output_examples" / "m0006"
    listing = read_fls((folder / "m0006_o.fls").read_bytes())
    assert listing.of("m0006_9.mac").entity == "co3-2"
    assert listing.of("m0006_3.gsv").time == 20.0
    assert listing.of("m0006_o.mvs").entries[1] == ("water mass", "kg")
    assert listing.of("m0006_1.mae").entries[3] == (
        "accumulative absolute mass balance error",
        "moles",
    )
    assert listing.of("m0006_1.vel").entries[5] == ("v_z", "m/d")
    assert listing.of("unknown.gst") == Listed()
    # Every file that the run left, and that is a table, is listed with at least as many columns less one.
    for path in folder.glob("m0006_[0-9].gs?"):
        columns = len(read_spatial(path.read_bytes(), path.name)[0].names) + 3
        assert columns - len(listing.of(path.name).entries) in (0, 1), path.name


def test_what_is_no_listing_is_refused() -> None:
    """Another text in its place."""
    with pytest.raises(SimulationError, match="is not a listing of MIN3P files"):
        read_fls("column entry unit\n1 time years\n", "x_o.fls")
