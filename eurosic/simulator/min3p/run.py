"""Run a user's MIN3P executable on many decks, a folder each, and keep apart what cannot be trusted.

Station: between the deck writer and the readers. *Enters:* deck texts by name and the executable. *Leaves:* a
folder of good runs, ``failed/`` with a ``reason.txt`` in every run that is not, and a `RunOutcome` each. A run is
good when it exits with 0, is complete by its deck, and its mass balance holds against the throughput. It must not
look for an executable by itself. *Source:* SCIENCE.md section 3 (``root.dat`` names the problem).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import xarray as xr

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.read import dataset_of_run

FAILED = "failed"  # folder of the runs that cannot be trusted
REASON = "reason.txt"
_POLL = 0.05  # s between two looks at a running executable


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: its folder, wall seconds, and why it cannot be used (empty where it can)."""

    name: str
    folder: Path
    seconds: float
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether the run may be used."""
        return not self.reason

    def read(self) -> xr.Dataset:
        """Return the run's output, as `read_min3p` does, without warnings."""
        return dataset_of_run(self.folder / self.name)


def run_min3p(
    decks: Mapping[str, str],
    executable: str | Path,
    *,
    folder: str | Path,
    workers: int = 1,
    time_limit: float = 600.0,
) -> list[RunOutcome]:
    """Run MIN3P on some decks and return how each ended, in their order.

    A run that is already there, complete and of the same deck, is not run again, so that a call that was
    interrupted is taken up by repeating it; a failed run is tried again.

    Parameters
    ----------
    decks
        Text of each deck by the name (prefix) of its run.
    executable
        The user's MIN3P.
    folder
        Takes a folder for each run, and ``failed/``.
    workers
        Executables at a time.
    time_limit
        Wall seconds after which a run is stopped.

    Raises
    ------
    SimulationError
        If there is no such executable, or a run of that name with another deck is there; before anything runs.
    """
    program, root = _program(executable), Path(folder)
    # All refusals before the first run: a thousand runs are not to stop at the last one's name.
    for name, text in decks.items():
        _check_place(root / name, name, text)
    # Threads, since each only waits for its executable.
    stop = Event()
    pool = ThreadPoolExecutor(max_workers=max(workers, 1))
    try:
        futures = [
            pool.submit(_run_one, name, text, program=program, root=root, limit=time_limit, stop=stop)
            for name, text in decks.items()
        ]
        return [future.result() for future in futures]
    finally:
        # On an interrupt no executable may outlive the call.
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _program(executable: str | Path) -> str:
    found = shutil.which(str(executable))
    if found is None:
        raise SimulationError(
            f"executable {executable}",
            "is not there or may not be run",
            wanted="the path of a MIN3P executable",
            do="MIN3P is open source: github.com/min3p-ubc/min3p.",
        )
    return str(Path(found).resolve())


def _check_place(place: Path, name: str, text: str) -> None:
    deck = place / f"{name}.dat"
    if deck.is_file() and deck.read_text() != text:
        raise SimulationError(
            str(place),
            "holds a run of that name with another deck",
            wanted="an empty place, or the same deck",
            do="Choose another folder, or remove the old run.",
        )


def _run_one(name: str, text: str, *, program: str, root: Path, limit: float, stop: Event) -> RunOutcome:
    place = root / name
    # Read again rather than trusted: a folder that was cut off while it was written looks like one.
    if (place / f"{name}.dat").is_file() and not _fault(place, name):
        return RunOutcome(name, place, 0.0)
    for old in (place, root / FAILED / name):
        shutil.rmtree(old, ignore_errors=True)
    place.mkdir(parents=True)
    (place / f"{name}.dat").write_text(text)
    # MIN3P looks here for the problem's name before it asks.
    (place / "root.dat").write_text(f"{name}\n")
    began = time.monotonic()
    reason = _execute(program, place, name, limit=limit, stop=stop) or _fault(place, name)
    seconds = time.monotonic() - began
    if not reason:
        return RunOutcome(name, place, seconds)
    return RunOutcome(name, _set_aside(root, name, reason), seconds, reason)


def _execute(program: str, place: Path, name: str, *, limit: float, stop: Event) -> str:
    """Run the executable in its folder and return why it did not end well, empty where it did."""
    with (place / "stdout.txt").open("wb") as said:
        try:
            process = subprocess.Popen(
                [program],
                cwd=place,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                # Its own group, so that what it starts is stopped with it.
                start_new_session=True,
            )
        except OSError as error:
            return f"the executable could not be started: {error.strerror}"
        _tell_name(process, name)
        deadline = time.monotonic() + limit
        while process.poll() is None:
            if time.monotonic() > deadline or stop.is_set():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return (
                    "stopped by the caller" if stop.is_set() else f"stopped at the time limit of {limit:g} s"
                )
            time.sleep(_POLL)
    # MIN3P may end with 0 after "failure in timeloop", so that this is not the only test.
    if process.returncode != 0:
        return f"the executable ended with {process.returncode}; it last said: {_last_line(place / 'stdout.txt')}"
    return ""


def _tell_name(process: subprocess.Popen[bytes], name: str) -> None:
    # MIN3P asks for the problem where it finds no root.dat; one that does not ask may close its input.
    if process.stdin is None:
        return
    try:
        process.stdin.write(f"{name}\n".encode())
        process.stdin.close()
    except BrokenPipeError:
        return


def _last_line(path: Path) -> str:
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip(" -*")]
    return repr(lines[-1][:200]) if lines else "nothing"


def _fault(place: Path, name: str) -> str:
    """Return why the output of a run cannot be used, empty where it can."""
    try:
        run = dataset_of_run(place / name)
    except SimulationError as error:
        return str(error)
    if not run.attrs["complete"]:
        return f"not complete: {run.attrs['complete_why']}"
    if run.attrs["balance"] == "failed":
        return "; ".join(note for note in run.attrs["warnings"] if note.startswith("mass balance"))
    return ""


def _set_aside(root: Path, name: str, reason: str) -> Path:
    aside = root / FAILED / name
    # Its output stays with it: the reason is often found there.
    aside.parent.mkdir(parents=True, exist_ok=True)
    (root / name).rename(aside)
    (aside / REASON).write_text(f"{reason}\n")
    return aside
