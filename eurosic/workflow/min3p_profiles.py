"""Profiles, targets and balances of MIN3P runs in the words of the ensemble's schema, on the six standard depths.

*Enters:* runs as `import_runs` or `read_packed` gives them, and their designs. *Leaves:* arrays by name. What crosses
a standard depth is split in proportion. What leaves a depth follows from the balance where runs hold the exchanger
(packed ones), and else is the drainage times the concentration at its limit. *Source:* SCIENCE.md section 3;
CONVENTIONS.md, `regime`; data/min3p/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.flags import Regime
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3, MOLAR_MASS_N
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.simulator.min3p.design import TOPSOIL, ColumnDesign
from eurosic.simulator.min3p.pore_water import RAIN_ACIDITY

Array = NDArray[np.float64]

_TOP, _BOTTOM = np.array(STANDARD_DEPTHS).T
_REPORTED = (0.3, 1.0, 2.0)
_LITRES = 1000.0  # in a m3
# Share of the fine earth's mass from which a volume counts as calcareous; CONVENTIONS.md, `regime`.
_CALCAREOUS = 1e-4
# kg m-2 in a volume: MIN3P keeps 1e-8 of a mineral that is gone or never was, and a depth that holds some counts as
# one that acid has not reached.
_TRACE = 1e-6
# Drainage counts by Julian years, MIN3P's own year has 365 days: balances close with this, to 1e-6 of the leaching.
_YEAR = 365.0 / 365.25


def profiles_of(runs: xr.Dataset, designs: Sequence[ColumnDesign]) -> dict[str, Array]:
    """Return states and fluxes by standard depth, ``(simulation, year, depth)``; fluxes of year 0 are missing."""
    overlap = _overlap(runs, _TOP, _BOTTOM)
    share = overlap / runs["layer_thickness"].to_numpy()
    mean = overlap / overlap.sum(axis=1, keepdims=True)
    water = _water(designs)[:, None, None]
    means = {"ph_soil": "ph", "calcium": "ca", "dic": "dic", "pco2": "pco2"}
    sic = runs["sic"].to_numpy()
    known = {
        "sic": np.where(sic < _TRACE, 0.0, sic) @ share.T,
        "nitrate": _LITRES * water * (runs["no3"].to_numpy() @ overlap.T),
        "calcareous_share": calcareous_volumes(runs, designs) @ mean.T,
        **{name: runs[theirs].to_numpy() @ mean.T for name, theirs in means.items()},
    }
    if "calcium_saturation" in runs:
        return known | _from_the_exchanger(runs, designs, known["sic"])
    return known | {"calcium_flux": _calcium_by_concentration(runs, designs)}


def targets_of(runs: xr.Dataset, designs: Sequence[ColumnDesign]) -> dict[str, NDArray[np.generic]]:
    """Return the targets that runs give, ``(simulation, year)``; yearly fluxes of year 0 are missing."""
    bottoms = np.array(_REPORTED)
    within = _overlap(runs, np.zeros(3), bottoms)
    stock = runs["sic"].to_numpy() @ (within / runs["layer_thickness"].to_numpy()).T
    change = stock - stock[:, :1]
    dic = MOLAR_MASS_C * _yearly(runs["dic_leached"])
    calcareous = calcareous_volumes(runs, designs)
    targets: dict[str, NDArray[np.generic]] = {
        "sic_change_0_30cm": change[..., 0],
        "sic_change_0_100cm": change[..., 1],
        "sic_change_0_200cm": change[..., 2],
        "ph_soil_0_30cm": runs["ph"].to_numpy() @ (within[0] / within[0].sum()),
        "dic_leaching": dic,
        "nitrate_leaching": MOLAR_MASS_N * _yearly(runs["no3_leached"]),
        "co2_to_air_from_carbonate": -np.diff(change[..., 2], axis=1, prepend=np.nan) - dic,
        "decalcification_depth": _bare_depth(runs, calcareous),
        "regime": _regime(calcareous, within[0] / within[0].sum()),
    }
    if "alkalinity_leached" in runs:
        targets["alkalinity_leaching"] = _alkalinity_leached(runs)
    return targets


def calcareous_volumes(runs: xr.Dataset, designs: Sequence[ColumnDesign]) -> Array:
    """Return 1 where volumes hold more than 0.01 % of calcium carbonate by mass, ``(simulation, year, volume)``."""
    density = np.array([design.bulk_density for design in designs])[:, None, None]
    earth = _LITRES * density * runs["layer_thickness"].to_numpy()  # g cm-3 is 1000 kg m-3
    carbonate = runs["sic"].to_numpy() * (MOLAR_MASS_CACO3 / MOLAR_MASS_C)
    return (carbonate > _CALCAREOUS * earth).astype(np.float64)


def _bare_depth(runs: xr.Dataset, calcareous: Array) -> Array:
    """Return the top of the uppermost calcareous volume (m); all of the column where there is none."""
    first = calcareous.argmax(axis=2)
    depth = runs["layer_top"].to_numpy()[first]
    return np.where(calcareous.any(axis=2), depth, runs["layer_bottom"].to_numpy()[-1])


def _regime(calcareous: Array, topsoil: Array) -> NDArray[np.int8]:
    # Rounding of the volumes' limits must not undo a half.
    upper = np.where(calcareous @ topsoil >= 0.5 - 1e-6, Regime.BUFFERED, Regime.FRONT)
    return np.where(calcareous.any(axis=2), upper, Regime.DEPLETED).astype(np.int8)


def _overlap(runs: xr.Dataset, top: Array, bottom: Array) -> Array:
    """Return the thickness (m) that each volume has in each of some depths, ``(depth, volume)``."""
    upper, lower = runs["layer_top"].to_numpy(), runs["layer_bottom"].to_numpy()
    inside = np.minimum(lower, bottom[:, None]) - np.maximum(upper, top[:, None])
    return np.maximum(inside, 0.0)


def _from_the_exchanger(runs: xr.Dataset, designs: Sequence[ColumnDesign], sic: Array) -> dict[str, Array]:
    """Return base saturation, stores of calcium and of alkalinity, and by their balance what leaves each depth.

    Ammonium counts as the nitrate that it becomes, in water and on the exchanger, so that all acid enters at the
    surface.
    """
    overlap = _overlap(runs, _TOP, _BOTTOM)
    share = overlap / runs["layer_thickness"].to_numpy()
    charge = _exchanger(runs, designs)[:, None]
    water = _LITRES * _water(designs)[:, None, None] * runs["layer_thickness"].to_numpy()
    calcium = runs["ca"].to_numpy() * water + 0.5 * charge * runs["calcium_saturation"].to_numpy()
    bases = 1.0 - runs["hydrogen_saturation"].to_numpy()
    ammonium = runs["nh4"].to_numpy() * water
    ammonium = ammonium + _ammonium_held(runs, ammonium, charge)
    alkalinity = runs["alkalinity"].to_numpy() * water + charge * bases - 2.0 * ammonium
    stores = {"calcium_store": calcium @ share.T, "alkalinity_store": alkalinity @ share.T}
    rain, acid = _entering(designs, runs.sizes["year"])
    dissolved = -np.diff(sic, axis=1) / MOLAR_MASS_C
    calcium_flux = _left_over(dissolved, stores["calcium_store"], rain)
    alkalinity_flux = _left_over(2.0 * dissolved, stores["alkalinity_store"], -acid)
    # What left the column is on record.
    calcium_flux[:, 1:, -1] = np.diff(runs["ca_leached"].to_numpy(), axis=1)
    alkalinity_flux[..., -1] = _alkalinity_leached(runs)
    return {
        "base_saturation": (bases * charge) @ share.T / (charge @ share.T),
        **stores,
        "calcium_flux": calcium_flux,
        "alkalinity_flux": alkalinity_flux,
    }


def _ammonium_held(runs: xr.Dataset, dissolved: Array, charge: Array) -> Array:
    """Return ammonium on the exchanger, mol m-2 of each volume, by the column's balance of ammonium.

    Half of the nitrogen infiltrates as ammonium; what neither nitrified nor left is held. Its depths are not on
    record: they are those of its equilibrium, E(NH4) ~ [NH4] (E(Ca) / [Ca])^0.5 (Gaines and Thomas, 1953).
    """
    entered = 0.5 * runs["nitrogen_infiltrated"].to_numpy()
    held = entered - (runs["nitrified"] + runs["nh4_leached"]).to_numpy() - dissolved.sum(axis=2)
    ratio = runs["calcium_saturation"].to_numpy() / np.maximum(runs["ca"].to_numpy(), 1e-12)
    likely = charge * runs["nh4"].to_numpy() * np.sqrt(np.maximum(ratio, 0.0))
    # What the nodes' traces of ammonium round to is nothing.
    return np.maximum(held, 0.0)[..., None] * likely / np.maximum(likely.sum(axis=2, keepdims=True), 1e-30)


def _left_over(dissolved: Array, store: Array, entering: Array) -> Array:
    """Return what leaves each depth in a year: entered at the surface + dissolved - stored, from the surface down."""
    left = np.cumsum(dissolved - np.diff(store, axis=1), axis=2) + entering[..., None]
    return np.concatenate([np.full_like(store[:, :1], np.nan), left], axis=1)


def _calcium_by_concentration(runs: xr.Dataset, designs: Sequence[ColumnDesign]) -> Array:
    """Return the calcium that leaves each depth: drainage times the year's mean concentration at its limit.

    MIN3P carries the concentration of the volume above a limit. The mean is of both ends of the year: beside the
    balance of the 300 development runs, 0.02 % off at the median and 1.3 % (0-5 cm) to 0.4 % (below 60 cm) at the
    95th percentile of years. Where a front passes within the year it is off by up to a fifth.
    """
    drainage = np.array([design.drainage for design in designs])[:, None, None] * _YEAR
    calcium = runs["ca"].to_numpy()
    passed = drainage * 0.5 * (calcium[:, 1:] + calcium[:, :-1])
    rain, _ = _entering(designs, runs.sizes["year"])
    below = np.concatenate([rain[..., None], passed], axis=2)
    limits = np.concatenate([[0.0], runs["layer_bottom"].to_numpy()])
    # Between limits of volumes as amounts are split: in proportion.
    right = np.searchsorted(limits, _BOTTOM - 1e-6)
    weight = np.clip((_BOTTOM - limits[right - 1]) / (limits[right] - limits[right - 1]), 0.0, 1.0)
    flux = (1.0 - weight) * below[..., right - 1] + weight * below[..., right]
    flux[..., -1] = np.diff(runs["ca_leached"].to_numpy(), axis=1)
    return np.concatenate([np.full_like(flux[:, :1], np.nan), flux], axis=1)


def _entering(designs: Sequence[ColumnDesign], rows: int) -> tuple[Array, Array]:
    """Return calcium (mol m-2) and acid (molc m-2) that enter in MIN3P's years, ``(simulation, year)``."""
    factors = np.array([[design.factor(year) for year in range(rows - 1)] for design in designs])

    def of(name: str) -> Array:
        return np.array([getattr(design, name) for design in designs])[:, None] * _YEAR

    acid = (of("nitrate_leached") + of("acid_sulphate")) * factors + RAIN_ACIDITY * of("drainage")
    return np.broadcast_to(of("deposition_ca"), factors.shape), acid


def _water(designs: Sequence[ColumnDesign]) -> Array:
    return np.array([design.porosity - design.air_porosity for design in designs])


def _exchanger(runs: xr.Dataset, designs: Sequence[ColumnDesign]) -> Array:
    """Return the exchanger's charge, mol m-2, ``(simulation, volume)``; cmol kg-1 and g cm-3."""
    upper = runs["depth"].to_numpy() < TOPSOIL
    per_mass = np.array([np.where(upper, design.cec_top, design.cec_sub) for design in designs])
    density = np.array([design.bulk_density for design in designs])[:, None]
    return 0.01 * per_mass * _LITRES * density * runs["layer_thickness"].to_numpy()


def _alkalinity_leached(runs: xr.Dataset) -> Array:
    return _yearly(runs["alkalinity_leached"]) - 2.0 * _yearly(runs["nh4_leached"])


def _yearly(cumulative: xr.DataArray) -> Array:
    # Nothing flows in year 0, which is a state.
    return np.diff(cumulative.to_numpy(), axis=1, prepend=np.nan)
