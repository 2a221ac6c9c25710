"""Which cells are studied, and why the others are not.

*Enters:* dense layers of a block of the grid ``(y, x)``, thresholds, the countries of the extent. *Leaves:*
`status` (int8) and the calcareous arable area (m2) of each cell. NumPy blocks only: a lazy caller maps these
functions over its chunks. *Source:* CONVENTIONS.md, "Where a cell is, and how much of it".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.flags import Status

Layers = Mapping[str, NDArray[np.generic]]

# Layers that decide whether a cell is studied, before any other is looked at.
DECIDING = ("country", "arable_fraction", "calcareous_probability")


@dataclass(frozen=True)
class StudyOptions:
    """Thresholds of a study cell, 1; they move Europe's total area between 26 and 41 Mha.

    Raises
    ------
    InputError
        If a threshold is no fraction.
    """

    arable_fraction_least: float = 0.01
    calcareous_probability_least: float = 0.5

    def __post_init__(self) -> None:
        """Raise `InputError` unless both are fractions."""
        for name, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise InputError(
                    f"study, {name}", f"is {value}", wanted="a fraction, 0 to 1", do="Write 5 % or 0.05."
                )


def study_status(
    layers: Layers, *, countries: Collection[int], required: tuple[str, ...], options: StudyOptions
) -> NDArray[np.int8]:
    """Return why each cell of a block is studied (`Status.PREDICTED`) or not, int8, shape ``(y, x)``.

    The first reason that holds is told: sea, outside the extent, not arable, not calcareous, and at last
    the first of the `required` layers without a value, as ``Status.MISSING`` plus its place. A layer of
    months or years lacks a value where one of them does.

    Parameters
    ----------
    layers
        The three `DECIDING` layers ``(y, x)``, country 0 or NaN on the sea; and all `required` ones, with
        any leading axes.
    countries
        ISO 3166-1 numeric codes of the extent.
    required
        Layers without which a cell cannot be predicted, in the order of `status_flags`.
    options
        Thresholds.

    Raises
    ------
    InputError
        If a layer is absent, or there are too many to be told apart in an int8.
    """
    _check_layers(layers, required)
    country = np.nan_to_num(layers["country"].astype(np.float64), nan=0.0)
    # In single precision, as layers are stored: 1 % read from a file then is at least 1 %.
    arable, calcareous = (layers[name].astype(np.float32) for name in DECIDING[1:])
    # A comparison with NaN is False: what is not known to be too little goes on, and is missing further down.
    reasons: list[tuple[NDArray[np.bool_], int]] = [
        (country == 0, Status.SEA),
        (~np.isin(country, list(countries)), Status.OUTSIDE_EXTENT),
        (arable < options.arable_fraction_least, Status.NOT_ARABLE),
        (calcareous < options.calcareous_probability_least, Status.NOT_CALCAREOUS),
        *((_missing(layers[name]), Status.MISSING + place) for place, name in enumerate(required)),
    ]
    status = np.select([holds for holds, _ in reasons], [int(code) for _, code in reasons], Status.PREDICTED)
    return status.astype(np.int8)


def calcareous_arable_area(layers: Layers, cell_area: float) -> NDArray[np.float64]:
    """Return the calcareous arable area of each cell, m2: cell area x arable fraction x probability.

    Parameters
    ----------
    layers
        `arable_fraction` and `calcareous_probability`, 1, any shape; NaN counts as none.
    cell_area
        m2.
    """
    arable, calcareous = (layers[name].astype(np.float64) for name in DECIDING[1:])
    return cell_area * np.nan_to_num(arable * calcareous, nan=0.0)


def _missing(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    empty = np.isnan(values.astype(np.float64, copy=False))
    return np.asarray(empty.any(axis=tuple(range(values.ndim - 2))))


def _check_layers(layers: Layers, required: tuple[str, ...]) -> None:
    absent = [name for name in dict.fromkeys((*DECIDING, *required)) if name not in layers]
    if absent:
        raise InputError(
            "study area",
            f"no layer {', '.join(absent)}",
            wanted="every layer that decides or is required",
            do="Name a source for it under inputs of the recipe.",
        )
    unchecked = [name for name in DECIDING[1:] if name not in required]
    if unchecked:
        raise InputError(
            "study area",
            f"{', '.join(unchecked)} not among the required layers",
            wanted="both, so that a cell where one has no value says so",
        )
    if Status.MISSING + len(required) > np.iinfo(np.int8).max:
        raise InputError("study area", f"{len(required)} required layers", wanted="fewer than 120")
