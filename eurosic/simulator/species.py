"""The species of one cell at a trial point: carbonate and complexes, exchanger charge, cations, calcite.

*Enters:* `Cell` (totals, water, exchanger, calcite, CO2) and h = ln{H+}, lx = ln x, x the activity of the empty
exchange site. *Leaves:* free concentrations with their slopes in h and lx. Must not sum charges or iterate.
*Source:* SCIENCE.md 2.3-2.4; Gaines & Thomas (1953) for exchange; Kanzow (1996) for min() as complementarity.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from eurosic.simulator.activity import Activities
from eurosic.simulator.constants import LN10, X_CA, X_K, X_MG, X_NH4, Constants
from eurosic.simulator.kernels import kernel

# Exchanger charge never falls below this share of that at pH 7; SCIENCE.md 2.3.
CHARGE_FLOOR = 0.2


class Cell(NamedTuple):
    """What is given to one cell for one step, per m2.

    Totals of the strong ions (solution and exchanger, mol), `water` that the step dilutes them in (the store
    at its end and what leaves, L), `calcite` (mol) at equilibrium unless `slow` = 1/(kappa dt) > 0 (mol-1),
    `coarse` calcite (mol) that only dissolves, with its own `coarse_slow`; exchanger charge at pH 7 and its
    slope (molc, molc per pH); `acid` = KH pCO2, the activity of dissolved CO2.
    """

    ca: float
    mg: float
    na: float
    k: float
    nh4: float
    no3: float
    so4: float
    cl: float
    water: float
    calcite: float
    slow: float
    coarse: float
    coarse_slow: float
    charge: float
    charge_slope: float
    acid: float


class Carbonate(NamedTuple):
    """ln{H+}, activities of H+, HCO3- and CO3--, and the factors complex / free ion that they cause."""

    log_h: float
    h: float
    hco3: float
    co3: float
    ca_hco3: float
    ca_co3: float
    ca_so4: float
    mg_hco3: float
    mg_co3: float
    mg_so4: float


class Ion(NamedTuple):
    """One cation: free concentration (mol L-1), its slopes in h and l, equivalent fraction per mol L-1."""

    free: float
    by_h: float
    by_l: float
    fraction: float


class Cations(NamedTuple):
    """The cations whose totals are given."""

    ca: Ion
    mg: Ion
    na: Ion
    k: Ion
    nh4: Ion


@kernel
def cell_with(cell: Cell, calcite: float, slow: float, charge: float, charge_slope: float) -> Cell:
    """Return a cell with another calcite (mol m-2, and 1/(kappa dt)) and another exchanger (molc, per pH)."""
    return Cell(
        ca=cell.ca,
        mg=cell.mg,
        na=cell.na,
        k=cell.k,
        nh4=cell.nh4,
        no3=cell.no3,
        so4=cell.so4,
        cl=cell.cl,
        water=cell.water,
        calcite=calcite,
        slow=slow,
        coarse=0.0,
        coarse_slow=0.0,
        charge=charge,
        charge_slope=charge_slope,
        acid=cell.acid,
    )


@kernel
def carbonate_at(h: float, acid: float, so4: float, c: Constants, g: Activities) -> Carbonate:
    """Return carbonate activities and complex factors at h = ln{H+}, at a free sulphate (mol L-1)."""
    proton = exp(h)
    hco3 = c.k1 * acid / proton
    co3 = c.k2 * hco3 / proton
    sulphate = g.so4 * so4 / g.neutral
    return Carbonate(
        log_h=h,
        h=proton,
        hco3=hco3,
        co3=co3,
        ca_hco3=c.ca_hco3 * g.ca * hco3 / g.hco3,
        ca_co3=c.ca_co3 * g.ca * co3 / g.neutral,
        ca_so4=c.ca_so4 * g.ca * sulphate,
        mg_hco3=c.mg_hco3 * g.mg * hco3 / g.mg_hco3,
        mg_co3=c.mg_co3 * g.mg * co3 / g.neutral,
        mg_so4=c.mg_so4 * g.mg * sulphate,
    )


@kernel
def site_charge(cell: Cell, h: float) -> tuple[float, float]:
    """Return the charge of the exchanger at h = ln{H+} (molc m-2) and its slope in h."""
    charge = cell.charge + cell.charge_slope * (-h / LN10 - 7.0)
    least = CHARGE_FLOOR * cell.charge
    if charge < least:
        return least, 0.0
    return charge, -cell.charge_slope / LN10


@kernel
def _monovalent(total: float, water: float, sites: tuple[float, float], affinity: float) -> Ion:
    # total = c (W + Q affinity), with affinity = K g x; a monovalent ion forms no complex here.
    held = sites[0] * affinity
    room = water + held
    free = total / room
    return Ion(free, -free * sites[1] * affinity / room, -free * held / room, affinity)


@kernel
def _magnesium(cell: Cell, s: Carbonate, sites: tuple[float, float], affinity: float) -> Ion:
    held = sites[0] * affinity
    room = cell.water * (1.0 + s.mg_hco3 + s.mg_co3 + s.mg_so4) + 0.5 * held
    by_h = -cell.water * (s.mg_hco3 + 2.0 * s.mg_co3) + 0.5 * sites[1] * affinity
    free = cell.mg / room
    return Ion(free, -free * by_h / room, -free * held / room, affinity)


@kernel
def _calcium(
    cell: Cell, s: Carbonate, sites: tuple[float, float], affinity: float, saturation: float
) -> tuple[Ion, float, bool]:
    # D = dT/dc; the smallest of four candidates is the complementary one:
    #   fine calcite sets c (equilibrium or linear kinetics); else coarse calcite does; else all is dissolved.
    held = sites[0] * affinity
    room = cell.water * (1.0 + s.ca_hco3 + s.ca_co3 + s.ca_so4) + 0.5 * held
    by_h = -cell.water * (s.ca_hco3 + 2.0 * s.ca_co3) + 0.5 * sites[1] * affinity
    with_fine = cell.ca + cell.calcite
    fine = cell.slow * room + saturation
    free = (cell.slow * cell.ca + 1.0) / fine
    down_h = (cell.slow * by_h - 2.0 * saturation) / fine
    down_l = cell.slow * held / fine
    if cell.coarse > 0.0:
        slow = cell.coarse_slow * room + saturation
        trial = (cell.coarse_slow * with_fine + 1.0) / slow
        if trial < free:
            free = trial
            down_h = (cell.coarse_slow * by_h - 2.0 * saturation) / slow
            down_l = cell.coarse_slow * held / slow
    trial = (with_fine + cell.coarse) / room
    exhausted = trial < free
    if exhausted:
        free, down_h, down_l = trial, by_h / room, held / room
    dissolved = cell.calcite + cell.coarse if exhausted else room * free - cell.ca
    return Ion(free, -free * down_h, -free * down_l, affinity), dissolved, exhausted


@kernel
def cations_at(
    cell: Cell, s: Carbonate, lx: float, c: Constants, g: Activities
) -> tuple[Cations, float, bool]:
    """Return the cations at lx = ln x, the calcite dissolved to reach them (mol m-2), and whether all is."""
    x = exp(lx)
    sites = site_charge(cell, s.log_h)
    saturation = g.ca * s.co3 / c.kc
    ca, dissolved, exhausted = _calcium(cell, s, sites, X_CA * g.ca * x * x, saturation)
    ions = Cations(
        ca=ca,
        mg=_magnesium(cell, s, sites, X_MG * g.mg * x * x),
        na=_monovalent(cell.na, cell.water, sites, g.na * x),
        k=_monovalent(cell.k, cell.water, sites, X_K * g.k * x),
        nh4=_monovalent(cell.nh4, cell.water, sites, X_NH4 * g.nh4 * x),
    )
    return ions, dissolved, exhausted
