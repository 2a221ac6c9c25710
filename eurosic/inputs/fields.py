r"""Random fields on a map: Gaussian, with a covariance that is known in closed form.

*Enters:* places on a projected plane (m), a correlation length (m), a seed. *Leaves:* values of one realisation, of
mean 0 and variance 1 at every place. Made of waves, so that places may lie anywhere and be as many as one likes: no
matrix of their distances is built. Pure functions: no files, no Dask. *Source:* Kraichnan (1970), Physics of Fluids
13, 22-31; Rahimi and Recht (2007), NeurIPS 20.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Waves of a field: given the waves, a covariance is known to 1/sqrt(2 x 512), 3 %, and draws have waves of their own.
WAVES = 512


def gaussian_field(x: Array, y: Array, *, length: float, seed: tuple[int, ...], waves: int = WAVES) -> Array:
    r"""Return one realisation of a Gaussian field with mean 0, variance 1 and the covariance of `covariance`.

    .. math:: f(p) = \frac{1}{\sqrt K} \sum_k a_k \cos(\omega_k p) + b_k \sin(\omega_k p)

    with :math:`a_k, b_k` standard normal, so that f(p) is exactly so, and :math:`\omega_k` drawn from the spectral
    density of the covariance.

    Parameters
    ----------
    x, y
        Coordinates on the plane, m, shape ``(place,)``.
    length
        Correlation length, m.
    seed
        Equal seeds give equal fields, whichever places are asked for.
    waves
        Number K of waves.
    """
    rng = np.random.default_rng(seed)
    # Fourier's transform of exp(-h/L) on a plane is the density of a bivariate Student t of one degree of freedom.
    frequency = rng.standard_normal((waves, 2)) / (np.abs(rng.standard_normal((waves, 1))) * length)
    a, b = rng.standard_normal((2, waves))
    phase = np.outer(x, frequency[:, 0]) + np.outer(y, frequency[:, 1])
    return np.asarray((np.cos(phase) @ a + np.sin(phase) @ b) / np.sqrt(waves))


def covariance(distance: Array, length: float) -> Array:
    r"""Return the covariance of a field at two places, :math:`\exp(-h / L)`, shape of `distance`.

    Examples
    --------
    >>> covariance(np.array([0.0, 200_000.0]), 200_000.0).round(3).tolist()
    [1.0, 0.368]
    """
    return np.exp(-distance / length)
