"""What lies behind a map's values: sea, land, the reasons why cells have none, outlines, a bar of length.

*Enters:* axes, a coarsened layer, the grid's coordinate reference system. *Leaves:* the axes, drawn on.
Must not choose colours of values. *Source:* outlines of Natural Earth 1:50m (public domain), shipped.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from eurosic.base.countries import OUTLINES_CRS, load_outlines
from eurosic.base.flags import Status
from eurosic.report.coarsen import Drawn
from eurosic.report.scale import Scale
from eurosic.report.style import INK, SMALL

_LAND, _OUTLINE = "#f8f8f6", "#8a8a8a"
# What is without a value stays in the background, light enough that no class of values is mistaken for it.
_SEA = "#eef3f7"
MUTED = {
    Status.NOT_CALCAREOUS: ("#dcdcd8", "not calcareous"),
    Status.NOT_ARABLE: ("#ecece9", "not arable"),
    Status.OUTSIDE_DOMAIN: ("#c9bfcf", "outside the predictor's domain"),
    Status.FAILED: ("#b5b5b5", "failed"),
    Status.MISSING: ("#f3e3d3", "an input is missing"),
}


def lay(axes: Axes, drawn: Drawn, values: NDArray[np.generic], scale: Scale) -> AxesImage:
    """Draw values ``(row, column)`` where `drawn` stands, north up, each cell as one square."""
    west, south, east, north = drawn.limits
    return axes.imshow(
        values,
        cmap=scale.colours,
        norm=scale.norm,
        extent=(west, east, south, north),
        origin="upper",
        interpolation="nearest",
    )


# A run draws a handful of maps on one grid: transforming every ring once is enough.
@cache
def _rings(crs: CRS) -> tuple[NDArray[np.float64], ...]:
    to_grid = Transformer.from_crs(OUTLINES_CRS, crs, always_xy=True)
    drawn = (
        np.asarray(ring.coords)
        for _, o in load_outlines()
        for ring in shapely.get_rings(shapely.get_parts(o))
    )
    return tuple(np.column_stack(to_grid.transform(*ring.T)) for ring in drawn)


def draw_land(axes: Axes, crs: CRS, *, width: float = 0.6) -> None:
    """Draw sea, land and outlines of countries (`width` points), in coordinates of `crs`, outlines above all."""
    # Under the layers only the fill: drawn once more above them, outlines are seen on dark cells, too.
    axes.set_facecolor(_SEA)
    axes.spines[:].set_visible(False)
    axes.add_collection(PolyCollection(_rings(crs), facecolor=_LAND, zorder=0))
    axes.add_collection(
        PolyCollection(_rings(crs), facecolor="none", edgecolor=_OUTLINE, linewidth=width, zorder=3)
    )


def _reasons(drawn: Drawn) -> NDArray[np.int8]:
    # Every code from MISSING up names one absent input: one colour stands for all of them.
    return np.minimum(drawn.status, Status.MISSING)


def draw_reasons(axes: Axes, drawn: Drawn) -> None:
    """Draw, muted, why cells have no value; sea and what is outside the extent let the backdrop through."""
    norm = BoundaryNorm(np.arange(-0.5, Status.MISSING + 1.5), Status.MISSING + 1)
    colours = [MUTED.get(Status(code), ("none", ""))[0] for code in range(Status.MISSING + 1)]
    lay(axes, drawn, _reasons(drawn), Scale(ListedColormap(colours), norm))


def bar_length(width: float) -> float:
    """Return a round length, 1, 2 or 5 times a power of ten, of at most a sixth of `width`.

    Examples
    --------
    >>> bar_length(4_200_000.0)
    500000.0
    """
    most = width / 6
    power = 10.0 ** np.floor(np.log10(most))
    return float(power * max(step for step in (1, 2, 5) if step * power <= most))


def draw_scale_bar(axes: Axes, frame: tuple[float, float, float, float], *, size: float = SMALL) -> None:
    """Draw a bar of a round length, named in `size` points, in the lower left of `frame` (W, S, E, N)."""
    west, south, east, _ = frame
    length = bar_length(east - west)
    x, y = west + 0.04 * (east - west), south + 0.04 * (east - west)
    axes.plot([x, x + length], [y, y], color=INK, linewidth=size / 5, solid_capstyle="butt", zorder=4)
    axes.annotate(
        f"{length / 1000:g} km",
        (x + length / 2, y),
        xytext=(0, size / 3),
        textcoords="offset points",
        ha="center",
        fontsize=size,
        color=INK,
        zorder=4,
    )


def write_reasons(figure: Figure, drawn: Drawn, corner: tuple[float, float], *, size: float = SMALL) -> None:
    """Write which muted colour means what, for the reasons that occur, from the upper left `corner` down."""
    # Reasons hidden behind a value are not in the picture and need no explanation.
    present = set(np.unique(_reasons(drawn)[~np.isfinite(drawn.values)]).tolist())
    patches = [Patch(color=colour, label=label) for code, (colour, label) in MUTED.items() if code in present]
    if patches:
        figure.legend(
            handles=patches,
            loc="upper left",
            bbox_to_anchor=corner,
            frameon=False,
            fontsize=size,
            title="No value, because",
            title_fontsize=size,
            alignment="left",
        )
