"""Water that drains below the roots, from precipitation and potential evapotranspiration.

*Enters:* annual or monthly water (mm), water held at field capacity and wilting point. *Leaves:* annual
drainage (mm yr-1). Two balances, because water decides the answer more than anything else: Turc-Pike is the
default, a monthly bucket the alternative. Pure functions on arrays: no files, no Dask. Both know no snow,
no runoff, no irrigation and no capillary rise. *Source:* SCIENCE.md 2.2; Turc (1954); Pike (1964).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.vocabulary import STANDARD_DEPTHS

Array = NDArray[np.float64]

# Years of the first climate that a bucket sees before it counts: stores of 2 m of soil, a few hundred mm,
# forget how they were filled within a few years where anything drains at all.
SPIN_UP_YEARS = 10
# mm of water in a metre of water content: SI definition.
_MM_PER_M = 1000.0
# mm; keeps zero over zero from a layer that holds nothing while nothing evaporates.
_TINY = 1.0e-12


@dataclass(frozen=True)
class Store:
    """Water that soil layers can hold, mm, each of shape ``(cell, depth)``, and the share of roots in each.

    `capacity` lies between wilting point and field capacity; `roots` sums to 1 over the depths.
    """

    capacity: Array
    roots: Array


def turc_pike_drainage(precipitation: Array, pet: Array) -> Array:
    r"""Return annual drainage (mm yr-1) by Turc-Pike, the shape of the arguments.

    .. math:: q = P - \frac{P}{\sqrt{1 + (P / PET)^2}}

    Parameters
    ----------
    precipitation, pet
        Annual precipitation and potential evapotranspiration, mm yr-1, any shape.

    Notes
    -----
    Source: Turc (1954), Ann. Agron. 5, 491-595, with the constant 1 of Pike (1964), J. Hydrol. 2, 116-123.
    An annual bucket drains nothing where P < PET, which is most of Europe's calcareous arable land.

    Examples
    --------
    >>> turc_pike_drainage(np.array([800.0]), np.array([600.0]))
    array([320.])
    """
    # P PET / hypot(P, PET) is the evaporation without a division by PET, which is zero in the Arctic.
    length = np.hypot(precipitation, pet)
    share = np.divide(pet, length, out=np.zeros_like(length), where=length > 0)
    return precipitation * (1.0 - share)


def root_store(field_capacity: Array, wilting_point: Array, *, gravel: Array, root_depth: Array) -> Store:
    """Return what the six standard depths hold for plants, and the share of roots in each.

    Parameters
    ----------
    field_capacity, wilting_point
        Volumetric water contents of the fine earth, 1, shape ``(cell,)``.
    gravel
        Volume fraction of fragments, which hold no water, 1, shape ``(cell,)``.
    root_depth
        E-folding depth of water uptake, m, shape ``(cell,)``.
    """
    top, bottom = np.array(STANDARD_DEPTHS).T
    held = (field_capacity - wilting_point) * (1.0 - gravel)
    scale = root_depth[:, np.newaxis]
    weight = np.exp(-top / scale) - np.exp(-bottom / scale)
    return Store(
        held[:, np.newaxis] * (bottom - top) * _MM_PER_M,
        weight / weight.sum(axis=1, keepdims=True),
    )


def monthly_bucket_drainage(precipitation: Array, pet: Array, store: Store) -> Array:
    r"""Return drainage out of the lowest layer by a bucket per layer and month, summed to years, mm yr-1.

    Each month and layer, from the top down, with :math:`Q_{above}` the overflow of the layer above:

    .. math:: ET_j = PET\, w_j \min(1, V_j' / (0.5\, V_{max,j})), \quad
              V_j' = \min(V_{max,j}, V_j + Q_{above} - ET_j)

    with ET at the water content after the month (implicit), so that more rain never drains less.

    Parameters
    ----------
    precipitation, pet
        mm month-1, shape ``(cell, year, month)``; the first year is repeated to fill the stores.
    store
        What the layers hold.

    Returns
    -------
    Array
        Annual drainage, shape ``(cell, year)``.

    Notes
    -----
    Source: SCIENCE.md 2.2. Water that a layer lacks is not taken from another, so that shallow roots drain
    more than Turc-Pike would on sand and less on deep loam.
    """
    cells, years, _ = precipitation.shape
    water = store.capacity.copy()
    for _ in range(SPIN_UP_YEARS):
        water, _ = _year(water, precipitation[:, 0], pet[:, 0], store)
    drained = np.empty((cells, years))
    for year in range(years):
        water, drained[:, year] = _year(water, precipitation[:, year], pet[:, year], store)
    return drained


def _year(water: Array, precipitation: Array, pet: Array, store: Store) -> tuple[Array, Array]:
    """Return the stores after a year (mm, new array) and what has left the lowest layer, mm."""
    water, drained = water.copy(), np.zeros(len(water))
    for month in range(precipitation.shape[1]):
        flux = precipitation[:, month]
        for layer in range(water.shape[1]):
            flux = _layer(water, flux, pet[:, month], store, layer=layer)
        drained += flux
    return water, drained


def _layer(water: Array, inflow: Array, pet: Array, store: Store, *, layer: int) -> Array:
    """Return what flows out of a layer in a month, mm; `water` is changed in place."""
    capacity, sun = store.capacity[:, layer], pet * store.roots[:, layer]
    water_in = water[:, layer] + inflow
    # Implicit, in closed form: a month is long, and an explicit step would take more than there is, or,
    # after a dry month, nothing of what a wet one brings. The larger of the two limbs of min() holds.
    held = np.maximum(water_in - sun, water_in * capacity / np.maximum(capacity + 2.0 * sun, _TINY))
    water[:, layer] = np.minimum(capacity, held)
    return held - water[:, layer]
