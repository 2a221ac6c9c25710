"""How well a predictor did on cells that the simulator did again: errors by target, pathway, regime and year.

*Enters:* reported values of both for the same cells, ``(pathway, year, cell)``, and what the cells stand for.
*Leaves:* one table. Pure functions: no files. *Source:* R2 as in Nash and Sutcliffe (1970), Journal of Hydrology 10,
282-290: 1 - residual variance over that of the simulated values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.base.flags import Regime
from eurosic.base.units import M2_PER_HA
from eurosic.base.vocabulary import TARGETS, Variable

Array = NDArray[np.float64]

ALL = "all"
# kg C ha-1 yr-1: a difference that is smaller has no sign worth getting right.
CLEAR_DIFFERENCE = 1.0
COLUMNS = (
    "of",
    "pathway",
    "regime",
    "years",
    "target",
    "unit",
    "cells",
    "mean_absolute_simulated",
    "mean_absolute_error",
    "relative_error",
    "bias",
    "rmse",
    "r2",
    "agreement",
    "area_mean_simulated",
    "area_mean_predicted",
)


@dataclass(frozen=True)
class Checked:
    """The same cells by a predictor and by the simulator.

    `predicted` and `simulated` hold targets by name, ``(pathway, year, cell)``, the baseline first. `years` are the
    reported ones, the first being the start. `weight` ``(cell,)`` is how many cells of the run each stands for,
    `area` ``(cell,)`` its calcareous arable area, m2, and `regime` ``(cell,)`` its regime at the end of the baseline.
    """

    predicted: Mapping[str, NDArray[np.generic]]
    simulated: Mapping[str, NDArray[np.generic]]
    pathways: tuple[str, ...]
    years: tuple[int, ...]
    weight: Array
    area: Array
    regime: NDArray[np.integer]


def skill_table(checked: Checked) -> pd.DataFrame:
    """Return the errors, one row a group of `COLUMNS`.

    ``of`` is ``value``, or ``difference``: pathway minus baseline. ``years`` is ``all`` reported ones, or the last.
    Means over cells weigh each by the cells it stands for; ``area_mean_*`` also by its area. `relative_error` is the
    mean absolute error over the mean absolute simulated value. `agreement` is the share of equal classes for a flag,
    and for differences of carbon the share of equal signs where the simulated one exceeds 1 kg C ha-1 yr-1. What is
    not defined is NaN.
    """
    rows = [row for name in checked.simulated for row in _rows_of(TARGETS[name], checked)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows_of(target: Variable, checked: Checked) -> Iterator[dict[str, object]]:
    predicted, simulated = (
        np.asarray(of[target.name], dtype=np.float64) for of in (checked.predicted, checked.simulated)
    )
    clear = _clear_difference(target, checked.years)
    for regime, cells in _groups(checked.regime):
        for years, places in ((ALL, slice(None)), (str(checked.years[-1]), slice(-1, None))):
            label = {"regime": regime, "years": years, "target": target.name, "unit": target.unit}
            weight, area = checked.weight[cells], checked.area[cells]
            p, s = predicted[:, places, cells], simulated[:, places, cells]
            if target.flags:
                yield {"of": "value", "pathway": ALL, **label, **_agreement(p, s, weight)}
                continue
            yield {"of": "value", "pathway": ALL, **label, **_errors(p, s, weight, area)}
            for i, pathway in enumerate(checked.pathways):
                yield {"of": "value", "pathway": pathway, **label, **_errors(p[i], s[i], weight, area)}
            for i, pathway in enumerate(checked.pathways[1:], 1):
                p_apart, s_apart = p[i] - p[0], s[i] - s[0]
                found = _errors(p_apart, s_apart, weight, area)
                found["agreement"] = _same_sign(p_apart, s_apart, weight, clear[places, None])
                yield {"of": "difference", "pathway": pathway, **label, **found}


def _groups(regime: NDArray[np.integer]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    yield ALL, np.ones(len(regime), dtype=np.bool_)
    for code in Regime:
        if (regime == code).any():
            yield code.name.lower(), regime == code


def _clear_difference(target: Variable, years: tuple[int, ...]) -> Array:
    """Return 1 kg C ha-1 yr-1 in the target's own unit, for each year ``(year,)``; NaN for what is not carbon."""
    if target.name.startswith("sic_change_"):
        # A change adds up; the first year's has had one year.
        return CLEAR_DIFFERENCE / M2_PER_HA * (1.0 + np.array(years) - years[0])
    carbon = target.name in ("dic_leaching", "co2_to_air_from_carbonate")
    return np.full(len(years), CLEAR_DIFFERENCE / M2_PER_HA if carbon else np.nan)


def _errors(p: Array, s: Array, weight: Array, area: Array) -> dict[str, object]:
    """Return errors of values ``(..., cell)``."""
    each = np.broadcast_to(weight, s.shape)
    size, error = _mean(np.abs(s), each), _mean(np.abs(p - s), each)
    apart = s - _mean(s, each)
    variance = _mean(apart**2, each)
    # Values that are all equal but for rounding have no variance to explain.
    explained = variance > 1e-12 * max(size, 1e-12) ** 2
    return {
        "cells": s.shape[-1],
        "mean_absolute_simulated": size,
        "mean_absolute_error": error,
        "relative_error": error / size if size > 0 else np.nan,
        "bias": _mean(p - s, each),
        "rmse": float(np.sqrt(_mean((p - s) ** 2, each))),
        "r2": 1.0 - _mean((p - s) ** 2, each) / variance if explained else np.nan,
        "area_mean_simulated": _mean(s, each * area),
        "area_mean_predicted": _mean(p, each * area),
    }


def _agreement(p: Array, s: Array, weight: Array) -> dict[str, object]:
    return {
        "cells": s.shape[-1],
        "agreement": _mean((p == s).astype(float), np.broadcast_to(weight, s.shape)),
    }


def _same_sign(p: Array, s: Array, weight: Array, clear: Array) -> float:
    # NaN compares as False: what has no measure of a clear difference has no agreement either.
    counts = np.abs(s) > clear
    each = np.where(counts, weight, 0.0)
    return _mean((np.sign(p) == np.sign(s)).astype(float), each) if counts.any() else np.nan


def _mean(values: Array, weight: Array) -> float:
    total = weight.sum()
    return float((values * weight).sum() / total) if total > 0 else np.nan


def skill_csv(table: pd.DataFrame, *, predictor: str, digest: str) -> str:
    """Return the table as CSV under comment lines; six significant digits, nothing where a number is not defined."""
    about = [
        f"# Self-check of {predictor} by the simulator on cells of this very run; recipe {digest[:16]}",
        "# of: value, or difference (pathway minus baseline). years: all reported ones, or the last.",
        "# Means weigh each cell by the cells of the run it stands for; area_mean_* also by its area.",
        "# relative_error: mean absolute error / mean absolute simulated value. r2: Nash-Sutcliffe.",
        "# agreement: equal classes (regime); equal signs where a simulated difference exceeds 1 kg C ha-1 yr-1.",
    ]
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return "\n".join([*about, text])
