"""What the self-check of a run tells of its totals: the calibration of the emulator's error in sums.

*Enters:* sampled cells by emulator and simulator, the store with the members' deviations. *Leaves:* a `Calibration`,
and its file `calibration.json`, by which totals of polygons are given their intervals later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.summed import ADDED_UP, TOTALLED, unpack_deviation
from eurosic.outputs.ledger import write_atomically
from eurosic.report.calibrated import Calibration, Checked, calibrate

CALIBRATION = "calibration.json"
Array = NDArray[np.float64]


def calibration_of(
    store: zarr.Group,
    places: NDArray[np.int64],
    *,
    predicted: Mapping[str, NDArray[np.generic]],
    simulated: Mapping[str, NDArray[np.generic]],
    area: Array,
    weight: Array,
) -> Calibration:
    """Return the calibration of an emulator on the cells of its own run that were simulated too.

    Parameters
    ----------
    store
        The projection.
    places
        Of the cells in the table, increasing.
    predicted, simulated
        Targets by name, ``(pathway, year, cell)``, the baseline first.
    area, weight
        Calcareous arable area of each cell, m2, and how many cells it stands for, ``(cell,)``.
    """
    years = np.asarray(store["year"][:], dtype=np.float64)
    errors = np.stack(
        [np.asarray(predicted[name], np.float64) - np.asarray(simulated[name]) for name in TOTALLED]
    )
    members = None
    if "member_deviation" in store:
        packed = np.asarray(store["member_deviation"].oindex[:, :, :, :, places])
        members = _with_sum(unpack_deviation(packed), years)
    return calibrate(Checked(_with_sum(errors, years), members, area, weight), baseline=0)


def _with_sum(values: Array, years: Array) -> Array:
    """Return values ``(..., quantity, pathway, year, cell)`` with the flux that is summed since the start as well.

    Between reported years a flux is taken to go along a straight line; the first year counts as one.
    """
    flux = values[..., TOTALLED.index(ADDED_UP), :, :, :]
    between = 0.5 * (flux[..., 1:, :] + flux[..., :-1, :]) * np.diff(years)[:, None]
    since = np.cumsum(np.concatenate([flux[..., :1, :], between], axis=-2), axis=-2)
    return np.concatenate([values, since[..., None, :, :, :]], axis=-4)


def write_calibration(folder: Path, found: Calibration | None) -> None:
    """Write the calibration into a run's folder, or that there is none."""
    write_atomically(folder / CALIBRATION, json.dumps(found and found.as_record()) + "\n")


def read_calibration(folder: Path) -> Calibration | None:
    """Return the calibration of a finished run; None where it has none."""
    path = folder / CALIBRATION
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return None if told is None else Calibration.from_record(told)
