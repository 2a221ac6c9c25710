"""How well an emulator does on simulations never seen: rows of the card's tables, and its headline numbers.

*Enters:* predicted and simulated targets, rolled-out fluxes, and who each simulation is. *Leaves:* `SkillRow`s and
measures. The number of the mission is the *difference* between a column whose nitrogen changes and its counterpart;
it has measures of its own. NumPy only; must not predict. *Source:* CONVENTIONS.md,
Variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.base.flags import Regime
from eurosic.base.signature import names
from eurosic.base.simulations import KINDS
from eurosic.emulator.card import ALL, SkillRow, Value
from eurosic.emulator.data import Lesson

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

# kg C ha-1 yr-1: below it a difference is too small to have a sign; from kg m-2 over the years.
_SIGNED = 1.0
_PER_HECTARE = 1e4
# A regime with fewer simulations says nothing of its own.
_FEWEST = 10
_HORIZONS = (10, 40)
_CHANGE = "sic_change_0_200cm"
_DEPTHS = {"sic_change_0_30cm": "0-30 cm", "sic_change_0_100cm": "0-100 cm", "sic_change_0_200cm": "0-200 cm"}
_LAYERS = ("0-5 cm", "5-15 cm", "15-30 cm", "30-60 cm", "60-100 cm", "100-200 cm")


def r2_of(predicted: Array, true: Array) -> float | None:
    """Return the share of the variance that is explained, or None where there is none to explain.

    Examples
    --------
    >>> r2_of(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    variance = float(((true - true.mean()) ** 2).sum()) if true.size else 0.0
    if variance <= 1e-20:
        return None
    return float(1.0 - ((predicted - true) ** 2).sum() / variance)


@dataclass(frozen=True)
class Judged:
    """Test simulations: which of the lesson, and what the emulator says, ``(simulation, year, target)``."""

    lesson: Lesson
    which: NDArray[np.int64]
    predicted: Array

    @property
    def true(self) -> Array:
        """What was simulated, of the same shape."""
        return self.lesson.truth[self.which]

    def target(self, name: str) -> int:
        """Return the place of a target."""
        return self.lesson.signature.target_index(name)


class _Who(NamedTuple):
    """What a row of skill is about."""

    target: str
    unit: str
    horizon: int
    depth: str
    regime: str = ALL
    kind: str = ALL


def skill_rows(judged: Judged) -> list[SkillRow]:
    """Return rows for every target: at the end by regime and by kind, and at earlier horizons of all together."""
    lesson, last = judged.lesson, judged.lesson.years
    regimes = list(_parts(lesson.regime[judged.which, -1], Regime))
    kind = lesson.kind[judged.which]
    kinds = [(name, kind == code) for code, name in enumerate(KINDS) if (kind == code).sum() >= _FEWEST]
    rows: list[SkillRow] = []
    for i, target in enumerate(lesson.signature.targets):
        if target.flags:
            continue
        predicted, true = judged.predicted[..., i], judged.true[..., i]
        who = _Who(target.name, target.unit, last, _DEPTHS.get(target.name, ALL))
        horizons = (*(year for year in _HORIZONS if year < last), last)
        rows += [_row(predicted[:, y - 1], true[:, y - 1], who._replace(horizon=y)) for y in horizons]
        rows += [_row(predicted[some, -1], true[some, -1], who._replace(regime=r)) for r, some in regimes]
        rows += [_row(predicted[some, -1], true[some, -1], who._replace(kind=k)) for k, some in kinds]
    return rows


def _parts(codes: NDArray[np.int8], of: type[Regime]) -> Iterator[tuple[str, Mask]]:
    for code in of:
        chosen = codes == code
        if chosen.sum() >= _FEWEST:
            yield code.name.lower(), chosen


def _row(predicted: Array, true: Array, who: _Who) -> SkillRow:
    wrong = (predicted - true).astype(np.float64)
    return SkillRow(
        **who._asdict(),
        n=len(true),
        r2=r2_of(predicted, true),
        mae=float(np.abs(wrong).mean()),
        rmse=float(np.sqrt((wrong**2).mean())),
        bias=float(wrong.mean()),
    )


def flux_rows(
    predicted: Mapping[str, Array], true: Mapping[str, Array], known: tuple[str, ...]
) -> list[SkillRow]:
    """Return rows for the yearly fluxes and the exchanger by depth, all years together.

    Both are by name ``(simulation, year, depth)``, mol m-2 yr-1 (charge: molc), the exchanger since the start.
    """
    rows = []
    units = {"calcium": "mol m-2", "charge": "mol m-2"}
    for name in ("dissolved", "calcium", "charge", "calcium_passed", "charge_passed"):
        if name not in known:
            continue
        years = true[name].shape[1]
        for depth, layer in enumerate(_LAYERS):
            said, was = predicted[name][..., depth].ravel(), true[name][..., depth].ravel()
            unit = units.get(name, "mol m-2 yr-1")
            rows.append(_row(said, was, _Who(name, unit, years, layer)))
    return rows


def difference_measures(judged: Judged) -> dict[str, Value]:
    """Return measures of the difference that a change of nitrogen makes to the change of SIC, 0-200 cm.

    Pairs are columns and their counterparts, at the last year, kg C ha-1 yr-1 over all years.
    """
    said, was, regime = _differences(judged)
    if len(was) < _FEWEST:
        return {"pairs": len(was)}
    large = np.abs(was) > _SIGNED
    agree = np.sign(said) == np.sign(was)
    measures: dict[str, Value] = {
        "pairs": len(was),
        "difference r2": r2_of(said, was),
        "difference mae (kg C ha-1 yr-1)": float(np.abs(said - was).mean()),
        "difference mean size (kg C ha-1 yr-1)": float(np.abs(was).mean()),
        f"sign right beyond {_SIGNED:g} kg C ha-1 yr-1": float(agree[large].mean()) if large.any() else None,
        "pairs beyond it": int(large.sum()),
    }
    for name, chosen in _parts(regime, Regime):
        measures[f"difference r2, {name}"] = r2_of(said[chosen], was[chosen])
        if (chosen & large).any():
            measures[f"sign right, {name}"] = float(agree[chosen & large].mean())
    return measures


def _differences(judged: Judged) -> tuple[Array, Array, NDArray[np.int8]]:
    lesson, target = judged.lesson, judged.target(_CHANGE)
    place = {int(simulation): i for i, simulation in enumerate(judged.which)}
    held = KINDS.index("constant")
    pairs = [
        (i, place[int(lesson.partner[s])])
        for i, s in enumerate(judged.which)
        if lesson.kind[s] != held
        and lesson.kind[lesson.partner[s]] == held
        and int(lesson.partner[s]) in place
    ]
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    per_year = _PER_HECTARE / lesson.years
    said, was = (
        values[:, -1, target].astype(np.float64) * per_year for values in (judged.predicted, judged.true)
    )
    return said[one] - said[other], was[one] - was[other], lesson.regime[judged.which[other], -1]


def headline_measures(judged: Judged) -> dict[str, Value]:
    """Return what is said first of an emulator: change of SIC at the end, pH and carbon leached over all years."""
    said, was = judged.predicted, judged.true
    change = judged.target(_CHANGE)
    final, truly = said[:, -1, change].astype(np.float64), was[:, -1, change].astype(np.float64)
    measures: dict[str, Value] = {
        "test simulations": len(judged.which),
        "sic change r2": r2_of(final, truly),
        "sic change mae over mean change": float(np.abs(final - truly).mean() / np.abs(truly).mean()),
    }
    for name in names(judged.lesson.signature.targets):
        if name.startswith("ph_"):
            wrong = (said[..., judged.target(name)] - was[..., judged.target(name)]).astype(np.float64)
            measures[f"{name} rmse"] = float(np.sqrt((wrong**2).mean()))
    carbon = judged.target("dic_leaching")
    measures["dic leaching r2"] = r2_of(said[..., carbon], was[..., carbon])
    by_regime = {
        name: float(np.abs(final - truly)[chosen].mean() / max(np.abs(truly)[chosen].mean(), 1e-9))
        for name, chosen in _parts(judged.lesson.regime[judged.which, -1], Regime)
    }
    measures |= {f"sic change mae over mean change, {name}": value for name, value in by_regime.items()}
    if by_regime:
        measures["worst regime"] = max(by_regime, key=lambda name: by_regime[name])
    return measures


def unseen_measures(trained: Judged, unseen: Judged) -> dict[str, Value]:
    """Return how errors on kinds of trajectory that were kept from training compare with those on trained kinds."""
    target = trained.target(_CHANGE)

    def error(judged: Judged) -> float:
        wrong = judged.predicted[:, -1, target] - judged.true[:, -1, target]
        return float(np.abs(wrong).mean() / np.abs(judged.true[:, -1, target]).mean())

    kinds = ", ".join(sorted({KINDS[k] for k in np.unique(unseen.lesson.kind[unseen.which])}))
    return {
        "kinds kept from training": kinds,
        "unseen simulations": len(unseen.which),
        "error on unseen kinds over that on trained ones": error(unseen) / error(trained),
    }
