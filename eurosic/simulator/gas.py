"""CO2 in the soil air: a quasi-steady profile between respiration and diffusion to the atmosphere.

*Enters:* respiration and its depth, air-filled and total porosity, temperature. *Leaves:* pCO2 (atm) at the
centre of each layer. Must not know the chemistry. *Source:* SCIENCE.md 2.2; Moldrup et al. (2000), Soil Sci.
165, 421-432; Millington & Quirk (1961), Trans. Faraday Soc. 57, 1200-1207.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eurosic.base.units import MOLAR_MASS_C
from eurosic.simulator.constants import ABSOLUTE_ZERO, GAS_CONSTANT
from eurosic.simulator.kernels import kernel

Array = NDArray[np.float64]

SECONDS_PER_YEAR = 31_557_600.0  # Julian year
ATMOSPHERE = 4.2e-4  # atm; global mean of about 2022 (NOAA)
Q10 = 2.0  # rise of respiration per 10 K; SCIENCE.md 2.2


class Air(NamedTuple):
    """Soil air of one column.

    Respiration of carbon at the mean temperature (mol m-2 s-1), its depth (m), the tortuosity D_s/D_0, mean
    temperature (degC), CO2 of the atmosphere (atm); air-filled porosity at field capacity, and porosity.
    """

    respiration: float
    depth: float
    tortuosity: float
    mean_temperature: float
    atmosphere: float
    air_porosity: float = 0.0
    porosity: float = 0.0


@kernel
def tortuosity(air_porosity: float, porosity: float, millington: float) -> float:
    """Return D_s/D_0: Moldrup eps^2.5/phi^0.5, or Millington-Quirk eps^(10/3)/phi^2 where `millington` is 1."""
    if millington > 0.5:
        return air_porosity ** (10.0 / 3.0) / porosity**2
    return air_porosity**2.5 / porosity**0.5


@kernel
def diffusivity(celsius: float) -> float:
    """Return the diffusivity of CO2 in free air, 1.381e-5 (T/273.15)^1.81 m2 s-1."""
    return 1.381e-5 * ((celsius + ABSOLUTE_ZERO) / ABSOLUTE_ZERO) ** 1.81


@kernel
def root_shares(thickness: Array, depth: float, shares: Array) -> None:
    """Write the share of each layer in what falls off as exp(-z/depth); they sum to 1 over the column."""
    top, total = 0.0, 0.0
    for j in range(thickness.size):
        shares[j] = exp(-top / depth) - exp(-(top + thickness[j]) / depth)
        top += thickness[j]
        total += shares[j]
    for j in range(thickness.size):
        shares[j] /= total


@kernel
def carbon_dioxide(thickness: Array, air: Air, celsius: float, sources: Array, pco2: Array) -> None:
    """Write pCO2 (atm) of each layer's centre, ``(layer,)``, at one tortuosity throughout."""
    layered_carbon_dioxide(thickness, air, celsius, sources, np.full(thickness.size, air.tortuosity), pco2)


@kernel
def layered_carbon_dioxide(
    thickness: Array, air: Air, celsius: float, sources: Array, ease: Array, pco2: Array
) -> None:
    """Write pCO2 (atm) of each layer's centre, ``(layer,)``.

    d/dz(D_s dC/dz) + S = 0, C(0) = atmosphere, no flux at the bottom: what passes a depth is what is respired
    below it, so that C is one sum of fluxes over one sum of sources. pCO2 = C R T. `sources` is the share of
    respiration of each layer, `ease` its D_s/D_0.
    """
    # Profiles settle within hours, steps last months: quasi-steady is exact enough and costs two sums.
    kelvin = celsius + ABSOLUTE_ZERO
    warm = exp(log(Q10) * 0.1 * (celsius - air.mean_temperature))
    to_pressure = warm * air.respiration * GAS_CONSTANT * kelvin / diffusivity(celsius)
    pressure, below = air.atmosphere, 1.0
    for j in range(thickness.size):
        beneath = below - sources[j]
        per_flux = to_pressure * thickness[j] / ease[j]
        # The flux falls linearly through the layer: three quarters of its top value weigh on the upper half.
        pco2[j] = pressure + 0.5 * per_flux * (0.75 * below + 0.25 * beneath)
        pressure += 0.5 * per_flux * (below + beneath)
        below = beneath


@kernel
def molar_respiration(grams: float) -> float:
    """Return respiration in mol m-2 s-1 from g m-2 yr-1 of carbon."""
    return 1e-3 * grams / MOLAR_MASS_C / SECONDS_PER_YEAR
