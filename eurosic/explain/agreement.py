"""How far two sets of attributions say the same: rank correlation, and the mean gap.

*Enters:* two attributions of the same cells, groups and targets. *Leaves:* a few numbers for each target. Pure.
*Source:* Spearman (1904).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """Rank correlation over cells and groups, None where one is constant; mean gap over the second's mean size."""

    rank_correlation: float | None
    mean_gap: float


def agreement_of(one: Array, other: Array) -> Agreement:
    """Return how far two arrays of attributions agree, whatever their shape.

    Examples
    --------
    >>> agreement_of(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    Agreement(rank_correlation=1.0, mean_gap=0.142857)
    """
    size = float(np.abs(other).mean())
    gap = float(np.abs(one - other).mean())
    ranked = np.ptp(one) > 0.0 and np.ptp(other) > 0.0
    ranks = round(float(spearmanr(one.ravel(), other.ravel()).statistic), 6) if ranked else None
    return Agreement(ranks, round(gap / size, 6) if size > 0.0 else gap)
