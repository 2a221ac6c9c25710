"""What a self-check says: a few numbers for the record, a few plain sentences, and a warning where one is due.

*Enters:* the table of `eurosic.report.skill`, the reported years, the recipe's threshold. *Leaves:* texts and plain
numbers. Must not print or write.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from eurosic.base.units import M2_PER_HA
from eurosic.report.skill import ALL, CLEAR_DIFFERENCE

_CHANGE, _PH = "sic_change_0_200cm", "ph_soil_0_30cm"
# A regime of fewer cells than this is not named the worst.
_ENOUGH = 10

Numbers = dict[str, float | None]


@dataclass(frozen=True)
class Verdict:
    """The error of a predictor on its own run, by SIC change 0-200 cm at the last year unless the name says else.

    Relative errors are shares of the mean absolute simulated value; `totals` and `differences` are the errors of
    the area sum of each pathway, and of its difference from the baseline's, as shares of the simulated one. None
    where a number is not defined.
    """

    cells: int
    year: int
    relative_error: float | None
    r2: float | None
    ph_rmse: float | None
    difference_r2: Numbers
    same_sign: Numbers
    totals: Numbers
    differences: Numbers
    regimes: Numbers
    worst_regime: str | None


def verdict_of(table: pd.DataFrame, years: tuple[int, ...]) -> Verdict:
    """Return what the errors of a self-check amount to, from the table of `skill_table` and the reported years."""
    at_end = table[table["years"] == str(years[-1])]
    change = at_end[at_end["target"] == _CHANGE]
    whole = change[change["regime"] == ALL]
    values, apart = (whole[whole["of"] == of].set_index("pathway") for of in ("value", "difference"))
    ph = at_end[(at_end["target"] == _PH) & (at_end["regime"] == ALL) & (at_end["pathway"] == ALL)]
    by_regime = change[(change["of"] == "value") & (change["pathway"] == ALL) & (change["regime"] != ALL)]
    regimes = _numbers(by_regime[by_regime["cells"] >= _ENOUGH].set_index("regime")["relative_error"])
    known = {name: error for name, error in regimes.items() if error is not None}
    least = CLEAR_DIFFERENCE / M2_PER_HA * (1 + years[-1] - years[0])
    return Verdict(
        cells=int(str(values.loc[ALL, "cells"])),
        year=years[-1],
        relative_error=_number(values.loc[ALL, "relative_error"]),
        r2=_number(values.loc[ALL, "r2"]),
        ph_rmse=_number(ph["rmse"].iloc[0]) if len(ph) else None,
        difference_r2=_numbers(apart["r2"]),
        same_sign=_numbers(apart["agreement"]),
        totals=_numbers(_error_of_totals(values.drop(index=ALL), least)),
        differences=_numbers(_error_of_totals(apart, least)),
        regimes=regimes,
        worst_regime=max(known, key=lambda name: known[name]) if known else None,
    )


def _error_of_totals(rows: pd.DataFrame, least: float) -> pd.Series:
    """Return by how much area sums are wrong, as shares; NaN for a sum below `least` (kg m-2), next to nothing."""
    simulated, predicted = rows["area_mean_simulated"], rows["area_mean_predicted"]
    return (predicted / simulated.where(simulated.abs() > least) - 1.0).astype(float)


def _numbers(values: pd.Series) -> Numbers:
    return {str(name): _number(value) for name, value in values.items()}


def _number(value: object) -> float | None:
    # JSON has no NaN; twelve digits do not depend on the machine.
    number = float(str(value))
    return None if math.isnan(number) else float(f"{number:.12g}")


def sentences(found: Verdict, *, cells: int) -> Iterator[str]:
    """Yield what a self-check found, in plain sentences; `cells` are those of the run."""
    yield (
        f"Self-check: {found.cells} of {cells} cells simulated too. SIC change 0-200 cm to {found.year}: mean"
        f" absolute error {_percent(found.relative_error)} of the mean change (R2 {_digits(found.r2)});"
        f" pH 0-30 cm: RMSE {_digits(found.ph_rmse)}."
    )
    if found.difference_r2:
        yield (
            f"  Difference from baseline: R2 {_least(found.difference_r2)}; sign right in"
            f" {_least(found.same_sign, percent=True)} of the cells where it exceeds {CLEAR_DIFFERENCE:g} kg C ha-1"
            " yr-1."
        )
    yield (
        f"  Total: wrong by at most {_most(found.totals)}; its differences from baseline by at most"
        f" {_most(found.differences)}. Of the cells that the emulator answered."
    )
    small = [name for name, error in found.differences.items() if error is None]
    if small:
        yield (
            f"  Differences too small to judge, below {CLEAR_DIFFERENCE:g} kg C ha-1 yr-1: {', '.join(small)}."
            " There the emulator's own error counts (check.csv); `predictor: simulator` has none."
        )
    if found.worst_regime is not None:
        error = _percent(found.regimes[found.worst_regime])
        yield f"  Worst regime: {found.worst_regime}, {error} of its mean change."


def warnings(found: Verdict, *, above: float) -> Iterator[str]:
    """Yield a line where the error of SIC change, of its total, or of a total's difference exceeds `above`, 1."""
    kinds: dict[str, Numbers] = {
        "the mean absolute error of SIC change 0-200 cm": {"": found.relative_error},
        "the error of its total": found.totals,
        "the error of a difference from baseline in total": found.differences,
    }
    for what, errors in kinds.items():
        known = {name: error for name, error in errors.items() if error is not None and abs(error) > above}
        if known:
            worst = max(known, key=lambda name: abs(known[name]))
            others = f", the most of {len(known)}" if len(known) > 1 else ""
            named = f" ({worst}{others})" if worst else ""
            yield (
                f"WARNING: {what} is {_percent(known[worst])}{named}, above the {100 * above:g} % of the recipe."
                " Use `predictor: simulator`, or train on such cells."
            )


def _percent(share: float | None) -> str:
    if share is None:
        return "not defined"
    # No exponents: 100 % or 2000 %, but 0.35 %.
    return f"{100 * share:.2g} %" if abs(share) < 0.995 else f"{100 * share:.0f} %"


def _digits(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"


def _least(by_pathway: Numbers, *, percent: bool = False) -> str:
    known = {name: value for name, value in by_pathway.items() if value is not None}
    if not known:
        return "not defined"
    worst = min(known, key=lambda name: known[name])
    # Rounded down: 99.96 % is not all.
    told = f"{math.floor(1000 * known[worst]) / 10:g} %" if percent else f"{known[worst]:.4g}"
    # Where the worst is perfect, so are all.
    return f"at least {told} ({worst})" if len(known) > 1 and known[worst] < 1.0 else told


def _most(by_pathway: Numbers) -> str:
    known = {name: value for name, value in by_pathway.items() if value is not None}
    if not known:
        return "nothing that counts"
    worst = max(known, key=lambda name: abs(known[name]))
    return f"{_percent(known[worst])} ({worst})"
