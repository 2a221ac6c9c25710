"""What all commands share: how a run says what it does, and how an error reaches the person.

*Enters:* lines and errors. *Leaves:* text on the terminal or in a log, exit code 2 for what the user can mend. Part
of the command line; must not import any stage.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from types import FrameType
from typing import ParamSpec

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eurosic.base.errors import EurosicError

_P = ParamSpec("_P")
_ERROR = 2
# What shells report of a process that Ctrl-C ended, or SIGTERM.
_INTERRUPTED = 130
_TERMINATED = 143
HIGHLIGHT = Console(highlight=False)


@dataclass(frozen=True)
class Machine:
    """Where to work, as the command line says it: a cluster file, a number of processes here, or a scheduler."""

    cluster: str = ""
    workers: int | None = None
    scheduler: str = ""


workers_option = click.option("--workers", type=click.IntRange(1), default=None, help="Worker processes.")
scheduler_option = click.option("--scheduler", default="", help="Address of a running Dask scheduler.")
cluster_option = click.option(
    "--cluster",
    default="",
    help="Machine to work on: a file, or the name of one in recipes/clusters or ~/.config/eurosic/clusters.",
)


def machine_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where to work, as one `machine`."""

    @wraps(command)
    def bundled(*args: object, cluster: str, workers: int | None, scheduler: str, **kwargs: object) -> None:
        command(*args, machine=Machine(cluster, workers, scheduler), **kwargs)

    return workers_option(scheduler_option(cluster_option(bundled)))


class ConsoleTeller:
    """Says what a run does: one progress bar on a terminal, plain lines in a batch log."""

    def __init__(self, console: Console = HIGHLIGHT, what: str = "tiles") -> None:
        self._console, self._what = console, what
        self._bar = Progress(
            TextColumn(f"{what:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=None)
        self._told = -1

    def __enter__(self) -> ConsoleTeller:
        self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, soft_wrap=True)

    def progress(self, done: int, total: int) -> None:
        """Move the bar; in a log, a line at every tenth."""
        self._bar.update(self._task, completed=done, total=total)
        tenth = 10 * done // total
        if not self._console.is_terminal and tenth > self._told:
            self._told = tenth
            self.say(f"{self._what:<10} {done} of {total}")


class Terminated(KeyboardInterrupt):
    """SIGTERM, as batch systems send it before the walltime; what waits for Ctrl-C ends by it too."""


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, so that workers are ended and locks are given back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    # Connections that close under work that is given up are no fault, and Dask would log each with a traceback; the
    # process has nothing else to say from here on, nor what Dask does when it ends.
    logging.disable(logging.CRITICAL)
    sys.unraisablehook = _say_nothing
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    # Once is enough: a second signal must not cut short the clearing up that the first began.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def _say_nothing(unraisable: sys.UnraisableHookArgs) -> None:
    """Take what could not be raised while the process ends."""


def told(command: Callable[_P, None]) -> Callable[_P, None]:
    """Print an error that the user can mend without a traceback, and exit with 2; after a signal as shells say it."""

    @wraps(command)
    def telling(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            with _ending_cleanly():
                command(*args, **kwargs)
        except EurosicError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            sys.exit(_ERROR)
        except Terminated:
            click.echo("Terminated. What is finished is kept: the same command goes on.", err=True)
            sys.exit(_TERMINATED)
        except KeyboardInterrupt:
            click.echo("Interrupted. What is finished is kept: the same command goes on.", err=True)
            sys.exit(_INTERRUPTED)

    return telling
