"""Uncertainty by drawing blocks: whole blocks of neighbours, and members, are drawn again and again.

*Enters:* sums over each block (of weights, moments, changes), perhaps one set a member. *Leaves:* an `Estimate`: a
value with the ends of its 90 % interval. Anything that is a function of sums (a mean, a ratio, a slope) can be
drawn without touching the sites again. *Source:* Efron and Tibshirani (1993), chapter 8; blocks as in Lahiri
(2003).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Ends of the interval: 90 %, as for the spread of predictions.
ENDS = (5.0, 95.0)
DRAWS = 1000


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 90 % interval; infinite where the data do not bound it."""

    value: float
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


UNKNOWN = Estimate(np.nan, np.nan, np.nan)
# A ratio whose denominator is smaller than what it is known to: no value, and any number would do.
UNRESOLVED = Estimate(np.nan, -np.inf, np.inf)


def columns_of(name: str, found: Estimate) -> dict[str, float]:
    """Return an estimate as three columns of a table."""
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def block_sums(values: Array, block: NDArray[np.int64], blocks: int) -> Array:
    """Return the sums of values ``(..., site)`` over each block, ``(..., block)``; NaN counts as nothing."""
    flat = np.nan_to_num(values).reshape(-1, values.shape[-1])
    sums = np.stack([np.bincount(block, weights=row, minlength=blocks) for row in flat])
    return np.asarray(sums.reshape(*values.shape[:-1], blocks), dtype=np.float64)


def drawn_sums(sums: Array, *, seed: int, draws: int = DRAWS) -> Array:
    """Return sums over blocks drawn with replacement, ``(draw, quantity)``.

    Parameters
    ----------
    sums
        ``(member, quantity, block)``; each draw takes one member and as many blocks as there are.
    """
    members, _, blocks = sums.shape
    times, member = _drawn(members, blocks, seed, draws)
    drawn = np.empty((draws, sums.shape[1]))
    for one in range(members):
        drawn[member == one] = times[member == one] @ sums[one].T
    return drawn


@lru_cache(maxsize=32)
def _drawn(members: int, blocks: int, seed: int, draws: int) -> tuple[Array, NDArray[np.int64]]:
    """Return how often each block counts in each draw, ``(draw, block)``, and the member of each draw."""
    # The same draws serve every quantity of a table, so that its rows can be compared.
    random = np.random.default_rng(seed)
    times = random.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=draws)
    return times.astype(np.float64), random.integers(members, size=draws)


def estimate(sums: Array, statistic: Callable[[Array], Array], *, seed: int, draws: int = DRAWS) -> Estimate:
    """Return a statistic of sums over all blocks, meaned over members, with the interval that drawing gives.

    Parameters
    ----------
    sums
        ``(member, quantity, block)``.
    statistic
        From sums ``(draw, quantity)`` to one value a draw, ``(draw,)``; infinite or NaN where it is not defined.
    """
    whole = sums.sum(axis=2).mean(axis=0, keepdims=True)
    drawn = statistic(drawn_sums(sums, seed=seed, draws=draws))
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return UNKNOWN
    # "nearest" never averages two infinities of different sign.
    low, high = np.percentile(known, ENDS, method="nearest")
    return Estimate(float(statistic(whole)[0]), float(low), float(high))


def ratio(sums: Array) -> Array:
    """Return the first quantity over the second, ``(draw,)`` of ``(draw, 2)``; NaN where the second is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(sums[:, 0] / sums[:, 1])
    return np.where(sums[:, 1] == 0.0, np.nan, found)


def ratio_estimate(sums: Array, *, seed: int, draws: int = DRAWS) -> Estimate:
    """Return the ratio of two sums; without bounds where the denominator cannot be told from zero.

    A ratio whose denominator may be zero can be any number of either sign (Fieller 1954): percentiles of its draws
    would pretend otherwise.
    """
    below = estimate(sums[:, 1:], lambda drawn: drawn[:, 0], seed=seed, draws=draws)
    found = estimate(sums, ratio, seed=seed, draws=draws)
    if below.low <= 0.0 <= below.high:
        return Estimate(found.value, -np.inf, np.inf)
    return found


def slope(sums: Array) -> Array:
    """Return the least-squares slope of y on x, ``(draw,)``, of the sums of w, wx, wy, wxx, wxy, ``(draw, 5)``."""
    w, x, y, xx, xy = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        above, below = w * xy - x * y, w * xx - x * x
        # A spread of x that is rounding only has no slope.
        return np.where(below > 1e-12 * w * xx, above / below, np.nan)


def slope_sums(x: Array, y: Array, weight: Array, block: NDArray[np.int64], *, blocks: int) -> Array:
    """Return what `slope` takes of each block, ``(1, 5, block)``; sites without x or y do not count.

    x and y are taken from their means, without which sums of squares lose the digits that matter.
    """
    known = np.isfinite(x) & np.isfinite(y) & (weight > 0)
    if not known.any():
        return np.zeros((1, 5, blocks))
    w = np.where(known, weight, 0.0)
    a, b = (np.where(known, v - np.average(v[known], weights=weight[known]), 0.0) for v in (x, y))
    return block_sums(np.stack([w, w * a, w * b, w * a * a, w * a * b]), block, blocks)[np.newaxis]
