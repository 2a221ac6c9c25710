"""How a variable is written in a figure: its words, the unit a reader expects, and the factor to it.

*Enters:* the name of a target, start and year. *Leaves:* a `Measure`. Must not read values. Carbon and nitrogen are
shown per hectare, as agronomists count them; the store keeps the units of the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

from eurosic.base.errors import StoreError
from eurosic.base.units import M2_PER_HA
from eurosic.base.vocabulary import TARGETS

# Words, unit in print, factor from the vocabulary's unit, whether the sign has a meaning.
_MOL_PER_KMOL = 1e3
_SHOWN = {
    "dic_leaching": ("DIC leached below 2 m", "kg C ha⁻¹ yr⁻¹", M2_PER_HA, False),
    "alkalinity_leaching": (
        "alkalinity leached below 2 m",
        "kmol ha⁻¹ yr⁻¹",
        M2_PER_HA / _MOL_PER_KMOL,
        False,
    ),
    "co2_to_air_from_carbonate": ("CO₂ to the air from carbonate", "kg C ha⁻¹ yr⁻¹", M2_PER_HA, True),
    "nitrate_leaching": ("nitrate leached below 2 m", "kg N ha⁻¹ yr⁻¹", M2_PER_HA, False),
    "ph_soil_0_30cm": ("soil pH, 0–30 cm", "", 1.0, False),
    "ph_lab_0_30cm": ("lab pH in water, 0–30 cm", "", 1.0, False),
    "decalcification_depth": ("decalcification depth", "m", 1.0, False),
}


@dataclass(frozen=True)
class Measure:
    """How a variable is shown.

    Parameters
    ----------
    variable
        Its name in the cube.
    words
        What it is, for a title.
    unit
        Unit in print, empty for a number without.
    factor
        From the vocabulary's unit to that.
    signed
        Whether zero separates two meanings, such as gain and loss.
    when
        The year, or the years of which it is the mean.
    """

    variable: str
    words: str
    unit: str
    factor: float
    signed: bool
    when: str

    @property
    def axis(self) -> str:
        """Unit and time, as they stand at a colour bar."""
        return ", ".join(part for part in (self.unit, self.when) if part)


def measure_of(variable: str, *, year: int, start: int) -> Measure:
    """Return how a target is shown in a year; a change as its mean per year since the start.

    Raises
    ------
    StoreError
        If the variable is no target with an amount.

    Examples
    --------
    >>> measure_of("sic_change_0_30cm", year=2024, start=2020).axis
    'kg C ha⁻¹ yr⁻¹, mean of 2020–2024'
    """
    if variable.startswith("sic_change_") and variable in TARGETS:
        depth = variable.removeprefix("sic_change_").removesuffix("cm").replace("_", "–")
        when = f"mean of {start}–{year}"
        per_year = M2_PER_HA / (year - start + 1)
        return Measure(variable, f"change of SIC, {depth} cm", "kg C ha⁻¹ yr⁻¹", per_year, True, when)
    if variable not in _SHOWN:
        wanted = ", ".join([*(name for name in TARGETS if name.startswith("sic_change")), *_SHOWN])
        raise StoreError("figures", f"no figure of {variable!r}", wanted=f"one of {wanted}")
    words, unit, factor, signed = _SHOWN[variable]
    return Measure(variable, words, unit, factor, signed, str(year))
