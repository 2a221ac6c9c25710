"""Maps of a projection for a talk: SIC change under a pathway, and what a pathway changes against baseline.

*Enters:* the canvas of a run, the kinds of its inputs. *Leaves:* Matplotlib figures, 16:9, north up, in the grid's
own projection. Must not write, nor load more than a coarsened layer. Where no value is, the reason is shown,
muted. *Source:* outlines of Natural Earth (public domain), shipped.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from pyproj import CRS

from eurosic.base.errors import StoreError
from eurosic.base.units import KG_PER_TG, M2_PER_HA
from eurosic.report.backdrop import draw_land, draw_reasons, draw_scale_bar, lay, write_reasons
from eurosic.report.coarsen import Canvas, Drawn, frame_of
from eurosic.report.scale import Extend, scale_of
from eurosic.report.style import (
    FAINT,
    INK,
    SLIDE,
    SMALL,
    TEXT,
    TITLE,
    kinds_text,
    minus_signs,
    slide,
    wrapped,
)
from eurosic.report.summary import signed

# Shares of the slide's width: the map, and where the texts beside it begin.
_MAP_SHARE, _LEFT = 0.60, 0.625
_COLUMN = (0.98 - _LEFT) * SLIDE[0] * 72  # points that a line of text may take


def change_map(
    canvas: Canvas,
    pathway: str,
    *,
    year: int | None = None,
    variable: str = "sic_change_0_200cm",
    kinds: Mapping[str, str] | None = None,
) -> Figure:
    """Return the map of mean SIC change since the start, kg C ha-1 yr-1, under one pathway.

    Parameters
    ----------
    canvas
        Where the cells of a run are drawn; one serves all its maps.
    pathway
        The run's pathway to show.
    year
        Last year of the change; the run's last one where None.
    variable
        A variable of change, kg m-2 of carbon.
    kinds
        Kind of each input (``"carbonate": "synthetic"``), named on the map.

    Raises
    ------
    StoreError
        If the run lacks the variable, pathway or year, or no cell has a value.
    """
    shown = _Shown(canvas, variable, year)
    drawn = shown.rate(pathway)
    title = f"change under {pathway}"
    return _map(shown, drawn, title, kinds or {})


def difference_map(
    canvas: Canvas,
    pathway: str,
    *,
    baseline: str = "baseline",
    year: int | None = None,
    variable: str = "sic_change_0_200cm",
    kinds: Mapping[str, str] | None = None,
) -> Figure:
    """Return the map of what a pathway changes against baseline, kg C ha-1 yr-1; positive where it keeps more.

    Parameters are those of `change_map`; `baseline` is the pathway that is subtracted.

    Raises
    ------
    StoreError
        If the run lacks the variable, a pathway or the year, or no cell has a value.
    """
    shown = _Shown(canvas, variable, year)
    drawn = shown.rate(pathway, minus=baseline)
    title = f"{pathway} minus {baseline}"
    return _map(shown, drawn, title, kinds or {})


class _Shown:
    """What of a run is shown: a variable of change, from the start to the end of a year."""

    def __init__(self, canvas: Canvas, variable: str, year: int | None) -> None:
        self.canvas, self.table, self.variable = canvas, canvas.table, variable
        years = self.table["year"].values.tolist()
        self.year = int(years[-1] if year is None else year)
        self.start = int(self.table.attrs.get("start_year", years[0]))
        if variable not in self.table or not variable.startswith("sic_change") or self.year not in years:
            raise StoreError(
                "map",
                f"no {variable!r} in {self.year}",
                wanted=f"a variable of SIC change, and a year among {years}",
            )
        self.elapsed = self.year - self.start + 1

    @property
    def depth(self) -> str:
        """Depth range, as a title starts."""
        return self.variable.removeprefix("sic_change_").split("cm")[0].replace("_", "–") + " cm"

    @property
    def period(self) -> str:
        """Years between which the mean is taken."""
        return f"mean of {self.start}–{self.year}"

    def rate(self, pathway: str, *, minus: str | None = None) -> Drawn:
        """Return the layer of mean change of a pathway, or of what it changes against another, kg ha-1 yr-1."""
        has = [str(name) for name in self.table["pathway"].values]
        for name in (pathway, minus or pathway):
            if name not in has:
                raise StoreError("map", f"no pathway {name!r}", wanted=f"one of {', '.join(has)}")
        factor = M2_PER_HA / self.elapsed
        return self.canvas.layer(self.variable, pathway, year=self.year, minus=minus, factor=factor)


def _map(shown: _Shown, drawn: Drawn, title: str, kinds: Mapping[str, str]) -> Figure:
    if not np.isfinite(drawn.values).any():
        raise StoreError("map", "no cell has a value", do="See the layer 'status' for the reasons.")
    figure = slide()
    axes = figure.add_axes((0.0, 0.0, _MAP_SHARE, 1.0))
    frame = frame_of(drawn, axes.bbox.width / axes.bbox.height)
    draw_land(axes, CRS.from_wkt(shown.table.coords["spatial_ref"].attrs["crs_wkt"]))
    draw_reasons(axes, drawn)
    scale = scale_of(drawn.values)
    image = lay(axes, drawn, drawn.values, scale)
    draw_scale_bar(axes, frame)
    # Limits come last, for every layer drawn widens them.
    axes.set(xlim=frame[0::2], ylim=frame[1::2], xticks=[], yticks=[], aspect="equal")
    _write_texts(figure, shown, drawn, title)
    _write_colour_bar(figure, image, shown, scale.extend)
    write_reasons(figure, drawn, (_LEFT - 0.006, 0.375))
    _write_kinds(figure, kinds)
    return figure


def _write_kinds(figure: Figure, kinds: Mapping[str, str]) -> None:
    if kinds:
        told, size = f"Inputs — {kinds_text(kinds)}", SMALL
        # Below the legend there is room for five lines; a run with many inputs is told in smaller print.
        if wrapped(told, size, _COLUMN).count("\n") >= 5:
            size *= 0.74
        figure.text(_LEFT, 0.03, wrapped(told, size, _COLUMN), fontsize=size, color=FAINT, va="bottom")


def _write_texts(figure: Figure, shown: _Shown, drawn: Drawn, title: str) -> None:
    total = minus_signs(signed(drawn.total * shown.elapsed / M2_PER_HA / KG_PER_TG))
    hectares = drawn.area.sum() / M2_PER_HA / 1e6
    figure.text(_LEFT, 0.94, "Soil inorganic carbon,", fontsize=TITLE, weight="bold", color=INK, va="top")
    figure.text(_LEFT, 0.88, shown.depth, fontsize=TITLE, weight="bold", color=INK, va="top")
    figure.text(_LEFT, 0.81, wrapped(title, TEXT, _COLUMN), fontsize=TEXT, color=INK, va="top")
    figure.text(_LEFT, 0.46, f"{total} Tg C by {shown.year}", fontsize=TITLE, weight="bold", color=INK)
    on = f"on {hectares:.3g} Mha of calcareous arable soil"
    figure.text(_LEFT, 0.415, on, fontsize=TEXT, color=INK)


def _write_colour_bar(figure: Figure, image: AxesImage, shown: _Shown, extend: Extend) -> None:
    figure.text(_LEFT, 0.655, f"kg C ha⁻¹ yr⁻¹, {shown.period}", fontsize=TEXT, color=INK)
    place = figure.add_axes((_LEFT + 0.01, 0.60, 0.93 - _LEFT, 0.035))
    bar = figure.colorbar(image, cax=place, orientation="horizontal", extend=extend)
    bar.outline.set_visible(False)
    place.tick_params(labelsize=SMALL, length=0, colors=INK)
