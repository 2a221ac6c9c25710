"""Water of a column: how much passes each depth, in a year or in a month.

*Enters:* precipitation, drainage or demand, root shares. *Leaves:* the flux through the top of each layer and out
of the last; monthly, the store too. An annual step takes Turc-Pike's drainage as given, because a bucket of a
year drains nothing where P < PET. Must not know chemistry. *Source:* SCIENCE.md 2.2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.kernels import kernel
from eurosic.simulator.seasons import EVAPORATION, MONTHS, RAIN

Array = NDArray[np.float64]

# Years after which a column of buckets repeats itself to well below a millimetre.
_YEARS_TO_REPEAT = 3
# Largest factor on evapotranspiration that the fit tries, and its halvings (to 1e-4 of it).
_LARGEST_FACTOR, _FITTING_HALVINGS = 10.0, 17


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


class Bucket(NamedTuple):
    """The monthly water of one column, per layer (L m-2): capacity and wilting point, roots, scratch.

    `fitted` holds precipitation, drainage and the factor on evapotranspiration of the year fitted last.
    """

    capacity: Array
    wilting: Array
    roots: Array
    trial: Array
    fitted: Array


@kernel
def potential_evaporation(precipitation: float, drainage: float) -> float:
    """Return the PET (mm) that Turc-Pike's balance q = P - P/sqrt(1 + (P/PET)^2) implies.

    Solved for PET: PET = P / sqrt((P/E)^2 - 1) with E = P - q; at most ten times the precipitation, where hardly
    anything drains whatever the demand. Source: Turc (1954), Pike (1964), J. Hydrol. 2, 116-123.
    """
    # Irrigation or a wrong map can make drainage exceed rain: then nothing is left to evaporate.
    evaporated = precipitation - drainage
    if evaporated <= 0.0:
        return 0.0
    ratio = precipitation / evaporated
    return precipitation / max(ratio * ratio - 1.0, 0.01) ** 0.5


@kernel
def fill_buckets(bucket: Bucket, water: Array, flux: Array, rain: float, demand: float) -> None:
    """Pass a month's rain (mm) down a column of buckets under an evaporative demand (mm), in place.

    V' = min(V_fc, V + Q_above - ET), Q what overflows; ET_j = PET w_j min(1, (V - V_wp) / (0.5 (V_fc - V_wp))),
    V with the water from above, never below the wilting point. Source: SCIENCE.md 2.2.
    """
    flux[0] = rain
    for j in range(water.size):
        # A month's rain is there while its roots drink: demand meets the store and what comes from above.
        wet = water[j] + flux[j]
        room = 0.5 * (bucket.capacity[j] - bucket.wilting[j])
        free = max(wet - bucket.wilting[j], 0.0)
        taken = min(demand * bucket.roots[j] * min(1.0, free / room), free)
        water[j] = min(bucket.capacity[j], wet - taken)
        flux[j + 1] = wet - taken - water[j]


@kernel
def bucket_drainage(bucket: Bucket, flux: Array, seasons: Array, rain: float, demand: float) -> float:
    """Return what a column of buckets drains in a year (mm) once its years repeat: the third from full."""
    for j in range(bucket.capacity.size):
        bucket.trial[j] = bucket.capacity[j]
    drained = 0.0
    for _ in range(_YEARS_TO_REPEAT):
        drained = 0.0
        for month in range(MONTHS):
            fill_buckets(
                bucket, bucket.trial, flux, rain * seasons[RAIN, month], demand * seasons[EVAPORATION, month]
            )
            drained += flux[bucket.roots.size]
    return drained


@kernel
def fit_evaporation(bucket: Bucket, flux: Array, seasons: Array, rain: float, drainage: float) -> float:
    """Return the factor on Turc-Pike's PET with which the buckets drain what Turc-Pike does.

    Between 0 and 10, by bisection: drainage falls as demand rises. At 10 the roots take all that they reach,
    and winter's overflow still drains.
    """
    if bucket.fitted[0] == rain and bucket.fitted[1] == drainage:
        return bucket.fitted[2]
    demand = potential_evaporation(rain, drainage)
    low, high = 0.0, _LARGEST_FACTOR
    for _ in range(_FITTING_HALVINGS):
        middle = 0.5 * (low + high)
        if bucket_drainage(bucket, flux, seasons, rain, middle * demand) > drainage:
            low = middle
        else:
            high = middle
    bucket.fitted[0], bucket.fitted[1], bucket.fitted[2] = rain, drainage, 0.5 * (low + high)
    return bucket.fitted[2]
