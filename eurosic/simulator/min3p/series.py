"""Outputs against time as xarray variables, one row an entity: component, mineral, gas, reaction, location.

Station: between `load` and `read`. *Enters:* series by kind and entity. *Leaves:* variables ``(entity, time)`` or
``(time,)``. All files of a run are written at the same steps, so that a shorter one was cut and is padded with
NaN, and one with other times is left out with a note; it must not interpolate. *Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from eurosic.simulator.min3p.fortran import Array
from eurosic.simulator.min3p.kinds import KINDS, attributes_of, variable_name
from eurosic.simulator.min3p.outputs import Series


def time_coordinate(name: str, times: Array) -> dict[str, xr.DataArray]:
    """Return a coordinate of time, MIN3P years since the start."""
    attributes = {"units": "yr", "long_name": "time since start", "comment": "MIN3P years of 365 days"}
    return {name: xr.DataArray(times, dims=(name,), attrs=attributes)}


def longest_times(series: Iterable[Series]) -> Array:
    """Return the times of the longest of some series, MIN3P years; empty where there is none."""
    return max((one.times for one in series), key=len, default=np.array([]))


def series_variables(
    kinds: Mapping[str, Mapping[str, Series]],
    dim: str,
    *,
    time_dim: str,
    notes: list[str],
    times: Array | None = None,
) -> xr.Dataset:
    """Return outputs against time as variables ``(dim, time_dim)``; ``(time_dim,)`` where `dim` is empty.

    All files of a run are written at the same steps, so that a shorter one is a cut one: it is padded with NaN.

    Parameters
    ----------
    kinds
        Series by kind, then by entity (or any label where `dim` is empty).
    dim
        Name of the entity's dimension, such as ``component``.
    time_dim
        Name of the time's dimension.
    notes
        Takes what was padded or left out.
    times
        Times of the run where other entities share them; by default those of the longest series.
    """
    every = [series for found in kinds.values() for series in found.values()]
    if not every:
        return xr.Dataset()
    # The longest is the one that was not cut.
    times = longest_times(every) if times is None else times
    entities = list(dict.fromkeys(label for found in kinds.values() for label in found))
    arrays: dict[str, Array] = {}
    attributes: dict[str, dict[str, str]] = {}
    for kind, found in kinds.items():
        for label, series in found.items():
            # Not interpolated: a balance is a sum over steps, and between them it is not known.
            if not np.array_equal(series.times, times[: len(series.times)]):
                notes.append(
                    f".{kind} of {label or 'the column'}: its times are not those of the others; left out"
                )
                continue
            if len(series.times) < len(times):
                notes.append(
                    f".{kind} of {label or 'the column'}: ends after {len(series.times)} of {len(times)} times"
                )
            _place(kind, series, arrays, attributes, (entities.index(label), len(entities), len(times)))
    dims = (dim, time_dim) if dim else (time_dim,)
    data = {
        name: xr.DataArray(values if dim else values[0], dims=dims, attrs=attributes[name])
        for name, values in arrays.items()
    }
    coords = time_coordinate(time_dim, times) | ({dim: xr.DataArray(entities, dims=(dim,))} if dim else {})
    return xr.Dataset(data, coords=coords)


def _place(
    kind: str,
    series: Series,
    arrays: dict[str, Array],
    attributes: dict[str, dict[str, str]],
    at: tuple[int, int, int],
) -> None:
    row, rows, length = at
    # Arrays start as NaN, so that an entity without this column, or a cut one, says that it is not known.
    for name, unit, column in zip(series.names, series.units, series.values.T, strict=True):
        variable = variable_name(KINDS[kind], name)
        if variable not in arrays:
            arrays[variable] = np.full((rows, length), np.nan)
            attributes[variable] = attributes_of(kind, name, unit)
        arrays[variable][row, : len(column)] = column
