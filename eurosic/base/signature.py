"""The seam that matters: what a predictor takes and gives. Simulator and emulator are two `Predictor`s.

*Enters:* `Columns`: static covariates, the initial state per standard depth, the drivers of the spin-up and
those of every pathway and year. *Leaves:* `Prediction`: targets for every pathway, cell and year. Columns are
float64, predictions what the predictor computes in; the names on their last axis come from a `Signature`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.vocabulary import STANDARD_DEPTHS, Variable

Array = NDArray[np.float64]
# What a predictor computes in, float32 or float64: twice the bytes would not make a network know more.
Numbers = NDArray[np.floating]


@dataclass(frozen=True)
class Signature:
    """Covariates, states and drivers in, targets out: each a tuple of vocabulary `Variable`s, in order."""

    covariates: tuple[Variable, ...]
    states: tuple[Variable, ...]
    drivers: tuple[Variable, ...]
    targets: tuple[Variable, ...]

    def target_index(self, name: str) -> int:
        """Return the place of a target on the last axis of a prediction."""
        return names(self.targets).index(name)


def names(variables: Sequence[Variable]) -> tuple[str, ...]:
    """Return the names of some variables, in order."""
    return tuple(variable.name for variable in variables)


@dataclass(frozen=True)
class Columns:
    """Soil columns and what will happen to them.

    Parameters
    ----------
    covariates
        Static parameters, shape ``(cell, covariate)``.
    state
        State on 1 January of the start year, shape ``(cell, depth, state)``, six standard depths.
    baseline
        Drivers of one year before the start, with which the column is spun up, shape ``(cell, driver)``.
    forcing
        Drivers of every year, shape ``(pathway, cell, year, driver)``.
    settled
        Number of years after which all others are like the last of them, where that is known.
    """

    covariates: Array
    state: Array
    baseline: Array
    forcing: Array
    settled: int | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Pathways, cells and years."""
        return self.forcing.shape[:3]

    @property
    def unsettled(self) -> Array:
        """Drivers of the years of which all others are repetitions, ``(pathway, cell, year, driver)``."""
        return self.forcing[:, :, : self.settled]


def all_within(values: Numbers, low: float, high: float) -> bool:
    """Return whether every value lies between two limits or on one: NaN does not.

    Most often all is well, which two passes tell that make no array.
    """
    return not values.size or bool(values.min() >= low and values.max() <= high)


def check_columns(columns: Columns, signature: Signature, where: str) -> None:
    """Raise unless arrays have the shape of the signature and lie in the vocabulary's valid ranges.

    Raises
    ------
    PredictorError
        Naming the first covariate, state or driver that does not fit, the value, and the cell.
    """
    pathways, cells, years = columns.shape
    wanted = {
        "covariates": (columns.covariates, (cells,), signature.covariates),
        "state": (columns.state, (cells, len(STANDARD_DEPTHS)), signature.states),
        "baseline": (columns.baseline, (cells,), signature.drivers),
        "forcing": (columns.forcing, (pathways, cells, years), signature.drivers),
    }
    for part, (values, shape, variables) in wanted.items():
        if values.shape != (*shape, len(variables)):
            raise PredictorError(
                where, f"{part} has shape {values.shape}", wanted=f"{(*shape, len(variables))}"
            )
        different = columns.unsettled if part == "forcing" else values
        for i, variable in enumerate(variables):
            _check_range(
                different[..., i], variable, f"{where}, {part}", cell_axis=1 if part == "forcing" else 0
            )


def _check_range(values: Array, variable: Variable, where: str, *, cell_axis: int) -> None:
    if not all_within(values, variable.valid_min, variable.valid_max):
        bad = ~((values >= variable.valid_min) & (values <= variable.valid_max))
        first = np.argwhere(bad)[0]
        raise PredictorError(
            where,
            f"{variable.name} = {values[tuple(first)]} {variable.unit} at cell {first[cell_axis]}"
            f" ({int(bad.sum())} such values)",
            wanted=f"{variable.valid_min} to {variable.valid_max} {variable.unit}",
            do="Correct the layer or the recipe that this comes from.",
        )


@dataclass(frozen=True)
class Prediction:
    """Targets of every pathway, cell and year, shape ``(pathway, cell, year, target)``; NaN where it failed.

    `converged` is False for cells that a predictor could not answer, shape ``(cell,)``. `spread` is the half-width
    of the 90 % interval of each value, of the same shape as `values`, where a predictor has one (flags: NaN).
    `members` is what each of its members says less the mean of all, where it was asked for that.
    """

    values: Numbers
    converged: NDArray[np.bool_]
    spread: Numbers | None = None
    members: NDArray[np.float32] | None = None


@runtime_checkable
class Predictor(Protocol):
    """What the projection asks of a simulator or an emulator; it must be picklable."""

    @property
    def name(self) -> str:
        """What a run record calls it, such as ``simulator`` or an emulator's card."""
        ...

    @property
    def digest(self) -> str:
        """A digest of everything that decides its numbers."""
        ...

    @property
    def signature(self) -> Signature:
        """What it takes and gives."""
        ...

    @property
    def has_spread(self) -> bool:
        """Whether its predictions carry a spread."""
        ...

    def predict(self, columns: Columns) -> Prediction:
        """Return the targets of every pathway, cell and year; the state at the end of each year.

        Raises
        ------
        PredictorError
            If the columns do not fit the signature. Here, and nowhere else on the way, they are checked
            (`check_columns`).
        """
        ...

    def inside(self, columns: Columns) -> NDArray[np.bool_]:
        """Return whether the predictor may be trusted in each cell, shape ``(cell,)``; of checked columns."""
        ...


@runtime_checkable
class WithMembers(Protocol):
    """A `Predictor` of several members, whose errors in a sum over cells only the members' own sums can tell."""

    @property
    def members(self) -> int:
        """Number of members."""
        ...

    def predict_with_members(self, columns: Columns, years: Sequence[int]) -> Prediction:
        """Return what `predict` does, but the spread in some years only; and how far members lie from their mean.

        Parameters
        ----------
        columns
            As for `predict`.
        years
            Places of the years of which spread and members are told; all, and no members, where there are none.

        Returns
        -------
        Prediction
            Its `members` have shape ``(member, quantity, pathway, year, cell)``, quantities in the order of
            `eurosic.base.summed.SUMMED`; they sum to zero over the members.
        """
        ...
