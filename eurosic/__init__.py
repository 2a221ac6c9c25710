"""eurosic: the inorganic carbon of Europe's calcareous arable soils under less nitrogen.

The public names, and the walk they follow: a recipe is set up, run, and its projection opened.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eurosic.base.errors import EurosicError
    from eurosic.base.grid import Grid
    from eurosic.base.signature import Columns, Prediction, Predictor, Signature
    from eurosic.emulator.load import load_emulator
    from eurosic.outputs.cube import open_projection, open_totals
    from eurosic.outputs.simulations import open_ensemble
    from eurosic.recipe.load import load_recipe
    from eurosic.simulator.min3p.read import read_min3p
    from eurosic.simulator.simulate import Simulator
    from eurosic.workflow.run import run
    from eurosic.workflow.setup import Setup, set_up

# Names are imported when first asked for: `import eurosic` and `eurosic --help` stay instant.
_HOME = {
    "Columns": "base.signature",
    "EurosicError": "base.errors",
    "Grid": "base.grid",
    "Prediction": "base.signature",
    "Predictor": "base.signature",
    "Setup": "workflow.setup",
    "Signature": "base.signature",
    "Simulator": "simulator.simulate",
    "load_emulator": "emulator.load",
    "load_recipe": "recipe.load",
    "open_ensemble": "outputs.simulations",
    "open_projection": "outputs.cube",
    "open_totals": "outputs.cube",
    "read_min3p": "simulator.min3p.read",
    "run": "workflow.run",
    "set_up": "workflow.setup",
}

__all__ = [
    "Columns",
    "EurosicError",
    "Grid",
    "Prediction",
    "Predictor",
    "Setup",
    "Signature",
    "Simulator",
    "load_emulator",
    "load_recipe",
    "open_ensemble",
    "open_projection",
    "open_totals",
    "read_min3p",
    "run",
    "set_up",
]


def __getattr__(name: str) -> object:
    """Return a public name from the module that holds it."""
    if name not in _HOME:
        raise AttributeError(f"module 'eurosic' has no attribute {name!r}")
    return getattr(importlib.import_module(f"eurosic.{_HOME[name]}"), name)
