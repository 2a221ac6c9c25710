"""Law: workers that leave before their job's walltime end what they are at, and others do the rest: nothing is lost.

As a batch system has it: each worker has a lifetime and no successor but the one that a later job brings.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from eurosic.base.grid import tiles_of
from eurosic.base.signature import Columns, Prediction
from eurosic.outputs.ledger import Ledger, sweep
from eurosic.outputs.store import PROJECTION
from eurosic.projection.project import project_tiles, unfinished
from tests.workflow.killing import (
    DIGEST,
    TILE,
    SmallToy,
    begun_though_recorded,
    files_of,
    toy_table,
    toy_task,
    write_alone,
)

ROOT = Path(__file__).resolve().parents[2]
# Seconds.
LIFETIME, OF_A_TILE = 2, 1.0


@dataclass(frozen=True)
class SlowToy(SmallToy):
    """The toy, of which a tile takes half of a worker's lifetime."""

    def predict(self, columns: Columns) -> Prediction:
        """Wait, and return the closed form."""
        time.sleep(OF_A_TILE)
        return super().predict(columns)


@contextmanager
def _jobs(address: str, logs: Path) -> Iterator[list[int]]:
    """Start a worker with a lifetime whenever the one before has left, as jobs do; give the exit codes of these."""
    left: list[int] = []
    over = threading.Event()
    command = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nworkers",
        "1",
        "--nthreads",
        "1",
    ]
    life = ["--lifetime", f"{LIFETIME}s", "--lifetime-stagger", "1s", "--no-dashboard"]

    def queue() -> None:
        while not over.is_set():
            with (logs / f"worker-{len(left)}.log").open("w") as log:
                job = subprocess.Popen([*command, *life], cwd=ROOT, stdout=log, stderr=log)
                while job.poll() is None and not over.wait(0.05):
                    pass
                if job.poll() is None:
                    job.terminate()
                    job.wait(20)
                else:
                    left.append(job.returncode)

    thread = threading.Thread(target=queue)
    thread.start()
    try:
        yield left
    finally:
        over.set()
        thread.join()


@pytest.mark.slow
def test_workers_leave_and_the_store_is_that_of_a_run_in_which_nobody_left(tmp_path):
    """Several lifetimes long: each tile is begun once, each worker goes by itself, and every value is the same."""
    table = toy_table(tmp_path)
    write_alone(table, tmp_path / "whole")
    place = tmp_path / "leaving"
    tiles = list(tiles_of(table.cells, TILE))
    with (
        LocalCluster(n_workers=0, dashboard_address=None) as cluster,
        Client(cluster) as client,
        _jobs(cluster.scheduler_address, tmp_path) as left,
    ):
        task = replace(toy_task(table, place), predictor=SlowToy())
        done = list(project_tiles(task, tiles, client))
    assert len(done) == len(tiles) >= 3 * LIFETIME / OF_A_TILE
    assert len(left) >= 2
    assert set(left) == {0}
    sweep(place)
    assert files_of(place / PROJECTION) == files_of(tmp_path / "whole" / PROJECTION)
    assert begun_though_recorded(place) == []
    # A tile that a worker had to leave would have been begun again by the next.
    begun = [line.split()[0] for line in (place / "journal").read_text().splitlines()]
    assert sorted(begun, key=int) == [str(tile.index) for tile in tiles]
    assert unfinished(tiles, Ledger(place / "ledger", DIGEST)) == []
