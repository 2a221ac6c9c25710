"""Small multiples for papers: one map of each pathway, or of what each changes against baseline, on one scale.

*Enters:* the canvas of a run, a variable, a year. *Leaves:* a figure with its caption, in the grid's own projection.
Must not write, nor load more than one coarsened layer at a time. *Source:* Tufte (1990) on small multiples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from pyproj import CRS

from eurosic.base.errors import StoreError
from eurosic.base.units import KG_PER_TG, M2_PER_HA
from eurosic.report.backdrop import draw_land, draw_reasons, draw_scale_bar, lay, write_reasons
from eurosic.report.coarsen import Canvas, Drawn, frame_of
from eurosic.report.measure import Measure, measure_of
from eurosic.report.paper import (
    HIGHEST,
    LETTERS,
    MM_PER_INCH,
    SMALL_LETTERS,
    WIDE,
    Captioned,
    caption,
    letter,
    page,
)
from eurosic.report.scale import Scale, amounts_of, scale_of
from eurosic.report.style import INK, kinds_text, minus_signs
from eurosic.report.summary import signed

# mm: head of a panel, between panels, and what stands below them (colour bar, reasons).
_HEAD, _GAP, _FOOT = 6.0, 2.0, 24.0
# mm: at the page's sides, and the widest panel; width over height of a panel.
_MARGIN, _WIDEST = 1.5, 120.0
_ASPECTS = (0.7, 1.6)


@dataclass(frozen=True)
class _Panels:
    """What a figure shows: the measure, the layers by pathway, and what is subtracted from each."""

    measure: Measure
    layers: Mapping[str, Drawn]
    minus: str | None
    scale: Scale


def pathway_maps(
    canvas: Canvas, variable: str, *, year: int, minus: str | None = None, kinds: Mapping[str, str]
) -> Captioned:
    """Return small multiples of a variable in a year: a map of each pathway, or of each minus one of them.

    Parameters
    ----------
    canvas
        Where the cells of a run are drawn; one serves all its maps.
    variable
        A target with an amount; a change is shown as its mean per year since the start.
    year
        A reported year.
    minus
        The pathway that is subtracted from each other one; values themselves where None.
    kinds
        Kind of each input (``"carbonate": "synthetic"``), for the caption.

    Raises
    ------
    StoreError
        If the run lacks variable, year or pathway, nothing can be compared, or no cell has a value.
    """
    table = canvas.table
    panels = _panels(canvas, variable, year, minus)
    drawn = next(iter(panels.layers.values()))
    crs = CRS.from_wkt(table.coords["spatial_ref"].attrs["crs_wkt"])
    aspect = _aspect(drawn)
    figure, places = _layout(len(panels.layers), aspect)
    frame = frame_of(drawn, aspect)
    for i, (axes, (pathway, layer)) in enumerate(zip(places, panels.layers.items(), strict=True)):
        draw_land(axes, crs, width=0.2)
        draw_reasons(axes, layer)
        image = lay(axes, layer, layer.values, panels.scale)
        if i == 0:
            draw_scale_bar(axes, frame, size=SMALL_LETTERS)
        axes.set_title(_head(panels, i, pathway, layer), loc="left", fontsize=LETTERS, color=INK, pad=2)
        axes.set(xlim=frame[0::2], ylim=frame[1::2], xticks=[], yticks=[], aspect="equal")
    _foot(figure, panels, image, drawn)
    return Captioned(figure, _caption(table, panels, kinds))


def _panels(canvas: Canvas, variable: str, year: int, minus: str | None) -> _Panels:
    table = canvas.table
    years, pathways = table["year"].values.tolist(), [str(p) for p in table["pathway"].values]
    shown = [pathway for pathway in pathways if pathway != minus]
    if variable not in table or year not in years or not shown or (minus and minus not in pathways):
        raise StoreError(
            "figures",
            f"no {variable!r} of {minus or 'any pathway'} to compare in {year}",
            wanted=f"a variable of the run, pathways among {', '.join(pathways)}, a year among {years}",
        )
    measure = measure_of(variable, year=year, start=int(table.attrs.get("start_year", years[0])))
    layers = {
        pathway: canvas.layer(variable, pathway, year=year, minus=minus, factor=measure.factor)
        for pathway in shown
    }
    every = np.concatenate([drawn.values[np.isfinite(drawn.values)] for drawn in layers.values()])
    if not every.size:
        raise StoreError("figures", "no cell has a value", do="See the layer 'status' for the reasons.")
    scale = scale_of(every) if minus or measure.signed else amounts_of(every)
    return _Panels(measure, layers, minus, scale)


def _layout(count: int, aspect: float) -> tuple[Figure, list[Axes]]:
    """Return the page and the axes of its panels, row by row from the upper left."""
    columns = count if count < 4 else 2 if count == 4 else 3 if count <= 9 else 4
    rows = -(-count // columns)
    # One or two panels need not fill the page, and many must not leave it.
    across = min(
        (WIDE - 2 * _MARGIN - _GAP * (columns - 1)) / columns,
        _WIDEST,
        ((HIGHEST - _FOOT) / rows - _HEAD) * aspect,
    )
    down = across / aspect
    height = rows * (down + _HEAD) + _FOOT
    figure = page(height)
    places = []
    for i in range(count):
        row, column = divmod(i, columns)
        x, y = _MARGIN + column * (across + _GAP), height - (row + 1) * (down + _HEAD)
        places.append(figure.add_axes((x / WIDE, y / height, across / WIDE, down / height)))
    return figure, places


def _aspect(drawn: Drawn) -> float:
    """Return width over height of the cells with a value, neither a strip nor a tower."""
    west, south, east, north = drawn.limits
    height, width = drawn.values.shape
    rows, columns = np.nonzero(np.isfinite(drawn.values))
    across = (np.ptp(columns) + 1) * (east - west) / width
    down = (np.ptp(rows) + 1) * (north - south) / height
    return float(np.clip(across / down, *_ASPECTS))


def _head(panels: _Panels, i: int, pathway: str, drawn: Drawn) -> str:
    """Return a panel's sign and pathway, and below them the area-weighted mean."""
    mean = minus_signs(signed(mean_of(drawn)) if _is_signed(panels) else f"{mean_of(drawn):#.3g}")
    name = pathway if panels.minus is None else f"{pathway} − {panels.minus}"
    return rf"$\bf{{{letter(i)}}}$  {name}: {mean}"


def _is_signed(panels: _Panels) -> bool:
    return panels.minus is not None or panels.measure.signed


def mean_of(drawn: Drawn) -> float:
    """Return the area-weighted mean of a layer, in its own unit."""
    return drawn.total / float(drawn.area.sum())


def _foot(figure: Figure, panels: _Panels, image: AxesImage, drawn: Drawn) -> None:
    high = figure.get_figheight() * MM_PER_INCH
    figure.text(
        0.02, 19.5 / high, _bar_title(panels), fontsize=LETTERS, color=INK, va="center", weight="bold"
    )
    place = figure.add_axes((0.03, 12.0 / high, 0.5, 3.2 / high))
    bar = figure.colorbar(image, cax=place, orientation="horizontal", extend=panels.scale.extend)
    bar.outline.set_visible(False)
    place.tick_params(labelsize=LETTERS, length=0, colors=INK)
    write_reasons(figure, drawn, (0.62, 23.0 / high), size=SMALL_LETTERS)


def _bar_title(panels: _Panels) -> str:
    words = panels.measure.words
    what = words if panels.minus is None else f"difference of {words.removeprefix('change of ')}"
    return f"{what}{', ' if panels.measure.axis else ''}{panels.measure.axis}"


def _caption(table: xr.Dataset, panels: _Panels, kinds: Mapping[str, str]) -> str:
    measure, layers = panels.measure, panels.layers
    area = float(next(iter(layers.values())).area.sum()) / M2_PER_HA / 1e6
    of = "each pathway" if panels.minus is None else f"each pathway minus {panels.minus}"
    unit = f" ({measure.unit})" if measure.unit else ""
    numbers = "The number over each panel is the mean weighted by calcareous arable area, in the same unit."
    ends = "Colours span the 2nd to 98th percentile of all panels; what is beyond takes the end's colour."
    totals = ""
    if measure.variable.startswith("sic_change"):
        elapsed = M2_PER_HA / measure.factor
        told = [f"{p} {signed(d.total * elapsed / M2_PER_HA / KG_PER_TG)}" for p, d in layers.items()]
        totals = f"Totals at the end, Tg of carbon: {', '.join(told)}."
    return caption(
        f"{measure.words[0].upper()}{measure.words[1:]} under {of}{unit}, {measure.when}.",
        f"Values are per area of calcareous arable soil ({area:.3g} Mha); {_projection(table)}.",
        "Orange is below zero, purple above." if _is_signed(panels) else "",
        ends,
        numbers,
        totals,
        f"Inputs: {kinds_text(kinds)}." if kinds else "",
        origin(table),
    )


def _projection(table: xr.Dataset) -> str:
    crs = CRS.from_wkt(table.coords["spatial_ref"].attrs["crs_wkt"])
    code = crs.to_authority()
    cell = abs(float(table["x"][1] - table["x"][0])) if table.sizes["x"] > 1 else np.nan
    return f"{':'.join(code) if code else crs.name}, cells of {cell / 1000:g} km"


def origin(table: xr.Dataset) -> str:
    """Return the last sentence of a caption: what made the numbers, and by which recipe."""
    about = table.attrs
    outlines = "Outlines: Natural Earth."
    made = f"Made by {about.get('source', 'eurosic')}"
    return f"{made}, recipe {str(about.get('recipe_digest', ''))[:16]}. {outlines}"
