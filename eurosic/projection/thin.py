"""A thinned table: a few hundred study cells that stand for all, each for neighbours of its own country.

*Enters:* area and country of every study cell, in the order of the table; the number wanted; a seed. *Leaves:* a
`Thinned`: the drawn cells, and for every study cell the one that stands for it. Because each cell has an owner, sums
over any polygon can be had from the drawn cells. *Source:* one draw from each stratum, with probability in proportion
to size: Cochran (1977), Sampling Techniques, chapters 5 and 9A.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]

# A small country must not hang on one cell, nor any other sum.
LEAST = 4


@dataclass(frozen=True)
class Thinned:
    """Places of the drawn cells in the table, increasing ``(drawn,)``, and who stands for each cell ``(cell,)``.

    `owner` counts along `cells`; it is -1 for a cell that has no value, for which nobody stands.
    """

    cells: Places
    owner: Places

    def weights(self, area: Array) -> Array:
        """Return the area for which each drawn cell stands, ``(drawn, ...)``, of areas ``(cell, ...)``."""
        found = np.zeros((len(self.cells), *area.shape[1:]))
        kept = self.owner >= 0
        np.add.at(found, self.owner[kept], area[kept])
        return found


def thin(area: Array, country: NDArray[np.integer], wanted: int, *, seed: int) -> Thinned:
    """Return about `wanted` cells that stand for all of those with an area (all, where there are fewer).

    Parameters
    ----------
    area
        Calcareous arable area of each cell, m2, ``(cell,)``; zero for a cell that is not to be counted.
    country
        Code of each cell's country, ``(cell,)``.
    wanted
        Number of cells; countries have them by area, and at least four or all they have.
    seed
        Equal seeds draw equal cells.

    Examples
    --------
    >>> found = thin(np.ones(100), np.zeros(100, int), 20, seed=1)
    >>> len(found.cells), found.weights(np.ones(100)).tolist() == [5.0] * 20
    (20, True)
    """
    rng = np.random.default_rng(seed)
    stratum = _strata(area, country, wanted)
    cells, owner = [], np.full(len(area), -1, dtype=np.int64)
    codes = np.unique(stratum[stratum >= 0])
    for code in codes:
        inside = np.flatnonzero(stratum == code)
        cells.append(int(rng.choice(inside, p=area[inside] / area[inside].sum())))
        owner[inside] = len(cells) - 1
    drawn = np.array(cells, dtype=np.int64)
    order = np.argsort(drawn)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    owner[owner >= 0] = rank[owner[owner >= 0]]
    return Thinned(drawn[order], owner)


def _strata(area: Array, country: NDArray[np.integer], wanted: int) -> Places:
    """Return the stratum of each cell: in each country, runs of the table's order of about equal area."""
    stratum, first = np.full(len(area), -1, dtype=np.int64), 0
    for code in np.unique(country[area > 0]):
        # Neighbours follow each other in the table, so that a run of it is a patch of land.
        inside = np.flatnonzero((country == code) & (area > 0))
        share = area[inside].sum() / area.sum()
        number = min(len(inside), max(LEAST, round(wanted * share)))
        if number == len(inside):
            stratum[inside] = first + np.arange(number)
        else:
            middle = np.cumsum(area[inside]) - 0.5 * area[inside]
            stratum[inside] = first + np.floor(middle / area[inside].sum() * number).astype(np.int64)
        first += number
    return stratum
