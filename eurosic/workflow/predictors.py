"""From the recipe's predictor to one that answers: the simulator, or an emulator found by the name of its card.

*Enters:* a recipe, the folder of the data. *Leaves:* a `Predictor`, and the `OutsideRule`: what is done about cells
outside the domain on which an emulator was trained. Cards that ship lie in the package, those of a user in
``DATA/emulators/NAME``. The library that runs networks is imported only where a recipe asks for an emulator.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from eurosic.base.errors import RecipeError
from eurosic.base.signature import Predictor, names
from eurosic.projection.outside import Fate, OutsideRule
from eurosic.projection.tile import TOTALLED
from eurosic.recipe.schema import Check, Recipe
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.simulate import Simulator

_SHIPPED = Path(__file__).resolve().parents[1] / "emulator" / "cards"
_OF_DATA = "emulators"
_LOADER = "eurosic.emulator.load"
# Without these a run has no totals, and the self-check no regimes.
_NEEDED = (*TOTALLED, "regime")


def simulator_of(recipe: Recipe) -> Simulator:
    """Return the process model with the recipe's options."""
    return Simulator(SimulatorOptions(**recipe.simulator_options()))


def predictor_of(recipe: Recipe, data: Path | None) -> Predictor:
    """Return what answers for a cell.

    Raises
    ------
    RecipeError
        If there is no card of that name, networks cannot be run here, or the emulator gives too few targets.
    EurosicError
        Whatever the card is refused for.
    """
    name = recipe.predictor.emulator
    if name is None:
        return simulator_of(recipe)
    emulator = load_card(find_card(name, data))
    absent = [target for target in _NEEDED if target not in names(emulator.signature.targets)]
    if absent:
        raise RecipeError(
            f"emulator {name!r}",
            f"does not give {', '.join(absent)}",
            wanted="every target of which totals are made, and the regime",
            do="Use another emulator, or `predictor: simulator`.",
        )
    return emulator


def outside_of(recipe: Recipe) -> OutsideRule:
    """Return what is done about cells outside the predictor's domain."""
    fate = Fate(recipe.predictor.outside_domain)
    return OutsideRule(fate, simulator_of(recipe) if fate is Fate.SIMULATE else None)


def check_of(recipe: Recipe) -> Check | None:
    """Return how the predictor is checked on the run's own cells; None for the simulator."""
    chosen = recipe.predictor
    return None if chosen.emulator is None else chosen.check or Check()


def card_problems(recipe: Recipe, data: Path | None) -> Iterator[RecipeError]:
    """Yield what is wrong with the name of the recipe's emulator, without loading it."""
    if recipe.predictor.emulator is not None:
        try:
            find_card(recipe.predictor.emulator, data)
        except RecipeError as error:
            yield error


def find_card(name: str, data: Path | None) -> Path:
    """Return the folder of an emulator's card: in the package, else in the data folder.

    Raises
    ------
    RecipeError
        If there is none, naming those that there are.
    """
    places = [_SHIPPED, *([data / _OF_DATA] if data else [])]
    for place in places:
        if (place / name).is_dir():
            return place / name
    known = sorted(
        {card.name for place in places if place.is_dir() for card in place.iterdir() if card.is_dir()}
    )
    raise RecipeError(
        "predictor.emulator",
        f"there is no emulator {name!r}",
        wanted=f"one of {', '.join(known)}" if known else "a card; there is none",
        do=f"Correct the name, put the card into {data or 'DATA'}/{_OF_DATA}, or use `predictor: simulator`.",
    )


def load_card(card: Path) -> Predictor:
    """Return the emulator of a card's folder.

    Raises
    ------
    RecipeError
        If a library that runs networks is not installed.
    """
    try:
        loader = importlib.import_module(_LOADER)
    except ModuleNotFoundError as error:
        raise RecipeError(
            f"emulator {card.name!r}",
            f"needs {error.name}, which is not installed",
            do=f"Install it (`pip install {error.name}`), or use `predictor: simulator`.",
        ) from error
    return cast(Predictor, loader.load_emulator(card))
