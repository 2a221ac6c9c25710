"""MIN3P runs -> a simulation ensemble: the same words, on the six standard depths.

*Enters:* a folder of runs and the table of their parameters, packed runs, or decks' designs. *Leaves:* a finished
ensemble, and why runs were left out. What the runs do not hold (lab pH; of raw runs the exchanger and alkalinity) is
absent. It must not judge a run: `min3p.import_runs` does. *Source:* SCIENCE.md section 3; data/min3p/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.grid import Tile
from eurosic.base.provenance import digest_of, file_digest, versions
from eurosic.base.simulations import DESIGN_PREFIX, KINDS
from eurosic.outputs.simulations import (
    BatchWriter,
    Layout,
    create_ensemble,
    finish_ensemble,
    ledger_of,
    state_of,
)
from eurosic.simulator.ensemble import entering
from eurosic.simulator.min3p import import_runs
from eurosic.simulator.min3p.design import ColumnDesign, design_from_row
from eurosic.simulator.min3p.packed import read_packed
from eurosic.simulator.min3p.pore_water import RAIN_ACIDITY
from eurosic.simulator.options import SimulatorOptions
from eurosic.workflow.min3p_profiles import profiles_of, targets_of

Array = NDArray[np.float64]

# What the columns of these decks are, so that nobody takes infiltration for rain.
_NOTES = (
    "the column has no evapotranspiration: precipitation is what infiltrates, which is the drainage; no harvest, no"
    " lime; bulk density is the mass of fine earth per bulk volume; amounts of volumes that cross a standard depth"
    " are split in proportion; alkalinity counts dissolved ammonium as the nitrate that it becomes"
)
# The pore water begins with the nitrate of a steady state: more years than the slowest column needs to reach it.
_STEADY = 200


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
    return _write(import_runs(folder, table), file_digest(table), path)


def import_packed(files: Sequence[Path], path: Path) -> ImportedEnsemble:
    """Return the ensemble made of the MIN3P runs in NetCDF files, all of them, and written to `path`.

    Raises
    ------
    SimulationError
        If a file cannot be read, lacks a variable or a parameter, or no run can be used.
    StoreError
        If something else lies at `path`.
    """
    runs = read_packed(files)
    return _write(runs, digest_of([file_digest(Path(file)) for file in files]), path)


def _write(runs: xr.Dataset, source: str, path: Path) -> ImportedEnsemble:
    names = [str(name) for name in runs["simulation"].values]
    excluded = tuple(str(reason) for reason in runs.attrs["excluded"])
    digest = digest_of([names, source, versions()["eurosic"], _digest_of_values(runs)])
    if state_of(path, digest) == "finished":
        return ImportedEnsemble(path, len(names), excluded)
    designs = [_design(runs, i) for i in range(len(names))]
    arrays = schema_arrays(runs, designs)
    own = {name: values for name, values in parameters_of(runs).items() if name not in arrays}
    attributes = {
        "title": "ensemble of MIN3P runs",
        "engine": "min3p",
        "versions": versions(),
        "table_digest": source,
        "runs": names,
        "excluded": list(excluded),
        "comment": _NOTES,
        **entering_of(designs),
    }
    words = {name: _words(runs[name.removeprefix(DESIGN_PREFIX)]) for name in own}
    layout = Layout(len(names), runs.sizes["year"] - 1, len(names), tuple(arrays), attributes, words)
    create_ensemble(path, layout, own, digest=digest)
    BatchWriter(path, ledger_of(path, digest)).write(Tile(0, 0, len(names)), arrays, seconds=0.0)
    finish_ensemble(path, failed=0)
    return ImportedEnsemble(path, len(names), excluded)


def schema_arrays(runs: xr.Dataset, designs: Sequence[ColumnDesign]) -> dict[str, NDArray[np.generic]]:
    """Return what imported runs hold in the words of the ensemble's schema.

    Raises
    ------
    SimulationError
        If years are not whole and consecutive from 0.
    """
    years = runs["year"].to_numpy()
    if not np.allclose(years, np.arange(len(years)), atol=1e-3):
        raise SimulationError(
            "MIN3P runs",
            f"have output at years {', '.join(f'{y:g}' for y in years[:4])} ...",
            wanted="the initial state and the end of every year",
            do="An ensemble steps from year to year: write decks with an output each year.",
        )
    return {
        **_covariates(designs),
        **_drivers(designs, len(years)),
        **profiles_of(runs, designs),
        **targets_of(runs, designs),
        "converged": np.ones(len(designs), dtype=np.int8),
    }


def entering_of(designs: Sequence[ColumnDesign]) -> dict[str, object]:
    """Return what the ensemble says of what enters these columns, as `simulator.ensemble.entering` does.

    Nitrogen and acid infiltrate at the surface. Rain is the infiltrating water: its calcium is one number for all,
    the deposition of all runs over their drainage, although each run has its own; of lime there is none.
    """
    calcium = sum(design.deposition_ca for design in designs) / sum(design.drainage for design in designs)
    surface = {"acid_shares": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], "rain_calcium": calcium}
    return (
        entering(SimulatorOptions()) | surface | {"rain_alkalinity": -RAIN_ACIDITY, "spin_up_years": _STEADY}
    )


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


def _covariates(designs: Sequence[ColumnDesign]) -> dict[str, Array]:
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


def _drivers(designs: Sequence[ColumnDesign], rows: int) -> dict[str, NDArray[np.generic]]:
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
