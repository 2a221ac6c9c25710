"""Pedotransfer functions: what a soil map does not show, estimated from what it does.

*Enters:* texture, organic carbon and carbonate (% of the fine earth), any shape. *Leaves:* density, water
contents, exchange capacity, base saturation. Pure functions on arrays, each with its source; what is known
from memory only is marked [M] in `derivations` and meant to be replaced by a layer of the user's.
*Source:* SCIENCE.md section 6; Saxton and Rawls (2006); Moldrup et al. (2000).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# g cm-3; quartz and most silicates, calcite is 2.71.
PARTICLE_DENSITY = 2.65
# Organic matter per organic carbon, by mass; van Bemmelen, as Saxton and Rawls use it.
ORGANIC_MATTER_PER_CARBON = 1.724
# g cm-3; bounds of arable mineral soils, SCIENCE.md section 6.
_BULK_DENSITY = (1.0, 1.65)
# cmol kg-1; bounds, SCIENCE.md section 6.
_CEC = (6.0, 45.0)
# %; carbonate above which it visibly dilutes the charged minerals.
_CEC_CARBONATE = 40.0
# Air that even a soil at field capacity holds, and water between field capacity and wilting point.
_LEAST_AIR, _LEAST_AVAILABLE = 0.05, 0.02
# Lab pH at which an exchanger holds no bases, and at which it holds nothing else.
_PH_ACID, _PH_BASIC = 4.0, 7.0
_LEAST_BASE_SATURATION = 0.05


def bulk_density(organic_carbon: Array) -> Array:
    """Return the bulk density of the fine earth, g cm-3: 1.6 - 0.09 SOC (%), between 1.0 and 1.65.

    Notes
    -----
    Source: SCIENCE.md section 6 (spread 0.08 g cm-3); the shape of the European topsoil functions.

    Examples
    --------
    >>> bulk_density(np.array([2.0, 20.0])).round(2)
    array([1.42, 1.  ])
    """
    return np.clip(1.6 - 0.09 * organic_carbon, *_BULK_DENSITY)


def porosity(density: Array) -> Array:
    """Return total porosity, 1, of a soil of bulk density `density` (g cm-3)."""
    return 1.0 - density / PARTICLE_DENSITY


def water_contents(clay: Array, sand: Array, organic_carbon: Array) -> tuple[Array, Array]:
    r"""Return volumetric water contents at field capacity (-33 kPa) and wilting point (-1500 kPa).

    With clay C and sand S as fractions, organic matter O in % and first estimates t:

    .. math::
        t_{33} &= -0.251 S + 0.195 C + 0.011 O + 0.006 S O - 0.027 C O + 0.452 S C + 0.299 \\
        \theta_{33} &= t_{33} + 1.283 t_{33}^2 - 0.374 t_{33} - 0.015 \\
        t_{1500} &= -0.024 S + 0.487 C + 0.006 O + 0.005 S O - 0.013 C O + 0.068 S C + 0.031 \\
        \theta_{1500} &= 1.14 t_{1500} - 0.02

    Parameters
    ----------
    clay, sand, organic_carbon
        % of the fine earth; organic matter is 1.724 organic carbon, at most 8 % as in the fit.

    Notes
    -----
    Source: Saxton and Rawls (2006), Soil Sci. Soc. Am. J. 70, 1569-1578, equations 1 and 2; the standard
    error of the fit is 0.05 and 0.04. It was fitted to soils of the USA with at most 60 % of clay.
    """
    c, s = np.minimum(clay, 60.0) / 100.0, sand / 100.0
    o = np.minimum(ORGANIC_MATTER_PER_CARBON * organic_carbon, 8.0)
    t33 = -0.251 * s + 0.195 * c + 0.011 * o + 0.006 * s * o - 0.027 * c * o + 0.452 * s * c + 0.299
    t1500 = -0.024 * s + 0.487 * c + 0.006 * o + 0.005 * s * o - 0.013 * c * o + 0.068 * s * c + 0.031
    return t33 + 1.283 * t33**2 - 0.374 * t33 - 0.015, 1.14 * t1500 - 0.02


def bounded_field_capacity(field_capacity: Array, pores: Array) -> Array:
    """Return field capacity such that 0.05 of the soil stays air, whatever two functions say of it."""
    return np.clip(field_capacity, 0.08, pores - _LEAST_AIR)


def bounded_wilting_point(wilting_point: Array, field_capacity: Array) -> Array:
    """Return the wilting point such that 0.02 of the soil is water that plants can take."""
    return np.clip(wilting_point, 0.01, field_capacity - _LEAST_AVAILABLE)


def air_porosity(pores: Array, water: Array, bounds: tuple[float, float]) -> Array:
    """Return air-filled porosity, 1: pores less water, within `bounds`.

    Notes
    -----
    pCO2 depends on it by a factor of four: 650 g m-2 yr-1 of carbon give 0.021, 0.039 and 0.092 atm at 1 m
    for 0.22, 0.17 and 0.12 (SCIENCE.md 2.2, diffusion after Moldrup et al. 2000). Below a tenth, roots lack
    oxygen and crops are drained (Grable and Siemer 1968); at 0.12, 490 g give 0.05 atm at 0.5 m.
    """
    return np.clip(pores - water, *bounds)


def exchange_capacity(clay: Array, organic_carbon: Array, carbonate: Array) -> Array:
    """Return CEC at pH 7, cmol kg-1: 0.45 clay + 2.0 SOC (%), falling above 40 % CaCO3, within 6 and 45.

    Notes
    -----
    Source: SCIENCE.md section 6 (spread 3 cmol kg-1). Carbonate bears no charge: above 40 % the capacity
    falls in proportion to what is not carbonate.

    Examples
    --------
    >>> exchange_capacity(np.array([28.0, 28.0]), np.array([2.0, 2.0]), np.array([10.0, 70.0]))
    array([16.6,  8.3])
    """
    diluted = np.minimum(1.0, (100.0 - carbonate) / (100.0 - _CEC_CARBONATE))
    return np.clip((0.45 * clay + 2.0 * organic_carbon) * diluted, *_CEC)


def base_saturation(lab_ph: Array) -> Array:
    """Return base saturation at pH 7, 1, of a calcite-free layer: linear in lab pH from 4 to 7.

    Notes
    -----
    The straight line is an assumption in the shape of the regressions since Beery and Wilding (1971).

    Examples
    --------
    >>> base_saturation(np.array([5.5, 8.0]))
    array([0.5, 1. ])
    """
    return np.clip((lab_ph - _PH_ACID) / (_PH_BASIC - _PH_ACID), _LEAST_BASE_SATURATION, 1.0)
