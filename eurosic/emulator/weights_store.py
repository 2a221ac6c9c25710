"""The file of an emulator's weights: every member's, and the frame, domain and spread that go with them.

*Enters:* arrays by part. *Leaves:* one safetensors file, which holds arrays and nothing that could run; or its
arrays. *Source:* the format of safetensors; ENGINE.md: ship weights, never a pickled module.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from eurosic.base.errors import CardError
from eurosic.emulator.features import Frame
from eurosic.emulator.packing import Arrays, check_parts, part_of, under

WEIGHTS = "weights.safetensors"


def write_weights(folder: Path, parts: Mapping[str, Mapping[str, NDArray[np.generic]]]) -> Path:
    """Write the arrays of every part into the folder's file of weights, all or nothing, and return its path."""
    arrays: Arrays = {}
    for part, named in parts.items():
        arrays |= under(part, {name: np.ascontiguousarray(values) for name, values in named.items()})
    path = folder / WEIGHTS
    partial = folder / f".{WEIGHTS}.{os.getpid()}.partial"
    with partial.open("wb") as stream:
        stream.write(save(arrays))
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    return path


def read_weights(folder: Path, wanted: tuple[str, ...]) -> dict[str, Arrays]:
    """Return the arrays of the parts that are wanted, by part.

    Raises
    ------
    CardError
        If the file is none of ours, or lacks a part.
    """
    path = folder / WEIGHTS
    try:
        arrays = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CardError(str(path), f"cannot be read ({error})", do="Train the emulator again.") from error
    parts = {part: part_of(arrays, part) for part in wanted}
    check_parts({part: np.zeros(0) for part, found in parts.items() if found}, wanted, str(path))
    return parts


def frame_arrays(frame: Frame) -> Arrays:
    """Return a frame as arrays."""
    return {
        item.name: np.atleast_1d(np.asarray(getattr(frame, item.name), np.float64)) for item in fields(Frame)
    }


def frame_from(arrays: Mapping[str, NDArray[np.generic]]) -> Frame:
    """Return the frame that `frame_arrays` gave.

    Raises
    ------
    CardError
        If an array is missing.
    """
    check_parts(arrays, [item.name for item in fields(Frame)], "frame of the emulator")
    values = {item.name: np.asarray(arrays[item.name], np.float64).tolist() for item in fields(Frame)}
    return Frame(
        acid_shares=tuple(values["acid_shares"]),
        lime_shares=tuple(values["lime_shares"]),
        rain_calcium=values["rain_calcium"][0],
        rain_alkalinity=values["rain_alkalinity"][0],
        spin_up=int(values["spin_up"][0]),
    )
