"""What all commands share: how a run says what it does, and how an error reaches the person.

*Enters:* lines and errors. *Leaves:* text on the terminal or in a log, exit code 2 for what the user can mend. Part
of the command line; must not import any stage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eurosic.base.errors import EurosicError

_P = ParamSpec("_P")
_ERROR = 2
# What shells report of a process that Ctrl-C ended.
_INTERRUPTED = 130
HIGHLIGHT = Console(highlight=False)


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


def told(command: Callable[_P, None]) -> Callable[_P, None]:
    """Print an error that the user can mend without a traceback, and exit with 2; with 130 after Ctrl-C."""

    @wraps(command)
    def telling(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except EurosicError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            sys.exit(_ERROR)
        except KeyboardInterrupt:
            click.echo("Interrupted. What is finished is kept: the same command goes on.", err=True)
            sys.exit(_INTERRUPTED)

    return telling
