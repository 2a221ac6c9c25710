"""Regimes, where results must not be used, and where numbers come from: the closing sections of a page.

*Enters:* areas by regime and status, the record of the run. *Leaves:* sections of HTML. Must not read files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

import pandas as pd

from eurosic.base.flags import Status
from eurosic.base.pathway import BASELINE
from eurosic.report.page_charts import shares_chart
from eurosic.report.page_markup import Entry, details, element, paragraphs, section, table, text
from eurosic.report.style import kinds_text

# Okabe & Ito's blue, yellow-orange and black: told apart by colour-blind readers, and in print.
REGIME_COLOURS = {"buffered": "#0072b2", "front": "#e69f00", "depleted": "#222222"}
_REGIMES = (
    "Buffered: at least half of the top 30 cm still holds carbonate, which takes up the acid. Here less nitrogen"
    " keeps carbonate, and pH hardly moves.",
    "Front: the topsoil is free of carbonate, which lies below. Here the sign can turn: exchangeable bases take the"
    " acid, and less nitrogen may even cost a little carbonate.",
    "Depleted: no carbonate within 2 m. There is nothing left to lose.",
)
STATUS_WORDS = {
    Status.PREDICTED: "predicted, within the predictor's domain",
    Status.SIMULATED_OUTSIDE_DOMAIN: "outside the emulator's domain: simulated instead",
    Status.PREDICTED_OUTSIDE_DOMAIN: "outside the emulator's domain, its value kept: do not use",
    Status.OUTSIDE_DOMAIN: "outside the emulator's domain: no value",
    Status.FAILED: "failed: no equilibrium was found",
    Status.UNFINISHED: "unfinished",
    Status.NOT_ARABLE: "too little arable land",
    Status.NOT_CALCAREOUS: "not calcareous",
    Status.OUTSIDE_EXTENT: "outside the extent of the run",
    Status.SEA: "sea",
}
_LEAST_CERTAIN = ("synthetic", "assumed")


def regime_section(regimes: pd.DataFrame, years: tuple[int, int]) -> str:
    """Return the section on regimes.

    `regimes` is area (Mha) by row (a pathway at the end of one of both years) and column (a regime).
    """
    shares = regimes.div(regimes.sum(axis=1), axis=0)
    label = f"Share of the area in each regime: {BASELINE} in {years[0]}, all pathways in {years[1]}"
    chart = shares_chart(shares, colours=REGIME_COLOURS, label=label)
    key = "".join(
        element("li", element("span", "■ ", style=f"color:{colour}") + escape(name))
        for name, colour in REGIME_COLOURS.items()
    )
    told_rows = zip(map(str, regimes.index), regimes.to_numpy(), shares.to_numpy(), strict=True)
    rows = [
        [
            Entry(escape(name)),
            *(Entry(f"{area:.3g} ({100 * share:.1f} %)") for area, share in zip(areas, parts, strict=True)),
        ]
        for name, areas, parts in told_rows
    ]
    heads = ["Pathway and year", *(str(name).capitalize() for name in regimes)]
    told = table(heads, rows, caption="Area in million hectares, and its share.")
    figure = element("figure", f"{chart}<figcaption>{label}.</figcaption>")
    content = [paragraphs(_REGIMES), element("ul", key, class_="key"), figure, details("As a table", told)]
    return section("regimes", "Regimes: how much carbonate is left to work with", "\n".join(content))


def limits_section(status: pd.DataFrame, record: Mapping[str, object]) -> str:
    """Return the section on where and for what results must not be used.

    `status` has a row for each status that occurs: `words`, `cells` of the grid, `area_Mha` of study cells.
    """
    rows = [
        [
            Entry(escape(str(row["words"]))),
            Entry(f"{int(row['cells'])}"),
            Entry(_area(float(row["area_Mha"]))),
        ]
        for _, row in status.iterrows()
    ]
    counted = table(
        ["Why a cell has a value, or none", "Cells", "Calcareous arable area, Mha"],
        rows,
        caption="All cells of the grid. On the map, choose “Where there is a value” as the variable.",
    )
    listed = element("ul", "".join(text("li", line) for line in _limits(record)))
    return section(
        "limits",
        "Where, and for what, not to use these results",
        f"{listed}\n{element('div', counted, class_='scroller', tabindex=0, role='region', aria_label='Status')}",
    )


def _area(size: float) -> str:
    return f"{size:.3g}" if size else "–"


def _limits(record: Mapping[str, object]) -> list[str]:
    grid = record.get("grid")
    side = float(str(grid["resolution"])) / 1000 if isinstance(grid, dict) else 0.0
    lines = [
        _domain(record),
        f"Not for single fields or farms: a value is the mean of the calcareous arable soil of a cell of {side:g} km,"
        " made from maps that are smooth where soils are not.",
        "Not outside calcareous arable land: values are per area of calcareous arable soil, not of the cell.",
        "Not as CO₂ saved: carbon kept in carbonate is not carbon kept out of the air; the CO₂ column says what goes"
        " to the air.",
        "Not from space to time: that soils rich in carbonate have a high pH on the map does not mean that pH falls"
        " as carbonate is lost.",
        "Not by the first decade: when acid stops, exchange sites first take up calcium from carbonate, and a pathway"
        " can lose more before it keeps more.",
        "Not without a second water balance: how much water drains decides more than most pathways do.",
    ]
    return [line for line in [*lines, _kinds(record)] if line]


def _domain(record: Mapping[str, object]) -> str:
    told = record.get("outside_domain")
    if not isinstance(told, dict):
        return "No emulator was used, so no cell lies outside the domain of one."
    cells = sum(int(value) for key, value in told.items() if key.endswith("_cells"))
    total = int(str(record.get("study_cells", 0)))
    if not cells:
        return f"Domain: all {total} study cells lie within the conditions on which the emulator was trained."
    masked, kept, done = (
        int(told.get(f"{name}_cells", 0))
        for name in ("outside_domain", "predicted_outside_domain", "simulated_outside_domain")
    )
    return (
        f"Domain: {cells} of {total} study cells lie outside the conditions on which the emulator was trained:"
        f" {done} were simulated instead, {masked} have no value, {kept} keep the emulator's value, which must"
        " not be used."
    )


def _kinds(record: Mapping[str, object]) -> str:
    inputs = record.get("inputs")
    known = inputs if isinstance(inputs, dict) else {}
    kinds = {name: str(layer.get("kind")) for name, layer in sorted(known.items())}
    told = kinds_text({name: kind for name, kind in kinds.items() if kind in _LEAST_CERTAIN})
    return f"Not beyond its inputs. The least certain are {told}." if told else ""


def provenance_section(record: Mapping[str, object]) -> str:
    """Return the section on where the numbers come from: inputs, versions, digests, and the whole record."""
    facts = {
        "Recipe (digest)": record.get("recipe_digest"),
        "Inputs (digest)": record.get("inputs_digest"),
        "Predictor": f"{record.get('predictor', '')} ({record.get('predictor_digest', '')})",
        "eurosic": record.get("eurosic"),
        "Started": record.get("started"),
        "Command": record.get("command"),
        "Licence": "as the inputs allow; each input names its own below",
    }
    listed = "".join(text("dt", name) + text("dd", value) for name, value in facts.items() if value)
    inputs = record.get("inputs")
    known = inputs if isinstance(inputs, dict) else {}
    rows = [
        [Entry(escape(name.replace("_", " "))), *_input_cells(layer)] for name, layer in sorted(known.items())
    ]
    heads = ["Input", "Kind", "Source", "References and corrections", "Licence"]
    sources = table(
        heads, rows, caption="What went in. A kind says where numbers come from, not how good they are."
    )
    raw = json.dumps(record, indent=1, ensure_ascii=False)
    content = [
        element("dl", listed),
        element("div", sources, class_="scroller", tabindex=0, role="region", aria_label="Inputs of the run"),
        details("The whole record of the run (run.json)", text("pre", raw, id="run-json", tabindex=0)),
        '<p class="scripted-only"><button type="button" id="run-download">Download run.json</button></p>',
    ]
    return section("provenance", "Where the numbers come from", "\n".join(content))


def _input_cells(layer: Mapping[str, object]) -> list[Entry]:
    references = [str(layer[key]) for key in ("references", "corrections") if layer.get(key)]
    told = [
        str(layer.get("kind", "")),
        str(layer.get("source", "")),
        "; ".join(references),
        str(layer.get("licence", "")),
    ]
    return [
        Entry(text("small", words) if len(words) > 30 else escape(words), classes="text") for words in told
    ]
