"""Law: what MIN3P runs say of states and passages closes their balances, and is what the runs' own files say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import eurosic
from eurosic.base.errors import TrainingError
from eurosic.base.flags import Regime
from eurosic.base.simulations import SCHEMA
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.cli import main
from eurosic.emulator.data import Lesson, Split
from eurosic.emulator.train import TrainingOptions, train_member
from eurosic.simulator.min3p import import_runs
from eurosic.simulator.min3p.design import ColumnDesign, design_from_row
from eurosic.simulator.min3p.packed import read_packed
from eurosic.workflow.lesson import open_lesson
from eurosic.workflow.min3p_import import import_ensemble, import_packed
from eurosic.workflow.min3p_profiles import calcareous_volumes, profiles_of, targets_of

YEAR = 365.0 / 365.25


@pytest.fixture(scope="module")
def min3p(shared_data: Path) -> Path:
    """Folder of the MIN3P runs."""
    return shared_data / "min3p"


@pytest.fixture(scope="module")
def packed(min3p: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ensemble made of the 300 packed development runs by one command."""
    out = tmp_path_factory.mktemp("packed") / "dev.zarr"
    done = CliRunner().invoke(main, ["ensemble", "import", str(min3p / "ensemble_dev.nc"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "300 simulations, 0 left out" in done.output
    return out


@pytest.fixture(scope="module")
def dev(packed: Path) -> xr.Dataset:
    """Its content."""
    return eurosic.open_ensemble(packed).load()


@pytest.fixture(scope="module")
def raw(min3p: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ensemble made of twelve raw runs."""
    out = tmp_path_factory.mktemp("raw") / "raw.zarr"
    return import_ensemble(min3p / "runs", min3p / "parameters_dev.csv", out).path


def column(**changed: float) -> ColumnDesign:
    """Return a column of which nothing but what is named matters."""
    values: dict[str, float] = {
        "temperature": 10, "drainage": 365.25, "calcite_top": 1, "calcite_sub": 1, "decalcified_depth": 0,
        "ph_decalcified": 6, "bulk_density": 1.0, "porosity": 0.5, "air_porosity": 0.2, "cec_top": 10, "cec_sub": 10,
        "respiration": 400, "respiration_depth": 0.3, "co2_diffusivity": 1.5e-5, "nitrate_leached": 0.0,
        "acid_sulphate": 0.0, "nitrification": 1e-6, "deposition_ca": 0.0, "deposition_mg": 0.0,
        "deposition_k": 0.0, "deposition_na": 0.0, "deposition_so4": 0.0,
    }  # fmt: skip
    return ColumnDesign(**(values | changed))


def runs_of(sic: np.ndarray, calcium: np.ndarray, leached: np.ndarray) -> xr.Dataset:
    """Return one run of twenty volumes of 0.1 m: SIC and calcium ``(year, volume)``, calcium leached ``(year,)``."""
    limits = np.round(np.linspace(0.0, 2.0, 21), 6)
    one = np.ones_like(sic)
    profiles = {"sic": sic, "ca": calcium, "ph": 7 * one, "pco2": 0.01 * one, "no3": 0 * one, "dic": 0 * one}
    series = {f"{name}_leached": np.zeros(len(sic)) for name in ("no3", "dic")} | {"ca_leached": leached}
    return xr.Dataset(
        {name: (("simulation", "year", "depth"), values[None]) for name, values in profiles.items()}
        | {name: (("simulation", "year"), values[None]) for name, values in series.items()},
        coords={
            "year": np.arange(len(sic)),
            "depth": (limits[1:] + limits[:-1]) / 2,
            "layer_top": ("depth", limits[:-1]),
            "layer_bottom": ("depth", limits[1:]),
            "layer_thickness": ("depth", np.diff(limits)),
        },
    )


# By hand.


def test_a_volume_is_calcareous_above_a_hundredth_of_a_percent():
    """0.1 m at 1 g cm-3 is 100 kg m-2 of earth: 10 g of carbonate, 1.2 g of carbon, are the limit."""
    limit = 0.010 * MOLAR_MASS_C / MOLAR_MASS_CACO3
    sic = np.tile([0.99 * limit, 1.01 * limit, *[0.0] * 18], (2, 1))
    runs = runs_of(sic, np.zeros((2, 20)), np.zeros(2))
    assert calcareous_volumes(runs, [column()])[0, 0, :3].tolist() == [0.0, 1.0, 0.0]
    # Twice the earth, and the second holds too little.
    assert not calcareous_volumes(runs, [column(bulk_density=2.0)]).any()


@pytest.mark.parametrize(
    ("bare", "regime", "depth"),
    [
        (0, Regime.BUFFERED, 0.0),
        (1, Regime.BUFFERED, 0.1),
        (2, Regime.FRONT, 0.2),
        (20, Regime.DEPLETED, 2.0),
    ],
)
def test_a_front_passes_from_buffered_to_depleted(bare: int, regime: Regime, depth: float):
    """Of three volumes in 0-30 cm two are more than half of it, one is less; none in 2 m is none."""
    sic = np.ones((2, 20))
    sic[:, :bare] = 0.0
    targets = targets_of(runs_of(sic, np.zeros((2, 20)), np.zeros(2)), [column()])
    assert targets["regime"][0].tolist() == [regime, regime]
    np.testing.assert_allclose(targets["decalcification_depth"], depth)


def test_calcium_passes_at_its_concentration():
    """1 mmol a litre in 365.25 mm, in years of 365 days: 0.365 mol; a limit amid a volume takes half of each side."""
    calcium = np.full((3, 20), 1e-3)
    calcium[:, 0] = 2e-3
    runs = runs_of(np.ones((3, 20)), calcium, np.array([0.0, 0.4, 0.9]))
    flux = profiles_of(runs, [column(deposition_ca=0.1)])["calcium_flux"]
    assert np.isnan(flux[0, 0]).all()
    surface = 0.1 * YEAR
    np.testing.assert_allclose(flux[0, 1, 0], (surface + 0.730) / 2)  # 5 cm: the middle of the first volume
    np.testing.assert_allclose(flux[0, 1, 1], (0.730 + 0.365) / 2)  # 15 cm
    np.testing.assert_allclose(flux[0, 1, 2:5], 0.365)
    np.testing.assert_allclose(flux[0, 1:, 5], [0.4, 0.5])  # what left the column is on record


def test_what_min3p_keeps_of_a_mineral_that_is_gone_is_none():
    """1e-8 kg m-2 of carbon in a volume is no carbonate; 1e-4 is."""
    sic = np.tile([1e-8, 1e-8, 1e-4, *[0.0] * 17], (2, 1))
    profiles = profiles_of(runs_of(sic, np.zeros((2, 20)), np.zeros(2)), [column()])
    np.testing.assert_allclose(profiles["sic"][0, 0], [0, 0, 1e-4, 0, 0, 0])


# Laws.


@given(st.lists(st.floats(0.0, 5.0), min_size=20, max_size=20))
def test_shares_are_those_of_the_depths(stocks: list[float]):
    """Calcareous shares, weighted by thickness, are those of the volumes; carbonate sums to the column's."""
    runs = runs_of(np.tile(stocks, (2, 1)), np.zeros((2, 20)), np.zeros(2))
    profiles = profiles_of(runs, [column()])
    thick = np.array([bottom - top for top, bottom in STANDARD_DEPTHS])
    np.testing.assert_allclose(
        profiles["calcareous_share"][0] @ thick, calcareous_volumes(runs, [column()])[0].mean(axis=1) * 2.0
    )
    np.testing.assert_allclose(profiles["sic"][0].sum(axis=1), sum(stocks))


# Golden: the runs' own words.


def test_regimes_and_depths_are_those_of_the_runs(dev: xr.Dataset, min3p: Path):
    """300 regimes at year 80; depths of every year, but for volumes that stand at the limit in single precision."""
    with xr.open_dataset(min3p / "ensemble_dev.nc") as theirs:
        words = [Regime(int(code)).name.lower() for code in dev["regime"][:, -1]]
        assert words == theirs["regime"].values.tolist()
        depth = theirs["decalcification_depth"].transpose("run", "time")
        off = np.abs(dev["decalcification_depth"].to_numpy() - depth.to_numpy())
    assert (off > 1e-5).mean() < 1e-4


def test_calcium_closes_in_every_column(dev: xr.Dataset):
    """Over 80 years, dissolved + deposited - stored is what the run says has left, to 0.05 %."""
    dissolved = -np.diff(dev["sic"], axis=1).sum(axis=(1, 2)) / MOLAR_MASS_C
    stored = dev["calcium_store"][:, -1].sum("depth") - dev["calcium_store"][:, 0].sum("depth")
    deposited = 80 * YEAR * dev["design_dep_Ca_molm2yr"]
    left = dev["calcium_flux"][:, 1:, -1].sum("year")
    np.testing.assert_allclose(dissolved + deposited - stored, left, rtol=5e-4)


def test_charge_closes_in_every_column(dev: xr.Dataset):
    """Two a calcite, less acid that entered, less what is stored: 99 of 100 columns to 1.5 % of the calcium's."""
    dissolved = -np.diff(dev["sic"], axis=1).sum(axis=(1, 2)) / MOLAR_MASS_C
    stored = dev["alkalinity_store"][:, -1].sum("depth") - dev["alkalinity_store"][:, 0].sum("depth")
    acid = YEAR * (dev["nitrate_leached"] + dev["acid_extra"])[:, 1:].sum("year")
    rain = 80 * YEAR * 3e-6 * dev["drainage"][:, 0]
    left = dev["alkalinity_flux"][:, 1:, -1].sum("year")
    error = np.abs(2 * dissolved - acid - rain - stored - left) / (
        2 * dev["calcium_flux"][:, 1:, -1].sum("year")
    )
    assert float(np.quantile(error, 0.99)) < 0.015
    assert float(np.median(error)) < 0.001


def test_both_ways_to_a_flux_agree(dev: xr.Dataset, min3p: Path):
    """Concentrations of raw runs and balances of packed ones: 0.1 % at the median, 3 % in 95 of 100 years."""
    runs = import_runs(min3p / "runs", min3p / "parameters_dev.csv")
    names = runs["simulation"].values.tolist()
    rows = pd.read_csv(min3p / "parameters_dev.csv", comment="#", index_col=0).loc[names]
    designs = [design_from_row(row.to_dict()) for _, row in rows.iterrows()]
    by_water = profiles_of(runs, designs)["calcium_flux"][:, 1:]
    by_balance = dev.isel(simulation=[dev.attrs["runs"].index(name) for name in names])[
        "calcium_flux"
    ].to_numpy()[:, 1:]
    off = np.abs(by_water - by_balance) / by_balance.mean(axis=1, keepdims=True)
    assert np.median(off) < 1e-3
    assert np.quantile(off, 0.95) < 0.03


def test_saturation_falls_where_carbonate_is_gone(dev: xr.Dataset):
    """Base saturation begins at nearly 1 in calcareous depths, and has fallen in those that acid has reached."""
    start, end = dev["base_saturation"][:, 0], dev["base_saturation"][:, -1]
    calcareous = dev["calcareous_share"]
    assert float(start.where(calcareous[:, 0] == 1.0).min()) > 0.995
    assert float(end.where(calcareous[:, -1] == 0.0).min()) < 0.7
    assert ((end >= 0.0) & (end <= 1.0)).all()


def test_the_ensemble_says_what_enters(dev: xr.Dataset):
    """All at the surface; no more than three micromoles of acid a litre beside the nitrogen."""
    assert dev.attrs["acid_shares"] == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert sum(dev.attrs["lime_shares"]) == pytest.approx(1.0)
    assert dev.attrs["rain_alkalinity"] == -3e-6
    own = dev["design_dep_Ca_molm2yr"] / dev["drainage"][:, 0]
    assert float(own.min()) < dev.attrs["rain_calcium"] < float(own.max())


# What an emulator learns from them.


def test_packed_runs_teach_everything_but_the_laboratory(packed: Path):
    """Every row is known; covariates that MIN3P's columns lack are not asked for."""
    lesson = open_lesson(packed)
    assert {"calcium", "charge", "calcium_passed", "charge_passed", "calcareous"} <= set(lesson.known)
    covariates = [variable.name for variable in lesson.signature.covariates]
    assert not {"cec_ph_slope", "root_depth", "wilting_point"} & set(covariates)
    targets = [variable.name for variable in lesson.signature.targets]
    assert "ph_lab_0_30cm" not in targets
    assert {"alkalinity_leaching", "regime", "decalcification_depth"} <= set(targets)
    assert np.isfinite(lesson.anchors.features).all()
    # Depths without carbonate at the start are those that acid may have reached before it.
    saturation = lesson.columns.state[..., 1]
    assert saturation.min() < 0.95
    assert np.median(saturation) == 1.0


def test_raw_runs_teach_what_they_hold(raw: Path):
    """Neither stores nor charge; calcium that passes, and the shares."""
    lesson = open_lesson(raw)
    assert {"calcium_passed", "calcareous"} <= set(lesson.known)
    assert not {"calcium", "charge", "charge_passed"} & set(lesson.known)
    assert "alkalinity_leaching" not in [variable.name for variable in lesson.signature.targets]


def _split(lesson: Lesson) -> Split:
    order = np.arange(lesson.simulations)
    third, nothing = lesson.simulations // 3, order[:0]
    return Split(order[third:], order[:third], nothing, order[:third], nothing)


_BRIEF = TrainingOptions(width=16, context=16, steps=30, batch=8, curriculum=((1.0, 20),), checks=3)


def test_raw_runs_train_a_member(raw: Path, tmp_path: Path):
    """Roll-outs begin at the start, where alone the state is known; the loss falls."""
    lesson = open_lesson(raw)
    trained = train_member(lesson, _split(lesson), _BRIEF, member=0, checkpoint=tmp_path / "m.pt")
    losses = [validation for _, _, _, validation in trained.history]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_what_was_learnt_elsewhere_is_where_a_training_begins(packed: Path, tmp_path: Path):
    """A first step of no length leaves the weights and normalisation of before."""
    lesson = open_lesson(packed)
    first = train_member(lesson, _split(lesson), _BRIEF, member=0, checkpoint=tmp_path / "a.pt")
    still = replace(_BRIEF, steps=1, checks=1, learning_rate=1e-12)
    fewer = Split(*(part[:20] for part in vars(_split(lesson)).values()))
    checkpoint = tmp_path / "b.pt"
    again = train_member(lesson, fewer, still, member=1, checkpoint=checkpoint, initial=first.weights)
    for name, values in first.weights.items():
        np.testing.assert_allclose(again.weights[name], values, atol=1e-9, err_msg=name)
    # Its checkpoint is not that of a training that begins with nothing.
    with pytest.raises(TrainingError, match="belongs to another training"):
        train_member(lesson, fewer, still, member=1, checkpoint=checkpoint)


def test_weights_of_another_size_are_refused(packed: Path, tmp_path: Path):
    """The first of those that do not fit are named."""
    lesson = open_lesson(packed)
    wider = replace(_BRIEF, width=24, steps=3)
    first = train_member(lesson, _split(lesson), wider, member=0, checkpoint=tmp_path / "a.pt")
    with pytest.raises(TrainingError, match=r"initial weights.*another size: .*into"):
        train_member(
            lesson, _split(lesson), _BRIEF, member=0, checkpoint=tmp_path / "b.pt", initial=first.weights
        )


# Lazy, promises: the command.


def test_the_same_command_again_changes_nothing(min3p: Path, packed: Path):
    """It is finished, and stays."""
    before = (packed / "zarr.json").stat().st_mtime_ns
    assert import_packed([min3p / "ensemble_dev.nc"], packed).simulations == 300
    assert (packed / "zarr.json").stat().st_mtime_ns == before


def test_all_runs_are_one_ensemble(min3p: Path):
    """774 runs of two files, none twice."""
    runs = read_packed([min3p / "ensemble_dev.nc", min3p / "ensemble_extra.nc"])
    assert runs.sizes["simulation"] == 774
    assert set(SCHEMA) >= {"calcareous_share", "calcium_store"}


# Refusals.


@pytest.mark.parametrize("tabled", [True, False])
def test_a_table_goes_with_a_folder(tmp_path: Path, tabled: bool):
    """Packed runs hold their parameters, raw runs do not."""
    (tmp_path / "a.nc").write_bytes(b"")
    (tmp_path / "runs").mkdir()
    place = tmp_path / ("a.nc" if tabled else "runs")
    table = ["--table", str(tmp_path / "t.csv")] if tabled else []
    done = CliRunner().invoke(
        main, ["ensemble", "import", str(place), *table, "--out", str(tmp_path / "o.zarr")]
    )
    assert done.exit_code == 2
    assert ("hold their own parameters" if tabled else "wanted one folder of runs") in done.output
