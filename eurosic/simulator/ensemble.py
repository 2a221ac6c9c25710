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
from eurosic.simulator.constants import CA, CHARGES
from eurosic.simulator.options import SimulatorOptions, frame_of
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


def entering(options: SimulatorOptions) -> dict[str, object]:
    """Return what an ensemble says of what enters its columns: shares by standard depth, and the rain's content.

    An emulator closes its balances with them. Shares are of the acid and the harvest, and of lime; concentrations are
    mol L-1 and molc L-1; `spin_up_years` brought nitrate into transit.
    """
    frame = frame_of(options)

    def by_depth(shares: Array) -> list[float]:
        sums = np.bincount(frame.depth, weights=shares, minlength=len(STANDARD_DEPTHS))
        return [float(share) for share in sums]

    return {
        "acid_shares": by_depth(frame.acid_shares),
        "lime_shares": by_depth(frame.lime_shares),
        "rain_calcium": float(options.rain[CA]),
        "rain_alkalinity": float(np.dot(CHARGES, options.rain)),
        "spin_up_years": options.spin_up,
    }


def _start(recorded: Mapping[str, Array]) -> dict[str, Array]:
    """Return the targets that the state at the start decides, ``(simulation,)``."""
    nothing = np.zeros(len(recorded["sic"]))
    topsoil = slice(0, len(_TOPSOIL))
    return {
        **dict.fromkeys(("sic_change_0_30cm", "sic_change_0_100cm", "sic_change_0_200cm"), nothing),
        "ph_soil_0_30cm": recorded["ph_soil"][:, 0, topsoil] @ _TOPSOIL,
        "ph_lab_0_30cm": recorded["ph_lab"][:, 0, topsoil] @ _TOPSOIL,
    }
