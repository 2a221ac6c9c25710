"""The report of a run as one HTML page that needs nothing else: no network, no library, nothing beside it.

*Enters:* totals, check, record, cells and pictures of a finished run. *Leaves:* the text of the page. Its script and
style are written by hand, in ``page/``; a policy in its head forbids the browser to ask anything of any network, and
any script but this one. Tables and figures are there without the script. Must not read or write files of a run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import metadata
from pathlib import Path
from string import Template

from eurosic.base.pathway import BASELINE
from eurosic.report.page_charts import course_chart, differences_chart
from eurosic.report.page_content import Report
from eurosic.report.page_data import page_data
from eurosic.report.page_interval import Interval, interval_of, interval_sentence, sources_of
from eurosic.report.page_limits import limits_section, provenance_section, regime_section
from eurosic.report.page_map import map_parts
from eurosic.report.page_markup import element, paragraphs, text
from eurosic.report.page_packing import pack_text
from eurosic.report.page_skill import skill_section
from eurosic.report.page_tables import (
    country_table,
    headline_table,
    quantity_options,
    reported_csv,
    sources_table,
)
from eurosic.report.page_words import CHANGE, Ends, ends_of, found_sentences, number, thousands
from eurosic.report.style import LineStyle, line_styles
from eurosic.report.totals import EUROPE, MINUS

_FILES = Path(__file__).parent / "page"
_SCRIPTS = ("decode", "scale", "map", "gestures", "chart", "panel", "tables", "main", "start")


def page_html(report: Report) -> str:
    """Return the page, complete."""
    ends = ends_of(report.totals)
    styles = line_styles(list(report.course.titles), BASELINE)
    script = _script()
    recipe = report.record.get("recipe")
    about = recipe.get("about", {}) if isinstance(recipe, dict) else {}
    sections = _sections(report)
    filled = {
        "title": escape(str(report.record.get("title", "A run of eurosic"))),
        "purpose": escape(str(about.get("purpose") or "")),
        "version": escape(_version()),
        "facts": escape(_facts(report, ends)),
        "navigation": _navigation(sections),
        **_found(report, ends, styles),
        **map_parts(report, styles),
        "country_words": escape(_country_words(ends)),
        "quantities": quantity_options(report.totals),
        "countries": country_table(report.totals, list(report.course.titles)),
        "sections": "\n".join(content for _, _, content in sections),
        "data": _data(report, ends),
        "style": (_FILES / "style.css").read_text(encoding="utf-8"),
        "script": script,
        "script_hash": _hash(script),
    }
    return Template((_FILES / "template.html").read_text(encoding="utf-8")).substitute(filled)


def _version() -> str:
    return metadata.version("eurosic")


def _script() -> str:
    parts = [(_FILES / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    # One scope of its own, so that nothing of the page can be overwritten by accident.
    return "(() => {\n'use strict';\n" + "\n".join(parts) + "})();\n"


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _data(report: Report, ends: Ends) -> str:
    years = [int(year) for year in report.course.years]
    csv = reported_csv(report.totals, report.about, years)
    told = page_data(report.groups, report.filled, report.facts, report.course) | {"totals": pack_text(csv)}
    if ends.strongest is not None:
        # What is seen first is the largest effect that there is.
        told["first"] = list(report.course.titles).index(ends.strongest)
    # "<" cannot end the element that holds it if it is not there.
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )


def _facts(report: Report, ends: Ends) -> str:
    grid = report.record.get("grid")
    side = float(str(grid["resolution"])) / 1000 if isinstance(grid, dict) else 0.0
    predictor = str(report.record.get("predictor", ""))
    return (
        f"{len(report.course.titles)} pathways, {ends.first}–{ends.last};"
        f" {thousands(report.groups.cells)} cells of {side:g} km with {ends.area:.3g} million hectares of calcareous"
        f" arable soil; computed by {predictor}, eurosic {report.record.get('eurosic', '')},"
        f" {str(report.record.get('started', ''))[:10]};"
        f" recipe {str(report.record.get('recipe_digest', ''))[:12]}."
    )


def _sections(report: Report) -> list[tuple[str, str, str]]:
    years = (int(report.course.years[0]), int(report.course.years[-1]))
    return [
        ("skill", "Skill", skill_section(report.check, report.record)),
        ("regimes", "Regimes", regime_section(report.regimes, years)),
        ("limits", "Limits", limits_section(report.status, report.record)),
        *report.extra,
        ("provenance", "Provenance", provenance_section(report.record)),
    ]


def _navigation(sections: Sequence[tuple[str, str, str]]) -> str:
    first = [("found", "What it found"), ("map-section", "Map"), ("countries", "Countries")]
    links = [*first, *((name, title) for name, title, _ in sections)]
    return "".join(element("li", text("a", title, href=f"#{name}")) for name, title in links)


def _tiles(ends: Ends) -> str:
    """Return the few numbers that a reader in haste takes away."""
    told = [(f"{number(ends.whole)} Tg C", f"change of SIC to {ends.last} if nitrogen use stays as it is")]
    if ends.strongest is not None:
        change = ends.of(ends.strongest, CHANGE + MINUS)
        small = sum(ends.small(name) for name in ends.others)
        told += [
            (f"{number(change)} Tg C", f"the most that a pathway changes of it ({ends.strongest})"),
            (f"{small} of {len(ends.others)}", "pathways have a small effect, below a tenth of that change"),
        ]
    tiles = "".join(element("li", text("strong", big) + text("span", words)) for big, words in told)
    return element("ul", tiles, class_="tiles")


def _intervals(ends: Ends) -> tuple[Interval | None, dict[str, Interval | None]]:
    """Return the interval of the baseline's change, and of each pathway's difference from it."""
    apart = {name: interval_of(ends.rows, name, CHANGE + MINUS) for name in ends.others}
    return interval_of(ends.rows, BASELINE, CHANGE), apart


def _found(report: Report, ends: Ends, styles: Mapping[str, LineStyle]) -> dict[str, str]:
    titles = report.course.titles
    whole, intervals = _intervals(ends)
    strongest = intervals.get(str(ends.strongest))
    within = {BASELINE: whole, str(ends.strongest): strongest}
    told = {name: found.told_as_size() for name, found in within.items() if found is not None}
    first, *others = found_sentences(ends, titles, report.stock, within=told)
    values = {name: ends.of(name, CHANGE + MINUS) for name in ends.others}
    europe = report.totals[report.totals["country"] == EUROPE]
    course = europe.pivot(index="year", columns="pathway", values=CHANGE + MINUS)[ends.others]
    label = f"SIC kept (+) or lost (−) against baseline by {ends.last}, 0–200 cm, Tg C"
    whiskers = f"Whiskers: interval of 90 %, {sources_of(ends.rows)}." if any(intervals.values()) else ""
    return {
        "sentences": text("p", first, class_="big") + _tiles(ends) + paragraphs(others),
        "headline": headline_table(ends, titles),
        "headline_notes": text("p", interval_sentence(ends.rows), class_="faint") + sources_table(ends),
        "forest": differences_chart(values, intervals, styles=styles, label=label) if values else "",
        "forest_caption": escape(f"{label}. {whiskers}") if values else "No other pathway.",
        "course": course_chart(course, styles=styles, label=f"{label}, year by year") if values else "",
        "course_caption": "The same by year: a pathway can lose more at first, when exchange sites take up calcium."
        if values
        else "",
    }


def _country_words(ends: Ends) -> str:
    return (
        f"Sums over each country's calcareous arable soil, from {ends.first}. Click a column's head to sort, a"
        " country to see it on the map. Small countries have few cells: read their totals as orders of magnitude."
    )
