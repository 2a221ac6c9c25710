"""The water with which a MIN3P column begins, and the water that infiltrates: what a deck's numbers are made of.

Station: between `design` and `deck_write`. *Enters:* a `ColumnDesign` and its `Layers`. *Leaves:* concentrations
(mol L-1) and pH. It must not be taken for MIN3P's chemistry: MIN3P equilibrates these waters itself, from calcium
by charge and from pH, so that they are its starting guess and the conservative ions are its input.
*Source:* SCIENCE.md 2.3 (constants), Davies; data/min3p/README.md, "Initial state".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eurosic.simulator.constants import AL_HYDROXIDE, constants_at
from eurosic.simulator.min3p.design import ColumnDesign, Layers
from eurosic.simulator.min3p.fortran import Array

# mol L-1 of H+ in water that carries no extra acid; its anion is chloride.
RAIN_ACIDITY = 3.0e-6
ABSENT = 1.0e-10  # mol L-1; MIN3P takes logarithms
# Al(OH)3 + 3 H+ = Al+3 + 3 H2O: kcal mol-1, and the gas constant of MIN3P's database (kcal mol-1 K-1).
_ENTHALPY_AL, _GAS_CONSTANT = 22.8, 1.987e-3
_STEPS, _HALVINGS = 60, 50


@dataclass(frozen=True)
class Infiltration:
    """Water that enters at the surface, mol L-1, and its pH."""

    ca: float
    mg: float
    k: float
    na: float
    nh4: float
    cl: float
    no3: float
    so4: float
    ph: float


@dataclass(frozen=True)
class PoreWater:
    """Water of each volume at the start, bottom first: free Ca, Al (mol L-1) and pH, shape ``(volume,)``."""

    ca: Array
    al: Array
    ph: Array


def infiltration(design: ColumnDesign, factor: float = 1.0) -> Infiltration:
    """Return the infiltrating water when nitrogen and acid are multiplied by `factor`.

    Deposition and nitrogen are diluted in the drainage; chloride balances the bases, and the acid is that of
    rain and of ammonium sulphate: ``[H+] = 3e-6 + factor A / q``.
    """
    q = design.drainage  # mm yr-1 is L m-2 yr-1
    ca, mg, k, na = (
        amount / q
        for amount in (design.deposition_ca, design.deposition_mg, design.deposition_k, design.deposition_na)
    )
    # Ammonium and nitrate in equal parts: together they carry no charge.
    nitrogen = max(factor * design.nitrate_leached / 2 / q, ABSENT)
    acid = factor * design.acid_sulphate / q
    so4 = design.deposition_so4 / q + acid / 2
    cl = max(2 * ca + 2 * mg + k + na - 2 * design.deposition_so4 / q + RAIN_ACIDITY, ABSENT)
    hydrogen = RAIN_ACIDITY + acid
    ionic = (4 * (ca + mg + so4) + k + na + cl + 2 * nitrogen + hydrogen) / 2
    ph = -np.log10(hydrogen * _davies(np.array(ionic), design.temperature))
    return Infiltration(ca, mg, k, na, nitrogen, cl, nitrogen, so4, float(ph))


def initial_water(design: ColumnDesign, layers: Layers) -> PoreWater:
    """Return the pore water of year 0: the infiltrating ions, all nitrogen as nitrate, at the analytic pCO2.

    Calcium closes the charge at saturation with calcite where there is any, at the given pH where there is none;
    aluminium is in equilibrium with Al(OH)3. The ionic strength is iterated until it stands.
    """
    water = infiltration(design)
    nitrate = initial_nitrate(design)
    calcareous = layers.calcite > 0
    # Strong ions but calcium, as charge; all others as their part of the ionic strength.
    strong = 2 * water.mg + water.k + water.na - water.cl - nitrate - 2 * water.so4
    others = (4 * water.mg + water.k + water.na + water.cl + nitrate + 4 * water.so4) / 2
    given = np.full_like(layers.pco2, design.ph_decalcified)
    ionic = np.full_like(layers.pco2, 5e-3)
    ca, ph = np.zeros_like(ionic), given
    # Activities depend on calcium, and calcium on activities; the map contracts within a dozen steps.
    for _ in range(_STEPS):
        saturated = _saturated_ph(layers.pco2, ionic, strong, design.temperature)
        ph = np.where(calcareous, saturated, given)
        anions, carbonates, bound, h = _carbonate(ph, layers.pco2, ionic, design.temperature)
        ca = np.where(
            calcareous, _calcite_ca(ph, layers.pco2, ionic, design.temperature), (anions - h - strong) / 2
        )
        before, ionic = ionic, others + (4 * ca + h + carbonates + np.where(calcareous, bound * ca, 0.0)) / 2
        if np.abs(ionic - before).max() < 1e-13:
            break
    return PoreWater(ca, _aluminium(ph, design.temperature), ph)


def initial_nitrate(design: ColumnDesign) -> float:
    """Return the nitrate of the pore water at the start, mol L-1: the leaching of year 0 is already on its way."""
    return max(design.nitrate_leached / design.drainage, 1.0e-9)


def _davies(ionic: Array, celsius: float) -> Array:
    root = np.sqrt(ionic)
    return np.asarray(np.exp(-constants_at(celsius, 1.0).slope * (root / (1 + root) - 0.3 * ionic)))


def _carbonate(ph: Array, pco2: Array, ionic: Array, celsius: float) -> tuple[Array, Array, Array, Array]:
    """Return anions (charge), their part of twice the ionic strength, CaHCO3+ per Ca, and H+, mol L-1."""
    c, one = constants_at(celsius, 1.0), _davies(ionic, celsius)
    # Davies: the logarithm goes with the square of the charge.
    two, hydrogen = one**4, 10.0**-ph
    bicarbonate = c.k1 * c.kh * pco2 / hydrogen
    carbonate = c.k2 * bicarbonate / hydrogen
    hco3, co3, oh = bicarbonate / one, carbonate / two, c.kw / hydrogen / one
    bound = c.ca_hco3 * two * bicarbonate / one
    return hco3 + 2 * co3 + oh, hco3 + 4 * co3 + oh, bound, hydrogen / one


def _calcite_ca(ph: Array, pco2: Array, ionic: Array, celsius: float) -> Array:
    c = constants_at(celsius, 1.0)
    carbonate = c.k2 * c.k1 * c.kh * pco2 / 10.0 ** (-2 * ph)
    return np.asarray(c.kc / (carbonate * _davies(ionic, celsius) ** 4))


def _saturated_ph(pco2: Array, ionic: Array, strong: float, celsius: float) -> Array:
    """Return the pH at which calcite saturation closes the charge, by bisection: the sum falls with pH."""
    low, high = np.full_like(pco2, 3.0), np.full_like(pco2, 10.5)
    for _ in range(_HALVINGS):
        ph = (low + high) / 2
        anions, _, bound, h = _carbonate(ph, pco2, ionic, celsius)
        charge = _calcite_ca(ph, pco2, ionic, celsius) * (2 + bound) + strong + h - anions
        low, high = np.where(charge > 0, ph, low), np.where(charge > 0, high, ph)
    return np.asarray((low + high) / 2)


def _aluminium(ph: Array, celsius: float) -> Array:
    kelvin = celsius + 273.15
    heat = _ENTHALPY_AL / _GAS_CONSTANT * (1 / kelvin - 1 / 298.15)
    return np.asarray(AL_HYDROXIDE * np.exp(heat) * 10.0 ** (-3 * ph))
