"""Totals by polygon: the table of what each loses or keeps, and its text.

*Enters:* area sums in kg, ``(pathway, year, polygon)``, of the reported years. *Leaves:* one row per pathway, polygon
and year; CSV. Must not read the store, nor write. *Source:* CONVENTIONS.md, section Variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.units import M2_PER_HA
from eurosic.report.interval_columns import Intervals
from eurosic.report.totals import MINUS, QUANTITIES, Quantity

# What can be said of reported years alone: a flux summed since the start needs every year.
COUNTED = tuple(quantity for quantity in QUANTITIES if quantity.over != "cumulative")
NO_INTERVAL = "none: nobody asked for it"
_M2_PER_MHA = M2_PER_HA * 1e6
_DIGITS = 6

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PolygonSums:
    """Area sums by polygon.

    `sums` by quantity ``(pathway, year, polygon)`` in kg or kg yr-1; `area` of study cells with a value and
    `without` of those without one ``(polygon,)`` in m2; `on_grid` the share of each polygon on the grid.
    """

    names: tuple[str, ...]
    pathways: tuple[str, ...]
    years: tuple[int, ...]
    start: int
    sums: Mapping[str, Array]
    area: Array
    without: Array
    on_grid: Array


def polygon_table(found: PolygonSums, *, baseline: str, intervals: Intervals | None = None) -> pd.DataFrame:
    """Return one row per pathway, polygon and reported year, in that order; `intervals` by the polygons' names.

    Raises
    ------
    StoreError
        If the baseline is not among the pathways.
    """
    if baseline not in found.pathways:
        raise StoreError("totals", f"no pathway {baseline!r} among {', '.join(found.pathways)}")
    shape = (len(found.pathways), len(found.names), len(found.years))
    pathway, polygon, year = (index.ravel() for index in np.indices(shape))
    table = pd.DataFrame(
        {
            "pathway": np.array(found.pathways)[pathway],
            "polygon": np.array(found.names)[polygon],
            "year": np.array(found.years)[year],
            "area_Mha": found.area[polygon] / _M2_PER_MHA,
            "area_without_value_Mha": found.without[polygon] / _M2_PER_MHA,
            "share_on_grid": found.on_grid[polygon],
        }
    )
    base = found.pathways.index(baseline)
    columns, bounds = dict[str, Array](), dict[str, Array]()
    for quantity in COUNTED:
        values = _reckon(quantity, found, np.moveaxis(found.sums[quantity.source], 1, 2))
        # Differences are taken before anything is rounded.
        told = [(quantity.column, values), (quantity.column + MINUS, values - values[base])]
        columns |= told
        if intervals is not None:
            bounds |= {
                told[apart][0] + ending: told[apart][1] + _reckon(quantity, found, amounts)
                for apart, ending, amounts in intervals.offsets(
                    quantity.source, quantity.over, places=found.names, years=found.years
                )
            }
    ordered = [q.column for q in COUNTED] + [q.column + MINUS for q in COUNTED]
    told_all = {name: columns[name].ravel() for name in ordered} | {n: b.ravel() for n, b in bounds.items()}
    words = NO_INTERVAL if intervals is None else intervals.word_by_place()[polygon]
    if intervals is not None and intervals.sampled is not None:
        table["sampled_cells"] = intervals.sampled.number[polygon]
    return pd.concat([table, pd.DataFrame(told_all)], axis=1).assign(interval=words)


def _reckon(quantity: Quantity, found: PolygonSums, sums: Array) -> Array:
    """Return a column's values ``(pathway, polygon, year)`` from sums in kg; a rate of no area is NaN."""
    sums = sums * quantity.per_kg
    if quantity.over != "rate":
        return sums
    # The start year's change has had one year.
    elapsed = 1.0 + np.array(found.years) - found.start
    area = np.where(found.area > 0, found.area, np.nan)
    return np.asarray(sums / (area[:, None] / M2_PER_HA) / elapsed)


def polygon_csv(
    table: pd.DataFrame, *, title: str, by: str, digest: str, intervals: Sequence[str] = (), source: str = ""
) -> str:
    """Return the table as CSV under comment lines (``#``) that say units, signs and what `intervals` hold.

    `source` is a line about the file of the polygons.
    """
    about: Sequence[str] = [
        f"# Totals of {title} by the polygons of {by}, by eurosic; recipe {digest[:16]}",
        *((f"# {source}",) if source else ()),
        "# Sums over calcareous arable soil: share of the cell in the polygon x calcareous arable area x value.",
        "# Overlapping polygons count what they share each. share_on_grid: share of the polygon's area on the grid.",
        "# area_Mha: study cells with a value; area_without_value_Mha: those that failed or were masked.",
        *(f"# {line}" for line in intervals or (f"Interval: {NO_INTERVAL}.",)),
        *(f"# {quantity.column}: {quantity.meaning}" for quantity in COUNTED),
        f"# *{MINUS}: pathway minus baseline of the same polygon and year.",
        "# Units: TgC = 1e9 kg of carbon, TgCO2 = 1e9 kg of carbon dioxide, TgN = 1e9 kg of nitrogen.",
    ]
    numbers = table.select_dtypes("float64").columns
    # Adding zero turns -0 into 0, which would differ between machines.
    text = table.assign(**{str(name): table[name] + 0.0 for name in numbers})
    return (
        "\n".join(about) + "\n" + text.to_csv(index=False, float_format=f"%.{_DIGITS}g", lineterminator="\n")
    )
