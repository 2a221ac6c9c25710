"""Law: a run with an emulator says from its own cells how wrong it is, and what became of those outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from click.testing import CliRunner

import eurosic
from eurosic.base.errors import RecipeError
from eurosic.base.flags import Status
from eurosic.cli import main
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.simulate import Simulator
from eurosic.workflow import predictors
from eurosic.workflow.predictors import find_card
from eurosic.workflow.setup import set_up
from tests.toy import ToyEmulator
from tests.workflow.small import assert_same_run, small_recipe, stored

SIMULATOR = Simulator(SimulatorOptions(spin_up=3))
CHANGE = "sic_change_0_200cm"
# g cm-3; about a third of the small world lies above.
LIMIT = 1.5


def _invoke(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words])


class Emulated:
    """A folder with a card, a recipe that names it, and the emulator that stands for the card."""

    def __init__(self, folder: Path, emulator: ToyEmulator, **predictor: object) -> None:
        self.folder, self.emulator = folder, emulator
        (folder / "data" / "emulators" / "toy").mkdir(parents=True)
        self.recipe = small_recipe(folder, predictor={"emulator": "toy", **predictor})

    def do(self, command: str, *options: object):
        """Invoke a command on the recipe, the card answered by the toy."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(predictors, "load_card", lambda card: self.emulator)
            return _invoke(command, self.recipe, "--data", self.folder / "data", "--workers", 2, *options)

    def run(self, out: str = "out") -> tuple[Path, str]:
        """Run the recipe; return its folder and what was printed."""
        done = self.do("run", "--out", self.folder / out)
        assert done.exit_code == 0, done.output
        return self.folder / out, done.output


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    """The folder of the small run by the simulator alone."""
    folder = tmp_path_factory.mktemp("simulator")
    done = _invoke("run", small_recipe(folder), "--out", folder / "out", "--workers", 2)
    assert done.exit_code == 0, done.output
    return folder / "out"


@pytest.fixture(scope="module")
def exact(tmp_path_factory) -> tuple[Emulated, Path, str]:
    """A run by an emulator that is the simulator, everywhere at home."""
    emulated = Emulated(tmp_path_factory.mktemp("exact"), ToyEmulator(SIMULATOR))
    return (emulated, *emulated.run())


@pytest.fixture(scope="module")
def biased(tmp_path_factory) -> tuple[Emulated, Path, str]:
    """A run by an emulator that says 10 % too much and has a spread, simulated outside its domain."""
    emulated = Emulated(
        tmp_path_factory.mktemp("biased"),
        ToyEmulator(SIMULATOR, bias=0.1, limit=LIMIT, spread=0.01),
        outside_domain="simulate",
        check={"cells": "30 cells", "warn_above": "5 %"},
    )
    return (emulated, *emulated.run())


def _record(out: Path) -> dict:
    return json.loads((out / "run.json").read_text())


def test_an_emulator_that_is_the_simulator_has_no_error(exact, simulated):
    """Not a bit apart, in any row of the table; and the run is the simulator's."""
    _, out, said = exact
    table = pd.read_csv(out / "check.csv", comment="#")
    assert (table["mean_absolute_error"].dropna() == 0).all()
    assert (table.loc[table["target"] == "regime", "agreement"] == 1).all()
    assert_same_run(stored(out), stored(simulated))
    assert "WARNING" not in said
    record = _record(out)
    assert record["predictor"] == "toy-emulator"
    assert record["self_check"]["relative_error"] == 0
    # Fewer than 500: every cell of the run was done again.
    assert record["self_check"]["cells"] == record["study_cells"]


def test_an_emulator_that_is_wrong_by_a_tenth_says_so_and_warns(biased):
    """10 % in cells, in totals and in differences, in the summary, the record and the table."""
    _, out, said = biased
    told = _record(out)["self_check"]
    assert told["relative_error"] == pytest.approx(0.1, rel=1e-5)
    assert told["totals"]["baseline"] == pytest.approx(0.1, rel=1e-5)
    # Drawn by stratum, so somewhat more than were asked for.
    assert 30 <= told["cells"] <= 60
    assert sum(told["drawn"].values()) == told["cells"]
    assert all(kind.startswith("predicted,") for kind in told["drawn"])
    assert told["year"] == 2024
    assert any(
        "mean absolute error of SIC change 0-200 cm is 10 %, above the 5 %" in w for w in told["warnings"]
    )
    assert "WARNING: the mean absolute error" in said
    assert said.count("Self-check:") == 1
    assert (out / "summary.txt").read_text().strip() in said


def test_cells_outside_are_simulated_and_all_files_know_it(biased, simulated):
    """Their values are the simulator's bit for bit; status, summary, record and spread say so."""
    _, out, said = biased
    ours, theirs = stored(out), stored(simulated)
    outside = zarr.open_group(out / "cells.zarr")["bulk_density"][:] > LIMIT
    status = ours["cell_status"].values
    assert (status == np.where(outside, Status.SIMULATED_OUTSIDE_DOMAIN, Status.PREDICTED)).all()
    np.testing.assert_array_equal(ours[CHANGE].values[..., outside], theirs[CHANGE].values[..., outside])
    assert np.isnan(ours[f"{CHANGE}_p95"].values[..., outside]).all()
    assert np.isfinite(ours[f"{CHANGE}_p95"].values[..., ~outside]).all()
    assert f"{outside.sum()} of {len(outside)} cells" in said
    assert "were simulated" in said
    told = _record(out)["outside_domain"]
    assert (told["rule"], told["simulated_outside_domain_cells"]) == ("simulate", outside.sum())
    cube = eurosic.open_projection(out)
    assert int((cube.status == Status.SIMULATED_OUTSIDE_DOMAIN).sum()) == outside.sum()
    assert "simulated_outside_domain" in cube.status.attrs["flag_meanings"]


def test_the_cube_holds_percentiles_with_their_words(biased):
    """`_p05` and `_p95` lie around the value, and say what they are."""
    cube = eurosic.open_projection(biased[1]).load()
    inside = cube.status == Status.PREDICTED
    low, value, high = (cube[f"{CHANGE}{end}"].where(inside) for end in ("_p05", "", "_p95"))
    assert float((high - value).max()) == pytest.approx(0.01, rel=1e-4)
    assert bool(((low <= value) & (value <= high)).where(inside, True).all())
    assert low.attrs["long_name"].endswith("0-200 cm, 5th percentile")
    assert low.attrs["units"] == "kg m-2"
    assert "regime_p05" not in cube


@pytest.mark.slow
def test_a_masked_cell_is_counted_and_in_no_total(tmp_path):
    """Number and area without a value are told; the table of totals holds the others only."""
    emulated = Emulated(tmp_path, ToyEmulator(SIMULATOR, limit=LIMIT), outside_domain="mask")
    out, said = emulated.run()
    group = zarr.open_group(out / "cells.zarr")
    outside, area = group["bulk_density"][:] > LIMIT, group["calcareous_arable_area"][:]
    assert "lie outside the emulator's domain and have no value and are in no total" in said
    told = _record(out)["outside_domain"]
    assert told["outside_domain_cells"] == outside.sum()
    assert told["outside_domain_area_Mha"] == pytest.approx(area[outside].sum() / 1e10, rel=1e-5)
    totals = pd.read_csv(out / "totals.csv", comment="#")
    europe = totals[totals["country"] == "Europe"]["area_Mha"].iloc[0]
    assert europe == pytest.approx(area[~outside].sum() / 1e10, rel=1e-5)


@pytest.mark.slow
def test_a_run_that_was_cut_off_checks_itself_at_its_end(biased):
    """The sample follows from the run: what was removed is made again, byte for byte, by doing one tile."""
    emulated, out, _ = biased
    cut = emulated.folder / "cut"
    shutil.copytree(out, cut)
    (cut / "ledger" / "tile-000001.json").unlink()
    for name in ("check.csv", "summary.txt"):
        (cut / name).unlink()
    _, said = emulated.run("cut")
    assert "tiles are finished already" in said
    assert (cut / "check.csv").read_bytes() == (out / "check.csv").read_bytes()
    assert _record(cut)["self_check"] == _record(out)["self_check"]


def test_the_simulator_is_not_checked_against_itself(simulated):
    """And the summary says so."""
    assert "Self-check: none" in (simulated / "summary.txt").read_text()
    assert _record(simulated)["self_check"] == {"skipped": "the predictor is the simulator"}
    assert not (simulated / "check.csv").exists()


def test_a_plan_says_how_many_cells_lie_outside_and_what_they_cost(biased):
    """The plan before any table, and the run's own, name the same cells, which are all looked at."""
    emulated, out, said = biased
    planned = emulated.do("plan")
    assert planned.exit_code == 0, planned.output
    outside = zarr.open_group(out / "cells.zarr")["bulk_density"][:] > LIMIT
    line = next(line for line in planned.output.splitlines() if line.startswith("domain"))
    assert f"{outside.sum()} of {len(outside)} study cells" in line
    assert "go to the simulator" in line
    assert "estimated" not in line
    assert f"domain     {outside.sum()} of {len(outside)} study cells" in said


def test_the_simulators_plan_has_no_domain(tmp_path):
    """A predictor that is at home everywhere has nothing to say about it."""
    planned = _invoke("plan", small_recipe(tmp_path), "--workers", 1)
    assert planned.exit_code == 0, planned.output
    assert "domain" not in planned.output


def test_the_fallback_decides_values_and_so_the_folder(tmp_path):
    """Simulated or masked outside: not the same predictor's digest; the card's own where nothing else answers."""
    emulator = ToyEmulator(SIMULATOR, limit=LIMIT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictors, "load_card", lambda card: emulator)
        found = {}
        for rule in ("mask", "simulate"):
            emulated = Emulated(tmp_path / rule, emulator, outside_domain=rule)
            setup = set_up(emulated.recipe, data=emulated.folder / "data")
            found[rule] = setup.identity()["predictor_digest"]
    assert found["mask"] == emulator.digest != found["simulate"]


@pytest.mark.parametrize("command", ["check", "plan"])
def test_an_emulator_that_nobody_knows_is_refused_with_the_known_ones(tmp_path, command):
    """Before any work, naming the cards that there are."""
    (tmp_path / "data" / "emulators" / "mine").mkdir(parents=True)
    recipe = small_recipe(tmp_path, predictor={"emulator": "nobody-v9"})
    done = _invoke(command, recipe, "--data", tmp_path / "data")
    assert done.exit_code == 2
    assert "there is no emulator 'nobody-v9'" in done.output
    assert "mine" in done.output


def test_a_card_of_the_data_folder_is_found(tmp_path):
    """By its name."""
    card = tmp_path / "emulators" / "mine"
    card.mkdir(parents=True)
    assert find_card("mine", tmp_path) == card
    with pytest.raises(RecipeError, match="there is no emulator 'mine'"):
        find_card("mine", None)
