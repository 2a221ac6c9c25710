"""The chart of pathways for a talk: total SIC change by year, and each pathway against baseline.

*Enters:* the table of totals. *Leaves:* a Matplotlib figure, 16:9, each line named at its end.
Must not write, nor read the cube.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.report.style import (
    FAINT,
    GRID_LINE,
    INK,
    SLIDE,
    SMALL,
    TEXT,
    TITLE,
    LineStyle,
    line_styles,
    minus_signs,
    slide,
    spread_labels,
    text_width,
)
from eurosic.report.summary import signed
from eurosic.report.totals import EUROPE, MINUS

# Room for one label, as a share of the axes' height: 16 pt on a panel of 5 inches, with air.
_LABEL_SHARE = 0.058
# Shares of the figure's width: labels at most, and the link before them with the margin after.
_WIDEST, _LINK_ROOM = 0.23, 0.035


def pathway_chart(
    table: pd.DataFrame, *, baseline: str = "baseline", country: str = EUROPE, depth: str = "0_200cm"
) -> Figure:
    """Return two panels: total SIC change (Tg C) of each pathway by year, and its difference from baseline.

    Parameters
    ----------
    table
        As `eurosic.report.totals.totals_table` gives it.
    baseline
        The pathway that all are compared with, drawn black.
    country
        Europe (all study cells), or a country of the table.
    depth
        ``0_30cm``, ``0_100cm`` or ``0_200cm``.

    Raises
    ------
    StoreError
        If the table has no such country, pathway or depth.
    """
    column = f"sic_change_{depth}_TgC"
    shown = table[table["country"] == country]
    if shown.empty or column not in table or baseline not in set(shown["pathway"]):
        raise StoreError("chart", f"no {column} of {baseline!r} in {country!r}", wanted="a row of totals.csv")
    pathways = list(dict.fromkeys(shown["pathway"]))
    panels = (
        _Panel(column, "change since the start, Tg C", tuple(pathways)),
        _Panel(column + MINUS, f"minus {baseline}, Tg C", tuple(p for p in pathways if p != baseline)),
    )
    # Both panels give their labels the same room, so that their axes are equally wide.
    figure = slide()
    _write_title(figure, shown, country, depth)
    styles = line_styles(pathways, baseline)
    labels = [panel.labels(shown) for panel in panels]
    size, room = _label_size([label for part in labels for label in part])
    for left, panel, names in zip((0.065, 0.565), panels, labels, strict=True):
        axes = figure.add_axes((left, 0.10, 0.49 - 0.065 - room, 0.66))
        panel.draw(axes, shown, styles)
        _name_ends(axes, panel.ends(shown), names, ([styles[p] for p in panel.pathways], size))
    return figure


@dataclass(frozen=True)
class _Panel:
    """One of the two panels: the column it shows, what its axis says, its pathways."""

    column: str
    heading: str
    pathways: tuple[str, ...]

    def curve(self, shown: pd.DataFrame, pathway: str) -> pd.DataFrame:
        """Return the rows of one pathway by year."""
        return shown[shown["pathway"] == pathway].sort_values("year")

    def ends(self, shown: pd.DataFrame) -> NDArray[np.float64]:
        """Return the last value of each pathway."""
        return np.array([float(self.curve(shown, p)[self.column].iloc[-1]) for p in self.pathways])

    def labels(self, shown: pd.DataFrame) -> list[str]:
        """Return what stands at the end of each line."""
        ends = zip(self.pathways, self.ends(shown), strict=True)
        return [f"{pathway} {minus_signs(signed(end))}" for pathway, end in ends]

    def draw(self, axes: Axes, shown: pd.DataFrame, styles: Mapping[str, LineStyle]) -> None:
        """Draw the lines and what little an axis needs."""
        for pathway in self.pathways:
            curve = self.curve(shown, pathway)
            style = styles[pathway]
            axes.plot(
                curve["year"], curve[self.column], color=style.colour, linestyle=style.dashes, linewidth=2.6
            )
        axes.axhline(0.0, color=FAINT, linewidth=1.0, zorder=1)
        axes.set_title(self.heading, loc="left", fontsize=TEXT, color=INK, pad=14)
        _dress(axes)


def _write_title(figure: Figure, shown: pd.DataFrame, country: str, depth: str) -> None:
    years = f"{int(shown['year'].min())}–{int(shown['year'].max())}"
    layer = depth.removesuffix("cm").replace("_", "–")
    area = f"{float(shown['area_Mha'].iloc[0]):.3g} Mha of calcareous arable soil"
    title = f"Soil inorganic carbon, {layer} cm, {country} {years}"
    figure.text(0.03, 0.95, title, fontsize=TITLE, weight="bold", color=INK, va="top")
    figure.text(0.03, 0.885, area, fontsize=TEXT, color=FAINT, va="top")


def _label_size(labels: Sequence[str]) -> tuple[float, float]:
    """Return the size of the labels, points, and the room they take, as a share of the figure's width."""
    share = max(text_width(label, TEXT) for label in labels) / (72 * SLIDE[0])
    shrunk = min(1.0, _WIDEST / share)
    return TEXT * shrunk, share * shrunk + _LINK_ROOM


def _dress(axes: Axes) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(GRID_LINE)
    axes.grid(axis="y", color=GRID_LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL + 1, length=0, colors=INK)
    # Few years on the axis: the ends of the lines and their labels are what is read.
    wide = axes.get_position().width > _WIDEST
    axes.locator_params(axis="x", nbins=4 if wide else 2, integer=True)
    axes.locator_params(axis="y", nbins=6)
    axes.margins(x=0.0)


def _name_ends(
    axes: Axes, ends: NDArray[np.float64], labels: Sequence[str], look: tuple[Sequence[LineStyle], float]
) -> None:
    """Write each label right of its line's end, apart from the others, with a thin link between."""
    bottom, top = axes.get_ylim()
    styles, size = look
    height = axes.get_position().height * SLIDE[1] * 72  # points
    # In shares of the axes' height, which the labels may leave a little above and below.
    at = (ends - bottom) / (top - bottom)
    places = spread_labels(at, _LABEL_SHARE * size / TEXT, within=(0.03, 1.06))
    for label, style, end, place in zip(labels, styles, at, places, strict=True):
        link = {"arrowstyle": "-", "color": style.colour, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            label,
            (1.0, end),
            xytext=(22, (place - end) * height),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=size,
            color=style.colour,
            va="center",
            arrowprops={**link, "relpos": (0.0, 0.5)},
            annotation_clip=False,
        )
