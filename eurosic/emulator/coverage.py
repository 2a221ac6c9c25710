"""What a calibrated spread covers of simulations that it has never seen, row by row.

*Enters:* errors, deviations and predicted regimes of test simulations, and a `Spread`. *Leaves:* rows of a table:
target, regime, horizon, how many simulations, the share covered, and between which shares it must lie. A simulation
counts once in a row, at one horizon. Must not change the spread. *Source:* Vovk (2012), Proc. ACML, 475-490: of n
new simulations a conformal interval fitted on m covers a beta-binomial number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from eurosic.base.flags import Regime
from eurosic.emulator.calibration import LEAST, Array, Mask, Spread

# Share of the tables, of emulators that are right, in which a row lies within its bounds.
CERTAINTY = 0.99
ALL = "all"


@dataclass(frozen=True)
class CoverageRow:
    """One row of the table; shares are of `simulations`, at one horizon (years since the start).

    `low` to `high` are the binomial bounds of the covered share, and whether it lies within them; `exact_low` to
    `exact_high` know that the calibration had a finite number of simulations too. `half_width` is the median, in
    the target's unit.
    """

    target: str
    regime: str
    horizon: int
    simulations: int
    covered: float
    low: float
    high: float
    within: bool
    exact_low: float
    exact_high: float
    within_exact: bool
    half_width: float


def coverage_table(
    errors: Array,
    deviations: Array,
    *,
    regime: NDArray[np.generic],
    spread: Spread,
    horizons: Sequence[int] = (10, 40, 80),
) -> list[CoverageRow]:
    """Return a row for each target, regime (and all of them) and horizon that has simulations.

    Parameters
    ----------
    errors, deviations
        Predicted minus simulated, and standard deviation of the members, ``(simulation, year, target)``, of years
        1, 2, ... since the start, as `fit_spread` takes them; other simulations than those.
    regime
        Predicted regime, ``(simulation, year)``.
    spread
        What is to be tried.
    horizons
        Years since the start; those after the last year are left out.
    """
    years = [year for year in horizons if year <= errors.shape[1]]
    # The years of a simulation are not independent: a row takes one of them, and a simulation is covered or not.
    widths = spread.half_width(deviations, regime, np.arange(1, errors.shape[1] + 1))
    return [
        _row(spread, t, name, year, np.abs(errors[chosen, year - 1, t]), widths[chosen, year - 1, t])
        for t in range(len(spread.targets))
        for name, of_regime in _regimes(regime)
        for year in years
        if (chosen := of_regime[:, year - 1] & np.isfinite(errors[:, year - 1, t])).any()
    ]


def _regimes(regime: NDArray[np.generic]) -> Iterator[tuple[str, Mask]]:
    yield ALL, np.isfinite(regime)
    for code in Regime:
        yield code.name.lower(), regime == code


def _row(spread: Spread, t: int, name: str, year: int, error: Array, width: Array) -> CoverageRow:
    count = len(error)
    known = spread.simulations[t, :, spread.bin_of(np.array([year]))[0]]
    mine = int(known.sum() if name == ALL else known[Regime[name.upper()]])
    # A regime with too few simulations has the factor of all.
    mine = mine if mine >= LEAST else int(known.sum())
    rank = int(np.ceil((mine + 1) * spread.level - 1e-9))
    low, high = stats.binom.interval(CERTAINTY, count, spread.level)
    least, most = stats.betabinom.interval(CERTAINTY, count, rank, mine + 1 - rank)
    covered = float((error <= width).mean())
    bounds = [float(bound) / count for bound in (low, high, least, most)]
    return CoverageRow(
        target=spread.targets[t],
        regime=name,
        horizon=year,
        simulations=count,
        covered=covered,
        low=bounds[0],
        high=bounds[1],
        within=bounds[0] <= covered <= bounds[1],
        exact_low=bounds[2],
        exact_high=bounds[3],
        within_exact=bounds[2] <= covered <= bounds[3],
        half_width=float(np.median(width)),
    )
