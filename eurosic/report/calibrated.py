"""How wrong an emulator's sums are: its members' disagreement, scaled by what the self-check found on this very run.

*Enters:* errors and members' deviations of the cells that were simulated too. *Leaves:* a `Calibration`. Errors of
neighbours go together, so that sums are less wrong than their cells by much less than independence would have it:
groups of neighbours are summed, errors and members alike, and compared. What all of Europe has in common no group
can tell; it is the mean error itself, with the error of its estimate. *Source:* Särndal et al. (1992), Model Assisted
Survey Sampling, chapter 6 (difference estimator); Lakshminarayanan et al. (2017), NeurIPS 30 (deep ensembles).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

# Groups of neighbours: about thirty cells each of the five hundred that are simulated.
GROUPS = 16
# Share on either side of an interval of 90 %.
_TAIL = 0.95


@dataclass(frozen=True)
class Checked:
    """Cells that emulator and simulator answered, in the order of the cell table.

    Parameters
    ----------
    errors
        Predicted minus simulated, kg m-2 (yr-1), ``(quantity, pathway, year, cell)``.
    members
        Each member less the mean, ``(member, quantity, pathway, year, cell)``; None where there are none.
    area
        Calcareous arable area of each cell, m2, ``(cell,)``.
    weight
        How many cells of the run each stands for, ``(cell,)``; equal within a stratum.
    """

    errors: Array
    members: Array | None
    area: Array
    weight: Array


@dataclass(frozen=True)
class Calibration:
    """What turns members' sums into the half-width of an interval, for sums and for differences from baseline.

    Parameters
    ----------
    factors
        On the standard deviation of the members' sums, ``(2, quantity, pathway)``: of sums, of differences.
    mean_errors
        Mean error that all cells may share, kg m-2 (yr-1), ``(2, quantity, pathway, year)``.
    cells, groups
        Cells and groups of neighbours that it is known from.
    """

    factors: Array
    mean_errors: Array
    cells: int
    groups: int

    def of(self, *, difference: bool) -> tuple[Array, Array]:
        """Return factors and mean errors of sums, or of differences from the baseline."""
        which = int(difference)
        return self.factors[which], self.mean_errors[which]

    def as_record(self) -> dict[str, object]:
        """Return it as plain values, for `run.json`; six digits are those of a sample of some hundred cells."""
        rounded = np.vectorize(lambda number: float(f"{number:.6g}"), otypes=[float])
        return {
            "cells": self.cells,
            "groups": self.groups,
            "factors": rounded(self.factors).tolist(),
            "mean_errors": rounded(self.mean_errors).tolist(),
        }

    @classmethod
    def from_record(cls, told: Mapping[str, Any]) -> Calibration:
        """Return what `as_record` gave."""
        factors, mean_errors = (np.array(told[name], np.float64) for name in ("factors", "mean_errors"))
        return cls(factors, mean_errors, int(told["cells"]), int(told["groups"]))


def calibrate(checked: Checked, *, baseline: int) -> Calibration:
    r"""Return the calibration of an emulator on the cells of its own run.

    With :math:`E_g` the error of the sum over a group of neighbours, and :math:`s_g` the standard deviation of the
    members' sums over it, the factor is

    .. math:: k = t_{0.95, G} \max(1, \sqrt{\sum E_g^2 / \sum s_g^2})

    over G groups and all years: never narrower than the members' own interval. The mean error that cells may share is
    :math:`|\bar e| + 1.645\, se(\bar e)`, weighted by area, its standard error that of the stratified sample.

    Parameters
    ----------
    checked
        The cells that were simulated too.
    baseline
        Place of the baseline among the pathways.
    """
    weights, groups = checked.area * checked.weight, _groups(len(checked.area))
    kinds = [_less(checked, baseline) if apart else checked for apart in (False, True)]
    factors = [_factor(kind, weights, groups) for kind in kinds]
    means = [_mean_error(kind.errors, weights, checked.weight) for kind in kinds]
    return Calibration(np.stack(factors), np.stack(means), len(checked.area), int(groups.max()) + 1)


def _groups(cells: int) -> NDArray[np.int64]:
    """Return the group of each cell: runs of the table's order, in which neighbours follow each other."""
    return np.arange(cells) * min(GROUPS, cells) // cells


def _less(checked: Checked, baseline: int) -> Checked:
    errors = checked.errors - checked.errors[:, baseline : baseline + 1]
    members = checked.members
    if members is not None:
        members = members - members[:, :, baseline : baseline + 1]
    return Checked(errors, members, checked.area, checked.weight)


def _factor(checked: Checked, weights: Array, groups: NDArray[np.int64]) -> Array:
    """Return the factor on the members' standard deviation, ``(quantity, pathway)``; 0 where they never differ."""
    if checked.members is None or len(checked.members) < 2:
        return np.zeros(checked.errors.shape[:2])
    sums = (groups[:, None] == np.arange(groups.max() + 1)) * weights[:, None]
    wrong = ((checked.errors @ sums) ** 2).sum(axis=(-2, -1))
    spread = (checked.members @ sums).var(axis=0, ddof=1).sum(axis=(-2, -1))
    ratio = np.divide(wrong, spread, out=np.ones_like(wrong), where=spread > 0)
    return np.asarray(stats.t.ppf(_TAIL, sums.shape[1]) * np.sqrt(np.maximum(ratio, 1.0)))


def _mean_error(errors: Array, weights: Array, stands_for: Array) -> Array:
    """Return the mean error that cells may share, kg m-2 (yr-1), shape of `errors` without cells."""
    mean = errors @ weights / weights.sum()
    variance = np.zeros_like(mean)
    for weight in np.unique(stands_for):
        # Equal weights are one stratum; a stratum that was simulated whole adds no error of sampling.
        some = stands_for == weight
        if some.sum() > 1 and weight > 1.0:
            apart = (errors[..., some] - mean[..., None]) * weights[some]
            variance += some.sum() * (1.0 - 1.0 / weight) * apart.var(axis=-1, ddof=1)
    return np.asarray(np.abs(mean) + stats.norm.ppf(_TAIL) * np.sqrt(variance) / weights.sum())
