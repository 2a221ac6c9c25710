"""Columns of the ensemble's design, by the simulator and by PHREEQC over the same eighty years.

*Enters:* how many, a seed. *Leaves:* `Compared`, a row a column. Each column is drawn, spun up and driven as in a
projection, but for two terms that PHREEQC's exchanger and mixing cells do not have: the charge of the exchanger
does not follow pH, and no lime is spread.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.signature import Columns
from eurosic.base.units import MOLAR_MASS_C
from eurosic.base.vocabulary import COVARIATES, DRIVERS
from eurosic.simulator.annual import Column
from eurosic.simulator.marginals import Kept
from eurosic.simulator.options import SimulatorOptions, frame_of, settings_of
from eurosic.simulator.phreeqc import run_phreeqc
from eurosic.simulator.profile import Record, run_course
from eurosic.simulator.recording import THRESHOLD
from eurosic.simulator.sampling import sobol_design
from eurosic.simulator.trajectory_kinds import SHARES, draw_trajectories
from eurosic.workflow.designing import Judging, columns_of
from eurosic.workflow.phreeqc_column import copied, course_of, met_course, started

Array = NDArray[np.float64]

YEARS = 80
_SLOPE, _LIME = list(COVARIATES).index("cec_ph_slope"), list(DRIVERS).index("lime")


class Compared(NamedTuple):
    """One column by both codes: SIC change (kg m-2), largest and typical difference of pH, its regime."""

    ours: float
    theirs: float
    ph_median: float
    ph_99: float
    ph_largest: float
    dic: float
    regime: str


def designed_columns(size: int, *, seed: int = 20261122) -> Columns:
    """Return the first columns of the ensemble's design along its trajectories, without lime and pH slope."""
    design = sobol_design(size, seed=seed, ranges={}, keep=Judging(Kept(), False))
    columns = columns_of(design, draw_trajectories(size, YEARS, seed=seed, shares=SHARES)).columns
    columns.covariates[:, _SLOPE] = 0.0
    columns.forcing[..., _LIME] = 0.0
    return columns


def both_records(columns: Columns, i: int) -> tuple[Array, Record, Record, Column]:
    """Return calcite at the start, the record by the simulator, that by PHREEQC, and the column."""
    options = SimulatorOptions()
    frame, s = frame_of(options), settings_of(options)
    column = started(columns, i, frame, s)
    course = course_of(column, columns.forcing[0, i], frame, s)
    before = copied(column.store)
    met = met_course(before, column, course)
    ours = run_course(column.store, column.soil, met)
    return before.calcite, ours, run_phreeqc(before, column.soil, met), column


def compare(columns: Columns, rows: list[int]) -> tuple[list[Compared], list[str]]:
    """Return the comparison of some of the columns, and what PHREEQC said of those that it could not solve."""
    found, failed = [], []
    for i in rows:
        try:
            before, ours, theirs, column = both_records(columns, i)
        except SimulationError as error:
            failed.append(f"column {i}: {error}")
            continue
        change = [(r.calcite[-1] - before).sum() * MOLAR_MASS_C for r in (ours, theirs)]
        apart = np.abs(ours.ph - theirs.ph)
        dic = ours.dic[:, -1].sum() / theirs.dic[:, -1].sum() - 1.0
        found.append(
            Compared(
                *change,
                float(np.median(apart)),
                float(np.quantile(apart, 0.99)),
                float(apart.max()),
                float(dic),
                _regime(theirs.calcite[-1], column),
            )
        )
    return found, failed


def _regime(calcite: Array, column: Column) -> str:
    holds = calcite * 0.100086 > THRESHOLD * column.soil.fine_earth
    if not holds.any():
        return "depleted"
    top = np.cumsum(column.soil.thickness) < 0.3 + 1e-9
    return "buffered" if holds[top].mean() >= 0.5 else "front"


def relative_differences(found: list[Compared]) -> Array:
    """Return |ours / theirs - 1| of the SIC change; a change below 1 g m-2 counts against 1 g m-2."""
    ours, theirs = (np.array([getattr(row, name) for row in found]) for name in ("ours", "theirs"))
    return np.asarray(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-3))


def summary_rows(found: list[Compared], failed: list[str]) -> list[list[str]]:
    """Return the table of the comparison: what, found, aim."""
    apart = 100.0 * relative_differences(found)
    middle, high, largest = (
        np.array([getattr(row, n) for row in found]) for n in ("ph_median", "ph_99", "ph_largest")
    )
    dic = 100.0 * np.abs([row.dic for row in found])
    regimes = [row.regime for row in found]
    told = ", ".join(f"{regimes.count(name)} {name}" for name in ("buffered", "front", "depleted"))
    return [
        ["columns, years", f"{len(found)} ({told}), {YEARS}", "200, 80"],
        ["columns that PHREEQC could not solve", f"{len(failed)}", ""],
        ["SIC change, relative difference: median", f"{np.median(apart):.3f} %", "≤ 0.3 %"],
        ["99th percentile", f"{np.percentile(apart, 99):.3f} %", "≤ 2 %"],
        ["largest", f"{apart.max():.3f} %", ""],
        [
            "DIC leached, relative difference: median, largest",
            f"{np.median(dic):.3f} %, {dic.max():.3f} %",
            "",
        ],
        ["pH in situ, difference: largest median of a column", f"{middle.max():.5f}", "≤ 0.01"],
        [
            "99th percentile of a column's cells and years: median, 99th percentile of columns",
            f"{np.median(high):.5f}, {np.percentile(high, 99):.4f}",
            "≤ 0.01",
        ],
        ["largest of any cell in any year", f"{largest.max():.2f}", ""],
    ]
