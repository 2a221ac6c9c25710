"""Physical constants with unit and source; checks and conversion of units.

*Enters:* unit texts as they stand in files and recipes, NumPy arrays. *Leaves:* the same arrays in the
unit of the house, or a `UnitError` that names both units. Units follow UDUNITS syntax (CF-1.11), through
cf-units; a unit never names the substance (``kg m-2``, never ``kg C m-2``, which UDUNITS reads as coulomb).
"""

from __future__ import annotations

from functools import lru_cache

import cf_units
import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import UnitError

# kg mol-1; IUPAC 2021 standard atomic weights, abridged.
MOLAR_MASS_C = 0.012011
MOLAR_MASS_N = 0.014007
MOLAR_MASS_CA = 0.040078
MOLAR_MASS_O = 0.015999
MOLAR_MASS_CACO3 = MOLAR_MASS_CA + MOLAR_MASS_C + 3 * MOLAR_MASS_O
MOLAR_MASS_CO2 = MOLAR_MASS_C + 2 * MOLAR_MASS_O

# m2 in a hectare, and kg in a teragram: SI definitions.
M2_PER_HA = 1.0e4
KG_PER_TG = 1.0e9

# UDUNITS reads "a" as the are, "pH" as the picohenry and "%" as 0.01; these spellings of people mean something
# else to it.
_SPELLINGS = {"": "1", "-": "1", "pH": "1", "percent": "%", "fraction": "1", "meters": "m", "meter": "m"}


@lru_cache(maxsize=512)
def parse_unit(text: str, where: str = "unit") -> cf_units.Unit:
    """Return the unit that a text names, in UDUNITS syntax.

    Raises
    ------
    UnitError
        If UDUNITS does not know the text.

    Examples
    --------
    >>> str(parse_unit("kg ha-1 yr-1"))
    'kg ha-1 yr-1'
    """
    spelled = _SPELLINGS.get(text.strip(), text.strip())
    try:
        unit = cf_units.Unit(spelled)
    except ValueError as error:
        raise UnitError(
            where,
            f"unit {text!r} is not one that UDUNITS knows",
            wanted="a CF unit such as 'kg ha-1 yr-1', '%', 'degC' or '1'",
            do="Correct the unit; never name the substance in it.",
        ) from error
    return unit


def check_unit(text: str, wanted: str, where: str) -> None:
    """Raise unless values in unit `text` can be converted to unit `wanted`.

    Raises
    ------
    UnitError
        If either is not a unit, or they measure different things.
    """
    if not parse_unit(text, where).is_convertible(parse_unit(wanted, where)):
        raise UnitError(
            where,
            f"gives values in {text!r}",
            wanted=f"a unit that converts to {wanted!r}",
            do="Correct the unit of the entry, or name the right variable.",
        )


def convert_unit(values: NDArray[np.floating], text: str, wanted: str, where: str) -> NDArray[np.float64]:
    """Return `values`, given in unit `text`, in unit `wanted` (float64, same shape).

    Raises
    ------
    UnitError
        If either is not a unit, or they measure different things.

    Examples
    --------
    >>> convert_unit(np.array([25.0]), "%", "1", "example")
    array([0.25])
    """
    check_unit(text, wanted, where)
    source, target = parse_unit(text, where), parse_unit(wanted, where)
    given = np.asarray(values, dtype=np.float64)
    return given if source == target else np.asarray(source.convert(given, target))
