"""What an explanation of a run adds to its page: which properties make fields differ, and that time is not space.

*Enters:* the tables `attribution.csv` and `contrast.csv`, figures as PNG; any of them may be absent. *Leaves:* a
section of HTML. Must not compute an attribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

import pandas as pd

from eurosic.base.errors import StoreError
from eurosic.base.pathway import BASELINE
from eurosic.report.page_markup import Entry, element, paragraphs, picture, section, table
from eurosic.report.page_words import amount, number

NAME, TITLE = "explanation", "Why fields differ, and why time is not space"
_TARGET, _ALL = "sic_change_0_200cm", "all"
# kg m-2 per unit of pH: less is nothing that could be seen in a soil.
_LEAST = 1e-3
_ATTRIBUTION_WORDS = (
    "Each bar says by how much, on average over the cells, this property alone moves a cell's predicted change of"
    " soil inorganic carbon (0–200 cm, under the baseline) away from that of typical cells, be it up or down. It is"
    " what the emulator has learnt, not a measurement; what does not differ between fields has no bar, however much"
    " it matters."
)
_CONTRAST_WORDS = (
    "On a map, soils with more carbonate have a higher pH. One could think that carbonate is lost as pH falls. In"
    " time it is not so: while the topsoil still holds carbonate, pH hardly moves although carbonate is lost year by"
    " year. The table sets both beside each other: how much carbonate goes with one unit of lab pH."
)


_ATTRIBUTION_COLUMNS = (
    "pathway",
    "regime",
    "target",
    "horizon",
    "label",
    "mean_absolute",
    "p05",
    "p95",
    "cells",
)
_CONTRAST_COLUMNS = (
    *("driver", "depth", "state", "circular", "observations", "sic_kgC_ha_yr", "ph_per_decade"),
    *("time", "time_low", "time_high", "space", "space_low", "space_high"),
)


def explain_section(
    attribution: pd.DataFrame | None, contrast: pd.DataFrame | None, figures: Mapping[str, bytes]
) -> str:
    """Return the section, of what there is; empty where there is nothing. `figures` are PNG by their words.

    Raises
    ------
    StoreError
        If a table lacks a column: another version of eurosic wrote it.
    """
    parts = []
    if attribution is not None:
        _check_columns("attribution", attribution, _ATTRIBUTION_COLUMNS)
        parts.append(_attribution(attribution))
    if contrast is not None:
        _check_columns("contrast", contrast, _CONTRAST_COLUMNS)
        parts.append(_contrast(contrast))
    parts += [picture(words, png) for words, png in figures.items()]
    content = "\n".join(part for part in parts if part)
    return section(NAME, TITLE, content) if content else ""


def _check_columns(name: str, found: pd.DataFrame, needed: tuple[str, ...]) -> None:
    absent = [column for column in needed if column not in found]
    if absent:
        raise StoreError(
            f"explain/{name}.csv",
            f"has no {', '.join(absent)}",
            wanted="the table as this version of eurosic writes it",
            do="Run `eurosic explain` again, or remove the folder.",
        )


def _attribution(found: pd.DataFrame) -> str:
    chosen = found[
        (found["pathway"] == BASELINE)
        & (found["regime"] == _ALL)
        & (found["target"] == _TARGET)
        & (found["horizon"] == found["horizon"].max())
    ].sort_values("mean_absolute", ascending=False)
    if chosen.empty:
        return ""
    most = float(chosen["mean_absolute"].max()) or 1.0
    rows = [
        [
            Entry(escape(str(row["label"]))),
            Entry(_bar(float(row["mean_absolute"]) / most), classes="text"),
            Entry(amount(float(row["mean_absolute"]))),
            Entry(f"{number(float(row['p05']))} to {number(float(row['p95']))}"),
        ]
        for _, row in chosen.iterrows()
    ]
    heads = [
        "Property of the field",
        "Beside the largest",
        "Mean size<small>kg C ha⁻¹ yr⁻¹</small>",
        "In 90 % of the area",
    ]
    caption = f"To {int(chosen['horizon'].iloc[0])}, from {int(chosen['cells'].max())} cells."
    return paragraphs([_ATTRIBUTION_WORDS]) + _scroller(table(heads, rows, caption=caption), "Attribution")


def _bar(share: float) -> str:
    return element("span", class_="barlet", style=f"width:{9 * share:.2f}rem", aria_hidden="true")


def _contrast(found: pd.DataFrame) -> str:
    # Regimes say of the whole column what the states of the topsoil say of where pH is measured.
    topsoil = (found["state"] == _ALL) | found["state"].str.startswith("topsoil")
    chosen = found[(found["driver"] == "lab pH") & (found["depth"] == "0_30cm") & topsoil]
    observed = chosen[~chosen["circular"].astype(bool)]
    chosen = observed if not observed.empty else chosen.drop_duplicates("state")
    if chosen.empty:
        return ""
    rows = [
        [
            Entry("all cells" if row["state"] == _ALL else escape(str(row["state"]))),
            Entry(_finite(float(row["sic_kgC_ha_yr"]))),
            Entry(number(float(row["ph_per_decade"]))),
            Entry(_ranged(row, "time")),
            Entry(_ranged(row, "space")),
            Entry("–" if pd.isna(row["observations"]) else escape(str(row["observations"])), classes="text"),
        ]
        for _, row in chosen.iterrows()
    ]
    heads = [
        "State of the topsoil",
        "SIC lost or gained<small>kg C ha⁻¹ yr⁻¹</small>",
        "Lab pH<small>per decade</small>",
        "In time<small>kg C m⁻² per unit of pH</small>",
        "In space<small>kg C m⁻² per unit of pH</small>",
        "Observed soils",
    ]
    caption = (
        "0–30 cm, baseline. In brackets 90 %. Infinite: pH itself does not change beyond doubt. Cannot be told: in"
        " time, pH moves by less than the emulator errs in it; in space, there are too few sites, or their pH hardly"
        " differs."
    )
    return paragraphs([_CONTRAST_WORDS]) + _scroller(table(heads, rows, caption=caption), "Time and space")


def _ranged(row: pd.Series, name: str) -> str:
    value, low, high = (float(str(row[column])) for column in (name, f"{name}_low", f"{name}_high"))
    if math.isnan(value):
        return "cannot be told"
    return f"{_finite(value)} <small>({_finite(low)} to {_finite(high)})</small>"


def _finite(value: float) -> str:
    if not math.isfinite(value):
        return "infinite"
    return number(value) if abs(value) >= _LEAST else "about 0"


def _scroller(content: str, label: str) -> str:
    return element("div", content, class_="scroller", role="region", aria_label=label, tabindex=0)
