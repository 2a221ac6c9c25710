"""Time series of totals for papers: each pathway by year, and minus baseline, with the interval of the table.

*Enters:* the table of totals. *Leaves:* a figure with its caption. Must not write, nor read the cube; where a table
holds no interval none is drawn, and the caption says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from eurosic.base.errors import StoreError
from eurosic.report.figures_axes import dress, row_of_axes, write_legend
from eurosic.report.paper import Captioned, caption
from eurosic.report.style import LineStyle, line_styles
from eurosic.report.totals import EUROPE, MINUS, QUANTITIES, Quantity

_UNITS = {
    "TgC": "Tg C",
    "TgC_yr": "Tg C yr⁻¹",
    "TgCO2": "Tg CO₂",
    "TgCO2_yr": "Tg CO₂ yr⁻¹",
    "TgN_yr": "Tg N yr⁻¹",
}


@dataclass(frozen=True)
class Interval:
    """The two columns that bound 90 % of a column's values."""

    low: str
    high: str


def interval_of(table: pd.DataFrame, column: str) -> Interval | None:
    """Return the columns of the interval of a column of totals, or None where the table holds none."""
    found = Interval(f"{column}_p05", f"{column}_p95")
    has = found.low in table and found.high in table
    return found if has and table[[found.low, found.high]].notna().to_numpy().any() else None


def totals_series(
    table: pd.DataFrame, source: str, *, baseline: str = "baseline", place: str = EUROPE
) -> Captioned:
    """Return the total of a variable by year and pathway, and beside it each pathway minus baseline.

    Parameters
    ----------
    table
        As `eurosic.report.totals.totals_table` gives it, with columns of intervals or without.
    source
        A variable that is summed: a SIC change or a flux.
    baseline
        The pathway that all are compared with, drawn black.
    place
        Europe, or a country of the table.

    Raises
    ------
    StoreError
        If the table holds no total of it, or no such place or baseline.
    """
    quantity = next((q for q in QUANTITIES if q.source == source and q.over == "sum"), None)
    shown = table[table["country"] == place]
    if quantity is None or quantity.column not in table or baseline not in set(shown["pathway"]):
        raise StoreError(
            "figures", f"no total of {source!r} of {baseline!r} in {place!r}", wanted="a row of totals.csv"
        )
    pathways = list(dict.fromkeys(shown["pathway"]))
    styles = line_styles(pathways, baseline)
    figure, places = row_of_axes(2)
    changed = [pathway for pathway in pathways if pathway != baseline]
    for i, (axes, column, names) in enumerate(
        zip(places, (quantity.column, quantity.column + MINUS), (pathways, changed), strict=True)
    ):
        for pathway in names:
            _curve(axes, shown[shown["pathway"] == pathway], column, styles[pathway])
        minus = f" minus {baseline}" if i else ""
        dress(axes, i, f"{_short(quantity)}{minus}, {_unit(quantity)}")
    write_legend(figure, styles)
    return Captioned(figure, _totals_caption(shown, quantity, place, baseline))


def _short(quantity: Quantity) -> str:
    """Return what is summed, in the words of a panel's head."""
    if quantity.source.startswith("sic_change_"):
        return "change of SIC"
    return quantity.meaning.split(",")[0].removesuffix(" in the year")


def _unit(quantity: Quantity) -> str:
    tail = next(
        unit for unit in sorted(_UNITS, key=len, reverse=True) if quantity.column.endswith(f"_{unit}")
    )
    return _UNITS[tail]


def _curve(axes: Axes, rows: pd.DataFrame, column: str, style: LineStyle) -> None:
    rows = rows.sort_values("year")
    bounds = interval_of(rows, column)
    if bounds:
        # Reported years only have an interval; a line has every year.
        held = rows.dropna(subset=[bounds.low, bounds.high])
        axes.fill_between(
            held["year"], held[bounds.low], held[bounds.high], color=style.colour, alpha=0.18, linewidth=0
        )
    axes.plot(rows["year"], rows[column], color=style.colour, linestyle=style.dashes, linewidth=1.1)


def _sources(shown: pd.DataFrame) -> str:
    """Return what the intervals of the table hold, in its own words."""
    if "interval" not in shown:
        return "its comment lines name the sources"
    held = [str(words) for words in shown["interval"].dropna().unique() if not str(words).startswith("none")]
    return "; ".join(held) or "no source is named"


def _words(quantity: Quantity) -> str:
    """Return what is summed, with its depth."""
    words = quantity.meaning.split(",")[0]
    if quantity.source.startswith("sic_change_"):
        return (
            f"{words}, {quantity.source.removeprefix('sic_change_').removesuffix('cm').replace('_', '–')} cm"
        )
    return words


def _totals_caption(shown: pd.DataFrame, quantity: Quantity, place: str, baseline: str) -> str:
    first, last, words = int(shown["year"].min()), int(shown["year"].max()), _words(quantity)
    both = interval_of(shown, quantity.column) and interval_of(shown, quantity.column + MINUS)
    told = (
        f"Shading is the 90 % interval of totals.csv, in reported years: {_sources(shown)}."
        if both
        else "No interval is drawn, for the run's totals hold none: neither the spread of soil, climate and nitrogen"
        " data nor that of parameters is in these lines."
    )
    return caption(
        f"{words[0].upper()}{words[1:]}, {place}, {first}–{last} ({_unit(quantity)}): (a) each pathway,"
        f" (b) each minus {baseline}.",
        f"Sums over {float(shown['area_Mha'].iloc[0]):.3g} Mha of calcareous arable soil.",
        told,
    )
