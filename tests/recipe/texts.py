"""A small recipe that is right, and a way to break it in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from eurosic.base.errors import RecipeError
from eurosic.recipe.load import read_recipe
from eurosic.recipe.schema import Recipe

GOOD = """\
about: {title: A test, purpose: To break it, authors: [A. Name], references: [none2020]}
grid: {crs: EPSG:3035, resolution: 25 km, extent: EU27}
inputs:
  covariates:
    carbonate: demo-carbonate
    calcareous_probability: 80 %
    clay: {source: demo-clay, correct: [{multiply: 0.9, because: too high}]}
    sand: demo-sand
    organic_carbon: demo-organic-carbon
    arable_fraction: {source: igbp-2019, classes: {12: 100 %, 14: 50 %}}
  climate:
    temperature: {source: era5-t, correct: [{add: -1.0 K, because: too warm}]}
    precipitation: era5-p
  nitrogen:
    mineral: 120 kg ha-1 yr-1
    manure: country-manure-n
    deposition: {reduced: 6 kg ha-1 yr-1, oxidised: 5 kg ha-1 yr-1}
    nue: 60 %
    forms: {urea: 40 %, can: 60 %}
pathways:
  baseline: hold
  less: {ramp: {mineral: -20 %, from: 2020, to: 2030}, nue: constant}
predictor: simulator
projection: {years: 2020-2100 step 5, tile: 512 cells, spin_up: 20 years}
"""


def broken(old: str, new: str) -> str:
    """The good recipe with one text replaced; the text must be there."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def recipe(old: str = "about:", new: str = "about:") -> Recipe:
    """The good recipe, read; with one text replaced if asked for."""
    return read_recipe(broken(old, new), "r.yaml")


def problems(text: str) -> list[str]:
    """What is wrong with a text: every problem, or the one message where it is no recipe at all."""
    with pytest.raises(RecipeError) as caught:
        read_recipe(text, "r.yaml")
    return list(caught.value.problems) or [str(caught.value)]


def written(folder: Path, text: str | bytes) -> Path:
    """A file of that text."""
    path = folder / "r.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
