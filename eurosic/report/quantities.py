"""The columns of a table of totals: from which sum each is made, in which unit, and what it means.

*Enters:* nothing. *Leaves:* `QUANTITIES`, in the order of the table. *Source:* CONVENTIONS.md, section Variables.
"""

from __future__ import annotations

from dataclasses import dataclass

from eurosic.base.units import KG_PER_TG, MOLAR_MASS_C, MOLAR_MASS_CO2

# How the column of a difference ends.
MINUS = "_minus_baseline"
_DEPTHS = ("0_30cm", "0_100cm", "0_200cm")


@dataclass(frozen=True)
class Quantity:
    """One column of the table: where it comes from, and what one kg of it counts.

    `over` is ``"sum"`` as it is, ``"cumulative"`` summed over the years since the start, or ``"rate"`` per
    hectare and year since the start.
    """

    column: str
    source: str
    per_kg: float
    over: str
    meaning: str


_CO2_PER_C = MOLAR_MASS_CO2 / MOLAR_MASS_C

QUANTITIES = (
    *(
        Quantity(
            f"sic_change_{d}_TgC",
            f"sic_change_{d}",
            1 / KG_PER_TG,
            "sum",
            "change of soil inorganic carbon since the start, gain positive",
        )
        for d in _DEPTHS
    ),
    *(
        Quantity(
            f"sic_change_rate_{d}_kgC_ha_yr",
            f"sic_change_{d}",
            1.0,
            "rate",
            "the same, mean per hectare and year since the start",
        )
        for d in _DEPTHS
    ),
    Quantity(
        "dic_leaching_TgC_yr", "dic_leaching", 1 / KG_PER_TG, "sum", "DIC leached below 2 m in the year"
    ),
    Quantity(
        "co2_to_air_from_carbonate_TgCO2_yr",
        "co2_to_air_from_carbonate",
        _CO2_PER_C / KG_PER_TG,
        "sum",
        "CO2 to the air from carbonate in the year, negative is a sink",
    ),
    Quantity(
        "co2_to_air_from_carbonate_TgCO2",
        "co2_to_air_from_carbonate",
        _CO2_PER_C / KG_PER_TG,
        "cumulative",
        "the same, summed since the start",
    ),
    Quantity(
        "nitrate_leaching_TgN_yr", "nitrate_leaching", 1 / KG_PER_TG, "sum", "nitrate leached in the year"
    ),
)
