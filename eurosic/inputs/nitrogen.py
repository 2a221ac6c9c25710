"""Fate of a field's nitrogen in a year, and the acid, leaching and export of cations that follow from it.

*Enters:* `Field`: inputs, uptake and unabated volatilisation (kg ha-1 yr-1); drainage (mm yr-1). *Leaves:*
`Fate`, in which every kilogram is accounted for, and drivers in mol m-2 yr-1. Pure functions that broadcast:
no files, no Dask. *Source:* CONVENTIONS.md, Nitrogen; SCIENCE.md sections 2.2, 5 and 7.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from eurosic.base.units import M2_PER_HA, MOLAR_MASS_CACO3, MOLAR_MASS_N

Array = NDArray[np.float64]

# mol of acid per mol of N applied, beyond the mol that each mol of nitrate leached brings: NH4 - NO3 of the
# salt, and the carbonate of CAN-27. Urea and UAN are neutral; NP/NPK is counted as made from ammonium nitrate
# (phosphate of DAP precipitates in calcareous soil). Source: SCIENCE.md 7.1.
NET_ACID: Mapping[str, float] = MappingProxyType(
    {
        "ammonium_nitrate": 0.0,
        "can": -0.24,
        "urea": 0.0,
        "uan": 0.0,
        "npk": 0.0,
        "ammonium_sulphate": 1.0,
        "calcium_nitrate": -1.0,
    }
)

# Shares of the mineral N; EU means from memory (SCIENCE.md 5), of which "ammonium nitrate / CAN 0.45" is
# divided by the sales of the two.
EU_FORMS: Mapping[str, float] = MappingProxyType(
    {
        "ammonium_nitrate": 0.19,
        "can": 0.26,
        "urea": 0.22,
        "uan": 0.13,
        "npk": 0.15,
        "ammonium_sulphate": 0.05,
        "calcium_nitrate": 0.0,
    }
)

# Share of the N applied that leaves as NH3; from memory within the ranges of SCIENCE.md 2.2 (urea 0.05-0.2,
# ammonium nitrate 0.02), UAN as half urea, half ammonium nitrate.
EU_VOLATILISED: Mapping[str, float] = MappingProxyType(
    {
        "ammonium_nitrate": 0.02,
        "can": 0.02,
        "urea": 0.13,
        "uan": 0.075,
        "npk": 0.04,
        "ammonium_sulphate": 0.10,
        "calcium_nitrate": 0.01,
    }
)


@dataclass(frozen=True)
class NitrogenOptions:
    """What a recipe says of nitrogen besides its rates; the same everywhere.

    Parameters
    ----------
    forms
        Share of the mineral N of each form, summing to 1.
    volatilised
        Share of the N of a form that is lost as NH3, for forms in which it is not `EU_VOLATILISED`.
    manure_ammoniacal, manure_volatilised
        Share of manure N that is ammoniacal, and share of that which is lost as NH3.
    gas_loss
        Share of the surplus left after volatilisation that is denitrified.
    base_export
        Charge of base cations exported per N taken up, mol mol-1.
    lime
        Calcium carbonate applied, kg ha-1 yr-1.
    half_drainage
        Drainage at which half of the soluble surplus leaches, mm yr-1.
    """

    forms: Mapping[str, float] = field(default_factory=lambda: dict(EU_FORMS))
    volatilised: Mapping[str, float] = field(default_factory=dict)
    manure_ammoniacal: float = 0.5
    manure_volatilised: float = 0.2
    gas_loss: float = 0.1
    base_export: float = 0.1
    lime: float = 0.0
    half_drainage: float = 60.0

    @property
    def volatilised_by_form(self) -> Mapping[str, float]:
        """Share of the N of every form that is lost as NH3."""
        return {**EU_VOLATILISED, **self.volatilised}


@dataclass(frozen=True)
class Field:
    """Nitrogen of a field in a year, kg ha-1 yr-1; arrays that broadcast, such as ``(cell, year)``.

    `acid_per_n` is the net acid per mol of mineral N (by form); `volatilised` never exceeds the surplus.
    """

    mineral: Array
    manure: Array
    legumes: Array
    deposition_nh4: Array
    deposition_no3: Array
    uptake: Array
    volatilised: Array
    acid_per_n: Array

    @property
    def total(self) -> Array:
        """All nitrogen that enters, kg ha-1 yr-1."""
        return self.mineral + self.manure + self.legumes + self.deposition_nh4 + self.deposition_no3

    @property
    def surplus(self) -> Array:
        """What the harvest leaves, kg ha-1 yr-1."""
        return self.total - self.uptake


@dataclass(frozen=True)
class Fate:
    """Where the nitrogen of a field goes, kg ha-1 yr-1; the five parts sum to the input."""

    uptake: Array
    volatilised: Array
    denitrified: Array
    leached: Array
    stays: Array

    @property
    def total(self) -> Array:
        """Sum of all fates, kg ha-1 yr-1."""
        return self.uptake + self.volatilised + self.denitrified + self.leached + self.stays


def mean_by_form(per_form: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """Return the mean of a property of the forms, weighted by their shares of the mineral N.

    Examples
    --------
    >>> mean_by_form({"urea": 0.13, "can": 0.02}, {"urea": 0.5, "can": 0.5})
    0.075
    """
    # In a fixed order, so that the order of keys in a recipe cannot change the last bit.
    return float(sum(shares[form] * per_form[form] for form in sorted(shares)))


def unabated_volatilisation(
    mineral: Array, manure: Array, mineral_share: Array | float, options: NitrogenOptions
) -> Array:
    """Return the NH3-N that would be lost without abatement, kg ha-1 yr-1, broadcast over the inputs.

    `mineral_share` is the share of the mineral N, a mean over its forms (`mean_by_form`).
    """
    return mineral * mineral_share + manure * (options.manure_ammoniacal * options.manure_volatilised)


def leached_share(drainage: Array, half_drainage: float) -> Array:
    """Return the share of the soluble surplus that leaches, q/(q + 60 mm), the same in every engine.

    Examples
    --------
    >>> leached_share(np.array([0.0, 60.0, 180.0]), 60.0)
    array([0.  , 0.5 , 0.75])
    """
    return drainage / (drainage + half_drainage)


def fate_of(plot: Field, drainage: Array, options: NitrogenOptions) -> Fate:
    """Return where the nitrogen of a field goes at a drainage of `drainage` (mm yr-1).

    Leached N = (input - uptake) (1 - gas loss) q/(q + 60 mm), in which the gas loss is the NH3 volatilised
    and, of what is left, the denitrified share; the rest stays in the soil, as organic N.
    """
    # In the order of nature: NH3 escapes from the surface before nitrate can denitrify or drain.
    soluble = plot.surplus - plot.volatilised
    denitrified = soluble * options.gas_loss
    leached = (soluble - denitrified) * leached_share(drainage, options.half_drainage)
    return Fate(plot.uptake, plot.volatilised, denitrified, leached, soluble - denitrified - leached)


def moles_of_n(rate: Array) -> Array:
    """Return a rate of nitrogen in kg ha-1 yr-1 as mol m-2 yr-1.

    Examples
    --------
    >>> moles_of_n(np.array([140.07]))
    array([1.])
    """
    return rate / (M2_PER_HA * MOLAR_MASS_N)


def drivers_of(plot: Field, drainage: Array, options: NitrogenOptions) -> dict[str, Array]:
    """Return the drivers that nitrogen gives a predictor, mol m-2 yr-1, each of the broadcast shape.

    The acid of a field is (NH4 in - NH4 out) - (NO3 in - NO3 out): one mole for each mole of nitrate leached
    (`nitrate_leached`), and besides it the NH4 minus the NO3 that came in (`acid_extra`). Manure, legume and
    urea N are neutral, and so is what volatilises, denitrifies, stays or is harvested, all as uncharged N;
    ammonium that volatilises leaves its proton behind, so `acid_extra` counts what was applied.
    """
    fate = fate_of(plot, drainage, options)
    shape = fate.leached.shape
    acid = plot.mineral * plot.acid_per_n + plot.deposition_nh4 - plot.deposition_no3
    return {
        "nitrate_leached": moles_of_n(fate.leached),
        "acid_extra": np.broadcast_to(moles_of_n(acid), shape),
        "base_cation_export": np.broadcast_to(options.base_export * moles_of_n(plot.uptake), shape),
        "lime": np.full(shape, options.lime / (M2_PER_HA * MOLAR_MASS_CACO3)),
    }
