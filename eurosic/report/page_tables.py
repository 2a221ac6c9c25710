"""The tables of totals on a page: what each pathway keeps, and what each country does.

*Enters:* the table of totals. *Leaves:* HTML tables of the last year, and the CSV that the page hands out.
Must not compute a total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from eurosic.base.pathway import BASELINE
from eurosic.report.page_interval import ALONE, HIGH, LOW, SOURCES, interval_of
from eurosic.report.page_markup import Entry, details, element, table, text
from eurosic.report.page_words import CHANGE, CO2, RATE, Ends, amount, number, percent
from eurosic.report.totals import EUROPE, MINUS


@dataclass(frozen=True)
class _Offered:
    """A quantity of the table of countries: words, and what takes the column's unit to that of the words."""

    words: str
    factor: float


# A country's share of a million has too many noughts: thousands of tonnes and of hectares are read at once.
_THOUSANDS = 1e3
QUANTITIES = {
    CHANGE: _Offered("Change of SIC, 0–200 cm, thousand tonnes of carbon", _THOUSANDS),
    RATE: _Offered("Change of SIC, 0–200 cm, kg C ha⁻¹ yr⁻¹", 1.0),
    "sic_change_0_30cm_TgC": _Offered("Change of SIC, 0–30 cm, thousand tonnes of carbon", _THOUSANDS),
    CO2: _Offered("CO₂ to the air from carbonate since the start, thousand tonnes of CO₂", _THOUSANDS),
    "dic_leaching_TgC_yr": _Offered(
        "Dissolved inorganic carbon leached, thousand tonnes of carbon a year", _THOUSANDS
    ),
    "nitrate_leaching_TgN_yr": _Offered("Nitrate leached, thousand tonnes of nitrogen a year", _THOUSANDS),
}


# What stands before each value where a phone shows a row as a card.
_LABELS = (
    "Pathway",
    "Change of SIC, Tg C",
    "Per hectare and year, kg C",
    "Against baseline, Tg C",
    "Share of baseline's change",
    "CO₂ to the air against baseline, Tg CO₂",
)


def headline_table(ends: Ends, titles: Mapping[str, str]) -> str:
    """Return a row for each pathway: its change, what it keeps against the baseline, in carbon and in CO2."""
    heads = [
        "Pathway",
        f"Change of SIC to {ends.last}<small>million tonnes of carbon (Tg C)</small>",
        "Per hectare and year<small>kg C ha⁻¹ yr⁻¹</small>",
        "Against baseline<small>Tg C; + is more kept; 90 % interval below</small>",
        "Share<small>of the baseline's change</small>",
        "CO₂ to the air from carbonate, against baseline<small>Tg CO₂; − is less to the air</small>",
    ]
    rows = [_headline_row(ends, name, titles[name]) for name in (BASELINE, *ends.others)]
    caption = (
        f"Europe (all study cells), 0–200 cm, from 1 January {ends.first} to 31 December {ends.last}."
        " 1 Tg is a million tonnes."
    )
    return table(heads, rows, caption=caption, whole=1, labels=_LABELS)


def _headline_row(ends: Ends, name: str, title: str) -> list[Entry]:
    named = f"{element('code', escape(name))}{text('small', title)}"
    entries = [
        Entry(named),
        Entry(number(ends.of(name, CHANGE)) + _interval(ends, name, CHANGE)),
        Entry(number(ends.of(name, RATE))),
    ]
    if name == BASELINE:
        return [*entries, *(Entry("–") for _ in range(3))]
    change = ends.of(name, CHANGE + MINUS)
    sense = "kept" if change > 0 else "lost" if change < 0 else None
    small = text("span", "small effect", class_="tag") if ends.small(name) else ""
    apart = ends.of(name, CO2 + MINUS)
    return [
        *entries,
        Entry(text("strong", number(change)) + _interval(ends, name, CHANGE + MINUS), classes=sense),
        Entry(f"{percent(ends.share(name))} {small}"),
        Entry(number(apart) + _interval(ends, name, CO2 + MINUS)),
    ]


def _interval(ends: Ends, name: str, column: str) -> str:
    found = interval_of(ends.rows, name, column)
    if found is None:
        return ""
    unsure = found.holds_zero and MINUS in column
    return text("small", found.told()) + (text("span", "sign not sure", class_="tag weak") if unsure else "")


def sources_table(ends: Ends) -> str:
    """Return the interval of each difference by source, folded; nothing where there is only one source."""
    column = CHANGE + MINUS
    rows = []
    for name in ends.others:
        each = [interval_of(ends.rows, name, column, source=source) for source in ALONE]
        if None in each:
            return ""
        both = [interval_of(ends.rows, name, column), *each]
        told = [Entry("–" if found is None else found.told()) for found in both]
        rows.append([Entry(element("code", escape(name))), Entry(number(ends.of(name, column))), *told])
    heads = [
        "Pathway",
        "Against baseline",
        "Both together",
        *(words.capitalize() for words in ALONE.values()),
    ]
    if not rows:
        return ""
    told_table = table(heads, rows, caption="Intervals of 90 % by source, Tg C to 2 m.")
    return details("Each source of error alone", element("div", told_table, class_="scroller", tabindex=0))


def country_table(totals: pd.DataFrame, pathways: Sequence[str]) -> str:
    """Return a row for each country in the last year: the baseline's change, and each pathway minus baseline."""
    last = totals[totals["year"] == totals["year"].max()].set_index(["country_code", "pathway"])
    base = last.xs(BASELINE, level="pathway")
    others = [name for name in pathways if name != BASELINE]
    heads = [
        "Country",
        "Area<small>thousand hectares</small>",
        f"<code>{BASELINE}</code><small>total</small>",
    ]
    heads += [f"<code>{escape(name)}</code><small>minus baseline</small>" for name in others]
    rows = []
    for code, place in base.iterrows():
        cells = [element("th", escape(str(place["country"])), scope="row")]
        area = _THOUSANDS * float(place["area_Mha"])
        cells.append(text("td", amount(area), data_value=f"{area:.6g}"))
        cells.append(_country_cell(float(place[CHANGE]), BASELINE, None))
        cells += [
            _country_cell(float(last.loc[[(code, name)], CHANGE + MINUS].iloc[0]), name, "")
            for name in others
        ]
        classes = "whole" if place["country"] == EUROPE else None
        rows.append(element("tr", "".join(cells), class_=classes, data_code=code))
    head = "".join(element("th", content, scope="col") for content in heads)
    caption = text(
        "caption", f"{QUANTITIES[CHANGE].words}, {int(totals['year'].max())}", id="country-caption"
    )
    body = f"{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return element("table", body, id="country-table", class_="wide")


def _country_cell(value: float, pathway: str, minus: str | None) -> str:
    value *= QUANTITIES[CHANGE].factor
    return text("td", number(value), data_pathway=pathway, data_minus=minus, data_value=f"{value:.6g}")


def quantity_options(totals: pd.DataFrame) -> str:
    """Return the choices of the table of countries, as options."""
    known = {column: offered for column, offered in QUANTITIES.items() if column in totals}
    return "".join(
        text("option", offered.words, value=column, data_factor=f"{offered.factor:g}")
        for column, offered in known.items()
    )


def reported_csv(totals: pd.DataFrame, about: Sequence[str], years: Sequence[int]) -> str:
    """Return the totals of the reported years as CSV, under the comment lines of `totals.csv`.

    Holds the quantities that the page shows, with their differences and intervals, in four digits; differences were
    taken before anything was rounded.
    """
    columns = ["pathway", "country_code", "country", "year", "area_Mha"]
    for quantity in QUANTITIES:
        # Intervals of what is read most: those of all would be half of the page.
        ends = (LOW, HIGH) if quantity in (CHANGE, CO2) else ()
        for column in (quantity, quantity + MINUS):
            columns += [column + suffix for suffix in ("", *ends) if column + suffix in totals]
    columns += [SOURCES] if SOURCES in totals else []
    rows = totals[totals["year"].isin(list(years))][columns]
    text_ = rows.to_csv(index=False, float_format="%.4g", lineterminator="\n")
    return "\n".join(
        [
            *about,
            "# Of the reported years, in four digits; totals.csv has every year and more columns.",
            text_,
        ]
    )
