"""The figures of an explanation: how much of the predicted changes each property of a field makes, by regime.

*Enters:* the tables `attribution.csv` and `levers.csv`. *Leaves:* Matplotlib figures, each readable from its own
caption by one who knows no Shapley value. Must not write, nor read a store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eurosic.base.pathway import BASELINE
from eurosic.report.style import FAINT, GRID_LINE, INK, SLIDE, SMALL, TEXT, TITLE, slide, wrapped

_LEFT = "sic_change_0_200cm"
_RIGHT = "ph_change_0_30cm"
_HEADINGS: Mapping[str, str] = {
    _LEFT: "soil inorganic carbon, 0–200 cm\nkg C ha⁻¹ yr⁻¹",
    _RIGHT: "soil pH, 0–30 cm\npH units",
}
_COLOURS: Mapping[str, str] = {
    "all": "#222222", "buffered": "#0072B2", "front": "#E69F00", "depleted": "#D55E00",
}  # fmt: skip
_REGIMES: Mapping[str, str] = {
    "all": "all cells",
    "buffered": "buffered: the topsoil still holds carbonate",
    "front": "front: the topsoil has lost it, the subsoil has not",
    "depleted": "depleted: no carbonate left to 2 m",
}
_GROUPS_TEXT = (
    "How to read: each bar says by how much, on average over the cells, this property moves a cell’s predicted"
    " change away from that of typical cells, be it up or down. A long bar: fields differ because of it. Bars of one"
    " cell add up (with their signs) to its whole difference from the typical cells. Predicted by the emulator: what"
    " it has learnt, not a measurement; and what does not differ between fields has no bar, however much it matters."
)
_LEVERS_TEXT = (
    "How to read: each pathway against the baseline, shared out among what it changes. To the right of zero, carbon"
    " is kept that the baseline loses (or pH stays higher). Bars of a pathway add up to its difference from the"
    " baseline; levers that act together share what they do together equally. Means over the area."
)


@dataclass(frozen=True)
class _Bars:
    """Bars of one panel: what each row is called, and the length of each bar of it by name."""

    rows: tuple[str, ...]
    lengths: Mapping[str, tuple[float, ...]]
    colours: Mapping[str, str]


def attribution_figures(attribution: pd.DataFrame, levers: pd.DataFrame) -> dict[str, Figure]:
    """Return the figures by the name of their file: ``attribution``, and ``levers`` where a pathway moves any."""
    figures = {"attribution": _groups_figure(attribution)}
    if not levers.empty:
        figures["levers"] = _levers_figure(levers)
    return figures


def _groups_figure(table: pd.DataFrame) -> Figure:
    """Return bars of the mean size of each group's attribution under the baseline, by regime."""
    horizon = int(table["horizon"].max())
    shown = table[(table["pathway"] == BASELINE) & (table["horizon"] == horizon)]
    whole = shown[(shown["regime"] == "all") & (shown["target"] == _LEFT)].sort_values("mean_absolute")
    whole = whole[whole["mean_absolute"] > 0.0]
    regimes = _told_regimes(shown)
    cells = int(whole["cells"].iloc[0])
    figure = _titled(
        f"Why fields differ in their change of carbon and pH, to {horizon}",
        f"mean size of each property’s part under the baseline, {cells} cells",
        _GROUPS_TEXT,
    )
    colours = {_REGIMES[regime]: _COLOURS[regime] for regime in regimes}
    for target, left in ((_LEFT, 0.27), (_RIGHT, 0.65)):
        part = shown[shown["target"] == target]
        lengths = {
            _REGIMES[regime]: _in_order(
                part[part["regime"] == regime], "group", whole["group"], "mean_absolute"
            )
            for regime in regimes
        }
        axes = figure.add_axes((left, 0.30, 0.32, 0.44))
        _draw(axes, _Bars(tuple(whole["label"]), lengths, colours), named=target == _LEFT)
        axes.set_title(_HEADINGS[target], loc="left", fontsize=TEXT, color=INK, pad=10)
    if len(regimes) > 1:
        _legend(figure, colours)
    return figure


def _told_regimes(shown: pd.DataFrame) -> tuple[str, ...]:
    """Return the regimes that have cells; where there is but one, it is all."""
    found = tuple(regime for regime in _REGIMES if regime != "all" and (shown["regime"] == regime).any())
    return found if len(found) > 1 else ("all",)


def _levers_figure(table: pd.DataFrame) -> Figure:
    """Return bars of what each lever of each pathway did, by regime, mean over the area."""
    horizon = int(table["horizon"].max())
    shown = table[table["horizon"] == horizon]
    shown = shown.assign(key=shown["pathway"] + ":" + shown["lever"])
    regimes = _told_regimes(shown)
    rows = shown.drop_duplicates("key").iloc[::-1]
    figure = _titled(
        f"What each measure did to soil carbon and pH, to {horizon}",
        "pathway minus baseline, mean over calcareous arable land",
        _LEVERS_TEXT,
    )
    names = tuple(f"{row.pathway}: {row.label}" for row in rows.itertuples())
    colours = {_REGIMES[regime]: _COLOURS[regime] for regime in regimes}
    for target, left in ((_LEFT, 0.33), (_RIGHT, 0.68)):
        part = shown[shown["target"] == target]
        lengths = {
            _REGIMES[regime]: _in_order(part[part["regime"] == regime], "key", rows["key"], "mean")
            for regime in regimes
        }
        axes = figure.add_axes((left, 0.29, 0.29, 0.45))
        _draw(axes, _Bars(names, lengths, colours), named=target == _LEFT)
        axes.set_title(_HEADINGS[target], loc="left", fontsize=TEXT, color=INK, pad=10)
    if len(regimes) > 1:
        _legend(figure, colours)
    return figure


def _in_order(part: pd.DataFrame, key: str, order: pd.Series, column: str) -> tuple[float, ...]:
    """Return a column in the order of other rows' keys; zero where there is no row."""
    by_key = part.set_index(key)[column]
    return tuple(float(value) for value in by_key.reindex(order).fillna(0.0))


def _draw(axes: Axes, bars: _Bars, *, named: bool) -> None:
    """Draw horizontal bars, those of one row below each other, and a line at zero."""
    height = 0.8 / len(bars.lengths)
    places = np.arange(len(bars.rows), dtype=np.float64)
    for turn, (name, lengths) in enumerate(bars.lengths.items()):
        offset = 0.4 - height * (turn + 0.5)
        axes.barh(places + offset, lengths, height=height * 0.92, color=bars.colours[name])
    axes.set_yticks(places, bars.rows if named else [""] * len(places))
    axes.tick_params(labelsize=SMALL, length=0, colors=INK)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.axvline(0.0, color=FAINT, linewidth=1.0)
    axes.grid(axis="x", color=GRID_LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=5)


def _titled(title: str, below: str, caption: str) -> Figure:
    figure = slide()
    figure.text(0.03, 0.95, title, fontsize=TITLE, weight="bold", color=INK, va="top")
    figure.text(0.03, 0.885, below, fontsize=TEXT, color=FAINT, va="top")
    room = 72 * SLIDE[0] * 0.94
    figure.text(0.03, 0.03, wrapped(caption, SMALL, room), fontsize=SMALL, color=INK, va="bottom")
    return figure


def _legend(figure: Figure, colours: Mapping[str, str]) -> None:
    """Name the regimes in their colours, in one line between panels and caption."""
    left = 0.03
    for name, colour in colours.items():
        figure.text(left, 0.205, f"■ {name}", fontsize=SMALL + 1, color=colour)
        left += 0.94 / len(colours)
