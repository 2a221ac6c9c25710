"""The simulator against MIN3P, run by run and regime by regime, and what each switched term is worth.

*Enters:* `Run`s and `Choices`. *Leaves:* `Comparison`: losses of SIC and pH by both codes; rows of tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.verification.min3p_columns import YEARS, Choices, Found, Run, simulate

Array = NDArray[np.float64]

REGIMES = ("buffered", "front", "depleted")
KG_PER_HA = 1e4
# Volumes whose pH is compared, and the depth of their nodes.
DEPTHS = {"0.12 m": 3, "0.45 m": 9, "1.56 m": 17}
# MIN3P's physics as it stands; four steps a year are those that its own time steps allow at most (0.25 yr).
THEIRS = Choices(steps=4)
# What a projection would choose in each of these terms, and why it is said.
SWITCHES = {
    "ion size of Ca 5.0 instead of 6.0 Å": {"ions": "eurosic"},
    "constants of Plummer & Busenberg, not their two-parameter fits": {"constants": "eurosic"},
    "Davies activities": {"davies": True},
    "Al(OH)₃ at 10^8.3 at every temperature": {"hydroxide": "eurosic"},
    "no Al(OH)₃": {"hydroxide": "none"},
    "H-X log K 1.0 and Al-X 0.41, charge fixed": {"exchange": "eurosic"},
    "the same with β = 0.2 CEC per pH": {"exchange": "eurosic", "slope": 0.2},
    "analytic pCO₂: no dissolved CO₂ advected, no carbonate CO₂": {"gas": "analytic"},
    "HNO₃ in the infiltration, not NH₄ that nitrifies": {"nitrogen": "rain"},
    "HNO₃ spread over 0-30 cm": {"nitrogen": "topsoil"},
    "one step a year": {"steps": 1},
    "calcite by MIN3P's rate, not at equilibrium": {"kinetics": True},
    "the simulator's 20 layers": {"grid": "eurosic"},
}
ALL_OURS = {
    "ions": "eurosic",
    "constants": "eurosic",
    "hydroxide": "eurosic",
    "exchange": "eurosic",
    "slope": 0.2,
    "gas": "analytic",
    "nitrogen": "topsoil",
    "steps": 1,
    "grid": "eurosic",
}


class Comparison(NamedTuple):
    """Both codes, run by run: SIC lost (kg m-2) in years 0-80 and 1-80, years to lose half, pH in year 80.

    `ph` is ``(run, volume)``, `half` in years, NaN where half was not lost; each pair is (simulator, MIN3P).
    """

    regime: NDArray[np.str_]
    loss: tuple[Array, Array]
    later: tuple[Array, Array]
    half: tuple[Array, Array]
    ph: tuple[Array, Array]


def compare(runs: list[Run], choices: Choices = THEIRS) -> Comparison:
    """Return both codes' answers for every run."""
    found = [simulate(run, choices) for run in runs]
    pairs = ([_stock(f) for f in found], [_stock(r) for r in runs])
    ours, theirs = (np.array(stocks) for stocks in pairs)
    ph = (np.array([f.ph[YEARS] for f in found]), np.array([r.ph[YEARS] for r in runs]))
    return Comparison(
        np.array([run.regime for run in runs]),
        (ours[:, 0] - ours[:, YEARS], theirs[:, 0] - theirs[:, YEARS]),
        (ours[:, 1] - ours[:, YEARS], theirs[:, 1] - theirs[:, YEARS]),
        (_half_time(ours), _half_time(theirs)),
        ph,
    )


def _stock(found: Found | Run) -> Array:
    return np.asarray(found.sic.sum(axis=1))


def _half_time(stock: Array) -> Array:
    # Years until half of the carbonate is gone, between years by straight lines.
    times = np.full(len(stock), np.nan)
    for i, row in enumerate(stock):
        below = np.flatnonzero(row < 0.5 * row[0])
        if below.size:
            n = below[0]
            times[i] = n - 1 + (row[n - 1] - 0.5 * row[0]) / (row[n - 1] - row[n])
    return times


def relative(pair: tuple[Array, Array]) -> Array:
    """Return the relative difference of the simulator from MIN3P, in %."""
    return np.asarray(100.0 * (pair[0] / pair[1] - 1.0))


def determination(pair: tuple[Array, Array]) -> float:
    """Return R2 of the 1:1 line: 1 - sum of squares about it over that about MIN3P's mean."""
    ours, theirs = pair
    return float(1.0 - ((ours - theirs) ** 2).sum() / ((theirs - theirs.mean()) ** 2).sum())


def regime_rows(c: Comparison) -> list[list[str]]:
    """Return the table by regime: how far the losses of SIC lie apart."""
    rows = []
    for regime in REGIMES:
        at = c.regime == regime
        loss, later = (tuple(part[at] for part in pair) for pair in (c.loss, c.later))
        apart, since = relative(loss), relative(later)
        rows.append(
            [
                regime,
                f"{at.sum()}",
                f"{np.median(loss[1]) * KG_PER_HA / YEARS:.0f}",
                f"{np.median(apart):+.2f}",
                f"{np.median(np.abs(apart)):.2f}",
                f"{np.percentile(np.abs(apart), 95):.2f}",
                f"{np.median(since):+.2f}",
                f"{np.median(np.abs(since)):.2f}",
                f"{np.percentile(np.abs(since), 95):.2f}",
                f"{np.abs(since).max():.1f}",
                f"{determination(later):.5f}",
            ]
        )
    return rows


def ph_rows(c: Comparison) -> list[list[str]]:
    """Return the table by regime of pH: median, median absolute and 95th percentile of the difference."""
    apart = c.ph[0] - c.ph[1]
    rows = []
    for regime in REGIMES:
        of = apart[c.regime == regime]
        cells = [
            f"{np.median(of[:, j]):+.3f} / {np.percentile(np.abs(of[:, j]), 95):.3f} / {np.abs(of[:, j]).max():.2f}"
            for j in DEPTHS.values()
        ]
        rows.append([regime, *cells])
    return rows


def half_row(c: Comparison) -> tuple[int, float, float]:
    """Return how many runs lost half of their SIC in both codes, and the years apart: median, 95th percentile."""
    apart = np.abs(c.half[0] - c.half[1])
    apart = apart[np.isfinite(apart)]
    return apart.size, float(np.median(apart)), float(np.percentile(apart, 95))


def switch_row(name: str, c: Comparison, *, same_volumes: bool) -> list[str]:
    """Return a row of the table of switches: SIC since year 1, buffered and front; pH at 0.12 m in front runs."""
    cells = [name]
    for regime in ("buffered", "front"):
        apart = relative(tuple(part[c.regime == regime] for part in c.later))
        cells += [f"{np.median(apart):+.2f}", f"{np.percentile(np.abs(apart), 95):.2f}"]
    if same_volumes:
        apart = (c.ph[0] - c.ph[1])[c.regime == "front", DEPTHS["0.12 m"]]
        cells += [f"{np.median(apart):+.3f}", f"{np.percentile(np.abs(apart), 95):.3f}"]
    else:
        cells += ["-", "-"]
    return cells


def switched(runs: list[Run]) -> list[list[str]]:
    """Return the table of switches: each term alone put to the simulator's own choice, then all of them."""
    rows = [switch_row("none: MIN3P's physics", compare(runs), same_volumes=True)]
    for name, terms in {**SWITCHES, "all that a projection chooses": ALL_OURS}.items():
        c = compare(runs, replace(THEIRS, **terms))
        rows.append(switch_row(name, c, same_volumes="grid" not in terms))
    return rows
