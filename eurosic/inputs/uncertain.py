"""Rows of the cell table with their uncertain inputs drawn: nitrogen, carbonate, drainage, air, efficiency.

*Enters:* rows of the cell table, the `Spreads` of a recipe, a seed and the number of a draw. *Leaves:* the same rows
with other values, within their bounds. A draw is one state of the world: its fields hold for all years and pathways.
Pure functions: no files, no Dask. *Source:* docs/3-recipes.md, uncertainty, for what each spread is taken from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.pathway import HIGHEST_NUE
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3
from eurosic.base.vocabulary import COVARIATES, STANDARD_DEPTHS
from eurosic.inputs.fields import gaussian_field

Array = NDArray[np.float64]
Rows = Mapping[str, NDArray[np.generic]]

# What errs together has one field; each has its own number in the seed, so that one spread moves no other field.
_FIELDS = ("mineral_n", "manure_n", "deposition", "carbonate", "drainage", "air_porosity", "nue")
# Largest standard deviation of a logit: what stands at its bound does not jump to the other one.
_STEEPEST = 1.0
_KG_PER_M2_M = 1000.0  # g cm-3 and m to kg m-2


@dataclass(frozen=True)
class Spreads:
    """Standard deviations of the inputs, relative to their values (1), and the correlation length, m.

    `nitrogen` is that of mineral N, manure N and deposition, each with a field of its own.
    """

    nitrogen: float
    carbonate: float
    drainage: float
    air_filled_porosity: float
    nue: float
    correlation_length: float


def drawn_rows(rows: Rows, spreads: Spreads, *, seed: int, draw: int) -> dict[str, NDArray[np.generic]]:
    """Return rows of the cell table in one state of the world.

    Nitrogen rates are lognormal about their value as the mean, so that a draw does not make Europe's fertiliser
    more on average; shares between bounds are logit-normal about their value as the median.

    Parameters
    ----------
    rows
        Of the cell table, first axis ``(cell,)``, with `x` and `y`.
    spreads
        Relative standard deviations.
    seed, draw
        Equal ones give a cell equal values, whichever other cells are asked for.
    """
    known = {name: np.asarray(values, np.float64) for name, values in rows.items()}
    fields = {
        name: gaussian_field(known["x"], known["y"], length=spreads.correlation_length, seed=(seed, draw, i))
        for i, name in enumerate(_FIELDS)
    }
    deposition = dict.fromkeys(("deposition_nh4", "deposition_no3"), fields["deposition"])
    rates = {"mineral_n": fields["mineral_n"], "manure_n": fields["manure_n"], **deposition}
    drawn: dict[str, NDArray[np.generic]] = {
        name: lognormal(known[name], field, spreads.nitrogen) for name, field in rates.items()
    }
    nue = known["nitrogen_use_efficiency"]
    drawn["nitrogen_use_efficiency"] = between(nue, fields["nue"], spreads.nue, low=0.0, high=HIGHEST_NUE)
    least = COVARIATES["air_porosity"].valid_min
    most = np.minimum(COVARIATES["air_porosity"].valid_max, known["porosity"])
    drawn["air_porosity"] = between(
        known["air_porosity"], fields["air_porosity"], spreads.air_filled_porosity, low=least, high=most
    )
    # What drains has fallen as rain; a draw is as wet in every year of a series.
    drawn["drainage"] = between(
        known["drainage"],
        fields["drainage"][:, None],
        spreads.drainage,
        low=0.0,
        high=known["precipitation"],
    )
    drawn["sic"] = _carbonate(known, fields["carbonate"], spreads.carbonate)
    return {**rows, **drawn}


def lognormal(mean: Array, field: Array, spread: float) -> Array:
    """Return values of a mean and a relative standard deviation by a standard normal field, never below zero.

    Examples
    --------
    >>> lognormal(np.array([100.0]), np.array([0.0]), 0.15).round(1).tolist()  # the median lies below the mean
    [98.9]
    """
    sigma = np.sqrt(np.log1p(spread**2))
    return np.asarray(mean * np.exp(sigma * field - sigma**2 / 2))


def between(median: Array, field: Array, spread: float, *, low: float, high: Array | float) -> Array:
    r"""Return values between two bounds by a standard normal field; what stands at a bound, or beyond, stays.

    .. math:: v = l + (h - l)\, \mathrm{expit}(\mathrm{logit}\, u + \sigma f), \quad u = (m - l) / (h - l)

    with :math:`\sigma` such that the standard deviation is `spread` times the median to first order, and at most 1.

    Examples
    --------
    >>> between(np.array([0.6, 0.9]), np.array([1.0, 1.0]), 0.1, low=0.0, high=0.9).round(3).tolist()
    [0.657, 0.9]
    """
    width = high - low
    inside = (median > low) & (median < high)
    share = np.where(inside, (median - low) / np.where(inside, width, 1.0), 0.5)
    # d v / d f = sigma (h - l) u (1 - u).
    sigma = np.minimum(spread * median / np.where(inside, width * share * (1.0 - share), 1.0), _STEEPEST)
    odds = share / (1.0 - share) * np.exp(sigma * field)
    return np.asarray(np.where(inside, low + width * odds / (1.0 + odds), median))


def _carbonate(known: Mapping[str, Array], field: Array, spread: float) -> Array:
    """Return the carbonate of each depth, kg m-2 ``(cell, depth)``: its share of the fine earth drawn, one field."""
    thickness = np.diff(np.array(STANDARD_DEPTHS), axis=1)[:, 0]
    earth = (known["bulk_density"] * (1.0 - known["gravel"]))[:, None] * thickness * _KG_PER_M2_M
    whole = earth * MOLAR_MASS_C / MOLAR_MASS_CACO3
    return between(known["sic"], field[:, None], spread, low=0.0, high=whole)
