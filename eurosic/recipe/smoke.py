"""Any recipe made so small that it runs in seconds: what `run --smoke` and the tests of the recipes use.

*Enters:* a checked `Recipe`. *Leaves:* the same recipe on coarse cells, with few years and two pathways, so that
every source is read and every stage walked. It is another recipe, with another digest.
"""

from __future__ import annotations

from eurosic.base.pathway import BASELINE
from eurosic.recipe.schema import Recipe
from eurosic.recipe.uncertainty import LEAST_DRAWS

# Coarse enough that all of Europe is a few hundred study cells, small enough that no country vanishes.
_RESOLUTION = 50_000.0
_CELLS = 128
_SPIN_UP = 5
_DRAWN = 16
_YEARS = 3


def smoke(recipe: Recipe) -> Recipe:
    """Return a recipe shrunk to cells of at least 50 km, its first three years, and the baseline and one more.

    The one more is the pathway with the most parts, then the first by name: what is hardest is tried.
    """
    others = [name for name in sorted(recipe.pathways) if name != BASELINE]
    hardest = max(others, key=lambda name: len(recipe.pathways[name].pathway(name).parts), default=None)
    kept = {name: recipe.pathways[name] for name in (BASELINE, hardest) if name is not None}
    start = recipe.start_year
    projection = recipe.projection.model_copy(
        update={
            "years": tuple(range(start, start + _YEARS)),
            "tile": min(recipe.projection.tile, _CELLS),
            "spin_up": _spin_up(recipe),
        }
    )
    # Coarser cells, not fewer countries: every source is then read where it really lies.
    grid = recipe.grid.model_copy(update={"resolution": max(recipe.grid.resolution, _RESOLUTION)})
    report = recipe.report.model_copy(update={"year": None})
    uncertainty = recipe.uncertainty and recipe.uncertainty.model_copy(
        update={"draws": LEAST_DRAWS, "cells": min(recipe.uncertainty.cells, _DRAWN)}
    )
    small = {
        "uncertainty": uncertainty,
        "pathways": kept,
        "projection": projection,
        "grid": grid,
        "report": report,
    }
    # A copy keeps what was cached: the digest must be that of the copy.
    return Recipe.model_construct(
        **{**{name: getattr(recipe, name) for name in Recipe.model_fields}, **small}
    )


def _spin_up(recipe: Recipe) -> int:
    # An emulator has its spin-up from its training: a shorter one would set its self-check against another start.
    whole = recipe.projection.spin_up
    return whole if recipe.predictor.emulator is not None else min(whole, _SPIN_UP)
