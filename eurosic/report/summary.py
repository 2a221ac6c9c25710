"""The closing words of a run: what it found, in lines that a person reads in half a minute.

*Enters:* the table of totals, the run's folder. *Leaves:* plain text. Must not print or write: ``cli`` does.
*Source:* DIC leaching beside Kindler et al. (2011), Global Change Biology 17, 1167-1185.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.base.flags import Status
from eurosic.base.units import KG_PER_TG, M2_PER_HA, MOLAR_MASS_C, MOLAR_MASS_CO2
from eurosic.report.totals import EUROPE, MINUS

# g m-2 yr-1 of carbon: biogenic DIC leached from European croplands, Kindler et al. (2011).
KINDLER_DIC, KINDLER_SPREAD = 14.6, 4.8
# A house rule, not a test of significance: data and water balance alone move totals by more.
# A difference below this share of the baseline's own change is called small.
SMALL = 0.10
_G_PER_M2 = KG_PER_TG * 1e3 / 1e10  # Tg per Mha in g m-2
_CHANGE = "sic_change_0_200cm_TgC"
_RATE = "sic_change_rate_0_200cm_kgC_ha_yr"


def summary_text(table: pd.DataFrame, *, baseline: str = "baseline", folder: Path | None = None) -> str:
    """Return the summary of a run: total SIC change per pathway, against the baseline, and DIC leaching.

    Parameters
    ----------
    table
        As `eurosic.report.totals.totals_table` gives it.
    baseline
        The pathway that all are compared with.
    folder
        Where the run's files are; no line about it where None.
    """
    europe = table[table["country"] == EUROPE]
    first, last = int(europe["year"].min()), int(europe["year"].max())
    ends = europe[europe["year"] == last].set_index("pathway")
    area = float(ends["area_Mha"].iloc[0])
    lines = [
        f"Soil inorganic carbon, 0-200 cm, {first}-{last}: change under {area:.3g} Mha of calcareous arable soil",
        *_pathway_lines(ends, baseline),
        *_interval_line(ends),
        *_leaching_lines(europe[europe["pathway"] == baseline], baseline, area),
    ]
    return "\n".join(lines if folder is None else [*lines, f"Files: {folder}"])


def _pathway_lines(ends: pd.DataFrame, baseline: str) -> list[str]:
    width = max(len(str(pathway)) for pathway in ends.index)
    # Shares are of the size of the baseline's change, whichever its sign.
    whole = abs(float(ends.loc[[baseline], _CHANGE].iloc[0]))
    lines = []
    for pathway, row in ends.iterrows():
        line = (
            f"  {pathway!s:<{width}}  {signed(row[_CHANGE]):>8} Tg C{_ends(row, _CHANGE)}"
            f"  ({signed(row[_RATE])} kg C ha-1 yr-1)"
        )
        if pathway != baseline:
            told = _difference(float(row[_CHANGE + MINUS]), whole, _ends(row, _CHANGE + MINUS))
            line += f"; against {baseline} {told}"
        lines.append(line)
    return lines


def _ends(row: pd.Series, column: str) -> str:
    """Return the ends of an interval of 90 % in brackets; nothing where there is none."""
    low, high = row.get(f"{column}_p05"), row.get(f"{column}_p95")
    return "" if pd.isna(low) or pd.isna(high) else f" [{signed(float(low))}, {signed(float(high))}]"


def _interval_line(ends: pd.DataFrame) -> Iterator[str]:
    """Yield what the intervals of the last year hold, where the table says anything of intervals."""
    if "interval" in ends:
        words = str(ends["interval"].iloc[0])
        none = words.startswith("none")
        yield f"Interval: {words}." if none else f"[Intervals of 90 %: {words}; nothing else.]"


def _difference(change: float, whole: float, ends: str) -> str:
    if change == 0:
        return "0: no difference"
    share = abs(change) / whole if whole else float("inf")
    word = "more kept" if change > 0 else "more lost"
    told = f"{signed(change)} Tg C{ends}, {word}"
    if whole:
        told += f" ({100 * share:.2g} % of its change)"
    return told + (": a small effect" if share < SMALL else "")


def _leaching_lines(europe: pd.DataFrame, baseline: str, area: float) -> list[str]:
    leached = float(europe["dic_leaching_TgC_yr"].mean()) / area * _G_PER_M2
    # CO2 to air is carbonate dissolved minus DIC leached: its negative is carbon that respiration gave.
    to_air = float(europe["co2_to_air_from_carbonate_TgCO2_yr"].mean()) * MOLAR_MASS_C / MOLAR_MASS_CO2
    respired = -to_air / area * _G_PER_M2
    return [
        f"DIC leached below 2 m, mean of {baseline}: {leached:.3g} g C m-2 yr-1, {respired:.3g} of it beyond the"
        " carbonate dissolved (respired carbon).",
        f"  Kindler et al. (2011) have {KINDLER_DIC} +- {KINDLER_SPREAD} under European croplands: biogenic carbon"
        " only, where this counts carbonate carbon too and every cell is calcareous.",
    ]


# What became of a cell outside the domain, by its status.
_OUTSIDE = {
    Status.OUTSIDE_DOMAIN: "have no value and are in no total",
    Status.PREDICTED_OUTSIDE_DOMAIN: "keep the emulator's value",
    Status.SIMULATED_OUTSIDE_DOMAIN: "were simulated",
}


def cells_outside(status: NDArray[np.int8], area: NDArray[np.float64]) -> dict[str, float]:
    """Return number and area (Mha) of cells by what became of them outside the domain, from every study cell's."""
    found: dict[str, float] = {}
    for code in _OUTSIDE:
        name = code.name.lower()
        found[f"{name}_cells"] = int((status == code).sum())
        found[f"{name}_area_Mha"] = float(f"{area[status == code].sum() / M2_PER_HA / 1e6:.6g}")
    return found


def outside_lines(status: NDArray[np.int8], area: NDArray[np.float64]) -> Iterator[str]:
    """Yield a line for each thing that became of cells outside the predictor's domain; none where all are inside."""
    found = cells_outside(status, area)
    for code, words in _OUTSIDE.items():
        cells, size = found[f"{code.name.lower()}_cells"], found[f"{code.name.lower()}_area_Mha"]
        if cells:
            share = 100 * float(area[status == code].sum() / area.sum())
            yield (
                f"{cells} of {len(status)} cells ({size:.3g} Mha, {share:.3g} % of the area) lie outside the"
                f" emulator's domain and {words}."
            )


def signed(value: float, digits: int = 3) -> str:
    """Return a number with its sign and some significant digits, without an exponent.

    Examples
    --------
    >>> signed(-312.4), signed(4.0531), signed(0.0)
    ('-312', '+4.05', '0')
    """
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - len(f"{abs(rounded):.0f}")) if abs(rounded) >= 1 else None
    return f"{rounded:+.{decimals}f}" if decimals is not None else f"{rounded:+.{digits}g}"
