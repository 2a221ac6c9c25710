"""The embedded simulator in MIN3P's own world, from which an emulator of MIN3P may begin to learn.

*Enters:* a size and a seed. *Leaves:* a `Lesson` with the features of one of MIN3P's: columns of the house design
without evapotranspiration (what infiltrates is the drainage), harvest and bases of fertilisers, the tortuosity of
MIN3P, half of them low in carbonate as its own design has them. *Source:* data/min3p/README.md, "Sampling".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Columns
from eurosic.base.vocabulary import COVARIATES, DRIVERS
from eurosic.emulator.data import Lesson, lesson_of
from eurosic.emulator.features import Frame
from eurosic.simulator.ensemble import entering, simulate_columns
from eurosic.simulator.marginals import Kept
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.sampling import sobol_design
from eurosic.simulator.trajectory_kinds import draw_trajectories
from eurosic.workflow.designing import Judging, columns_of

Arrays = Mapping[str, NDArray[np.generic]]

# What MIN3P's columns do not know; an emulator that begins here must not ask for it.
UNKNOWN = ("cec_ph_slope", "wilting_point", "root_depth", "ph_lab", "ph_lab_0_30cm")
_KEPT = Kept(drainage=(30.0, 700.0), pco2=(0.003, 0.05))
_KINDS = {"constant": 0.55, "step": 0.2, "ramp": 0.1, "reversal": 0.1, "step_up": 0.05}
_LOW = {"carbonate": (0.05, 0.6)}
_YEARS, _BATCH = 80, 512


def frame_from(told: Mapping[str, object]) -> Frame:
    """Return the frame that an ensemble's attributes tell."""
    return Frame(
        acid_shares=tuple(told["acid_shares"]),  # type: ignore[arg-type]
        lime_shares=tuple(told["lime_shares"]),  # type: ignore[arg-type]
        rain_calcium=float(told["rain_calcium"]),  # type: ignore[arg-type]
        rain_alkalinity=float(told["rain_alkalinity"]),  # type: ignore[arg-type]
        spin_up=int(told["spin_up_years"]),  # type: ignore[call-overload]
    )


def simulated_lesson(size: int, *, seed: int) -> Lesson:
    """Return the lesson of `size` simulations in MIN3P's world, a third of them low in carbonate."""
    options = SimulatorOptions(tortuosity="millington-quirk")
    low = size // 3
    parts = [
        _simulated(options, size - low, seed=seed, ranges={}),
        _simulated(options, low, seed=seed + 1, ranges=_LOW),
    ]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return lesson_of(arrays, frame_from(entering(options)))


def _simulated(
    options: SimulatorOptions, size: int, *, seed: int, ranges: Mapping[str, tuple[float, float]]
) -> dict[str, NDArray[np.generic]]:
    design = sobol_design(size, seed=seed, ranges=ranges, keep=Judging(_KEPT, millington=True))
    trajectories = draw_trajectories(size, _YEARS, seed=seed, shares=_KINDS)
    columns = without_plants(columns_of(design, trajectories).columns)
    batches = [_part(columns, slice(i, i + _BATCH)) for i in range(0, size, _BATCH)]
    done = [simulate_columns(options, batch) for batch in batches]
    made = {name: np.concatenate([part[name] for part in done]) for name in done[0]}
    soil = dict(zip(COVARIATES, columns.covariates.T, strict=True))
    held = {**soil, **made, "trajectory": trajectories.kind}
    return {name: values for name, values in held.items() if name not in UNKNOWN}


def without_plants(columns: Columns) -> Columns:
    """Return columns into which only what drains infiltrates, without harvest, and on which no base is spread."""
    at = {name: i for i, name in enumerate(DRIVERS)}

    def changed(drivers: NDArray[np.float64]) -> NDArray[np.float64]:
        made = drivers.copy()
        made[..., at["precipitation"]] = made[..., at["drainage"]]
        made[..., at["base_cation_export"]] = 0.0
        made[..., at["acid_extra"]] = np.maximum(made[..., at["acid_extra"]], 0.0)
        return made

    return replace(columns, baseline=changed(columns.baseline), forcing=changed(columns.forcing))


def _part(columns: Columns, rows: slice) -> Columns:
    return Columns(
        columns.covariates[rows], columns.state[rows], columns.baseline[rows], columns.forcing[:, rows]
    )
