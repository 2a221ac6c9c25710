"""Acid from nitrogen, and the bases that harvests take, as sources of strong ions per layer.

*Enters:* the yearly drivers (nitrate leached, extra acid, base cations exported). *Leaves:* sources (mol m-2)
per layer and ion, which move alkalinity by charge alone: acid is never a component. Must not know fertilisers:
their forms became drivers before. *Source:* SCIENCE.md 2.2, 2.7, 7.1.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from eurosic.simulator.constants import CA, MG, NH4, NO3, SO4, K
from eurosic.simulator.kernels import kernel

Array = NDArray[np.float64]

# Shares of what is taken and given by roots in 0-10, 10-20 and 20-30 cm; SCIENCE.md 2.7.
SOURCE_DEPTHS, SOURCE_SHARES = (0.0, 0.1, 0.2, 0.3), (0.5, 0.3, 0.2)
# Depth to which lime is ploughed, m; SCIENCE.md 2.2.
PLOUGH_DEPTH = 0.25
# Charge of exported base cations: Ca, Mg, K; SCIENCE.md 2.2 (printed to 1.001 of it: scaled to one below).
EXPORT_CA, EXPORT_MG, EXPORT_K = 0.455, 0.182, 0.364
# Rate of nitrification per month at 15 degC, and its rise per K as a logarithm; SCIENCE.md 2.2.
NITRIFICATION, _NITRIFICATION_WARMTH = 2.0, log(1.07)
_EXPORT_ALL = EXPORT_CA + EXPORT_MG + EXPORT_K


def overlap(thickness: Array, top: float, bottom: float) -> Array:
    """Return the share of each layer that lies between two depths (m), shape ``(layer,)``.

    Examples
    --------
    >>> overlap(np.array([0.1, 0.2, 0.7]), 0.0, 0.2).tolist()
    [1.0, 0.5, 0.0]
    """
    lower = np.cumsum(thickness)
    upper = lower - thickness
    inside = np.minimum(lower, bottom) - np.maximum(upper, top)
    share: Array = np.clip(inside / thickness, 0.0, 1.0)
    # Limits are decimal fractions, whose sums round: a layer that ends at 0.3 m lies wholly above it.
    return np.asarray(share.round(12))


def source_shares(thickness: Array) -> Array:
    """Return the share of each layer in the acid and in the harvest, summing to 1, shape ``(layer,)``.

    Examples
    --------
    >>> source_shares(np.full(4, 0.1)).round(6).tolist()
    [0.5, 0.3, 0.2, 0.0]
    """
    shares = np.zeros_like(thickness)
    for top, bottom, share in zip(SOURCE_DEPTHS[:-1], SOURCE_DEPTHS[1:], SOURCE_SHARES, strict=True):
        shares += share * overlap(thickness, top, bottom) * thickness / (bottom - top)
    return shares / shares.sum()


def plough_shares(thickness: Array) -> Array:
    """Return the share of each layer in the lime that is ploughed in, summing to 1, shape ``(layer,)``."""
    shares = overlap(thickness, 0.0, PLOUGH_DEPTH) * thickness
    return shares / shares.sum()


@kernel
def annual_sources(nitrate: float, extra: float, export: float, shares: Array, sources: Array) -> None:
    """Write the sources of a step, ``(layer, ion)``, mol m-2, from drivers over the step (mol m-2, molc m-2).

    Nitrate that leaches entered as nitric acid. Extra acid is a strong acid (sulphate) where positive, a
    strong base (calcium) where negative. The harvest removes Ca, Mg and K by charge.
    """
    acid, base = 0.5 * max(extra, 0.0), 0.5 * max(-extra, 0.0)
    for j in range(shares.size):
        sources[j, NO3] = nitrate * shares[j]
        sources[j, SO4] = acid * shares[j]
        sources[j, CA] = (base - 0.5 * export * EXPORT_CA / _EXPORT_ALL) * shares[j]
        sources[j, MG] = -0.5 * export * EXPORT_MG / _EXPORT_ALL * shares[j]
        sources[j, K] = -export * EXPORT_K / _EXPORT_ALL * shares[j]


@kernel
def nitrified_share(celsius: float, months: float) -> float:
    """Return the share of ammonium nitrified in some months: 1 - exp(-k t), k = 2 per month x 1.07^(T - 15).

    Source: SCIENCE.md 2.2.
    """
    return 1.0 - exp(-NITRIFICATION * exp(_NITRIFICATION_WARMTH * (celsius - 15.0)) * months)


@kernel
def nitrify(totals: Array, share: float) -> None:
    """Turn a share of the ammonium of every layer, ``(layer, ion)``, into nitrate, in place.

    A relabelling: NH4+ (+1) becomes NO3- (-1), which lowers alkalinity by two, and charge is conserved.
    """
    for j in range(totals.shape[0]):
        turned = share * totals[j, NH4]
        totals[j, NH4] -= turned
        totals[j, NO3] += turned


@kernel
def ammonium_nitrate(nitrate: float, shares: Array, sources: Array) -> None:
    """Replace nitric acid (mol m-2) in the sources of a step by as much nitrogen as ammonium nitrate.

    Neutral when it enters; when its ammonium is nitrified it has become the same acid.
    """
    for j in range(shares.size):
        sources[j, NO3] = 0.5 * nitrate * shares[j]
        sources[j, NH4] = 0.5 * nitrate * shares[j]
