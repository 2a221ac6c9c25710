"""Law: a recipe in, one ensemble out: as wide as the maps, the same however it is cut, never over another."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
from click.testing import CliRunner

import eurosic
from eurosic.base.errors import RecipeError, StoreError
from eurosic.base.flags import Regime
from eurosic.base.grid import Tile
from eurosic.base.simulations import INGREDIENTS, KINDS, SCHEMA
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES
from eurosic.cli import main
from eurosic.clusters import Profile
from eurosic.outputs.simulations import ledger_of, state_of
from eurosic.simulator.ensemble import simulate_columns
from eurosic.simulator.marginals import Kept
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.sampling import Design, sobol_design
from eurosic.simulator.trajectory_kinds import SHARES, Trajectories, draw_trajectories
from eurosic.workflow.designing import Judging, columns_of, nitrogen_of, soil_of
from eurosic.workflow.ensemble import make_ensemble, set_up_ensemble
from eurosic.workflow.min3p_import import import_ensemble, kind_of
from tests.inputs.real_europe import load_europe
from tests.make_ensemble_page import PAGE, ensemble_page

JUDGE = Judging(Kept(), millington=False)
RECIPE = """\
about: {title: Small, purpose: To try it, authors: [A. Name], references: [none2020]}
design: {size: 1100 columns, seed: 5}
years: 10 years
spin_up: 2 years
batch: 500 columns
"""


def _recipe(folder: Path, text: str = RECIPE) -> Path:
    path = folder / "ensemble.yaml"
    path.write_text(text)
    return path


class _Silent:
    """A teller that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        """Keep a line."""
        self.said.append(text)

    def progress(self, done: int, total: int) -> None:
        """Keep nothing."""


def _make(path: Path, out: Path) -> _Silent:
    tell = _Silent()
    make_ensemble(set_up_ensemble(path), out, profile=Profile(1, dashboard=":0"), tell=tell)
    return tell


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Recipe and ensemble of 1 100 columns over ten years, made by the command."""
    folder = tmp_path_factory.mktemp("ensemble")
    path, out = _recipe(folder), folder / "e.zarr"
    done = CliRunner().invoke(main, ["simulate", str(path), "--out", str(out), "--workers", "1"])
    assert done.exit_code == 0, done.output
    assert "1100 simulations over 10 years, 0 failed" in done.output
    return path, out


@pytest.fixture(scope="module")
def design():
    """2 048 columns of the design, as all recipes draw them."""
    return sobol_design(2048, seed=11, ranges={}, keep=JUDGE)


# By hand.


def _plain(**changed: float) -> Design:
    # 100 kg at an NUE of 0.6, half of what is left leaches at 60 mm, neutral forms without losses of gas.
    values = {name: np.full(1, 0.5 * (v.valid_min + v.valid_max)) for name, v in INGREDIENTS.items()}
    plain = {"mineral_n": 100.0, "manure_n": 0.0, "nue_at_100": 0.6, "gas_loss": 0.0, "volatilisation": 0.0}
    plain |= {"form_nitrate": 1.0, "form_urea": 0.0, "form_uan": 0.0, "form_sulphate": 0.0, "can_share": 0.0}
    given = {"drainage": 60.0, "deposition_nh4": 0.0, "deposition_no3": 0.0, "base_export": 0.1}
    return Design({**values, **{name: np.full(1, v) for name, v in {**plain, **given, **changed}.items()}}, 1)


def _halved() -> Trajectories:
    return Trajectories(np.zeros(1, np.int8), np.array([[1.0, 0.5]]), np.ones((1, 2)))


def test_nitrogen_that_leaches_is_counted_by_hand():
    """100 kg: 40 left, 20 leach. 50 kg: NUE 0.65, 17.5 left, 8.75 leach. 1 mol is 140.07 kg/ha."""
    found = nitrogen_of(_plain().values, _halved(), np.array([60.0]))
    np.testing.assert_allclose(found["nitrate_leached"][0] * 140.07, [20.0, 20.0, 8.75])
    np.testing.assert_allclose(found["base_cation_export"][0] * 140.07, [6.0, 6.0, 3.25])
    np.testing.assert_array_equal(found["mineral_n"][0], [100.0, 100.0, 50.0])


def test_forms_and_gas_are_counted_by_hand():
    """All ammonium sulphate brings a mole of acid besides; a fifth denitrified leaves four fifths to leach."""
    sulphate = _plain(form_nitrate=0.0, form_sulphate=2.0, gas_loss=0.2)
    found = nitrogen_of(sulphate.values, _halved(), np.array([60.0]))
    np.testing.assert_allclose(found["acid_extra"][0] * 140.07, [100.0, 100.0, 50.0])
    np.testing.assert_allclose(found["nitrate_leached"][0, 0] * 140.07, 16.0)


def test_kinds_are_known_by_their_factors():
    """As the runs of the development data name them."""
    factors = {"constant": [1, 1, 1, 1], "zero": [0, 0, 0, 0], "step": [1, 0.5, 0.5, 0.5]}
    factors |= {"step_up": [1, 1.5, 1.5, 1.5], "ramp": [1, 0.9, 0.8, 0.8], "reversal": [1, 0.5, 0.5, 1]}
    assert set(factors) == set(KINDS)
    for kind, values in factors.items():
        assert kind_of(np.array(values, dtype=float)) == kind


# Laws of the design.


def test_every_column_fits_the_signature(design):
    """`check_columns` passes all of them, with every kind of trajectory; drainage and nitrogen are kept."""
    columns = columns_of(design, draw_trajectories(design.size, 80, seed=11, shares=SHARES)).columns
    assert columns.shape == (1, design.size, 80)
    drainage = columns.baseline[:, list(DRIVERS).index("drainage")]
    assert 2.0 <= drainage.min() < 15.0
    assert 600.0 < drainage.max() <= 1100.0
    assert JUDGE(design.values).all()
    soil = soil_of(design.values)
    assert (soil["wilting_point"] < soil["field_capacity"]).all()
    assert (soil["field_capacity"] < soil["porosity"]).all()


def test_cells_of_the_real_maps_lie_within_the_design(design, shared_data):
    """At least 95 % of Europe's calcareous arable cells at 10 km, in each covariate, state and driver by itself."""
    europe = load_europe(shared_data / "inputs").columns()
    soil = soil_of(design.values)
    for name in (*COVARIATES, *STATES, "temperature", "precipitation", "drainage"):
        cells = europe[name].reshape(len(europe["sic"]), -1)
        mine = soil[name].reshape(design.size, -1)
        inside = (cells >= mine.min(axis=0)) & (cells <= mine.max(axis=0))
        assert inside.mean() >= 0.95, (name, inside.mean())
    together = [
        (europe[n].reshape(len(europe["sic"]), -1)[:, 0] >= soil[n].min())
        & (europe[n].reshape(len(europe["sic"]), -1)[:, 0] <= soil[n].max())
        for n in (*COVARIATES, "drainage", "temperature", "precipitation")
    ]
    assert np.logical_and.reduce(together).mean() >= 0.95


def test_nitrogen_that_ends_saves_carbonate_where_soil_is_buffered(design):
    """The same columns with and without nitrogen: less SIC lost without it, wherever 100 mm or more drain.

    Where less drains, twenty years are shorter than the water's stay: the exchanger, whose charge rises with the
    pH, first takes calcium from calcite.
    """
    part = design.part(slice(0, 60))
    still = np.ones((60, 20))
    lost = []
    for factor in (1.0, 0.0):
        trajectories = Trajectories(np.zeros(60, np.int8), factor * still, factor * still)
        arrays = simulate_columns(SimulatorOptions(spin_up=5), columns_of(part, trajectories).columns)
        lost.append(-arrays["sic_change_0_200cm"][:, -1])
    buffered = (arrays["regime"][:, -1] == Regime.BUFFERED) & (arrays["drainage"][:, 0] >= 100.0)
    assert buffered.sum() > 20
    assert (lost[1] < lost[0])[buffered].all()


# The store.


def test_an_ensemble_opens_lazily_in_its_words(made):
    """Dimensions, units and what is required; nothing is loaded; the kinds are drawn as asked."""
    opened = eurosic.open_ensemble(made[1])
    assert dict(opened.sizes) == {"simulation": 1100, "year": 11, "depth": 6}
    assert all(array.chunks for array in opened.data_vars.values())
    for name, member in SCHEMA.items():
        assert opened[name].dims == member.dims
        assert opened[name].attrs["units"] == member.variable.unit
    assert {f"design_{name}" for name in INGREDIENTS} <= set(opened.data_vars)
    assert opened.attrs["engine"] == "simulator"
    assert opened["trajectory"].attrs["flag_meanings"].split() == list(KINDS)
    assert bool(opened["converged"].all())
    assert not ledger_of(made[1], "").folder.exists()


def _killed(recipe: Path, out: Path, digest: str) -> None:
    """Start the command, and kill it and its workers as soon as one batch is recorded."""
    program = [sys.executable, "-c", "from eurosic.cli import main; main()"]
    command = [*program, "simulate", str(recipe), "--out", str(out), "--workers", "1"]
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    folder, limit = ledger_of(out, digest).folder, time.monotonic() + 120
    while not list(folder.glob("tile-*.json")) and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_a_killed_ensemble_ends_as_one_that_was_not(made, tmp_path):
    """Killed after the first batch, with a torn chunk of another, the same command gives equal values."""
    recipe, whole = made
    out, digest = tmp_path / "e.zarr", set_up_ensemble(recipe).digest
    _killed(recipe, out, digest)
    assert state_of(out, digest) == "begun"
    with pytest.raises(StoreError, match="is not finished"):
        eurosic.open_ensemble(out)
    ledger_of(out, digest).forget(Tile(2, 1000, 1100))
    torn = out / "sic" / "c" / "2" / "0" / "0"
    torn.parent.mkdir(parents=True, exist_ok=True)
    torn.write_bytes(b"half of a chunk")
    assert any(line.startswith("resume") for line in _make(recipe, out).said)
    one, other = (eurosic.open_ensemble(path).load() for path in (whole, out))
    xr.testing.assert_equal(one, other)
    assert _make(recipe, out).said == []


def test_the_size_of_batches_changes_no_value(made, tmp_path):
    """In batches of 600 instead of 500."""
    path = _recipe(tmp_path, RECIPE.replace("500", "600"))
    _make(path, tmp_path / "e.zarr")
    one, other = (eurosic.open_ensemble(p).load() for p in (made[1], tmp_path / "e.zarr"))
    xr.testing.assert_equal(one, other)


def test_rows_of_a_table_become_columns(tmp_path):
    """What the table gives is what the columns have; two places stay two places."""
    table = tmp_path / "rows.csv"
    table.write_text("clay [%],bulk_density [g cm-3],drainage [mm yr-1]\n12,1.2,100\n40,1.5,300\n")
    path = _recipe(tmp_path, RECIPE.replace("seed: 5", "seed: 5, source: table").replace("1100", "500"))
    setup = set_up_ensemble(path, table)
    soil = soil_of(setup.design.values)
    frame = pd.DataFrame({"density": soil["bulk_density"], "drainage": soil["drainage"]})
    assert sorted(map(tuple, frame.drop_duplicates().to_numpy())) == [(1.2, 100.0), (1.5, 300.0)]
    assert (frame["density"] == 1.2).sum() == 250
    columns_of(setup.design, setup.trajectories)


# MIN3P.


def test_min3p_runs_become_an_ensemble(shared_data, tmp_path):
    """Twelve real runs: carbon closes, kinds are those of their table, stocks are those of the published ensemble."""
    folder, table = shared_data / "min3p" / "runs", shared_data / "min3p" / "parameters_dev.csv"
    out = tmp_path / "m.zarr"
    done = CliRunner().invoke(
        main, ["ensemble", "import", str(folder), "--table", str(table), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert "12 simulations, 288 left out" in done.output
    opened = eurosic.open_ensemble(out).load()
    assert {name for name, member in SCHEMA.items() if member.required} <= set(opened.data_vars)
    assert "ph_lab" not in opened
    rows = pd.read_csv(table, comment="#", index_col=0).loc[list(opened.attrs["runs"])]
    assert [KINDS[int(kind)] for kind in opened["trajectory"]] == list(rows["scenario"])
    change = opened["sic"].sum("depth") - opened["sic"].sum("depth").isel(year=0)
    np.testing.assert_allclose(change, opened["sic_change_0_200cm"], atol=1e-5)
    gone = (
        (opened["dic_leaching"] + opened["co2_to_air_from_carbonate"]).isel(year=slice(1, None)).sum("year")
    )
    np.testing.assert_allclose(gone, -change.isel(year=-1), atol=1e-5)
    dev = xr.open_dataset(shared_data / "min3p" / "ensemble_dev.nc")
    sums = (
        dev["SIC"].sum("depth").assign_coords(run=dev["run"].astype(str)).sel(run=list(opened.attrs["runs"]))
    )
    np.testing.assert_allclose(opened["sic"].sum("depth"), sums.transpose("run", ...), rtol=1e-4, atol=1e-6)
    assert import_ensemble(folder, table, out).simulations == 12


# Refusals.


def test_another_ensemble_is_never_written_over(made, tmp_path):
    """Another seed, or a folder of something else: refused, and nothing is changed."""
    path, out = _recipe(tmp_path, RECIPE.replace("seed: 5", "seed: 6")), made[1]
    before = zarr.open_group(out, mode="r").attrs["digest"]
    done = CliRunner().invoke(main, ["simulate", str(path), "--out", str(out)])
    assert done.exit_code == 2
    assert "holds another ensemble, or something else" in done.output
    assert zarr.open_group(out, mode="r").attrs["digest"] == before
    (tmp_path / "letters").mkdir()
    with pytest.raises(StoreError, match="something else"):
        _make(path, tmp_path / "letters")
    with pytest.raises(StoreError, match="is no simulation ensemble"):
        eurosic.open_ensemble(tmp_path / "letters")


def test_a_table_is_given_where_the_recipe_wants_one(tmp_path):
    """Neither without nor for nothing."""
    with pytest.raises(RecipeError, match="draws no rows of a table"):
        set_up_ensemble(_recipe(tmp_path), tmp_path)
    wanting = RECIPE.replace("seed: 5", "seed: 5, source: table")
    with pytest.raises(RecipeError, match="draws from a table, and none is given"):
        set_up_ensemble(_recipe(tmp_path, wanting))
    narrowed = wanting.replace("source: table", "source: table, ranges: {clay: [10 %, 20 %]}")
    with pytest.raises(RecipeError, match="narrows ranges of a table's rows"):
        set_up_ensemble(_recipe(tmp_path, narrowed), tmp_path)


def test_metadata_that_were_cut_off_are_made_again(made, tmp_path):
    """A folder with the format and no digest is nobody's."""
    setup = set_up_ensemble(made[0])
    zarr.create_group(tmp_path / "e.zarr", attributes={"format": "eurosic simulation ensemble 1"})
    assert state_of(tmp_path / "e.zarr", setup.digest) == "absent"


def test_the_page_is_made_from_the_code():
    """Tables of docs/ensembles.md are those of schema, design and kinds; its figures are there."""
    assert PAGE.read_text(encoding="utf-8") == ensemble_page()
    for figure in re.findall(r"\((figures/.*?)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / figure).stat().st_size > 10_000
