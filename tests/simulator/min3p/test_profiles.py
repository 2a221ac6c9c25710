"""Law: volumes fill the column, depth increases downwards, and one grid is one grid."""

from __future__ import annotations

import numpy as np
import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.outputs import Profile
from eurosic.simulator.min3p.profiles import MOLAR_VOLUME_CALCITE, add_sic, profile_variables

_Z = np.array([0.0, 0.2, 0.4])


def _profile(time: float | None, *, z: np.ndarray = _Z, names: tuple[str, ...] = ("calcite",)) -> Profile:
    values = np.arange(1.0, len(z) * len(names) + 1).reshape(len(z), len(names))
    return Profile(names, ("-",) * len(names), values, z, time, "steady" if time is None else "time")


def test_depth_counts_from_the_surface_and_z_from_the_bottom() -> None:
    """The last row of the file is the first of the Dataset."""
    data = profile_variables({"gsv": [_profile(1.0)]}, [])
    assert data["depth"].values.tolist() == [0.0, 0.2, 0.4]
    assert data["volume_fraction_calcite"].values.tolist() == [[3.0, 2.0, 1.0]]
    assert data["layer_thickness"].values.tolist() == pytest.approx([0.1, 0.2, 0.1])
    assert (data["layer_top"].values[1:] == data["layer_bottom"].values[:-1]).all()


def test_the_decks_intervals_give_exact_limits_where_they_fit() -> None:
    """Printed heights are rounded, the deck is not; a deck of another grid is not believed."""
    z = np.array([0.0, 0.3333333, 0.6666667, 1.0])
    exact = profile_variables({"gsv": [_profile(1.0, z=z)]}, [], intervals=((4, 0.0, 1.0),))
    assert exact["depth"].values[1] == pytest.approx(1 / 3, abs=1e-9)
    other = profile_variables({"gsv": [_profile(1.0, z=z)]}, [], intervals=((4, 0.0, 2.0),))
    assert other["depth"].values[1] == pytest.approx(0.3333333, abs=1e-12)


def test_sic_is_calcite_over_its_molar_volume() -> None:
    """One volume of 0.1 m that is calcite throughout holds 0.1 / 36.93e-6 mol of carbon per m2."""
    data = add_sic(profile_variables({"gsv": [_profile(0.0)]}, []))
    expected = 1.0 / MOLAR_VOLUME_CALCITE * 0.1 * 0.012011
    assert data["sic"].values[0, 2] == pytest.approx(expected, rel=1e-12)
    assert data["sic"].attrs["units"] == "kg m-2"


def test_a_column_absent_at_a_time_is_nan() -> None:
    """Two kinds of output at different times share one axis of time."""
    data = profile_variables(
        {"gsv": [_profile(0.0), _profile(5.0)], "gsg": [_profile(5.0, names=("co2(g)",))]}, []
    )
    assert data["time"].values.tolist() == [0.0, 5.0]
    assert np.isnan(data["pressure_co2_g"].values[0]).all()
    assert np.isfinite(data["pressure_co2_g"].values[1]).all()


def test_a_steady_state_has_no_time() -> None:
    """Flow of a steady run is a profile, the last one written."""
    data = profile_variables({"gsp": [_profile(0.0, names=("h_w",)), _profile(None, names=("h_w",))]}, [])
    assert data["h_w"].dims == ("time", "depth")
    alone = profile_variables({"gsp": [_profile(None, names=("h_w",))]}, [])
    assert alone["h_w"].dims == ("depth",)
    assert "time" not in alone.coords


def test_a_time_that_stands_twice_is_read_once_and_said() -> None:
    """The first one counts."""
    notes: list[str] = []
    data = profile_variables({"gsv": [_profile(5.0), _profile(5.0)]}, notes)
    assert data.sizes["time"] == 1
    assert "stands twice" in notes[0]


@pytest.mark.parametrize("z", [np.array([0.0, 0.2]), np.array([0.0, 0.2, 0.5])])
def test_another_grid_is_refused(z: np.ndarray) -> None:
    """Fewer volumes or other heights are not stacked."""
    with pytest.raises(SimulationError, match=r"at 6 years: has \d volumes.*wanted one grid in a run"):
        profile_variables({"gsv": [_profile(5.0), _profile(6.0, z=z)]}, [])
