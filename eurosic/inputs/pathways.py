"""Nitrogen of a field along a pathway.

*Enters:* `Baseline` rates (kg N ha-1 yr-1) and NUE per cell, a `Treatment`, years. *Leaves:* `Field`s of
shape ``(cell, year)``. Pure functions of baseline and year: no files, no Dask, no memory between years.
*Source:* CONVENTIONS.md, Nitrogen; European Commission (2020), Farm to Fork, 2.1; SCIENCE.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.pathway import HIGHEST_NUE, Cap, NueRule, Treatment
from eurosic.inputs.nitrogen import (
    NET_ACID,
    Field,
    NitrogenOptions,
    mean_by_form,
    unabated_volatilisation,
)

Array = NDArray[np.float64]

# Rise of NUE per kg N ha-1 yr-1 that is no longer put in, under diminishing returns (CONVENTIONS.md).
NUE_PER_KG = 0.001


@dataclass(frozen=True)
class Baseline:
    """Nitrogen without reduction, kg ha-1 yr-1, and NUE (1, at most 0.9); each of shape ``(cell,)``."""

    mineral: Array
    manure: Array
    deposition_nh4: Array
    deposition_no3: Array
    nue: Array

    @property
    def total(self) -> Array:
        """All nitrogen that enters, kg ha-1 yr-1, shape ``(cell,)``."""
        return self.mineral + self.manure + self.deposition_nh4 + self.deposition_no3

    @property
    def uptake(self) -> Array:
        """Nitrogen harvested, kg ha-1 yr-1, shape ``(cell,)``."""
        return self.nue * self.total


def field_along(
    baseline: Baseline, treatment: Treatment, years: Sequence[int], options: NitrogenOptions
) -> Field:
    """Return the nitrogen of each cell and year under a treatment, shape ``(cell, year)``.

    Examples
    --------
    >>> from eurosic.base.pathway import Course
    >>> one = np.ones(1)
    >>> field = Baseline(150.0 * one, 0.0 * one, 0.0 * one, 0.0 * one, 0.6 * one)
    >>> halved = Treatment(losses=Course(((2020, 1.0), (2030, 0.5))))
    >>> field_along(field, halved, [2020, 2030], NitrogenOptions()).mineral
    array([[150., 120.]])
    """
    applied = _applied(baseline, treatment, years)
    forms = _forms_by_year(treatment, years, options)
    unabated = unabated_volatilisation(applied["mineral"], applied["manure"], forms["volatilised"], options)
    if treatment.losses is not None:
        return _cut_losses(baseline, applied, treatment.losses.at(years), options, forms)
    # What is saved from the air is N that the crop finds, so that the NUE rule sees it as input.
    left = treatment.volatilisation.at(years)
    total = sum(applied.values(), start=np.zeros(1))
    saved = (1.0 - left) * unabated
    uptake = uptake_under(treatment.nue, baseline, total + saved)
    return _field(applied, uptake, left * unabated, forms["acid"])


def uptake_under(rule: NueRule, baseline: Baseline, total: Array) -> Array:
    """Return the nitrogen taken up from an input of `total`, kg ha-1 yr-1, shape ``(cell, year)``.

    *Constant NUE*: NUE0 input. *Constant yield*: the baseline's uptake, while the input allows it.
    *Diminishing returns*: NUE = NUE0 - 0.001 (input - input0). NUE is at most 0.9 in each.
    """
    nue = baseline.nue[:, None]
    if rule is NueRule.CONSTANT_YIELD:
        return np.minimum(baseline.uptake[:, None], HIGHEST_NUE * total)
    if rule is NueRule.DIMINISHING_RETURNS:
        nue = np.clip(nue - NUE_PER_KG * (total - baseline.total[:, None]), 0.0, HIGHEST_NUE)
    return nue * total


def _applied(baseline: Baseline, treatment: Treatment, years: Sequence[int]) -> dict[str, Array]:
    """Return the inputs of each cell and year after factors and caps, kg ha-1 yr-1."""
    mineral = baseline.mineral[:, None] * treatment.mineral.at(years)
    manure = baseline.manure[:, None] * treatment.manure.at(years)
    return {
        "mineral": _capped(mineral, treatment.mineral_cap, years),
        "manure": _capped(manure, treatment.manure_cap, years),
        "legumes": np.broadcast_to(treatment.legumes.at(years), mineral.shape),
        "deposition_nh4": baseline.deposition_nh4[:, None] * treatment.deposition_nh4.at(years),
        "deposition_no3": baseline.deposition_no3[:, None] * treatment.deposition_no3.at(years),
    }


def _capped(rate: Array, cap: Cap | None, years: Sequence[int]) -> Array:
    if cap is None:
        return rate
    return np.minimum(rate, np.where(np.asarray(years) >= cap.since, cap.amount, np.inf))


def _forms_by_year(treatment: Treatment, years: Sequence[int], options: NitrogenOptions) -> dict[str, Array]:
    """Return the volatilised share and the net acid of the mineral N's mix of forms, shape ``(year,)``."""
    now = {"volatilised": options.volatilised_by_form, "acid": NET_ACID}
    means = {what: np.full(len(years), mean_by_form(of, options.forms)) for what, of in now.items()}
    if treatment.forms is not None:
        later = np.asarray(years) >= treatment.forms.since
        shares = dict(treatment.forms.shares)
        means = {what: np.where(later, mean_by_form(of, shares), means[what]) for what, of in now.items()}
    return means


def _cut_losses(
    baseline: Baseline,
    applied: Mapping[str, Array],
    left: Array,
    options: NitrogenOptions,
    forms: Mapping[str, Array],
) -> Field:
    """Return the field that loses `left` (shape ``(year,)``) of what the baseline leaches and volatilises.

    Input = uptake + left (input0 - uptake) at unchanged uptake: NUE is raised first. Where that would take
    more than 90 % up, the input is cut until the surplus, a tenth of it, is small enough. Mineral N is cut
    before manure; less deposition counts towards the cut.
    """
    unabated = unabated_volatilisation(
        baseline.mineral[:, None], baseline.manure[:, None], forms["volatilised"], options
    )
    uptake0, total0 = baseline.uptake[:, None], baseline.total[:, None]
    surplus0 = total0 - uptake0
    wanted = np.minimum(total0 - (1.0 - left) * surplus0, left * surplus0 / (1.0 - HIGHEST_NUE))
    # N that other levers (less deposition) have taken away already counts towards the cut.
    fewer = total0 - sum(applied.values(), start=np.zeros(1))
    cut = np.maximum(total0 - wanted - fewer, 0.0)
    mineral = np.maximum(applied["mineral"] - cut, 0.0)
    manure = np.maximum(applied["manure"] - (cut - (applied["mineral"] - mineral)), 0.0)
    now = {**applied, "mineral": mineral, "manure": manure}
    uptake = np.minimum(uptake0, HIGHEST_NUE * sum(now.values(), start=np.zeros(1)))
    return _field(now, uptake, left * np.minimum(unabated, surplus0), forms["acid"])


def _field(applied: Mapping[str, Array], uptake: Array, volatilised: Array, acid: Array) -> Field:
    total = sum(applied.values(), start=np.zeros(1))
    # NUE counts on the N put in, even where N saved from volatilisation feeds the crop besides.
    taken = np.minimum(uptake, HIGHEST_NUE * total)
    return Field(**applied, uptake=taken, volatilised=np.minimum(volatilised, total - taken), acid_per_n=acid)
