"""The rows of a lesson: what an ensemble holds of every year, in the network's units and in one order.

*Enters:* the arrays of an ensemble by the names of its schema, and the anchors of its columns. *Leaves:* series by
name, ``(simulation, year + 1, width)``, and which of them the engine gave. NumPy only; it must not split or learn.
*Source:* `base.simulations.SCHEMA`; `features.Anchors` for the units.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.emulator.features import Anchors, Frame

Array = NDArray[np.float64]
Arrays = Mapping[str, NDArray[np.generic]]

# Rows of a simulation's year, and how many of each; see `Lesson.rows`.
WIDTHS: Mapping[str, int] = {
    "carbonate": 6, "calcium": 6, "charge": 6, "nitrate": 6, "drivers": 4, "dissolved": 6, "calcium_passed": 6,
    "charge_passed": 6, "calcareous": 6, "ph": 2, "carbon_leached": 1, "nitrate_leached": 1,
}  # fmt: skip
# Rows that are a state: the start has them too.
STATE_ROWS = ("carbonate", "calcium", "charge", "nitrate")
# Drivers that are stepped; the others are climate, which the context reads.
STEPPED = ("nitrate_leached", "acid_extra", "base_cation_export", "lime")
# Rows that not every engine gives, and the variable that each is made of.
_NEEDED = {
    "calcium": "calcium_store",
    "charge": "alkalinity_store",
    "calcium_passed": "calcium_flux",
    "charge_passed": "alkalinity_flux",
    "calcareous": "calcareous_share",
}


def series_of(held: Arrays, anchors: Anchors, frame: Frame) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Return every row's series ``(simulation, year + 1, width)`` in the network's units, and which are known.

    Raises
    ------
    SimulationError
        If a simulation that converged lacks a value in a year that is learnt from.
    """
    unit = anchors.scale[:, None, None]
    made = _given(held, unit, np.array(frame.lime_shares))
    for name, source in _NEEDED.items():
        if source in held:
            made[name] = _stored(held, name, unit)
    known = tuple(name for name in WIDTHS if name in made)
    simulations, years = held["sic"].shape[:2]
    for name in known:
        _check_finite(made[name], name)
    # Fluxes of year 0 are those of the spin-up, or missing: nothing learns from them.
    series = {name: np.nan_to_num(values) for name, values in made.items()}
    absent = {name: np.zeros((simulations, years, WIDTHS[name])) for name in WIDTHS if name not in made}
    return series | absent, known


def _of(held: Arrays, name: str) -> Array:
    return np.asarray(held[name], np.float64)


def _since_start(held: Arrays, name: str) -> Array:
    values = _of(held, name)
    return values - values[:, :1]


def _given(held: Arrays, unit: Array, lime_shares: Array) -> dict[str, Array]:
    """Return the rows that every ensemble has."""
    carbonate = _since_start(held, "sic") / (MOLAR_MASS_C * unit)
    drivers = np.stack([_of(held, name) for name in STEPPED], axis=-1) / unit
    limed = drivers[..., 3:] * lime_shares
    soil = "ph_soil_0_30cm"
    lab = "ph_lab_0_30cm" if "ph_lab_0_30cm" in held else soil
    return {
        "carbonate": carbonate,
        "nitrate": _of(held, "nitrate") / unit,
        "drivers": drivers,
        "dissolved": -np.diff(carbonate, axis=1, prepend=carbonate[:, :1]) + limed,
        "ph": np.stack([_of(held, soil), _of(held, lab)], axis=-1),
        "carbon_leached": _of(held, "dic_leaching")[..., None] / MOLAR_MASS_C / unit,
        "nitrate_leached": _of(held, "nitrate_leaching")[..., None] / MOLAR_MASS_N / unit,
    }


def _stored(held: Arrays, name: str, unit: Array) -> Array:
    """Return a row that only some engines give; charge is counted in twice the unit, that of calcite's calcium."""
    source = _NEEDED[name]
    if name == "calcareous":
        return _of(held, source)
    values = _since_start(held, source) if name in STATE_ROWS else _of(held, source)
    return values / (2.0 * unit if name.startswith("charge") else unit)


def _check_finite(series: Array, name: str) -> None:
    bad = ~np.isfinite(series[:, 1:]).all(axis=2)
    if bad.any():
        simulation, year = np.argwhere(bad)[0]
        raise SimulationError(
            "ensemble to learn from",
            f"{name} is no number in year {year + 1} of simulation {simulation} ({int(bad.sum())} such years)",
            wanted="numbers in every year of a simulation that converged",
            do="Mark such simulations as not converged, or make the ensemble again.",
        )


def regime_of(held: Arrays) -> NDArray[np.int8]:
    """Return the regime at the end of every year; where the engine does not say, by what 0-30 cm still holds."""
    if "regime" in held:
        return np.nan_to_num(_of(held, "regime")[:, 1:]).astype(np.int8)
    sic = _of(held, "sic")[:, 1:]
    topsoil, all_of = sic[..., :3].sum(axis=2), sic.sum(axis=2)
    start = np.maximum(sic[:, :1, :3].sum(axis=2), 1e-9)
    return np.where(all_of < 1e-3, 2, np.where(topsoil / start < 0.5, 1, 0)).astype(np.int8)
