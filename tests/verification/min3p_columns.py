"""MIN3P's columns for the simulator: its control volumes, waters, constants and gas, each behind a switch.

*Enters:* rows of the development runs' tables and what MIN3P found. *Leaves:* SIC and pH per year and volume,
by `sweep`, the kernel that a projection uses. *Source:* data/min3p/README.md, "What the model contains"; the
database echoed by MIN3P itself (`full_output_examples/*/*_o.dbs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.units import MOLAR_MASS_C
from eurosic.simulator.activity import activities_at
from eurosic.simulator.cell import cell_with
from eurosic.simulator.chemistry import site_fractions
from eurosic.simulator.column import Soil, Step, Store, cell_of, new_flow, new_store, sweep
from eurosic.simulator.constants import CA, LN10, NH4, NO3, Constants, constants_at
from eurosic.simulator.initial import fill_saturated
from eurosic.simulator.kernels import kernel
from eurosic.simulator.min3p.design import (
    SECONDS_PER_YEAR,
    TOPSOIL,
    ColumnDesign,
    Layers,
    design_from_row,
    layers_of,
)
from eurosic.simulator.min3p.pore_water import infiltration, initial_nitrate, initial_water
from eurosic.simulator.nitrogen import source_shares
from eurosic.simulator.options import LAYERS
from eurosic.simulator.partition import inert
from eurosic.simulator.solver import cold_point, solve_cell

Array = NDArray[np.float64]

YEARS = 80
CALCITE_VOLUME = 100.0894 / 2.71 * 1e-6  # m3 mol-1; MIN3P's mineral database
MIN3P_YEAR = 365.0 / 365.25  # its year in those Julian years by which the decks count fluxes
_R = 1.987204e-3  # kcal mol-1 K-1

# log10 K at 25 C and enthalpy (kcal mol-1) of formation from the components, as MIN3P's runs echo them.
_FORMATION = {
    "oh": (-13.9902, 14.0259),
    "hco3": (10.3166, -4.4462),
    "h2co3": (16.6521, -7.7851),
    "ca_hco3": (11.4437, -0.2790),
    "ca_co3": (3.1939, 1.4390),
    "mg_hco3": (11.3775, -4.1847),
    "mg_co3": (2.9766, 2.4885),
    "ca_so4": (2.3, 1.65),
    "mg_so4": (2.37, 4.55),
    "co2": (18.1280, -2.4449),
    "calcite": (8.4686, 1.4680),
    "al": (-8.3, 22.8),
}


@dataclass(frozen=True)
class Choices:
    """The physics of MIN3P's decks; each field put back to the simulator's own is one switch.

    `gas` is MIN3P's pCO2 (``"file"``) or the analytic diffusion profile; `nitrogen` is NH4 that nitrifies on its
    way (``"nitrified"``), nitric acid in the infiltration (``"rain"``) or in 0-30 cm (``"topsoil"``); `grid` its
    volumes or the simulator's layers; `ions` whose ion size calcium has; `slope` the rise of the exchanger's
    charge per unit of pH, as a share of it.
    """

    constants: str = "min3p"
    ions: str = "min3p"
    slope: float = 0.0
    exchange: str = "min3p"
    hydroxide: str = "min3p"
    gas: str = "file"
    nitrogen: str = "nitrified"
    steps: int = 12
    grid: str = "min3p"
    davies: bool = False
    kinetics: bool = False


class Run(NamedTuple):
    """One MIN3P run: its design, and what it found, surface first, ``(year 0-80, volume)``.

    `factor` multiplies its nitrogen; `calcium` is dissolved (mol L-1) at 2 m at the start.
    """

    name: str
    regime: str
    design: ColumnDesign
    factor: Array
    sic: Array
    ph: Array
    pco2: Array
    calcium: float


class Found(NamedTuple):
    """What the simulator found: SIC (kg m-2) and pH, ``(year 0-80, volume)``; limits of the volumes (m)."""

    sic: Array
    ph: Array
    top: Array
    bottom: Array


def load_runs(folder: Path) -> list[Run]:
    """Return the 300 runs with raw files and the 474 others, from their tables and NetCDF ensembles."""
    runs: list[Run] = []
    for part in ("dev", "extra"):
        table = pd.read_csv(folder / f"parameters_{part}.csv", comment="#", index_col=0, dtype={0: str})
        with xr.open_dataset(folder / f"ensemble_{part}.nc") as data:
            taken = {
                name: np.asarray(data[name].values, dtype=np.float64)
                for name in ("SIC", "pH", "pCO2", "n_factor", "Ca")
            }
            names = data["run"].values.astype(str)
        for i, name in enumerate(names):
            row = table.loc[name].to_dict()
            runs.append(
                Run(
                    name,
                    str(row["regime"]),
                    design_from_row(row, name),
                    taken["n_factor"][i],
                    taken["SIC"][i],
                    taken["pH"][i],
                    taken["pCO2"][i],
                    float(taken["Ca"][i, 0, -1]),
                )
            )
    return runs


def min3p_constants(celsius: float) -> Constants:
    """Return MIN3P's constants: two-parameter van 't Hoff from its echoed database."""
    t = celsius + 273.15
    k = {
        name: exp(LN10 * at_25 + heat / _R * (1 / 298.15 - 1 / t))
        for name, (at_25, heat) in _FORMATION.items()
    }
    return constants_at(celsius, 0.0)._replace(
        kh=k["h2co3"] / k["co2"],
        k1=k["hco3"] / k["h2co3"],
        k2=1 / k["hco3"],
        kc=1 / k["calcite"],
        kw=k["oh"],
        ca_hco3=k["ca_hco3"] / k["hco3"],
        ca_co3=k["ca_co3"],
        mg_hco3=k["mg_hco3"] / k["hco3"],
        mg_co3=k["mg_co3"],
        ca_so4=k["ca_so4"],
        mg_so4=k["mg_so4"],
        al_hydroxide=1 / k["al"],
    )


def _calcium_ratio(strength: float, c: Constants) -> float:
    # Ours over MIN3P's activity coefficient of Ca2+ (a 6.0, b 0.17 there; 5.0, 0.165 here): a solubility product
    # times this ratio gives the calcium that MIN3P's ion size gives, at a strength that stands for the column.
    root = strength**0.5
    theirs = exp(-c.slope * 4.0 * root / (1.0 + c.size * 6.0 * root) + LN10 * 0.17 * strength)
    return float(activities_at(strength, c).ca / theirs)


def constants_of(celsius: float, choices: Choices, strength: float = 0.01) -> Constants:
    """Return the constants that the choices name: equilibria, exchange of H+ and Al3+, Al(OH)3.

    `strength` is the ionic strength (mol L-1) at which the choice of `ions` is made.
    """
    ours, theirs = constants_at(celsius, float(choices.davies)), min3p_constants(celsius)
    c = theirs._replace(davies=ours.davies) if choices.constants == "min3p" else ours
    if choices.exchange == "min3p":
        c = c._replace(x_h=10.0**3.5, x_al=0.0)
    else:
        c = c._replace(x_h=ours.x_h, x_al=ours.x_al)
    if choices.ions == "min3p" and not choices.davies:
        c = c._replace(kc=c.kc * _calcium_ratio(strength, c))
    solubility = {"min3p": theirs.al_hydroxide, "eurosic": ours.al_hydroxide, "none": 1e-30}
    return c._replace(al_hydroxide=solubility[choices.hydroxide])


def _profile(run: Run, choices: Choices) -> tuple[Layers, Array]:
    # Surface first; pCO2 per year: that of the file at the end of each year, or the analytic one in all.
    layers = layers_of(run.design)
    flipped = Layers(*(np.ascontiguousarray(part[::-1]) for part in vars(layers).values()))
    pco2 = run.pco2 if choices.gas == "file" else np.tile(flipped.pco2, (YEARS + 1, 1))
    if choices.grid == "min3p":
        return flipped, np.ascontiguousarray(pco2)
    return _regridded(run.design, flipped, pco2)


def _regridded(design: ColumnDesign, layers: Layers, pco2: Array) -> tuple[Layers, Array]:
    # The simulator's layers hold the same stocks; pCO2 is that of their centres.
    thickness = np.array(LAYERS)
    bottom = np.cumsum(thickness)
    top = bottom - thickness
    centre = 0.5 * (top + bottom)
    depth = layers.z.max() - layers.z
    inside = np.clip(
        np.minimum(bottom[:, None], layers.bottom) - np.maximum(top[:, None], layers.top), 0.0, None
    )
    calcite = (inside * layers.calcite).sum(axis=1) / thickness
    cec = np.where(centre < TOPSOIL, design.cec_top, design.cec_sub)
    gas = np.array([np.interp(centre, depth, row) for row in pco2])
    none = np.zeros_like(centre)
    return Layers(2.0 - centre, top, bottom, gas[0], calcite, cec, none), gas


def simulate(run: Run, choices: Choices = Choices()) -> Found:
    """Return what the simulator finds for a MIN3P run's own parameters."""
    design = run.design
    layers, pco2 = _profile(run, choices)
    thickness = layers.bottom - layers.top
    earth = 1e3 * design.bulk_density * thickness
    # 1e-6 mol/L/s of bulk soil times (1 - Omega), MIN3P's rate of calcite.
    pace = 1e-6 * 1e3 * thickness * SECONDS_PER_YEAR / choices.steps
    slow = 1.0 / pace if choices.kinetics else np.zeros_like(thickness)
    charge = 0.01 * layers.cec * earth
    soil = Soil(thickness, earth, charge, choices.slope * charge, slow)
    water = 1e3 * (design.porosity - design.air_porosity) * thickness
    # Of a calcium bicarbonate water, three times its calcium: that of MIN3P's own pore water at the start.
    c = constants_of(design.temperature, choices, 3.0 * float(run.calcium))
    store = _start(design, layers, soil, (water, pco2[0], c))
    rains, sources = _waters(run, choices, thickness)
    pace_n = design.nitrification * SECONDS_PER_YEAR if choices.nitrogen == "nitrified" else 0.0
    calcite, ph = march(
        store, soil, (water, design.drainage * MIN3P_YEAR, rains, sources, pco2), c, (choices.steps, pace_n)
    )
    return Found(calcite * MOLAR_MASS_C, ph, layers.top, layers.bottom)


def _start(design: ColumnDesign, layers: Layers, soil: Soil, chem: tuple[Array, Array, Constants]) -> Store:
    # The infiltrating ions with all nitrogen as nitrate; calcium by calcite, or by the given pH.
    water, pco2, c = chem
    rain, begun = infiltration(design), initial_water(design, layers)
    pore = np.array([0.0, rain.mg, rain.na, rain.k, 0.0, initial_nitrate(design), rain.so4, rain.cl])
    store = new_store(water.size)
    store.calcite[:] = layers.calcite * soil.thickness / CALCITE_VOLUME
    for j in range(water.size):
        if store.calcite[j] > 0.0:
            fill_saturated(store, soil, j, water, pore, (c, pco2))
        else:
            _fill_given(store, soil, j, pore, (begun.ca[j], water[j], pco2[j], c))
    return store


def _fill_given(
    store: Store, soil: Soil, j: int, pore: Array, chem: tuple[float, float, float, Constants]
) -> None:
    # Water of known calcium, its exchanger in equilibrium with it.
    ca, water, pco2, c = chem
    store.totals[j] = pore * water
    store.totals[j, CA] = ca * water
    cell = inert(cell_of(store, soil, j, water, c.kh * pco2))
    found = solve_cell(cell_with(cell, 0.0, cell.slow, 0.0, 0.0), c, cold_point())
    fractions = site_fractions(found.balance.cations, c, found.at.h, found.at.lx)
    store.totals[j, :5] += soil.charge[j] * np.array(fractions[:5]) / np.array([2.0, 2.0, 1.0, 1.0, 1.0])


def _waters(run: Run, choices: Choices, thickness: Array) -> tuple[Array, Array]:
    # Infiltration (year, ion), mol L-1, and sources (year, layer, ion), mol m-2 yr-1.
    rains, sources = np.zeros((YEARS, 8)), np.zeros((YEARS, thickness.size, 8))
    for year in range(YEARS):
        w = infiltration(run.design, float(run.factor[year + 1]))
        rains[year] = (w.ca, w.mg, w.na, w.k, w.nh4, w.no3, w.so4, w.cl)
    if choices.nitrogen != "nitrified":
        nitrate = rains[:, NH4] + rains[:, NO3]
        rains[:, NH4] = 0.0
        rains[:, NO3] = nitrate if choices.nitrogen == "rain" else 0.0
        if choices.nitrogen == "topsoil":
            sources[:, :, NO3] = np.outer(
                nitrate * run.design.drainage * MIN3P_YEAR, source_shares(thickness)
            )
    return rains, sources


@kernel
def march(
    store: Store,
    soil: Soil,
    given: tuple[Array, float, Array, Array, Array],
    c: Constants,
    pace: tuple[int, float],
) -> tuple[Array, Array]:
    """Return calcite (mol m-2) and pH, ``(year 0-80, layer)``; `pace` holds steps a year and nitrification (yr-1).

    Nitrification takes dissolved NH4 at the rate of the last step's water: exact once the profile stands.
    """
    water, drainage, rains, sources, pco2 = given
    steps, nitrification = pace
    layers, part = water.size, 1.0 / steps
    calcite, ph = np.empty((rains.shape[0] + 1, layers)), np.full((rains.shape[0] + 1, layers), np.nan)
    calcite[0] = store.calcite
    flow = new_flow(layers)
    flux = np.full(layers + 1, drainage * part)
    for year in range(rains.shape[0]):
        for _ in range(steps):
            now = part * sources[year]
            for j in range(layers):
                turned = nitrification * part * water[j] * flow.concentration[j, NH4]
                turned = min(turned, 0.9 * store.totals[j, NH4])
                now[j, NH4] -= turned
                now[j, NO3] += turned
            step = Step(water, flux, rains[year], now, pco2[year + 1])
            if not sweep(store, soil, step, c, flow):
                return calcite, ph
        calcite[year + 1] = store.calcite
        ph[year + 1] = flow.ph
    return calcite, ph
