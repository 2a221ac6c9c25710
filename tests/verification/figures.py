"""Figures of the method page: MIN3P run by run, what each switch is worth, PHREEQC column by column."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from tests.verification.min3p_compare import DEPTHS, KG_PER_HA, REGIMES, Comparison
from tests.verification.phreeqc_columns import Compared, relative_differences

mpl.use("Agg")

# Colours that the colour-blind tell apart (Okabe & Ito 2008).
_COLOURS = {"buffered": "#0072B2", "front": "#E69F00", "depleted": "#009E73"}
_YEARS = 79  # years 1 to 80


def draw_min3p(c: Comparison, path: Path) -> None:
    """Draw the loss of SIC and the pH of both codes against each other, one point a run."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.5, 3.7), layout="constrained")
    per_year = KG_PER_HA / _YEARS
    for regime in REGIMES:
        at = c.regime == regime
        colour, label = _COLOURS[regime], f"{regime} ({at.sum()})"
        ours, theirs = (part[at] * per_year for part in c.later)
        left.plot(theirs, ours, ".", color=colour, ms=4, alpha=0.7, label=label)
        middle.plot(theirs, 100 * (ours / theirs - 1), ".", color=colour, ms=4, alpha=0.7)
        volumes = list(DEPTHS.values())
        right.plot(c.ph[1][at][:, volumes], c.ph[0][at][:, volumes], ".", color=colour, ms=3, alpha=0.6)
    left.axline((0, 0), slope=1, color="0.3", lw=0.8)
    left.set(xlabel="MIN3P", ylabel="simulator", title="SIC lost in years 1-80, kg C/ha/yr")
    left.legend(title="regime (runs)", frameon=False, fontsize=8, title_fontsize=8)
    middle.axhline(0, color="0.3", lw=0.8)
    middle.set(xscale="log", xlabel="MIN3P, kg C/ha/yr", title="difference, %")
    right.axline((4, 4), slope=1, color="0.3", lw=0.8)
    right.set(xlabel="MIN3P", ylabel="simulator", title="pH in year 80 at " + ", ".join(DEPTHS))
    _finish(figure, path)


def draw_switches(rows: list[list[str]], path: Path) -> None:
    """Draw the 95th percentile of the difference from MIN3P with each term put to the simulator's own choice."""
    names = [row[0] for row in rows][::-1]
    figure, axes = plt.subplots(figsize=(9.0, 4.6), layout="constrained")
    place = np.arange(len(names))
    for regime, column, shift in (("buffered", 2, 0.2), ("front", 4, -0.2)):
        values = [float(row[column]) for row in rows][::-1]
        axes.barh(place + shift, values, 0.38, color=_COLOURS[regime], label=regime)
        for y, value in zip(place + shift, values, strict=True):
            axes.text(value * 1.06, y, f"{value:.2g}", va="center", fontsize=7)
    axes.set(
        xscale="log",
        xlabel="|difference| from MIN3P in SIC lost, years 1-80, 95th percentile of runs, %",
    )
    axes.set_xlim(0.1, 80)
    axes.set_yticks(place, names, fontsize=8)
    axes.axvline(5, color="0.5", lw=0.8, ls=":")
    axes.legend(frameon=False, loc="upper right")
    axes.xaxis.set_major_formatter("{x:g}")
    _finish(figure, path)


def draw_phreeqc(found: list[Compared], path: Path) -> None:
    """Draw both codes' SIC change against each other, and their differences in rank order with the aims."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.5, 3.5), layout="constrained")
    for regime, colour in _COLOURS.items():
        of = [row for row in found if row.regime == regime]
        theirs, ours = ([getattr(row, name) for row in of] for name in ("theirs", "ours"))
        left.plot(theirs, ours, ".", color=colour, label=f"{regime} ({len(of)})")
    left.axline((0, 0), slope=1, color="0.3", lw=0.8)
    left.set(xlabel="PHREEQC", ylabel="simulator", title="SIC change in 80 years, kg C/m²")
    left.legend(frameon=False, fontsize=8, title="regime (columns)", title_fontsize=8)
    _ranked(middle, 100 * relative_differences(found), {"aim, median": 0.3, "aim, 99th percentile": 2.0})
    middle.set_ylim(1e-3, 5)
    middle.set(title="SIC change: |difference|, %", xlabel="columns with less, %")
    for name, label in (("ph_median", "median of cells and years"), ("ph_99", "99th percentile")):
        _ranked(right, np.array([getattr(row, name) for row in found]), {}, label)
    right.axhline(0.01, color="0.5", ls=":", lw=1)
    right.text(2, 0.0102, "aim", fontsize=8, color="0.3")
    right.set(title="pH in situ: |difference|", xlabel="columns with less, %")
    right.legend(frameon=False, fontsize=8)
    _finish(figure, path)


def _ranked(axes: plt.Axes, values: NDArray[np.float64], limits: dict[str, float], label: str = "") -> None:
    ranked = np.sort(values)
    axes.plot(100 * (np.arange(ranked.size) + 0.5) / ranked.size, ranked, label=label or None)
    axes.set_yscale("log")
    for name, limit in limits.items():
        axes.axhline(limit, color="0.5", ls=":", lw=1)
        axes.text(2, limit * 1.1, name, fontsize=8, color="0.3")


def _finish(figure: plt.Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.title.set_fontsize(10)
    # No software version or date in the file: equal numbers give an equal file.
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
