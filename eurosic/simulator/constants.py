"""Equilibrium constants of the carbonate system and of exchange, as functions of temperature.

*Enters:* temperature, degC. *Leaves:* `Constants`, plain numbers on the scale of mol per litre, computed once
per column and year. Must not know a soil. *Source:* Plummer & Busenberg (1982), as in phreeqc.dat up to 3.7;
Truesdell & Jones (1974) for the Debye-Hueckel slope; Gaines-Thomas exchange as in phreeqc.dat.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

from eurosic.simulator.kernels import kernel

# Strong ions, whose totals a layer holds and water carries, in the order of every array's ion axis.
IONS = ("ca", "mg", "na", "k", "nh4", "no3", "so4", "cl")
CA, MG, NA, K, NH4, NO3, SO4, CL = range(len(IONS))
# Charge of each ion; their weighted sum is the alkalinity, which is therefore conserved by construction.
CHARGES = (2.0, 2.0, 1.0, 1.0, 1.0, -1.0, -2.0, -1.0)

LN10 = log(10.0)
ABSOLUTE_ZERO = 273.15  # K
# m3 atm mol-1 K-1; CODATA 2018, for pCO2 = C R T.
GAS_CONSTANT = 8.20573e-5
_GAS_CONSTANT_KCAL = 1.987204e-3  # kcal mol-1 K-1; CODATA 2018

# Gaines-Thomas selectivities against Na, equivalent fractions, 25 C; phreeqc.dat (its exchange species).
X_K, X_NH4, X_MG, X_CA, X_H, X_AL = 10.0**0.7, 10.0**0.6, 10.0**0.6, 10.0**0.8, 10.0**1.0, 10.0**0.41
# Al3+ = 10^8.3 {H}^3: amorphous Al(OH)3 is everywhere and floors the pH near 4; MIN3P runs of the data folder.
AL_HYDROXIDE = 10.0**8.3


class Constants(NamedTuple):
    """Constants of one temperature: equilibria (mol L-1, atm), Debye-Hueckel slopes (natural log), the model.

    `davies` is 1.0 where activities follow Davies instead of WATEQ. The exchange of H+ and Al3+ and the
    solubility of Al(OH)3 stand here, not in the code, because other codes that are compared choose others.
    """

    kh: float
    k1: float
    k2: float
    kc: float
    kw: float
    ca_hco3: float
    ca_co3: float
    mg_hco3: float
    mg_co3: float
    ca_so4: float
    mg_so4: float
    dolomite: float
    slope: float
    size: float
    davies: float
    x_h: float
    x_al: float
    al_hydroxide: float


@kernel
def _power(base: float, per_kelvin: float, kelvin: float, inverse: float, logarithm: float) -> float:
    # log10 K = base + per_kelvin T + inverse / T + logarithm log10 T, the form of most fits below.
    return exp(LN10 * (base + per_kelvin * kelvin + inverse / kelvin) + logarithm * log(kelvin))


@kernel
def _van_t_hoff(at_25: float, enthalpy: float, kelvin: float) -> float:
    return exp(LN10 * at_25 + enthalpy / _GAS_CONSTANT_KCAL * (1.0 / 298.15 - 1.0 / kelvin))


@kernel
def _squared(numerator: float, kelvin: float) -> float:
    return exp(LN10 * numerator / (kelvin * kelvin))


@kernel
def constants_at(celsius: float, davies: float) -> Constants:
    """Return the constants at a temperature (degC); `davies` 0.0 or 1.0 chooses the activity model.

    Source: Plummer & Busenberg (1982), Geochim. Cosmochim. Acta 46, 1011-1040, and phreeqc.dat.
    """
    t = celsius + ABSOLUTE_ZERO
    permittivity = 2727.586 + 0.6224107 * t - 466.9151 * log(t) - 52000.87 / t
    thermal = permittivity * t
    return Constants(
        kh=_power(108.3865, 0.01985076, t, -6919.53, -40.45154) * _squared(669365.0, t),
        k1=_power(-356.3094, -0.06091964, t, 21834.37, 126.8339) * _squared(-1684915.0, t),
        k2=_power(-107.8871, -0.03252849, t, 5151.79, 38.92561) * _squared(-563713.9, t),
        kc=_power(-171.9065, -0.077993, t, 2839.319, 71.595),
        kw=_power(-283.971, -0.05069842, t, 13323.0, 102.24447) * _squared(-1119669.0, t),
        ca_hco3=_power(1209.120, 0.31294, t, -34765.05, -478.782),
        ca_co3=_power(-1228.732, -0.299444, t, 35512.75, 485.818),
        mg_hco3=_power(-59.215, 0.0, t, 2537.455, 20.92298),
        mg_co3=_power(0.991, 0.00667, t, 0.0, 0.0),
        ca_so4=_van_t_hoff(2.30, 1.65, t),
        mg_so4=_van_t_hoff(2.37, 4.55, t),
        dolomite=_van_t_hoff(-17.09, -9.436, t),
        slope=LN10 * 1.82e6 * thermal**-1.5,
        size=50.3 / thermal**0.5,
        davies=davies,
        x_h=X_H,
        x_al=X_AL,
        al_hydroxide=AL_HYDROXIDE,
    )
