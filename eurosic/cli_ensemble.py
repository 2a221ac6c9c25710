"""The commands of simulation ensembles: `simulate` makes one, `ensemble import` takes over existing MIN3P runs.

*Enters:* arguments. *Leaves:* text, a finished ensemble, an exit code as in `cli`. Part of the command line.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eurosic.base.errors import SimulationError
from eurosic.console import ConsoleTeller, Machine, machine_options, told

if TYPE_CHECKING:
    from eurosic.workflow.ensemble import EnsembleSetup

_out = click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The ensemble to make, such as ENSEMBLE.zarr.",
)


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@_out
@click.option(
    "--table",
    type=click.Path(path_type=Path, exists=True),
    help="Rows to draw from, where the recipe's design says `source: table`: a CSV, or the cells.zarr of a run.",
)
@machine_options
@click.option(
    "--executable", type=click.Path(path_type=Path), help="Your MIN3P: runs the design instead of eurosic."
)
@click.option("--database", type=click.Path(path_type=Path), help="The database folder of your MIN3P.")
@click.option("--time-limit", default=600.0, show_default=True, help="Seconds that a run of MIN3P may take.")
@click.option(
    "--engine",
    type=click.Choice(["simulator", "min3p", "phreeqc"]),
    default="simulator",
    show_default=True,
    help="What runs the design. phreeqc: annual step, no pH-dependent CEC (cec_ph_slope 0), much slower.",
)
@told
def simulate(recipe: Path, out: Path, table: Path | None, machine: Machine, **engine: object) -> None:
    """Make the simulation ensemble of RECIPE, or finish one that was interrupted."""
    from eurosic.workflow.engines import SIMULATOR
    from eurosic.workflow.ensemble import make_ensemble, set_up_ensemble
    from eurosic.workflow.machines import profile_of
    from eurosic.workflow.phreeqc_engine import PHREEQC

    profile = profile_of(recipe, machine.cluster, workers=machine.workers, scheduler=machine.scheduler)
    runs = PHREEQC if engine["engine"] == "phreeqc" else SIMULATOR
    setup = set_up_ensemble(recipe, table, engine=runs)
    if engine["engine"] == "min3p":
        _by_min3p(setup, out, workers=profile.processes, given=engine)
        return
    command = " ".join(["eurosic", *sys.argv[1:]])
    with ConsoleTeller(what="batches") as tell:
        made = make_ensemble(setup, out, profile=profile, tell=tell, command=command)
    if not made.worked:
        click.echo(f"{out}: finished already, nothing to do.")
        return
    click.echo(
        f"{out}: {made.simulations} simulations over {setup.recipe.years} years, {made.failed} failed."
    )


def _by_min3p(setup: EnsembleSetup, out: Path, *, workers: int, given: Mapping[str, object]) -> None:
    from eurosic.workflow.min3p_engine import Min3p, run_by_min3p

    for needed in ("executable", "database"):
        if given[needed] is None:
            raise SimulationError(
                "engine min3p", f"no --{needed}", wanted=f"--{needed} PATH of your own MIN3P"
            )
    executable, database = (Path(str(given[name])) for name in ("executable", "database"))
    engine = Min3p(executable, database, workers, float(str(given["time_limit"])))
    made = run_by_min3p(setup, out, engine)
    for reason in made.excluded:
        click.echo(f"failed    {reason}")
    click.echo(f"{out}: {made.simulations} simulations by MIN3P, {len(made.excluded)} failed.")


@click.group()
def ensemble() -> None:
    """Simulation ensembles that were made elsewhere."""


@ensemble.command(name="import")
@click.argument("places", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    help="Parameters of the runs in a folder: a CSV whose first column names the run. Packed runs hold their own.",
)
@_out
@told
def import_(places: tuple[Path, ...], table: Path | None, out: Path) -> None:
    """Turn MIN3P runs into a simulation ensemble: a folder with one for each run, or packed runs (NetCDF)."""
    from eurosic.workflow.min3p_import import import_ensemble, import_packed

    packed = all(place.is_file() for place in places)
    if not packed and (len(places) > 1 or table is None):
        raise click.UsageError("wanted one folder of runs and their --table, or files of packed runs")
    if packed and table is not None:
        raise click.UsageError("packed runs hold their own parameters: leave out --table")
    made = import_packed(places, out) if packed or table is None else import_ensemble(places[0], table, out)
    for reason in made.excluded:
        click.echo(f"left out  {reason}")
    click.echo(f"{out}: {made.simulations} simulations, {len(made.excluded)} left out.")
