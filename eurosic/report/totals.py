"""Totals of a projection: what Europe and each country lose or keep, by pathway and year.

*Enters:* area sums in kg, ``(pathway, year, country)``, every year. *Leaves:* one table, and its text with six
significant digits. Must not read the cube, nor write. Totals are Tg of carbon, and Tg of CO2 for what goes
to the air; differences are pathway minus baseline. *Source:* CONVENTIONS.md, section Variables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.countries import countries
from eurosic.base.errors import StoreError
from eurosic.base.units import M2_PER_HA
from eurosic.report.interval_columns import Intervals
from eurosic.report.quantities import MINUS as MINUS
from eurosic.report.quantities import QUANTITIES as QUANTITIES
from eurosic.report.quantities import Quantity as Quantity

EUROPE = "Europe"
# UN M49, from which ISO 3166-1 takes its numeric codes: 150 is Europe, so no country has it.
EUROPE_CODE = 150
_M2_PER_MHA = M2_PER_HA * 1e6
_DIGITS = 6

_NO_INTERVAL = (
    "No interval is given: neither the spread of soil, climate and nitrogen data nor that of parameters is in",
    "these numbers; where an emulator answered, check.csv holds its error on this run.",
)

Array = NDArray[np.float64]


def totals_table(
    totals: xr.Dataset, *, baseline: str = "baseline", intervals: Intervals | None = None
) -> pd.DataFrame:
    """Return one row per pathway, country and year: area (Mha), each of `QUANTITIES`, and each minus baseline.

    Rows stand in a fixed order: pathways as in the run, Europe (all study cells) before its countries by
    name, years upwards. Europe is the correctly rounded sum of its countries, whatever their order.

    Parameters
    ----------
    totals
        Area sums in kg (changes) and kg yr-1 (fluxes), dims ``(pathway, year, country)``, every year from the
        start; `area` ``(country,)`` in m2; country as ISO 3166-1 numeric code, 0 where none is known.
    baseline
        The pathway that all are compared with.
    intervals
        Of the sums of Europe (150) and of countries, by their codes; without them the table says nothing of any.

    Raises
    ------
    StoreError
        If a quantity, a year or the baseline is missing, a sum is not finite, or there is no study cell.
    """
    _check_totals(totals, baseline)
    pathways = [str(pathway) for pathway in totals["pathway"].values]
    years = totals["year"].values.astype(int)
    places = _with_europe(totals)
    area = np.array([place.area for place in places])
    rows = pd.MultiIndex.from_product([pathways, range(len(places)), years])
    which = rows.get_level_values(1).to_numpy()
    table = pd.DataFrame(
        {
            "pathway": rows.get_level_values(0),
            "country_code": np.array([place.code for place in places])[which],
            "country": np.array([place.name for place in places])[which],
            "year": rows.get_level_values(2),
            "area_Mha": area[which] / _M2_PER_MHA,
        }
    )
    # Differences are taken before anything is rounded, or small ones would drown in the sixth digit.
    base, columns, bounds = pathways.index(baseline), dict[str, Array](), dict[str, Array]()
    for quantity in QUANTITIES:
        sums = np.stack([place.sums[quantity.source] for place in places], axis=1)
        values = _reckon(quantity, sums, area)
        told = {quantity.column: values, quantity.column + MINUS: values - values[base]}
        columns |= told
        bounds |= _bounds(quantity, list(told.items()), intervals, (places, years, area))
    ordered = [*(q.column for q in QUANTITIES), *(q.column + MINUS for q in QUANTITIES)]
    found: dict[str, NDArray[np.generic]] = {name: columns[name].ravel() for name in ordered}
    found |= {name: bound.ravel() for name, bound in bounds.items()}
    if intervals is not None:
        found["interval"] = intervals.word(table["year"].to_numpy())
    return pd.concat([table, pd.DataFrame(found)], axis=1)


def _bounds(
    quantity: Quantity,
    told: list[tuple[str, Array]],
    intervals: Intervals | None,
    axes: tuple[list[_Place], Array, Array],
) -> dict[str, Array]:
    """Return the ends of the intervals of a quantity and of its difference from baseline, by their columns."""
    places, years, area = axes
    if intervals is None:
        return {}
    # What is summed over the years comes summed.
    as_it_is = replace(quantity, over="sum") if quantity.over == "cumulative" else quantity
    codes = [place.code for place in places]
    return {
        told[apart][0] + ending: told[apart][1] + _reckon(as_it_is, amounts, area)
        for apart, ending, amounts in intervals.offsets(
            quantity.source, quantity.over, places=codes, years=[int(year) for year in years]
        )
    }


def _check_totals(totals: xr.Dataset, baseline: str) -> None:
    sources = tuple(dict.fromkeys(quantity.source for quantity in QUANTITIES))
    absent = [name for name in (*sources, "area") if name not in totals]
    if absent:
        raise StoreError("totals", f"no {', '.join(absent)}", wanted=f"{', '.join(sources)} and area")
    if baseline not in totals["pathway"].values:
        has = ", ".join(map(str, totals["pathway"].values))
        raise StoreError("totals", f"no pathway {baseline!r} among {has}", do="Name the run's own baseline.")
    years = totals["year"].values
    start = int(totals.attrs.get("start_year", years[0]))
    if not np.array_equal(years, np.arange(start, start + len(years))):
        # A sum over years with gaps would pass for a cumulative flux.
        raise StoreError("totals", f"years {years.tolist()}", wanted=f"every year from {start}")
    unsound = [name for name in (*sources, "area") if not np.isfinite(totals[name]).all()]
    if unsound:
        raise StoreError("totals", f"values that are not finite in {', '.join(unsound)}", do="Run it again.")
    if not float(totals["area"].sum()) > 0:
        raise StoreError(
            "totals",
            "there is no study cell",
            wanted="calcareous arable area above zero",
            do="Check extent, arable fraction and probability of being calcareous in the recipe.",
        )


@dataclass(frozen=True)
class _Place:
    """A country or Europe: code, name, area (m2) and sums ``(pathway, year)`` by quantity, kg."""

    code: int
    name: str
    area: float
    sums: dict[str, Array]


def _with_europe(totals: xr.Dataset) -> list[_Place]:
    named = {country.numeric: country.name for country in countries()}
    sources = {quantity.source for quantity in QUANTITIES}
    loaded = {name: totals[name].transpose("pathway", "year", "country").values for name in sources}
    places = [
        _Place(
            int(code),
            named.get(int(code), "unassigned" if code <= 0 else f"ISO 3166-1 {int(code):03d}"),
            float(totals["area"].values[i]),
            {name: values[..., i] for name, values in loaded.items()},
        )
        for i, code in enumerate(totals["country"].values)
        # A mean per hectare of no hectares does not exist: such a country has no row.
        if totals["area"].values[i] > 0
    ]
    # fsum rounds once: the order of countries cannot change Europe's last digit.
    europe = {name: np.apply_along_axis(math.fsum, -1, values) for name, values in loaded.items()}
    whole = _Place(EUROPE_CODE, EUROPE, math.fsum(place.area for place in places), europe)
    return [whole, *sorted(places, key=lambda place: (place.code <= 0, place.name, place.code))]


def _reckon(quantity: Quantity, sums: Array, area: Array) -> Array:
    """Return a column's values from sums ``(pathway, place, year)`` in kg and areas ``(place,)`` in m2."""
    # The first year's change has had one year: 1 January to 31 December.
    if quantity.over == "rate":
        elapsed = 1.0 + np.arange(sums.shape[-1])
        return sums * quantity.per_kg / (area[:, None] / M2_PER_HA) / elapsed
    if quantity.over == "cumulative":
        return np.cumsum(sums, axis=-1) * quantity.per_kg
    return sums * quantity.per_kg


def totals_csv(
    table: pd.DataFrame, *, title: str = "", digest: str = "", intervals: Sequence[str] = _NO_INTERVAL
) -> str:
    """Return the table as CSV under comment lines (``#``) that say units, signs and what `intervals` hold.

    Numbers have six significant digits, so that equal runs give equal files on every machine.
    """
    about = [
        f"# Totals of {title or 'a projection'}, by eurosic" + (f"; recipe {digest[:16]}" if digest else ""),
        "# Area sums over calcareous arable soil: cell area x arable fraction x probability of being calcareous.",
        f"# {EUROPE}: all study cells. Changes: from 1 January of the start year to 31 December of the year.",
        *(f"# {line}" for line in intervals),
        *(f"# {quantity.column}: {quantity.meaning}" for quantity in QUANTITIES),
        f"# *{MINUS}: pathway minus baseline of the same country and year. area_Mha: million hectares.",
        "# Units: TgC = 1e9 kg of carbon, TgCO2 = 1e9 kg of carbon dioxide, TgN = 1e9 kg of nitrogen.",
    ]
    lines = [",".join(table.columns)]
    lines += [",".join(_text(value) for value in row) for row in table.itertuples(index=False)]
    return "\n".join([*about, *lines, ""])


def _text(value: object) -> str:
    if isinstance(value, float):
        # Adding zero turns -0 into 0, which would differ between machines. What is not known is left empty.
        return "" if math.isnan(value) else f"{value + 0.0:.{_DIGITS}g}"
    text = str(value)
    return f'"{text}"' if "," in text else text
