"""A folder of existing MIN3P runs and the table of their parameters -> one Dataset (simulation, year, depth).

Station: the way by which runs that were made elsewhere become training data. *Enters:* folders that `read_min3p`
reads, and a table with a row for each. *Leaves:* a Dataset of what an emulator learns from, and the reason for
every run that was left out. It must not take a run that is not complete or whose balance failed, nor stack
different grids or years. *Source:* data/min3p/README.md, "Acceptance".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.fortran import Array
from eurosic.simulator.min3p.read import dataset_of_run
from eurosic.simulator.min3p.run import FAILED

# Only these kinds are opened: a run has some 330 files, and these hold what is taken.
_KINDS = ("gst", "gsm", "gsg", "gsv", "mac", "mae")

# Name in the ensemble -> MIN3P's variable, unit, words.
_PROFILES = {
    "sic": ("sic", "kg m-2", "soil inorganic carbon of the volume"),
    "ph": ("ph", "1", "in-situ pH"),
    "pco2": ("pressure_co2_g", "atm", "partial pressure of CO2"),
    "ca": ("total_ca_2p", "mol L-1", "dissolved calcium"),
    "no3": ("total_no3_1m", "mol L-1", "dissolved nitrate"),
    "dic": ("total_co3_2m", "mol L-1", "dissolved inorganic carbon"),
}
_COMPONENTS = {"ca": "ca+2", "no3": "no3-1", "dic": "co3-2"}
_FLUXES = {
    "leached": ("balance_total_mass_outflux", "leached below the column with water, since the start"),
    "infiltrated": ("balance_total_mass_influx", "infiltrated with water, since the start"),
}
_HEADER = re.compile(r"#\s*(\w+)\s*(?:\[(.*?)\])?\s*:\s*(.*)")


@dataclass
class _Collected:
    """Runs taken so far, and the grid and years of the first of them."""

    names: list[str] = field(default_factory=list)
    arrays: dict[str, list[Array]] = field(default_factory=dict)
    grid: xr.Dataset | None = None
    excluded: list[str] = field(default_factory=list)


def import_runs(folder: str | Path, table: str | Path | pd.DataFrame) -> xr.Dataset:
    """Return the runs of a folder as one Dataset.

    Parameters
    ----------
    folder
        Holds a folder for each run, named as in the table; ``failed/`` is left out.
    table
        Parameters: a CSV file whose first column names the run and whose ``#`` lines may give ``name [unit]:
        words``, or a DataFrame with the run as its index.

    Returns
    -------
    xr.Dataset
        ``sic`` (kg m-2 of each volume), ``ph``, ``pco2`` (atm), ``ca``, ``no3``, ``dic`` (mol L-1) with dimensions
        ``(simulation, year, depth)``; ``ca_leached``, ``no3_leached``, ``dic_leached`` and ``*_infiltrated``
        (cumulative, mol m-2) with ``(simulation, year)``; every column of the table with ``(simulation,)``. The
        attribute ``excluded`` names the runs that were left out, and why.

    Raises
    ------
    SimulationError
        If the table cannot be read, or no run can be used.
    """
    rows, words = (table, {}) if isinstance(table, pd.DataFrame) else read_parameters(Path(table))
    rows = rows.rename(index=str)
    # One run at a time and only its arrays are kept: a run is some 3 MB of text, a simulation 80 kB.
    collected = _Collected()
    for name, place in sorted(_run_folders(Path(folder))):
        reason = "has no row in the table" if name not in rows.index else _take(name, place, collected)
        if reason:
            collected.excluded.append(f"{name}: {reason}")
    if collected.grid is None:
        first = collected.excluded[0] if collected.excluded else "it holds no folder with MIN3P output"
        raise SimulationError(str(folder), f"no run can be used; first: {first}")
    # A row without a run is told too: it may have failed long ago, unnoticed.
    missing = sorted(
        set(rows.index) - set(collected.names) - {e.partition(":")[0] for e in collected.excluded}
    )
    collected.excluded += [f"{name}: in the table only, no run" for name in missing]
    return _joined(collected, collected.grid, rows.loc[collected.names], words)


def read_parameters(path: Path) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """Return a table of parameters by run, and unit and words of each column from its ``#`` lines.

    Raises
    ------
    SimulationError
        If the file cannot be read as a table, or names a run twice.
    """
    # The "#" lines are read apart, since they carry the units that CSV cannot.
    try:
        lines = path.read_text().splitlines()
        rows = pd.read_csv(path, comment="#", index_col=0, dtype={0: str})
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise SimulationError(
            str(path), f"cannot be read as a table ({error})", wanted="CSV, run first"
        ) from error
    if not rows.index.is_unique:
        twice = rows.index[rows.index.duplicated()][0]
        raise SimulationError(str(path), f"names run {twice} twice", wanted="one row a run")
    found = (match for line in lines if (match := _HEADER.match(line)))
    return rows, {match[1]: (match[2] or "", match[3].strip()) for match in found}


def _run_folders(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        raise SimulationError(str(folder), "is no folder", wanted="a folder with a folder for each MIN3P run")
    for place in folder.iterdir():
        if place.is_dir() and place.name != FAILED:
            yield place.name, place


def _take(name: str, place: Path, collected: _Collected) -> str:
    """Add a run and return nothing, or return why it cannot be used."""
    try:
        run = dataset_of_run(place, kinds=_KINDS)
    except SimulationError as error:
        return str(error)
    reason = _unfit(run, collected.grid)
    if reason:
        return reason
    # The first good run sets grid and years for all.
    if collected.grid is None:
        collected.grid = run[["time", "depth", "layer_top", "layer_bottom", "layer_thickness"]]
    collected.names.append(name)
    for variable, values in _arrays(run).items():
        collected.arrays.setdefault(variable, []).append(values)
    return ""


def _unfit(run: xr.Dataset, grid: xr.Dataset | None) -> str:
    # What an emulator learns from must be whole and balanced; what it costs is told by name.
    if not run.attrs["complete"]:
        return f"not complete: {run.attrs['complete_why']}"
    if run.attrs["balance"] == "failed":
        return "; ".join(note for note in run.attrs["warnings"] if note.startswith("mass balance"))
    wanted = [variable for variable, _, _ in _PROFILES.values()] + [
        variable for variable, _ in _FLUXES.values()
    ]
    absent = [variable for variable in wanted if variable not in run]
    absent += [name for name in _COMPONENTS.values() if name not in run.get("component", ())]
    if absent:
        return f"has no {', '.join(absent)}"
    for axis in ("time", "depth", "layer_top"):
        if grid is not None and not (
            run.sizes[run[axis].dims[0]] == grid.sizes[run[axis].dims[0]]
            and np.allclose(run[axis], grid[axis], atol=1e-5)
        ):
            return f"its {axis} is not that of the runs before it"
    return ""


def _arrays(run: xr.Dataset) -> dict[str, Array]:
    arrays = {name: run[variable].to_numpy() for name, (variable, _, _) in _PROFILES.items()}
    for short, component in _COMPONENTS.items():
        for flux, (variable, _) in _FLUXES.items():
            amounts = run[variable].sel(component=component).to_numpy()
            arrays[f"{short}_{flux}"] = _at(run["time"].to_numpy(), run["balance_time"].to_numpy(), amounts)
    return arrays


def _at(years: Array, times: Array, amounts: Array) -> Array:
    """Return cumulative amounts at some years: the last step that does not pass it; nothing at the start."""
    # MIN3P steps onto every output time; both are printed with seven digits.
    steps = np.searchsorted(times, years * (1 + 1e-6), side="right") - 1
    return np.where(steps < 0, 0.0, amounts[np.maximum(steps, 0)])


def _joined(
    collected: _Collected, grid: xr.Dataset, rows: pd.DataFrame, words: Mapping[str, tuple[str, str]]
) -> xr.Dataset:
    units = {name: (unit, text) for name, (_, unit, text) in _PROFILES.items()}
    for short in _COMPONENTS:
        units |= {f"{short}_{flux}": ("mol m-2", f"{short} {text}") for flux, (_, text) in _FLUXES.items()}
    variables = {}
    for name, found in collected.arrays.items():
        dims = ("simulation", "year", "depth")[: 1 + found[0].ndim]
        unit, text = units[name]
        variables[name] = xr.DataArray(np.stack(found), dims=dims, attrs={"units": unit, "long_name": text})
    for column in rows.columns:
        unit, text = words.get(str(column), ("", ""))
        attributes = {key: value for key, value in (("units_in_table", unit), ("long_name", text)) if value}
        values = rows[column].to_numpy()
        # NumPy's own strings: objects could not be written as Zarr or NetCDF.
        values = values.astype(str) if values.dtype == object else values
        variables[str(column)] = xr.DataArray(values, dims=("simulation",), attrs=attributes)
    axes = grid.rename(time="year").coords
    coords = {name: axes[name] for name in ("year", "depth", "layer_top", "layer_bottom", "layer_thickness")}
    coords["simulation"] = xr.DataArray(np.array(collected.names), dims=("simulation",))
    attrs = {"title": "ensemble of MIN3P runs", "excluded": collected.excluded}
    return xr.Dataset(variables, coords=coords, attrs=attrs)
