"""The command that explains a run: `explain`, attributions in time and their contrast with space.

*Enters:* arguments. *Leaves:* text, files beside the run, an exit code as in `cli`. Part of the command line.
"""

from __future__ import annotations

from pathlib import Path

import click

from eurosic.console import ConsoleTeller, Machine, machine_options, told

_sample = click.option(
    "--sample",
    type=click.IntRange(8),
    default=200,
    show_default=True,
    help="Cells of a quick look, from every regime.",
)
_all = click.option("--all", "every", is_flag=True, help="Every cell instead of a sample: attribution maps.")
_horizon = click.option(
    "--horizon",
    "horizons",
    type=int,
    multiple=True,
    help="Reported year (repeatable); else 2050 and the last.",
)
_pathway = click.option(
    "--pathway", "pathways", multiple=True, help="Pathway beside the baseline (repeatable); else all."
)
_background = click.option(
    "--background",
    type=click.IntRange(4),
    default=32,
    show_default=True,
    help="Typical cells to compare with.",
)
_seed = click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Of all that is drawn."
)
_part = click.option(
    "--part",
    "parts",
    type=click.Choice(["time", "space"]),
    multiple=True,
    help="Attributions in time alone, or their contrast with space alone; else both.",
)
_observations = click.option(
    "--observations",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Your own table of soil samples, for the contrast with space (repeatable).",
)
_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="EUROSIC_DATA",
    help="Folder of the data, whose emulators/ is searched too (or EUROSIC_DATA).",
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_sample
@_all
@_horizon
@_pathway
@_background
@_seed
@_part
@_observations
@_data
@machine_options
@told
def explain(
    folder: Path,
    data: Path | None,
    observations: tuple[Path, ...],
    machine: Machine,
    every: bool,
    **asked: object,
) -> None:
    """Explain the finished run in FOLDER, into FOLDER/explain; the same command goes on after an interruption."""
    from eurosic.workflow.explain_setup import PARTS, ExplainOptions
    from eurosic.workflow.explaining import explain as explain_run
    from eurosic.workflow.machines import profile_of

    profile = profile_of(folder, machine.cluster, workers=machine.workers, scheduler=machine.scheduler)
    asked |= {"sample": None if every else asked["sample"], "parts": asked["parts"] or PARTS}
    options = ExplainOptions(**asked)  # type: ignore[arg-type]
    with ConsoleTeller() as tell:
        explain_run(folder, options, profile=profile, tell=tell, data=data, observations=observations)
