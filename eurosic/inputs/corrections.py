"""Values of a source -> values of the house: unit, then the corrections that a recipe states, then the range.

*Enters:* lazy arrays on the grid, or numbers of a table. *Leaves:* the same in the unit of the vocabulary.
Known faults of data are corrected here because a recipe says so, never by a rule in the code. The range is
checked where values exist: when they are written, or read from a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.errors import CatalogError
from eurosic.base.request import Correction
from eurosic.base.units import check_unit, convert_unit
from eurosic.base.vocabulary import Variable

Array = NDArray[np.float64]

# Four verbs are enough for every fault met so far, and a reader of the recipe understands them.
_ACTIONS: dict[str, Callable[[Array, float], Array]] = {
    "multiply": lambda values, amount: values * amount,
    "add": lambda values, amount: values + amount,
    "at_least": lambda values, amount: np.maximum(values, amount),
    "at_most": lambda values, amount: np.minimum(values, amount),
}


def corrected(values: NDArray[np.floating], corrections: Sequence[Correction]) -> Array:
    """Return values (any shape, house unit) after each correction in turn; NaN stays NaN.

    Examples
    --------
    >>> corrected(np.array([3.0, np.nan]), [Correction("multiply", 0.5, "too high"), Correction("add", 1, "")])
    array([2.5, nan])
    """
    # In float64: corrections are chained, and float32 is for storage.
    done = np.asarray(values, dtype=np.float64)
    for correction in corrections:
        done = _ACTIONS[correction.action](done, correction.amount)
    return done


def check_corrections(corrections: Sequence[Correction], where: str) -> None:
    """Raise unless every correction is one of multiply, add, at_least, at_most, with a finite amount.

    Raises
    ------
    CatalogError
        Naming the first that is not.
    """
    for correction in corrections:
        if correction.action not in _ACTIONS or not np.isfinite(correction.amount):
            raise CatalogError(
                where,
                f"correction {correction.action!r} by {correction.amount}",
                wanted=f"one of {', '.join(_ACTIONS)}, by a finite number",
                do="Correct the recipe.",
            )


def in_house(
    values: NDArray[np.floating], unit: str, wanted: str, corrections: Sequence[Correction], where: str
) -> Array:
    """Return values, given in `unit`, in unit `wanted` and corrected (float64, same shape).

    Raises
    ------
    UnitError
        If the units measure different things.
    """
    return corrected(convert_unit(values, unit, wanted, where), corrections)


def to_house(
    layer: xr.DataArray, variable: Variable, unit: str, corrections: Sequence[Correction], where: str
) -> xr.DataArray:
    """Return a lazy layer in the unit of its vocabulary variable, corrected, float32.

    Raises
    ------
    UnitError
        At once, if the units measure different things.
    CatalogError
        If a correction is unknown.
    """
    # Before any block is computed, or a wrong unit would be found after an hour.
    check_unit(unit, variable.unit, where)
    check_corrections(corrections, where)
    data = layer.data.map_blocks(
        _in_house_32,
        unit,
        variable.unit,
        tuple(corrections),
        where,
        dtype=np.float32,
        meta=np.empty(0, np.float32),
    )
    return layer.copy(data=data)


def _in_house_32(
    values: NDArray[np.float32], unit: str, wanted: str, corrections: tuple[Correction, ...], where: str
) -> NDArray[np.float32]:
    return in_house(values, unit, wanted, corrections, where).astype(np.float32)


def out_of_range(values: NDArray[np.generic], variable: Variable) -> NDArray[np.bool_]:
    """Return which values lie outside the valid range of a variable; missing ones do not.

    The ends are widened by one part in a million, which is what float32 and a change of unit may cost.
    """
    slack = 1e-6 * max(abs(variable.valid_min), abs(variable.valid_max))
    # NaN fails both comparisons: missing is not wrong.
    given = np.asarray(values, dtype=np.float64)
    return (given < variable.valid_min - slack) | (given > variable.valid_max + slack)
