"""Which learner for what goes with SIC in space: scikit-learn's or LightGBM's gradient boosting, on blocks left out.

Run by hand, printed into docs/11-explanation.md: ``pip install lightgbm``, then
``python -m tests.verification.space_learners [GEMAS.csv]``. The same sizes for both; five divisions into five folds,
or as many as there are blocks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold

from eurosic.explain.observations_dutch import dutch_profiles
from eurosic.explain.observations_fields import infrared_fields
from eurosic.explain.observations_table import read_observations
from eurosic.explain.space import _ITERATIONS, _LEAST_IN_LEAF, _LEAVES, _RATE, _RIDGE, FOLDS, _model, matrix

_SEEDS = 5


def _lightgbm(seed: int) -> object:
    # No dependency of ours: who does not measure does not need it.
    from lightgbm import LGBMRegressor  # noqa: PLC0415

    return LGBMRegressor(
        n_estimators=_ITERATIONS,
        learning_rate=_RATE,
        num_leaves=_LEAVES,
        min_child_samples=_LEAST_IN_LEAF,
        reg_lambda=_RIDGE,
        random_state=seed,
        verbose=-1,
        n_jobs=1,
    )


def _skill(make: Callable[[int], object], x: np.ndarray, y: np.ndarray, block: np.ndarray) -> str:
    found, began = [], time.process_time()
    folds = min(FOLDS, len(np.unique(block)))
    for seed in range(_SEEDS):
        told = np.empty_like(y)
        for train, test in GroupKFold(folds, shuffle=True, random_state=seed).split(x, y, block):
            told[test] = make(seed).fit(x[train], y[train]).predict(x[test])  # type: ignore[attr-defined]
        found.append(1.0 - np.sum((y - told) ** 2) / np.sum((y - y.mean()) ** 2))
    seconds = (time.process_time() - began) / (folds * _SEEDS)
    return f"{np.mean(found):.3f} +- {np.std(found):.3f} | {seconds:.3f}"


def main() -> None:
    """Print a table: observations, target, R2 on blocks left out and seconds of a fit, of both."""
    observed = [
        dutch_profiles(),
        infrared_fields(),
        *(read_observations(Path(path)) for path in sys.argv[1:]),
    ]
    print(  # noqa: T201
        "| observations | target | scikit-learn, R2 | s a fit | LightGBM, R2 | s a fit |\n|---|---|---|---|---|---|"
    )
    for one in observed:
        for target in one.targets:
            x, y = matrix(one), one.targets[target].to_numpy()
            both = (_skill(make, x, y, one.block) for make in (_model, _lightgbm))
            print(f"| {one.name} | {target} | {' | '.join(both)} |")  # noqa: T201


if __name__ == "__main__":
    main()
