"""Axes of time series for papers: a row of panels, thin lines, one legend beneath them all.

*Enters:* how many panels, the styles of lines. *Leaves:* a figure and its axes. Must not draw data, nor write.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from eurosic.report.paper import LETTERS, MM_PER_INCH, SMALL_LETTERS, WIDE, letter, page
from eurosic.report.style import FAINT, GRID_LINE, INK, LineStyle

# mm.
_HEIGHT, _LEGEND = 62.0, 12.0


def row_of_axes(count: int) -> tuple[Figure, list[Axes]]:
    """Return a page with some axes side by side."""
    height = _HEIGHT + _LEGEND
    figure = page(height)
    wide = (WIDE - 4.0) / count
    places = []
    for i in range(count):
        left = 2.0 + i * wide + 11.0
        places.append(
            figure.add_axes(
                (left / WIDE, (_LEGEND + 6.0) / height, (wide - 14.0) / WIDE, (_HEIGHT - 14.0) / height)
            )
        )
    return figure, places


def dress(axes: Axes, i: int, heading: str) -> None:
    """Give the i-th axes their sign and heading, and what little a reader needs to read a value."""
    axes.set_title(rf"$\bf{{{letter(i)}}}$  {heading}", loc="left", fontsize=LETTERS, color=INK, pad=5)
    low, high = axes.get_ylim()
    if low < 0 < high:
        axes.axhline(0.0, color=FAINT, linewidth=0.6, zorder=1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID_LINE)
    axes.grid(axis="y", color=GRID_LINE, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL_LETTERS, length=2, width=0.4, color=GRID_LINE, labelcolor=INK)
    axes.margins(x=0.01)
    axes.locator_params(axis="x", nbins=5, integer=True)
    axes.locator_params(axis="y", nbins=6)


def write_legend(figure: Figure, styles: Mapping[str, LineStyle]) -> None:
    """Write beneath all axes which line is which pathway."""
    lines = [
        Line2D([], [], color=s.colour, linestyle=s.dashes, linewidth=1.4, label=p) for p, s in styles.items()
    ]
    figure.legend(
        handles=lines,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0 / (figure.get_figheight() * MM_PER_INCH)),
        ncols=min(len(lines), 8),
        frameon=False,
        fontsize=SMALL_LETTERS,
        handlelength=2.2,
        columnspacing=1.4,
    )
