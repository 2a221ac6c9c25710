"""What a user may choose of the process model, and its geometry, as plain values and as the kernels take them.

*Enters:* `SimulatorOptions`. *Leaves:* `Settings` and `Frame`: named tuples of numbers and arrays. Must not
compute chemistry. *Source:* SCIENCE.md 2.1, 2.6, 2.7; CONVENTIONS.md for the depths and the spin-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.simulator.constants import IONS
from eurosic.simulator.gas import ATMOSPHERE
from eurosic.simulator.initial import PORE_WATER
from eurosic.simulator.nitrogen import overlap, plough_shares, source_shares
from eurosic.simulator.seasons import Seasons

Array = NDArray[np.float64]

# m; 6 x 5, 10 x 10, 2 x 15, 2 x 20 cm, which map onto the standard depths exactly. SCIENCE.md 2.1.
LAYERS = (0.05,) * 6 + (0.10,) * 10 + (0.15,) * 2 + (0.20,) * 2
# mol L-1, order of `IONS`: rain and dust of temperate arable land. SCIENCE.md 2.7 (replaceable default).
RAIN = (30e-6, 15e-6, 60e-6, 5e-6, 0.0, 0.0, 25e-6, 65e-6)
# m; depths over which changes are reported.
REPORT_DEPTHS = (0.3, 1.0, 2.0)

# Words that are choices, and what each may be; a typing error is named with them.
_CHOICES = {
    "step": ("year", "month"),
    "activity": ("wateq", "davies"),
    "tortuosity": ("moldrup", "millington-quirk"),
    "lab_solution": ("water", "cacl2"),
}


@dataclass(frozen=True)
class SimulatorOptions:
    """Choices of the process model; each default is that of the specification.

    Parameters
    ----------
    step
        ``"year"``, with the drivers' drainage, or ``"month"``, with bucket water and seasons.
    fit_drainage
        Whether the monthly step scales evapotranspiration until its buckets drain what the drivers say.
    seasons
        How months share out the year; monthly step only.
    activity
        ``"wateq"`` or ``"davies"``.
    tortuosity
        ``"moldrup"`` or ``"millington-quirk"``: decides pCO2 by a factor of two to three.
    spin_up
        Years of spin-up with calcite held fixed.
    substeps
        Steps per year of the annual scheme.
    atmosphere
        CO2 in the air above the soil, atm.
    lab_solution, lab_ratio, lab_co2
        Extractant of the lab pH (``"water"`` or ``"cacl2"``, 0.01 mol L-1), litres per kg of fine earth, CO2 in
        the laboratory's air, atm.
    rain, pore_water
        Concentrations of `IONS` in precipitation and in the first pore water, mol L-1.
    coarse_share, coarse_rate
        Share of the carbonate that is fragments, and their rate of dissolution far from equilibrium, yr-1
        (0.5 is that of 1 cm grains, from memory).
    dolomite_share, dolomite_rate
        Share of the carbonate's carbon that is dolomite, and its rate, yr-1 (0.05 is that of fine silt, from memory).
    layers
        Thickness of the layers from the surface down, m.
    """

    step: str = "year"
    fit_drainage: bool = True
    seasons: Seasons = field(default_factory=Seasons)
    activity: str = "wateq"
    tortuosity: str = "moldrup"
    spin_up: int = 20
    substeps: int = 1
    atmosphere: float = ATMOSPHERE
    lab_solution: str = "water"
    lab_ratio: float = 5.0
    lab_co2: float = 4.2e-4
    rain: tuple[float, ...] = RAIN
    pore_water: tuple[float, ...] = PORE_WATER
    coarse_share: float = 0.0
    coarse_rate: float = 0.5
    dolomite_share: float = 0.0
    dolomite_rate: float = 0.05
    layers: tuple[float, ...] = LAYERS

    def __post_init__(self) -> None:
        """Raise `PredictorError` unless every choice is one that exists."""
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise PredictorError(
                    "simulator options",
                    f"{name} = {getattr(self, name)!r}",
                    wanted=" or ".join(choices),
                )
        for name in ("rain", "pore_water"):
            if len(getattr(self, name)) != len(IONS):
                raise PredictorError(
                    "simulator options",
                    f"{name} has {len(getattr(self, name))} concentrations",
                    wanted=f"{len(IONS)}, of {', '.join(IONS)}",
                )
        if (
            not 0.0 <= self.coarse_share + self.dolomite_share <= 1.0
            or min(self.coarse_share, self.dolomite_share) < 0
        ):
            raise PredictorError(
                "simulator options",
                f"coarse_share {self.coarse_share:g} and dolomite_share {self.dolomite_share:g}",
                wanted="shares of the carbonate that sum to at most 1",
            )
        # A layer across a standard depth would have to share its carbonate between two of them.
        limits = np.cumsum(self.layers)
        if min(self.layers) <= 0 or any(
            not np.isclose(limits, bottom).any() for _, bottom in STANDARD_DEPTHS
        ):
            raise PredictorError(
                "simulator options",
                f"layers end at {', '.join(f'{limit:g}' for limit in limits)} m",
                wanted="limits that contain 0.05, 0.15, 0.3, 0.6, 1 and 2 m",
            )


# Numbers, not words: kernels branch on floats.
class Settings(NamedTuple):
    """The options as kernels take them; flags are 0.0 or 1.0, `lab_salt` is mol L-1 of CaCl2."""

    spin_up: int
    substeps: int
    davies: float
    millington: float
    atmosphere: float
    lab_salt: float
    lab_ratio: float
    lab_co2: float
    rain: Array
    pore_water: Array
    monthly: float
    fit_drainage: float
    seasons: Array
    coarse_share: float
    coarse_rate: float
    dolomite_share: float
    dolomite_rate: float


class Frame(NamedTuple):
    """The geometry, per layer.

    Thickness (m), shares of acid and harvest, shares of lime, the standard depth it
    lies in and its share of that depth, its weight in 0-30 cm, and whether it counts in each report depth
    ``(depth, layer)``.
    """

    thickness: Array
    acid_shares: Array
    lime_shares: Array
    depth: NDArray[np.int64]
    depth_share: Array
    topsoil: Array
    reported: Array


def settings_of(options: SimulatorOptions) -> Settings:
    """Return the options as the kernels take them."""
    return Settings(
        spin_up=options.spin_up,
        substeps=options.substeps,
        davies=float(options.activity == "davies"),
        millington=float(options.tortuosity == "millington-quirk"),
        atmosphere=options.atmosphere,
        lab_salt=0.01 if options.lab_solution == "cacl2" else 0.0,
        lab_ratio=options.lab_ratio,
        lab_co2=options.lab_co2,
        rain=np.array(options.rain, dtype=np.float64),
        pore_water=np.array(options.pore_water, dtype=np.float64),
        monthly=float(options.step == "month"),
        fit_drainage=float(options.fit_drainage),
        seasons=options.seasons.table(),
        coarse_share=options.coarse_share,
        coarse_rate=options.coarse_rate,
        dolomite_share=options.dolomite_share,
        dolomite_rate=options.dolomite_rate,
    )


def frame_of(options: SimulatorOptions) -> Frame:
    """Return the geometry of the options' layers."""
    thickness = np.array(options.layers, dtype=np.float64)
    # A layer belongs to the standard depth in which its middle lies; the limits were checked to coincide.
    middle = np.cumsum(thickness) - 0.5 * thickness
    bottoms = np.array([bottom for _, bottom in STANDARD_DEPTHS])
    extents = np.array([bottom - top for top, bottom in STANDARD_DEPTHS])
    depth = np.searchsorted(bottoms, middle)
    top30 = overlap(thickness, 0.0, REPORT_DEPTHS[0])
    return Frame(
        thickness=thickness,
        acid_shares=source_shares(thickness),
        lime_shares=plough_shares(thickness),
        depth=depth,
        depth_share=thickness / extents[depth],
        topsoil=top30 * thickness / (top30 * thickness).sum(),
        reported=np.array([overlap(thickness, 0.0, bottom) for bottom in REPORT_DEPTHS]),
    )
