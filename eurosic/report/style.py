"""How figures look: a slide of 16:9, colours that colour-blind readers tell apart, labels that do not overlap.

*Enters:* names, positions. *Leaves:* colours, sizes, texts. Must not draw data.
*Source:* Okabe & Ito (2008), Color Universal Design; labels by isotonic regression (Barlow et al. 1972).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from numpy.typing import ArrayLike, NDArray

# inches; 2000 x 1125 dots at 150 an inch, a slide shown full screen.
SLIDE = (13.333, 7.5)
TITLE, TEXT, SMALL = 23.0, 16.0, 12.5
INK, FAINT, GRID_LINE = "#222222", "#6b6b6b", "#d9d9d9"

# Black is the baseline's; yellow is left out, for it is too faint for a line on white.
_OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES = ("solid", "dashed", "dotted")


@dataclass(frozen=True)
class LineStyle:
    """Colour and dashes of a pathway's line."""

    colour: str
    dashes: str


def slide() -> Figure:
    """Return an empty figure of a slide's size, white."""
    figure = Figure(figsize=SLIDE, facecolor="white")
    # Bound to a raster canvas and to no window: figures are drawn on machines without a display.
    FigureCanvasAgg(figure)
    return figure


def line_styles(pathways: Sequence[str], baseline: str) -> dict[str, LineStyle]:
    """Return the style of each pathway's line: the baseline black, then six colours, then dashes."""
    styles = {baseline: LineStyle(INK, "solid")}
    for i, pathway in enumerate(pathway for pathway in pathways if pathway != baseline):
        turn, colour = divmod(i, len(_OKABE_ITO))
        styles[pathway] = LineStyle(_OKABE_ITO[colour], _DASHES[turn % len(_DASHES)])
    return styles


def spread_labels(
    places: ArrayLike, gap: float, *, within: tuple[float, float] = (-np.inf, np.inf)
) -> NDArray[np.float64]:
    """Return where labels stand: at least `gap` apart, in the same order, as near to `places` as can be.

    Least squares under that order is an isotonic regression of ``place_i - i gap``, solved by pooling
    neighbours that violate it; limits are met by cutting its solution. The gap shrinks where there is no room.

    Examples
    --------
    >>> spread_labels([0.0, 0.0, 10.0], 2.0)
    array([-1.,  1., 10.])
    """
    wanted = np.asarray(places, dtype=np.float64)
    gap = min(gap, (within[1] - within[0]) / max(1, len(wanted) - 1))
    steps = gap * np.arange(len(wanted))
    order = np.argsort(wanted, kind="stable")
    pools: list[tuple[float, int]] = []
    for value in wanted[order] - steps:
        pools.append((float(value), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2], pools[-1]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m)]
    free = np.repeat([mean for mean, _ in pools], [size for _, size in pools])
    spread = np.empty_like(wanted)
    spread[order] = np.clip(free, within[0], within[1] - gap * (len(wanted) - 1)) + steps
    return spread


def minus_signs(text: str) -> str:
    """Return a text whose negative numbers have the typographic sign, as Matplotlib's axes have."""
    return re.sub(r"-(?=[\d.])", "−", text)


def text_width(text: str, size: float) -> float:
    """Return the width of a line of text of some size, points."""
    # Of the letters' boxes: their outlines, which differ by a hair, take a hundred times as long.
    return float(text_to_path.get_text_width_height_descent(text, FontProperties(size=size), ismath=False)[0])


def wrapped(text: str, size: float, room: float) -> str:
    """Return a text broken between words into lines of at most `room` points, set in `size`."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def kinds_text(kinds: Mapping[str, str]) -> str:
    """Return what kind each input is, kinds that are least certain first, inputs by name, depths by number.

    Examples
    --------
    >>> kinds_text({"sand": "interpolated", "carbonate": "synthetic", "clay": "interpolated"})
    'carbonate: synthetic; clay, sand: interpolated'
    """
    kinds_told = []
    # A store lists its layers in no order that holds; equal runs are to have equal figures.
    shown = {name: _readable(name) for name in sorted(kinds, key=_by_number)}
    for kind in ("synthetic", "assumed", "modelled", "interpolated", "observed"):
        names = [told for name, told in shown.items() if kinds[name] == kind]
        if names:
            kinds_told.append(f"{', '.join(names)}: {kind}")
    return "; ".join(kinds_told)


def _by_number(name: str) -> list[tuple[str, int]]:
    return [(word, int(number or 0)) for word, number in re.findall(r"(\D+)(\d*)", name)]


def _readable(name: str) -> str:
    # The house's names say "mineral_n" and "carbonate_5_15cm"; a reader knows symbols and ranges.
    ranged = re.sub(r"_(\d+)_(\d+)cm$", r" \1–\2 cm", name).replace("_", " ")
    return re.sub(r"\b(n|nh4|no3|ph)\b", lambda m: {"ph": "pH"}.get(m[0], m[0].upper()), ranged)
