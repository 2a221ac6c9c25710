"""The engine beside its peers: one case, one predictor, one machine, the same workers, one command.

``python -m tests.benchmarks.peers [--times 8] [--pathways 5] [--repeat 3] [--write]`` prints the table, and with
``--write`` puts it between the markers of docs/7-engine.md. Each way runs in a process of its own, in turn, `repeat`
times, on warmed-up workers; the least CPU time of each counts, because neighbours only add to it. *Enters:* nothing
but the package. *Leaves:* a table. Peers come with the extra `bench`; which is not installed is left out and named.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import torch
import zarr
from distributed import Client, SchedulerPlugin

from eurosic.base.grid import Tile
from eurosic.clusters import Profile, open_client
from eurosic.clusters.environment import worker_environment
from eurosic.emulator.batches import micro_batch
from eurosic.emulator.features import spun_up
from eurosic.emulator.microbatch import MicroBatch
from tests.benchmarks.case import ROOT, Case, OneMember, add_dense, make_case, open_case
from tests.benchmarks.watching import cpu_seconds, side_by_side
from tests.benchmarks.ways import WAYS, kernel_of, remember

PAGE = ROOT / "docs" / "7-engine.md"
MARKS = ("<!-- peers: begin -->", "<!-- peers: end -->")
FLOOR, ALONE, KERNEL = "torch alone", "the predictor, columns at hand", "with forcing and years, no engine"
FLOORS = (FLOOR, ALONE, KERNEL)
# Cells of a tile of the engine, and along a side of a chunk of the dense raster, whose results are some 60 MB.
_TILE, _SIDE = 8192, 128
# Study cells among all cells of Europe: 4 819 of 155 000 at 10 km, and as many at 1 km.
_SHARE = 0.031
# What takes so long that noise is small beside it.
_ONCE = ("apply_ufunc on every cell",)
# What must be installed for a way.
_NEEDS = {"sklearn-raster": "sklearn_raster", "dask-ml": "dask_ml", "cubed": "cubed"}


@dataclass
class Cost:
    """What a way took: CPU and wall time, s, largest sum of the workers' memory, tasks, bytes stored."""

    way: str
    cpu: float = 0.0
    wall: float = 0.0
    peak: float = 0.0
    tasks: int = 0
    size: float = 0.0
    note: str = ""
    differs: float = field(default=0.0)


@contextmanager
def measured(cost: Cost) -> Iterator[None]:
    """Fill in CPU time, wall time and peak memory of what happens within."""
    stop, peak = threading.Event(), [0.0]
    below = psutil.Process().children(recursive=True)

    def watch() -> None:
        while not stop.wait(0.1):
            peak[0] = max(peak[0], float(sum(p.memory_info().rss for p in below if p.is_running())))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    began, cpu = time.perf_counter(), cpu_seconds(psutil.Process())
    try:
        yield
    finally:
        cost.cpu, cost.wall = cpu_seconds(psutil.Process()) - cpu, time.perf_counter() - began
        stop.set()
        watcher.join()
        cost.peak = peak[0]


def floor(case: Case, which: str, *, part: int, parts: int) -> float:
    """Return the CPU time of a floor on one of some equal parts of a case, in this process of one thread, s.

    The network alone; the predictor with what it makes of columns; or the kernel of all ways, forcing and years too.
    """
    torch.set_num_threads(1)
    predictor, kernel = OneMember(), kernel_of(case)
    emulator, taken = predictor.inner, 0.0
    member, size = emulator.network.of(0), micro_batch(len(case.forcing.pathways))
    kernel(np.repeat(kernel.middling, 64, axis=0))
    # As many at once as the engine gives to its predictor; but whole micro-batches of the network, one by one.
    step = size if which == FLOOR else case.spec.batch
    first, last = (case.cells * number // parts for number in (part, part + 1))
    for start in range(first, last, step):
        rows = case.table.rows(Tile(0, start, min(start + step, last)))
        columns = case.forcing(rows, emulator.signature)
        if which == FLOOR:
            batch = MicroBatch(spun_up(columns, emulator.signature), emulator.signature, emulator.frame)
            with torch.inference_mode():
                taken += _spent(partial(batch.run, member))
        elif which == ALONE:
            taken += _spent(partial(predictor.predict, columns))
        else:
            flat = [rows[name].reshape(len(rows["row"]), -1) for name in kernel.slices]
            taken += _spent(partial(kernel, np.concatenate(flat, axis=1, dtype=np.float32)))
    return taken


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def floor_beside(case: Case, which: str, *, workers: int) -> Cost:
    """Return what a floor costs on a case, in as many processes at once as there are workers, set up as they are."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.peers", "--case", str(case.folder)]
    parts = [
        [*command, "--floor", which, "--part", str(k), "--workers", str(workers)] for k in range(workers)
    ]
    with worker_environment() as environment:
        told = side_by_side(parts, {**os.environ, **environment})
    return Cost(which, cpu=sum(float(line) for line in told))


def one(case: Case, way: str, *, workers: int) -> Cost:
    """Return what a way costs on a case, its workers warmed up."""
    if way in FLOORS:
        return floor_beside(case, way, workers=workers)
    out = Path(tempfile.mkdtemp(dir=case.folder))
    cost = Cost(way)
    kernel = kernel_of(case)
    with open_client(Profile(workers=workers, dashboard="127.0.0.1:0")) as client:
        client.wait_for_workers(workers)
        client.run(remember, tuple(kernel.slices), kernel.middling)
        # What is imported and compiled once a process is not of the way.
        client.run(kernel, np.repeat(kernel.middling, 64, axis=0))
        client.run(_imported, _NEEDS.get(way, ""))
        client.register_plugin(_Counted())
        with measured(cost):
            WAYS[way](case, out, client)
        cost.tasks = _tasks_done(client)
    cost.size = float(sum(file.stat().st_size for file in out.rglob("*") if file.is_file()))
    cost.differs = _difference(case, out)
    shutil.rmtree(out)
    return cost


def _imported(name: str) -> None:
    for module in ("xarray", "zarr", "dask.array", "eurosic.projection.project", *filter(None, [name])):
        importlib.import_module(module)


class _Counted(SchedulerPlugin):
    """Counts the tasks that workers finish."""

    name = "counted"
    done = 0

    def transition(self, key: str, start: str, finish: str, *args: object, **kwargs: object) -> None:
        """Count."""
        self.done += (start, finish) == ("processing", "memory")


def _tasks_done(client: Client) -> int:
    """Return how many tasks have finished since the plugin was registered."""
    return client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.plugins["counted"].done)


def _difference(case: Case, out: Path) -> float:
    """Return how far the SIC change is from the kernel's own at a sample of cells, kg m-2."""
    kernel = kernel_of(case)
    some = np.unique(np.linspace(0, case.cells - 1, 64).astype(np.int64))
    rows = case.table.rows_at(some)
    features = np.concatenate([rows[n].reshape(len(some), -1) for n in kernel.slices], axis=1)
    wanted = kernel(features.astype(np.float32)).reshape(
        len(some), len(kernel.forcing.pathways), len(kernel.reported), -1
    )
    target = kernel.predictor.signature.target_index("sic_change_0_200cm")
    wanted = wanted[..., target].transpose(1, 2, 0)
    if (out / "projection.zarr").exists():
        stored = zarr.open_group(out / "projection.zarr", mode="r")["sic_change_0_200cm"]
        got = np.asarray(stored[:])[..., some]
    else:
        y = zarr.open_group(out / "y.zarr", mode="r")["y"]
        places = zip(rows["row"], rows["column"], strict=True)
        at = np.stack([np.asarray(y[:, row, column]) for row, column in places], axis=1)
        got = at.reshape(*wanted.shape[:2], -1, len(some))[:, :, target]
    return float(np.abs(got - wanted).max())


def installed() -> list[str]:
    """Return the ways whose library is installed, floors first."""
    known = [way for way in WAYS if way not in _NEEDS or importlib.util.find_spec(_NEEDS[way])]
    return [*FLOORS, *known]


def compare(folder: Path, *, repeat: int, workers: int, ways: list[str]) -> dict[str, Cost]:
    """Return the least cost of each way on the case of a folder, each run in a process of its own, in turn."""
    best: dict[str, Cost] = {}
    for time_of_all in range(repeat):
        for way in ways:
            if time_of_all and way in _ONCE:
                continue
            command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.peers", "--one", way]
            told = subprocess.run(
                [*command, "--case", str(folder), "--workers", str(workers)],
                cwd=ROOT, check=False, capture_output=True, text=True,
            )  # fmt: skip
            if told.returncode:
                best.setdefault(way, Cost(way, note=told.stderr.strip().splitlines()[-1][:160]))
                continue
            cost = Cost(**json.loads(told.stdout.splitlines()[-1]))
            print(cost, file=sys.stderr, flush=True)  # noqa: T201 - a long command says where it is
            if way not in best or best[way].note or cost.cpu < best[way].cpu:
                best[way] = cost
    return best


def table(case: Case, best: dict[str, Cost]) -> str:
    """Return the comparison as a table of Markdown."""
    arithmetic = best[FLOOR].cpu
    ours = best["engine"].cpu - arithmetic
    pathways, reported, years = len(case.forcing.pathways), len(case.spec.reported), len(case.forcing.years)
    lines = [
        f"{case.cells} study cells of {case.grid.rows} x {case.grid.columns} cells, {pathways} pathways, "
        f"{reported} reported of {years} years, one member of sic-v1.",
        "",
        "| way | CPU s | beyond torch alone, CPU s | of the engine's | workers' peak, GB | tasks | stored, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for way, cost in best.items():
        if cost.note:
            lines.append(f"| {way} | failed: {cost.note} | | | | | |")
            continue
        beyond = cost.cpu - arithmetic
        told = [f"{cost.cpu:.1f}", f"{beyond:.1f}" if way != FLOOR else "", f"{beyond / ours:.1f} x"]
        if way in FLOORS:
            told += ["", "", ""]
        else:
            told += [f"{cost.peak / 1e9:.2f}", f"{cost.tasks}", f"{cost.size / 1e6:.0f}"]
        lines.append(f"| {way} | {' | '.join(told if way != FLOOR else [told[0], '', '', '', '', ''])} |")
    return "\n".join(lines)


def write_between(page: Path, text: str, marks: tuple[str, str]) -> None:
    """Put a text between two markers of a page."""
    whole = page.read_text()
    first, last = whole.index(marks[0]) + len(marks[0]), whole.index(marks[1])
    page.write_text(f"{whole[:first]}\n{text}\n{whole[last:]}")


def main() -> None:
    """Compare, or run one way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=8, help="Europe is laid out so often in each direction")
    parser.add_argument("--pathways", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--ways", nargs="*", default=None, help="only these, beside torch and the engine")
    parser.add_argument("--write", action="store_true", help="put the table into docs/7-engine.md")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    parser.add_argument("--floor", default="", help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument(
        "--case", type=Path, default=None, help="folder of the case; a temporary one by default"
    )
    given = parser.parse_args()
    if given.floor:
        part = floor(open_case(given.case), given.floor, part=given.part, parts=given.workers)
        print(part)  # noqa: T201
        return
    if given.one:
        print(json.dumps(asdict(one(open_case(given.case), given.one, workers=given.workers))))  # noqa: T201
        return
    folder = given.case or Path(tempfile.mkdtemp())
    if not (folder / "case.json").exists():
        made = make_case(folder, times=given.times, pathways=given.pathways, tile=_TILE)
        add_dense(made, _SIDE, share=_SHARE)
    ways = [way for way in installed() if given.ways is None or way in (*FLOORS, "engine", *given.ways)]
    told = table(open_case(folder), compare(folder, repeat=given.repeat, workers=given.workers, ways=ways))
    missing = [way for way in WAYS if way not in installed()]
    if missing:
        told += f"\n\nNot installed: {', '.join(missing)}."
    print(told)  # noqa: T201
    if given.write:
        write_between(PAGE, told, MARKS)


if __name__ == "__main__":
    main()
