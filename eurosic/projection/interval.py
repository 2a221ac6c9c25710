"""From the half-width of a prediction's interval to what is stored: the 5th and the 95th percentile.

*Enters:* reported values and half-widths of every pathway, stocks. *Leaves:* both percentiles, cut at what is
physically possible. *Must not* know torch, Dask, Zarr or xarray. *Source:* CONVENTIONS.md, section Variables.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eurosic.base.spread import percentile_names
from eurosic.base.vocabulary import Variable

Array = NDArray[np.float64]


def half_widths(spread: Array, shares: Array) -> Array:
    """Return the half-widths of every pathway ``(pathway, cell, year)`` from those of every variant.

    Parts of a cell's area have one soil and one network: their errors are taken as fully correlated, so that
    half-widths add, weighted by the shares of area ``(pathway, variant)``. Independent ones would be narrower.
    """
    # A variant without a share must not bring its NaN.
    return np.stack([np.tensordot(row[row > 0], spread[row > 0], axes=1) for row in shares])


def percentiles(
    variable: Variable, values: Array, half: Array, *, stocks: Mapping[str, NDArray[np.floating]]
) -> dict[str, Array]:
    """Return both percentiles of a target, value -/+ half-width cut at what is possible, shape of `values`.

    Parameters
    ----------
    variable
        The target.
    values, half
        Reported values and half-widths, shape ``(pathway, cell, year)``.
    stocks
        By name, ``(cell,)``, kg m-2: no soil loses more carbonate than it holds.
    """
    least: float | Array = variable.valid_min
    if variable.name.startswith("sic_change_"):
        stock = stocks[variable.name.replace("change", "stock")].astype(np.float64)
        least = -stock[None, :, None]
    # The value itself stays inside, whatever its rounding.
    low = np.minimum(values, np.maximum(values - half, least))
    high = np.maximum(values, np.minimum(values + half, variable.valid_max))
    return dict(zip(percentile_names(variable.name), (low, high), strict=True))
