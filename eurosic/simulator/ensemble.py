"""A batch of an ensemble by the simulator: columns in, the arrays of the ensemble's schema out.

*Enters:* `Columns` with one pathway. *Leaves:* arrays by name, ``(simulation, year + 1)`` and ``(simulation, year +
1, depth)``; year 0 is the state at the start, after the spin-up. NumPy only: Dask and Zarr are the workflow's and
the outputs'. *Source:* `base.simulations.SCHEMA`; SCIENCE.md 2.6.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Columns
from eurosic.base.simulations import PROFILES
from eurosic.base.vocabulary import DRIVERS, STANDARD_DEPTHS, TARGETS
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.simulate import run_recorded

Array = NDArray[np.float64]

# Standard depths down to 0.3 m, and their shares of it.
_TOPSOIL = np.array([bottom - top for top, bottom in STANDARD_DEPTHS if bottom <= 0.3]) / 0.3


def simulate_columns(options: SimulatorOptions, columns: Columns) -> Mapping[str, NDArray[np.generic]]:
    """Return targets, profiles and drivers of a batch by name, and `converged` ``(simulation,)``.

    Drivers of year 0 are those of the spin-up; fluxes of year 0 are missing, because the spin-up holds calcite.

    Raises
    ------
    PredictorError
        If a covariate, state or driver is missing, not finite or out of its range.
    """
    prediction, profiles = run_recorded(options, columns)
    recorded = {variable.name: profiles[0, ..., i] for i, variable in enumerate(PROFILES)}
    reported = {name: prediction.values[0, ..., i] for i, name in enumerate(TARGETS)}
    start = _start(recorded)
    missing = np.full(len(prediction.converged), np.nan)
    targets = {
        name: np.column_stack([np.where(prediction.converged, start.get(name, missing), np.nan), values])
        for name, values in reported.items()
    }
    drivers = np.concatenate([columns.baseline[:, np.newaxis], columns.forcing[0]], axis=1)
    given = {name: drivers[..., i] for i, name in enumerate(DRIVERS)}
    return {**targets, **recorded, **given, "converged": prediction.converged.astype(np.int8)}


def _start(recorded: Mapping[str, Array]) -> dict[str, Array]:
    """Return the targets that the state at the start decides, ``(simulation,)``."""
    nothing = np.zeros(len(recorded["sic"]))
    topsoil = slice(0, len(_TOPSOIL))
    return {
        **dict.fromkeys(("sic_change_0_30cm", "sic_change_0_100cm", "sic_change_0_200cm"), nothing),
        "ph_soil_0_30cm": recorded["ph_soil"][:, 0, topsoil] @ _TOPSOIL,
        "ph_lab_0_30cm": recorded["ph_lab"][:, 0, topsoil] @ _TOPSOIL,
    }
