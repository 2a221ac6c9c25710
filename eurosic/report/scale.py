"""Steps and colours of a map's values: round numbers, orange for loss, purple for gain; dark to bright for amounts.

*Enters:* the values drawn. *Leaves:* a colour map and its steps. Must not draw.
*Source:* ColorBrewer's PuOr (Harrower & Brewer 2003) and viridis (Smith & van der Walt 2015), which colour-blind
readers tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

Extend = Literal["neither", "both", "min", "max"]

# A side counts as empty where its extreme is less than this share of the range: one hue is then enough.
_ONE_SIDED = 0.02
# How far from PuOr's white middle the palest class stands, or it would be taken for land without a value.
_PALEST = 0.10
_EXTEND: dict[tuple[bool, bool], Extend] = {
    (False, False): "neither",
    (True, False): "min",
    (False, True): "max",
    (True, True): "both",
}


@dataclass(frozen=True)
class Scale:
    """Colours of a layer of values, in steps at round numbers."""

    colours: ListedColormap
    norm: BoundaryNorm
    extend: Extend = "neither"


def scale_of(values: NDArray[np.float64], *, parts: int = 1) -> Scale:
    """Return steps at round numbers over the 2nd to 98th percentile; what is beyond takes the ends' colours.

    Zero is always a step: a loss is orange and a gain purple however few there are, and equal strength of
    colour means equal amount. Each step is divided into `parts` shades.
    """
    low, high = (float(edge) for edge in np.nanpercentile(values, (2, 98)))
    least, greatest = float(np.nanmin(values)), float(np.nanmax(values))
    small = _ONE_SIDED * (max(abs(low), abs(high)) or max(abs(least), abs(greatest)))
    low = min(low, -small) if least < -small else 0.0
    high = max(high, small) if greatest > small else 0.0
    if low == high:
        low, high = -1.0, 1.0
    steps = _divided(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), parts)
    extend = _EXTEND[bool(least < steps[0]), bool(greatest > steps[-1])]
    # One colour a class; what is beyond takes the colour of the class at that end, as Matplotlib does unasked.
    return Scale(_colours(steps), BoundaryNorm(steps, len(steps) - 1), extend)


def amounts_of(values: NDArray[np.float64], *, parts: int = 1) -> Scale:
    """Return steps at round numbers over the 2nd to 98th percentile of amounts without a sign, dark to bright.

    Each step is divided into `parts` shades.
    """
    low, high = (float(edge) for edge in np.nanpercentile(values, (2, 98)))
    if low == high:
        low, high = low - max(abs(low), 1.0) * 0.01, high + max(abs(high), 1.0) * 0.01
    steps = _divided(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), parts)
    extend = _EXTEND[bool(np.nanmin(values) < steps[0]), bool(np.nanmax(values) > steps[-1])]
    # Not cividis: its middle is the grey of land without a value.
    colours = ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 1.0, len(steps) - 1)))
    return Scale(colours, BoundaryNorm(steps, len(steps) - 1), extend)


def _divided(steps: ArrayLike, parts: int) -> NDArray[np.float64]:
    whole = np.asarray(steps, dtype=np.float64)
    places = np.arange((len(whole) - 1) * parts + 1) / parts
    return np.interp(places, np.arange(len(whole)), whole)


def _colours(steps: NDArray[np.float64]) -> ListedColormap:
    middles = (steps[:-1] + steps[1:]) / 2
    amounts = middles / np.abs(middles).max()
    places = 0.5 + np.sign(amounts) * (_PALEST + (0.5 - _PALEST) * np.abs(amounts))
    return ListedColormap(mpl.colormaps["PuOr"](places))
