"""A column as MIN3P is to be given it: parameters, control volumes, and what stands in each at the start.

Station: between a table of parameters and the deck writer. *Enters:* a row such as those of
``parameters_dev.csv``. *Leaves:* `ColumnDesign`, checked when built, and `Layers`. It must not know the syntax
of a deck. *Source:* data/min3p/README.md, "What the model contains": uniform water content and unit gradient
with van Genuchten's functions, a CO2 source falling exponentially with depth, its analytic steady profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from eurosic.base.errors import SimulationError
from eurosic.base.units import MOLAR_MASS_C
from eurosic.simulator.constants import ABSOLUTE_ZERO, GAS_CONSTANT
from eurosic.simulator.min3p.fortran import Array
from eurosic.simulator.min3p.grid import Intervals, grid_of

ATMOSPHERE = 4.2e-4  # atm of CO2
TOPSOIL = 0.3  # m; CaCO3 and CEC change there
# g cm-3; the density in MIN3P's mineral database, by which it turns volume into mass.
DENSITY_CALCITE = 2.71
# s; decks count sources and fluxes in Julian years, although MIN3P's own year has 365 days.
SECONDS_PER_YEAR = 365.25 * 86400

# Control volumes of the development runs; limits fall on 1.00 and 0.30 m depth.
INTERVALS = ((5, 0.0, 1.0), (7, 1.0, 1.7), (8, 1.7, 2.0))


@dataclass(frozen=True)
class ColumnDesign:
    """Parameters of one column.

    Parameters
    ----------
    temperature
        degC, constant.
    drainage
        Downward flux of water at every depth, mm yr-1.
    calcite_top, calcite_sub
        CaCO3 of the fine earth above and below 0.3 m, % by mass.
    decalcified_depth, ph_decalcified
        Depth free of calcite, m, and its pH at the start.
    bulk_density
        Mass of fine earth per bulk volume, g cm-3.
    porosity, air_porosity
        Total and air-filled porosity.
    cec_top, cec_sub
        Exchange capacity above and below 0.3 m, cmol kg-1 of charge.
    respiration, respiration_depth
        CO2 production of the column, g m-2 yr-1 of carbon, and its e-folding depth, m.
    co2_diffusivity
        Of CO2 in free air, m2 s-1.
    nitrate_leached, acid_sulphate
        N that enters, half as NH4 and half as NO3, mol m-2 yr-1; charge of extra sulphuric acid, mol m-2 yr-1.
    nitrification
        First-order rate, s-1.
    deposition_ca, deposition_mg, deposition_k, deposition_na, deposition_so4
        With the infiltrating water, mol m-2 yr-1.
    trajectory
        Pairs (year, factor): from that year on, nitrogen and acid are multiplied by the factor.
    """

    temperature: float
    drainage: float
    calcite_top: float
    calcite_sub: float
    decalcified_depth: float
    ph_decalcified: float
    bulk_density: float
    porosity: float
    air_porosity: float
    cec_top: float
    cec_sub: float
    respiration: float
    respiration_depth: float
    co2_diffusivity: float
    nitrate_leached: float
    acid_sulphate: float
    nitrification: float
    deposition_ca: float
    deposition_mg: float
    deposition_k: float
    deposition_na: float
    deposition_so4: float
    trajectory: tuple[tuple[float, float], ...] = ((0.0, 1.0),)

    def __post_init__(self) -> None:
        """Raise `SimulationError` for values that no column can have, naming all of them."""
        # NaN fails every comparison, so that bounds are asked for in the positive.
        wrong = [
            f"{field.name} = {getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in ("trajectory", "temperature") and not getattr(self, field.name) >= 0
        ]
        positive = ("drainage", "bulk_density", "porosity", "air_porosity", "respiration_depth")
        wrong += [f"{name} = {getattr(self, name)}" for name in positive if getattr(self, name) == 0]
        if not -5 <= self.temperature <= 40:
            wrong.append(f"temperature = {self.temperature}")
        if not 0 < self.residual_water < self.porosity - self.air_porosity < self.porosity < 1:
            wrong.append(f"porosity = {self.porosity} with air_porosity = {self.air_porosity}")
        years = [year for year, _ in self.trajectory]
        if (
            not years
            or years != sorted(set(years))
            or years[0] != 0
            or any(f < 0 for _, f in self.trajectory)
        ):
            wrong.append(f"trajectory = {self.trajectory}")
        if wrong:
            raise SimulationError("column design", "; ".join(wrong), wanted="values that a soil can have")

    @property
    def residual_water(self) -> float:
        """Volumetric water content that never drains, of the development runs."""
        return 0.05

    def factor(self, year: float) -> float:
        """Return the multiplier of nitrogen and acid that holds from a year on."""
        return [factor for start, factor in self.trajectory if start <= year][-1]


@dataclass(frozen=True)
class Layers:
    """Control volumes from the bottom up, each array of shape ``(volume,)``.

    `z` are heights of nodes, `top` and `bottom` depths of limits (m), `pco2` is in atm, `calcite` a volume per
    bulk volume, `cec` in cmol kg-1 of charge, `co2_source` in mol L-1 s-1 of bulk volume.
    """

    z: Array
    top: Array
    bottom: Array
    pco2: Array
    calcite: Array
    cec: Array
    co2_source: Array


# Column of a parameter table -> field.
_TABLE = {
    "temp_C": "temperature", "drainage_mm_yr": "drainage", "calcite_top_pct": "calcite_top",
    "calcite_sub_pct": "calcite_sub", "decalc_depth_m": "decalcified_depth", "pH_decalc": "ph_decalcified",
    "bulk_density_bulk": "bulk_density", "porosity": "porosity", "air_porosity": "air_porosity",
    "CEC_top": "cec_top", "CEC_sub": "cec_sub", "respiration_gC_m2_yr": "respiration",
    "resp_depth_m": "respiration_depth", "D0_m2s": "co2_diffusivity", "N_leached_molm2yr": "nitrate_leached",
    "acid_AS_molm2yr": "acid_sulphate", "k_nitrification_s": "nitrification", "dep_Ca_molm2yr": "deposition_ca",
    "dep_Mg_molm2yr": "deposition_mg", "dep_K_molm2yr": "deposition_k", "dep_Na_molm2yr": "deposition_na",
    "dep_SO4_molm2yr": "deposition_so4",
}  # fmt: skip


def design_from_row(row: Mapping[str, object], where: str = "parameter table") -> ColumnDesign:
    """Return the design that a row of a parameter table describes, with the column names of the development runs.

    Parameters
    ----------
    row
        Values by column; ``nfactor_trajectory`` such as ``"0:1 20:0.98"`` is optional.
    where
        Table and row, for messages.

    Raises
    ------
    SimulationError
        If a column is missing, a value is no number, or the values cannot be those of a soil.
    """
    missing = [name for name in _TABLE if name not in row]
    if missing:
        raise SimulationError(
            where, f"lacks {', '.join(missing)}", wanted="the columns of parameters_dev.csv"
        )
    try:
        values = {field: float(str(row[name])) for name, field in _TABLE.items()}
        pairs = [pair.split(":") for pair in str(row.get("nfactor_trajectory", "0:1")).split()]
        trajectory = tuple((float(year), float(factor)) for year, factor in pairs)
    except ValueError as error:
        raise SimulationError(where, f"holds a value that is no number ({error})") from error
    return ColumnDesign(**values, trajectory=trajectory)


def row_of_design(design: ColumnDesign) -> dict[str, float | str]:
    """Return the row of a parameter table that describes a design, from which `design_from_row` makes it again."""
    trajectory = " ".join(f"{year!r}:{factor!r}" for year, factor in design.trajectory)
    values = {name: float(getattr(design, field)) for name, field in _TABLE.items()}
    return {**values, "nfactor_trajectory": trajectory}


def water_flow(design: ColumnDesign) -> tuple[float, float, float]:
    """Return flux (m s-1), pressure head (m) and saturated conductivity (m s-1) of uniform drainage.

    At unit gradient the conductivity is the flux; the head follows from the water content by van Genuchten's
    function with alpha 2 m-1 and n 1.4, the saturated conductivity from Mualem's with l 0.5.
    """
    # Uniform water content and unit gradient: head and conductivity follow from it, and not the other way.
    saturation = 1 - design.air_porosity / design.porosity
    residual = design.residual_water / design.porosity
    effective = (saturation - residual) / (1 - residual)
    m = 1 - 1 / 1.4
    head = -((effective ** (-1 / m) - 1) ** (1 / 1.4)) / 2.0
    relative = effective**0.5 * (1 - (1 - effective ** (1 / m)) ** m) ** 2
    flux = design.drainage / 1000 / SECONDS_PER_YEAR
    return flux, head, flux / relative


def layers_of(design: ColumnDesign, intervals: Intervals = INTERVALS) -> Layers:
    """Return the control volumes of a column and what stands in each at the start, from the bottom up."""
    z, limits = grid_of(intervals)
    depth, top, bottom = z[-1] - z, z[-1] - limits[1:], z[-1] - limits[:-1]
    # The decalcified depth may end inside a volume, which then holds its share of calcite.
    calcareous = np.clip((bottom - design.decalcified_depth) / (bottom - top), 0.0, 1.0)
    upper = depth < TOPSOIL
    percent = np.where(upper, design.calcite_top, design.calcite_sub)
    return Layers(
        z,
        top,
        bottom,
        _co2_pressure(design, depth, z[-1]),
        calcareous * percent / 100 * design.bulk_density / DENSITY_CALCITE,
        np.where(upper, design.cec_top, design.cec_sub),
        _co2_source(design, top, bottom, z[-1]),
    )


def _surface_source(design: ColumnDesign, depth: float) -> float:
    # mol m-3 s-1 at the surface, so that the whole column gives the respiration
    scale = design.respiration_depth
    flux = design.respiration / 1000 / MOLAR_MASS_C / SECONDS_PER_YEAR
    return float(flux / (scale * (1 - np.exp(-depth / scale))))


def _co2_source(design: ColumnDesign, top: Array, bottom: Array, depth: float) -> Array:
    scale = design.respiration_depth
    # The mean over each volume, so that the column's sum is the respiration on any grid.
    inside = scale * (np.exp(-top / scale) - np.exp(-bottom / scale)) / (bottom - top)
    return np.asarray(_surface_source(design, depth) * inside / 1000)


def _co2_pressure(design: ColumnDesign, z: Array, depth: float) -> Array:
    """Return pCO2 (atm) from D_s d2C/dz2 = -S, atmosphere above, no flux below; Millington and Quirk (1961)."""
    scale = design.respiration_depth
    diffusivity = design.co2_diffusivity * design.air_porosity ** (10 / 3) / design.porosity**2
    shape = scale * (1 - np.exp(-z / scale)) - z * np.exp(-depth / scale)
    concentration = _surface_source(design, depth) * scale / diffusivity * shape
    return np.asarray(ATMOSPHERE + GAS_CONSTANT * (design.temperature + ABSOLUTE_ZERO) * concentration)
