"""What the one figure shows, and its caption, which is enough for a reader who knows no SHAP.

*Enters:* the evidence of one set of observations, its laws, `Trajectories`, the table of substitution. *Leaves:* a
`Contrast`, and the text that stands below the figure, with the numbers of this very run. Draws nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from eurosic.explain.contrast import Array, Trajectories
from eurosic.explain.contrast_substitution import CURVE, LINE, Law
from eurosic.explain.space_evidence import Evidence
from eurosic.explain.states import ALL, INTACT

DEPTH = "0_30cm"
# Characters in a line of the caption.
_CHARACTERS = 158


@dataclass(frozen=True, eq=False)
class Contrast:
    """Space (evidence and its laws) and time (trajectories, stocks at the start ``(cell,)``, substitution)."""

    evidence: Evidence
    laws: Sequence[Law]
    trajectories: Trajectories
    stock: Array
    substitution: pd.DataFrame

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last reported year."""
        return self.trajectories.years[0], self.trajectories.years[-1]

    def row(self, law: str, state: str) -> dict[str, float] | None:
        """Return what a law makes of the baseline to the last year in a state; None where no cell is in it."""
        table = self.substitution
        if table.empty:
            return None
        keep = (table["observations"] == self.evidence.observations.name) & (table["law"] == law)
        keep &= (table["depth"] == DEPTH) & (table["year"] == self.years[1]) & (table["state"] == state)
        keep &= (table["pathway"] == self.trajectories.pathways[0]) & (table["quantity"] == "change")
        found = table[keep].select_dtypes("number")
        return None if found.empty else {str(name): float(found[name].iloc[0]) for name in found}


def caption(contrast: Contrast) -> str:
    """Return the caption, with the numbers of this run: the left, the right, and what is not to be read."""
    parts = (_left(contrast), _right(contrast), _limits(contrast))
    return "\n".join(textwrap.fill(part, _CHARACTERS) for part in parts if part)


def _left(contrast: Contrast) -> str:
    observations, years = contrast.evidence.observations, contrast.trajectories.years
    own = "a cell of this very run in its last year" if observations.circular else "a soil, all of one time"
    return (
        f"Left. Each blue dot is {own} ({observations.name}, {len(observations)} of them); the blue line is what "
        f"a statistical learner made of the dots. Each orange line is one cell of the run from {years[0]} (dot) to "
        f"{years[-1]} without reduction of nitrogen. A map shows the blue. Time goes along the orange: (1) "
        "straight down, carbonate is lost while the rest of it holds the pH; (2) to the left, pH falls where "
        "calcite has gone; slanted, because the topsoil loses its calcite from above and its pH is a mean over 30 cm."
    )


def _right(contrast: Contrast) -> str:
    line, curve, every = contrast.row(LINE, INTACT), contrast.row(CURVE, INTACT), contrast.row(CURVE, ALL)
    if line is None or curve is None or every is None:
        return ""
    return (
        "Right. The mean change of carbonate carbon in 0–30 cm that the run computed (orange), and what one would "
        "foretell from the run's own change of pH by the blue of the left (whiskers: 90 %, places drawn again). "
        f"Where calcite is left throughout, the run says {_signed(line['run_kgC_ha_yr'])} kg of carbon a hectare and "
        f"year, the map {_signed(line['foretold_kgC_ha_yr'])} to {_signed(curve['foretold_kgC_ha_yr'])}: pH hardly "
        "moved. Over all cells the curve may come near the truth by errors that cancel: in the single cell it is "
        f"wrong by {every['error_of_cells_kgC_ha_yr']:.0f} in the mean, where the run says "
        f"{_signed(every['run_kgC_ha_yr'])}."
    )


def _limits(contrast: Contrast) -> str:
    observations = contrast.evidence.observations
    warned = " Dots and lines come from one run: circular." if observations.circular else ""
    return (
        "Dots and lines are different soils; dots say what is found together, never what a change would bring."
        f"{warned} {observations.name}: {observations.note}."
    )


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−")
