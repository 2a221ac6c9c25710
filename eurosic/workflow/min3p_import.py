"""MIN3P runs -> a simulation ensemble: the same words, on the six standard depths.

*Enters:* a folder of runs and the table of their parameters, or decks' designs. *Leaves:* a finished ensemble, and
why runs were left out. What MIN3P does not give (lab pH, base saturation, alkalinity, regime) is absent. It must not
judge a run: `min3p.import_runs` does. *Source:* SCIENCE.md section 3; data/min3p/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.grid import Tile
from eurosic.base.provenance import digest_of, file_digest, versions
from eurosic.base.simulations import DESIGN_PREFIX, KINDS
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.outputs.simulations import (
    BatchWriter,
    Layout,
    create_ensemble,
    finish_ensemble,
    ledger_of,
    state_of,
)
from eurosic.simulator.min3p import import_runs
from eurosic.simulator.min3p.design import ColumnDesign, design_from_row

Array = NDArray[np.float64]

_TOP, _BOTTOM = np.array(STANDARD_DEPTHS).T
_REPORTED = (0.3, 1.0, 2.0)
_LITRES = 1000.0  # in a m3
# What the columns of these decks are, so that nobody takes infiltration for rain.
_NOTES = (
    "the column has no evapotranspiration: precipitation is what infiltrates, which is the drainage; no harvest, no"
    " lime; bulk density is the mass of fine earth per bulk volume; amounts of volumes that cross a standard depth"
    " are split in proportion"
)


@dataclass(frozen=True)
class ImportedEnsemble:
    """An ensemble made of runs: where it lies, simulations in it, and the runs left out, each with the reason."""

    path: Path
    simulations: int
    excluded: tuple[str, ...]


def import_ensemble(folder: Path, table: Path, path: Path) -> ImportedEnsemble:
    """Return the ensemble made of the MIN3P runs in a folder and written to `path`.

    Raises
    ------
    SimulationError
        If the table cannot be read, lacks a parameter, or no run can be used.
    StoreError
        If something else lies at `path`.
    """
    runs = import_runs(folder, table)
    names = [str(name) for name in runs["simulation"].values]
    excluded = tuple(str(reason) for reason in runs.attrs["excluded"])
    digest = digest_of([names, file_digest(table), versions()["eurosic"], _digest_of_values(runs)])
    if state_of(path, digest) == "finished":
        return ImportedEnsemble(path, len(names), excluded)
    arrays = schema_arrays(runs)
    own = {name: values for name, values in parameters_of(runs).items() if name not in arrays}
    attributes = {
        "title": "ensemble of MIN3P runs",
        "engine": "min3p",
        "versions": versions(),
        "table_digest": file_digest(table),
        "runs": names,
        "excluded": list(excluded),
        "comment": _NOTES,
    }
    words = {name: _words(runs[name.removeprefix(DESIGN_PREFIX)]) for name in own}
    layout = Layout(len(names), runs.sizes["year"] - 1, len(names), tuple(arrays), attributes, words)
    create_ensemble(path, layout, own, digest=digest)
    BatchWriter(path, ledger_of(path, digest)).write(Tile(0, 0, len(names)), arrays, seconds=0.0)
    finish_ensemble(path, failed=0)
    return ImportedEnsemble(path, len(names), excluded)


def schema_arrays(runs: xr.Dataset) -> dict[str, NDArray[np.generic]]:
    """Return what imported runs hold in the words of the ensemble's schema.

    Raises
    ------
    SimulationError
        If years are not whole and consecutive from 0, or the table lacks a parameter of the columns.
    """
    years = runs["year"].to_numpy()
    if not np.allclose(years, np.arange(len(years)), atol=1e-3):
        raise SimulationError(
            "MIN3P runs",
            f"have output at years {', '.join(f'{y:g}' for y in years[:4])} ...",
            wanted="the initial state and the end of every year",
            do="An ensemble steps from year to year: write decks with an output each year.",
        )
    designs = [_design(runs, i) for i in range(runs.sizes["simulation"])]
    return {
        **_covariates(designs),
        **_drivers(designs, len(years)),
        **_profiles(runs, designs),
        **_targets(runs),
        "converged": np.ones(len(designs), dtype=np.int8),
    }


def parameters_of(runs: xr.Dataset) -> dict[str, NDArray[np.generic]]:
    """Return the numeric columns of the parameter table, ``(simulation,)``, under the design's prefix."""
    return {
        f"{DESIGN_PREFIX}{name}": values.to_numpy()
        for name, values in runs.data_vars.items()
        if values.dims == ("simulation",) and values.dtype.kind in "fi"
    }


def _digest_of_values(runs: xr.Dataset) -> str:
    return digest_of([float(runs[name].sum()) for name in ("sic", "ph", "dic_leached")])


def _words(column: xr.DataArray) -> dict[str, str]:
    return {key: str(column.attrs[key]) for key in ("units_in_table", "long_name") if key in column.attrs}


def _design(runs: xr.Dataset, i: int) -> ColumnDesign:
    row = runs.isel(simulation=i)
    values = {str(name): value.item() for name, value in row.data_vars.items() if value.ndim == 0}
    return design_from_row(values, f"parameters of run {row['simulation'].item()}")


def _covariates(designs: list[ColumnDesign]) -> dict[str, Array]:
    def of(name: str) -> Array:
        return np.array([getattr(design, name) for design in designs])

    return {
        "bulk_density": of("bulk_density"),
        "gravel": np.zeros(len(designs)),
        "cec_topsoil": of("cec_top"),
        "cec_subsoil": of("cec_sub"),
        "field_capacity": of("porosity") - of("air_porosity"),
        "porosity": of("porosity"),
        "air_porosity": of("air_porosity"),
        "respiration": of("respiration"),
        "respiration_depth": of("respiration_depth"),
    }


def _drivers(designs: list[ColumnDesign], rows: int) -> dict[str, NDArray[np.generic]]:
    # The year that ends at Y has the factor that held at its beginning; year 0 is what the start was made with.
    factors = np.array([[1.0] + [design.factor(year) for year in range(rows - 1)] for design in designs])

    def steady(name: str) -> Array:
        return np.array([np.full(rows, getattr(design, name)) for design in designs])

    return {
        "temperature": steady("temperature"),
        "precipitation": steady("drainage"),
        "drainage": steady("drainage"),
        "nitrate_leached": steady("nitrate_leached") * factors,
        "acid_extra": steady("acid_sulphate") * factors,
        "base_cation_export": np.zeros_like(factors),
        "lime": np.zeros_like(factors),
        "trajectory": np.array([KINDS.index(kind_of(row[1:])) for row in factors], dtype=np.int8),
    }


def kind_of(factors: Array) -> str:
    """Return the kind of trajectory that yearly factors are.

    Examples
    --------
    >>> kind_of(np.array([1.0, 0.5, 0.5])), kind_of(np.array([1.0, 0.5, 1.0]))
    ('step', 'reversal')
    """
    changes = np.count_nonzero(np.diff(factors))
    if changes == 0:
        return "zero" if factors[0] == 0.0 else "constant"
    if factors.max() > 1.0:
        return "step_up"
    if factors[-1] == factors[0]:
        return "reversal"
    return "step" if changes == 1 else "ramp"


def _overlap(runs: xr.Dataset, top: Array, bottom: Array) -> Array:
    """Return the thickness (m) that each volume has in each of some depths, ``(depth, volume)``."""
    upper, lower = runs["layer_top"].to_numpy(), runs["layer_bottom"].to_numpy()
    inside = np.minimum(lower, bottom[:, None]) - np.maximum(upper, top[:, None])
    return np.maximum(inside, 0.0)


def _profiles(runs: xr.Dataset, designs: list[ColumnDesign]) -> dict[str, Array]:
    overlap = _overlap(runs, _TOP, _BOTTOM)
    share = overlap / runs["layer_thickness"].to_numpy()
    mean = overlap / overlap.sum(axis=1, keepdims=True)
    water = np.array([design.porosity - design.air_porosity for design in designs])[:, None, None]
    means = {"ph_soil": "ph", "calcium": "ca", "dic": "dic", "pco2": "pco2"}
    return {
        "sic": runs["sic"].to_numpy() @ share.T,
        "nitrate": _LITRES * water * (runs["no3"].to_numpy() @ overlap.T),
        **{name: runs[known].to_numpy() @ mean.T for name, known in means.items()},
    }


def _targets(runs: xr.Dataset) -> dict[str, Array]:
    bottoms = np.array(_REPORTED)
    within = _overlap(runs, np.zeros(3), bottoms)
    stock = runs["sic"].to_numpy() @ (within / runs["layer_thickness"].to_numpy()).T
    change = stock - stock[:, :1]
    dic = MOLAR_MASS_C * _yearly(runs["dic_leached"])
    return {
        "sic_change_0_30cm": change[..., 0],
        "sic_change_0_100cm": change[..., 1],
        "sic_change_0_200cm": change[..., 2],
        "ph_soil_0_30cm": runs["ph"].to_numpy() @ (within[0] / within[0].sum()),
        "dic_leaching": dic,
        "nitrate_leaching": MOLAR_MASS_N * _yearly(runs["no3_leached"]),
        "co2_to_air_from_carbonate": -np.diff(change[..., 2], axis=1, prepend=np.nan) - dic,
    }


def _yearly(cumulative: xr.DataArray) -> Array:
    # Nothing flows in year 0, which is a state.
    return np.diff(cumulative.to_numpy(), axis=1, prepend=np.nan)
