"""What is summed over areas, and how far members of a predictor lie apart in it, as it is kept on a disk.

*Enters:* nothing but names and arrays. *Leaves:* the quantities of which totals and their intervals are made;
deviations packed into two bytes and back. Must not know predictors or files.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

# Area sums of these are kept for every year, so that totals need no second pass over the cells.
TOTALLED = (
    "sic_change_0_30cm",
    "sic_change_0_100cm",
    "sic_change_0_200cm",
    "dic_leaching",
    "co2_to_air_from_carbonate",
    "nitrate_leaching",
)
# A flux of which the sum of all years since the start is told too, and how that sum is called.
ADDED_UP, SINCE_START = "co2_to_air_from_carbonate", "co2_to_air_from_carbonate_since_start"
# What has an interval in totals.
SUMMED = (*TOTALLED, SINCE_START)

# A half has all its bits from 6e-5 upwards: fluxes that lie 1e-6 kg m-2 yr-1 apart are lifted above that.
SCALE = 2.0**-10
_LIFT = np.float32(1.0 / SCALE)
# The largest half that is one after rounding too.
_MOST = np.float32(65024.0)
# Of 11 bits seven are kept, for 0.8 % of a deviation is no news of an interval; the others, zero, take no room.
_DROPPED = 4
# What a store says of deviations that are packed so: who opens it with xarray has them unpacked.
PACKED: Mapping[str, str | float] = MappingProxyType(
    {
        "units": "kg m-2",
        "scale_factor": SCALE,
        "comment": "fluxes: kg m-2 yr-1; stored as halves, value = stored x scale_factor",
    }
)


def pack_deviation(deviation: NDArray[np.floating]) -> NDArray[np.float16]:
    """Return deviations as halves of the same shape, to 0.8 %, between 6e-8 and 60 of their unit.

    Examples
    --------
    >>> float(unpack_deviation(pack_deviation(np.array([0.375])))[0])
    0.375
    """
    lifted = np.multiply(deviation, _LIFT, dtype=np.float32)
    # Two comparisons in place take a third of the time of `clip`, which goes through halves one by one.
    np.maximum(np.minimum(lifted, _MOST, out=lifted), -_MOST, out=lifted)
    bits = lifted.astype(np.float16).view(np.uint16)
    # To the nearest, and of two that are as near to the even one: sums of many are not drawn to zero.
    bits = bits + np.uint16((1 << (_DROPPED - 1)) - 1) + ((bits >> _DROPPED) & 1)
    return (bits & np.uint16(0xFFFF << _DROPPED & 0xFFFF)).view(np.float16)


def unpack_deviation(packed: NDArray[np.float16]) -> NDArray[np.float64]:
    """Return what `pack_deviation` was given, within its rounding."""
    return packed.astype(np.float64) * SCALE
