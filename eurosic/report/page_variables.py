"""What the map of a page can show: variables in the units that people read, most wanted first.

*Enters:* nothing. *Leaves:* words, units, factors and the sense of a sign for each target. Must not hold values.
The page is filled from the top of this list until it would grow too large.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from eurosic.base.units import M2_PER_HA
from eurosic.base.vocabulary import TARGETS


@dataclass(frozen=True)
class Shown:
    """A target as the page shows it.

    `factor` takes the unit of the vocabulary to `unit`. `sense` is +1 where more is good for the soil's carbonate
    (purple), -1 where more is bad (orange); `signed` where values themselves, not only differences, have two
    directions. `less` and `more` are the words at the ends of the legend, for values and for differences.
    """

    name: str
    label: str
    unit: str
    factor: float
    digits: int
    note: str
    sense: int = 1
    signed: bool = False
    less: str = "less"
    more: str = "more"
    difference_less: str = "less"
    difference_more: str = "more"

    def told(self) -> dict[str, object]:
        """Return the words for the page's script."""
        flags = TARGETS[self.name].flags
        return {**asdict(self), "flags": [flag.capitalize() for flag in flags]}


def _change(depth: str) -> Shown:
    low, high = depth.split("_")
    return Shown(
        f"sic_change_{depth}cm",
        f"Change of soil inorganic carbon, {low}–{high} cm",
        "kg C ha⁻¹",
        M2_PER_HA,
        0,
        "since 1 January of the start year",
        signed=True,
        less="lost",
        more="gained",
        difference_less="more lost",
        difference_more="more kept",
    )


SHOWN = (
    _change("0_200"),
    Shown(
        "co2_to_air_from_carbonate",
        "CO₂ to the air from carbonate",
        "kg C ha⁻¹ yr⁻¹",
        M2_PER_HA,
        1,
        "in the year; carbonate carbon dissolved minus DIC leached; negative is a sink",
        sense=-1,
        signed=True,
        less="taken up (sink)",
        more="to the air",
        difference_less="less to the air",
        difference_more="more to the air",
    ),
    Shown(
        "dic_leaching",
        "Dissolved inorganic carbon leached",
        "kg C ha⁻¹ yr⁻¹",
        M2_PER_HA,
        1,
        "in the year, below 2 m",
    ),
    Shown(
        "regime",
        "Carbonate regime",
        "",
        1.0,
        0,
        "buffered: carbonate in the topsoil; front: only below; depleted: none within 2 m",
    ),
    Shown("ph_lab_0_30cm", "Lab pH (water 1:5), 0–30 cm", "", 1.0, 2, "as a laboratory measures it"),
    Shown(
        "nitrate_leaching",
        "Nitrate leached",
        "kg N ha⁻¹ yr⁻¹",
        M2_PER_HA,
        1,
        "in the year, below 2 m",
        sense=-1,
    ),
    _change("0_30"),
    Shown(
        "decalcification_depth",
        "Depth free of carbonate",
        "cm",
        100.0,
        1,
        "from the surface down",
        sense=-1,
        less="shallower",
        more="deeper",
        difference_less="shallower",
        difference_more="deeper",
    ),
    Shown("ph_soil_0_30cm", "pH in the field, 0–30 cm", "", 1.0, 2, "under the CO₂ of the soil air"),
    _change("0_100"),
    Shown(
        "alkalinity_leaching",
        "Alkalinity leached",
        "kmol ha⁻¹ yr⁻¹",
        M2_PER_HA / 1e3,
        2,
        "charge, in the year, below 2 m",
    ),
)
