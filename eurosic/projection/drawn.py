"""What a predictor answers for some cells in one state of the world: sums to be, cell by cell, and nothing else.

*Enters:* rows of the cell table with drawn inputs, a forcing, a predictor. *Leaves:* the quantities of which totals
are made, of every pathway and reported year. *Must not* know torch, Dask, Zarr or xarray, nor how inputs are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eurosic.base.flags import Status
from eurosic.base.signature import Predictor, names
from eurosic.base.summed import ADDED_UP, TOTALLED
from eurosic.projection.outside import Answer, Fate, Forcing, OutsideRule, Rows, ask
from eurosic.projection.tile import TileSpec

Single = NDArray[np.float32]

# The world as the inputs have it: as the run answers it, and as its fallback would answer all of it.
UNDRAWN, SIMULATED = -1, -2


@dataclass(frozen=True)
class Drawn:
    """Values of some cells: ``(quantity, pathway, year, cell)`` of `summed.SUMMED`, NaN where there are none.

    `simulated` is whether the fallback answered, ``(cell,)``, `outside` how many cells lay outside the predictor's
    domain, and `failed` how many have no value.
    """

    values: Single
    simulated: NDArray[np.bool_]
    outside: int
    failed: int

    def less(self, undrawn: Drawn, simulated: Drawn | None = None) -> Single:
        """Return how far the values lie from those with the inputs as they are; 0 where one of them is missing.

        What the fallback answered is compared with what it says of the inputs as they are (`simulated`): otherwise
        the predictor's own error would pass for an effect of the inputs.
        """
        before = undrawn.values
        if simulated is not None:
            before = np.where(self.simulated, simulated.values, before)
        return np.nan_to_num(self.values - before)


@dataclass(frozen=True)
class World:
    """Some cells in any state of the world, as a worker makes and predicts them; picklable and small.

    `draw` gives the rows of the draw of a number; `UNDRAWN` is the world as the inputs have it, `SIMULATED` the same
    answered by the fallback alone. What the run `simulated`, ``(cell,)``, is so in every world, wherever it lies.
    """

    rows: Rows
    draw: Callable[..., Rows]
    forcing: Forcing
    predictor: Predictor
    spec: TileSpec
    simulated: NDArray[np.bool_] | None = None

    def __call__(self, draw: int) -> Drawn:
        """Return what is predicted for the cells in one state of the world."""
        rows = self.rows if draw in (UNDRAWN, SIMULATED) else self.draw(self.rows, draw=draw)
        fallback, again = self.spec.outside.fallback, self._again(draw)
        if fallback is None or not again.any():
            return predict_drawn(rows, forcing=self.forcing, predictor=self.predictor, spec=self.spec)
        alone = replace(self.spec, outside=OutsideRule(Fate.KEEP))
        first = predict_drawn(_some(rows, again), forcing=self.forcing, predictor=fallback, spec=alone)
        if again.all():
            return replace(first, simulated=again)
        other = predict_drawn(
            _some(rows, ~again), forcing=self.forcing, predictor=self.predictor, spec=self.spec
        )
        return _joined(again, first, other)

    def _again(self, draw: int) -> NDArray[np.bool_]:
        """Return which cells the fallback answers for, wherever they lie, ``(cell,)``."""
        size = len(self.rows["calcareous_arable_area"])
        if draw == SIMULATED or self.simulated is None:
            return np.full(size, draw == SIMULATED)
        return self.simulated


def _some(rows: Rows, which: NDArray[np.bool_]) -> Rows:
    return {name: values[which] for name, values in rows.items()}


def _joined(which: NDArray[np.bool_], first: Drawn, other: Drawn) -> Drawn:
    """Return the cells of which `first` was simulated, among the others."""
    values = np.empty((*other.values.shape[:-1], len(which)), dtype=other.values.dtype)
    values[..., which], values[..., ~which] = first.values, other.values
    simulated = which.copy()
    simulated[~which] = other.simulated
    # Whoever lay outside without a draw counts as outside in each.
    return Drawn(values, simulated, other.outside + int(which.sum()), first.failed + other.failed)


def predict_drawn(rows: Rows, *, forcing: Forcing, predictor: Predictor, spec: TileSpec) -> Drawn:
    """Return what the run's predictor says of some rows, in the reported years.

    A cell that the draw has taken outside the domain is answered as the run's rule says; where the rule is to mask,
    it keeps the predictor's value, since a draw without its extremes would be too narrow.

    Raises
    ------
    PredictorError
        If the rows give columns that the predictor's signature refuses.
    """
    rule = OutsideRule(Fate.KEEP) if spec.outside.fate is Fate.MASK else spec.outside
    size = len(rows["calcareous_arable_area"])
    parts = [
        _batch(
            {name: values[start : start + spec.batch] for name, values in rows.items()},
            replace(spec, outside=rule),
            forcing,
            predictor,
        )
        for start in range(0, size, spec.batch)
    ]
    values = np.concatenate([part.values for part in parts], axis=-1)
    simulated = np.concatenate([part.simulated for part in parts])
    return Drawn(values, simulated, sum(part.outside for part in parts), sum(part.failed for part in parts))


def _batch(rows: Rows, spec: TileSpec, forcing: Forcing, predictor: Predictor) -> Drawn:
    answer = ask(rows, forcing, predictor=predictor, rule=spec.outside)
    values = np.stack([_of(name, answer, predictor, spec) for name in TOTALLED])
    since = np.cumsum(_every_year(ADDED_UP, answer, predictor, spec), axis=-1)[..., list(spec.reported)]
    found = np.concatenate([values, since[None]]).swapaxes(2, 3)
    kept = np.where(answer.valued, found, np.nan).astype(np.float32)
    outside = np.isin(answer.status, (Status.PREDICTED_OUTSIDE_DOMAIN, Status.SIMULATED_OUTSIDE_DOMAIN))
    simulated = answer.status == Status.SIMULATED_OUTSIDE_DOMAIN
    return Drawn(kept, simulated, int(outside.sum()), int((~answer.valued).sum()))


def _of(name: str, answer: Answer, predictor: Predictor, spec: TileSpec) -> NDArray[np.float64]:
    return _every_year(name, answer, predictor, spec)[..., list(spec.reported)]


def _every_year(name: str, answer: Answer, predictor: Predictor, spec: TileSpec) -> NDArray[np.float64]:
    """Return a target of every pathway ``(pathway, cell, year)`` by the variants' shares of the area."""
    values = answer.values[..., names(predictor.signature.targets).index(name)]
    return np.tensordot(spec.shares, np.where(answer.valued[:, None], values, 0.0), axes=1)
