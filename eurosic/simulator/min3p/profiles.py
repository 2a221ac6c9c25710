"""Spatial outputs as xarray variables: depth downwards from the surface, one grid a run, units in CF.

Station: between `load` and `read`. *Enters:* profiles by kind. *Leaves:* variables ``(time, depth)``, steady ones
``(depth,)``, velocities on ``face_depth``, and `sic`. It must not stack outputs of different grids; a column
that is absent at a time is NaN. *Source:* SCIENCE.md section 3; MIN3P's grid, whose nodes lie in the middle of
their volumes, with half a volume at both ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from eurosic.base.errors import SimulationError
from eurosic.base.units import MOLAR_MASS_C
from eurosic.simulator.min3p.fortran import Array
from eurosic.simulator.min3p.grid import Intervals, grid_of, volume_limits
from eurosic.simulator.min3p.kinds import KINDS, attributes_of, variable_name
from eurosic.simulator.min3p.outputs import Profile
from eurosic.simulator.min3p.series import time_coordinate

# m3 mol-1 of calcite; SCIENCE.md section 3.
MOLAR_VOLUME_CALCITE = 36.93e-6

_DECIMALS = 9  # of a metre
_PRINTED = 1e-6  # m; MIN3P prints heights with seven digits
_SAME = 1e-9  # m; two printed heights closer than this are one


def profile_variables(
    profiles: Mapping[str, Sequence[Profile]], notes: list[str], *, intervals: Intervals = ()
) -> xr.Dataset:
    """Return the spatial outputs as variables ``(time, depth)``; steady ones as ``(depth,)``.

    Parameters
    ----------
    profiles
        Spatial outputs by kind, ``.vel`` excepted, which has a grid of its own.
    notes
        Takes what was left out.
    intervals
        Those of the deck, from which the limits of volumes are exact; without them, from the nodes printed.

    Raises
    ------
    SimulationError
        If two of them stand on different grids.
    """
    kept = {kind: _at_times(kind, found, notes) for kind, found in profiles.items() if found}
    everything = [profile for found in kept.values() for profile in found]
    if not everything:
        return xr.Dataset()
    # The first file sets the grid; outputs of two runs in one folder differ in it sooner than in anything else.
    z = everything[0].z
    for kind, found in kept.items():
        for profile in found:
            _check_grid(profile, z, kind)
    # One axis for all kinds: reaction rates have no initial condition, and a kind may lack a file.
    times = np.unique([profile.time for profile in everything if profile.time is not None])
    variables: dict[str, xr.DataArray] = {}
    for kind, found in kept.items():
        variables |= _stacked(kind, found, times)
    coords = _depth_coordinates(z, intervals) | (time_coordinate("time", times) if len(times) else {})
    return xr.Dataset(variables, coords=coords)


def _at_times(kind: str, profiles: Sequence[Profile], notes: list[str]) -> list[Profile]:
    """Return one profile a time; in steady flow, the last steady state alone."""
    if not any(profile.stage == "time" for profile in profiles) and profiles[-1].stage == "steady":
        return [profiles[-1]]
    # Legacy and current names, or several zones, may give one time twice.
    chosen: dict[float, Profile] = {}
    for profile in profiles:
        if profile.time is None:
            notes.append(f".{kind}: a zone without a time stands among others and was left out")
        elif profile.time in chosen:
            notes.append(f".{kind}: {profile.time:g} years stands twice; the first was read")
        else:
            chosen[profile.time] = profile
    return [chosen[time] for time in sorted(chosen)]


def _check_grid(profile: Profile, z: Array, kind: str) -> None:
    if len(profile.z) != len(z) or not np.allclose(profile.z, z, rtol=_SAME, atol=_SAME):
        raise SimulationError(
            f".{kind} at {'steady state' if profile.time is None else f'{profile.time:g} years'}",
            f"has {len(profile.z)} volumes, or other heights, than the {len(z)} of the files before it",
            wanted="one grid in a run",
            do="Files of two runs may lie in one folder: separate them.",
        )


def _stacked(kind: str, profiles: Sequence[Profile], times: Array) -> dict[str, xr.DataArray]:
    names = dict.fromkeys(name for profile in profiles for name in profile.names)
    units = {name: unit for p in profiles for name, unit in zip(p.names, p.units, strict=True)}
    # Columns may come and go between times (a mineral that is written when present), so that they go by name.
    steady = profiles[-1].time is None
    rows = [0] if steady else np.searchsorted(times, [p.time or 0.0 for p in profiles]).tolist()
    arrays = {name: np.full((1 if steady else len(times), len(profiles[0].z)), np.nan) for name in names}
    for row, profile in zip(rows, profiles, strict=True):
        for name, column in zip(profile.names, profile.values.T, strict=True):
            arrays[name][row] = column[::-1]
    if steady:
        arrays = {name: values[0] for name, values in arrays.items()}
    dims = ("depth",) if steady else ("time", "depth")
    return {
        variable_name(KINDS[kind], name): xr.DataArray(
            values, dims=dims, attrs=attributes_of(kind, name, units[name])
        )
        for name, values in arrays.items()
    }


def _heights(z: Array, intervals: Intervals) -> tuple[Array, Array]:
    """Return nodes and limits: the deck's where it fits what was printed, else those of the nodes printed."""
    # The deck may be another one's, or edited since: it is believed where it gives the heights printed.
    if intervals:
        nodes, limits = grid_of(intervals)
        if len(nodes) == len(z) and np.allclose(nodes, z, atol=_PRINTED):
            return nodes, limits
    return z, volume_limits(z)


def _depth_coordinates(z: Array, intervals: Intervals) -> dict[str, xr.DataArray]:
    nodes, limits = _heights(z, intervals)
    # Differences leave 1e-16 where 0.02 is meant.
    depth = np.round(nodes[-1] - nodes[::-1], _DECIMALS)
    limits = np.round(limits[-1] - limits[::-1], _DECIMALS)
    values = {
        "depth": (depth, {"long_name": "depth of the node below the surface", "positive": "down"}),
        "layer_top": (limits[:-1], {"long_name": "upper limit of the volume"}),
        "layer_bottom": (limits[1:], {"long_name": "lower limit of the volume"}),
        "layer_thickness": (np.diff(limits), {"long_name": "thickness of the volume"}),
    }
    return {
        name: xr.DataArray(array + 0.0, dims=("depth",), attrs=attrs | {"units": "m"})
        for name, (array, attrs) in values.items()
    }


def face_variables(profiles: Sequence[Profile], surface: float, notes: list[str]) -> xr.Dataset:
    """Return velocities between volumes as variables ``(face_time, face_depth)`` or ``(face_depth,)``.

    Parameters
    ----------
    profiles
        Outputs ``.vel``; z is the height of the limits between volumes.
    surface
        Height of the surface above the bottom, m.
    notes
        Takes what was left out.
    """
    faces = profile_variables({"vel": profiles}, notes)
    if not faces:
        return faces
    # Limits of volumes mean nothing between volumes, and names must not meet those of the volumes.
    faces = faces.drop_vars(["layer_top", "layer_bottom", "layer_thickness"])
    depth = xr.DataArray(surface - profiles[0].z[::-1], dims=("depth",), attrs=faces["depth"].attrs)
    faces = faces.assign_coords(depth=depth.assign_attrs(long_name="depth of the limit between two volumes"))
    return faces.rename({name: f"face_{name}" for name in ("time", "depth") if name in faces.dims})


def add_sic(profiles: xr.Dataset) -> xr.Dataset:
    """Return the profiles with `sic`, carbon in calcite of each volume, kg m-2: ``phi / V_m dz M_C``.

    Source: SCIENCE.md section 3 (V_m = 36.93 cm3/mol). Other carbonates are not counted.
    """
    if "volume_fraction_calcite" not in profiles:
        return profiles
    # m3 of calcite per m3 over m3 per mol times kg per mol: kg of carbon per m3 of soil
    calcite = profiles["volume_fraction_calcite"] / MOLAR_VOLUME_CALCITE * MOLAR_MASS_C
    sic = (calcite * profiles["layer_thickness"]).transpose("time", "depth")
    sic.attrs = {
        "units": "kg m-2",
        "long_name": "soil inorganic carbon of the volume",
        "comment": "carbon in calcite",
    }
    return profiles.assign(sic=sic)
