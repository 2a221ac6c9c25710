"""Law: every output of a real run is in the Dataset, equal to print precision, and what is wrong with it is said."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from eurosic.base.errors import SimulationError
from eurosic.base.units import parse_unit
from eurosic.simulator.min3p import Min3pWarning, read_min3p, read_spatial
from eurosic.simulator.min3p.profiles import MOLAR_VOLUME_CALCITE

# name in ensemble_dev.nc -> ours
SAME = {
    "calcite_volume_fraction": "volume_fraction_calcite",
    "pH": "ph",
    "pCO2": "pressure_co2_g",
    "Ca": "total_ca_2p",
    "Mg": "total_mg_2p",
    "NO3": "total_no3_1m",
    "NH4": "total_nh4_1p",
    "DIC": "total_co3_2m",
    "alkalinity": "alk",
}
# m3 mol-1; MIN3P's database gives calcite 100.0894 g/mol and 2.71 g/cm3, the ensemble was packed with 36.933.
MIN3P_MOLAR_VOLUME = 100.0894e-6 / 2.71
SIC_RATIO = 36.933e-6 / MOLAR_VOLUME_CALCITE


def quietly(path: Path) -> tuple[xr.Dataset, list[str]]:
    """Return a run and the warnings that Python showed."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        return read_min3p(path), [str(warning.message) for warning in shown]


def check_against_ensemble(run: xr.Dataset, packed: xr.Dataset) -> None:
    """Assert that a run equals what others packed of it, in float32 where they did."""
    for theirs, ours in SAME.items():
        np.testing.assert_allclose(run[ours], packed[theirs], rtol=6.5e-8, atol=0, err_msg=theirs)
    np.testing.assert_allclose(run["sic"], packed["SIC"] * SIC_RATIO, rtol=2e-6, atol=1e-12)
    for axis in ("depth", "layer_top", "layer_bottom", "layer_thickness"):
        np.testing.assert_allclose(run[axis], packed[axis], atol=1e-5, err_msg=axis)
    for theirs, component in (
        ("leach_Ca_cum", "ca+2"),
        ("leach_NO3_cum", "no3-1"),
        ("leach_DIC_cum", "co3-2"),
    ):
        leached = run["balance_total_mass_outflux"].sel(component=component)
        steps = np.searchsorted(run["balance_time"], run["time"][1:] * (1 + 1e-7), side="right") - 1
        np.testing.assert_allclose(leached.values[steps], packed[theirs][1:], rtol=1e-12)


def test_a_run_equals_what_others_read_of_it(min3p_data: Path, ensemble_dev: xr.Dataset) -> None:
    """Golden: twelve runs against ensemble_dev.nc, profiles to float32, cumulative fluxes to the last digit."""
    runs = sorted(path for path in (min3p_data / "runs").iterdir())
    assert len(runs) == 12
    for path in runs:
        run, shown = quietly(path)
        assert shown == []
        assert (run.attrs["complete"], run.attrs["balance"], run.attrs["stopped_at"]) == (1, "ok", 80.0)
        check_against_ensemble(run, ensemble_dev.sel(run=path.name))


def test_calcite_is_the_same_in_three_files(min3p_data: Path) -> None:
    """SIC from .gsv is MIN3P's own mass of calcite (_o.mms), and its loss is the Ca that dissolved (.mac)."""
    run, _ = quietly(min3p_data / "full_output_examples" / "m0006")
    stock = run["sic"].sum("depth") / 0.012011 / (MIN3P_MOLAR_VOLUME / MOLAR_VOLUME_CALCITE)
    steps = np.searchsorted(run["system_time"], run["time"] * (1 + 1e-7), side="right") - 1
    np.testing.assert_allclose(stock, run["mass_mineral_calcite"][steps], rtol=3e-6)
    dissolved = run["balance_total_source_sink_from_mineral_phase"].sel(component="ca+2")[-1]
    assert float(stock[0] - stock[-1]) == pytest.approx(float(dissolved), rel=1e-4)


def test_every_kind_of_output_is_read_with_a_unit(min3p_data: Path) -> None:
    """A run with every file that MIN3P wrote: all kinds, all dimensions, all units known to UDUNITS."""
    folder = min3p_data / "full_output_examples" / "m0006"
    run, shown = quietly(folder)
    assert shown == []
    assert dict(run.sizes) == {
        "time": 7, "depth": 20, "location": 1, "location_time": 5, "system_time": 375, "face_depth": 19,
        "balance_time": 374, "component": 11, "mineral": 3, "gas": 1, "reaction": 1,
    }  # fmt: skip
    read = {path.suffix for path in folder.iterdir()} & {f.attrs.get("min3p_file") for f in run.values()}
    wanted = {
        f".{ext}" for ext in ("gsb", "gsc", "gsd", "gsg", "gsi", "gsm", "gsp", "gss", "gst", "gsv", "vel")
    }
    wanted |= {f".{ext}" for ext in ("gbb", "gbc", "gbd", "gbg", "gbi", "gbm", "gbs", "gbt", "gbv")}
    wanted |= {
        f".{ext}"
        for ext in ("mac", "mae", "mgc", "mic", "mmc", "mas", "mgs", "mms", "mss", "mvc", "mve", "mvs", "hyc")
    }
    assert read == wanted
    for name, variable in run.variables.items():
        if variable.dtype.kind == "f":
            parse_unit(variable.attrs["units"], str(name))
    assert run["total_ca_2p"].attrs["units"] == "mol L-1"
    assert run["sorbed_ca_x_na"].attrs == {
        "long_name": "sorbed species: ca-x(na)",
        "min3p_name": "ca-x(na)",
        "min3p_file": ".gsb",
        "units": "cmol kg-1",
        "min3p_unit": "meq/100g",
    }
    assert float(run["vz"][0]) == -6.192788e-4
    assert (float(run["face_depth"][0]), float(run["location_depth"][0])) == (pytest.approx(0.01), 2.0)
    assert run.attrs["min3p_version"] == "2.6.2.880"
    assert len(run.attrs["deck_digest"]) == 64


def test_every_table_of_every_unpacked_run_is_read(min3p_data: Path) -> None:
    """Nothing that MIN3P wrote as a table is passed over; the rest are echoes of input (.psp, .dbs, .gen, .aqt)."""
    folders = [
        path
        for part in ("full_output_examples", "rejected_examples")
        for path in (min3p_data / part).iterdir()
    ]
    assert len(folders) == 5
    for folder in folders:
        run, _ = quietly(folder)
        tables = [
            path
            for path in folder.iterdir()
            if path.suffix[1:] not in ("dat", "fls", "psp", "dbs", "gen", "aqt")
        ]
        assert (run.attrs["files_read"], run.attrs["files_left_out"]) == (len(tables), 0), folder.name


def test_a_run_can_be_written_as_netcdf(min3p_data: Path, tmp_path: Path) -> None:
    """Names and attributes are such that NetCDF takes them, and gives the same back."""
    run, _ = quietly(min3p_data / "full_output_examples" / "m0048")
    run.to_netcdf(tmp_path / "run.nc")
    again = xr.load_dataset(tmp_path / "run.nc")
    xr.testing.assert_equal(run, again)


def test_only_the_kinds_asked_for_are_read(min3p_data: Path) -> None:
    """Two kinds of a run with twenty."""
    run = read_min3p(min3p_data / "runs" / "m0279" / "m0279.dat", kinds=("gsv", "mac"))
    assert {
        variable.attrs.get("min3p_file") for variable in run.values() if "min3p_file" in variable.attrs
    } == {
        ".gsv",
        ".mac",
    }


def test_case_01_a_truncated_file_gives_no_value(awkward: Path) -> None:
    """Cut inside a number: refused alone."""
    with pytest.raises(SimulationError, match=r"m0005_10.gst, line 16.*ends after 13 rows.*wanted 20 rows"):
        read_min3p(awkward / "01_truncated")


def test_case_01_in_a_run_is_left_out_and_said(min3p_data: Path, tmp_path: Path) -> None:
    """A run with one file cut: the rest is read, the time is NaN for that kind, and the run is not complete."""
    source = min3p_data / "runs" / "m0279"
    for path in [*source.glob("*_[0-3].gs?"), source / "m0279.dat", source / "m0279_1.mac"]:
        shutil.copyfile(path, tmp_path / path.name)
    cut = tmp_path / "m0279_2.gst"
    cut.write_bytes(cut.read_bytes()[:-400])
    run, shown = quietly(tmp_path)
    assert np.isnan(run["total_ca_2p"].sel(time=2.0)).all()
    assert np.isfinite(run["ph"].sel(time=2.0)).all()
    assert (run.attrs["complete"], run.attrs["files_left_out"]) == (0, 1)
    assert "m0279_2.gst, line" in shown[0]
    with pytest.raises(SimulationError, match=r"m0279_2\.gst"):
        read_min3p(tmp_path, strict=True)


def test_case_02_legacy_names_are_one_run(awkward: Path) -> None:
    """Prefix soil, outputs 0, 1, 2; without a deck it is not known to be complete."""
    run, _ = quietly(awkward / "02_legacy_names")
    assert run["time"].values.tolist() == [0.0, 1.0, 2.0]
    assert run["component"].values.tolist() == ["ca+2"]
    assert {"total_ca_2p", "ph", "mass_aqueous_ca_2p"} <= set(run)
    assert run.attrs["min3p_prefix"] == "soil"
    assert (run.attrs["complete"], run.attrs["complete_why"][:16]) == (0, "there is no deck")


def test_case_03_a_dropped_letter_is_an_exponent(awkward: Path) -> None:
    """2.645720-015 and 1.234567-101, each in its column."""
    run, _ = quietly(awkward / "03_exponent_without_E")
    assert float(run["total_nh4_1p"][0, -1]) == 2.645720e-15
    assert float(run["total_h_1p"][0, -1]) == 1.234567e-101


@pytest.mark.parametrize("case", ["04_D_exponent_uppercase_crlf", "05_wrapped_variables"])
def test_cases_04_and_05_are_the_plain_file(awkward: Path, case: str) -> None:
    """D exponents, capitals, a comment, CRLF; names over three lines: the values of the other case."""
    run, _ = quietly(awkward / case)
    plain, _ = quietly(awkward / "03_exponent_without_E")
    assert len([v for v in run.values() if v.attrs.get("min3p_file") == ".gst"]) == 11
    for name in plain:
        differs = plain[name] != run[name]
        assert int(differs.sum()) == (1 if name == "total_h_1p" else 0)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "06_binary_tdv102",
            "binary Tecplot file.*wanted ASCII output.*Run MIN3P again without 'use binary format'",
        ),
        ("07_empty_and_header_only", "m0005_10.gst: is empty"),
        ("11_stars_nan_short_row", "m0005_10.gst, line 13: the row holds 12 numbers; wanted 14"),
        ("14_gap_and_other_grid", "at 6 years: has 19 volumes.* than the 20 .*wanted one grid in a run"),
        ("15_bad_decks", "holds 2 runs: cut, odd"),
    ],
)
def test_cases_06_07_11_14_15_are_refused_in_words(awkward: Path, case: str, message: str) -> None:
    """Binary, empty, a short row, another grid, decks without output."""
    with pytest.raises(SimulationError, match=message):
        read_min3p(awkward / case)


def test_case_07_a_header_without_rows_is_no_empty_table(awkward: Path) -> None:
    """The second file of the case."""
    path = awkward / "07_empty_and_header_only" / "m0005_11.gst"
    with pytest.raises(SimulationError, match="line 3: the zone has no rows; wanted 20 rows"):
        read_spatial(path.read_bytes(), path.name)


def test_case_08_an_aborted_run_is_said_to_be_one(awkward: Path) -> None:
    """Stopped at 25.7 of 80 years: four of seven outputs, read, and not complete; also where the log is lost."""
    run, shown = quietly(awkward / "08_aborted_run")
    assert run["time"].values.tolist() == [0.0, 5.0, 10.0, 20.0]
    assert run.attrs["complete"] == 0
    assert run.attrs["stopped_at"] == pytest.approx(25.70463)
    assert "MIN3P gave up at 25.70463 years (abort.log: failure in timeloop)" in shown[0]


def test_case_08_without_its_log_is_known_by_the_deck(awkward: Path, tmp_path: Path) -> None:
    """The deck asks for 80 years."""
    for path in (awkward / "08_aborted_run").iterdir():
        if path.suffix != ".log":
            shutil.copyfile(path, tmp_path / path.name)
    run, _ = quietly(tmp_path)
    assert run.attrs["complete_why"] == "it should go to 80 years and stopped at 25.70463"


def test_case_09_a_lost_balance_is_said(awkward: Path) -> None:
    """164 % of the system's mass, 1.42 mol, 2.0 % of the throughput of Ca: complete, and failed."""
    run, shown = quietly(awkward / "09_mass_balance_error")
    assert (run.attrs["complete"], run.attrs["balance"]) == (1, "failed")
    calcium = run.sel(component="ca+2")
    assert float(calcium["balance_error"]) == pytest.approx(1.422, abs=5e-4)
    assert float(calcium["balance_share"]) == pytest.approx(0.0203, abs=5e-5)
    assert float(calcium["balance_share_of_mass"]) == pytest.approx(1.642, abs=5e-4)
    assert "mass balance of ca+2: error 1.42 mol, 2.03% of the 70.17 mol that passed" in shown[0]


def test_a_run_rejected_by_its_mae_alone_passes_by_throughput(min3p_data: Path) -> None:
    """m0032: -4.85 % of a system that is nearly empty of Ca is 0.02-0.08 % of what passed."""
    run, _ = quietly(min3p_data / "rejected_examples" / "m0032")
    calcium = run.sel(component="ca+2")
    assert float(calcium["balance_share_of_mass"]) > 0.04
    assert float(calcium["balance_share"]) < 1e-3
    assert run.attrs["balance"] == "ok"


def test_case_10_both_balances_have_28_columns(awkward: Path) -> None:
    """Without the first quote, and without any header: the same names."""
    run, _ = quietly(awkward / "10_mac_quirks")
    assert run["component"].values.tolist() == ["ca+2", "component 7"]
    columns = [name for name in run if str(name).startswith("balance_")]
    assert len([name for name in columns if "balance_time" in run[name].dims]) == 28
    assert float(run["balance_mass_influx"].sel(component="component 7")[0]) == 9.935104e-4


def test_case_11_stars_and_nan_are_nan_with_a_warning(awkward: Path, tmp_path: Path) -> None:
    """With the short row mended, the other two faults are NaN, each told with line and column."""
    lines = (awkward / "11_stars_nan_short_row" / "m0005_10.gst").read_text().splitlines(keepends=True)
    lines[12] = lines[12].rstrip() + "  1.0E-005  1.0E-003\n"
    (tmp_path / "m0005_10.gst").write_text("".join(lines))
    run, _ = quietly(tmp_path)
    notes = run.attrs["warnings"]
    assert notes[0] == "m0005_10.gst, line 9, column 7: ************* read as NaN"
    assert notes[1] == "m0005_10.gst, line 11, column 6: NaN read as NaN"
    assert int(np.isnan(run["total_na_1p"]).sum()) == int(np.isnan(run["total_k_1p"]).sum()) == 1


def test_case_12_three_zones_are_three_times(awkward: Path) -> None:
    """Not sixty rows of one."""
    run, _ = quietly(awkward / "12_multi_zone")
    assert run["ph"].shape == (3, 20)
    assert run["time"].values.tolist() == [0.0, 5.0, 10.0]


def test_case_13_breakthrough_is_a_series_of_a_place(awkward: Path) -> None:
    """Volumes 1 (bottom) and 20 (top) against time, with depths from the deck's column."""
    run, _ = quietly(awkward / "13_gb_transient")
    assert run["at_total_ca_2p"].dims == ("location", "location_time")
    assert run["location_volume"].values.tolist() == [1, 20]
    assert run["location_depth"].values.tolist() == [2.0, 0.0]
    assert float(run["at_total_ca_2p"][1, 0]) == 3.868476e-3


def test_case_14_times_come_from_the_zones(awkward: Path, tmp_path: Path) -> None:
    """Without the file of another grid: 0, 1, 2, 4, 5 years, and the gap is said."""
    for path in (awkward / "14_gap_and_other_grid").iterdir():
        if "_6" not in path.name:
            shutil.copyfile(path, tmp_path / path.name)
    run, shown = quietly(tmp_path)
    assert run["time"].values.tolist() == [0.0, 1.0, 2.0, 4.0, 5.0]
    assert ".gsv number 3 is missing" in shown[0]


def test_a_run_that_is_to_be_doubted_warns_once(awkward: Path) -> None:
    """One Python warning a run, of a kind that can be filtered."""
    with pytest.warns(Min3pWarning, match="badmae: mass balance"):
        read_min3p(awkward / "09_mass_balance_error")
