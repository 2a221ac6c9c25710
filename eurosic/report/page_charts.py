"""Charts that stand in a page without its script: inline SVG, with a text alternative each.

*Enters:* numbers by pathway. *Leaves:* SVG. Narrow on purpose: letters stay readable on a phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from eurosic.report.page_interval import Interval
from eurosic.report.page_markup import element, text
from eurosic.report.page_words import number
from eurosic.report.style import FAINT, GRID_LINE, INK, LineStyle, minus_signs, spread_labels

_WIDTH = 520.0
_ROW = 34.0
# Width of a letter of the labels, 13 px, in the widest of common fonts.
_LETTER = 8.3
DASHES = {"solid": "", "dashed": "7 4", "dotted": "2 3"}


@dataclass(frozen=True)
class _Axis:
    """Values along a length: round steps, and where they lie."""

    steps: tuple[float, ...]
    start: float
    stop: float

    def at(self, value: float) -> float:
        """Return the place of a value."""
        low, high = self.steps[0], self.steps[-1]
        return self.start + (value - low) / (high - low) * (self.stop - self.start)


def _axis(values: Sequence[float], start: float, stop: float, *, bins: int = 5) -> _Axis:
    low, high = min(0.0, *values), max(0.0, *values)
    high = high if high > low else low + 1.0
    steps = MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return _Axis(tuple(float(f"{step:.12g}") for step in steps), start, stop)


def _svg(content: Sequence[str], height: float, label: str) -> str:
    return element(
        "svg",
        f"{text('title', label)}{''.join(content)}",
        viewBox=f"0 0 {_WIDTH:g} {height:g}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.0) -> str:
    return element(
        "line",
        x1=f"{x1:.1f}",
        y1=f"{y1:.1f}",
        x2=f"{x2:.1f}",
        y2=f"{y2:.1f}",
        stroke=colour,
        stroke_width=width,
    )


def _words(
    x: float, y: float, words: str, *, anchor: str = "start", tick: bool = False, fill: str = INK
) -> str:
    classes = "tick" if tick else None
    style = None if tick or fill == INK else f"fill:{fill}"
    return text("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=classes, style=style)


def differences_chart(
    values: Mapping[str, float],
    intervals: Mapping[str, Interval | None],
    *,
    styles: Mapping[str, LineStyle],
    label: str,
) -> str:
    """Return a dot for each pathway's difference from baseline, with its interval where there is one.

    `label` is the text alternative; zero is drawn, so that an interval that holds it is seen to.
    """
    left = _LETTER * max(len(name) for name in values) + 10
    ends = [end for found in intervals.values() if found for end in (found.low, found.high)]
    axis = _axis([*values.values(), *ends], left, _WIDTH - 70)
    height = _ROW * len(values) + 30
    drawn = [
        _line(axis.at(s), 4, axis.at(s), height - 24, FAINT if s == 0 else GRID_LINE) for s in axis.steps
    ]
    drawn += [
        _words(axis.at(s), height - 6, minus_signs(f"{s:g}"), anchor="middle", tick=True) for s in axis.steps
    ]
    for i, (name, value) in enumerate(values.items()):
        y, colour = 4 + _ROW * (i + 0.5), styles[name].colour
        drawn.append(_words(left - 10, y + 4, name, anchor="end"))
        found = intervals.get(name)
        right = axis.at(value)
        if found is not None:
            low, high = axis.at(found.low), axis.at(found.high)
            drawn.append(_line(low, y, high, y, colour, 3))
            drawn += [_line(end, y - 6, end, y + 6, colour, 2) for end in (low, high)]
            right = max(right, high)
        elif value:
            drawn.append(_line(axis.at(0.0), y, axis.at(value), y, colour, 3))
        drawn.append(element("circle", cx=f"{axis.at(value):.1f}", cy=f"{y:.1f}", r=5.5, fill=colour))
        drawn.append(_words(right + 11, y + 4, number(value)))
    return _svg(drawn, height, label)


def course_chart(course: pd.DataFrame, *, styles: Mapping[str, LineStyle], label: str) -> str:
    """Return lines by year, one a column of `course` (its index the years), each named at its end."""
    height, bottom = 320.0, 26.0
    room = _LETTER * max(len(str(name)) for name in course) + 22
    years = course.index.to_numpy(dtype=float)
    across = _Axis((float(years[0]), max(float(years[-1]), years[0] + 1)), 46, _WIDTH - room)
    up = _axis(course.to_numpy(dtype=float).ravel().tolist(), height - bottom, 12)
    drawn = [_line(46, up.at(s), _WIDTH - room, up.at(s), FAINT if s == 0 else GRID_LINE) for s in up.steps]
    drawn += [_words(40, up.at(s) + 4, minus_signs(f"{s:g}"), anchor="end", tick=True) for s in up.steps]
    for year, anchor in ((years[0], "start"), (years[-1], "end")):
        drawn.append(_words(across.at(year), height - 6, f"{year:.0f}", anchor=anchor, tick=True))
    names = [str(name) for name in course]
    ends = np.array([up.at(float(course[name].iloc[-1])) for name in names])
    places = spread_labels(ends, 16.0, within=(14.0, height - bottom))
    for name, end, place in zip(names, ends, places, strict=True):
        style = styles[name]
        points = [
            f"{across.at(x):.1f},{up.at(float(v)):.1f}" for x, v in zip(years, course[name], strict=True)
        ]
        drawn.append(
            element(
                "polyline",
                points=" ".join(points),
                fill="none",
                stroke=style.colour,
                stroke_width=2.2,
                stroke_dasharray=DASHES[style.dashes] or None,
            )
        )
        drawn.append(_line(_WIDTH - room + 2, float(end), _WIDTH - room + 14, float(place), style.colour))
        drawn.append(_words(_WIDTH - room + 17, float(place) + 4, name))
    return _svg(drawn, height, label)


def shares_chart(shares: pd.DataFrame, *, colours: Mapping[str, str], label: str) -> str:
    """Return a bar for each row of `shares` (0 to 1 in all), parted into its columns in their order."""
    left = _LETTER * max(len(str(name)) for name in shares.index) + 10
    height = 26.0 * len(shares)
    drawn = []
    for i, (name, row) in enumerate(shares.iterrows()):
        drawn.append(_words(left - 10, 26 * i + 17, str(name), anchor="end"))
        start = left
        for part in map(str, shares):
            width = float(row[part]) * (_WIDTH - left)
            told = text("title", f"{name}: {part} {100 * float(row[part]):.1f} %")
            place = {"x": f"{start:.2f}", "y": 26 * i + 4, "width": f"{width:.2f}", "height": 18}
            drawn.append(element("rect", told, **place, fill=colours[part]))
            start += width
    return _svg(drawn, height, label)
