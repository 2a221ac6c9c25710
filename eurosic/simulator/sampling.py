"""The design of an ensemble: scrambled Sobol points through a Gaussian copula, or rows of a user's table.

*Enters:* marginals, correlations, ranges, a seed, and a judge of what is kept. *Leaves:* `Design`: a value of each
ingredient for every simulation. A smaller design is the beginning of a larger one. It must not know what columns
are made of ingredients: that is the inputs' work. *Source:* SCIENCE.md section 6; Owen (1998) for scrambling;
Nataf (1962) for the copula; spearman = 6/pi asin(pearson/2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc

from eurosic.base.errors import SimulationError
from eurosic.base.simulations import INGREDIENTS
from eurosic.simulator.gas import (
    ATMOSPHERE,
    Air,
    carbon_dioxide,
    molar_respiration,
    root_shares,
    tortuosity,
)
from eurosic.simulator.marginals import CORRELATIONS, MARGINALS, Quantile

Array = NDArray[np.float64]
# Values by name in, True for the simulations that are kept out.
Judge = Callable[[Mapping[str, Array]], NDArray[np.bool_]]

# Points drawn at once: a Sobol sequence is balanced over powers of two.
_BLOCK = 2**12
# A design that keeps less than one in two hundred has asked for what hardly exists.
_LEAST_KEPT = 0.005
# m; layers in which the gas profile is summed, and their number down to the depth at which it is judged.
_LAYER, _LAYERS, _ABOVE = 0.02, 100, 25


@dataclass(frozen=True)
class Design:
    """Values by name, first axis ``simulation``, in the units of `INGREDIENTS` or of the vocabulary.

    Names of covariates, states or drivers stand beside ingredients where a table gave them. `tried` is the number
    of points of which these are the ones kept.
    """

    values: Mapping[str, Array]
    tried: int

    def __post_init__(self) -> None:
        """Raise `SimulationError` unless all arrays have as many simulations."""
        sizes = {name: len(values) for name, values in self.values.items()}
        if len(set(sizes.values())) != 1:
            raise SimulationError("design", f"has columns of different lengths: {sizes}")

    @property
    def size(self) -> int:
        """Number of simulations."""
        return len(next(iter(self.values.values())))

    def part(self, rows: slice) -> Design:
        """Return some of the simulations."""
        return Design({name: values[rows] for name, values in self.values.items()}, self.tried)


def sobol_design(size: int, *, seed: int, ranges: Mapping[str, tuple[float, float]], keep: Judge) -> Design:
    """Return the first `size` points that are kept of a scrambled Sobol sequence through the copula.

    Parameters
    ----------
    size, seed
        Simulations wanted; the same seed gives the same points.
    ranges
        Narrower ranges of ingredients, in their units: the marginal's part between them.
    keep
        Judges points, ingredient by name.

    Raises
    ------
    SimulationError
        If a range is empty or not within the design's, or hardly any point is kept.
    """
    quantiles = {
        name: _cut(name, ranges[name]) if name in ranges else MARGINALS[name] for name in INGREDIENTS
    }
    factor = np.linalg.cholesky(copula_matrix())
    engine = qmc.Sobol(len(quantiles), scramble=True, rng=np.random.default_rng(seed))
    blocks: list[dict[str, Array]] = []
    kept = tried = 0
    while kept < size:
        # The sequence is open at neither end; half a point keeps the normal quantiles finite.
        points = np.clip(engine.random(_BLOCK), 2.0**-32, 1.0 - 2.0**-32)
        shares = norm.cdf(norm.ppf(points) @ factor.T)
        block = {name: quantile(shares[:, i]) for i, (name, quantile) in enumerate(quantiles.items())}
        good = np.flatnonzero(keep(block))
        last = size - kept
        tried += int(good[last - 1]) + 1 if len(good) >= last else len(points)
        blocks.append({name: values[good[:last]] for name, values in block.items()})
        kept += min(len(good), last)
        if kept < _LEAST_KEPT * tried:
            raise SimulationError(
                "design",
                f"keeps {kept} of {tried} points",
                wanted=f"at least {_LEAST_KEPT:.1%}",
                do="Widen the ranges, or the drainage and pCO2 that are kept.",
            )
    return Design({name: np.concatenate([block[name] for block in blocks]) for name in INGREDIENTS}, tried)


def table_design(rows: Mapping[str, Array], size: int, *, seed: int, keep: Judge) -> Design:
    """Return `size` rows of a table, drawn together so that they keep their joint distribution.

    Each row stands once before any stands twice. Ingredients that the table does not give are drawn beside it,
    independently of it, and only for these the judge decides: no row is left out.

    Raises
    ------
    SimulationError
        If the table has no row, or no ingredients go with its rows.
    """
    length = len(next(iter(rows.values()), np.empty(0)))
    if length == 0:
        raise SimulationError("table of the design", "has no rows", wanted="one row a column")
    rng = np.random.default_rng(seed)
    rounds = -(-size // length)
    chosen = np.concatenate([rng.permutation(length) for _ in range(rounds)])[:size]
    given = {name: np.asarray(values)[chosen] for name, values in rows.items()}
    beside = sobol_design(size, seed=seed, ranges={}, keep=keep).values
    return Design({**beside, **given}, size)


def copula_matrix() -> Array:
    """Return the correlation matrix of the normals whose ranks have `CORRELATIONS`, in the ingredients' order.

    rho = 2 sin(pi rank / 6).
    """
    order = list(INGREDIENTS)
    matrix = np.eye(len(order))
    for (one, other), rank in CORRELATIONS.items():
        i, j = order.index(one), order.index(other)
        matrix[i, j] = matrix[j, i] = 2.0 * np.sin(np.pi * rank / 6.0)
    return matrix


def pressure_at_half_metre(
    respiration: Array,
    depth: Array,
    *,
    air_porosity: Array,
    porosity: Array,
    celsius: Array,
    millington: bool,
) -> Array:
    """Return pCO2 (atm) at 0.5 m by the simulator's own gas profile, shape ``(simulation,)``.

    Parameters
    ----------
    respiration, depth
        g m-2 yr-1 of carbon, and its e-folding depth, m.
    air_porosity, porosity
        Air-filled and total porosity, 1.
    celsius
        Soil temperature, degC.
    millington
        Whether diffusion follows Millington-Quirk instead of Moldrup.
    """
    thickness, found = np.full(_LAYERS, _LAYER), np.empty(len(respiration))
    shares, pressure = np.empty(_LAYERS), np.empty(_LAYERS)
    for i in range(len(found)):
        root_shares(thickness, depth[i], shares)
        tortuous = tortuosity(air_porosity[i], porosity[i], float(millington))
        air = Air(molar_respiration(respiration[i]), depth[i], tortuous, celsius[i], ATMOSPHERE)
        carbon_dioxide(thickness, air, celsius[i], shares, pressure)
        found[i] = 0.5 * (pressure[_ABOVE - 1] + pressure[_ABOVE])
    return found


def _cut(name: str, limits: tuple[float, float]) -> Quantile:
    """Return a marginal's part between two limits."""
    variable, (low, high) = INGREDIENTS[name], limits
    if not variable.valid_min <= low < high <= variable.valid_max:
        raise SimulationError(
            f"design, range of {name}",
            f"{low:g} to {high:g} {variable.unit}",
            wanted=f"an increasing range within {variable.valid_min:g} to {variable.valid_max:g} {variable.unit}",
            do="Correct the range in the recipe.",
        )
    quantile = MARGINALS[name]
    below, above = _share_below(quantile, low), _share_below(quantile, high)
    if not below < above:
        raise SimulationError(f"design, range of {name}", f"nothing lies within {low:g} to {high:g}")
    # Bisection leaves the ends inexact by its last step, and a range is a promise.
    return lambda u: np.clip(quantile(below + u * (above - below)), low, high)


def _share_below(quantile: Quantile, value: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if quantile(np.array([middle]))[0] <= value:
            low = middle
        else:
            high = middle
    return low
