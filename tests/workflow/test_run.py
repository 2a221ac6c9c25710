"""Law: a recipe in, a finished folder out; once, whatever interrupts it, and never over another run."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

import eurosic
from eurosic.base.errors import StoreError
from eurosic.base.flags import Regime, Status
from eurosic.cli import main
from eurosic.outputs.run_store import RunFolder, check_folder, read_record
from eurosic.workflow.setup import set_up
from tests.workflow.small import ROOT, assert_same_run, small_recipe, stored


def _run(recipe: Path, out: Path, *options: str):
    return CliRunner().invoke(main, ["run", str(recipe), "--out", str(out), "--workers", "2", *options])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Recipe, folder and what was printed of one finished small run."""
    folder = tmp_path_factory.mktemp("run")
    recipe = small_recipe(folder)
    done = _run(recipe, folder / "out")
    assert done.exit_code == 0, done.output
    return recipe, folder / "out", done.output


def test_a_run_leaves_every_file_that_the_readme_names(finished):
    """Totals, summary, figures, stores and the record are there and not empty."""
    recipe, out, _ = finished
    for name in (
        "totals.csv",
        "summary.txt",
        "run.json",
        "figures/map_baseline.png",
        "figures/chart_pathways.png",
    ):
        assert (out / name).stat().st_size > 0, name
    record = json.loads((out / "run.json").read_text())
    assert record["state"] == "finished"
    assert record["recipe_digest"] == set_up(recipe).recipe.digest
    assert record["inputs"]["carbonate"]["kind"] == "synthetic"
    assert len(record["inputs"]["carbonate"]["digest"]) == 64
    assert record["failed_cells"] == 0
    assert record["study_cells"] > 50


def test_what_is_said_is_readable_and_names_units_and_files(finished):
    """The closing words hold every pathway with its unit, and where the files are."""
    _, out, said = finished
    assert "dashboard  http://127.0.0.1" in said
    assert "Tg C" in said
    assert "kg C ha-1 yr-1" in said
    assert all(name in said for name in ("baseline", "f2f_input", "zero_now"))
    assert f"Files: {out}" in said
    assert "\x1b[" not in said  # no terminal, no control codes


def test_a_pathway_without_change_equals_the_baseline_bit_for_bit(finished):
    """Zero reduction is the baseline, in every variable, year and cell."""
    store = stored(finished[1])
    for name in store.data_vars:
        if "pathway" in store[name].dims and name != "total":
            same, baseline = store[name].sel(pathway="same"), store[name].sel(pathway="baseline")
            np.testing.assert_array_equal(same.values, baseline.values)


def test_totals_are_the_areas_times_the_changes(finished):
    """The table's Europe row is the sum over the cube of change x area."""
    cube = eurosic.open_projection(finished[1])
    table = pd.read_csv(finished[1] / "totals.csv", comment="#")
    for pathway in ("baseline", "zero_now"):
        change = cube.sic_change_0_200cm.sel(pathway=pathway, year=2024) * cube.calcareous_arable_area
        row = table[(table.country == "Europe") & (table.pathway == pathway) & (table.year == 2024)]
        assert float(row["sic_change_0_200cm_TgC"].iloc[0]) == pytest.approx(
            float(change.sum()) / 1e9, rel=1e-4
        )


def test_any_tile_size_gives_equal_values(finished, tmp_path):
    """Tiles of 16 cells or of 50: every cell has the same value, bit for bit."""
    again = small_recipe(tmp_path, tile=50)
    assert _run(again, tmp_path / "out").exit_code == 0
    assert_same_run(stored(finished[1]), stored(tmp_path / "out"))


def test_a_second_run_does_nothing_and_says_so(finished):
    """Nothing is written again, and the summary is told once more."""
    recipe, out, said = finished
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    again = _run(recipe, out)
    assert again.exit_code == 0
    assert "finished already, nothing to do" in again.output
    assert said.splitlines()[-1] in again.output
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def test_another_recipe_in_the_folder_is_refused_and_changes_nothing(finished, tmp_path):
    """The folder belongs to the first recipe."""
    _, out, _ = finished
    other = small_recipe(tmp_path, name="other", projection={"years": "2020-2022", "tile": "16 cells"})
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    refused = _run(other, out)
    assert refused.exit_code == 2
    assert "holds a run with another recipe" in refused.output
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def test_a_folder_in_use_is_refused(finished):
    """Two processes never write to one folder."""
    recipe, out, _ = finished
    place = RunFolder(out, set_up(recipe).identity())
    with place.open():
        code = (
            "import sys; from pathlib import Path; from eurosic.outputs.run_store import RunFolder, read_record;"
            "p = Path(sys.argv[1]); r = read_record(p); RunFolder(p, r).open().__enter__()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(out)], capture_output=True, text=True, check=False
        )
    assert done.returncode != 0
    assert "is in use by another process" in done.stderr


def test_a_damaged_shard_is_found_forgotten_and_made_again(finished, tmp_path):
    """`verify` names the tile; the next run does that tile and no other, and the values are as before."""
    recipe, _, _ = finished
    out = tmp_path / "out"
    assert _run(recipe, out).exit_code == 0
    whole = stored(out)
    (out / "projection.zarr" / "sic_change_0_200cm" / "c" / "0" / "0" / "1").write_bytes(b"torn")
    found = CliRunner().invoke(main, ["verify", str(out)])
    assert found.exit_code == 1
    assert "tile 1 (cells 16 to 32): damaged sic_change_0_200cm" in found.output
    again = _run(recipe, out)
    assert again.exit_code == 0, again.output
    assert "tiles are finished already" in again.output
    assert_same_run(whole, stored(out))
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 0


def _start(recipe: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", "from eurosic.cli import main; main()"]
    return subprocess.Popen(
        [*command, "run", str(recipe), "--out", str(out), "--workers", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that the kill reaches the workers and nothing of the test
    )


def _kill_after(process: subprocess.Popen, out: Path, tiles: int, delay: float) -> None:
    """Kill client, scheduler and workers at once, some time after a number of tiles were recorded."""
    deadline = time.monotonic() + 120
    while len(list((out / "ledger").glob("tile-*.json"))) < tiles and process.poll() is None:
        assert time.monotonic() < deadline, "the run made no tile"
        time.sleep(0.005)
    time.sleep(delay)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_run_killed_at_any_instant_ends_as_if_it_had_not_been(finished, tmp_path, seed):
    """SIGKILL of the whole process group at a random instant, then the same command: the same values."""
    recipe, out, _ = finished
    rng = random.Random(seed)
    killed = tmp_path / "out"
    _kill_after(_start(recipe, killed), killed, rng.choice([0, 0, 1, 3]), rng.uniform(0.0, 0.3))
    assert (read_record(killed) or {}).get("state") != "finished"
    again = _run(recipe, killed)
    assert again.exit_code == 0, again.output
    assert_same_run(stored(out), stored(killed))
    assert (out / "totals.csv").read_text() == (killed / "totals.csv").read_text()


def test_a_plan_says_what_a_run_will_be(finished):
    """Cells and tiles of the plan are those of the run; no worker took more memory than was planned."""
    recipe, out, _ = finished
    planned = CliRunner().invoke(main, ["plan", str(recipe), "--workers", "2"])
    assert planned.exit_code == 0, planned.output
    record = json.loads((out / "run.json").read_text())
    cells = record["study_cells"]
    assert f"study cells       {cells}\n" in planned.output
    assert f"tiles             {-(-cells // 16)}\n" in planned.output
    memory = float(re.search(r"memory a worker +(\d+) MB", planned.output)[1])
    assert 100 < record["peak_memory_of_a_worker_MB"] <= memory
    assert record["planned"]["memory_of_a_worker_MB"] == pytest.approx(memory, abs=1)
    # Most of a store of some hundred cells are folders and metadata: what was planned is only its values.
    assert record["bytes_stored_MB"] >= record["planned"]["bytes_stored_MB"] >= 0
    assert "core-hours" in planned.output


def test_a_plan_reads_no_file_from_end_to_end(tmp_path, monkeypatch):
    """Stated digests are compared by `check` and `run`; rasters of a continent would keep a plan for hours."""
    read = []
    monkeypatch.setattr("eurosic.inputs.prepare.check_digest", lambda source, *_: read.append(source.name))
    recipe = small_recipe(tmp_path)
    assert CliRunner().invoke(main, ["plan", str(recipe)]).exit_code == 0
    assert read == []
    assert CliRunner().invoke(main, ["check", str(recipe)]).exit_code == 0
    assert "demo-carbonate" in read


def test_a_plan_of_hundred_metres_is_said_without_looking_at_each_cell(tmp_path):
    """1.5 billion cells in seconds: as many study cells to the area as at 25 km, and what does not fit is refused."""
    recipe = yaml.safe_load((ROOT / "recipes" / "quickstart.yaml").read_text())
    told = {}
    for metres in (25_000, 100):
        recipe["grid"]["resolution"] = f"{metres / 1000:g} km"
        path = tmp_path / f"{metres}.yaml"
        path.write_text(yaml.safe_dump(recipe))
        told[metres] = CliRunner().invoke(main, ["plan", str(path), "--workers", "2"]).output
    cells = {metres: int(re.search(r"study cells +(\d+)", text)[1]) for metres, text in told.items()}
    assert cells[100] * 0.1**2 == pytest.approx(cells[25_000] * 25**2, rel=0.25)
    assert "billion" in told[100]
    # What was said stands above the refusal, for who must find a larger disk.
    assert told[100].index("memory a worker") < told[100].index("PlanError: plan: the projection takes about")


@pytest.mark.slow
def test_in_eighty_years_the_known_physics_comes_out(tmp_path):
    """Buffered soil loses less without N; without any N it still loses, and CO2 goes into the ground."""
    levers = ("mineral", "manure", "deposition_nh4", "deposition_no3")
    none = {"step": {**dict.fromkeys(levers, "-100 %"), "in": 2020}}
    pathways = {
        "baseline": "hold",
        "zero_now": {"step": {"mineral": "-100 %", "in": 2020}, "nue": "diminishing returns"},
        "nothing": {**none, "nue": "constant NUE"},
    }
    long = {"years": "2020-2100 step 40", "tile": "64 cells", "spin_up": "20 years"}
    recipe = small_recipe(tmp_path, pathways=pathways, projection=long)
    done = _run(recipe, tmp_path / "out")
    assert done.exit_code == 0, done.output
    end = eurosic.open_projection(tmp_path / "out").sel(year=2100).load()
    buffered = (end.regime == Regime.BUFFERED).all("pathway")
    assert int(buffered.sum()) > 30
    change = end.sic_change_0_200cm.where(buffered)
    draining = change.sel(pathway="nothing") < -0.05  # where next to no water drains, nothing is decided
    kept = (change.sel(pathway="zero_now") - change.sel(pathway="baseline")).where(draining)
    assert float((kept > 0).sum() / draining.sum()) > 0.98
    weathering = end.sel(pathway="nothing").co2_to_air_from_carbonate.where(draining)
    assert float(weathering.max()) < 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["quickstart", "pathways", "europe-10km", "europe-10km-bucket", "budget-zamanian2024"]
)
def test_a_recipe_that_ships_walks_the_whole_way(recipes, name, shared_data, tmp_path):
    """`run --smoke` shrinks each recipe and finishes it."""
    done = _run(recipes / f"{name}.yaml", tmp_path / "out", "--smoke", "--data", str(shared_data / "inputs"))
    assert done.exit_code == 0, done.output
    assert "Tg C" in done.output


def test_a_store_that_was_removed_is_made_again_whole(finished, tmp_path):
    """Records without their store prove nothing: every tile is done again."""
    recipe, out, _ = finished
    again = tmp_path / "out"
    shutil.copytree(out, again)
    shutil.rmtree(again / "projection.zarr")
    done = _run(recipe, again)
    assert done.exit_code == 0, done.output
    assert "are finished already" not in done.output
    assert_same_run(stored(out), stored(again))


def test_an_unfinished_run_says_so_in_status_and_has_no_totals(finished, tmp_path):
    """Cells of tiles without a record are `unfinished`, and a sum of a part is refused."""
    _, out, _ = finished
    cut = tmp_path / "out"
    shutil.copytree(out, cut)
    for array in ("cell_status", "sic_change_0_200cm"):
        shutil.rmtree(cut / "projection.zarr" / array / "c")
    (cut / "ledger" / "tile-000002.json").unlink()
    cube = eurosic.open_projection(cut)
    assert Status.PREDICTED not in cube.status.values
    assert (
        int((cube.status == Status.UNFINISHED).sum())
        == json.loads((out / "run.json").read_text())["study_cells"]
    )
    with pytest.raises(StoreError, match=r"1 of \d+ tiles are not finished.*command of the run again"):
        eurosic.open_totals(cut)


def test_figures_that_were_removed_are_made_again_without_a_tile(finished, tmp_path):
    """What is made from the store is made again; the store is left as it is."""
    recipe, out, _ = finished
    again = tmp_path / "out"
    shutil.copytree(out, again)
    shutil.rmtree(again / "figures")
    done = _run(recipe, again)
    assert done.exit_code == 0, done.output
    assert (again / "figures" / "map_baseline.png").exists()
    assert "tiles are finished already" in done.output


def test_a_start_that_failed_does_not_claim_the_folder(finished, tmp_path):
    """A run that ended before its first layer leaves the folder to another recipe."""
    other = small_recipe(tmp_path, name="other", projection={"years": "2020-2021", "tile": "64 cells"})
    place = tmp_path / "out"
    RunFolder(place, set_up(other).identity(), "other").open().__enter__()
    check_folder(place, set_up(finished[0]).identity())
    assert read_record(place)["title"] == "other"
