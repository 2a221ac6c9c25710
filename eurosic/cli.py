"""The command line: parses, prints, exits; the only place that does.

*Enters:* arguments and the environment variable EUROSIC_DATA. *Leaves:* text, and an exit code: 0 done, 1 a run
that found damage, 2 something that the user can mend, 130 Ctrl-C. Heavy libraries are imported only by the
command that needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eurosic.base.errors import RecipeError
from eurosic.cli_ensemble import ensemble, simulate
from eurosic.console import ConsoleTeller, told

if TYPE_CHECKING:
    from eurosic.projection.plan import Plan
    from eurosic.workflow.setup import Setup


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


main.add_command(simulate)
main.add_command(ensemble)


@main.command()
@_recipe
@_data
@_catalog
@told
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
@told
def plan(recipe: Path, data: Path | None, catalog: Path | None, workers: int | None) -> None:
    """Say tiles, study cells, bytes, memory and time of RECIPE, before anything runs."""
    from eurosic.clusters import Profile
    from eurosic.workflow.footprint import plan as plan_run

    setup = _set_up(recipe, data=data, catalog=catalog)
    found = plan_run(setup, profile=Profile(workers or 0), folder=Path.cwd())
    click.echo(_plan_text(found))


@main.command()
@_recipe
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@_data
@_catalog
@_workers
@click.option("--scheduler", default="", help="Address of a running Dask scheduler.")
@_smoke
@told
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
    with ConsoleTeller() as tell:
        finished = run_setup(
            setup, folder, profile=Profile(workers or 0, scheduler), tell=tell, command=command
        )
    if not finished.worked:
        click.echo(f"{folder}: finished already, nothing to do.")
    click.echo(finished.summary)


@main.command()
@_folder
@told
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
    problems = setup.problems
    if problems:
        count = f"{len(problems)} problem{'s' * (len(problems) > 1)}"
        raise RecipeError(
            str(recipe), f"{count} in its data", problems=[f"{type(p).__name__}: {p}" for p in problems]
        )
    return setup


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
