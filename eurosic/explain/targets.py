"""What is explained: changes of SIC and of pH up to some horizons, in the units in which they are told.

*Enters:* targets of the vocabulary. *Leaves:* `Target`s: which variable, since when, and how it is told. pH has no
"before" in a prediction, so that its change is counted from the end of the start year of the baseline, from which all
pathways differ by nothing else than what they changed. *Source:* CONVENTIONS.md, Time and state.
"""

from __future__ import annotations

from dataclasses import dataclass

from eurosic.base.units import M2_PER_HA


@dataclass(frozen=True)
class Target:
    """A change to be explained.

    Parameters
    ----------
    name, label
        In tables, and as people read it.
    variable
        Word of the vocabulary that it is made of.
    unit
        Of its attributions as stored.
    since_start_year
        Whether the variable's value at the end of the start year of the baseline is taken off.
    floor
        Size below which it counts as nothing, when additivity is judged: a tenth of what a year of fertilizing does.
    told_in, factor, by_year
        Unit of tables and figures; what the stored unit is multiplied by; whether it is divided by the years.
    """

    name: str
    label: str
    variable: str
    unit: str
    since_start_year: bool
    floor: float
    told_in: str
    factor: float = 1.0
    by_year: bool = False


def _sic(depth: str) -> Target:
    name, label = f"sic_change_{depth}cm", f"change of soil inorganic carbon, {depth.replace('_', '–')} cm"
    return Target(name, label, name, "kg m-2", False, 1e-3, "kg ha-1 yr-1", M2_PER_HA, True)


TARGETS: tuple[Target, ...] = (
    _sic("0_30"),
    _sic("0_200"),
    Target(
        "ph_change_0_30cm",
        "change of soil pH, 0–30 cm",
        "ph_soil_0_30cm",
        "1",
        since_start_year=True,
        floor=1e-2,
        told_in="1",
    ),
)
