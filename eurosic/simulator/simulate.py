"""The simulator as a predictor: soil columns and drivers in, yearly targets out.

*Enters:* `Columns` in the vocabulary's order. *Leaves:* `Prediction`. Picklable, so that it travels to Dask's
workers; the compiled code is found on each of them. Must not import Dask or xarray. *Source:* SCIENCE.md 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.provenance import digest_of
from eurosic.base.signature import Columns, Prediction, Signature, check_columns
from eurosic.base.simulations import PROFILES
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STANDARD_DEPTHS, STATES, TARGETS
from eurosic.simulator.fertiliser import MANAGED, Management
from eurosic.simulator.kernels import SOURCE_DIGEST
from eurosic.simulator.options import SimulatorOptions, frame_of, settings_of
from eurosic.simulator.trajectories import Batch, run_batch

# The whole vocabulary: the process model leaves nothing out, so that a recipe can ask for anything.
_SIGNATURE = Signature(
    covariates=tuple(COVARIATES.values()),
    states=tuple(STATES.values()),
    drivers=tuple(DRIVERS.values()),
    targets=tuple(TARGETS.values()),
)


@dataclass(frozen=True)
class Simulator:
    """The process model as a `Predictor`; `options` decide its numbers, together with its code."""

    options: SimulatorOptions = field(default_factory=SimulatorOptions)

    @property
    def name(self) -> str:
        """What a run record calls it."""
        return "simulator"

    @cached_property
    def digest(self) -> str:
        """A digest of the options and of the process model's source."""
        return digest_of({"options": self.options, "source": SOURCE_DIGEST})

    @property
    def signature(self) -> Signature:
        """The whole vocabulary: every covariate, state, driver and target, in order."""
        return _SIGNATURE

    @property
    def has_spread(self) -> bool:
        """False: the process model gives one value."""
        return False

    def predict(self, columns: Columns) -> Prediction:
        """Return the targets of every pathway, cell and year, at the end of each year.

        Cells in which a layer found no equilibrium are NaN and not `converged`; they stop no other cell.

        Raises
        ------
        PredictorError
            If a covariate, state or driver is missing, not finite or out of its range.
        """
        check_columns(columns, _SIGNATURE, self.name)
        return run_unchecked(self.options, columns)

    def inside(self, columns: Columns) -> NDArray[np.bool_]:
        """Return True for every cell, ``(cell,)``: the process model has no trained domain."""
        return np.ones(columns.shape[1], dtype=np.bool_)


def run_unchecked(options: SimulatorOptions, columns: Columns) -> Prediction:
    """Return what `Simulator.predict` does, for columns that were checked before."""
    done = _run(options, columns, recorded=False)
    return Prediction(done.values, done.converged)


def run_managed(options: SimulatorOptions, columns: Columns, management: Management) -> Prediction:
    """Return the prediction of a monthly run whose nitrogen is managed form by form.

    The columns' drivers `nitrate_leached`, `acid_extra` and `base_cation_export` are ignored: leaching, acid and
    export follow from the management.

    Raises
    ------
    PredictorError
        If a value is missing or out of its range, or the options choose the annual step.
    """
    check_columns(columns, _SIGNATURE, "simulator")
    if options.step != "month":
        raise PredictorError(
            "simulator",
            "management by forms needs months",
            wanted="step 'month'",
            do="Choose it in the options.",
        )
    if management.years.shape[:3] != columns.shape:
        raise PredictorError(
            "management",
            f"years has shape {management.years.shape}",
            wanted=f"{(*columns.shape, len(MANAGED))}",
        )
    # Items of the management follow the drivers on their axis: the kernels tell them by the length.
    driven = replace(
        columns,
        baseline=np.concatenate([columns.baseline, management.baseline], axis=-1),
        forcing=np.concatenate([columns.forcing, management.years], axis=-1),
    )
    return run_unchecked(options, driven)


def run_recorded(options: SimulatorOptions, columns: Columns) -> tuple[Prediction, NDArray[np.float64]]:
    """Return the prediction, and the profiles ``(pathway, cell, year + 1, depth, profile)`` of `PROFILES`.

    The first profile is the state on 1 January of the start year, after the spin-up.

    Raises
    ------
    PredictorError
        If a covariate, state or driver is missing, not finite or out of its range.
    """
    check_columns(columns, _SIGNATURE, "simulator")
    done = _run(options, columns, recorded=True)
    return Prediction(done.values, done.converged), done.profiles


def _run(options: SimulatorOptions, columns: Columns, *, recorded: bool) -> Batch:
    pathways, cells, years = columns.shape
    batch = Batch(
        covariates=_contiguous(columns.covariates),
        state=_contiguous(columns.state),
        baseline=_contiguous(columns.baseline),
        forcing=_contiguous(columns.forcing),
        values=np.empty((pathways, cells, years, len(TARGETS))),
        converged=np.zeros(cells, dtype=np.bool_),
        profiles=np.empty(
            (pathways if recorded else 0, cells, years + 1, len(STANDARD_DEPTHS), len(PROFILES))
        ),
    )
    run_batch(batch, frame_of(options), settings_of(options))
    return batch


def _contiguous(part: NDArray[np.float64]) -> NDArray[np.float64]:
    # Kernels are compiled for one layout; a view of a table would compile a second one.
    return np.ascontiguousarray(part, dtype=np.float64)
