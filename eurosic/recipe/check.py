"""What one section cannot know of another: years against the start, pathways against the baseline.

*Enters:* a `Recipe` whose sections are each right. *Leaves:* every problem with the path at which it stands;
`load` adds line and column. *Must not:* open data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eurosic.base.pathway import BASELINE
from eurosic.recipe.document import Path
from eurosic.recipe.schema import Recipe

# Without these no column can be made; all others have a pedotransfer function or a default.
NEEDED = ("calcareous_probability", "clay", "sand", "organic_carbon", "arable_fraction")

# Carbonate comes as a topsoil raster or as all six standard depths.
_SIX = tuple(f"carbonate_{depth}cm" for depth in ("0_5", "5_15", "15_30", "30_60", "60_100", "100_200"))


@dataclass(frozen=True)
class Problem:
    """Something that does not fit, and the keys that lead to it."""

    path: Path
    told: str


def check_recipe(recipe: Recipe) -> list[Problem]:
    """Return every problem between the sections of a recipe; none where it can be run."""
    return [
        *_baseline(recipe),
        *_pathways(recipe),
        *_covariates(recipe),
        *_report(recipe),
    ]


def _baseline(recipe: Recipe) -> Iterator[Problem]:
    if BASELINE not in recipe.pathways:
        yield Problem(
            ("pathways",), "there is no baseline, against which all others are read; add `baseline: hold`"
        )
    elif not recipe.pathways[BASELINE].holds:
        yield Problem(("pathways", BASELINE), "the baseline is the pathway without change; wanted `hold`")


def _pathways(recipe: Recipe) -> Iterator[Problem]:
    # All pathways start from one state on 1 January of the start year: no change can be older.
    start, last = recipe.start_year, recipe.projection.years[-1]
    for name, pathway in recipe.pathways.items():
        years = pathway.years()
        if years and years[0] < start:
            yield Problem(("pathways", name), f"names {years[0]}, before the start year {start}")
        elif years and years[0] > last:
            yield Problem(("pathways", name), f"changes nothing before {years[0]}; the last year is {last}")


def _covariates(recipe: Recipe) -> Iterator[Problem]:
    given = recipe.inputs.covariates
    carbonate = () if set(_SIX) <= set(given) else ("carbonate",)
    for word in (*carbonate, *NEEDED):
        if word not in given:
            yield Problem(("inputs", "covariates", word), "is missing; name a source, or a constant")


def _report(recipe: Recipe) -> Iterator[Problem]:
    year = recipe.report.year
    if year is not None and year not in recipe.projection.years:
        yield Problem(("report", "year"), f"{year} is not among the reported years of `projection`")
