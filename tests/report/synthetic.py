"""A projection made by formula, of the shape that a run leaves: cube and cell table on EPSG:3035, and totals."""

from __future__ import annotations

from collections.abc import Sequence

import dask.array as da
import numpy as np
import xarray as xr
from pyproj import CRS

from eurosic.base.flags import Status, status_flags
from eurosic.base.grid import Grid
from eurosic.base.vocabulary import AREA, STOCKS, TARGETS
from eurosic.report.coarsen import Canvas, canvas_of

PATHWAYS = ("baseline", "f2f_input", "f2f_loss", "phase_out", "zero_now")
# kg ha-1 yr-1 of carbon lost in each pathway where the soil is richest, and the share kept for the profile.
RATES = {"baseline": 110.0, "f2f_input": 106.0, "f2f_loss": 100.0, "phase_out": 92.0, "zero_now": 86.0}
FRANCE, SPAIN = 250, 724
GRID = Grid("EPSG:3035", 50_000.0, 2_900_000.0, 3_100_000.0, 24, 30)


def synthetic_cube(
    grid: Grid = GRID, pathways: Sequence[str] = PATHWAYS, years: Sequence[int] = (2020, 2050, 2100)
) -> xr.Dataset:
    """Return a lazy cube whose SIC change is ``-rate x years x richness`` and whose west is sea."""
    rows, columns = np.mgrid[0 : grid.rows, 0 : grid.columns]
    richness = 0.2 + 0.8 * rows / grid.rows
    status = np.full(grid.shape, Status.PREDICTED, np.int8)
    status[:, :3] = Status.SEA
    status[: grid.rows // 4] = np.where(
        status[: grid.rows // 4] == Status.SEA, Status.SEA, Status.NOT_CALCAREOUS
    )
    status[:, -3:] = Status.NOT_ARABLE
    status[grid.rows // 2, 4] = Status.MISSING
    study = status == Status.PREDICTED
    area = np.where(study, 0.01 * grid.cell_area * (1 + columns / grid.columns), np.nan)
    coords = {"pathway": list(pathways), "year": list(years), "y": grid.y, "x": grid.x}
    cube = xr.Dataset(coords=coords, attrs=_about(years))
    elapsed = np.asarray(years, float) - years[0] + 1
    rate = np.array([RATES.get(p, 100.0) for p in pathways]) * 1e-4
    loss = rate[:, None, None, None] * elapsed[None, :, None, None] * np.where(study, richness, np.nan)
    for name, variable in TARGETS.items():
        dims = ("pathway", "year", "y", "x")
        if name == "regime":
            values = np.broadcast_to(np.where(study, rows % 3, -1).astype(np.int8), loss.shape)
        elif name.startswith("sic_change"):
            values = -loss.astype(np.float32)
        else:
            middle = 7.4 if name.startswith("ph") else 0.01
            values = np.broadcast_to(
                np.where(study, middle + rows * 1e-3, np.nan).astype(np.float32), loss.shape
            )
        cube[name] = (dims, da.from_array(values, chunks=(1, 2, 10, 10)), {"units": variable.unit})
    for name in STOCKS:
        cube[name] = (("y", "x"), da.from_array((20 * np.where(study, richness, np.nan)).astype(np.float32)))
    cube[AREA.name] = (("y", "x"), da.from_array(area.astype(np.float32)))
    cube["country"] = (("y", "x"), np.where(columns < grid.columns // 2, SPAIN, FRANCE).astype(np.int16))
    flags = status_flags(("carbonate", "country"))
    meanings = {"flag_values": np.array(list(flags), np.int8), "flag_meanings": " ".join(flags.values())}
    cube["status"] = (("y", "x"), status, meanings)
    transform = " ".join(str(number) for number in grid.geotransform)
    reference = {"crs_wkt": CRS(grid.crs).to_wkt(), "GeoTransform": transform}
    return cube.assign_coords(spatial_ref=((), 0, reference))


def cell_table(cube: xr.Dataset) -> xr.Dataset:
    """Return the cell table of a cube, lazily: a row for each cell that has an area."""
    status = cube["status"].values
    rows, columns = np.nonzero(np.isfinite(cube[AREA.name].values))
    place = {"y": xr.DataArray(rows, dims="cell"), "x": xr.DataArray(columns, dims="cell")}
    dense = [name for name in cube.data_vars if name not in ("status", "country")]
    table = {name: cube[name].isel(place).variable for name in dense}
    table |= {"row": ("cell", rows.astype(np.int32)), "column": ("cell", columns.astype(np.int32))}
    table["cell_status"] = ("cell", status[rows, columns])
    studied = np.where(np.isfinite(cube[AREA.name].values), np.int8(Status.PREDICTED), status)
    table["grid_status"] = (("y", "x"), studied)
    return xr.Dataset(table, coords=cube.coords, attrs=cube.attrs)


def synthetic_canvas(
    grid: Grid = GRID, pathways: Sequence[str] = PATHWAYS, years: Sequence[int] = (2020, 2050, 2100)
) -> Canvas:
    """Return the canvas of the table of `synthetic_cube`."""
    return canvas_of(cell_table(synthetic_cube(grid, pathways, years)))


def _about(years: Sequence[int]) -> dict[str, object]:
    return {
        "title": "A projection made by formula",
        "summary": "Every value follows from its row, so that tests can say it.",
        "creator_name": "A. Name",
        "recipe_digest": "ab" * 32,
        "start_year": int(years[0]),
        "history": "2026-01-01T00:00:00Z eurosic run synthetic.yaml",
    }


def synthetic_totals(
    pathways: Sequence[str] = PATHWAYS,
    countries: Sequence[int] = (FRANCE, SPAIN),
    start: int = 2020,
    last: int = 2100,
) -> xr.Dataset:
    """Return totals in kg: country i has (i + 1) Mha, where every hectare loses the pathway's `RATES`."""
    years = np.arange(start, last + 1)
    hectares = 1e6 * (1.0 + np.arange(len(countries)))
    rate = np.array([RATES.get(p, 100.0) for p in pathways])
    yearly = rate[:, None, None] * hectares * np.ones(len(years))[None, :, None]
    elapsed = (years - start + 1)[None, :, None]
    dims = ("pathway", "year", "country")
    depths = {"0_30": 1.5, "0_100": 1.2, "0_200": 1.0}
    variables = {f"sic_change_{d}cm": (dims, -share * yearly * elapsed) for d, share in depths.items()}
    variables |= {
        "dic_leaching": (dims, 1.9 * yearly),
        "co2_to_air_from_carbonate": (dims, -0.9 * yearly),
        "nitrate_leaching": (dims, 0.3 * yearly),
    }
    coords = {"pathway": list(pathways), "year": years, "country": list(countries)}
    totals = xr.Dataset(variables, coords=coords, attrs=_about([start]))
    return totals.assign(area=("country", hectares * 1e4))
