"""Activity coefficients of the aqueous ions: WATEQ (default) or Davies.

*Enters:* ionic strength (mol L-1) and the constants of the temperature. *Leaves:* `Activities`, one coefficient
per ion. Must not solve anything. *Source:* Truesdell & Jones (1974), with the ion sizes of phreeqc.dat; Davies
(1962); uncharged species lg g = 0.1 I, as in PHREEQC.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

from eurosic.simulator.constants import LN10, Constants
from eurosic.simulator.kernels import kernel


class Activities(NamedTuple):
    """Activity coefficients; `hco3` serves CaHCO3+ too, `k` serves Cl, `co3` has the size of `hco3`."""

    ca: float
    mg: float
    na: float
    k: float
    nh4: float
    hco3: float
    co3: float
    mg_hco3: float
    oh: float
    no3: float
    so4: float
    h: float
    al: float
    neutral: float


@kernel
def _debye_hueckel(charge2: float, size: float, linear: float, root: float, c: Constants) -> float:
    # ln g = -A z2 sqrt(I) / (1 + B a sqrt(I)) + b I ln 10
    return exp(-c.slope * charge2 * root / (1.0 + c.size * size * root) + LN10 * linear * root * root)


@kernel
def _davies(ionic: float, c: Constants) -> Activities:
    root = sqrt(ionic)
    one = exp(-c.slope * (root / (1.0 + root) - 0.3 * ionic))
    # ln g goes with the square of the charge: charge 2 is the fourth power of charge 1, charge 3 the ninth.
    two, three = one**4, one**9
    neutral = exp(0.1 * LN10 * ionic)
    return Activities(two, two, one, one, one, one, two, one, one, one, two, one, three, neutral)


@kernel
def _wateq(ionic: float, c: Constants) -> Activities:
    root = sqrt(ionic)
    # Exponentials are half of a cell's cost: CaHCO3+ and CO3-- share the size of HCO3-, Al3+ that of H+,
    # and Cl- that of K+, so that powers and reuse serve five species.
    hco3 = _debye_hueckel(1.0, 5.4, 0.0, root, c)
    h = _debye_hueckel(1.0, 9.0, 0.0, root, c)
    return Activities(
        ca=_debye_hueckel(4.0, 5.0, 0.165, root, c),
        mg=_debye_hueckel(4.0, 5.5, 0.20, root, c),
        na=_debye_hueckel(1.0, 4.0, 0.075, root, c),
        k=_debye_hueckel(1.0, 3.5, 0.015, root, c),
        nh4=_debye_hueckel(1.0, 2.5, 0.0, root, c),
        hco3=hco3,
        co3=hco3**4,
        mg_hco3=_debye_hueckel(1.0, 4.0, 0.0, root, c),
        oh=_debye_hueckel(1.0, 3.5, 0.0, root, c),
        no3=_debye_hueckel(1.0, 3.0, 0.0, root, c),
        so4=_debye_hueckel(4.0, 5.0, -0.04, root, c),
        h=h,
        al=h**9,
        neutral=exp(0.1 * LN10 * ionic),
    )


@kernel
def activities_at(ionic: float, c: Constants) -> Activities:
    """Return the activity coefficients at an ionic strength (mol L-1), by the model that `c.davies` names."""
    # Extreme trial points of Newton's method may pass any strength on which the formulas were fitted.
    strength = min(max(ionic, 0.0), 3.0)
    if c.davies > 0.5:
        return _davies(strength, c)
    return _wateq(strength, c)
