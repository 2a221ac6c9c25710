"""The value function of a run: raw rows of some cells -> the changes that are explained, of every pathway.

*Enters:* a run's raw forcing, its predictor, the horizons and targets. *Leaves:* a picklable function, ``(cell,
pathway, horizon, target)``. All horizons and targets come from one roll-out, all pathways share a column's context.
Joins the inputs, the predictor and the explanation, and computes nothing that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eurosic.base.pathway import Pathway
from eurosic.base.signature import Array, Predictor
from eurosic.emulator.batches import micro_batch
from eurosic.explain.targets import Target
from eurosic.inputs.raw import RawForcing

# Micro-batches of a predictor that are valued at once: 16 384 rows of one variant, some 250 MB.
_AT_ONCE = 8


@dataclass(frozen=True)
class RunValue:
    """What a predictor says of raw rows, along every pathway of its forcing, the baseline first.

    Parameters
    ----------
    forcing
        Of the pathways that are explained, up to the last horizon.
    predictor
        What answers.
    horizons
        Places of the horizons among the forcing's years.
    targets
        What is told of each horizon.
    """

    forcing: RawForcing
    predictor: Predictor
    horizons: tuple[int, ...]
    targets: tuple[Target, ...]

    def __call__(self, rows: Mapping[str, NDArray[np.generic]]) -> Array:
        """Return the changes, ``(cell, pathway, horizon, target)``; NaN in a cell that could not be answered."""
        prediction = self.predictor.predict(self.forcing(rows, self.predictor.signature))
        places = [self.predictor.signature.target_index(target.variable) for target in self.targets]
        told = prediction.values[:, :, [0, *self.horizons]][..., places]
        told[:, ~prediction.converged] = np.nan
        pathways = np.moveaxis(np.tensordot(self.forcing.shares, told, axes=1), 0, 1)
        since = np.array([target.since_start_year for target in self.targets])
        start = np.where(since, pathways[:, :1, :1], 0.0)
        return np.asarray(pathways[:, :, 1:] - start)

    @property
    def batch(self) -> int:
        """Rows that are valued at once: whole micro-batches, fewer the more variants there are."""
        return _AT_ONCE * micro_batch(len(self.forcing.forcing.variants))

    def along(self, pathways: tuple[Pathway, ...]) -> RunValue:
        """Return the same of other pathways."""
        forcing = replace(self.forcing.forcing, pathways=pathways)
        return replace(self, forcing=replace(self.forcing, forcing=forcing))
