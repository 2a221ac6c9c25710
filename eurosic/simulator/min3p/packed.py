"""Packed MIN3P runs -> the Dataset that `import_runs` makes of raw ones, and more where the files hold more.

Station: the way of runs whose raw output was not kept. *Enters:* NetCDF files such as ``ensemble_dev.nc``, each with
dimensions ``(run, time, depth)`` and every parameter along ``run``. *Leaves:* one Dataset ``(simulation, year,
depth)``. It must not take runs that hold no numbers, nor stack different grids or years; balances were judged by
whoever packed them. *Source:* data/min3p/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from eurosic.base.errors import SimulationError

_PROFILE, _SERIES, _RUN = ("run", "time", "depth"), ("run", "time"), ("run",)
# Variable of the files -> name of `import_runs`, and unit; what an emulator learns from stands in every file.
_NEEDED = {
    "SIC": ("sic", "kg m-2"),
    "pH": ("ph", "1"),
    "pCO2": ("pco2", "atm"),
    "Ca": ("ca", "mol L-1"),
    "NO3": ("no3", "mol L-1"),
    "DIC": ("dic", "mol L-1"),
    "leach_Ca_cum": ("ca_leached", "mol m-2"),
    "leach_NO3_cum": ("no3_leached", "mol m-2"),
    "leach_DIC_cum": ("dic_leached", "mol m-2"),
}
# Beyond what raw runs keep: the exchanger, and all strong ions.
_MORE = {
    "alkalinity": ("alkalinity", "mol L-1"),
    "NH4": ("nh4", "mol L-1"),
    "H_saturation": ("hydrogen_saturation", "1"),
    "Ca_saturation": ("calcium_saturation", "1"),
    "leach_alkalinity_cum": ("alkalinity_leached", "mol m-2"),
    "leach_NH4_cum": ("nh4_leached", "mol m-2"),
    "input_N_cum": ("nitrogen_infiltrated", "mol m-2"),
    "nitrified_cum": ("nitrified", "mol m-2"),
}
_FACTOR = "n_factor"
_GRID = ("layer_top", "layer_bottom", "layer_thickness")


def read_packed(files: Sequence[Path]) -> xr.Dataset:
    """Return the runs of packed files, one after another, in the words of `import_runs`.

    Besides those: ``alkalinity`` (charge of the strong ions, ammonium as a base), ``nh4`` (mol L-1),
    ``hydrogen_saturation`` and ``calcium_saturation`` (shares of the exchanger's charge), each ``(simulation, year,
    depth)``, and ``alkalinity_leached``, ``nh4_leached``, ``nitrogen_infiltrated`` and ``nitrified`` (cumulative, mol
    m-2), where every file has all of them.

    Raises
    ------
    SimulationError
        If a file cannot be read or lacks a variable, if runs are named twice, have different grids or years, or if
        none can be used.
    """
    read = [_read(Path(file)) for file in files]
    if not read:
        raise SimulationError("packed MIN3P runs", "are none", wanted="at least one NetCDF file")
    for file, one in zip(files[1:], read[1:], strict=True):
        _check_grid(Path(file), one, read[0])
    # What one file lacks, the ensemble does not hold; a balance wants all that is more.
    shared = [name for name in read[0].data_vars if all(name in one for one in read)]
    more = {name for name, _ in _MORE.values()}
    if not more <= set(shared):
        shared = [name for name in shared if name not in more]
    joined = xr.concat([one[shared] for one in read], dim="simulation", coords="minimal", compat="override")
    _check_names(joined)
    excluded = _without_numbers(joined)
    kept = joined.isel(simulation=np.array([name not in excluded for name in joined["simulation"].values]))
    if not kept.sizes["simulation"]:
        raise SimulationError(
            str(files[0]), "holds no run that can be used", wanted="runs with a value everywhere"
        )
    reasons = [f"{name}: has no value in {variable}" for name, variable in excluded.items()]
    return kept.assign_attrs(title="ensemble of MIN3P runs", excluded=reasons)


def _read(file: Path) -> xr.Dataset:
    try:
        with xr.open_dataset(file) as opened:
            return _renamed(file, opened)
    except (OSError, ValueError) as error:
        raise SimulationError(
            str(file),
            f"cannot be read as packed runs ({error})",
            wanted="NetCDF with dimensions run, time, depth",
        ) from error


def _renamed(file: Path, opened: xr.Dataset) -> xr.Dataset:
    absent = [name for name in (*_NEEDED, _FACTOR, *_GRID, "time") if name not in opened.variables]
    if absent:
        raise SimulationError(
            str(file), f"holds no {', '.join(absent)}", wanted="the variables of ensemble_dev.nc"
        )
    variables = {}
    for name, (ours, unit) in {**_NEEDED, **_MORE}.items():
        if name in opened.variables:
            dims = _PROFILE if "depth" in opened[name].dims else _SERIES
            values = opened[name].transpose(*dims).to_numpy().astype(np.float64)
            axes = ("simulation", "year", "depth")[: len(dims)]
            variables[ours] = xr.DataArray(values, dims=axes, attrs={"units": unit})
    variables |= _parameters(opened)
    factors = opened[_FACTOR].transpose(*_SERIES).to_numpy()
    variables["nfactor_trajectory"] = xr.DataArray(
        np.array([_trajectory(row[1:]) for row in factors]), dims=("simulation",)
    )
    coords = {
        "simulation": opened["run"].to_numpy().astype(str),
        "year": opened["time"].to_numpy(),
        **{name: ("depth", opened[name].to_numpy()) for name in ("depth", *_GRID)},
    }
    return xr.Dataset(variables, coords=coords)


def _parameters(opened: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return what each run has one of: parameters may stand as variables or as coordinates of the runs."""
    found = {}
    for name, values in opened.variables.items():
        if values.dims == _RUN and name != "run":
            told = {"units_in_table": values.attrs.get("units"), "long_name": values.attrs.get("long_name")}
            words = {key: str(value) for key, value in told.items() if value}
            found[str(name)] = xr.DataArray(values.to_numpy(), dims=("simulation",), attrs=words)
    return found


def _trajectory(factors: np.ndarray) -> str:
    """Return the pairs ``year:factor`` of a table for the factors of the years that end at 1, 2, ...

    Examples
    --------
    >>> _trajectory(np.array([1.0, 1.0, 0.5]))
    '0:1.0 2:0.5'
    """
    starts = [0, *(np.flatnonzero(np.diff(factors)) + 1)]
    # Single precision is printed as short as it was written.
    return " ".join(f"{start}:{factors[start]!s}" for start in starts)


def _check_grid(file: Path, one: xr.Dataset, first: xr.Dataset) -> None:
    for axis in ("year", "depth", *_GRID):
        if one[axis].shape != first[axis].shape or not np.allclose(one[axis], first[axis], atol=1e-5):
            raise SimulationError(
                str(file), f"has another {axis} than the file before it", wanted="one grid and the same years"
            )


def _check_names(joined: xr.Dataset) -> None:
    names, counts = np.unique(joined["simulation"].values, return_counts=True)
    if (counts > 1).any():
        twice = names[counts > 1][0]
        raise SimulationError(
            "packed MIN3P runs", f"name run {twice} twice", wanted="each run in one file, once"
        )


def _without_numbers(joined: xr.Dataset) -> dict[str, str]:
    """Return the runs that lack a value, each with the first variable in which it does."""
    found: dict[str, str] = {}
    for name, _ in {**_NEEDED, **_MORE}.values():
        if name in joined:
            lost = ~np.isfinite(joined[name].to_numpy()).reshape(joined.sizes["simulation"], -1).all(axis=1)
            for run in joined["simulation"].values[lost]:
                found.setdefault(str(run), name)
    return found
