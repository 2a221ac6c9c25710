"""Law: the ways that are compared say the same, a task is a tile, and a worker uses one core.

A small case, to see that the benchmarks work; `python -m tests.benchmarks.peers` and `.growth` measure.
"""

from __future__ import annotations

import importlib.util
import sys
import time

import numpy as np
import psutil
import pytest
import zarr
from distributed import Client

from eurosic.base.grid import Tile, tiles_of
from eurosic.clusters import Profile, open_client
from eurosic.projection.project import project_here, project_tiles
from tests.benchmarks import growth, peers, watching, ways
from tests.benchmarks.case import add_dense, make_case, open_case


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Three hundred study cells under two pathways, as a table and as a raster."""
    made = make_case(tmp_path_factory.mktemp("case"), cells=300, tile=64, until=2030)
    return add_dense(made, 80, share=0.01)


@pytest.fixture(scope="module")
def client():
    """One worker in this process."""
    with Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None, memory_limit=0
    ) as one:
        yield one


@pytest.fixture(autouse=True)
def _zarr_as_it_was():
    """Undo what peers set for all of Zarr when they are imported: cubed lets it write empty chunks."""
    with zarr.config.set({"array.write_empty_chunks": zarr.config.get("array.write_empty_chunks")}):
        yield


def test_a_case_has_as_many_cells_as_asked_for_each_in_its_place(tmp_path):
    """Cells of a second Europe lie east of the first: no place is taken twice."""
    made = make_case(tmp_path, cells=2000, pathways=1)
    rows = made.table.rows(Tile(0, 0, made.cells))
    assert len(rows["sic"]) == made.cells == 2000
    places = set(zip(rows["row"].tolist(), rows["column"].tolist(), strict=True))
    assert len(places) == 2000
    assert rows["row"].max() < made.grid.rows
    assert rows["column"].max() < made.grid.columns
    assert open_case(tmp_path).cells == 2000
    np.testing.assert_allclose(rows["x"], made.grid.x[rows["column"]])
    np.testing.assert_allclose(rows["y"], made.grid.y[rows["row"]])


@pytest.mark.parametrize("way", [way for way in ways.WAYS if way != "apply_ufunc on every cell"])
def test_every_way_says_what_the_predictor_says(case, client, tmp_path, way):
    """To the precision of float32, in which the peers are given their features."""
    needed = peers._NEEDS.get(way, "")
    if needed and importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed; it comes with the extra `bench`")
    ways.WAYS[way](case, tmp_path, client)
    assert peers._difference(case, tmp_path) < 1e-5


def test_the_raster_of_a_case_has_as_much_sea_as_asked_for(case):
    """One study cell in a hundred cells, each where the table says."""
    assert case.grid.rows * case.grid.columns == pytest.approx(300 / 0.01, rel=0.01)
    bulk = zarr.open_group(case.dense, mode="r")["X"][0]
    rows = case.table.rows(Tile(0, 0, case.cells))
    assert np.isfinite(bulk).sum() == case.cells
    assert np.isfinite(bulk[rows["row"], rows["column"]]).all()


def test_the_engine_makes_a_task_of_a_tile(case, tmp_path):
    """Five tiles, five records; the store is that of one process without Dask."""
    tiles = list(tiles_of(case.cells, case.extent.tile))
    records = list(project_here(case.task(tmp_path), tiles))
    assert len(records) == len(tiles) == 5
    assert peers._difference(case, tmp_path) < 1e-5


def test_a_worker_uses_one_core(case, tmp_path):
    """CPU time of a worker over wall time while it does all tiles: torch, BLAS, Zarr and Dask do not fight."""
    with open_client(Profile(workers=1, dashboard="127.0.0.1:0")) as alone:
        (pid,) = alone.run(growth._pid).values()
        kernel = ways.kernel_of(case)
        alone.run(kernel, np.repeat(kernel.middling, 64, axis=0))
        task, began = case.task(tmp_path), time.perf_counter()
        before = growth._cpu_of(pid)
        list(project_tiles(task, list(tiles_of(case.cells, case.extent.tile)), alone))
        used, wall = growth._cpu_of(pid) - before, time.perf_counter() - began
    # The clock of processes ticks a hundred times a second.
    assert used <= 1.1 * wall + 0.05


def test_what_is_measured_holds_the_time_of_processes_below():
    """Work of a process that was started within counts, its memory too."""
    cost = peers.Cost("one")
    with peers.measured(cost):
        started = psutil.Popen(["python3", "-c", "sum(i * i for i in range(3_000_000))"])
        started.wait()
    assert cost.cpu > 0.03
    assert cost.wall > 0


def test_a_table_is_written_between_its_marks_and_nowhere_else(tmp_path):
    """What stands before and after stays."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- b -->\nafter\n")
    peers.write_between(page, "new", ("<!-- a -->", "<!-- b -->"))
    assert page.read_text() == "before\n<!-- a -->\nnew\n<!-- b -->\nafter\n"


def test_the_page_has_places_for_both_tables():
    """Where the commands write to."""
    text = peers.PAGE.read_text()
    for mark in (*peers.MARKS, *growth.MARKS):
        assert text.count(mark) == 1


@pytest.mark.parametrize("which", peers.FLOORS)
def test_a_floor_is_measured_in_as_many_processes_as_there_are_workers(case, which):
    """Each does its share of the cells: together they take time, and print nothing else."""
    cost = peers.floor_beside(case, which, workers=2)
    assert cost.way == which
    assert cost.cpu > 0.0


def test_a_run_that_is_watched_tells_what_each_stage_took(tmp_path):
    """Stages end with their word in the log, tiles with their last record; together they are all of it."""
    script = tmp_path / "run.py"
    script.write_text(
        "import pathlib, sys, time\n"
        "out = pathlib.Path(sys.argv[1]); (out / 'ledger').mkdir(parents=True)\n"
        "def say(word):\n"
        "    sum(i * i for i in range(1_000_000)); time.sleep(0.3)\n"
        "    with (out / 'log.txt').open('a') as log: log.write(f'2026 {word} of a run\\n')\n"
        "say('inputs'); say('cells'); say('domain')\n"
        "for tile in range(2):\n"
        "    time.sleep(0.3); (out / 'ledger' / f'tile-{tile}.json').touch()\n"
        "time.sleep(0.4); sum(i * i for i in range(3_000_000)); time.sleep(0.4)\n"
    )
    found = watching.watch([sys.executable, str(script), str(tmp_path / "out")], tmp_path / "out")
    assert list(found.stages) == ["layers", "cell table", "plan", "tiles", "self-check, totals, figures"]
    assert sum(wall for wall, _ in found.stages.values()) == pytest.approx(found.wall)
    assert sum(cpu for _, cpu in found.stages.values()) == pytest.approx(found.cpu)
    assert 0.0 < found.until("layers") < found.until("tiles") < found.cpu
    assert found.largest > 1e6


def test_a_watched_run_that_fails_is_no_measurement(tmp_path):
    """Nobody is told how fast a run failed."""
    with pytest.raises(SystemExit, match="ended with 3"):
        watching.watch([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)
