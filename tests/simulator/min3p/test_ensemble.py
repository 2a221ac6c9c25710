"""Law: an imported run keeps its values and its parameters, and what cannot be used is left out by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p import import_runs
from eurosic.simulator.min3p.ensemble import read_parameters
from tests.simulator.min3p.test_read import SAME, SIC_RATIO

_SHORT = {"ph": "pH", "pco2": "pCO2", "ca": "Ca", "no3": "NO3", "dic": "DIC"}


@pytest.fixture(scope="module")
def imported(min3p_data: Path) -> xr.Dataset:
    """The twelve unpacked runs."""
    return import_runs(min3p_data / "runs", min3p_data / "parameters_dev.csv")


def test_imported_runs_are_those_that_others_packed(imported: xr.Dataset, ensemble_dev: xr.Dataset) -> None:
    """Golden: profiles, cumulative leaching and parameters of twelve runs against ensemble_dev.nc."""
    assert imported["sic"].dims == ("simulation", "year", "depth")
    assert dict(imported.sizes) == {"simulation": 12, "year": 81, "depth": 20}
    packed = ensemble_dev.sel(run=imported["simulation"].values)
    assert set(_SHORT.values()) <= set(SAME)
    for ours, theirs in _SHORT.items():
        np.testing.assert_allclose(imported[ours], packed[theirs], rtol=6.5e-8, err_msg=ours)
    np.testing.assert_allclose(imported["sic"], packed["SIC"] * SIC_RATIO, rtol=2e-6, atol=1e-12)
    for ours, theirs in (("ca", "Ca"), ("no3", "NO3"), ("dic", "DIC")):
        np.testing.assert_allclose(imported[f"{ours}_leached"], packed[f"leach_{theirs}_cum"], rtol=1e-12)
    np.testing.assert_allclose(imported["N_leached_molm2yr"], packed["N_leached_molm2yr"], rtol=5e-8)
    assert imported["scenario"].values.tolist() == packed["scenario"].values.tolist()


def test_nitrogen_leached_is_what_infiltrated(imported: xr.Dataset) -> None:
    """Nitrate is inert: over 80 years a column leaches what entered, but for what was and is in its water."""
    both = imported["no3_infiltrated"][:, -1] * 2
    constant = imported["scenario"].values == "constant"
    leached = imported["no3_leached"][:, -1]
    assert constant.sum() >= 3
    np.testing.assert_allclose(leached[constant], both[constant], rtol=0.02, atol=1e-3)


def test_words_and_units_of_the_table_come_along(imported: xr.Dataset) -> None:
    """From its ``#`` lines."""
    assert imported["drainage_mm_yr"].attrs["units_in_table"] == "mm/yr"
    assert "steady downward water flux" in imported["drainage_mm_yr"].attrs["long_name"]
    assert imported["sic"].attrs["units"] == "kg m-2"
    assert "m0002: in the table only, no run" in imported.attrs["excluded"]


def test_runs_that_cannot_be_used_are_left_out_by_name(
    min3p_data: Path, awkward: Path, tmp_path: Path
) -> None:
    """Aborted, unbalanced, of other years, without a row, and what lies in failed/."""
    shutil.copytree(min3p_data / "runs" / "m0279", tmp_path / "m0279")
    shutil.copytree(awkward / "08_aborted_run", tmp_path / "x_abort")
    shutil.copytree(awkward / "09_mass_balance_error", tmp_path / "x_badmae")
    shutil.copytree(min3p_data / "full_output_examples" / "m0006", tmp_path / "x_years")
    shutil.copytree(min3p_data / "full_output_examples" / "m0048", tmp_path / "x_row")
    (tmp_path / "failed" / "x").mkdir(parents=True)
    table = pd.DataFrame({"a": 1.0}, index=["m0279", "x_abort", "x_badmae", "x_years"])
    ensemble = import_runs(tmp_path, table)
    assert ensemble["simulation"].values.tolist() == ["m0279"]
    assert [reason.partition(":")[0] for reason in ensemble.attrs["excluded"]] == [
        "x_abort",
        "x_badmae",
        "x_row",
        "x_years",
    ]
    told = " | ".join(ensemble.attrs["excluded"])
    for reason in (
        "x_abort: not complete: MIN3P gave up",
        "x_badmae: mass balance of ca+2",
        "x_row: has no row in the table",
        "x_years: its time is not that of the runs before it",
    ):
        assert reason in told


def test_a_folder_without_a_usable_run_is_refused(awkward: Path, tmp_path: Path) -> None:
    """With the first reason; also a folder that is none."""
    table = pd.DataFrame({"a": 1.0}, index=["08_aborted_run"])
    with pytest.raises(SimulationError, match="no run can be used; first: 01_truncated: has no row"):
        import_runs(awkward, table)
    with pytest.raises(SimulationError, match="it holds no folder with MIN3P output"):
        import_runs(tmp_path, table)
    with pytest.raises(SimulationError, match="is no folder"):
        import_runs(tmp_path / "no", table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as a table"),
        ("run,a\nm1,1\nm1,2\n", "names run m1 twice"),
        (None, "cannot be read"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    """Empty, ambiguous, absent."""
    path = tmp_path / "table.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SimulationError, match=message):
        read_parameters(path)
