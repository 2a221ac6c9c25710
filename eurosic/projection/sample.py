"""A random sample of cells in which every kind of cell is found: what a self-check does again.

*Enters:* the stratum of each cell, the number wanted, a seed. *Leaves:* a `Sample` with weights, by which it stands
for all cells again. *Source:* stratified sampling, Cochran (1977), Sampling Techniques, chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A stratum has at least this share of the sample: a rare regime must not be judged by two cells.
_LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Sample:
    """Places of the drawn cells, increasing, and how many cells each stands for, both ``(drawn,)``."""

    cells: NDArray[np.int64]
    weight: NDArray[np.float64]


def stratified_sample(strata: NDArray[np.integer], wanted: int, *, seed: int) -> Sample:
    """Return at least `wanted` cells (all, where there are fewer), from every stratum by its share or a tenth.

    Parameters
    ----------
    strata
        Code of each cell, ``(cell,)``; a cell with a negative code is not drawn.
    wanted
        Number of cells; strata that are small are drawn beyond it.
    seed
        Equal seeds draw equal cells.

    Examples
    --------
    >>> drawn = stratified_sample(np.array([0] * 90 + [1] * 10), 20, seed=1)
    >>> len(drawn.cells), float(drawn.weight.sum())
    (20, 100.0)
    """
    rng = np.random.default_rng(seed)
    codes, sizes = np.unique(strata[strata >= 0], return_counts=True)
    cells, weight = [], []
    for code, size in zip(codes, sizes, strict=True):
        share = max(size / sizes.sum(), _LEAST_SHARE)
        number = min(int(size), int(np.ceil(wanted * share)))
        cells.append(rng.choice(np.flatnonzero(strata == code), number, replace=False))
        weight.append(np.full(number, size / number))
    if not cells:
        return Sample(np.empty(0, dtype=np.int64), np.empty(0))
    drawn, stands_for = np.concatenate(cells), np.concatenate(weight)
    order = np.argsort(drawn)
    return Sample(drawn[order].astype(np.int64), stands_for[order])
