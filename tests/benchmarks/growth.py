"""What a study cell costs as there are more of them: 10 thousand to 10 million, one pathway, one member.

``python -m tests.benchmarks.growth [--most 10000000] [--write]`` prints the table, and with ``--write`` puts it
between the markers of docs/7-engine.md. Years are those of a projection, 2020 to 2100. *Enters:* nothing but the
package. *Leaves:* a table; the cases are made and removed.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from distributed import Client

from eurosic.base.grid import tiles_of
from eurosic.clusters import Profile, open_client
from eurosic.projection.project import project_tiles
from tests.benchmarks.case import Case, make_case
from tests.benchmarks.peers import PAGE, Cost, measured, write_between
from tests.benchmarks.ways import kernel_of

MARKS = ("<!-- growth: begin -->", "<!-- growth: end -->")
# All sizes are whole tiles: what a tile costs that is not full is no matter of growth.
TILE = 10_000


@dataclass(frozen=True)
class Grown:
    """What some cells cost: CPU s of all processes, wall s, tiles, largest worker (bytes), and its threads.

    `threads` is the CPU time of the busiest worker over the wall time: how many cores it used.
    """

    cells: int
    cpu: float
    wall: float
    tiles: int
    largest: float
    threads: float


def grow(case: Case, *, workers: int, times: int) -> Grown:
    """Return what the engine takes for all tiles of a case, the least of some times, its workers warmed up."""
    kernel = kernel_of(case)
    with open_client(Profile(workers=workers, dashboard="127.0.0.1:0")) as client:
        client.wait_for_workers(workers)
        # What is imported, opened and fetched into memory once a process is no cost of a cell.
        client.run(kernel, np.repeat(kernel.middling, 64, axis=0))
        client.run(case.task(case.folder / "first"), next(tiles_of(case.cells, case.extent.tile)))
        runs = [_grown(case, client, case.folder / f"out-{number}") for number in range(times)]
    shutil.rmtree(case.folder / "first")
    return min(runs, key=lambda run: run.cpu)


def _grown(case: Case, client: Client, out: Path) -> Grown:
    tiles, task, cost = list(tiles_of(case.cells, case.extent.tile)), case.task(out), Cost("engine")
    pids = client.run(_pid)
    before, began = [_cpu_of(pid) for pid in pids.values()], time.perf_counter()
    with measured(cost):
        peaks = [record.peak_memory for record in project_tiles(task, tiles, client)]
    wall = time.perf_counter() - began
    used = [_cpu_of(pid) - was for pid, was in zip(pids.values(), before, strict=True)]
    shutil.rmtree(out)
    return Grown(case.cells, cost.cpu, wall, len(tiles), float(max(peaks)), max(used) / wall)


def _pid() -> int:
    return psutil.Process().pid


def _cpu_of(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def sizes(most: int) -> Iterator[int]:
    """Yield ten thousand, and ten times as many, up to `most`."""
    cells = 10_000
    while cells <= most:
        yield cells
        cells *= 10


def table(found: list[Grown]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| study cells | CPU s | CPU s a million cells | tasks | largest worker, GB | cores a worker used |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.cells} | {one.cpu:.1f} | {one.cpu / one.cells * 1e6:.1f} | {one.tiles} "
            f"| {one.largest / 1e9:.2f} | {one.threads:.2f} |"
            for one in found
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--until", type=int, default=2100, help="last year")
    parser.add_argument("--write", action="store_true", help="put the table into docs/7-engine.md")
    given = parser.parse_args()
    found = []
    for cells in sizes(given.most):
        folder = Path(tempfile.mkdtemp())
        # Small ones are repeated, as neighbours are heard most in what is short.
        case = make_case(folder, cells=cells, pathways=1, tile=TILE, until=given.until)
        found.append(
            grow(case, workers=given.workers, times=5 if cells < 10**6 else 3 if cells < 10**7 else 1)
        )
        shutil.rmtree(folder)
        print(table(found[-1:]).splitlines()[-1], flush=True)  # noqa: T201 - a long command says where it is
    told = table(found)
    print(told)  # noqa: T201
    if given.write:
        write_between(PAGE, told, MARKS)


if __name__ == "__main__":
    main()
