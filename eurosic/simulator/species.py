"""The species of one cell at a trial point: carbonate and complexes, exchanger charge, cations, calcite.

*Enters:* `Cell` (totals, water, exchanger, calcite, CO2) and h = ln{H+}, lx = ln x, x the activity of the empty
exchange site. *Leaves:* free concentrations with their slopes in h and lx. Must not sum charges or iterate.
*Source:* SCIENCE.md 2.3-2.4; Gaines & Thomas (1953) for exchange; Kanzow (1996) for min() as complementarity.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from eurosic.simulator.activity import Activities
from eurosic.simulator.cell import Cell
from eurosic.simulator.constants import LN10, X_CA, X_K, X_MG, X_NH4, Constants
from eurosic.simulator.kernels import kernel

# Exchanger charge never falls below this share of that at pH 7; SCIENCE.md 2.3.
CHARGE_FLOOR = 0.2


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


class Dissolved(NamedTuple):
    """What dissolves in a step, mol: calcite (below 0 where it precipitates), dolomite; whether all calcite did."""

    calcite: float
    dolomite: float
    exhausted: bool


@kernel
def carbonate_at(h: float, acid: float, so4: float, c: Constants, g: Activities) -> Carbonate:
    """Return carbonate activities and complex factors at h = ln{H+}, at a free sulphate (mol L-1)."""
    proton = exp(h)
    hco3 = c.k1 * acid / proton
    co3 = c.k2 * hco3 / proton
    # HCO3- and CO3-- follow from pCO2 and H+ alone: dissolved carbon is no unknown.
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
    # Linear in pH about 7, where CEC is measured; acid soils keep the permanent charge of their clays.
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
def _magnesium(
    cell: Cell, s: Carbonate, sites: tuple[float, float], affinity: float, dolomite: tuple[float, Ion]
) -> tuple[Ion, float]:
    # Saturation of dolomite per free Mg, {Ca}{CO3}2 g_Mg / K, comes with the Ca that it holds.
    held = sites[0] * affinity
    room = cell.water * (1.0 + s.mg_hco3 + s.mg_co3 + s.mg_so4) + 0.5 * held
    # HCO3- goes with 1/H and CO3-- with 1/H2: their complexes fall once and twice as h rises.
    by_h = -cell.water * (s.mg_hco3 + 2.0 * s.mg_co3) + 0.5 * sites[1] * affinity
    free = cell.mg / room
    saturation, ca = dolomite
    if cell.dolomite <= 0.0 or saturation * free >= 1.0:
        return Ion(free, -free * by_h / room, -free * held / room, affinity), 0.0
    # The same linear kinetics in Mg; undersaturated water can only dissolve, never precipitate it.
    slow = cell.dolomite_slow * room + saturation
    trial, most = (cell.dolomite_slow * cell.mg + 1.0) / slow, (cell.mg + cell.dolomite) / room
    if most <= trial:
        return Ion(most, -most * by_h / room, -most * held / room, affinity), cell.dolomite
    down_h = (cell.dolomite_slow * by_h + saturation * (ca.by_h / ca.free - 4.0)) / slow
    down_l = (cell.dolomite_slow * held + saturation * ca.by_l / ca.free) / slow
    return Ion(trial, -trial * down_h, -trial * down_l, affinity), max(room * trial - cell.mg, 0.0)


@kernel
def _calcium(
    cell: Cell, s: Carbonate, sites: tuple[float, float], affinity: float, given: tuple[float, float]
) -> tuple[Ion, float, bool]:
    # D = dT/dc; the smallest of four candidates is the complementary one:
    #   fine calcite sets c (equilibrium or linear kinetics); else coarse calcite does; else all is dissolved.
    saturation, total = given
    held = sites[0] * affinity
    room = cell.water * (1.0 + s.ca_hco3 + s.ca_co3 + s.ca_so4) + 0.5 * held
    by_h = -cell.water * (s.ca_hco3 + 2.0 * s.ca_co3) + 0.5 * sites[1] * affinity
    with_fine = total + cell.calcite
    # Linear kinetics u (D c - T) = 1 - Omega, solved for c; u = 0 leaves Omega = 1, equilibrium.
    fine = cell.slow * room + saturation
    free = (cell.slow * total + 1.0) / fine
    down_h = (cell.slow * by_h - 2.0 * saturation) / fine
    down_l = cell.slow * held / fine
    if cell.coarse > 0.0:
        slow = cell.coarse_slow * room + saturation
        trial = (cell.coarse_slow * with_fine + 1.0) / slow
        if trial < free:
            free = trial
            down_h = (cell.coarse_slow * by_h - 2.0 * saturation) / slow
            down_l = cell.coarse_slow * held / slow
    # If all calcite together cannot reach that concentration, all of it is dissolved.
    trial = (with_fine + cell.coarse) / room
    exhausted = trial < free
    if exhausted:
        free, down_h, down_l = trial, by_h / room, held / room
    dissolved = cell.calcite + cell.coarse if exhausted else room * free - total
    return Ion(free, -free * down_h, -free * down_l, affinity), dissolved, exhausted


@kernel
def cations_at(
    cell: Cell, s: Carbonate, point: tuple[float, float], c: Constants, g: Activities
) -> tuple[Cations, Dissolved]:
    """Return the cations at (ln x, dolomite dissolved in the last pass), and what dissolves to reach them."""
    lx, from_dolomite = point
    x = exp(lx)
    sites = site_charge(cell, s.log_h)
    calcite = g.ca * s.co3 / c.kc
    ca, dissolved, exhausted = _calcium(
        cell, s, sites, X_CA * g.ca * x * x, (calcite, cell.ca + from_dolomite)
    )
    dolomite = 0.0
    if cell.dolomite > 0.0:
        dolomite = g.ca * g.mg * s.co3 * s.co3 * ca.free / c.dolomite
    mg, from_dolomite = _magnesium(cell, s, sites, X_MG * g.mg * x * x, (dolomite, ca))
    ions = Cations(
        ca=ca,
        mg=mg,
        na=_monovalent(cell.na, cell.water, sites, g.na * x),
        k=_monovalent(cell.k, cell.water, sites, X_K * g.k * x),
        nh4=_monovalent(cell.nh4, cell.water, sites, X_NH4 * g.nh4 * x),
    )
    return ions, Dissolved(dissolved, from_dolomite, exhausted)
