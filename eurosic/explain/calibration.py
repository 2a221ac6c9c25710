"""Weights of the background that make it stand for all cells exactly: its mean prediction is theirs.

*Enters:* the weights of the chosen cells, what is predicted for them, the mean prediction of all cells. *Leaves:* the
nearest weights under which both means are the same, so that a base value is the mean of Europe and no accident of few
cells. Pure. *Source:* calibration of survey weights by raking: Deville and Särndal (1992); the nearest weights by
relative entropy, by Newton's method on its dual: Hainmueller (2012).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ROUNDS, _HALVINGS = 60, 30
# Gap that is left at most, in standard deviations of what is predicted; in directions of their own, next to none.
_NEAR, _CLOSE = 0.02, 1e-6
# Directions in which the cells differ by less than this share of the widest say nothing that others do not.
_FLAT = 0.02
# Fewer cells than this share, in effect, would carry all: then the first weights are better.
_LEAST_EFFECTIVE = 0.4


def calibrated(weights: Array, predicted: Array, wanted: Array) -> tuple[Array, bool]:
    """Return weights under which the mean of `predicted` is `wanted`, and whether there are any.

    Parameters
    ----------
    weights
        First weights, summing to one, ``(background,)``.
    predicted
        ``(background, quantity)``.
    wanted
        Mean over all cells, ``(quantity,)``.

    Returns
    -------
    tuple
        The first weights, and False, where no weights do it or a few cells would carry nearly all.

    Examples
    --------
    >>> found, fits = calibrated(np.array([0.5, 0.5]), np.array([[0.0], [1.0]]), np.array([0.75]))
    >>> found.round(6).tolist(), fits
    ([0.25, 0.75], True)
    """
    spread = predicted.std(axis=0)
    gaps = (predicted - wanted) / np.where(spread > 0.0, spread, 1.0)
    # Horizons say nearly the same: in directions of their own the problem is well-posed.
    _, sizes, directions = np.linalg.svd(gaps * np.sqrt(weights)[:, None], full_matrices=False)
    kept = sizes > _FLAT * sizes[0]
    apart = gaps @ directions[kept].T / sizes[kept]
    exponents = np.zeros(apart.shape[1])
    for _ in range(_ROUNDS):
        tilted = _tilted(weights, apart, exponents)
        missed = tilted @ apart
        if np.abs(missed).max(initial=0.0) < _CLOSE:
            near = np.abs(tilted @ gaps).max() < _NEAR
            enough = 1.0 / (tilted**2).sum() >= _LEAST_EFFECTIVE / (weights**2).sum()
            return (tilted, True) if near and enough else (weights, False)
        curvature = (apart * tilted[:, None]).T @ apart - np.outer(missed, missed)
        step = np.linalg.lstsq(curvature, missed, rcond=1e-12)[0]
        exponents = _downhill(weights, apart, exponents, step)
    return weights, False


def _tilted(weights: Array, apart: Array, exponents: Array) -> Array:
    raised = apart @ exponents
    tilted = weights * np.exp(raised - raised.max())
    return np.asarray(tilted / tilted.sum())


def _downhill(weights: Array, apart: Array, exponents: Array, step: Array) -> Array:
    """Return the exponents after Newton's step, halved until the dual falls: it is convex, and so always does."""
    before, share = _dual(weights, apart, exponents), 1.0
    for _ in range(_HALVINGS):
        after = exponents - share * step
        if _dual(weights, apart, after) < before:
            return after
        share /= 2.0
    return exponents


def _dual(weights: Array, apart: Array, exponents: Array) -> float:
    raised = apart @ exponents
    most = float(raised.max())
    return most + float(np.log(weights @ np.exp(raised - most)))
