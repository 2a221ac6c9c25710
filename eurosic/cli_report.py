"""The command for readers of a run: `report`, one page that holds all it shows.

*Enters:* arguments. *Leaves:* text, a page in the run's folder, an exit code as in `cli`. Part of the command line.
"""

from __future__ import annotations

from pathlib import Path

import click

from eurosic.console import ConsoleTeller, told


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@told
def report(folder: Path) -> None:
    """Write the report of the finished run in FOLDER: FOLDER/report.html, one page that needs no network."""
    from eurosic.workflow.reporting import write_report

    with ConsoleTeller(what="variables") as tell:
        write_report(folder, tell=tell)
