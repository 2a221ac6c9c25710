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
from eurosic.cli_emulator import card, train
from eurosic.cli_ensemble import ensemble, simulate
from eurosic.cli_explain import explain
from eurosic.cli_export import export, totals
from eurosic.cli_report import report
from eurosic.cli_view import figures, view
from eurosic.console import ConsoleTeller, Machine, cluster_option, machine_options, told, workers_option

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


@click.group()
@click.version_option(package_name="eurosic")
def main() -> None:
    """Project the inorganic carbon of Europe's calcareous arable soils under fertilizer pathways."""


main.add_command(simulate)
main.add_command(ensemble)
main.add_command(train)
main.add_command(card)
main.add_command(export)
main.add_command(totals)
main.add_command(explain)
main.add_command(report)
main.add_command(figures)
main.add_command(view)


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
@workers_option
@cluster_option
@told
def plan(recipe: Path, data: Path | None, catalog: Path | None, workers: int | None, cluster: str) -> None:
    """Say tiles, study cells, bytes, memory and time of RECIPE, before anything runs."""
    from eurosic.workflow.footprint import check_profile
    from eurosic.workflow.footprint import plan as plan_run
    from eurosic.workflow.machines import profile_of

    # Files are not read from end to end: the rasters of a continent are hundreds of gigabytes.
    setup = _set_up(recipe, data=data, catalog=catalog, digests=False)
    profile = profile_of(recipe, cluster, workers=workers)
    found = plan_run(setup, profile=profile)
    click.echo(_plan_text(found))
    # Said first, refused then: who must find another machine wants to know of what size.
    check_profile(found, profile, Path.cwd())


@main.command()
@_recipe
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@_data
@_catalog
@machine_options
@click.option(
    "--performance-report",
    "report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write Dask's report of the run, an HTML page that opens without a network.",
)
@_smoke
@told
def run(
    recipe: Path,
    folder: Path,
    data: Path | None,
    catalog: Path | None,
    smoke: bool,
    report: Path | None,
    machine: Machine,
) -> None:
    """Run RECIPE into a folder; the same command finishes a run that was interrupted."""
    from eurosic.workflow.machines import profile_of
    from eurosic.workflow.run import run as run_setup

    profile = profile_of(recipe, machine.cluster, workers=machine.workers, scheduler=machine.scheduler)
    setup = _set_up(recipe, data=data, catalog=catalog, smoke=smoke)
    command = " ".join(["eurosic", *sys.argv[1:]])
    with ConsoleTeller() as tell:
        finished = run_setup(setup, folder, profile=profile, tell=tell, command=command, report=report)
    if not finished.worked:
        click.echo(f"{folder}: finished already, nothing to do.")
    click.echo(finished.summary)


@main.command()
@_folder
@told
def verify(folder: Path) -> None:
    """Compare every stored tile of a run with its checksum; damaged tiles are forgotten and redone by `run`."""
    from eurosic.workflow.verifying import verify as verify_run

    found = verify_run(folder)
    for tile, arrays in found.damaged.items():
        click.echo(f"tile {tile.index} (cells {tile.start} to {tile.stop}): damaged {', '.join(arrays)}")
    click.echo(
        f"{folder}: {found.tiles} tiles, {len(found.unfinished)} unfinished, {len(found.damaged)} damaged."
    )
    if found.damaged or found.unfinished:
        click.echo("Give the command of the run again: it does these tiles, and no others.")
        sys.exit(1)


def _set_up(
    recipe: Path, *, data: Path | None, catalog: Path | None, smoke: bool = False, digests: bool = True
) -> Setup:
    from eurosic.workflow.setup import set_up

    setup = set_up(recipe, data=data, catalog=catalog, smaller=smoke)
    problems = setup.problems if digests else setup.problems_of_headers
    if problems:
        count = f"{len(problems)} problem{'s' * (len(problems) > 1)}"
        raise RecipeError(
            str(recipe), f"{count} in its data", problems=[f"{type(p).__name__}: {p}" for p in problems]
        )
    return setup


def _plan_text(plan: Plan) -> str:
    minutes, millions = plan.seconds / 60, plan.column_years / 1e6
    years = f"{millions:.3g} million" if millions < 1e3 else f"{millions / 1e3:.3g} billion"
    took = f"{minutes:.1f} min" if minutes >= 1 else f"{plan.seconds:.0f} s"
    took = f"{minutes / 60:.1f} h" if minutes >= 120 else took
    outside = [] if plan.outside is None else [f"domain            {plan.outside.told()}"]
    return "\n".join(
        [
            f"study cells       {plan.cells}",
            f"tiles             {plan.tiles}",
            f"column-years      {years}",
            f"bytes out         about {_size(plan.bytes_stored)} ({_size(plan.bytes_out)} before compression)",
            f"memory a worker   {plan.memory_per_worker / 1e6:.0f} MB ({plan.worst} asks for the most)",
            f"time              {took} on {plan.workers} workers ({plan.core_hours:.2g} core-hours)",
            *outside,
        ]
    )


def _size(bytes_: float) -> str:
    return f"{bytes_ / 1e6:.3g} MB" if bytes_ < 1e9 else f"{bytes_ / 1e9:.3g} GB"
