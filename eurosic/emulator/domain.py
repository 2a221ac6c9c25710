"""Where the emulator must not be trusted: outside the trained range of a feature, or of their joint density.

*Enters:* columns, and those that the emulator was trained on. *Leaves:* `Domain`: which cells are inside, and why
the others are not. NumPy only, cheap enough for every cell of Europe; it must not predict. A cell is outside if a
feature lies beyond its range and margin, or if features that are usual each are unusual together. *Source:*
SCIENCE.md 2.2 and 6; split conformal prediction, Vovk et al. (2005), Algorithmic Learning in a Random World.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.signature import Columns, Signature, names
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.emulator.density import Mixture, fit_mixture
from eurosic.emulator.packing import Arrays, check_parts, pack_names, unpack_names

Array = NDArray[np.float64]

# Share of a trained range by which a value may lie beyond it: a sample does not reach the ends of what it is drawn
# from. With it 0.2 % of held-out columns lie beyond a range, without it 0.8 %.
MARGIN = 0.01
# Rounding, where all that was trained on is one value.
_ROUNDING = 1e-6
# Share of the training columns, each judged by the others, that the joint density calls unusual. With 0.005, one of
# eight splits had more than 1 % of its held-out columns outside; with 0.003 none, and as much was caught.
UNUSUAL = 0.003
JOINT = "joint density"
_FOLDS = 5
# Cells judged at once: their features stay in the cache of a core.
_BLOCK = 8192

# Values below which a feature counts linearly and above which by its logarithm, in the vocabulary's units: about a
# year's loss of carbonate, nitrogen that no harvest shows, drainage that takes decades to pass the profile.
_FLOORS: Mapping[str, float] = {
    "sic": 0.01,
    "nitrate": 0.02,
    "drainage": 10.0,
    "nitrate_leached": 0.02,
    "acid_extra": 0.02,
    "base_cation_export": 0.02,
    "lime": 0.1,
}
_THICKNESS = np.array([bottom - top for top, bottom in STANDARD_DEPTHS])
_CLIMATE = ("temperature", "precipitation", "drainage")
# m; where the CO2 of the soil air is judged, as in the design of ensembles.
_JUDGED = 0.5
# What a domain is stored as, beside its names.
_RANGES = ("low", "high", "margin", "mean", "scale")
_MIXTURE = ("offset", "means", "whiteners")


def domain_features(columns: Columns, signature: Signature) -> tuple[Array, tuple[str, ...]]:
    """Return what decides whether a column is like those trained on, ``(cell, feature)``, and the features' names.

    Covariates, state by depth, drivers before the start; of the forcing, over all pathways and years, the least and
    the largest of each driver and the largest departure of the climate from that before the start; and combinations
    that no column can have: no water for plants, no pores for it, more drainage than rain, acid in calcite.
    Stocks and fluxes that span decades are on a scale linear at first and logarithmic then, ``asinh(x / floor)``.
    """
    made: dict[str, Array] = {}
    for i, name in enumerate(names(signature.covariates)):
        made[name] = _scaled(name, columns.covariates[:, i])
    for i, name in enumerate(names(signature.states)):
        for depth, (top, bottom) in enumerate(STANDARD_DEPTHS):
            made[f"{name} {100 * top:g}-{100 * bottom:g} cm"] = _scaled(name, columns.state[:, depth, i])
    # Years first, then pathways: nothing of the forcing's own size is made.
    least, largest = columns.unsettled.min(axis=2).min(axis=0), columns.unsettled.max(axis=2).max(axis=0)
    for i, name in enumerate(names(signature.drivers)):
        before = columns.baseline[:, i]
        made[f"{name} before"] = _scaled(name, before)
        made[f"least {name}"] = _scaled(name, least[:, i])
        made[f"largest {name}"] = _scaled(name, largest[:, i])
        if name in _CLIMATE:
            made[f"departure of {name}"] = np.maximum(largest[:, i] - before, before - least[:, i])
    made |= _combinations(
        dict(zip(names(signature.covariates), columns.covariates.T, strict=True))
        | dict(zip(names(signature.drivers), columns.baseline.T, strict=True))
        | dict(zip(names(signature.states), np.moveaxis(columns.state, -1, 0), strict=True))
    )
    return np.stack(list(made.values()), axis=-1), tuple(made)


def _scaled(name: str, values: Array) -> Array:
    return np.arcsinh(values / _FLOORS[name]) if name in _FLOORS else values


def _combinations(given: Mapping[str, Array]) -> dict[str, Array]:
    """Return what is impossible beyond a limit and no feature shows alone, where the signature has its parts."""
    made = {}
    if {"field_capacity", "wilting_point"} <= given.keys():
        made["available water"] = given["field_capacity"] - given["wilting_point"]
    if {"porosity", "air_porosity", "wilting_point"} <= given.keys():
        made["pores beyond air and wilting point"] = (
            given["porosity"] - given["air_porosity"] - given["wilting_point"]
        )
    if {"cec_ph_slope", "cec_topsoil"} <= given.keys():
        made["rise of CEC per CEC"] = given["cec_ph_slope"] / np.maximum(given["cec_topsoil"], 0.1)
    if {"precipitation", "drainage"} <= given.keys():
        made["drained share of precipitation"] = given["drainage"] / np.maximum(given["precipitation"], 1.0)
    if {"sic", "base_saturation"} <= given.keys():
        held = given["sic"] / _THICKNESS
        richest = np.maximum(held.max(axis=1, keepdims=True), _ROUNDING)
        made["acid beside carbonate"] = ((1.0 - given["base_saturation"]) * held / richest).max(axis=1)
    if {"respiration", "respiration_depth", "porosity", "air_porosity"} <= given.keys():
        made["carbon dioxide of the soil air"] = _carbon_dioxide(given)
    return made


def _carbon_dioxide(given: Mapping[str, Array]) -> Array:
    """Return ln(R z (1 - exp(-0.5 m / z)) phi^0.5 / eps^2.5): pCO2 at 0.5 m but for temperature and air above.

    Notes
    -----
    Source: SCIENCE.md 2.2, the quasi-steady profile with the diffusivity of Moldrup et al. (2000).
    """
    depth = given["respiration_depth"]
    held = given["respiration"] * depth * -np.expm1(-_JUDGED / depth)
    return np.asarray(
        np.log(np.maximum(held, _ROUNDING) * given["porosity"] ** 0.5 / given["air_porosity"] ** 2.5)
    )


@dataclass(frozen=True)
class Domain:
    """The trained region: the range of each feature, and how usual they are together.

    `low` and `high` ``(feature,)`` are the trained range, `margin` what is allowed beyond it. Features that vary in
    training, `joint`, are standardised by `mean` and `scale` ``(joint,)``; a cell whose `mixture.surprise` exceeds
    `threshold` is outside.
    """

    names: tuple[str, ...]
    low: Array
    high: Array
    margin: Array
    joint: NDArray[np.intp]
    mean: Array
    scale: Array
    mixture: Mixture
    threshold: float

    def inside(self, features: Array) -> NDArray[np.bool_]:
        """Return whether each cell of ``(cell, feature)`` is inside, ``(cell,)``; a cell with a NaN is not.

        Raises
        ------
        PredictorError
            If there are more or fewer features than trained.
        """
        return ~self._beyond(features).any(axis=1) & ~self._unusual(features)

    def reasons(self, features: Array) -> dict[str, int]:
        """Return how many cells lie beyond each feature's range, most first; `JOINT`: beyond none, but unusual.

        Raises
        ------
        PredictorError
            If there are more or fewer features than trained.
        """
        beyond = self._beyond(features)
        counts = dict(zip(self.names, (int(count) for count in beyond.sum(axis=0)), strict=True))
        counts[JOINT] = int((self._unusual(features) & ~beyond.any(axis=1)).sum())
        return {name: n for name, n in sorted(counts.items(), key=lambda counted: -counted[1]) if n}

    def arrays(self) -> Arrays:
        """Return all of it as arrays, the names as UTF-8 bytes, for the file of the weights."""
        made: Arrays = {"names": pack_names(self.names), "joint": self.joint.astype(np.int64)}
        made["threshold"] = np.array([self.threshold])
        made |= {name: getattr(self, name) for name in _RANGES}
        return made | {name: getattr(self.mixture, name) for name in _MIXTURE}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Domain:
        """Return the domain that `arrays` gave.

        Raises
        ------
        CardError
            If an array is missing.
        """
        check_parts(arrays, ("names", "joint", "threshold", *_RANGES, *_MIXTURE), "domain of the emulator")
        return cls(
            names=unpack_names(arrays["names"]),
            joint=np.asarray(arrays["joint"], np.intp),
            mixture=Mixture(*(np.asarray(arrays[name], np.float32) for name in _MIXTURE)),
            threshold=float(np.asarray(arrays["threshold"], np.float64)[0]),
            **{name: np.asarray(arrays[name], np.float64) for name in _RANGES},
        )

    def _beyond(self, features: Array) -> NDArray[np.bool_]:
        if features.shape[1] != len(self.names):
            came, wanted = f"{features.shape[1]} features", f"{len(self.names)}"
            raise PredictorError("domain of the emulator", came, wanted=wanted)
        # NaN fails both comparisons, and so is beyond.
        return ~((features >= self.low - self.margin) & (features <= self.high + self.margin))

    def _unusual(self, features: Array) -> NDArray[np.bool_]:
        unusual = np.empty(len(features), dtype=np.bool_)
        for first in range(0, len(features), _BLOCK):
            block = slice(first, first + _BLOCK)
            # What lies a thousand deviations off is unusual enough; its square would leave float32.
            far = np.clip((features[block][:, self.joint] - self.mean) / self.scale, -1e3, 1e3)
            unusual[block] = ~(self.mixture.surprise(far.astype(np.float32)) <= self.threshold)
        return unusual


def fit_domain(features: Array, names: tuple[str, ...], *, seed: int) -> Domain:
    """Return the domain of training columns: features ``(cell, feature)`` as `domain_features` gives them.

    The threshold is the surprise that a share `UNUSUAL` of the training columns exceeds, each judged by a density
    fitted without it, in five parts: a density knows its own points too well to judge them.

    Raises
    ------
    PredictorError
        If there are fewer than 20 columns, one is not finite, or all are the same.
    """
    low, high = features.min(axis=0), features.max(axis=0)
    rounding = _ROUNDING * (1.0 + np.abs(high))
    joint = np.flatnonzero(high - low > rounding)
    if len(features) < 4 * _FOLDS or not np.isfinite(features).all() or not len(joint):
        raise PredictorError(
            "domain of the emulator",
            f"{len(features)} training columns, {int((~np.isfinite(features)).any(axis=1).sum())} of them not"
            f" finite, that differ in {len(joint)} features",
            wanted=f"at least {4 * _FOLDS}, all finite and not all the same",
        )
    mean, scale = features[:, joint].mean(axis=0), features[:, joint].std(axis=0)
    points = ((features[:, joint] - mean) / scale).astype(np.float32)
    mixture, threshold = fit_mixture(points, seed=seed), _threshold(points, seed)
    margin = MARGIN * (high - low) + rounding
    return Domain(tuple(names), low, high, margin, joint, mean, scale, mixture, threshold)


def _threshold(points: NDArray[np.float32], seed: int) -> float:
    fold = np.random.default_rng([seed, 1]).permutation(len(points)) % _FOLDS
    surprise = np.empty(len(points), dtype=np.float32)
    for held in range(_FOLDS):
        known = fit_mixture(points[fold != held], seed=seed)
        surprise[fold == held] = known.surprise(points[fold == held])
    # The rank that keeps the promise for a new column, not only for these.
    rank = min(int(np.ceil((len(points) + 1) * (1.0 - UNUSUAL))), len(points))
    return float(np.sort(surprise)[rank - 1])
