"""Space for time, and how wrong that is: SIC foretold from the change of pH by what pH goes with on a map.

*Enters:* `Trajectories` and `Law`s learned in space. *Leaves:* a table of what each law makes of the run's own
change of pH, beside what the run says, per hectare and year and as a total. The law is given every advantage: it is
told the true change of pH, which no map knows. *Source:* Pickett (1989) and Damgaard (2019),
doi:10.1016/j.tree.2019.01.012, on space-for-time substitution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from eurosic.base.units import KG_PER_TG, M2_PER_HA
from eurosic.explain.bootstrap import ENDS, drawn_sums, slope, slope_sums
from eurosic.explain.contrast import Array, Trajectories
from eurosic.explain.observations import PH, PH_KNOWN_TO, STOCK
from eurosic.explain.space_evidence import Evidence
from eurosic.explain.states import STATES

LINE, CURVE = "straight line", "learner's curve"
# pH between which a straight line is drawn out: all soils.
_SOILS = np.array([2.0, 12.0])
_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Law:
    """A stock of SIC by lab pH, as observations have it: piecewise linear between points, flat beyond them.

    Parameters
    ----------
    observations, depth, kind, circular
        Whose it is, of which depth, straight or curved, and whether a run was asked about itself.
    ph, stock, drawn
        Points ``(point,)``, stocks ``(point,)`` and those by blocks drawn again ``(draw, point)``, kg m-2.
    """

    observations: str
    depth: str
    kind: str
    circular: bool
    ph: Array
    stock: Array
    drawn: Array

    def change(self, before: Array, after: Array) -> Array:
        """Return the change of the stock that a change of pH would bring, kg m-2, any shape."""
        return np.interp(after, self.ph, self.stock) - np.interp(before, self.ph, self.stock)

    def drawn_changes(self, before: Array, after: Array) -> Iterator[Array]:
        """Yield the same by each draw."""
        for stock in self.drawn:
            yield np.interp(after, self.ph, stock) - np.interp(before, self.ph, stock)


def laws_of(evidence: Evidence) -> tuple[Law, ...]:
    """Return the two laws of a stock by pH: the straight line of a scatter plot, and the learner's curve.

    None where the target is no stock, or the observations have no pH or no contrast in it.
    """
    observations = evidence.observations
    if PH not in observations.covariates or not evidence.target.startswith(STOCK):
        return ()
    depth = evidence.target.removeprefix(STOCK)
    ph, stock = evidence.column(PH), observations.targets[evidence.target].to_numpy(dtype=np.float64)
    sums = slope_sums(
        ph, stock, np.ones_like(ph), observations.block, blocks=int(observations.block.max()) + 1
    )
    slopes = slope(drawn_sums(sums, seed=evidence.seed, draws=_DRAWS))
    value = slope(sums.sum(axis=2))[0]
    # A slope over less than a pH can be told apart by would be told of nothing.
    if not np.isfinite(value) or np.nanstd(ph) < PH_KNOWN_TO:
        return ()
    lines = np.concatenate([[value], slopes[np.isfinite(slopes)]])[:, np.newaxis] * _SOILS
    common = (observations.name, depth)
    return (
        Law(*common, LINE, observations.circular, _SOILS, lines[0], lines[1:]),
        Law(
            *common,
            CURVE,
            observations.circular,
            *_blurred(evidence.grid, evidence.curve, evidence.drawn_curve),
        ),
    )


def _blurred(grid: Array, curve: Array, drawn: Array) -> tuple[Array, Array, Array]:
    """Return curves as a pH that is known to 0.2 sees them: means under a normal density, flat beyond the ends."""
    # A learner's curve has steps where trees split; without this a soil that moves by 0.01 across one would gain or
    # lose a kilogram.
    weights = np.exp(-0.5 * ((grid[:, np.newaxis] - _around(grid)) / PH_KNOWN_TO) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    of = (np.interp(_around(grid), grid, one) @ weights.T for one in (curve, *drawn))
    first, *others = of
    return grid, first, np.array(others).reshape(len(drawn), len(grid))


def _around(grid: Array) -> Array:
    margin = 4.0 * PH_KNOWN_TO
    return np.arange(grid[0] - margin, grid[-1] + margin, 0.02)


def substitution_table(
    trajectories: Trajectories, laws: Sequence[Law], *, years: Sequence[int], scale: float = 1.0
) -> pd.DataFrame:
    """Return what laws of space foretell beside what the run says, since the first reported year.

    Parameters
    ----------
    years
        Reported years to tell of.
    scale
        Area that the cells stand for, over their own: more than 1 where they are a sample.

    Returns
    -------
    pandas.DataFrame
        One row for each law, year, pathway, state of the topsoil at that year in the baseline, and quantity: the
        ``change`` or its difference ``minus baseline``. `error` is foretold less told by the run;
        `error_of_cells_kgC_ha_yr` the mean of its size over cells, which cannot cancel.
    """
    rows: list[dict[str, object]] = []
    for law in laws:
        if law.depth in trajectories.sic:
            for year in years:
                rows += _of_year(trajectories, law, year, scale)
    return pd.DataFrame(rows)


def _of_year(trajectories: Trajectories, law: Law, year: int, scale: float) -> Iterator[dict[str, object]]:
    i = trajectories.years.index(year)
    # Members are meaned: what is asked is how wrong the law is, not how sure the run.
    ph, sic = (values.mean(axis=0) for values in (trajectories.ph, trajectories.sic[law.depth]))
    # Since the end of the first reported year, from which pH is known too.
    told = sic[:, i] - sic[:, 0]
    foretold = law.change(ph[:, 0], ph[:, i])
    drawn = np.stack(list(law.drawn_changes(ph[:, 0], ph[:, i])))
    span = year - trajectories.years[0]
    for state in STATES:
        inside = trajectories.states[state][0, i]
        if not inside.any():
            continue
        # The state at the year itself: what has become of a soil decides which way its law is wrong.
        area = np.where(inside, trajectories.area, 0.0)
        for p, pathway in enumerate(trajectories.pathways):
            head = {
                "observations": law.observations,
                "circular": law.circular,
                "law": law.kind,
                "depth": law.depth,
                "year": year,
                "pathway": pathway,
                "state": state,
            }
            yield (
                head
                | {"quantity": "change"}
                | _compared(told[p], foretold[p], drawn[:, p], (area, scale, span))
            )
            if p:
                apart = (told[p] - told[0], foretold[p] - foretold[0], drawn[:, p] - drawn[:, 0])
                yield head | {"quantity": "minus baseline"} | _compared(*apart, (area, scale, span))


def _compared(told: Array, foretold: Array, drawn: Array, over: tuple[Array, float, int]) -> dict[str, float]:
    area, scale, span = over
    total, guess = float(told @ area), float(foretold @ area)
    low, high = np.percentile(drawn @ area, ENDS)
    # Sizes before sums: what cancels between cells is wrong in both.
    each = float(np.abs(foretold - told) @ area)
    tera, rate = scale / KG_PER_TG, M2_PER_HA / (span * area.sum())
    return {
        "area_Mha": scale * float(area.sum()) / M2_PER_HA / 1e6,
        "run_TgC": total * tera,
        "foretold_TgC": guess * tera,
        "foretold_TgC_low": float(low) * tera,
        "foretold_TgC_high": float(high) * tera,
        "error_TgC": (guess - total) * tera,
        "run_kgC_ha_yr": total * rate,
        "foretold_kgC_ha_yr": guess * rate,
        "foretold_kgC_ha_yr_low": float(low) * rate,
        "foretold_kgC_ha_yr_high": float(high) * rate,
        "error_kgC_ha_yr": (guess - total) * rate,
        "error_of_cells_kgC_ha_yr": each * rate,
    }
