"""Sums over the cells of a batch: totals of every year, and how far each member's totals lie from the mean's.

*Enters:* values and members' deviations of every variant, areas and countries of the cells. *Leaves:*
area sums by country; deviations of every pathway. Members are summed here, over cells, before anybody takes a
quantile: their errors are those of one network each, and so go together from cell to cell. *Must not* know torch,
Dask, Zarr or xarray.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Numbers, Signature
from eurosic.base.summed import TOTALLED, pack_deviation
from eurosic.projection.mixing import mixed

Array = NDArray[np.float64]
Single = NDArray[np.float32]


@dataclass(frozen=True)
class Members:
    """How far each member lies from the mean of all, in the reported years.

    `totals` are the area sums of `eurosic.base.summed.SUMMED`, ``(member, quantity, pathway, year, country)``, kg
    (yr-1); `deviations` those of each cell, of `TOTALLED` and packed, ``(member, quantity, pathway, year, cell)``.
    """

    totals: Array
    deviations: NDArray[np.float16]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return both under the names that the template gives them."""
        return {"member_total": self.totals, "member_deviation": self.deviations}


def members_of(
    members: Single | None, shares: Array, valued: NDArray[np.bool_], weights: Array
) -> Members | None:
    """Return what is kept of the members of a batch, as `deviations_of` takes them; None where there are none."""
    if members is None:
        return None
    deviations = deviations_of(members, shares, valued)
    # What is summed since the start is no variable of the cube: only its totals are told.
    packed = pack_deviation(deviations[:, : len(TOTALLED)])
    return Members(member_totals_of(deviations, weights), packed)


def joined_members(parts: Sequence[Members | None]) -> Members | None:
    """Return the members of all batches of a tile; a predictor has them in all or in none."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    return Members(
        np.sum([part.totals for part in found], axis=0),
        np.concatenate([part.deviations for part in found], axis=-1),
    )


def area_weights(
    rows: Mapping[str, NDArray[np.generic]], valued: NDArray[np.bool_], countries: Sequence[int]
) -> Array:
    """Return the area that each cell gives to each country, m2, ``(cell, country)``; none where it has no value."""
    area = np.where(valued, rows["calcareous_arable_area"], 0.0)
    return (rows["country"][:, None] == np.array(countries)[None, :]) * area[:, None]


def totals_of(
    values: Numbers, signature: Signature, shares: Array, *, valued: NDArray[np.bool_], weights: Array
) -> Array:
    """Return the area sums of `TOTALLED` in every pathway, ``(quantity, pathway, year, country)``.

    Parameters
    ----------
    values
        Of every variant and year, ``(variant, cell, year, target)``.
    signature
        What they are.
    shares
        How pathways are made of variants, as shares of area, ``(pathway, variant)``.
    valued
        Whether each cell has a value, ``(cell,)``.
    weights
        Area that each cell gives to each country, ``(cell, country)``.
    """
    # A batch lies in one to three countries of dozens, and a cell without a value may hold anything.
    here, some = np.flatnonzero(weights.any(axis=0)), slice(None) if valued.all() else valued
    sums = np.zeros((len(TOTALLED), len(shares), values.shape[2], weights.shape[1]))
    for quantity, name in enumerate(TOTALLED):
        told = values[..., signature.target_index(name)][:, some]
        by_variant = np.swapaxes(told, 1, 2) @ weights[some][:, here]
        # Sums of means are means of sums, and there are fewer of these.
        sums[quantity][..., here] = np.tensordot(shares, by_variant, axes=1)
    return sums


def deviations_of(members: Single, shares: Array, valued: NDArray[np.bool_]) -> Single:
    """Return how far each member lies from the mean in every pathway, 0 where a cell has no value.

    Parameters
    ----------
    members
        Deviations of every variant, ``(member, quantity, variant, year, cell)``.
    shares
        How pathways are made of variants, as shares of area, ``(pathway, variant)``.
    valued
        Whether each cell has a value, ``(cell,)``.
    """
    # A share of the area has the same networks: their deviations add with their signs.
    found = np.moveaxis(mixed(np.moveaxis(members, 2, 0), shares), 0, 2)
    # A cell that has no value may hold anything, even what is not finite.
    found[..., ~valued] = 0.0
    return found


def member_totals_of(deviations: Single, weights: Array) -> Array:
    """Return the area sums of deviations, ``(member, quantity, pathway, year, country)``."""
    sums = np.zeros((*deviations.shape[:-1], weights.shape[1]))
    # A batch lies in one to three countries of dozens.
    here = np.flatnonzero(weights.any(axis=0))
    sums[..., here] = deviations.astype(np.float64) @ weights[:, here]
    return sums
