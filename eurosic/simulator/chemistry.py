"""The chemistry of one cell as two equations in two unknowns: charge of the solution, filling of the sites.

*Enters:* a `Cell` and a trial point h = ln{H+}, lx = ln x. *Leaves:* `Balance`: both residuals, their analytic
slopes, and the composition. H+, alkalinity and DIC are not components: electroneutrality gives H+, pCO2 gives
DIC. Must not iterate. *Source:* SCIENCE.md 2.4.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

from eurosic.simulator.activity import Activities
from eurosic.simulator.cell import Cell
from eurosic.simulator.constants import Constants
from eurosic.simulator.kernels import kernel
from eurosic.simulator.species import Carbonate, Cations, Ion, carbonate_at, cations_at

# What the exchanger holds, in the order of every array's site axis; the first five are in the order of `IONS`.
SITES = ("ca", "mg", "na", "k", "nh4", "h", "al")


class Sum(NamedTuple):
    """A quantity of the solution and its slopes in h and lx."""

    value: float
    by_h: float
    by_l: float


class Others(NamedTuple):
    """Free concentrations (mol L-1) of what answers to pH, and of the strong anions."""

    h: float
    al: float
    oh: float
    hco3: float
    co3: float
    no3: float
    cl: float
    so4: Sum


class Balance(NamedTuple):
    """Residuals at a trial point, their slopes, and the composition there (mol L-1; mol for `dissolved`).

    `charge` = ln(positive / negative), `sites` = ln(sum of equivalent fractions); both are near-linear in h
    and lx far from the solution, which is what makes Newton's method reach it from afar.
    """

    charge: Sum
    sites: Sum
    ionic: Sum
    so4: Sum
    cations: Cations
    dissolved: float
    exhausted: bool
    dolomite: float


@kernel
def _free_sulphate(cell: Cell, s: Carbonate, ca: Ion, mg: Ion, lagged: float) -> Sum:
    # The complex factors of Ca and Mg hold the free sulphate of the last pass: divided out, they give how
    # much sulphate is complexed per free one.
    if lagged <= 0.0:
        return Sum(cell.so4 / cell.water, 0.0, 0.0)
    per_ca, per_mg = s.ca_so4 / lagged, s.mg_so4 / lagged
    room = 1.0 + per_ca * ca.free + per_mg * mg.free
    free = cell.so4 / (cell.water * room)
    by_h = -free * (per_ca * ca.by_h + per_mg * mg.by_h) / room
    by_l = -free * (per_ca * ca.by_l + per_mg * mg.by_l) / room
    return Sum(free, by_h, by_l)


@kernel
def _charge_of(i: Cations, o: Others, s: Carbonate) -> Sum:
    # Each Ca or Mg carries its two charges and one more for every MHCO3+ that goes with it.
    ca, mg = 2.0 + s.ca_hco3, 2.0 + s.mg_hco3
    # Logarithms of sums of monomials are close to straight lines in h and lx: Newton's method then reaches the
    # root from any distance, where the plain difference of charges would saturate.
    plus = ca * i.ca.free + mg * i.mg.free + i.na.free + i.k.free + i.nh4.free + o.h + 3.0 * o.al
    plus_h = ca * i.ca.by_h - s.ca_hco3 * i.ca.free + mg * i.mg.by_h - s.mg_hco3 * i.mg.free
    plus_h += i.na.by_h + i.k.by_h + i.nh4.by_h + o.h + 9.0 * o.al
    plus_l = ca * i.ca.by_l + mg * i.mg.by_l + i.na.by_l + i.k.by_l + i.nh4.by_l
    minus = o.hco3 + 2.0 * o.co3 + o.oh + o.no3 + o.cl + 2.0 * o.so4.value
    minus_h = 2.0 * o.so4.by_h - o.hco3 - 4.0 * o.co3 - o.oh
    by_l = plus_l / plus - 2.0 * o.so4.by_l / minus
    return Sum(log(plus / minus), plus_h / plus - minus_h / minus, by_l)


@kernel
def _sites_of(i: Cations, c: Constants, h: float, al: float, x: float) -> Sum:
    # `al` is an activity here; E = K a x^z.
    # H+ and Al3+ come from reservoirs without end (water and CO2, aluminium hydroxide): no total limits them.
    e_h, e_al = c.x_h * h * x, c.x_al * al * x * x * x
    two = i.ca.fraction * i.ca.free + i.mg.fraction * i.mg.free
    one = i.na.fraction * i.na.free + i.k.fraction * i.k.free + i.nh4.fraction * i.nh4.free
    full = two + one + e_h + e_al
    full_h = i.ca.fraction * i.ca.by_h + i.mg.fraction * i.mg.by_h + e_h + 3.0 * e_al
    full_h += i.na.fraction * i.na.by_h + i.k.fraction * i.k.by_h + i.nh4.fraction * i.nh4.by_h
    full_l = 2.0 * two + one + e_h + 3.0 * e_al + i.ca.fraction * i.ca.by_l + i.mg.fraction * i.mg.by_l
    full_l += i.na.fraction * i.na.by_l + i.k.fraction * i.k.by_l + i.nh4.fraction * i.nh4.by_l
    return Sum(log(full), full_h / full, full_l / full)


@kernel
def _ionic_strength(i: Cations, o: Others, s: Carbonate) -> Sum:
    # I = 1/2 sum z2 c; nitrate and chloride do not answer to the trial point.
    ca, mg = 2.0 + 0.5 * s.ca_hco3, 2.0 + 0.5 * s.mg_hco3
    cations = ca * i.ca.free + mg * i.mg.free + 0.5 * (i.na.free + i.k.free + i.nh4.free + o.h) + 4.5 * o.al
    anions = 0.5 * (o.hco3 + o.oh + o.no3 + o.cl) + 2.0 * (o.co3 + o.so4.value)
    by_h = ca * i.ca.by_h + mg * i.mg.by_h - 0.5 * (s.ca_hco3 * i.ca.free + s.mg_hco3 * i.mg.free)
    by_h += 0.5 * (i.na.by_h + i.k.by_h + i.nh4.by_h + o.h - o.hco3 - o.oh) + 13.5 * o.al - 4.0 * o.co3
    by_h += 2.0 * o.so4.by_h
    by_l = ca * i.ca.by_l + mg * i.mg.by_l + 0.5 * (i.na.by_l + i.k.by_l + i.nh4.by_l) + 2.0 * o.so4.by_l
    return Sum(cations + anions, by_h, by_l)


@kernel
def balance_at(cell: Cell, c: Constants, g: Activities, point: tuple[float, float, float, float]) -> Balance:
    """Return residuals, slopes and composition of a cell at the trial point (h, lx, free SO4, dolomite dissolved).

    Activities, free sulphate and dolomite (mol) are those of the last iteration: they settle while Newton's
    method does, and the Jacobian stays two by two.
    """
    h, lx, lagged, from_dolomite = point
    s = carbonate_at(h, cell.acid, lagged, c, g)
    ions, dissolved = cations_at(cell, s, (lx, from_dolomite), c, g)
    # Sulphate after the cations that bind it: its own bound share acts on them in the next pass.
    so4 = _free_sulphate(cell, s, ions.ca, ions.mg, lagged)
    aluminium = c.al_hydroxide * s.h * s.h * s.h
    others = Others(
        h=s.h / g.h,
        al=aluminium / g.al,
        oh=c.kw / (s.h * g.oh),
        hco3=s.hco3 / g.hco3,
        co3=s.co3 / g.co3,
        no3=cell.no3 / cell.water,
        cl=cell.cl / cell.water,
        so4=so4,
    )
    return Balance(
        charge=_charge_of(ions, others, s),
        sites=_sites_of(ions, c, s.h, aluminium, exp(lx)),
        ionic=_ionic_strength(ions, others, s),
        so4=so4,
        cations=ions,
        dissolved=dissolved.calcite,
        exhausted=dissolved.exhausted,
        dolomite=dissolved.dolomite,
    )


@kernel
def site_fractions(
    i: Cations, c: Constants, h: float, lx: float
) -> tuple[float, float, float, float, float, float, float]:
    """Return the equivalent fractions of the exchanger, order of `SITES`, at ln{H+} and ln x."""
    x, proton = exp(lx), exp(h)
    return (
        i.ca.fraction * i.ca.free,
        i.mg.fraction * i.mg.free,
        i.na.fraction * i.na.free,
        i.k.fraction * i.k.free,
        i.nh4.fraction * i.nh4.free,
        c.x_h * proton * x,
        c.x_al * c.al_hydroxide * (proton * x) ** 3,
    )
