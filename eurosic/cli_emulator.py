"""The commands of emulators: `train` makes one, `card` shows what one promises.

*Enters:* arguments. *Leaves:* text, a card with its weights, an exit code as in `cli`. Part of the command line.
"""

from __future__ import annotations

from pathlib import Path

import click

from eurosic.console import ConsoleTeller, Machine, machine_options, told

_simulations = click.option(
    "--simulations",
    type=click.Path(path_type=Path, exists=True),
    help="A finished ensemble to learn from, instead of making that of the recipe.",
)


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="The folder of the card, such as sic-v2."
)
@_simulations
@machine_options
@told
def train(recipe: Path, out: Path, simulations: Path | None, machine: Machine) -> None:
    """Train the emulator of RECIPE, or finish a training that was interrupted."""
    from eurosic.workflow.machines import profile_of
    from eurosic.workflow.training import set_up_training
    from eurosic.workflow.training import train as train_emulator

    profile = profile_of(recipe, machine.cluster, workers=machine.workers, scheduler=machine.scheduler)
    setup = set_up_training(recipe, out, simulations=simulations)
    with ConsoleTeller(what="steps") as tell:
        folder = train_emulator(setup, profile=profile, tell=tell)
    _show(folder)


@click.command()
@click.argument("emulator")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="EUROSIC_DATA",
    help="Folder of the data, whose emulators/ is searched too.",
)
@told
def card(emulator: str, data: Path | None) -> None:
    """Show the card of EMULATOR: a name such as sic-v1, or the folder of a card."""
    from eurosic.workflow.predictors import find_card

    folder = Path(emulator)
    _show(folder if folder.is_dir() else find_card(emulator, data))


def _show(folder: Path) -> None:
    from eurosic.emulator.card import read_card
    from eurosic.emulator.card_page import render_card

    click.echo(render_card(read_card(folder)))
