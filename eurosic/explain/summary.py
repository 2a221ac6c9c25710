"""Tables of attributions: by group or lever, regime, pathway, horizon and target, for people and other tools.

*Enters:* stored attributions of some cells and the area that each stands for. *Leaves:* `attribution.csv`,
`levers.csv` and `interactions.csv` as data frames, one row for each pathway, horizon, regime, target and group
(lever, pair). Must not write.

Columns: `pathway`, `horizon` (year), `regime` (``all``, or that of the cell under the baseline at the horizon),
`target`, `unit` (kg ha-1 yr-1 of carbon, mean since the start; pH in 1), `group` (or `lever`; `one` and `other` of a
pair), `mean` (area-weighted, signed), `mean_absolute`, `p05` and `p95` (of the area), `mean_minus_baseline` (groups
only: mean of the same under the baseline taken off), `cells`, `area_Mha`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.base.flags import Regime
from eurosic.base.units import M2_PER_HA
from eurosic.explain.targets import Target

Array = NDArray[np.float64]

_ALL = "all"
_HA_PER_MHA = 1.0e6
_ENDS = (0.05, 0.95)


@dataclass(frozen=True)
class Piece:
    """Attributions of one pathway and horizon, as they are stored.

    Parameters
    ----------
    pathway, horizon
        Which.
    years
        From the start to the end of the horizon.
    values
        ``(target, result, cell)``.
    baseline
        The same under the baseline, or None where nothing is compared.
    regime, area
        Of each cell under the baseline, and what it stands for (m2), ``(cell,)``.
    """

    pathway: str
    horizon: int
    years: int
    values: Array
    baseline: Array | None
    regime: NDArray[np.int8]
    area: Array


def summary_rows(
    piece: Piece, targets: Sequence[Target], results: Sequence[Mapping[str, str]]
) -> Iterator[dict[str, object]]:
    """Yield the rows of a table for one pathway and horizon.

    Parameters
    ----------
    piece
        What is stored.
    targets
        In the order of its values.
    results
        What names each result: ``{"group": ...}``, ``{"lever": ...}`` or ``{"one": ..., "other": ...}``.
    """
    for regime, inside in _regimes(piece):
        for place, target in enumerate(targets):
            by = target.factor / piece.years if target.by_year else target.factor
            for result, named in enumerate(results):
                values = by * piece.values[place, result, inside]
                before = None if piece.baseline is None else by * piece.baseline[place, result, inside]
                yield {
                    "pathway": piece.pathway,
                    "horizon": piece.horizon,
                    "regime": regime,
                    "target": target.name,
                    "unit": target.told_in,
                    **named,
                    **_statistics(values, before, piece.area[inside]),
                }


def table_of(rows: Iterator[dict[str, object]]) -> pd.DataFrame:
    """Return rows as a table; a column that no row fills is left out."""
    return pd.DataFrame(list(rows)).dropna(axis="columns", how="all")


def _regimes(piece: Piece) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each regime that has a cell with values, and its cells."""
    valued = np.asarray(np.isfinite(piece.values).all(axis=(0, 1)), np.bool_)
    yield _ALL, valued
    for regime in Regime:
        inside = valued & (piece.regime == regime)
        if inside.any():
            yield regime.name.lower(), inside


def _statistics(values: Array, before: Array | None, area: Array) -> dict[str, object]:
    if not len(values):
        return {"cells": 0, "area_Mha": 0.0}
    low, high = weighted_quantiles(values, area, _ENDS)
    minus = None if before is None else float(np.average(values - before, weights=area))
    return {
        "mean": float(np.average(values, weights=area)),
        "mean_absolute": float(np.average(np.abs(values), weights=area)),
        "p05": low,
        "p95": high,
        "mean_minus_baseline": minus,
        "cells": len(values),
        "area_Mha": float(area.sum()) / M2_PER_HA / _HA_PER_MHA,
    }


def weighted_quantiles(values: Array, weights: Array, shares: Sequence[float]) -> tuple[float, ...]:
    """Return the values below which given shares of the weight lie.

    Examples
    --------
    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), (0.05, 0.5))
    (1.0, 2.0)
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    # A share that rounding leaves a hair above the last sum is the last value.
    places = np.minimum(np.searchsorted(reached, shares), len(values) - 1)
    return tuple(float(values[order][place]) for place in places)
