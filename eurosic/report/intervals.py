"""Intervals of area sums: from members' and draws' own sums to the bounds of 90 %, by source and together.

*Enters:* how far the sums of each member lie from the mean's, and those of each draw of the inputs from the undrawn,
by quantity, pathway, year and place; the emulator's `Calibration`. *Leaves:* `Bounds`: what is to be added to a sum.
Sums and differences from baseline come before any quantile, so that errors that cells or pathways share stay shared.
Pure functions: no files. *Source:* median-unbiased quantiles of draws: Hyndman and Fan (1996), Am. Stat. 50, 361.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import elementwise
from scipy.special import ndtr

from eurosic.report.calibrated import Calibration

Array = NDArray[np.float64]

# An interval of 90 %: its ends, and its half-width in standard deviations of a normal error.
ENDS = (0.05, 0.95)
_NORMAL = float(stats.norm.ppf(ENDS[1]))
# Sums of draws that are held at once, 8 bytes each.
_AT_ONCE = 4_000_000

ALL, EMULATOR, INPUTS = "all", "emulator", "inputs"
WORDS = MappingProxyType(
    {
        (): "none: simulator",
        (EMULATOR,): "emulator error only",
        (INPUTS,): "input uncertainty only: simulator",
        (EMULATOR, INPUTS): "input uncertainty and emulator error",
    }
)
# Where an emulator answered of whose error nothing is known.
UNKNOWN = "none: the emulator's error is not known"
UNKNOWN_BUT_INPUTS = "input uncertainty only: the emulator's error is not known"
NOT_REPORTED = "none: not a reported year"


@dataclass(frozen=True)
class Deviations:
    """How far sums lie from those that are told, by source; quantities in the order of `summed.SUMMED`.

    Parameters
    ----------
    area
        Area of each place for which the emulator answered, m2, ``(place,)``.
    calibration
        How members' sums become an interval; None for the simulator.
    members
        Sums by each member less those of the mean, kg (yr-1), ``(member, quantity, pathway, year, place)``.
    draws
        Sums with drawn inputs less those with the inputs as they are, ``(draw, quantity, pathway, year, place)``;
        None where the run did not draw.
    """

    area: Array
    calibration: Calibration | None = None
    members: Array | None = None
    draws: Array | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that are known, in the order of their words."""
        found = {EMULATOR: self.calibration is not None, INPUTS: self.draws is not None}
        return tuple(name for name, known in found.items() if known)


# By source (`ALL` first), low and high: ``(2, quantity, pathway, year, place)``, of values and of differences.
Bounds = Mapping[str, tuple[Array, Array]]


def bounds_of(found: Deviations, *, baseline: int) -> Bounds:
    """Return what to add to each sum, and to its difference from the baseline's, for the ends of its interval.

    Parameters
    ----------
    found
        The deviations of sums.
    baseline
        Place of the baseline among the pathways.

    Returns
    -------
    Mapping
        For `ALL`, and where there are two sources for each of them: bounds of the sums and of the differences, each
        ``(2, quantity, pathway, year, place)``; empty where nothing is known.
    """
    sources = found.sources
    if not sources:
        return {}
    parts = [_bounds(found, sources, baseline=baseline if apart else None) for apart in (False, True)]
    return {source: (parts[0][source], parts[1][source]) for source in parts[0]}


def _bounds(found: Deviations, sources: tuple[str, ...], *, baseline: int | None) -> dict[str, Array]:
    half = _half_width(found, baseline) if EMULATOR in sources else None
    draws = None if found.draws is None else less_baseline(found.draws, baseline)
    each: dict[str, Array] = {}
    if half is not None:
        each[EMULATOR] = np.stack([-half, half])
    if draws is not None:
        each[INPUTS] = _quantiles(draws)
    if half is None or draws is None:
        return {ALL: each[sources[0]]}
    return {ALL: _together(draws, half), **each}


def less_baseline(deviations: Array, baseline: int | None) -> Array:
    """Return deviations of differences from the baseline's, its pathway on the third axis from the end.

    Member by member and draw by draw: what they share with the baseline falls out here, before any quantile.
    """
    if baseline is None:
        return deviations
    return deviations - deviations[..., baseline : baseline + 1, :, :]


def _half_width(found: Deviations, baseline: int | None) -> Array:
    """Return the half-width of the emulator's interval, ``(quantity, pathway, year, place)``."""
    if found.calibration is None:
        raise ValueError("an emulator's interval needs its calibration")
    factor, mean_error = found.calibration.of(difference=baseline is not None)
    shared = mean_error[..., None] * found.area
    if found.members is None or len(found.members) < 2:
        return np.asarray(shared)
    apart = less_baseline(found.members, baseline)
    return np.hypot(factor[..., None, None] * apart.std(axis=0, ddof=1), shared)


def _quantiles(sums: Array) -> Array:
    return np.asarray(np.quantile(sums, ENDS, axis=0, method="median_unbiased"))


def _together(draws: Array, half: Array) -> Array:
    """Return both ends of the sum of a draw and an independent normal error, ``(2, ...)``.

    Percentiles of the mixture itself: draws that lie to one side of the middle move both ends to that side.
    """
    flat, scale = draws.reshape(len(draws), -1), half.ravel() / _NORMAL
    ends = _quantiles(flat)
    blurred = np.flatnonzero(scale > 0)
    step = max(1, _AT_ONCE // len(draws))
    for start in range(0, len(blurred), step):
        part = blurred[start : start + step]
        for end, share in enumerate(ENDS):
            ends[end, part] = mixed_quantile(flat[:, part], scale[part], share)
    return ends.reshape(2, *half.shape)


def mixed_quantile(draws: Array, scale: Array, share: float) -> Array:
    r"""Return a quantile of a draw, each as probable as the others, plus an independent normal error.

    It is the root :math:`q` of

    .. math:: \frac{1}{n} \sum_i \Phi\left(\frac{q - d_i}{\sigma}\right) = p

    found by the method of Chandrupatla (1997), Adv. Eng. Softw. 28, 145, as SciPy has it.

    Parameters
    ----------
    draws
        :math:`d_i`, ``(draw, place)``.
    scale
        Standard deviation of the error, above zero, ``(place,)``.
    share
        :math:`p`, between 0 and 1.

    Examples
    --------
    >>> mixed_quantile(np.array([[-1.0], [1.0]]), np.array([2.0]), 0.5).round(9) + 0.0
    array([0.])
    """
    normal = float(stats.norm.ppf(share))
    # Each draw has its own quantile; that of the mixture lies between the least and the greatest of them. Where draws
    # are all alike these are one number, and a root is sought between two.
    low, high = draws.min(axis=0) + (normal - 1.0) * scale, draws.max(axis=0) + (normal + 1.0) * scale
    found = elementwise.find_root(
        lambda at, place: _excess(at, draws[:, place], scale[place], share),
        (low, high),
        args=(np.arange(len(scale)),),
    )
    return np.asarray(found.x)


def _excess(at: Array, draws: Array, scale: Array, share: float) -> Array:
    """Return by how much more than `share` of a mixture lies below `at`, ``(place,)``."""
    apart = (at - draws) / scale
    # Summed as what reaches across: between two draws that lie far apart only these tails tell where the middle is.
    across = np.where(apart > 0, -1.0, 1.0) * ndtr(-np.abs(apart))
    below = (apart > 0).sum(axis=0) - share * len(draws)
    return np.asarray((below + across.sum(axis=0)) / len(draws))
