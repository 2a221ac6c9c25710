"""The commands that show a finished run: `figures` for papers, `view` for a look at every cell.

*Enters:* arguments. *Leaves:* text, files beside the run, a local page while the command lasts; an exit code as in
`cli`. Part of the command line.
"""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from eurosic.console import told

_folder = click.argument("folder", type=click.Path(path_type=Path))


@click.command()
@_folder
@click.option(
    "--variable",
    "variables",
    multiple=True,
    help="What to show (again for several; else sic_change_0_200cm).",
)
@click.option("--year", type=int, help="Year of the maps, a reported one (else the last).")
@click.option("--place", default="Europe", show_default=True, help="Country whose totals are drawn.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the files (else FOLDER/figures/paper)."
)
@told
def figures(folder: Path, variables: tuple[str, ...], year: int | None, place: str, out: Path | None) -> None:
    """Draw the finished run in FOLDER for a paper: maps, differences, totals, typical cells; PNG, PDF, captions."""
    from eurosic.workflow.figures import VARIABLES, write_paper

    paths = write_paper(folder, variables=variables or VARIABLES, year=year, place=place, out=out)
    count = sum(path.suffix == ".pdf" for path in paths)
    click.echo(f"{count} figures, each as PNG, PDF and caption, in {paths[0].parent}")


@click.command()
@_folder
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on (else any that is free)."
)
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
@told
def view(folder: Path, port: int, show: bool) -> None:
    """Show every cell of the finished run in FOLDER on a page of this machine, until Ctrl-C."""
    from eurosic.view.server import address_of
    from eurosic.workflow.viewing import open_viewer

    with open_viewer(folder, port=port) as server:
        click.echo(f"{folder}: {address_of(server)} (Ctrl-C ends it)")
        if show:
            webbrowser.open(address_of(server))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            # The only way out, by Ctrl-C or SIGTERM: nothing was interrupted.
            click.echo("Closed.")
