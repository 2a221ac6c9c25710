"""The response in time: what SIC does while pH moves, and while less nitrogen leaches, as a run has it.

*Enters:* `Trajectories` of some cells, perhaps of each member of an emulator. *Leaves:* a table of sensitivities by
state of the topsoil and depth, each with the interval that drawing blocks of cells and members gives. Steps between
reported years are pooled by the state in which they begin and end; where two pathways are compared, both must be in
it. Pure functions: no files, no predictor.
*Source:* SCIENCE.md 2.8; the ratio of pooled changes as an estimator: Cochran (1977), chapter 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.units import M2_PER_HA
from eurosic.explain.bootstrap import (
    UNRESOLVED,
    Estimate,
    block_sums,
    columns_of,
    estimate,
    ratio,
    ratio_estimate,
)
from eurosic.explain.states import STATES

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LAB_PH, NITRATE = "lab pH", "nitrate leached"
# kg m-2 in 10 kg ha-1.
TEN_KG_HA = 10.0 / M2_PER_HA


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Cells through time. Arrays are ``(member, pathway, year, cell)``; one member where there is no ensemble.

    Parameters
    ----------
    pathways, years
        The baseline first; reported years, increasing.
    ph
        Lab pH of 0-30 cm.
    sic
        Depth (``0_30cm``) -> change since the start, kg m-2 of carbon.
    nitrate
        Nitrate leached in the year, kg m-2 yr-1 of nitrogen.
    states
        State -> where it holds, ``(pathway, year, cell)``.
    area, block
        Calcareous arable area (m2) and block of each cell, ``(cell,)``.
    """

    pathways: tuple[str, ...]
    years: tuple[int, ...]
    ph: Array
    sic: Mapping[str, Array]
    nitrate: Array
    states: Mapping[str, Mask]
    area: Array
    block: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raise `InputError` unless shapes go together and there are two years or more."""
        wanted = (len(self.pathways), len(self.years), len(self.area))
        shapes = {a.shape[1:] for a in (self.ph, self.nitrate, *self.sic.values())}
        shapes |= {mask.shape for mask in self.states.values()}
        if shapes != {wanted} or len(self.block) != len(self.area):
            raise InputError("trajectories", f"have shapes {sorted(shapes)}", wanted=f"{wanted}")
        if len(self.years) < 2:
            raise InputError(
                "trajectories", "have one year", wanted="two or more", do="Report more years in the recipe."
            )

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return int(self.block.max()) + 1

    @cached_property
    def leached(self) -> Array:
        """Nitrate leached since the first reported year, kg m-2 of nitrogen, by trapezia between reported years."""
        # Pathways are ramps between years that are reported: trapezia follow them.
        step = np.diff(np.asarray(self.years, dtype=np.float64))[:, np.newaxis]
        parts = 0.5 * (self.nitrate[:, :, 1:] + self.nitrate[:, :, :-1]) * step
        return np.concatenate([np.zeros_like(self.nitrate[:, :, :1]), np.cumsum(parts, axis=2)], axis=2)

    @cached_property
    def _told(self) -> Mask:
        """Where every member gives every number, ``(pathway, year, cell)``: silence is no change of zero."""
        parts = (self.ph, self.leached, *self.sic.values())
        return np.asarray(np.all([np.isfinite(part).all(axis=0) for part in parts], axis=0))

    def steps_in(self, state: str, pathway: int = 0) -> Mask:
        """Return which steps of a pathway, told by all members, begin and end in a state, ``(year - 1, cell)``."""
        inside = self.states[state][pathway] & self._told[pathway]
        return np.asarray(inside[1:] & inside[:-1])


def time_table(trajectories: Trajectories, *, ph_error: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Return the sensitivities in time: of SIC to pH along the baseline, and to nitrate by pathways' differences.

    Parameters
    ----------
    trajectories
        Of some cells.
    ph_error
        By how much their pH is wrong, in pH: where it moves by less over all years, nothing is told for a unit of it.
    seed
        Of the draws.

    Returns
    -------
    pandas.DataFrame
        One row for each driver, pathway, state and depth. Columns `time`, `time_low`, `time_high` are in `unit`;
        infinite ends say that the driver itself did not move by anything that can be told from zero.
    """
    rows = [*_along_baseline(trajectories, ph_error, seed), *_between_pathways(trajectories, seed)]
    return pd.DataFrame(rows)


def _along_baseline(trajectories: Trajectories, ph_error: float, seed: int) -> Iterator[dict[str, object]]:
    # The baseline alone: pathways would repeat nearly the same trajectories and narrow the interval for nothing.
    ph = np.diff(trajectories.ph[:, 0], axis=1)
    decades = (trajectories.years[-1] - trajectories.years[0]) / 10.0
    for state, inside in _inhabited(trajectories):
        for depth, sic in trajectories.sic.items():
            changes = np.stack([np.diff(sic[:, 0], axis=1), ph], axis=1)
            found = ratio_estimate(_pooled(trajectories, changes, inside), seed=seed)
            rates = _rates(trajectories, changes, inside, seed)
            # Members that were taught alike err alike: their spread does not hold what all of them have wrong.
            resolved = abs(rates["ph_per_decade"]) * decades >= ph_error
            yield {
                "driver": LAB_PH,
                "depth": depth,
                "state": state,
                "pathway": trajectories.pathways[0],
                **_three(found if resolved else UNRESOLVED),
                "unit": "kg m-2 of carbon per unit of pH",
                **rates,
            }


def _between_pathways(trajectories: Trajectories, seed: int) -> Iterator[dict[str, object]]:
    leached, ph = trajectories.leached, trajectories.ph
    span = trajectories.years[-1] - trajectories.years[0]
    for p, pathway in enumerate(trajectories.pathways[1:], start=1):
        for state, inside in _inhabited(trajectories, p):
            for depth, sic in trajectories.sic.items():
                apart = [np.diff(of[:, p] - of[:, 0], axis=1) for of in (sic, leached, ph)]
                found = ratio_estimate(_pooled(trajectories, np.stack(apart[:2], axis=1), inside), seed=seed)
                moved = ratio_estimate(
                    _pooled(trajectories, np.stack(apart[2:0:-1], axis=1), inside), seed=seed
                )
                yield {
                    "driver": NITRATE,
                    "depth": depth,
                    "state": state,
                    "pathway": pathway,
                    # As a map would show it: after a run in which as much more leached every year.
                    **_three(_times(found, span * TEN_KG_HA)),
                    "unit": "kg m-2 of carbon per 10 kg ha-1 yr-1 of nitrogen",
                    **columns_of("kgC_per_kgN", found),
                    "ph_per_10_kgN_ha_yr": moved.value * span * TEN_KG_HA,
                    **_rates(trajectories, np.stack([apart[0], apart[2]], axis=1), inside, seed),
                }


def _rates(trajectories: Trajectories, changes: Array, inside: Mask, seed: int) -> dict[str, float]:
    """Return how fast SIC and pH move, and how much of the run that is, of changes ``(member, 2, step, cell)``."""
    years = np.diff(np.asarray(trajectories.years, dtype=np.float64))[:, np.newaxis]
    lasting = np.broadcast_to(years, changes.shape[2:])
    found: list[Estimate] = []
    for quantity in (0, 1):
        of = np.stack([changes[:, quantity], np.broadcast_to(lasting, changes[:, quantity].shape)], axis=1)
        found.append(estimate(_pooled(trajectories, of, inside), ratio, seed=seed))
    sic, ph = found
    weight = trajectories.area * lasting
    return {
        "sic_kgC_ha_yr": sic.value * M2_PER_HA,
        "sic_kgC_ha_yr_low": sic.low * M2_PER_HA,
        "sic_kgC_ha_yr_high": sic.high * M2_PER_HA,
        "ph_per_decade": 10.0 * ph.value,
        "ph_per_decade_low": 10.0 * ph.low,
        "ph_per_decade_high": 10.0 * ph.high,
        "share_of_area_and_time": float(weight[inside].sum() / weight.sum()),
        "cells": int(inside.any(axis=0).sum()),
    }


def _pooled(trajectories: Trajectories, changes: Array, inside: Mask) -> Array:
    """Return area sums of changes ``(member, quantity, step, cell)`` over the steps inside, by block."""
    # Sums first, ratios of sums after: a mean of ratios would hang on the few cells whose pH stood still.
    summed = np.where(inside, changes, 0.0).sum(axis=2) * trajectories.area
    return block_sums(summed, trajectories.block, trajectories.blocks)


def _inhabited(trajectories: Trajectories, pathway: int = 0) -> Iterator[tuple[str, Mask]]:
    """Yield each state in which steps of both the baseline and a pathway begin and end, and which steps do."""
    for state in STATES:
        # Of the baseline alone it would be a choice by what came out: a topsoil that is empty there differs from one
        # in which a pathway saved calcite by nothing but what that calcite does afterwards.
        inside = trajectories.steps_in(state) & trajectories.steps_in(state, pathway)
        if inside.any():
            yield state, inside


def _three(found: Estimate) -> dict[str, float]:
    return columns_of("time", found)


def _times(found: Estimate, factor: float) -> Estimate:
    return Estimate(found.value * factor, found.low * factor, found.high * factor)
