"""The footprint of a run, said before anything runs: study cells counted, the predictor's speed measured.

*Enters:* a set-up recipe and a machine. *Leaves:* a `Plan`. Reads inputs lazily, writes nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil

from eurosic.base.grid import Grid
from eurosic.clusters import Profile
from eurosic.projection.plan import Plan, check_plan, measure_rate, plan_projection
from eurosic.projection.table import CellTable, mark_cells
from eurosic.workflow.setup import Setup

# Cells of the grid on which a plan counts study cells; a finer grid is counted on a coarser one and scaled.
_PLANNED_CELLS = 400_000


def plan(setup: Setup, *, profile: Profile, folder: Path) -> Plan:
    """Return the footprint of a run, and refuse one that would not fit; reads inputs, writes nothing.

    Raises
    ------
    PlanError
        If it does not fit the free memory, or the disk of `folder`.
    """
    for problem in setup.problems:
        raise problem
    grid = setup.grid
    times = max(1, int(np.ceil(np.sqrt(grid.rows * grid.columns / _PLANNED_CELLS))))
    coarse = replace(
        grid,
        resolution=grid.resolution * times,
        rows=-(-grid.rows // times),
        columns=-(-grid.columns // times),
    )
    cells = _count_cells(setup, coarse) * times**2
    forcing = setup.forcing((0,))
    extent = setup.extent(tuple(range(30)), max(cells, 1))
    found = plan_projection(
        extent,
        setup.predictor.signature,
        spec=setup.tile_spec(forcing, extent.countries),
        spin_up=setup.recipe.projection.spin_up,
        rate=measure_rate(setup.predictor, spin_up=setup.recipe.projection.spin_up),
        workers=profile.processes,
    )
    check_plan(found, memory=free_memory(), disk=free_disk(folder))
    return found


def check_here(setup: Setup, table: CellTable, folder: Path, *, rate: float, workers: int) -> None:
    """Raise unless the projection of a table fits this machine; the number of cells is exact now.

    Raises
    ------
    PlanError
        Naming what does not fit.
    """
    forcing = setup.forcing((0,))
    found = plan_projection(
        setup.extent(table.countries, table.cells),
        setup.predictor.signature,
        spec=setup.tile_spec(forcing, table.countries),
        spin_up=setup.recipe.projection.spin_up,
        rate=rate,
        workers=workers,
    )
    check_plan(found, memory=free_memory(), disk=free_disk(folder))


def free_memory() -> float:
    """Return the memory that new processes can have, bytes; what the system only caches counts as free."""
    return float(psutil.virtual_memory().available)


def free_disk(folder: Path) -> float:
    """Return the free bytes of the disk on which a folder is, or will be."""
    known = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return float(shutil.disk_usage(known).free)


def _count_cells(setup: Setup, grid: Grid) -> int:
    layers = {name: layer.data for name, layer in setup.layers(grid).items()}
    return sum(int((status == 0).sum()) for _, status in mark_cells(layers, grid, setup.marking))
