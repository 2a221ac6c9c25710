"""The command line: parses, prints, exits; the only place that does.

*Enters:* arguments and the environment variable EUROSIC_DATA. *Leaves:* text, and an exit code: 0 done, 1 a run
that found damage, 2 something that the user can mend. Heavy libraries are imported only by the command that needs
them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eurosic.base.errors import EurosicError, RecipeError

if TYPE_CHECKING:
    from eurosic.projection.plan import Plan
    from eurosic.workflow.setup import Setup

_P = ParamSpec("_P")
_ERROR = 2
_HIGHLIGHT = Console(highlight=False)


class _Teller:
    """Says what a run does: one progress bar on a terminal, plain lines in a batch log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("tiles     "),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("tiles", total=None)
        self._told = -1

    def __enter__(self) -> _Teller:
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
            self.say(f"tiles      {done} of {total}")


def _told(command: Callable[_P, None]) -> Callable[_P, None]:
    """Print an error that the user can mend without a traceback, and exit with 2."""

    @wraps(command)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except EurosicError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            sys.exit(_ERROR)

    return told


_recipe = click.argument("recipe", type=click.Path(path_type=Path))
_folder = click.argument("folder", type=click.Path(path_type=Path))
_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="EUROSIC_DATA",
    help="Folder of the data that the catalog names (or EUROSIC_DATA).",
)
_catalog = click.option(
    "--catalog", type=click.Path(path_type=Path, dir_okay=False), help="A catalog file of your own entries."
)
_smoke = click.option("--smoke", is_flag=True, help="Shrink the recipe to a few tiles and years.")
_workers = click.option("--workers", type=click.IntRange(1), default=None, help="Worker processes.")


@click.group()
@click.version_option(package_name="eurosic")
def main() -> None:
    """Project the inorganic carbon of Europe's calcareous arable soils under fertilizer pathways."""


@main.command()
@_recipe
@_data
@_catalog
@_told
def check(recipe: Path, data: Path | None, catalog: Path | None) -> None:
    """Say everything that is wrong with RECIPE and its data, before any work."""
    setup = _set_up(recipe, data=data, catalog=catalog)
    click.echo(
        f"{recipe}: good. {len(setup.requests)} layers on {setup.grid.rows} x {setup.grid.columns} cells of"
        f" {setup.grid.resolution / 1000:g} km, {len(setup.recipe.pathways)} pathways,"
        f" {setup.recipe.years[0]}-{setup.recipe.years[-1]}."
    )


@main.command()
@_recipe
@_data
@_catalog
@_workers
@_told
def plan(recipe: Path, data: Path | None, catalog: Path | None, workers: int | None) -> None:
    """Say tiles, study cells, bytes, memory and time of RECIPE, before anything runs."""
    from eurosic.clusters import Profile
    from eurosic.workflow.footprint import plan as plan_run

    setup = _set_up(recipe, data=data, catalog=catalog)
    disk = shutil.disk_usage(Path.cwd()).free
    found = plan_run(setup, profile=Profile(workers or 0), memory=_memory(), disk=disk)
    click.echo(_plan_text(found))


@main.command()
@_recipe
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@_data
@_catalog
@_workers
@click.option("--scheduler", default="", help="Address of a running Dask scheduler.")
@_smoke
@_told
def run(
    recipe: Path,
    folder: Path,
    data: Path | None,
    catalog: Path | None,
    workers: int | None,
    scheduler: str,
    smoke: bool,
) -> None:
    """Run RECIPE into a folder; the same command finishes a run that was interrupted."""
    from eurosic.clusters import Profile
    from eurosic.workflow.run import run as run_setup

    setup = _set_up(recipe, data=data, catalog=catalog, smoke=smoke)
    command = " ".join(["eurosic", *sys.argv[1:]])
    with _Teller(_HIGHLIGHT) as tell:
        finished = run_setup(
            setup, folder, profile=Profile(workers or 0, scheduler), tell=tell, command=command
        )
    if not finished.worked:
        click.echo(f"{folder}: finished already, nothing to do.")
    click.echo(finished.summary)


@main.command()
@_folder
@_told
def verify(folder: Path) -> None:
    """Compare every stored tile of a run with its checksum; damaged tiles are forgotten and redone by `run`."""
    from eurosic.workflow.run import verify as verify_run

    found = verify_run(folder)
    for tile, arrays in found.damaged.items():
        click.echo(f"tile {tile.index} (cells {tile.start} to {tile.stop}): damaged {', '.join(arrays)}")
    click.echo(
        f"{folder}: {found.tiles} tiles, {len(found.unfinished)} unfinished, {len(found.damaged)} damaged."
    )
    if found.damaged or found.unfinished:
        click.echo("Give the command of the run again: it does these tiles, and no others.")
        sys.exit(1)


def _set_up(recipe: Path, *, data: Path | None, catalog: Path | None, smoke: bool = False) -> Setup:
    from eurosic.workflow.setup import set_up

    setup = set_up(recipe, data=data, catalog=catalog, smaller=smoke)
    problems = setup.problems()
    if problems:
        count = f"{len(problems)} problem{'s' * (len(problems) > 1)}"
        raise RecipeError(
            str(recipe), f"{count} in its data", problems=[f"{type(p).__name__}: {p}" for p in problems]
        )
    return setup


def _memory() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"))


def _plan_text(plan: Plan) -> str:
    minutes = plan.seconds / 60
    took = f"{minutes:.1f} min" if minutes >= 1 else f"{plan.seconds:.0f} s"
    return "\n".join(
        [
            f"study cells       {plan.cells}",
            f"tiles             {plan.tiles}",
            f"column-years      {plan.column_years / 1e6:.3g} million",
            f"bytes out         {plan.bytes_out / 1e6:.3g} MB before compression",
            f"memory a worker   {plan.memory_per_worker / 1e6:.0f} MB ({plan.worst} asks for the most)",
            f"time              {took} on {plan.workers} workers ({plan.core_hours:.2g} core-hours)",
        ]
    )
