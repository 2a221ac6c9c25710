"""Law: after a hundred kills at random instants the store is the same, bit for bit, and nothing was done twice.

Whoever is killed, client, worker or a process that does all itself, by SIGKILL or SIGTERM, what is on the disk is
either finished or worth nothing. The kills of whole runs by the command line are in `test_run`.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from distributed import Client, LocalCluster

from eurosic.base.grid import tiles_of
from eurosic.clusters import Profile, open_client
from eurosic.outputs.ledger import Ledger, sweep
from eurosic.outputs.store import PROJECTION
from eurosic.projection.project import project_tiles, unfinished
from eurosic.projection.table import CellTable
from tests.workflow.killing import (
    DIGEST,
    TILE,
    begun_though_recorded,
    files_of,
    toy_table,
    toy_task,
    write_alone,
    write_as_client,
)

SIGNALS = (signal.SIGKILL, signal.SIGTERM)
Run = Callable[[Path], BaseProcess]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    """A folder in memory, where there is one: waiting for a disk is tried elsewhere, and is most of a tile's time."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path_factory.mktemp("kills")
        return
    with TemporaryDirectory(dir=memory, prefix="eurosic-kills-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def world(folder) -> tuple[CellTable, dict[str, bytes]]:
    """A cell table, and the files of a projection of it that nobody disturbed."""
    table = toy_table(folder)
    write_alone(table, folder / "whole")
    return table, files_of(folder / "whole" / PROJECTION)


@pytest.fixture(scope="module")
def watching() -> Iterator[Client]:
    """A client that looks on, with two worker processes that are started again when they die."""
    with open_client(Profile(2, dashboard="127.0.0.1:0")) as client:
        yield client


@pytest.fixture(scope="module")
def spawn():
    """Processes that begin with everything imported, so that a kill hits work and not imports."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.workflow.killing"])

    def begin(target: Callable[..., None], *given: object) -> BaseProcess:
        process = context.Process(target=target, args=given)
        process.start()
        return process

    return begin


def _duration(begin: Run, place: Path) -> float:
    """How long a run takes that nobody kills, s; the second of two, because the first also warms up."""
    for name in ("first", "second"):
        started = time.perf_counter()
        process = begin(place / name)
        process.join(60)
        assert process.exitcode == 0
    return time.perf_counter() - started


def _kill(process: BaseProcess, number: int) -> None:
    # It may end by itself at any time, and its number be given to another only after it was joined.
    if process.is_alive():
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _kill_until(kills: int, begin: Run, folder: Path, *, seed: int) -> Iterator[Path]:
    """Kill runs at random instants until that many died of it; yield each folder when a run in it came to its end."""
    rng = random.Random(seed)
    whole = _duration(begin, folder / "undisturbed")
    killed = 0
    while killed < kills:
        place, ended = folder / str(killed), False
        while not ended:
            process = begin(place)
            if killed < kills and rng.random() < 0.9:
                process.join(rng.uniform(0.0, whole))
                _kill(process, rng.choice(SIGNALS))
            process.join(60)
            assert process.exitcode in (0, *(-number for number in SIGNALS)), process.exitcode
            ended = process.exitcode == 0
            killed += not ended
        yield place


def _assert_undisturbed(place: Path, world: tuple[CellTable, dict[str, bytes]]) -> None:
    table, whole = world
    sweep(place)
    assert files_of(place / PROJECTION) == whole
    assert begun_though_recorded(place) == []
    assert unfinished(list(tiles_of(table.cells, TILE)), Ledger(place / "ledger", DIGEST)) == []


@pytest.mark.slow
def test_kills_of_a_process_that_does_all_itself(world, spawn, folder):
    """Reading, computing, writing and recording are cut off anywhere."""
    for place in _kill_until(40, lambda place: spawn(write_alone, world[0], place), folder / "alone", seed=1):
        _assert_undisturbed(place, world)


@pytest.mark.slow
def test_kills_of_a_client_whose_workers_live_on(world, watching, spawn, folder):
    """Workers may still be writing a tile of the client that died when the next one asks for it."""
    address = watching.scheduler.address
    for place in _kill_until(
        40,
        lambda place: spawn(write_as_client, world[0], place, address),
        folder / "clients",
        seed=2,
    ):
        while any(watching.processing().values()):
            time.sleep(0.02)
        _assert_undisturbed(place, world)


@pytest.mark.slow
def test_kills_of_workers_under_a_client_that_goes_on(world, watching, folder):
    """The client notices nothing but the time: a tile of a worker that died is done by another."""
    rng, killed = random.Random(3), 0
    tiles = list(tiles_of(world[0].cells, TILE))
    while killed < 20:
        place = folder / f"workers-{killed}"
        # A tile is given up after four deaths of its worker: two a run are never that many.
        fatal = rng.sample(range(len(tiles) - 1), 2)
        watching.wait_for_workers(2, timeout=60)
        for done, _ in enumerate(project_tiles(toy_task(world[0], place), tiles, watching)):
            if done in fatal:
                time.sleep(rng.uniform(0.0, 0.05))
                killed += _kill_one(watching.cluster, rng)
        _assert_undisturbed(place, world)


def _kill_one(cluster: LocalCluster, rng: random.Random) -> int:
    # One that died before may not have been started again yet.
    alive = sorted(nanny.pid for nanny in cluster.workers.values() if nanny.pid)
    if not alive:
        return 0
    with suppress(ProcessLookupError):
        os.kill(rng.choice(alive), rng.choice(SIGNALS))
    return 1
