"""The course of a year: how a yearly driver divides over twelve months.

*Enters:* `Seasons`, twelve numbers a quantity. *Leaves:* the table that the monthly step reads. Yearly drivers
stay what they are: months share them out and never add to them. Must not know a column. *Source:* the defaults
are of temperate Europe, from memory, and say so: replace them where a region's own are known.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError

Array = NDArray[np.float64]

MONTHS = 12
# Rows of the table, in the order of the fields of `Seasons`.
RAIN, EVAPORATION, WARMTH, APPLICATION, UPTAKE, LIMING = range(6)


@dataclass(frozen=True)
class Seasons:
    """Shares of the year, January to December, each summing to 1; `warmth` is K above the mean, summing to 0.

    Parameters
    ----------
    precipitation, evaporation
        Shares of precipitation and of potential evapotranspiration.
    warmth
        Soil temperature above the year's mean, K.
    application, uptake
        Shares of the nitrogen applied, and of the crop's uptake and export.
    liming
        Shares of the lime spread.
    """

    precipitation: tuple[float, ...] = (
        0.08,
        0.07,
        0.07,
        0.07,
        0.08,
        0.09,
        0.09,
        0.09,
        0.09,
        0.09,
        0.09,
        0.09,
    )
    evaporation: tuple[float, ...] = (
        0.02,
        0.03,
        0.06,
        0.09,
        0.13,
        0.16,
        0.17,
        0.15,
        0.10,
        0.05,
        0.025,
        0.015,
    )
    warmth: tuple[float, ...] = (-7.0, -6.5, -4.0, -0.5, 3.5, 6.5, 8.0, 7.5, 4.0, 0.5, -4.5, -7.5)
    application: tuple[float, ...] = (0.0, 0.05, 0.30, 0.30, 0.15, 0.0, 0.0, 0.05, 0.10, 0.05, 0.0, 0.0)
    uptake: tuple[float, ...] = (0.0, 0.0, 0.05, 0.15, 0.30, 0.30, 0.10, 0.0, 0.0, 0.05, 0.05, 0.0)
    liming: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Raise `PredictorError` unless every quantity has twelve numbers that share out the year."""
        for field in fields(self):
            values = getattr(self, field.name)
            total = 0.0 if field.name == "warmth" else 1.0
            if len(values) != MONTHS or abs(sum(values) - total) > 1e-9:
                raise PredictorError(
                    "seasons",
                    f"{field.name} has {len(values)} numbers that sum to {sum(values):g}",
                    wanted=f"{MONTHS} that sum to {total:g}",
                )
            if field.name != "warmth" and min(values) < 0:
                raise PredictorError(
                    "seasons", f"{field.name} has a negative share", wanted="shares from 0 to 1"
                )

    def table(self) -> Array:
        """Return the shares as the kernels take them, ``(quantity, month)``."""
        return np.array([getattr(self, field.name) for field in fields(self)], dtype=np.float64)
