"""What observations say of a driver in space: slopes of every covariate with intervals, and their table.

*Enters:* `Observations` and one of their targets. *Leaves:* `Evidence`: the learner with its skill and
attributions, and as many learners again as blocks are drawn, so that intervals hold what another sample of places
would have taught. A slope is told twice: of the target on one covariate alone (what a scatter plot shows), and of
the covariate's SHAP values on it (what is left when the others have had their share). *Source:* as `space` and
`bootstrap`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.explain.bootstrap import ENDS, UNKNOWN, Estimate, columns_of, estimate, slope, slope_sums
from eurosic.explain.observations import PH, PH_KNOWN_TO, Observations
from eurosic.explain.space import Array, Learner, Skill, attributions, dependence, fit, matrix, skill
from eurosic.explain.states import ALL, Mask

# Learners fitted again; their cost is that of the whole, and ends of an interval of 90 % need no more.
REFITS = 40
# Sites at which learners of draws are attributed: most of the cost, and no more than a slope needs.
_MOST_LOOKED = 400
# pH units between the points of the curve of dependence.
_STEP = 0.1
# Fewer sites in a state than these have no slope.
_LEAST_SITES = 12


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a learner of `target` was taught by observations, and by blocks of them drawn again.

    Parameters
    ----------
    attribution
        SHAP values, ``(site, covariate)``.
    looked, weight, drawn_attribution
        Sites at which learners of draws are attributed, ``(looked,)``; how often each counts in a draw,
        ``(draw, looked)``; and the SHAP values there, ``(draw, looked, covariate)``.
    grid, curve, drawn_curve
        Lab pH, and the mean prediction at each, ``(grid,)`` and ``(draw, grid)``; empty without pH.
    seed
        Of all that was drawn.
    """

    observations: Observations
    target: str
    learner: Learner
    skill: Skill
    attribution: Array
    looked: NDArray[np.int64]
    weight: Array
    drawn_attribution: Array
    grid: Array
    curve: Array
    drawn_curve: Array
    seed: int = 0

    def column(self, covariate: str) -> Array:
        """Return a covariate, ``(site,)``."""
        return self.observations.covariates[covariate].to_numpy(dtype=np.float64)

    def state(self, name: str) -> Mask:
        """Return which sites are in a state; none where the observations do not know it."""
        return self.observations.states.get(name, np.zeros(len(self.observations), dtype=np.bool_))


def gather_evidence(
    observations: Observations, target: str, *, refits: int = REFITS, seed: int = 0
) -> Evidence:
    """Return what observations teach of a target; the learner is fitted ``refits + 11`` times."""
    x = matrix(observations)
    learner = fit(observations, target, seed=seed)
    times = _drawn_times(observations, refits, seed)
    again = [fit(observations, target, times=one, seed=seed) for one in times]
    grid, looked = _grid(observations), np.arange(0, len(x), -(-len(x) // _MOST_LOOKED))
    return Evidence(
        observations,
        target,
        learner,
        skill(observations, target, seed=seed),
        attributions(learner, x)[0],
        looked,
        times[:, looked].astype(np.float64),
        np.stack([attributions(one, x[looked])[0] for one in again]),
        grid,
        _curve(learner, x, grid),
        np.stack([_curve(one, x, grid) for one in again]),
        seed,
    )


def slope_alone(evidence: Evidence, covariate: str, state: str = ALL) -> Estimate:
    """Return the slope of the target on one covariate over the sites of a state, in unit per unit.

    Unknown with fewer than a dozen sites, and on a pH that differs between them by less than it is known to.
    """
    inside = evidence.state(state)
    if not _tells(evidence, covariate, inside):
        return UNKNOWN
    observations = evidence.observations
    target = observations.targets[evidence.target].to_numpy(dtype=np.float64)
    blocks = int(observations.block.max()) + 1
    sums = slope_sums(
        evidence.column(covariate), target, inside.astype(np.float64), observations.block, blocks=blocks
    )
    return estimate(sums, slope, seed=evidence.seed)


def slope_attributed(evidence: Evidence, covariate: str, state: str = ALL) -> Estimate:
    """Return the slope of a covariate's SHAP values on it, over the sites of a state, by learners fitted again.

    Unknown where `slope_alone` is.
    """
    inside = evidence.state(state)
    if not _tells(evidence, covariate, inside):
        return UNKNOWN
    j, x = evidence.learner.covariates.index(covariate), evidence.column(covariate)
    value = _fitted_slope(x, evidence.attribution[:, j], inside.astype(np.float64))
    drawn = [
        # Weighed as the draw has them: sites that were not drawn taught nothing, and do not count.
        _fitted_slope(x[evidence.looked], values[:, j], weight * inside[evidence.looked])
        for weight, values in zip(evidence.weight, evidence.drawn_attribution, strict=True)
    ]
    return Estimate(value, *_ends(np.array(drawn)))


def spread(evidence: Evidence, covariate: str, state: str = ALL) -> float:
    """Return the standard deviation of a covariate over the sites of a state; NaN where there is none."""
    values = evidence.column(covariate)[evidence.state(state)]
    known = values[np.isfinite(values)]
    return float(known.std()) if len(known) else float("nan")


def space_table(evidences: Iterable[Evidence]) -> pd.DataFrame:
    """Return one row for each target and covariate: how much it is attributed, and both slopes over all sites."""
    rows = [row for evidence in evidences for row in _rows(evidence)]
    return pd.DataFrame(rows)


def _rows(evidence: Evidence) -> list[dict[str, object]]:
    observations, size = evidence.observations, np.abs(evidence.attribution).mean(axis=0)
    common = {
        "observations": observations.name,
        "kind": str(observations.kind),
        "circular": observations.circular,
        "target": evidence.target,
        "unit": observations.unit(evidence.target),
        "sites": len(observations),
        "blocks": len(np.unique(observations.block)),
        "r2_blocks_left_out": evidence.skill.r2,
        "rmse_blocks_left_out": evidence.skill.rmse,
        "r2_sites_at_random": evidence.skill.r2_random,
    }
    rows: list[dict[str, object]] = []
    for j in np.argsort(-size):
        name = evidence.learner.covariates[j]
        alone, told = slope_alone(evidence, name), slope_attributed(evidence, name)
        rows.append(
            {
                **common,
                "covariate": name,
                "mean_attribution": size[j],
                "share_of_attributions": size[j] / size.sum(),
                **columns_of("slope_alone", alone),
                **columns_of("slope_attributed", told),
                "note": observations.note,
            }
        )
    return rows


def _drawn_times(observations: Observations, draws: int, seed: int) -> NDArray[np.int64]:
    blocks = int(observations.block.max()) + 1
    random = np.random.default_rng(seed)
    times = random.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=draws)
    return np.asarray(times[:, observations.block], dtype=np.int64)


def _grid(observations: Observations) -> Array:
    if PH not in observations.covariates:
        return np.empty(0)
    ph = observations.covariates[PH].to_numpy(dtype=np.float64)
    low, high = np.nanmin(ph), np.nanmax(ph)
    return np.linspace(low, high, max(2, int(np.ceil((high - low) / _STEP)) + 1))


def _curve(learner: Learner, x: Array, grid: Array) -> Array:
    return dependence(learner, x, PH, grid) if len(grid) else grid


def _tells(evidence: Evidence, covariate: str, inside: Mask) -> bool:
    """Return whether sites can carry a slope: enough of them, and a pH that differs by more than it is wrong."""
    values = evidence.column(covariate)[inside]
    values = values[np.isfinite(values)]
    # Soils that hold calcite have one pH: a run's own, to 0.005, has a steep slope and no meaning.
    least = PH_KNOWN_TO if covariate == PH else 0.0
    return len(values) >= _LEAST_SITES and float(values.std()) >= least


def _fitted_slope(x: Array, y: Array, weight: Array) -> float:
    known = np.isfinite(x) & (weight > 0)
    if not known.any():
        return float("nan")
    a, w = x[known] - np.average(x[known], weights=weight[known]), weight[known]
    spread = np.sum(w * a * a)
    return float(np.sum(w * a * y[known]) / spread) if spread > 0 else float("nan")


def _ends(drawn: Array) -> tuple[float, float]:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return (float("nan"), float("nan"))
    low, high = np.percentile(known, ENDS)
    return float(low), float(high)
