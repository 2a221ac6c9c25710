"""Pathways from variants: a pathway treats shares of each cell's area, and what it says of the cell is their mean.

*Enters:* what was answered for every variant, and the shares of area. *Leaves:* the same of every pathway, in the
order of memory in which it came: a predictor speaks year by year, and to turn that round takes longer than to mix it.
*Must not* know torch, Dask, Zarr or xarray. *Source:* docs/seams.md (variants).
"""

from __future__ import annotations

import numpy as np

from eurosic.base.signature import Array, Numbers


def mixed(values: Numbers, shares: Array) -> Numbers:
    """Return ``(pathway, ...)`` of ``(variant, ...)``: means by the shares of area, ``(pathway, variant)``.

    Half-widths of intervals mix like values: parts of a cell's area have one soil and one network, so their errors
    are taken as fully correlated. Independent ones would be narrower.
    """
    made = np.empty_like(values, shape=(len(shares), *values.shape[1:]))
    for pathway, share in zip(made, shares, strict=True):
        # A variant without a share must not bring its NaN. One alone is the pathway, bit for bit.
        first, *others = np.flatnonzero(share)
        if not others:
            pathway[...] = values[first]
            continue
        np.multiply(values[first], share[first], out=pathway, casting="same_kind")
        for part in others:
            pathway += values.dtype.type(share[part]) * values[part]
    return made


def chosen(values: Numbers, shares: Array) -> Numbers:
    """Return ``(pathway, ...)`` of ``(variant, ...)`` that cannot be averaged: that of the largest share of area."""
    made = np.empty_like(values, shape=(len(shares), *values.shape[1:]))
    for pathway, part in zip(made, np.argmax(shares, axis=1), strict=True):
        pathway[...] = values[part]
    return made
