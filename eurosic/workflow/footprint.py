"""The footprint of a run, said before anything runs: study cells counted, the predictor's speed measured.

*Enters:* a set-up recipe and a machine. *Leaves:* a `Plan`, with the cells outside an emulator's domain. Reads inputs
lazily, writes nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from eurosic.base.grid import Grid
from eurosic.base.signature import check_columns
from eurosic.clusters import Profile
from eurosic.emulator.batches import ROWS as FULL
from eurosic.inputs.forcing import Forcing
from eurosic.projection.outside import Rows
from eurosic.projection.plan import CellsOutside, Plan, check_plan, measure_rate, plan_projection, with_reruns
from eurosic.projection.preview import Preview, preview
from eurosic.projection.table import CellTable
from eurosic.workflow.setup import Setup, climate_years, forcing_of

# Study cells that are asked whether they are inside the domain: a share of 1 % is then known to 0.2 %.
_LOOKED_AT = 4096


def plan(setup: Setup, *, profile: Profile) -> Plan:
    """Return the footprint of a run; reads inputs, writes nothing. `check_profile` refuses one that would not fit."""
    for problem in setup.problems_of_headers:
        raise problem
    grid, coarse = setup.grid, setup.outline
    times = round(coarse.resolution / grid.resolution)
    seen, forcing = _look(setup, coarse)
    cells = seen.cells * times**2
    rate = rate_of(setup)
    found = _planned(setup, tuple(range(30)), max(cells, 1), rate=rate, workers=profile.processes)
    if _has_domain(setup) and seen.cells:
        found = with_reruns(found, _outside(setup, seen.rows, forcing, known=cells))
    return found


def check_profile(planned: Plan, profile: Profile, folder: Path) -> None:
    """Raise unless a plan fits the machine of a profile.

    Raises
    ------
    PlanError
        If it does not fit the free memory, or the disk of `folder`.
    """
    # What other machines have, only their profile says.
    memory = free_memory() if profile.here else profile.total_memory or np.inf
    check_plan(planned, memory=memory, disk=free_disk(folder))


def rate_of(setup: Setup) -> float:
    """Return the column-years a second of a run's predictor in this process."""
    # A network fills its last micro-batch up: on fewer cells the filling would be timed.
    fewest = {"fewest": FULL, "batch": FULL} if _has_domain(setup) else {}
    return measure_rate(setup.predictor, spin_up=setup.recipe.projection.spin_up, **fewest)


def plan_table(setup: Setup, table: CellTable, folder: Path, *, rate: float, workers: int) -> Plan:
    """Return the footprint of projecting the table of a run's folder: the number of cells is exact now."""
    found = _planned(setup, table.countries, table.cells, rate=rate, workers=workers)
    if not _has_domain(setup):
        return found
    # Spread evenly over the table, and so over Europe; all of them where they are few.
    some = np.unique(np.linspace(0, table.cells - 1, min(_LOOKED_AT, table.cells)).astype(np.int64))
    return with_reruns(
        found, _outside(setup, table.rows_at(some), forcing_of(setup, folder), known=table.cells)
    )


def check_here(planned: Plan, folder: Path) -> None:
    """Raise unless a plan fits this machine.

    Raises
    ------
    PlanError
        Naming what does not fit.
    """
    check_plan(planned, memory=free_memory(), disk=free_disk(folder))


def _planned(setup: Setup, countries: tuple[int, ...], cells: int, *, rate: float, workers: int) -> Plan:
    return plan_projection(
        setup.extent(countries, cells),
        setup.predictor.signature,
        spec=setup.tile_spec(setup.forcing((0,)), countries),
        spin_up=setup.recipe.projection.spin_up,
        rate=rate,
        workers=workers,
    )


def _has_domain(setup: Setup) -> bool:
    return setup.recipe.predictor.emulator is not None


def _look(setup: Setup, grid: Grid) -> tuple[Preview, Forcing]:
    layers = setup.layers(grid)
    seen = preview(
        {name: layer.data for name, layer in layers.items()},
        grid,
        marking=setup.marking,
        derive=setup.derive,
        most=_LOOKED_AT if _has_domain(setup) else 0,
    )
    return seen, setup.forcing(climate_years(layers.values()))


def _outside(setup: Setup, rows: Rows, forcing: Forcing, *, known: int) -> CellsOutside:
    """Return how many of the `known` cells are outside, by those of some rows."""
    outside = _are_outside(setup, rows, forcing)
    area = rows["calcareous_arable_area"].astype(np.float64)
    share, spin_up = float(outside.mean()), setup.recipe.projection.spin_up
    found = CellsOutside(
        setup.outside.fate, known, len(outside), share, float(area[outside].sum() / area.sum())
    )
    # Nobody to be simulated, nothing to be timed: the simulator may have to be compiled first.
    if setup.outside.fallback is None or not found.cells:
        return found
    column_years = found.cells * float(len(forcing.variants) * len(forcing.years) + spin_up)
    rate = measure_rate(setup.outside.fallback, spin_up=spin_up)
    return replace(found, column_years=column_years, seconds=column_years / rate)


def _are_outside(setup: Setup, rows: Rows, forcing: Forcing) -> NDArray[np.bool_]:
    predictor, found = setup.predictor, []
    size = len(rows["calcareous_arable_area"])
    # In batches, as tiles do: all pathways and years of thousands of cells are gigabytes.
    batch = setup.tile_spec(forcing, ()).batch
    for start in range(0, size, batch):
        columns = forcing(
            {name: values[start : start + batch] for name, values in rows.items()}, predictor.signature
        )
        check_columns(columns, predictor.signature, "plan")
        found.append(~predictor.inside(columns))
    return np.concatenate(found)


def free_memory() -> float:
    """Return the memory that new processes can have, bytes; what the system only caches counts as free."""
    return float(psutil.virtual_memory().available)


def free_disk(folder: Path) -> float:
    """Return the free bytes of the disk on which a folder is, or will be."""
    known = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return float(shutil.disk_usage(known).free)
