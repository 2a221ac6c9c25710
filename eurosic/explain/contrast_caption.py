"""What the one figure shows, and its caption, which is enough for a reader who knows no SHAP.

*Enters:* the evidence of one set of observations, its laws, `Trajectories`, the table of substitution. *Leaves:* a
`Contrast`, and the text that stands below the figure, with the numbers of this very run. Draws nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.explain.contrast import Array, Trajectories
from eurosic.explain.contrast_substitution import CURVE, LINE, Law
from eurosic.explain.space_evidence import Evidence
from eurosic.explain.states import ALL, FREE, INTACT, PARTLY

DEPTH = "0_30cm"
# kg m-2; the top of the axis. On a longer one the loss of a century would be no line but a dot.
HIGHEST = 5.5
# Cells drawn as lines of their own; more are a blot.
_LINES = 90
# Characters in a line of the caption.
_CHARACTERS = 158
_WITH_CORNER = (
    "On a map, carbonate and high pH go together. In time, carbonate goes first and pH falls after."
)
_PLAIN = "Carbonate and pH: soils side by side on a map, and one soil year after year."


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

    @property
    def title(self) -> str:
        """The finding, where this very run and these very dots show both halves of it; else what is shown."""
        line = next((law for law in self.laws if law.kind == LINE), None)
        along = line is not None and float(line.change(np.array(6.0), np.array(8.0))) > 0.0
        return _WITH_CORNER if along and self.loses and self.leaves else _PLAIN

    @property
    def loses(self) -> bool:
        """Whether topsoils with calcite throughout lose carbon along the baseline."""
        steps = np.diff(self.trajectories.sic[DEPTH].mean(axis=0)[0], axis=0)
        lost = np.where(self.trajectories.steps_in(INTACT), steps, 0.0) @ self.trajectories.area
        return float(lost.sum()) < 0.0

    @property
    def leaves(self) -> bool:
        """Whether any topsoil loses calcite from a part of it along the baseline."""
        return any(bool(self.trajectories.states[state][0].any()) for state in (PARTLY, FREE))

    @property
    def lines(self) -> NDArray[np.int64]:
        """The cells that are drawn: of those that fit the axis, some, evenly over the table, ordered by space."""
        fitting = np.flatnonzero(self.stock < HIGHEST)
        return fitting[:: max(1, -(-len(fitting) // _LINES))].astype(np.int64)

    @property
    def fitting(self) -> float:
        """Share of the area whose stock at the start fits the axis."""
        area = self.trajectories.area
        return float(area[self.stock < HIGHEST].sum() / area.sum())

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
    above = int((observations.targets[contrast.evidence.target] > HIGHEST).sum())
    count = f"{len(observations)} of them" + (f", {above} above the axis" if above else "")
    learned = "; the blue line is what a statistical learner made of the dots" if contrast.laws else ""
    return (
        f"Left. Each blue dot is {own} ({observations.name}, {count}){learned}. Each orange line is one cell of "
        f"the run from {years[0]} (dot) to {years[-1]} without reduction of nitrogen: {len(contrast.lines)} of those "
        f"that begin with less than {HIGHEST:g} kg m⁻², which are {100 * contrast.fitting:.0f} % of the area. A map "
        f"shows the blue. Time goes along the orange{_ways(contrast)}."
    )


def _ways(contrast: Contrast) -> str:
    """Return the numbered ways of time that this run goes."""
    ways = []
    if contrast.loses:
        ways.append("(1) straight down, carbonate is lost while the rest of it holds the pH")
    if contrast.leaves:
        ways.append(
            "(2) to the left, pH falls where calcite has gone; slanted, because the topsoil loses its calcite from "
            "above and its pH is a mean over 30 cm"
        )
    return f": {'; '.join(ways)}" if ways else ""


def _right(contrast: Contrast) -> str:
    line, curve, every = contrast.row(LINE, INTACT), contrast.row(CURVE, INTACT), contrast.row(CURVE, ALL)
    if line is None or curve is None or every is None:
        return ""
    return (
        "Right. The mean change of carbonate carbon in 0–30 cm that the run computed (orange), and what one would "
        "foretell from the run's own change of pH by the blue of the left (whiskers: 90 %, places drawn again). "
        f"Where calcite is left throughout, the run says {_signed(line['run_kgC_ha_yr'])} kg of carbon a hectare and "
        f"year, the map {_signed(line['foretold_kgC_ha_yr'])} to {_signed(curve['foretold_kgC_ha_yr'])}: pH moved by "
        f"{_moved(contrast)}. Over all cells sums may come near the truth by errors that cancel: in the single cell "
        f"the curve is wrong by {every['error_of_cells_kgC_ha_yr']:.0f} in the mean, where the run says "
        f"{_signed(every['run_kgC_ha_yr'])}."
    )


def _moved(contrast: Contrast) -> str:
    """Return by how much pH moved, by area, where calcite is left throughout at the end."""
    trajectories = contrast.trajectories
    ph, inside = trajectories.ph.mean(axis=0)[0], trajectories.states[INTACT][0, -1]
    moved = np.average((ph[-1] - ph[0])[inside], weights=trajectories.area[inside])
    return f"{moved:+.2f}".replace("-", "−")


def _limits(contrast: Contrast) -> str:
    observations = contrast.evidence.observations
    warned = " Dots and lines come from one run: circular." if observations.circular else ""
    return (
        "Dots and lines are different soils; dots say what is found together, never what a change would bring."
        f"{warned} {observations.name}: {observations.note}."
    )


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−")
