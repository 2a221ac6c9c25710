"""How good the numbers of a run are: the emulator against the simulator on cells of this very run.

*Enters:* the table of `check.csv`, the record of the run. *Leaves:* a section of a page. Must not judge anew: errors
are those of `skill_table`, sentences and thresholds those of `verdict`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

import pandas as pd

from eurosic.base.vocabulary import TARGETS
from eurosic.report.page_markup import Entry, element, paragraphs, section, table, text
from eurosic.report.page_words import percent
from eurosic.report.skill import ALL, CLEAR_DIFFERENCE
from eurosic.report.verdict import Verdict, sentences, verdict_of, warnings

_TITLE = "How good the emulator is on this run"
# Below this a map of differences is not to be read cell by cell: half of a R2 of 0.9's variance is three sigma.
_WEAK_R2, _WEAK_TOTAL = 0.9, 0.05


def skill_section(check: pd.DataFrame | None, record: Mapping[str, object]) -> str:
    """Return the section on skill; a sentence where nothing was checked, and why."""
    told = record.get("self_check")
    known = told if isinstance(told, dict) else {}
    if check is None or check.empty:
        why = str(known.get("skipped", "the run has no self-check"))
        words = (
            "The process model itself made these numbers; there is no emulator whose error could be measured."
            if "simulator" in why
            else "The emulator of this run was not checked against the process model."
        )
        return section("skill", "How good the numbers are", paragraphs([f"{words} ({why}.)"]))
    years = record.get("years")
    found = verdict_of(check, tuple(int(year) for year in years) if isinstance(years, list) else ())
    cells = int(str(record.get("study_cells", found.cells)))
    threshold = float(str(known.get("warn_above", 0.05)))
    warned = [text("p", line, class_="warning") for line in warnings(found, above=threshold)]
    intro = (
        f"An emulator ({record.get('predictor', 'unnamed')}) made these numbers in place of the slower process model."
        f" To see how far it can be trusted here, {found.cells} of the run's {cells} cells were computed again by the"
        " process model itself. What follows is the difference between both, not that between model and nature."
    )
    lines = [_typeset(line.strip()) for line in sentences(found, cells=cells)]
    return section(
        "skill",
        _TITLE,
        "\n".join(
            [
                paragraphs([intro]),
                *warned,
                element("ul", "".join(text("li", line) for line in lines)),
                _scroller(_pathway_table(found), "Errors of each pathway"),
                _scroller(_target_table(check, found.year), "Errors of each variable"),
            ]
        ),
    )


def _typeset(line: str) -> str:
    """Return a line of the terminal as a page sets it."""
    for plain, fine in (("R2", "R²"), ("ha-1 yr-1", "ha⁻¹ yr⁻¹"), (" -", " −"), ("`", "")):
        line = line.replace(plain, fine)
    return re.sub(r"(\d)-(\d)", r"\1–\2", line)


def _scroller(content: str, label: str) -> str:
    return element("div", content, class_="scroller", role="region", aria_label=label, tabindex=0)


def _pathway_table(found: Verdict) -> str:
    heads = [
        "Pathway",
        "Error of its total",
        "Error of its difference<small>from baseline, in total</small>",
        "R² of the difference<small>from cell to cell; 1 is perfect</small>",
        "Sign right<small>of clear differences</small>",
        "Verdict",
    ]
    rows = []
    for name, error in found.totals.items():
        r2, apart = found.difference_r2.get(name), found.differences.get(name)
        rows.append(
            [
                Entry(element("code", escape(name))),
                _share(error),
                _share(apart),
                Entry("–" if r2 is None else f"{r2:.3f}", r2 or 0.0),
                _share(found.same_sign.get(name), signed=False),
                Entry(_judged(name, found), classes="text"),
            ]
        )
    caption = (
        f"Change of SIC, 0–200 cm, to {found.year}. A dash: not defined, or a difference below"
        f" {CLEAR_DIFFERENCE:g} kg C ha⁻¹ yr⁻¹."
    )
    return table(heads, rows, caption=caption, sortable=True)


def _judged(name: str, found: Verdict) -> str:
    r2, apart = found.difference_r2.get(name), found.differences.get(name)
    if name not in found.difference_r2:
        return ""
    if apart is None:
        return text("span", "too small for the emulator", class_="tag weak")
    weak = (r2 is not None and r2 < _WEAK_R2) or abs(apart) > _WEAK_TOTAL
    return text("span", "read with care" if weak else "good", class_="tag weak" if weak else "tag")


def _share(value: float | None, *, signed: bool = True) -> Entry:
    if value is None:
        return Entry("–", -1.0)
    sign = "+" if signed and value > 0 else ""
    return Entry(sign + percent(value).replace("-", "−"), abs(value))


def _target_table(check: pd.DataFrame, year: int) -> str:
    rows_of = check[
        (check["of"] == "value")
        & (check["pathway"] == ALL)
        & (check["regime"] == ALL)
        & (check["years"].astype(str) == str(year))
    ]
    heads = ["Variable", "Unit", "Mean size", "Mean error", "Relative", "RMSE", "R²"]
    rows = []
    for _, row in rows_of.iterrows():
        target = TARGETS.get(str(row["target"]))
        words = target.long_name if target else str(row["target"])
        named = Entry(f"{escape(words)}<small><code>{escape(str(row['target']))}</code></small>")
        if pd.isna(row["r2"]) and not pd.isna(row["agreement"]):
            agree = f"{percent(float(row['agreement']))} of cells in the right class"
            rows.append([named, Entry("class", classes="text"), *(Entry("–"),) * 3, Entry(agree), Entry("–")])
            continue
        sizes = [f"{float(row[name]):.3g}" for name in ("mean_absolute_simulated", "mean_absolute_error")]
        r2 = "–" if pd.isna(row["r2"]) else f"{float(row['r2']):.4f}"
        relative = "–" if pd.isna(row["relative_error"]) else percent(float(row["relative_error"]))
        rows.append(
            [
                named,
                Entry(escape(str(row["unit"])), classes="text"),
                *(Entry(size) for size in sizes),
                Entry(relative),
                Entry(f"{float(row['rmse']):.3g}"),
                Entry(r2),
            ]
        )
    return table(heads, rows, caption=f"Each variable in {year}, all pathways, in the store's own units.")
