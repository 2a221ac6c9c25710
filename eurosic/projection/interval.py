"""From the half-width of a prediction's interval to what is stored: the 5th and the 95th percentile.

*Enters:* reported values and half-widths of every pathway, stocks. *Leaves:* both percentiles, cut at what is
physically possible. *Must not* know torch, Dask, Zarr or xarray. *Source:* CONVENTIONS.md, section Variables.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Numbers
from eurosic.base.spread import percentile_names
from eurosic.base.vocabulary import Variable


def percentiles(
    variable: Variable, values: Numbers, half: Numbers, *, stocks: Mapping[str, NDArray[np.floating]]
) -> dict[str, Numbers]:
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
    least: float | Numbers = variable.valid_min
    if variable.name.startswith("sic_change_"):
        stock = stocks[variable.name.replace("change", "stock")]
        least = -stock[None, :, None]
    # The value itself stays inside, whatever its rounding.
    low = np.minimum(values, np.maximum(values - half, least))
    high = np.maximum(values, np.minimum(values + half, variable.valid_max))
    return dict(zip(percentile_names(variable.name), (low, high), strict=True))
