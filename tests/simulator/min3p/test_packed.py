"""Law: packed runs are the raw runs that they were made of, and what cannot be stacked is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p import import_runs
from eurosic.simulator.min3p.design import design_from_row
from eurosic.simulator.min3p.packed import read_packed

_PROFILES = ("SIC", "pH", "pCO2", "Ca", "NO3", "DIC", "alkalinity", "NH4", "H_saturation", "Ca_saturation")
_SERIES = ("Ca", "NO3", "DIC", "alkalinity", "NH4")


def made(names: list[str], *, factors: tuple[float, ...] = (1.0, 1.0, 0.5)) -> xr.Dataset:
    """Return a packed file's content: two volumes, years 0 to 2, every value 1."""
    runs, years = len(names), len(factors)
    variables = {name: (("run", "time", "depth"), np.ones((runs, years, 2))) for name in _PROFILES}
    series = [f"leach_{name}_cum" for name in _SERIES] + ["input_N_cum", "nitrified_cum"]
    variables |= {name: (("run", "time"), np.ones((runs, years))) for name in series}
    variables["n_factor"] = (("run", "time"), np.tile(np.float32(factors), (runs, 1)))
    coords = {
        "run": names,
        "time": np.arange(years, dtype=float),
        "depth": [0.5, 1.5],
        "layer_top": ("depth", [0.0, 1.0]),
        "layer_bottom": ("depth", [1.0, 2.0]),
        "layer_thickness": ("depth", [1.0, 1.0]),
        "clay_pct": ("run", np.arange(runs, dtype=float), {"units": "%", "long_name": "clay"}),
    }
    return xr.Dataset(variables, coords)


def write(dataset: xr.Dataset, path: Path) -> Path:
    """Write a packed file."""
    dataset.to_netcdf(path)
    return path


# By hand.


def test_a_factor_holds_from_the_year_after_which_it_changed(tmp_path: Path) -> None:
    """The year that ends at 2 has half: from year 1 on. Single precision prints as it was written."""
    path = write(made(["a"], factors=(1.0, 1.0, 0.7)), tmp_path / "a.nc")
    assert read_packed([path])["nfactor_trajectory"].values.tolist() == ["0:1.0 1:0.7"]


def test_files_stand_one_after_another(tmp_path: Path) -> None:
    """In the order given, with the words of their parameters."""
    files = [write(made(names), tmp_path / f"{names[0]}.nc") for names in (["a", "b"], ["c"])]
    runs = read_packed(files)
    assert runs["simulation"].values.tolist() == ["a", "b", "c"]
    assert runs["clay_pct"].values.tolist() == [0.0, 1.0, 0.0]
    assert runs["clay_pct"].attrs == {"units_in_table": "%", "long_name": "clay"}
    assert dict(runs.sizes) == {"simulation": 3, "year": 3, "depth": 2}


def test_an_axis_may_stand_anywhere(tmp_path: Path) -> None:
    """Dimensions are found by their names."""
    content = made(["a", "b"])
    content["pH"] = content["pH"] * xr.DataArray([6.0, 7.0], dims="depth")
    turned = write(content.transpose("depth", "time", "run"), tmp_path / "t.nc")
    xr.testing.assert_equal(read_packed([turned]), read_packed([write(content, tmp_path / "s.nc")]))


def test_a_balance_wants_all_that_is_more(tmp_path: Path) -> None:
    """Where one file lacks the exchanger, none of what goes with it is held."""
    less = write(made(["b"]).drop_vars("H_saturation"), tmp_path / "b.nc")
    runs = read_packed([write(made(["a"]), tmp_path / "a.nc"), less])
    assert not {"hydrogen_saturation", "calcium_saturation", "alkalinity_leached"} & set(runs.data_vars)
    assert {"sic", "ca_leached", "clay_pct"} <= set(runs.data_vars)


def test_runs_without_numbers_are_left_out_by_name(tmp_path: Path) -> None:
    """The run, and the variable in which it lacks a value."""
    content = made(["a", "b"])
    content["pH"][1, 2, 0] = np.nan
    runs = read_packed([write(content, tmp_path / "a.nc")])
    assert runs["simulation"].values.tolist() == ["a"]
    assert runs.attrs["excluded"] == ["b: has no value in ph"]


# Golden.


def test_packed_runs_are_the_raw_ones(min3p_data: Path) -> None:
    """Twelve raw runs beside ensemble_dev.nc: profiles, leaching, parameters, in the same words."""
    raw = import_runs(min3p_data / "runs", min3p_data / "parameters_dev.csv")
    packed = read_packed([min3p_data / "ensemble_dev.nc"]).sel(simulation=raw["simulation"].values)
    assert {str(name) for name in raw.data_vars} - set(packed.data_vars) == {
        "ca_infiltrated", "no3_infiltrated", "dic_infiltrated",
    }  # fmt: skip
    for name in ("ph", "pco2", "ca", "no3", "dic", "ca_leached", "no3_leached", "dic_leached"):
        np.testing.assert_allclose(packed[name], raw[name], rtol=1e-7, err_msg=name)
    # The files were packed with a molar volume of calcite that differs by 3e-5, and of carbon by 2e-5.
    np.testing.assert_allclose(packed["sic"], raw["sic"], rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(packed["drainage_mm_yr"], raw["drainage_mm_yr"], rtol=1e-6)


def test_factors_are_those_of_the_tables(min3p_data: Path) -> None:
    """Every run of both files: the nitrogen of every year is that of the decks."""
    runs = read_packed([min3p_data / f"ensemble_{part}.nc" for part in ("dev", "extra")])
    tables = [
        pd.read_csv(min3p_data / f"parameters_{part}.csv", comment="#", index_col=0)
        for part in ("dev", "extra")
    ]
    rows = pd.concat(tables).loc[runs["simulation"].values]
    assert len(rows) == 774
    for name, told in zip(rows.index, runs["nfactor_trajectory"].values, strict=True):
        row = rows.loc[name].to_dict()
        ours = design_from_row({**row, "nfactor_trajectory": told})
        theirs = design_from_row(row)
        factors = [(ours.factor(year), theirs.factor(year)) for year in range(80)]
        np.testing.assert_allclose(*np.array(factors).T, rtol=1e-6, err_msg=name)


# Refusals.


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """No NetCDF, no file, and no file given."""
    (tmp_path / "text.nc").write_text("not NetCDF")
    with pytest.raises(SimulationError, match="cannot be read as packed runs"):
        read_packed([tmp_path / "text.nc"])
    with pytest.raises(SimulationError, match="cannot be read as packed runs"):
        read_packed([tmp_path / "absent.nc"])
    with pytest.raises(SimulationError, match="wanted at least one NetCDF file"):
        read_packed([])


def test_what_is_absent_is_named(tmp_path: Path) -> None:
    """All of it at once."""
    path = write(made(["a"]).drop_vars(["SIC", "n_factor"]), tmp_path / "a.nc")
    with pytest.raises(SimulationError, match="holds no SIC, n_factor"):
        read_packed([path])


def test_runs_of_other_grids_or_years_are_not_stacked(tmp_path: Path) -> None:
    """The axis is named."""
    first = write(made(["a"]), tmp_path / "a.nc")
    longer = write(made(["b"], factors=(1.0, 1.0, 1.0, 1.0)), tmp_path / "b.nc")
    with pytest.raises(SimulationError, match="another year than the file before it"):
        read_packed([first, longer])
    moved = made(["c"]).assign_coords(layer_bottom=("depth", [1.1, 2.0]))
    with pytest.raises(SimulationError, match="another layer_bottom"):
        read_packed([first, write(moved, tmp_path / "c.nc")])


def test_a_run_in_two_files_is_refused(tmp_path: Path) -> None:
    """It would train and test."""
    files = [write(made(names), tmp_path / f"{i}.nc") for i, names in enumerate((["a", "b"], ["b"]))]
    with pytest.raises(SimulationError, match="name run b twice"):
        read_packed(files)


def test_files_in_which_nothing_can_be_used_are_refused(tmp_path: Path) -> None:
    """Every run lacks a value."""
    path = write(made(["a"]) * np.nan, tmp_path / "a.nc")
    with pytest.raises(SimulationError, match="holds no"):
        read_packed([path])
