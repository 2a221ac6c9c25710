"""How figures for papers look: the width of a page of print, small letters, a caption beside each.

*Enters:* sizes in millimetres, parts of a caption. *Leaves:* empty figures and their texts. Must not draw data, nor
write. *Source:* two columns of a journal's page are 180 mm wide; letters of 6 to 8 points stay readable in print.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

MM_PER_INCH = 25.4
# mm; the width of two columns, and what one page of print holds below a caption.
WIDE, HIGHEST = 180.0, 215.0
# Points.
LETTERS, SMALL_LETTERS, LINE = 7.0, 6.0, 0.9


@dataclass(frozen=True)
class Captioned:
    """A figure for a paper and the text that stands beneath it."""

    figure: Figure
    caption: str


def page(height: float, *, width: float = WIDE) -> Figure:
    """Return an empty white figure of some millimetres, at most a page."""
    figure = Figure(figsize=(width / MM_PER_INCH, min(height, HIGHEST) / MM_PER_INCH), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def caption(title: str, *sentences: str) -> str:
    """Return a caption: what is shown first, then its sentences, in lines of a width that mail leaves alone."""
    told = " ".join(" ".join(sentence.split()) for sentence in (title, *sentences) if sentence)
    return "\n".join(textwrap.wrap(told, 100, break_long_words=False, break_on_hyphens=False)) + "\n"


def letter(i: int) -> str:
    """Return the sign of the i-th panel.

    Examples
    --------
    >>> letter(0), letter(27)
    ('a', 'ab')
    """
    high, low = divmod(i, 26)
    return (letter(high - 1) if high else "") + chr(ord("a") + low)
