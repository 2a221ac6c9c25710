"""What goes with SIC in space: a statistical learner of stocks on covariates, tested on blocks that it has not seen.

*Enters:* `Observations`. *Leaves:* a fitted learner, its skill, SHAP attributions in the target's unit, and partial
dependence. The learner is scikit-learn's gradient boosting over histograms: LightGBM was no better on blocks left out
(docs/11-explanation.md), and is one library more. Describes what goes together at one time; nothing here is a cause.
*Source:* Lundberg et al. (2020), doi:10.1038/s42256-019-0138-9; Friedman (2001), doi:10.1214/aos/1013203451.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shap
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, KFold
from threadpoolctl import threadpool_limits

from eurosic.base.errors import InputError
from eurosic.explain.observations import Observations

Array = NDArray[np.float64]

FOLDS = 5
# Few leaves and slow learning: hundreds of sites, not millions. Monotone or other prior knowledge is not put in: what
# comes out is to be the data's.
_ITERATIONS, _RATE, _LEAVES, _LEAST_IN_LEAF, _RIDGE = 200, 0.05, 8, 10, 1.0
# Sums of attributions and base value equal the prediction to this share of the spread of predictions.
_ADDITIVE = 1e-6
# Sites over which a partial dependence is averaged; more change its third digit.
_AVERAGED = 300


@dataclass(frozen=True)
class Skill:
    """How well blocks that were left out are predicted: R2 and RMSE (unit of the target), and R2 of sites at random.

    The last is what a careless test would report: neighbours of a site stand on both sides of it.
    """

    r2: float
    rmse: float
    r2_random: float


@dataclass(frozen=True, eq=False)
class Learner:
    """A fitted learner of one target, the covariates it takes, and its seed."""

    model: HistGradientBoostingRegressor
    covariates: tuple[str, ...]
    target: str

    def predict(self, covariates: Array) -> Array:
        """Return the target of sites ``(site, covariate)``."""
        return np.asarray(self.model.predict(covariates), dtype=np.float64)


def fit(
    observations: Observations, target: str, *, times: NDArray[np.int64] | None = None, seed: int = 0
) -> Learner:
    """Return a learner of a target on all covariates.

    Parameters
    ----------
    times
        How often each site counts, ``(site,)``: that of a bootstrap. Once, where not given.

    Raises
    ------
    InputError
        If the observations have no such target.
    """
    if target not in observations.targets:
        raise InputError(
            observations.name, f"has no {target}", wanted=", ".join(map(str, observations.targets))
        )
    x, y = _matrix(observations), observations.targets[target].to_numpy()
    # Rows are repeated: weights would do the same, and take three times as long to find the histograms' limits.
    rows = np.arange(len(y)) if times is None else np.repeat(np.arange(len(y)), times)
    model = _fitted(x[rows], y[rows], seed)
    return Learner(model, tuple(map(str, observations.covariates)), target)


def skill(observations: Observations, target: str, *, seed: int = 0) -> Skill:
    """Return the skill of a learner on blocks, and on sites at random, each left out once in five folds.

    In as many folds as there are blocks, where there are four.
    """
    x, y = _matrix(observations), observations.targets[target].to_numpy()
    parts_of = min(FOLDS, len(np.unique(observations.block)))
    folds = GroupKFold(parts_of, shuffle=True, random_state=seed).split(x, y, observations.block)
    at_random = KFold(FOLDS, shuffle=True, random_state=seed).split(x)
    told, careless = (_left_out(x, y, list(parts), seed) for parts in (folds, at_random))
    error = y - told
    spread = np.sum((y - y.mean()) ** 2)
    return Skill(
        float(1.0 - np.sum(error**2) / spread),
        float(np.sqrt(np.mean(error**2))),
        float(1.0 - np.sum((y - careless) ** 2) / spread),
    )


def attributions(learner: Learner, covariates: Array) -> tuple[Array, float]:
    """Return the SHAP value of each covariate at each site ``(site, covariate)``, and the base value.

    Exact for trees, given the learner's own way of leaving a covariate out (by the sites in each branch).

    Raises
    ------
    InputError
        If attributions and base value do not add up to the prediction.
    """
    explainer = shap.TreeExplainer(learner.model)
    values = np.asarray(explainer.shap_values(covariates, check_additivity=False), dtype=np.float64)
    base = float(np.ravel(explainer.expected_value)[0])
    told = learner.predict(covariates)
    apart = np.abs(values.sum(axis=1) + base - told).max()
    if apart > _ADDITIVE * max(float(np.ptp(told)), 1e-12) + 1e-9:
        raise InputError(
            f"attributions of {learner.target}",
            f"miss the prediction by {apart:.3g}",
            wanted="sums that equal it",
            do="Install versions of shap and scikit-learn that know each other.",
        )
    return values, base


def dependence(learner: Learner, covariates: Array, name: str, grid: Array) -> Array:
    """Return the mean prediction if every site had the same value of one covariate, ``(grid,)``.

    Other covariates stay as they are, also where the two do not occur together in any soil.
    """
    j = learner.covariates.index(name)
    step = max(1, len(covariates) // _AVERAGED)
    sites = covariates[::step]
    asked = np.tile(sites, (len(grid), 1))
    asked[:, j] = np.repeat(grid, len(sites))
    return learner.predict(asked).reshape(len(grid), -1).mean(axis=1)


def matrix(observations: Observations) -> Array:
    """Return the covariates as an array ``(site, covariate)``."""
    return _matrix(observations)


def _matrix(observations: Observations) -> Array:
    return observations.covariates.to_numpy(dtype=np.float64)


def _model(seed: int) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        learning_rate=_RATE,
        max_iter=_ITERATIONS,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_LEAST_IN_LEAF,
        l2_regularization=_RIDGE,
        early_stopping=False,
        random_state=seed,
    )


def _fitted(x: Array, y: Array, seed: int) -> HistGradientBoostingRegressor:
    # With hundreds of sites threads wait for each other longer than they work.
    with threadpool_limits(limits=1):
        return _model(seed).fit(x, y)


def _left_out(x: Array, y: Array, folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]], seed: int) -> Array:
    told = np.empty_like(y)
    for train, test in folds:
        told[test] = _fitted(x[train], y[train], seed).predict(x[test])
    return told
