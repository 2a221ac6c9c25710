"""A run watched from outside: wall and CPU time of all its processes at the end of each of its stages.

*Enters:* a command that makes a run, and the folder that it writes. *Leaves:* what each stage took. A stage is over
when its word stands in the log of the run; tiles are over with the last record of the ledger.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil

# The words of the log by which a stage is known to be over, and what the stage is called.
_WORDS = {"inputs": "layers", "cells": "cell table", "domain": "plan"}
_TILES, _CLOSING = "tiles", "self-check, totals, figures"
_PAUSE = 0.2


@dataclass
class Watched:
    """What a command took: wall and CPU time of all processes, s, by stage; and its largest process, bytes."""

    stages: dict[str, tuple[float, float]] = field(default_factory=dict)
    wall: float = 0.0
    cpu: float = 0.0
    largest: float = 0.0

    def until(self, stage: str) -> float:
        """Return the CPU time from the start to the end of a stage, s."""
        names = list(self.stages)
        return sum(cpu for _, cpu in list(self.stages.values())[: names.index(stage) + 1])


def watch(command: list[str], folder: Path) -> Watched:
    """Run a command that makes a run in a new folder, and return what it took.

    Raises
    ------
    SystemExit
        If the command fails.
    """
    found, marks, records = Watched(), [("", 0.0, 0.0)], 0
    began, process = time.perf_counter(), psutil.Popen(command)
    while process.poll() is None:
        time.sleep(_PAUSE)
        with suppress(psutil.NoSuchProcess):  # one that ended between two looks
            found.largest = max(found.largest, _largest(process))
            found.cpu = max(found.cpu, cpu_seconds(process))
        now = time.perf_counter() - began, found.cpu
        marks += [(stage, *now) for stage in _over(folder, [name for name, *_ in marks])]
        done = len(list((folder / "ledger").glob("tile-*.json")))
        if done > records:
            records = done
            marks = [mark for mark in marks if mark[0] != _TILES] + [(_TILES, *now)]
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    found.wall = time.perf_counter() - began
    marks.append((_CLOSING, found.wall, found.cpu))
    for (_, wall, cpu), (stage, later, more) in pairwise(marks):
        found.stages[stage] = later - wall, more - cpu
    return found


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a process and of all below it, dead ones too, s."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _largest(process: psutil.Process) -> float:
    """Return the size of the largest of a process and all below it, bytes."""
    return max(float(one.memory_info().rss) for one in (process, *process.children(recursive=True)))


def _over(folder: Path, known: list[str]) -> list[str]:
    """Return the stages whose word stands in the log and that are not known to be over yet, in order."""
    log = folder / "log.txt"
    said = {line.split()[1] for line in log.read_text().splitlines() if line} if log.exists() else set()
    return [stage for word, stage in _WORDS.items() if word in said and stage not in known]


def side_by_side(commands: list[list[str]], environment: dict[str, str]) -> list[str]:
    """Run some commands at once, as workers of a run are, and return the last line that each prints."""
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for command in commands
    ]
    told = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        sys.exit("a floor could not be measured")
    return [text.splitlines()[-1] for text in told]
