"""The chemistry of one cell: carbonate, strong ions, exchanger and calcite as two equations in two unknowns.

*Enters:* `Cell` (totals, water, exchanger, calcite, CO2) and a trial point h = ln{H+}, lx = ln x, x the activity
of the empty exchange site. *Leaves:* `Balance`: both residuals, their analytic Jacobian, and the composition.
H+, alkalinity and DIC are not components: electroneutrality gives H+, pCO2 gives DIC. Must not iterate.
*Source:* SCIENCE.md 2.3-2.4; Gaines & Thomas (1953) for exchange; Kanzow (1996) for min() as complementarity.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

from eurosic.simulator.activity import Activities
from eurosic.simulator.constants import AL_HYDROXIDE, LN10, X_AL, X_CA, X_H, X_K, X_MG, X_NH4, Constants
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
    """Activities of HCO3-, CO3-- and H+, and the factors complex / free ion that they cause."""

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


class Balance(NamedTuple):
    """Residuals at a trial point, their Jacobian, and the composition there (mol L-1; mol for `dissolved`).

    `charge` = ln(positive / negative), `sites` = ln(sum of equivalent fractions); both are near-linear in h
    and lx far from the solution, which is what makes Newton's method reach it from afar.
    """

    charge: float
    sites: float
    charge_h: float
    charge_l: float
    sites_h: float
    sites_l: float
    ionic: float
    ionic_h: float
    ionic_l: float
    so4: float
    ca: float
    mg: float
    na: float
    k: float
    nh4: float
    dissolved: float
    exhausted: bool


@kernel
def carbonate_at(h: float, acid: float, so4: float, c: Constants, g: Activities) -> Carbonate:
    """Return carbonate activities and complex factors at h = ln{H+}, at a free sulphate (mol L-1)."""
    proton = exp(h)
    hco3 = c.k1 * acid / proton
    co3 = c.k2 * hco3 / proton
    sulphate = g.so4 * so4 / g.neutral
    return Carbonate(
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
    dissolved = with_fine + cell.coarse - cell.ca if exhausted else room * free - cell.ca
    return Ion(free, -free * down_h, -free * down_l, affinity), dissolved, exhausted


@kernel
def balance_at(cell: Cell, c: Constants, g: Activities, point: tuple[float, float, float]) -> Balance:
    """Return residuals, Jacobian and composition of a cell at the trial point (h, l, free SO4 of the last pass).

    Activities and free sulphate are those of the last iteration: they settle while Newton's method does, and
    the Jacobian stays two by two.
    """
    h, lx, lagged = point
    x = exp(lx)
    s = carbonate_at(h, cell.acid, lagged, c, g)
    sites = site_charge(cell, h)
    saturation = g.ca * s.co3 / c.kc
    ca, dissolved, exhausted = _calcium(cell, s, sites, X_CA * g.ca * x * x, saturation)
    mg = _magnesium(cell, s, sites, X_MG * g.mg * x * x)
    na = _monovalent(cell.na, cell.water, sites, g.na * x)
    k = _monovalent(cell.k, cell.water, sites, X_K * g.k * x)
    nh4 = _monovalent(cell.nh4, cell.water, sites, X_NH4 * g.nh4 * x)
    no3, cl = cell.no3 / cell.water, cell.cl / cell.water
    so4 = cell.so4 / (cell.water * (1.0 + _sulphate_bound(s, ca.free, mg.free, lagged)))

    aluminium = AL_HYDROXIDE * s.h * s.h * s.h
    h_free, oh, al = s.h / g.h, c.kw / (s.h * g.oh), aluminium / g.al
    hco3, co3 = s.hco3 / g.hco3, s.co3 / g.co3
    ca_each, mg_each = 2.0 + s.ca_hco3, 2.0 + s.mg_hco3

    plus = ca_each * ca.free + mg_each * mg.free + na.free + k.free + nh4.free + h_free + 3.0 * al
    plus_h = ca_each * ca.by_h - s.ca_hco3 * ca.free + mg_each * mg.by_h - s.mg_hco3 * mg.free
    plus_h += na.by_h + k.by_h + nh4.by_h + h_free + 9.0 * al
    plus_l = ca_each * ca.by_l + mg_each * mg.by_l + na.by_l + k.by_l + nh4.by_l
    minus = hco3 + 2.0 * co3 + oh + no3 + cl + 2.0 * so4
    minus_h = -hco3 - 4.0 * co3 - oh

    e_h, e_al = X_H * s.h * x, X_AL * aluminium * x * x * x
    two = ca.fraction * ca.free + mg.fraction * mg.free
    one = na.fraction * na.free + k.fraction * k.free + nh4.fraction * nh4.free
    full = two + one + e_h + e_al
    full_h = ca.fraction * ca.by_h + mg.fraction * mg.by_h + e_h + 3.0 * e_al
    full_h += na.fraction * na.by_h + k.fraction * k.by_h + nh4.fraction * nh4.by_h
    full_l = 2.0 * two + one + e_h + 3.0 * e_al + ca.fraction * ca.by_l + mg.fraction * mg.by_l
    full_l += na.fraction * na.by_l + k.fraction * k.by_l + nh4.fraction * nh4.by_l

    ionic = 2.0 * (ca.free + mg.free + co3 + so4) + 4.5 * al
    ionic += 0.5 * (s.ca_hco3 * ca.free + s.mg_hco3 * mg.free + na.free + k.free + nh4.free)
    ionic += 0.5 * (h_free + hco3 + oh + no3 + cl)
    ionic_h = 2.0 * (ca.by_h + mg.by_h - 2.0 * co3) + 13.5 * al
    ionic_h += 0.5 * (plus_h - 2.0 * (ca.by_h + mg.by_h) - 9.0 * al - hco3 - oh)
    ionic_l = 2.0 * (ca.by_l + mg.by_l) + 0.5 * (plus_l - 2.0 * (ca.by_l + mg.by_l))
    return Balance(
        charge=log(plus / minus),
        sites=log(full),
        charge_h=plus_h / plus - minus_h / minus,
        charge_l=plus_l / plus,
        sites_h=full_h / full,
        sites_l=full_l / full,
        ionic=ionic,
        ionic_h=ionic_h,
        ionic_l=ionic_l,
        so4=so4,
        ca=ca.free,
        mg=mg.free,
        na=na.free,
        k=k.free,
        nh4=nh4.free,
        dissolved=dissolved,
        exhausted=exhausted,
    )


@kernel
def _sulphate_bound(s: Carbonate, ca: float, mg: float, so4: float) -> float:
    # Complexed per free sulphate; the factors hold the free sulphate of the last pass, which is divided out.
    if so4 <= 0.0:
        return 0.0
    return (s.ca_so4 * ca + s.mg_so4 * mg) / so4
