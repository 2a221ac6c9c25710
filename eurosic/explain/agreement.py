"""How far two sets of attributions say the same: rank correlation of each group over cells, and the mean gap.

*Enters:* two attributions of the same cells and groups. *Leaves:* a few numbers. Groups are never ranked together:
that some are large and others small would carry the correlation, whatever is said of cells. Pure.
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
    """Rank correlation over cells of each group, None where one is constant; mean gap over the second's mean size."""

    rank_correlations: tuple[float | None, ...]
    mean_gap: float

    @property
    def lowest(self) -> float | None:
        """The rank correlation of the group on which they agree least; None where no group varies."""
        return min((one for one in self.rank_correlations if one is not None), default=None)


def agreement_of(one: Array, other: Array) -> Agreement:
    """Return how far two attributions agree, both ``(cell, group)``.

    Examples
    --------
    >>> agreement_of(np.array([[1.0, 9.0], [2.0, 8.0]]), np.array([[1.0, 8.0], [2.0, 9.0]]))
    Agreement(rank_correlations=(1.0, -1.0), mean_gap=0.1)
    """
    size = float(np.abs(other).mean())
    gap = float(np.abs(one - other).mean())
    ranks = tuple(_ranked(*pair) for pair in zip(one.T, other.T, strict=True))
    return Agreement(ranks, round(gap / size, 6) if size > 0.0 else gap)


def _ranked(one: Array, other: Array) -> float | None:
    if np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return None
    return round(float(spearmanr(one, other).statistic), 6)
