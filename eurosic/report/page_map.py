"""What stands around the map of a page: how to read it, how exact it is, and pictures for readers without its script.

*Enters:* the content of a report. *Leaves:* HTML by placeholder of the template. Must not pack values.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from eurosic.report.page_charts import DASHES
from eurosic.report.page_content import Report
from eurosic.report.page_data import Filled
from eurosic.report.page_markup import element, picture
from eurosic.report.page_words import thousands
from eurosic.report.style import LineStyle


def map_parts(report: Report, styles: Mapping[str, LineStyle]) -> dict[str, str]:
    """Return the words and pictures of the template's map, by placeholder."""
    side, grid = report.groups.side, report.groups.grid
    coarse = (
        f" The run has {thousands(report.groups.cells)} cells; for this page they are put together into"
        f" {thousands(len(report.groups))} groups of {grid.resolution / 1000:g} km ({side} × {side} cells), each the"
        " mean of its cells weighted by their calcareous arable area. The full resolution is in projection.zarr."
        if side > 1
        else ""
    )
    pictures = "".join(picture(words, png) for words, png in report.pictures.items())
    return {
        "map_words": "Colours are the same for all years. Orange is loss, purple is gain; grey land has no value."
        + coarse,
        "pictures": pictures,
        "spread_words": escape(_spread_words(report)),
        "precision": escape(_precision(report.filled)),
        "key": "".join(_key(name, style) for name, style in styles.items()),
    }


def _key(name: str, style: LineStyle) -> str:
    line = element(
        "line",
        x1=0,
        x2=26,
        y1=4,
        y2=4,
        stroke=style.colour,
        stroke_width=2.4,
        stroke_dasharray=DASHES[style.dashes] or None,
    )
    return element("li", element("svg", line, viewBox="0 0 26 8", aria_hidden="true") + escape(name))


def _spread_words(report: Report) -> str:
    if not any(variable["widths"] for variable in report.filled.variables):
        return "The predictor of this run gives no spread."
    mean = " Of a group, the mean of its cells' own spreads." if report.groups.side > 1 else ""
    return (
        "Bands: 90 % spread of the predictor's own error in this cell. Errors of soil, climate and nitrogen data are"
        f" not in it.{mean}"
    )


def _precision(found: Filled) -> str:
    told = "; ".join(
        f"{v['label']} ±{float(str(v['error'])):.2g} {v['unit']}".rstrip()
        for v in found.variables
        if v["error"]
    )
    words = (
        f"Values are rounded to keep the page small: {told}; differences are sharper, spreads within 10 %."
    )
    if found.left_out:
        words += f" Left out for size: {', '.join(found.left_out)}."
    if found.without_spread:
        words += f" Spread left out for size: {', '.join(found.without_spread)}."
    return f"{words} Exact values are in projection.zarr."
