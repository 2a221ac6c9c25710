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

_ROUNDS = 60
# Gap that is left at most, in standard deviations of what is predicted; and the longest step of an exponent.
_CLOSE, _STRIDE = 1e-6, 2.0
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
    exponents = np.zeros(gaps.shape[1])
    tilted = weights
    for _ in range(_ROUNDS):
        raised = gaps @ exponents
        tilted = weights * np.exp(raised - raised.max())
        tilted = tilted / tilted.sum()
        missed = tilted @ gaps
        if np.abs(missed).max() < _CLOSE:
            effective = 1.0 / (tilted**2).sum()
            enough = effective >= _LEAST_EFFECTIVE / (weights**2).sum()
            return (tilted, True) if enough else (weights, False)
        curvature = (gaps * tilted[:, None]).T @ gaps - np.outer(missed, missed)
        # Quantities that say the same leave a singular matrix: the least step that does it is taken.
        step = np.linalg.lstsq(curvature, missed, rcond=1e-10)[0]
        exponents = exponents - step * min(1.0, _STRIDE / max(float(np.abs(step).max()), 1e-300))
    return weights, False
