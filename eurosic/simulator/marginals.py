"""Distributions of the ingredients of a design, and how they go together.

*Enters:* nothing. *Leaves:* a quantile function per ingredient (`MARGINALS`), rank correlations, what a design
keeps. Must not draw. *Source:* SCIENCE.md section 6 (from memory, [M]), made wide enough that the covariates of
the real maps lie inside (docs/4-data.md); what differs from it says so in a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from eurosic.base.simulations import INGREDIENTS

Array = NDArray[np.float64]
# Shares between 0 and 1 -> values, increasing.
Quantile = Callable[[Array], Array]


def _uniform(name: str) -> Quantile:
    low, high = _range(name)
    return lambda u: low + u * (high - low)


def _loguniform(low: float, high: float) -> Quantile:
    return lambda u: np.asarray(low * (high / low) ** u)


def _beta(name: str, a: float, b: float) -> Quantile:
    low, high = _range(name)
    return lambda u: np.asarray(low + (high - low) * stats.beta.ppf(u, a, b))


def _normal(name: str, deviation: float) -> Quantile:
    # Cut at the ingredient's range, three standard deviations: a design holds no freak of its tails.
    low, high = (limit / deviation for limit in _range(name))
    return lambda u: np.asarray(stats.truncnorm.ppf(u, low, high, scale=deviation))


def _lognormal(name: str, mean: float, deviation: float) -> Quantile:
    low, high = stats.norm.cdf((np.log(_range(name)) - mean) / deviation)
    return lambda u: np.asarray(np.exp(mean + deviation * stats.norm.ppf(low + u * (high - low))))


def _gamma(shape: float) -> Quantile:
    # Gamma variables over their sum are Dirichlet shares.
    return lambda u: np.asarray(stats.gamma.ppf(u, shape))


def _range(name: str) -> tuple[float, float]:
    return INGREDIENTS[name].valid_min, INGREDIENTS[name].valid_max


def _carbonate(u: Array) -> Array:
    # 0.2 log-uniform to 2 %, 0.6 to 25 %, 0.2 uniform to 70 %: the parts adjoin, so that the quantile is theirs.
    parts = [
        _loguniform(0.05, 2.0)(u / 0.2),
        _loguniform(2.0, 25.0)((u - 0.2) / 0.6),
        25.0 + 225.0 * (u - 0.8),
    ]
    return np.select([u < 0.2, u < 0.8], parts[:2], parts[2])


def _decalcified(u: Array) -> Array:
    return np.where(u < 0.75, 0.0, 0.1 + 0.7 * (u - 0.75) / 0.25)


# Ingredients that are not named here are uniform over their range. Arable soils hold 1-2.5 % of SOC: uniform in
# the logarithm gives them their weight where SCIENCE.md has U(0.5, 6). Manure reaches 240, as in the Netherlands.
_SHAPES: Mapping[str, Quantile] = {
    "carbonate": _carbonate,
    "carbonate_ratio": _lognormal("carbonate_ratio", 0.3, 0.4),
    "decalcified_depth": _decalcified,
    "clay": _beta("clay", 1.9, 3.0),
    "sand_share": _beta("sand_share", 1.5, 1.5),
    "organic_carbon": _loguniform(*_range("organic_carbon")),
    "gravel": _beta("gravel", 1.0, 4.0),
    "bulk_density_spread": _normal("bulk_density_spread", 0.08),
    "cec_topsoil_spread": _normal("cec_topsoil_spread", 3.0),
    "cec_subsoil_spread": _normal("cec_subsoil_spread", 4.0),
    "field_capacity_spread": _normal("field_capacity_spread", 0.05),
    "wilting_point_spread": _normal("wilting_point_spread", 0.04),
    "temperature": _beta("temperature", 2.5, 2.5),
    "precipitation": _lognormal("precipitation", float(np.log(640.0)), 0.45),
    "pet": _beta("pet", 2.0, 2.0),
    "manure_n": _beta("manure_n", 1.0, 3.0),
    "form_nitrate": _gamma(4.0),
    "form_urea": _gamma(2.0),
    "form_uan": _gamma(1.5),
    "form_sulphate": _gamma(0.5),
    "base_export": _loguniform(*_range("base_export")),
}
MARGINALS: Mapping[str, Quantile] = MappingProxyType(
    {name: _SHAPES.get(name, _uniform(name)) for name in INGREDIENTS}
)

# Rank correlations, SCIENCE.md section 6. Temperature with precipitation follows from the first two, without
# which the three could not hold together; soils that are fine throughout have fine subsoils.
CORRELATIONS: Mapping[tuple[str, str], float] = MappingProxyType(
    {
        ("temperature", "pet"): 0.8,
        ("precipitation", "pet"): -0.6,
        ("temperature", "precipitation"): -0.45,
        ("precipitation", "respiration"): 0.4,
        ("gravel", "carbonate"): 0.3,
        ("mineral_n", "manure_n"): -0.3,
        ("cec_topsoil_spread", "cec_subsoil_spread"): 0.7,
        ("field_capacity_spread", "wilting_point_spread"): 0.7,
        ("clay", "air_porosity"): -0.4,
    }
)


@dataclass(frozen=True)
class Kept:
    """What a column must lie within to be part of a design.

    Drainage (mm yr-1) and pCO2 at 0.5 m (atm) between two limits; all nitrogen (kg ha-1 yr-1) at most so much.
    Drainage of 20-700 mm and pCO2 up to 0.05 atm in SCIENCE.md section 6 would leave out the driest, the wettest and
    the closest soils of the real maps: 1.8 % of the cells at 10 km; with these limits none.
    """

    drainage: tuple[float, float] = (2.0, 1100.0)
    pco2: tuple[float, float] = (0.003, 0.08)
    nitrogen: float = 350.0
