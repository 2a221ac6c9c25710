"""The one figure: what pH and SIC are to each other on a map, and what becomes of both in time.

*Enters:* a `Contrast`. *Leaves:* a figure with its caption on it. Colours are those of Okabe and Ito (2008): blue is
space, orange is time. Writes no file, computes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from eurosic.explain.bootstrap import ENDS
from eurosic.explain.contrast_caption import DEPTH, HIGHEST, Contrast, caption
from eurosic.explain.contrast_substitution import CURVE, LINE
from eurosic.explain.observations import PH
from eurosic.explain.states import ALL, FREE, INTACT, PARTLY

_SIZE = (13.333, 8.8)
_SPACE, _FAINT_SPACE, _TIME, _INK, _PALE = "#0072B2", "#56B4E9", "#D55E00", "#222222", "#d9d9d9"
_BARS = ((LINE, "straight line through the dots", _SPACE), (CURVE, "the blue curve", _FAINT_SPACE))
_WORDS = {
    INTACT: "calcite left\nthroughout",
    PARTLY: "calcite partly\ngone",
    FREE: "calcite\ngone",
    ALL: "all\ncells",
}
_FIRST, _WIDTH = -0.27, 0.25
_BOLD: dict[str, Any] = {"weight": "bold", "fontsize": 14.0}


def contrast_figure(contrast: Contrast) -> Figure:
    """Return the figure: pH beside SIC in space and in time, and what a map makes of the change of pH."""
    figure = Figure(figsize=_SIZE, facecolor="white")
    # Bound to a raster canvas and to no window: figures are drawn on machines without a display.
    FigureCanvasAgg(figure)
    _draw_plane(figure.add_axes((0.05, 0.345, 0.50, 0.515)), contrast)
    _draw_bars(figure.add_axes((0.615, 0.345, 0.37, 0.445)), contrast)
    figure.text(0.03, 0.975, contrast.title, fontsize=17.5, weight="bold", color=_INK, va="top")
    figure.text(0.03, 0.268, caption(contrast), fontsize=10.8, color=_INK, va="top", linespacing=1.4)
    return figure


def _draw_plane(axes: Axes, contrast: Contrast) -> None:
    evidence, trajectories = contrast.evidence, contrast.trajectories
    stock = evidence.observations.targets[evidence.target].to_numpy(dtype=np.float64)
    axes.scatter(evidence.column(PH), stock, s=18, color=_SPACE, alpha=0.4, linewidths=0, zorder=2)
    for curve in (law for law in contrast.laws if law.kind == CURVE):
        axes.plot(curve.ph, curve.stock, color=_SPACE, linewidth=3.0, zorder=6)
        band = np.percentile(curve.drawn, ENDS, axis=0)
        axes.fill_between(curve.ph, *band, color=_SPACE, alpha=0.2, linewidth=0)
    ph = trajectories.ph.mean(axis=0)[0]
    sic = contrast.stock + trajectories.sic[DEPTH].mean(axis=0)[0]
    for cell in contrast.lines:
        axes.plot(ph[:, cell], sic[:, cell], color=_TIME, linewidth=1.0, alpha=0.6, zorder=4)
        axes.plot(ph[:1, cell], sic[:1, cell], ".", color=_TIME, markersize=5, zorder=5)
    _name_parts(axes, contrast)
    axes.set_ylim(-0.12, HIGHEST)
    axes.set_xlabel("lab pH of the topsoil, 0–30 cm, in water", fontsize=13, color=_INK)
    axes.set_title("soil inorganic carbon, 0–30 cm, kg m⁻²", loc="left", fontsize=13, color=_INK, pad=10)
    _dress(axes)


def _name_parts(axes: Axes, contrast: Contrast) -> None:
    """Write which colour is which, and draw those ways of time beside the lines that this run goes."""
    for x, y, first, then, colour in (
        (0.02, 0.93, "in time", "one soil, year after year", _TIME),
        (0.02, 0.52, "in space", "soils side by side", _SPACE),
    ):
        axes.text(x, y, first, color=colour, transform=axes.transAxes, **_BOLD)
        axes.text(x, y - 0.055, then, color=colour, transform=axes.transAxes, fontsize=12)
    arrow = {"arrowstyle": "-|>", "color": _TIME, "linewidth": 2.4, "mutation_scale": 18}
    if contrast.loses:
        axes.annotate("", (8.42, 2.9), (8.42, 5.2), arrowprops=arrow, zorder=7)
        axes.text(8.48, 4.05, "1", color=_TIME, va="center", **_BOLD)
    if contrast.leaves:
        axes.annotate("", (4.9, 1.0), (6.6, 1.0), arrowprops=arrow, zorder=7)
        axes.text(5.75, 1.1, "2", color=_TIME, ha="center", **_BOLD)


def _draw_bars(axes: Axes, contrast: Contrast) -> None:
    rows = {law: {state: contrast.row(law, state) for state in _WORDS} for law, _, _ in _BARS}
    states = [state for state in _WORDS if rows[LINE][state] and rows[CURVE][state]]
    if not states:
        axes.text(0.5, 0.5, "no law: these soils hardly differ in pH", ha="center", color=_INK, fontsize=13)
        axes.set_axis_off()
        return
    every = rows[LINE][ALL] or {}
    ticks = []
    for place, state in enumerate(states):
        row = rows[LINE][state] or {}
        ticks.append(f"{_WORDS[state]}\n{row['area_Mha'] / every['area_Mha']:.0%} of area")
        _bar(axes, place + _FIRST, row["run_kgC_ha_yr"], _TIME)
        for turn, (law, _, colour) in enumerate(_BARS, start=1):
            told = rows[law][state] or {}
            at = place + _FIRST * (1 - turn)
            _bar(axes, at, told["foretold_kgC_ha_yr"], colour, ends=told)
    for words, colour in (("the run itself", _TIME), *((f"foretold: {w}", c) for _, w, c in _BARS)):
        axes.bar(0.0, 0.0, 0.0, color=colour, label=words)
    axes.axhline(0.0, color=_INK, linewidth=1.0)
    axes.set_xticks(range(len(states)), ticks, fontsize=11, color=_INK)
    first, last = contrast.years
    axes.set_title(
        f"its change {first}–{last}, kg of carbon ha⁻¹ yr⁻¹,\nby what became of the topsoil",
        loc="left", fontsize=13, color=_INK, pad=10,
    )  # fmt: skip
    axes.legend(frameon=False, fontsize=11.5, loc="lower left", borderaxespad=0.0)
    axes.margins(y=0.3)
    _dress(axes)
    axes.tick_params(axis="x", labeltop=True, labelbottom=False)


def _bar(axes: Axes, x: float, value: float, colour: str, *, ends: Mapping[str, float] | None = None) -> None:
    """Draw a bar with its number, and its interval where it has one."""
    axes.bar(x, value, _WIDTH, color=colour)
    lowest = value
    if ends is not None:
        low, high = ends["foretold_kgC_ha_yr_low"], ends["foretold_kgC_ha_yr_high"]
        axes.plot([x, x], [low, high], color=_INK, linewidth=1.3)
        lowest = min(value, low)
    text = f"{value:.0f}".replace("-", "−")
    place = (x, min(lowest, 0.0))
    axes.annotate(
        text, place, xytext=(0, -3), textcoords="offset points", ha="center", va="top",
        fontsize=10, color=colour, weight="bold",
    )  # fmt: skip


def _dress(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_PALE)
    axes.tick_params(labelsize=11.5, colors=_INK, length=0)
    axes.set_axisbelow(True)
