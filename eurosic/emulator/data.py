"""A simulation ensemble as a network learns from it: anchors, yearly rows in the network's units, and a split.

*Enters:* the arrays of a finished ensemble, by the names of its schema. *Leaves:* a `Lesson`, and which
simulations train, stop the training, calibrate the spread and test. What an engine does not give is left out of
`Lesson.known` and taught by nothing. NumPy only. *Source:* `base.simulations.SCHEMA`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.signature import Columns, Signature, names
from eurosic.base.simulations import KINDS
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS
from eurosic.emulator.features import Anchors, Frame, anchors_of, spun_up
from eurosic.emulator.rows import WIDTHS, regime_of, series_of

Arrays = Mapping[str, NDArray[np.generic]]
Single = NDArray[np.float32]

# Covariates that decide nothing at the annual step are not asked of the inputs.
_IDLE = ("wilting_point",)
# The order of roles in which columns are dealt out.
ROLES = ("train", "validate", "calibrate", "test")


@dataclass(frozen=True)
class Lesson:
    """Simulations as a network learns from them.

    Parameters
    ----------
    anchors
        Of every simulation, float64.
    rows
        ``(simulation, year + 1, row)``, float32, rows in the order of `WIDTHS`, amounts in units of the anchors'
        scale (charge: twice that), changes since the start; fluxes of year 0 are zero and mean nothing.
    known
        Names of `WIDTHS` that the engine gives.
    columns
        As a predictor takes them, one pathway.
    kind, column
        Kind of trajectory, and which column each simulation is, ``(simulation,)``.
    truth
        The signature's targets at the end of every year, ``(simulation, year, target)``.
    regime
        At the end of every year, ``(simulation, year)``.
    signature, frame
        What an emulator of them takes and gives, and where what enters goes.
    """

    anchors: Anchors
    rows: Single
    known: tuple[str, ...]
    columns: Columns
    kind: NDArray[np.int8]
    column: NDArray[np.int64]
    truth: Single
    regime: NDArray[np.int8]
    signature: Signature
    frame: Frame

    @property
    def simulations(self) -> int:
        """Number of simulations."""
        return len(self.kind)

    @property
    def years(self) -> int:
        """Number of years that are stepped."""
        return self.rows.shape[1] - 1

    @cached_property
    def partner(self) -> NDArray[np.int64]:
        """The next simulation of the same column, ``(simulation,)``; itself where it has none."""
        order = np.argsort(self.column, kind="stable")
        following = np.roll(order, -1)
        same = self.column[order] == self.column[following]
        found = np.arange(self.simulations)
        found[order[same]] = following[same]
        # The last of a column looks back to the one before, so that pairs know each other.
        alone = found == np.arange(self.simulations)
        back = np.arange(self.simulations)
        back[following[same]] = order[same]
        return np.where(alone, back, found)


def lesson_of(arrays: Arrays, frame: Frame) -> Lesson:
    """Return the lesson of an ensemble's arrays; simulations that did not converge are left out.

    Raises
    ------
    SimulationError
        If the ensemble lacks what no emulator can do without.
    """
    _check(arrays)
    good = np.asarray(arrays["converged"], dtype=bool)
    held = {name: np.asarray(values)[good] for name, values in arrays.items() if len(values) == len(good)}
    signature = _signature(held)
    columns = spun_up(_columns(held, signature), signature)
    anchors = anchors_of(*anchor_arguments(columns, signature))
    series, known = series_of(held, anchors, frame)
    return Lesson(
        anchors=anchors,
        rows=np.concatenate([series[name].astype(np.float32) for name in WIDTHS], axis=2),
        known=known,
        columns=columns,
        kind=held["trajectory"].astype(np.int8),
        column=held.get("column", np.arange(good.sum())).astype(np.int64),
        truth=np.stack([held[v.name][:, 1:] for v in signature.targets], axis=-1).astype(np.float32),
        regime=regime_of(held),
        signature=signature,
        frame=frame,
    )


def anchor_arguments(
    columns: Columns, signature: Signature, year: int | None = None, variant: int = 0
) -> tuple[dict[str, NDArray[np.float64]], ...]:
    """Return the arguments of `anchors_of` for columns: with the climate of the baseline, or that of a year."""
    covariates = dict(zip(names(signature.covariates), columns.covariates.T, strict=True))
    state = {name: columns.state[..., i] for i, name in enumerate(names(signature.states))}
    baseline = dict(zip(names(signature.drivers), columns.baseline.T, strict=True))
    if year is None:
        return covariates, state, baseline, baseline
    climate = dict(zip(names(signature.drivers), columns.forcing[variant, :, year].T, strict=True))
    return covariates, state, baseline, climate


def _check(arrays: Arrays) -> None:
    wanted = (
        *("converged", "trajectory", "sic", "nitrate", "ph_soil_0_30cm", "dic_leaching", "nitrate_leaching"),
        *DRIVERS,
        *(
            "bulk_density",
            "gravel",
            "cec_topsoil",
            "cec_subsoil",
            "field_capacity",
            "porosity",
            "air_porosity",
        ),
        *("respiration", "respiration_depth"),
    )
    absent = [name for name in wanted if name not in arrays]
    if absent:
        raise SimulationError(
            "ensemble to learn from",
            f"does not hold {', '.join(absent)}",
            wanted="soil, drivers, carbonate by depth, pH and what leaches, year by year",
            do="Make it with `eurosic simulate`, or import MIN3P runs with `eurosic ensemble import`.",
        )


def _signature(held: Arrays) -> Signature:
    taught = {
        "ph_lab_0_30cm": "ph_lab_0_30cm" in held,
        "alkalinity_leaching": "alkalinity_flux" in held,
        "decalcification_depth": "calcareous_share" in held,
        "regime": "calcareous_share" in held,
    }
    states = tuple(STATES[name] for name in ("sic", "base_saturation") if name in held)
    return Signature(
        covariates=tuple(v for name, v in COVARIATES.items() if name in held and name not in _IDLE),
        states=states,
        drivers=tuple(DRIVERS.values()),
        targets=tuple(v for name, v in TARGETS.items() if taught.get(name, True)),
    )


def _columns(held: Arrays, signature: Signature) -> Columns:
    drivers = np.stack([held[name] for name in names(signature.drivers)], axis=-1).astype(np.float64)
    return Columns(
        covariates=np.stack([held[name] for name in names(signature.covariates)], axis=-1).astype(np.float64),
        state=np.stack([held[name][:, 0] for name in names(signature.states)], axis=-1).astype(np.float64),
        baseline=drivers[:, 0],
        forcing=drivers[np.newaxis, :, 1:],
    )


@dataclass(frozen=True)
class Split:
    """Simulations by role, indices ``(simulation,)``; `unseen` are those of kinds that are kept from training."""

    train: NDArray[np.int64]
    validate: NDArray[np.int64]
    calibrate: NDArray[np.int64]
    test: NDArray[np.int64]
    unseen: NDArray[np.int64]


def split_of(
    lesson: Lesson, shares: Mapping[str, float], *, seed: int, unseen: tuple[str, ...] = ()
) -> Split:
    """Return a split by column, so that no column trains and tests; shares are of the `ROLES` and sum to 1.

    Simulations of `unseen` kinds train, stop and calibrate nothing; of the test columns they are a test of their own.

    Raises
    ------
    SimulationError
        If a role is left without simulations.
    """
    present = np.unique(lesson.column)
    dealt = np.random.default_rng([seed, 2]).permutation(len(present))
    limits = np.cumsum([shares[role] for role in ROLES]) * len(present)
    role = np.searchsorted(limits[:-1], dealt, side="right")[np.searchsorted(present, lesson.column)]
    kept_from = np.isin(lesson.kind, [KINDS.index(kind) for kind in unseen])
    dealt_out = {name: np.flatnonzero((role == i) & ~kept_from) for i, name in enumerate(ROLES)}
    idle = [name for name, chosen in dealt_out.items() if not len(chosen)]
    if idle:
        raise SimulationError(
            "ensemble to learn from",
            f"{len(present)} columns leave none to {', '.join(idle)}",
            wanted="at least one column in every role, of a kind that is not kept from training",
            do="Make a larger ensemble, or change the shares of `split` or the kinds of `unseen`.",
        )
    return Split(**dealt_out, unseen=np.flatnonzero((role == len(ROLES) - 1) & kept_from))


def pairs_of(lesson: Lesson, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return pairs of simulations of one column, ``(pair, 2)``.

    Those that have no partner among them are paired with each other; a last one stands twice.
    """
    here = np.zeros(lesson.simulations, dtype=bool)
    here[chosen] = True
    partner = np.where(here[lesson.partner[chosen]], lesson.partner[chosen], chosen)
    alone = chosen[partner == chosen]
    partner[partner == chosen] = alone[np.minimum(np.arange(len(alone)) ^ 1, len(alone) - 1)]
    pairs = np.sort(np.stack([chosen, partner], axis=1), axis=1)
    return np.unique(pairs, axis=0)
