"""The background: few real cells that stand for all others, chosen with care.

*Enters:* what cells are like, the area each stands for, the stratum each is in, a seed. *Leaves:* places of the
chosen cells and their weights. An attribution is a difference from these cells, so they must be typical: every
stratum (regime and carbonate class) has at least one, more where it has more area; within a stratum they are the
*medoids* of clusters of equal soils, climates, fertilization and places, so that every region has its own; each
weighs as the area of its cluster. Real cells only: a mean of soils is no soil. Pure.
*Source:* k-means++: Arthur and Vassilvitskii (2007); largest remainder: Hamilton's method of apportionment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError

Array = NDArray[np.float64]
Places = NDArray[np.intp]

# Topsoil carbonate (%) that parts the strata: traces that decades of acid can use up, moderate, rich.
CARBONATE_CLASSES = (5.0, 20.0)
_ROUNDS = 25


@dataclass(frozen=True)
class Chosen:
    """Places of the background cells, increasing, and their weights, both ``(background,)``; weights sum to one."""

    cells: Places
    weights: Array


def strata_of(regime: NDArray[np.integer], carbonate: Array) -> NDArray[np.intp]:
    """Return the stratum of each cell: its regime and the class of its topsoil carbonate (%).

    Examples
    --------
    >>> strata_of(np.array([0, 0, 1]), np.array([3.0, 30.0, 3.0])).tolist()
    [0, 2, 3]
    """
    classes = np.searchsorted(CARBONATE_CLASSES, carbonate, side="right")
    return np.asarray(regime.astype(np.intp) * (len(CARBONATE_CLASSES) + 1) + classes)


def choose_background(
    features: Array, strata: NDArray[np.integer], area: Array, *, cells: int, seed: int
) -> Chosen:
    """Return the background of a table of cells.

    Parameters
    ----------
    features
        What cells are like, ``(cell, feature)``, place included; each feature is standardised here.
    strata
        Stratum of each cell, ``(cell,)``.
    area
        What each cell stands for, ``(cell,)``.
    cells
        How many are wanted; strata that would have none get one besides.
    seed
        Equal seeds choose equal cells.

    Raises
    ------
    PredictorError
        If there is no cell, or none has an area.
    """
    if not len(features) or not area.sum() > 0.0:
        raise PredictorError("background", f"{len(features)} cells with no area", wanted="cells with values")
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    found: dict[int, float] = {}
    for code, number in _apportioned(strata, area, cells).items():
        inside = np.flatnonzero(strata == code)
        rng = np.random.default_rng([seed, code])
        for place, weight in _medoids(scaled[inside], area[inside], number, rng):
            found[int(inside[place])] = weight
    places = np.array(sorted(found), dtype=np.intp)
    weights = np.array([found[int(place)] for place in places])
    return Chosen(places, weights / weights.sum())


def _apportioned(strata: NDArray[np.integer], area: Array, cells: int) -> dict[int, int]:
    """Return how many background cells each stratum has: by its area, at least one, never more than it has cells."""
    codes, inverse, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    quota = cells * np.bincount(inverse, weights=area) / area.sum()
    numbers = np.maximum(np.floor(quota), 1.0).astype(int)
    # A stratum that has its one cell for a quota below one has more than its due, and no remainder.
    for place in np.argsort(numbers - quota, kind="stable")[: max(0, cells - int(numbers.sum()))]:
        numbers[place] += 1
    return {int(code): int(min(n, size)) for code, n, size in zip(codes, numbers, sizes, strict=True)}


def _medoids(points: Array, area: Array, number: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Return the place of each cluster's most central cell, and the cluster's area."""
    centres = _first_centres(points, area, number, rng)
    nearest = _nearest(points, centres)
    for _ in range(_ROUNDS):
        held = np.bincount(nearest, weights=area, minlength=len(centres))
        sums = np.stack(
            [np.bincount(nearest, weights=area * column, minlength=len(centres)) for column in points.T], 1
        )
        # A cluster that lost its last cell keeps its centre, and gets cells again or is left out.
        centres = np.where(held[:, None] > 0.0, sums / np.maximum(held, 1e-300)[:, None], centres)
        before, nearest = nearest, _nearest(points, centres)
        if (before == nearest).all():
            break
    chosen = []
    for cluster in np.unique(nearest):
        inside = np.flatnonzero(nearest == cluster)
        distance = ((points[inside] - centres[cluster]) ** 2).sum(axis=1)
        chosen.append((int(inside[np.argmin(distance)]), float(area[inside].sum())))
    return chosen


def _first_centres(points: Array, area: Array, number: int, rng: np.random.Generator) -> Array:
    centres = [points[rng.choice(len(points), p=area / area.sum())]]
    while len(centres) < number:
        away = ((points[:, None] - np.array(centres)[None]) ** 2).sum(axis=2).min(axis=1) * area
        if not away.sum() > 0.0:
            break  # all cells with an area are alike: fewer centres say the same
        centres.append(points[rng.choice(len(points), p=away / away.sum())])
    return np.array(centres)


def _nearest(points: Array, centres: Array) -> NDArray[np.intp]:
    # |p - c|2 without |p|2, which is the same for every centre: no array of all distances by feature is made.
    return np.asarray(np.argmin((centres**2).sum(axis=1) - 2.0 * points @ centres.T, axis=1))
