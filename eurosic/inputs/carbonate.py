"""Carbonate down the profile: from one raster, two, or six depths to stocks per standard depth.

*Enters:* carbonate layers (%), decalcified depth, bulk density, gravel. *Leaves:* carbonate (%), SIC
(kg m-2 of carbon) and base saturation per standard depth ``(cell, depth)``. Pure functions: no files, no
Dask. *Source:* CONVENTIONS.md, "From rasters to a column".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3
from eurosic.base.vocabulary import STANDARD_DEPTHS

Array = NDArray[np.float64]

_TOP, _BOTTOM = np.array(STANDARD_DEPTHS).T
THICKNESS = _BOTTOM - _TOP
# A topsoil raster holds for the standard depths that end here or above, m.
TOPSOIL = 0.30
SIX_DEPTHS = tuple(f"carbonate_{d}cm" for d in ("0_5", "5_15", "15_30", "30_60", "60_100", "100_200"))
# %; carbonate below which a layer counts as calcite-free, as in the variable `regime`.
_CALCITE_FREE = 0.01
# kg m-3 in a g cm-3; a hundred per cent.
_KG_PER_M3, _PERCENT = 1000.0, 100.0


def raw_profile(layers: Mapping[str, Array], *, factor: float, most: float) -> Array:
    """Return carbonate (%) at the six standard depths as rasters give it, shape ``(cell, depth)``.

    Six rasters are taken as they are. Else 0-30 cm takes `carbonate`; below, `carbonate_subsoil` where that
    raster has a value, and carbonate x `factor`, at most `most` (%), where it has none.

    Raises
    ------
    InputError
        If some of the six depths are given and others not.
    """
    if any(name in layers for name in SIX_DEPTHS):
        absent = [name for name in SIX_DEPTHS if name not in layers]
        if absent:
            raise InputError(
                "carbonate", f"lacks {', '.join(absent)}", wanted="all six standard depths or none of them"
            )
        return np.stack([layers[name] for name in SIX_DEPTHS], axis=1)
    topsoil = layers["carbonate"]
    # A raster that says more than `most` for the topsoil is not contradicted.
    below = np.minimum(factor * topsoil, np.maximum(most, topsoil))
    given = layers.get("carbonate_subsoil", np.full_like(topsoil, np.nan))
    subsoil = np.where(np.isnan(given), below, given)
    return np.where(_BOTTOM <= TOPSOIL, topsoil[:, np.newaxis], subsoil[:, np.newaxis])


def calcareous_share(decalcified_depth: Array) -> Array:
    """Return the share of each standard depth that lies below the decalcified depth (m), ``(cell, depth)``.

    Examples
    --------
    >>> calcareous_share(np.array([0.1]))
    array([[0. , 0.5, 1. , 1. , 1. , 1. ]])
    """
    return np.clip((_BOTTOM - decalcified_depth[:, np.newaxis]) / THICKNESS, 0.0, 1.0)


def carbonate_stock(carbonate: Array, density: Array, gravel: Array) -> Array:
    r"""Return SIC per standard depth, kg m-2 of carbon, shape ``(cell, depth)``.

    .. math:: SIC_j = \frac{c_j}{100}\, \rho\, (1 - g)\, h_j\, \frac{M_C}{M_{CaCO_3}}

    Parameters
    ----------
    carbonate
        Mean of each depth, %, shape ``(cell, depth)``.
    density, gravel
        Bulk density of the fine earth (g cm-3) and volume fraction of fragments, shape ``(cell,)``.

    Notes
    -----
    Carbonate in fragments is not counted. One density serves all depths, as in the simulator.

    Examples
    --------
    >>> carbonate_stock(np.full((1, 6), 10.0), np.array([1.4]), np.array([0.0])).sum().round(2)
    np.float64(33.6)
    """
    fine_earth = (density * _KG_PER_M3 * (1.0 - gravel))[:, np.newaxis] * THICKNESS
    return carbonate / _PERCENT * fine_earth * (MOLAR_MASS_C / MOLAR_MASS_CACO3)


def initial_base_saturation(profile: Array, share: Array, calcite_free: Array) -> Array:
    """Return base saturation per standard depth, 1: full over calcite, `calcite_free` ``(cell,)`` without it.

    Parameters
    ----------
    profile, share
        Carbonate as rasters give it (%) and the share that is not decalcified, shape ``(cell, depth)``.
    calcite_free
        Base saturation of the layers without calcite.
    """
    calcareous = np.where(profile >= _CALCITE_FREE, share, 0.0)
    return calcareous + (1.0 - calcareous) * calcite_free[:, np.newaxis]
