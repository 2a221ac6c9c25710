"""What a predictor answers for some cells, and what is done about those outside its trained domain.

*Enters:* rows of the cell table, a forcing, a predictor, the `OutsideRule`. *Leaves:* an `Answer`: values, their
spread, and the status of each cell. Each cell is answered by itself, so that it does not matter which others are
asked with it. *Must not* know torch, Dask, Zarr or xarray.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.flags import WITH_VALUE, Status
from eurosic.base.signature import Columns, Numbers, Prediction, Predictor, Signature, WithMembers, names

Rows = Mapping[str, NDArray[np.generic]]
Forcing = Callable[[Rows, Signature], Columns]


class Fate(StrEnum):
    """What a cell outside the domain gets: no value, the predictor's, or that of another predictor."""

    MASK = "mask"
    KEEP = "keep"
    SIMULATE = "simulate"


@dataclass(frozen=True)
class OutsideRule:
    """The rule for cells outside the domain; `fallback` answers for them where they are simulated."""

    fate: Fate = Fate.MASK
    fallback: Predictor | None = None

    def __post_init__(self) -> None:
        """Raise `PredictorError` unless there is a fallback exactly where one is needed."""
        if (self.fate is Fate.SIMULATE) != (self.fallback is not None):
            raise PredictorError(
                "domain",
                f"rule {self.fate!r} with fallback {self.fallback}",
                wanted="one for `simulate` only",
            )


@dataclass(frozen=True)
class Answer:
    """Columns of some cells, values ``(variant, cell, year, target)``, and `status` ``(cell,)``.

    `spread` is that of the years that were asked for, ``(variant, cell, year, target)``, where there is one.
    `members` is what each member says less the mean, ``(member, quantity, variant, year, cell)``, where it was asked.
    """

    columns: Columns
    values: Numbers
    spread: Numbers | None
    status: NDArray[np.int8]
    members: NDArray[np.float32] | None = None

    @property
    def valued(self) -> NDArray[np.bool_]:
        """Whether each cell has a value, ``(cell,)``."""
        return has_value(self.status)


def has_value(status: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return whether a status stands for a value, same shape."""
    return np.isin(status, WITH_VALUE)


def ask(
    rows: Rows, forcing: Forcing, *, predictor: Predictor, rule: OutsideRule, years: Sequence[int] = ()
) -> Answer:
    """Return what is answered for some rows of the cell table; spread and members, where there are any, in `years`.

    Raises
    ------
    PredictorError
        If the rows give columns that the signature of the predictor, or of the fallback, refuses.
    """
    columns = forcing(rows, predictor.signature)
    # All cells are asked before any is put aside: a value that is missing must be told, and not be taken for
    # one outside the domain.
    if years and isinstance(predictor, WithMembers):
        prediction = predictor.predict_with_members(columns, years)
    else:
        prediction = predictor.predict(columns)
        if prediction.spread is not None:
            prediction = replace(prediction, spread=prediction.spread[:, :, list(years)])
    outside = ~predictor.inside(columns)
    status = np.where(prediction.converged, Status.PREDICTED, Status.FAILED).astype(np.int8)
    answer = Answer(columns, prediction.values, prediction.spread, status, prediction.members)
    if not outside.any():
        return answer
    if rule.fate is Fate.MASK:
        return replace(answer, status=np.where(outside, np.int8(Status.OUTSIDE_DOMAIN), status))
    if rule.fallback is None:
        kept = outside & prediction.converged
        return replace(answer, status=np.where(kept, np.int8(Status.PREDICTED_OUTSIDE_DOMAIN), status))
    return _replaced(
        answer, outside, _ask_fallback(rows, forcing, outside, rule.fallback, predictor.signature)
    )


def _ask_fallback(
    rows: Rows, forcing: Forcing, outside: NDArray[np.bool_], fallback: Predictor, wanted: Signature
) -> Prediction:
    """Return the fallback's prediction for the cells outside, its targets in the order of `wanted`."""
    columns = forcing({name: values[outside] for name, values in rows.items()}, fallback.signature)
    prediction = fallback.predict(columns)
    places = [fallback.signature.target_index(name) for name in names(wanted.targets)]
    return Prediction(prediction.values[..., places], prediction.converged)


def _replaced(answer: Answer, outside: NDArray[np.bool_], other: Prediction) -> Answer:
    values, status = answer.values.copy(), answer.status.copy()
    values[:, outside] = other.values
    status[outside] = np.where(other.converged, Status.SIMULATED_OUTSIDE_DOMAIN, Status.FAILED)
    spread = answer.spread
    if spread is not None:
        # What was simulated has no spread.
        spread = spread.copy()
        spread[:, outside] = np.nan
    members = answer.members
    if members is not None:
        # Nor do members differ about it.
        members = members.copy()
        members[..., outside] = 0.0
    return Answer(answer.columns, values, spread, status, members)
