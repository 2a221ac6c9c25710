"""Makes docs/2-conventions.md from the vocabulary: ``python -m tests.make_conventions_page``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from eurosic.base.flags import Regime, Status
from eurosic.base.vocabulary import (
    AREA,
    COVARIATES,
    DRIVERS,
    LAYERS,
    STANDARD_DEPTHS,
    STATES,
    STOCKS,
    TARGETS,
    Variable,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "2-conventions.md"

_HEAD = """# Conventions

Made from `eurosic/base/vocabulary.py` by `python -m tests.make_conventions_page`; a test keeps them equal.

## Time and state

- A year Y is its state on 31 December. All pathways start from one state on 1 January of the start year, which is the
  first reported year. That state is spun up (20 years by default) under the baseline's nitrogen with calcite held fixed.
- Changes are since that state; gain is positive. The predictor steps every year; the recipe says which are reported.
  `totals.csv` holds every year.
- Fluxes are of the whole year; out of the profile is positive.

## Place and area

- Values are per m2 of calcareous arable soil. A study cell has an arable fraction of at least 1 % and is calcareous with a
  probability of at least 0.5; a recipe may say otherwise.
- A total weighs each cell by `calcareous_arable_area`. `status` says why a cell has no value.
- Row 0 is the northernmost: y decreases.

## Nitrogen

- NUE is N uptake over N input (mineral, manure, deposition), at most 0.9.
- Leached N = (input - uptake)(1 - gas loss) q / (q + 60 mm), with the drainage q; each mole leached as nitrate brings one
  mole of acid. What a fertilizer's form adds is `acid_extra`.

## Units

CF units, which never name the substance: `kg m-2` of carbon is said in the variable's comment.
"""


def conventions_page() -> str:
    """Return the whole page."""
    depths = ", ".join(f"{100 * top:g}-{100 * bottom:g} cm" for top, bottom in STANDARD_DEPTHS)
    parts = [
        _HEAD,
        f"Standard depths: {depths}.\n",
        _section("Targets `(pathway, year, cell)`", TARGETS.values()),
        "Where a predictor has a spread, `NAME_p05` and `NAME_p95` stand beside each target that is no flag: the ends of the"
        " interval\nthat covers 90 %, cut at what is possible.\n",
        _section("Stocks and area `(cell)`", [*STOCKS.values(), AREA]),
        _section("Covariates of a column `(cell)`", COVARIATES.values()),
        _section("State of a column `(cell, depth)`", STATES.values()),
        _section("Drivers of a year `(cell, year)`", DRIVERS.values()),
        _section("Layers that a recipe can name `(y, x)`", LAYERS.values()),
        "## Flags\n",
        "`regime`: " + ", ".join(f"{int(code)} {code.name.lower()}" for code in Regime) + ".",
        "buffered: at least half of 0-30 cm has > 0.01 % CaCO3; front: less, but calcite below; depleted: none in 0-2 m.\n",
        "`status`: "
        + ", ".join(f"{int(code)} {code.name.lower()}" for code in Status)
        + ", each layer from there on.",
        "",
    ]
    return "\n".join(parts)


def _section(title: str, variables: Iterable[Variable]) -> str:
    rows = [
        f"| `{v.name}` | {v.unit} | {v.valid_min:g} to {v.valid_max:g} | {v.long_name}{'; ' if v.comment else ''}{v.comment} |"
        for v in variables
    ]
    return "\n".join(
        [f"## {title}\n", "| name | unit | valid range | meaning, sign |", "|---|---|---|---|", *rows, ""]
    )


if __name__ == "__main__":
    PAGE.write_text(conventions_page(), encoding="utf-8")
