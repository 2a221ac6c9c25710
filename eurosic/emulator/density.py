"""How usual a point is among others: a Gaussian mixture, fitted by expectation and maximisation in NumPy.

*Enters:* points of standardised features. *Leaves:* `Mixture`, whose `surprise` is the negative logarithm of the
density. Must not know what the features are: that is the domain's work. *Source:* Dempster, Laird & Rubin (1977),
J. R. Stat. Soc. B 39, 1-38; shrinkage of the covariances after Fraley & Raftery (2007), J. Classif. 24, 155-181.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Single = NDArray[np.float32]

# Parts at most, and points that a part needs for each of its dimensions, lest it learns single ones by heart. Four
# caught what two missed in one seed of three, and eight hardly more: `python -m tests.emulator.domain_table`.
_LARGEST, _POINTS_PER_DIMENSION = 4, 8
# In standard deviations: how far off a line that all points lie on (porosity is one of bulk density) a point may
# be and still be usual. With 0.1, a third of the porosities that are 0.02 off passed; with 0.02, none.
_FLOOR = 0.02
# Weight of the common covariance in that of a part, as if it had been seen in so many points: with 100, one in seven
# impossible profiles of base saturation passed; with 2, one in twenty.
_SHRINKAGE = 2.0
_ROUNDS, _LLOYD, _GAIN = 100, 20, 1e-3


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture, float32: `offset` ``(part,)``, `means` ``(part, feature)``, `whiteners` beside them.

    A part's log density at x is ``offset - |(x - mean) @ whitener|^2 / 2``; the constant of 2 pi is left out.
    """

    offset: Single
    means: Single
    whiteners: Single

    def surprise(self, points: Single) -> Single:
        """Return the negative log density of points ``(point, feature)``, shape ``(point,)``; NaN stays NaN."""
        return np.asarray(-_total(self._parts(points)), dtype=np.float32)

    def _parts(self, points: Single) -> Single:
        parts = np.empty((len(points), len(self.offset)), dtype=np.float32)
        for k, (mean, whitener) in enumerate(zip(self.means, self.whiteners, strict=True)):
            far = (points - mean) @ whitener
            parts[:, k] = self.offset[k] - 0.5 * np.einsum("ij,ij->i", far, far)
        return parts


def fit_mixture(points: Single, *, seed: int) -> Mixture:
    """Return the mixture that fits points ``(point, feature)``, at least two of them, of standardised features."""
    whole = np.cov(points.T, dtype=np.float64).reshape(points.shape[1], -1)
    fitted, last = _maximise(points, _first_guess(points, whole, seed), whole), -np.inf
    for _ in range(_ROUNDS):
        parts = fitted._parts(points)
        total = _total(parts)
        gained, last = float(total.mean()) - last, float(total.mean())
        if gained < _GAIN:
            break
        fitted = _maximise(points, np.exp(parts - total[:, np.newaxis]), whole)
    return fitted


def _total(parts: Single) -> Single:
    # The largest is taken out first: exp(-100) is nothing in float32.
    largest = parts.max(axis=1)
    return np.asarray(largest + np.log(np.exp(parts - largest[:, np.newaxis]).sum(axis=1)), dtype=np.float32)


def _first_guess(points: Single, whole: Array, seed: int) -> Single:
    """Return which part each point belongs to at first, ``(point, part)``: k-means where all is equally wide."""
    rng = np.random.default_rng(seed)
    count = int(np.clip(len(points) // (_POINTS_PER_DIMENSION * points.shape[1]), 1, _LARGEST))
    wide = (points @ _whitener(whole)[0]).astype(np.float32)
    centres = wide[rng.choice(len(wide), count, replace=False)]
    nearest = np.zeros(len(wide), dtype=np.intp)
    for _ in range(_LLOYD):
        nearest = np.argmin((centres**2).sum(axis=1) - 2.0 * wide @ centres.T, axis=1)
        for k in np.unique(nearest):
            centres[k] = wide[nearest == k].mean(axis=0)
    return np.eye(count, dtype=np.float32)[nearest]


def _maximise(points: Single, belonging: Single, whole: Array) -> Mixture:
    """Return the mixture whose parts are the points that belong to them, their covariances shrunk to the whole."""
    offsets, means, whiteners = [], [], []
    for share in belonging.T.astype(np.float64):
        # A part that lost all its points keeps the common covariance and no weight.
        amount = share.sum() + 1e-9
        mean = share @ points / amount
        far = points - mean
        covariance = ((far * share[:, np.newaxis]).T @ far + _SHRINKAGE * whole) / (amount + _SHRINKAGE)
        whitener, log_volume = _whitener(covariance)
        offsets.append(np.log(amount / len(points)) - log_volume)
        means.append(mean)
        whiteners.append(whitener)
    return Mixture(*(np.asarray(part, dtype=np.float32) for part in (offsets, means, whiteners)))


def _whitener(covariance: Array) -> tuple[Array, float]:
    """Return what makes a covariance the identity, and half the logarithm of its determinant."""
    lengths, directions = np.linalg.eigh(covariance)
    lengths = np.maximum(lengths, 0.0) + _FLOOR**2
    return directions / np.sqrt(lengths), 0.5 * float(np.log(lengths).sum())
