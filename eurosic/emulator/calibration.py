"""The spread: how far members disagree, scaled so that an interval of 90 % covers 90 % of what was held out.

*Enters:* errors and standard deviations of the members on held-out simulations, and the regime that they predict.
*Leaves:* `Spread`, which turns any standard deviation into the half-width of an interval. NumPy only; it must not
predict. A simulation counts once, however many of its years are used: its years are not independent. *Source:*
Lei et al. (2018), J. Am. Stat. Assoc. 113, 1094-1111 (split conformal, scaled residuals); Vovk et al. (2005),
Algorithmic Learning in a Random World (by category); Dunn et al. (2023), J. Am. Stat. Assoc. 118, 2491 (repeats).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.flags import Regime
from eurosic.emulator.packing import Arrays, check_parts, pack_names, unpack_names

Array = NDArray[np.floating]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]

LEVEL = 0.9
# Last year of each bin of horizons, counted from the start: narrow, since each simulation stands in all of them.
HORIZONS = (1, 2, 4, 8, 15, 25, 40, 60, 80)
# Simulations below which a regime takes the factor of all regimes: with fifty, a coverage is known to 4 %.
LEAST = 50
# Share of a target's median standard deviation that is added to each: members that agree by chance promise nothing.
_FLOOR = 0.1


@dataclass(frozen=True)
class Spread:
    """Factors on the standard deviation of the members, by target, predicted regime and horizon.

    Parameters
    ----------
    targets
        Names along the target axis; a target that is no number (`regime`) has factors of NaN.
    level
        Share of simulations that an interval covers.
    last_years
        Last horizon of each bin, years since the start, ``(bin,)``; later ones take the last bin.
    floors
        What is added to a standard deviation, in the target's unit, ``(target,)``.
    factors
        ``(target, regime, bin)``.
    simulations
        Simulations that a regime had in a bin, ``(target, regime, bin)``; fewer than `LEAST`, and its factor is that
        of all regimes.
    """

    targets: tuple[str, ...]
    level: float
    last_years: NDArray[np.intp]
    floors: Single
    factors: Single
    simulations: NDArray[np.int64]

    def half_width(self, deviation: Array, regime: NDArray[np.generic], year: NDArray[np.integer]) -> Single:
        """Return the half-width of the interval of each value, in the target's unit, ``(..., year, target)``.

        Parameters
        ----------
        deviation
            Standard deviation of the members, ``(..., year, target)``.
        regime
            Predicted regime, a code of `Regime`, ``(..., year)``; NaN gives NaN.
        year
            Horizon of each year, years since the start (the first forcing year is 1), ``(year,)``.
        """
        known = np.isfinite(regime)
        # What has no regime reads one row more, of NaN: no mask of the prediction's size is made.
        code = np.where(known, regime, len(Regime)).astype(np.intp)
        table = np.concatenate([self.factors, np.full_like(self.factors[:, :1], np.nan)], axis=1)
        # Target by target and years first, which is how a network's deviations lie in memory.
        place = np.moveaxis(code, -1, 0)
        place = place * len(year) + np.arange(len(year)).reshape(-1, *(1,) * (place.ndim - 1))
        width = np.empty((len(self.targets), *place.shape), dtype=np.float32)
        for target, rows in enumerate(table[:, :, self.bin_of(year)]):
            factor = rows.ravel().take(place)
            np.multiply(
                factor, np.moveaxis(deviation[..., target], -1, 0) + self.floors[target], out=width[target]
            )
        return np.moveaxis(width, (0, 1), (-1, -2))

    def fallbacks(self) -> tuple[str, ...]:
        """Return a sentence for each regime whose simulations were too few at some horizons."""
        few = self.simulations.max(axis=0) < LEAST
        return tuple(
            f"Regime {regime.name.lower()}: fewer than {LEAST} calibration simulations at"
            f" {int(few[regime].sum())} of {len(self.last_years)} horizons; its spread there is that of all regimes."
            for regime in Regime
            if few[regime].any()
        )

    def arrays(self) -> Arrays:
        """Return all of it as arrays, for the file of the weights."""
        return {
            "targets": pack_names(self.targets),
            "level": np.array([self.level]),
            "last_years": self.last_years.astype(np.int64),
            "floors": self.floors,
            "factors": self.factors,
            "simulations": self.simulations,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Spread:
        """Return the spread that `arrays` gave.

        Raises
        ------
        CardError
            If an array is missing.
        """
        wanted = ("targets", "level", "last_years", "floors", "factors", "simulations")
        check_parts(arrays, wanted, "spread of the emulator")
        return cls(
            unpack_names(arrays["targets"]),
            float(np.asarray(arrays["level"], np.float64)[0]),
            np.asarray(arrays["last_years"], np.intp),
            np.asarray(arrays["floors"], np.float32),
            np.asarray(arrays["factors"], np.float32),
            np.asarray(arrays["simulations"], np.int64),
        )

    def bin_of(self, year: NDArray[np.integer]) -> NDArray[np.intp]:
        """Return the bin of horizons, years since the start, of the same shape."""
        return np.minimum(np.searchsorted(self.last_years, year), len(self.last_years) - 1)


def fit_spread(
    errors: Array,
    deviations: Array,
    *,
    regime: NDArray[np.generic],
    targets: Sequence[str],
    level: float = LEVEL,
    last_years: Sequence[int] = HORIZONS,
) -> Spread:
    """Return the spread that covers a share `level` of exchangeable simulations, at each horizon and in each regime.

    The factor is the ceil((n + 1) level)-th of n scores ``|error| / (deviation + floor)``: one a simulation or,
    where a bin has several years of it, all of them with weights that sum to one.

    Parameters
    ----------
    errors, deviations
        Predicted minus simulated, and standard deviation of the members, ``(simulation, year, target)``, of years
        1, 2, ... since the start; errors are NaN where there is nothing to compare.
    regime
        Predicted regime, ``(simulation, year)``.
    targets
        Names along the last axis.
    level
        Share to be covered.
    last_years
        Last year of each bin of horizons; bins that begin after the last year are left out.

    Raises
    ------
    PredictorError
        If there are too few simulations for the level, or the arrays do not fit each other.
    """
    _check(errors, deviations, regime, targets)
    floors = _floors(deviations, np.isfinite(errors))
    scores = np.abs(errors) / (deviations + floors)
    first = np.concatenate([[0], np.asarray(last_years)])
    ends = np.array([end for begin, end in zip(first, last_years, strict=False) if begin < errors.shape[1]])
    shape = (len(targets), len(Regime), len(ends))
    factors, counts = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.int64)
    for b, (begin, end) in enumerate(zip(first, ends, strict=False)):
        for t in range(len(targets)):
            # Of a few hundred simulations a loop over targets and regimes takes a tenth of a second.
            part, where = scores[:, begin:end, t], regime[:, begin:end]
            pooled, total = _rank(part, np.isfinite(part), level)
            if total and not np.isfinite(pooled):
                raise PredictorError(
                    "calibration of the spread",
                    f"{total} simulations for target {targets[t]}",
                    wanted=f"at least {int(np.ceil(level / (1.0 - level) - 1e-9))} for intervals of {level:.0%}",
                    do="Give the calibration a larger share of the ensemble.",
                )
            for r in Regime:
                found, counts[t, r, b] = _rank(part, np.isfinite(part) & (where == r), level)
                factors[t, r, b] = found if counts[t, r, b] >= LEAST else pooled
    return Spread(tuple(targets), level, ends.astype(np.intp), floors.astype(np.float32), factors, counts)


def _check(errors: Array, deviations: Array, regime: NDArray[np.generic], targets: Sequence[str]) -> None:
    if (
        errors.shape != deviations.shape
        or regime.shape != errors.shape[:2]
        or len(targets) != errors.shape[2]
    ):
        raise PredictorError(
            "calibration of the spread",
            f"errors {errors.shape}, deviations {deviations.shape}, regime {regime.shape}, {len(targets)} targets",
            wanted="(simulation, year, target) twice, and (simulation, year)",
        )
    if not (deviations[np.isfinite(errors)] >= 0.0).all():
        raise PredictorError("calibration of the spread", "a standard deviation is negative or NaN")


def _floors(deviations: Array, known: Mask) -> NDArray[np.float64]:
    """Return the floor of each target, ``(target,)``; it scales with the deviations."""
    floors = np.ones(deviations.shape[2])
    for t in range(len(floors)):
        some = deviations[..., t][known[..., t] & (deviations[..., t] > 0.0)]
        # A single member never disagrees: then the scores are the errors themselves.
        floors[t] = _FLOOR * np.median(some) if some.size else 1.0
    return floors


def _rank(scores: Array, chosen: Mask, level: float) -> tuple[float, int]:
    """Return the conformal rank of scores ``(simulation, year)`` that are chosen, and the number of simulations.

    Infinite where there are too few for the level, NaN where there is none.
    """
    years = chosen.sum(axis=1)
    total = int(np.count_nonzero(years))
    wanted = np.ceil((total + 1) * level - 1e-9)
    if total == 0 or wanted > total:
        return (np.inf if total else np.nan), total
    values = scores[chosen]
    weights = np.broadcast_to(1.0 / np.maximum(years, 1)[:, np.newaxis], chosen.shape)[chosen]
    order = np.argsort(values, kind="stable")
    # Weights of a third do not sum to whole numbers.
    place = int(np.searchsorted(np.cumsum(weights[order]), wanted - 1e-6))
    return float(values[order][min(place, len(values) - 1)]), total
