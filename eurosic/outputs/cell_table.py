"""The cell table of a finished projection, lazily: the values of the cube, a row for each study cell.

*Enters:* a run folder. *Leaves:* an `xarray.Dataset` ``(pathway, year, cell)`` without Dask: a range of cells is read
from the store when its values are asked for, and nothing is kept. What goes over all cells reads this, and not the
cube, of whose dense layers most is empty.
"""

from __future__ import annotations

from pathlib import Path

import xarray as xr
import zarr

from eurosic.base.grid import Grid
from eurosic.base.vocabulary import AREA
from eurosic.outputs.cube import attributes_of, coordinates_of
from eurosic.outputs.store import CELLS, PROJECTION, check_projection

_DIMS = {"pathway", "year", "cell"}


def open_cell_table(folder: Path | str) -> xr.Dataset:
    """Return the cell table of a finished projection, lazily.

    Parameters
    ----------
    folder
        The folder given to ``eurosic run --out``.

    Returns
    -------
    xarray.Dataset
        Targets, and their percentiles where the predictor has a spread, ``(pathway, year, cell)``; stocks,
        `calcareous_arable_area` (m2), `cell_status`, and the place of each cell in the grid, `row` and `column`,
        ``(cell,)``; `grid_status` ``(y, x)``, the reasons why a cell is studied or not; coordinates and attributes of
        the cube.

    Raises
    ------
    StoreError
        If the folder holds no projection.
    """
    folder = Path(folder)
    check_projection(folder)
    projection = zarr.open_group(folder / PROJECTION, mode="r")
    store, cells = _opened(folder / PROJECTION), _opened(folder / CELLS)
    table = {
        str(name): values.variable
        for name, values in store.data_vars.items()
        if values.dims[-1:] == ("cell",) and _DIMS.issuperset(values.dims)
    }
    table |= {name: cells[name].variable for name in ("row", "column", AREA.name)}
    table["grid_status"] = _opened(folder / CELLS, group="grid")["status"].variable
    coordinates = coordinates_of(projection, Grid(**projection.attrs["grid"]))
    return xr.Dataset(table, coords=coordinates, attrs=attributes_of(projection))


def _opened(path: Path, *, group: str | None = None) -> xr.Dataset:
    # Floats hold NaN themselves, and codes are to stay whole numbers: nothing is to be decoded.
    return xr.open_dataset(
        path, engine="zarr", group=group, consolidated=False, chunks=None, cache=False, decode_cf=False
    )
