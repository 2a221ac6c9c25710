"""Typical cells for papers: the course of a variable in three of them, with the predictor's own spread.

*Enters:* the lazy cell table, a variable. *Leaves:* a figure with its caption. Must not write, nor load more than one
year of a pathway and three cells. *Source:* the spread is that of the emulator's members, calibrated
(docs/9-emulators.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.spread import percentile_names
from eurosic.base.vocabulary import AREA
from eurosic.report.figures_axes import dress, row_of_axes, write_legend
from eurosic.report.figures_maps import origin
from eurosic.report.measure import Measure, measure_of
from eurosic.report.paper import Captioned, caption, letter
from eurosic.report.style import LineStyle, line_styles

# Area-weighted shares at which typical cells stand, and how they are called.
_TYPICAL = {0.10: "10th", 0.50: "50th", 0.90: "90th"}
_KG_PER_T = 1e3


@dataclass(frozen=True)
class _Typical:
    """A cell that stands for many: its row of the table, its place, m, and where it stands among all."""

    cell: int
    x: float
    y: float
    standing: str


def cell_series(table: xr.Dataset, variable: str, *, baseline: str = "baseline") -> Captioned:
    """Return the course of a variable in three typical cells, with the predictor's own spread where it has one.

    Cells are those at the 10th, 50th and 90th percentile of the baseline's last year, weighted by area.

    Raises
    ------
    StoreError
        If the run lacks the variable or the baseline, or no cell has a value.
    """
    years = table["year"].values.astype(int)
    start = int(table.attrs.get("start_year", years[0]))
    measure = measure_of(variable, year=int(years[-1]), start=start)
    if variable not in table or baseline not in table["pathway"].values:
        raise StoreError("figures", f"no {variable!r} of {baseline!r}", wanted="a variable of the run")
    # A course of changes is cumulative; only a map shows their yearly mean.
    cumulative = variable.startswith("sic_change")
    factor = measure.factor * (years[-1] - start + 1) / _KG_PER_T if cumulative else measure.factor
    unit = "t C ha⁻¹" if cumulative else measure.unit
    typical = _typical(table, variable, baseline)
    pathways = [str(pathway) for pathway in table["pathway"].values]
    styles = line_styles(pathways, baseline)
    figure, places = row_of_axes(len(typical))
    banded: dict[str, None] = {}
    for i, (axes, cell) in enumerate(zip(places, typical, strict=True)):
        banded |= dict.fromkeys(_draw_cell(axes, table, variable, (cell, factor, styles), baseline=baseline))
        dress(axes, i, f"{cell.standing} percentile{', ' if unit else ''}{unit}")
    write_legend(figure, styles)
    return Captioned(figure, _cells_caption(table, measure, typical, list(banded)))


def _typical(table: xr.Dataset, variable: str, baseline: str) -> list[_Typical]:
    last = table[variable].sel(pathway=baseline).isel(year=-1).values
    area = table[AREA.name].values
    (known,) = np.nonzero(np.isfinite(last) & (np.nan_to_num(area) > 0))
    if not known.size:
        raise StoreError("figures", "no cell has a value", do="See the layer 'status' for the reasons.")
    order = known[np.argsort(last[known], kind="stable")]
    share = np.cumsum(area[order].astype(np.float64))
    found = [order[min(np.searchsorted(share, at * share[-1]), len(order) - 1)] for at in _TYPICAL]
    return [_placed(table, int(cell), name) for cell, name in zip(found, _TYPICAL.values(), strict=True)]


def _placed(table: xr.Dataset, cell: int, standing: str) -> _Typical:
    row, column = (int(table[name].isel(cell=cell)) for name in ("row", "column"))
    return _Typical(cell, float(table["x"][column]), float(table["y"][row]), standing)


def _draw_cell(
    axes: Axes,
    table: xr.Dataset,
    variable: str,
    how: tuple[_Typical, float, Mapping[str, LineStyle]],
    *,
    baseline: str,
) -> list[str]:
    """Draw the pathways of a cell and return those whose spread is drawn: the baseline, and the furthest from it."""
    cell, factor, styles = how
    names = [name for name in (variable, *percentile_names(variable)) if name in table]
    here = table[names].isel(cell=cell.cell).compute() * factor
    years = here["year"].values
    ends = {pathway: float(_values(here, variable, pathway)[-1]) for pathway in styles}
    furthest = max(styles, key=lambda pathway: abs(ends[pathway] - ends[baseline]))
    banded = list(dict.fromkeys((baseline, furthest))) if len(names) == 3 else []
    for pathway in banded:
        low, high = (_values(here, name, pathway) for name in names[1:])
        axes.fill_between(years, low, high, color=styles[pathway].colour, alpha=0.2, linewidth=0)
    for pathway, style in styles.items():
        axes.plot(
            years, _values(here, variable, pathway), color=style.colour, linestyle=style.dashes, linewidth=1.0
        )
    return banded


def _values(here: xr.Dataset, name: str, pathway: str) -> NDArray[np.float64]:
    return np.asarray(here[name].sel(pathway=pathway).values, dtype=np.float64)


def _cells_caption(
    table: xr.Dataset, measure: Measure, typical: Sequence[_Typical], banded: Sequence[str]
) -> str:
    where = "; ".join(
        f"({letter(i)}) {cell.standing} percentile, at x {cell.x:.0f} m, y {cell.y:.0f} m"
        for i, cell in enumerate(typical)
    )
    spread = (
        f"Shading: 5th to 95th percentile of the predictor's own spread ({', '.join(banded)}); the spread of soil,"
        " climate and nitrogen data is not in it."
        if banded
        else "The predictor of this run gives no spread."
    )
    return caption(
        f"{measure.words[0].upper()}{measure.words[1:]} in three cells, by pathway.",
        f"Cells stand at shares of the calcareous arable area ordered by the baseline's last year: {where}.",
        spread,
        origin(table),
    )
