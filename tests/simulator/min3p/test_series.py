"""Law: series of one run share their steps; one that was cut is padded, one that does not fit is left out."""

from __future__ import annotations

import numpy as np

from eurosic.simulator.min3p.outputs import Series
from eurosic.simulator.min3p.series import longest_times, series_variables


def _series(*times: float, offset: float = 0.0) -> Series:
    values = np.array([[time + offset] for time in times])
    return Series(("mass influx",), ("mol/day",), values, np.array(times))


def test_entities_are_rows() -> None:
    """Two components at three steps, in the order of their files."""
    kinds = {"mac": {"ca+2": _series(1, 2, 3), "h+1": _series(1, 2, 3, offset=10)}}
    data = series_variables(kinds, "component", time_dim="balance_time", notes=[])
    influx = data["balance_mass_influx"]
    assert influx.dims == ("component", "balance_time")
    assert influx.values.tolist() == [[1, 2, 3], [11, 12, 13]]
    assert (influx.attrs["units"], influx.attrs["min3p_unit"]) == ("mol d-1", "mol/day")


def test_without_entities_there_is_time_alone() -> None:
    """Files of the whole column."""
    data = series_variables({"mas": {"": _series(0, 1)}}, "", time_dim="system_time", notes=[])
    assert data["mass_aqueous_mass_influx"].dims == ("system_time",)


def test_a_series_that_was_cut_is_padded_and_said() -> None:
    """Its first steps are those of the others."""
    notes: list[str] = []
    kinds = {"mac": {"ca+2": _series(1, 2, 3), "h+1": _series(1, 2)}}
    data = series_variables(kinds, "component", time_dim="balance_time", notes=notes)
    assert np.isnan(data["balance_mass_influx"].values[1, 2])
    assert notes == [".mac of h+1: ends after 2 of 3 times"]


def test_a_series_of_other_steps_is_left_out_and_said() -> None:
    """It belongs to another run; nothing is interpolated."""
    notes: list[str] = []
    kinds = {"mac": {"ca+2": _series(1, 2, 3), "h+1": _series(1, 2.5, 3)}}
    data = series_variables(kinds, "component", time_dim="balance_time", notes=notes)
    assert np.isnan(data["balance_mass_influx"].values[1]).all()
    assert "its times are not those of the others; left out" in notes[0]


def test_a_component_without_a_file_of_a_kind_is_nan() -> None:
    """H has an error but no balance."""
    kinds = {"mac": {"ca+2": _series(1, 2)}, "mae": {"ca+2": _series(1, 2), "h+1": _series(1, 2)}}
    data = series_variables(kinds, "component", time_dim="balance_time", notes=[])
    assert np.isnan(data["balance_mass_influx"].sel(component="h+1")).all()
    assert np.isfinite(data["error_mass_influx"]).all()


def test_steps_that_print_alike_stay_apart() -> None:
    """Before MIN3P gives up, its steps are shorter than seven digits can tell."""
    series = _series(1, 25.70463, 25.70463)
    data = series_variables({"mac": {"ca+2": series}}, "component", time_dim="balance_time", notes=[])
    assert data.sizes["balance_time"] == 3
    assert longest_times([]).size == 0
