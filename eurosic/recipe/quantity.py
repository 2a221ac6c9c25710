"""Numbers with their unit, as pydantic types: `20 %`, `1 km`, `170 kg ha-1 yr-1`.

*Enters:* the text of a recipe's value. *Leaves:* a float in the house unit, checked against its range. A bare
number is refused, because nobody can see whether `20` is per cent or a fraction. *Must not:* know the recipe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import numpy as np
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from eurosic.base.errors import UnitError
from eurosic.base.units import convert_unit

# A number, then what it is of; joined to the number it has letters only, as no catalog name with a hyphen.
_QUANTITY = re.compile(
    r"\s*([-+−]?(?:\.\d+|\d[\d_]*(?:\.\d*)?)(?:[eE][-+]?\d+)?)(?:\s+(\D.*?)|([A-Za-z%°/]+))?\s*", re.ASCII
)


@dataclass(frozen=True)
class Physical:
    """What a quantity must be: its house unit, an example of how to write it, its range in the house unit."""

    unit: str
    example: str
    low: float
    high: float
    # A difference of temperatures converts without its zero: 1 K is 1 degC.
    difference: bool = False


def problem(message: str) -> PydanticCustomError:
    """Return an error that pydantic collects with the others."""
    return PydanticCustomError("recipe", "{told}", {"told": message})


def looks_like_quantity(raw: object) -> bool:
    """Return whether a value is a number, or a text that is a number and a unit (a source's name is not).

    Examples
    --------
    >>> [looks_like_quantity(raw) for raw in ("60 %", 60, "3-layers-map", "clay-2009")]
    [True, True, False, False]
    """
    if isinstance(raw, str):
        return _QUANTITY.fullmatch(raw) is not None
    return _is_number(raw)


def in_house_unit(raw: object, wanted: Physical) -> float:
    """Return a quantity in the house unit.

    Raises
    ------
    PydanticCustomError
        If it is no number with a unit, if the unit measures something else, or if it is out of range.

    Examples
    --------
    >>> in_house_unit("1 km", Physical("m", "1 km", 100.0, 1e6))
    1000.0
    """
    number, given = _split(raw, wanted)
    try:
        # Zero is converted too: a difference of temperatures leaves it out.
        zero, value = convert_unit(np.array([0.0, number]), given, wanted.unit, "the unit")
    except UnitError as error:
        raise problem(f"{raw!r} does not convert to the unit of '{wanted.example}'") from error
    house = float(value - zero) if wanted.difference else float(value)
    # Per cent to fraction rounds: 90 % must not be above 0.9.
    slack = 1e-12 * max(abs(wanted.low), abs(wanted.high))
    if not wanted.low - slack <= house <= wanted.high + slack:
        low, high = convert_unit(np.array([wanted.low, wanted.high]), wanted.unit, given, "the unit")
        raise problem(f"{raw!r} is outside {low:g} to {high:g} {given}")
    # Conversion rounds (70 % is 0.7000000000000001): twelve digits are the same in every unit and everywhere.
    return min(max(float(f"{house:.12g}"), wanted.low), wanted.high)


def quantity(unit: str, example: str, low: float, high: float) -> BeforeValidator:
    """Return what makes a float a quantity in `unit` between `low` and `high`; `example` shows its form."""
    return BeforeValidator(partial(in_house_unit, wanted=Physical(unit, example, low, high)))


def difference(unit: str, example: str, low: float, high: float) -> BeforeValidator:
    """Return what makes a float a difference in `unit`, of temperatures where 1 K is 1 degC."""
    return BeforeValidator(partial(in_house_unit, wanted=Physical(unit, example, low, high, True)))


def counted(noun: str, example: str) -> BeforeValidator:
    """Return what makes an int a number of something that is no unit, such as `1024 cells`."""
    return BeforeValidator(partial(_count, noun=noun, example=example))


def _split(raw: object, wanted: Physical) -> tuple[float, str]:
    found = _QUANTITY.fullmatch(raw) if isinstance(raw, str) else None
    if found is None and not _is_number(raw):
        raise problem(f"{raw!r} is not a number with its unit; {_such_as(wanted)}")
    unit = found and (found[2] or found[3])
    if found is None or not unit:
        raise problem(f"{raw} has no unit; {_such_as(wanted)}")
    return float(found[1].replace("−", "-").replace("_", "")), unit


def _such_as(wanted: Physical) -> str:
    return f"wanted a quantity such as '{wanted.example}'"


def _is_number(raw: object) -> bool:
    return isinstance(raw, (int, float)) and not isinstance(raw, bool)


def _count(raw: object, *, noun: str, example: str) -> int:
    found = re.fullmatch(rf"\s*(\d[\d_ ]*?)\s*{noun}s?\s*", raw) if isinstance(raw, str) else None
    # Thousands may stand apart (8 192 cells); the noun keeps a bare number from passing as years.
    number = int(re.sub(r"[_ ]", "", found[1])) if found else 0
    if number < 1:
        raise problem(f"{raw!r} is not a number of {noun}s; wanted one such as '{example}'")
    return number
