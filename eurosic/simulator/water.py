"""Water of a column: how much passes each depth in a year.

*Enters:* precipitation, drainage and root shares. *Leaves:* the flux through the top of each layer and out of
the last. Must not know chemistry. *Source:* SCIENCE.md 2.2 (annual balance: Turc 1954, Pike 1964, as a driver).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.kernels import kernel

Array = NDArray[np.float64]


@kernel
def annual_flux(precipitation: float, drainage: float, roots: Array, flux: Array) -> None:
    """Write the water that passes the top of each layer and the bottom of the last, ``(layer + 1,)``.

    It falls from the precipitation at the surface to the drainage below the roots, as ET = P - q is withdrawn
    with the root shares. Any unit of water; mm is L m-2.
    """
    flux[0] = precipitation
    for j in range(roots.size):
        flux[j + 1] = flux[j] - (precipitation - drainage) * roots[j]
    # The shares sum to one but for rounding, and rounding must not make or lose water.
    flux[roots.size] = drainage
