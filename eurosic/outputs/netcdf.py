"""Dense NetCDF files of a projection: one per variable and pathway, which every GIS tool opens.

*Enters:* the lazy cube, a folder, the reported years. *Leaves:* paths of finished files, each whole or
absent. One time step is in memory at a time, or a band of its rows where a layer is very large.
Must not compute anything: values are those of the cube. *Source:* OUTPUTS.md, section NetCDF.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
import xarray as xr
from pyproj import CRS

from eurosic.base.errors import StoreError
from eurosic.outputs import cf
from eurosic.outputs.exportable import check_cube
from eurosic.outputs.manifest import claimed, unwritten
from eurosic.outputs.netcdf_plan import NetcdfFile, is_complete, plan_netcdf

# Values held in memory at a time (float32: 128 MB); a 1 km layer of Europe has 20 million.
_VALUES_IN_MEMORY = 32_000_000
# A layer is one chunk up to this size; larger ones are cut in space, or reading one cell would unpack it all.
_VALUES_IN_CHUNK = 4_000_000
_CHUNK_SIDE = 1024
_ZLIB_LEVEL: Literal[1] = 1  # half as slow again at 4, and hardly smaller where most cells are empty
_Kind = Literal["i1", "i4", "f4", "f8"]
_FILL: dict[str, np.float32 | np.int8] = {"i1": np.int8(-1), "f4": np.float32(np.nan)}


def export_netcdf(
    cube: xr.Dataset,
    folder: Path,
    *,
    years: Sequence[int],
    variables: Sequence[str] | None = None,
    pathways: Sequence[str] | None = None,
) -> list[Path]:
    """Write one file per variable and pathway, ``VARIABLE.PATHWAY.nc``, and return their paths in order.

    Percentiles of a variable, where it has any, stand in its own file as ancillary variables. Layers without pathway
    (stocks, `calcareous_arable_area`) are written once, as ``VARIABLE.nc``. A file that is already complete for this
    run is left as it is; an interrupted export goes on where it stopped.

    Parameters
    ----------
    cube
        The lazy cube of a run, dims ``(pathway, year, y, x)``, with `status` and `spatial_ref`.
    folder
        Made where absent.
    years
        Years to write, all of them in the cube.
    variables, pathways
        Names; where None, all targets, stocks and the area, of all pathways. A percentile stands for its variable's
        file, and `status` for none, being in every file.

    Raises
    ------
    StoreError
        If a variable, pathway or year is not in the cube, `status` alone is asked for, a file of that name is not of
        this run, or another process exports there. Nothing is written.
    GridError
        If the cube's grid does not run north to south and west to east, or has no CRS.
    """
    # All refusals come before the first byte: an export is asked for in one piece.
    check_cube(cube, years, variables=variables, pathways=pathways)
    exports = list(plan_netcdf(cube, folder, years=years, variables=variables, pathways=pathways))
    if not exports:
        raise StoreError(
            "export", "'status' alone is no NetCDF file", wanted="a variable: each file holds status"
        )
    pending = [export for export in exports if not is_complete(export, cube)]
    with claimed(folder) as scratch:
        # Every file holds it: read once, a byte a cell.
        cube = cube.assign(status=cube["status"].compute()) if pending else cube
        for export in pending:
            _write(cube, export, scratch)
    return [export.path for export in exports]


def _write(cube: xr.Dataset, export: NetcdfFile, scratch: Path) -> None:
    aside = scratch / export.path.name
    try:
        with netCDF4.Dataset(aside, "w", format="NETCDF4_CLASSIC") as file:
            # Without this, every variable would be filled once before its values are written.
            file.set_fill_off()
            _lay_out(file, cube, export)
            for name in (export.name, *export.beside):
                _fill(file[name], cube[name], export)
    # The library's own word for a full disk, and for a file that grew beyond a quota.
    except RuntimeError as error:
        raise unwritten(export.path, str(error)) from error
    with aside.open("rb") as written:
        os.fsync(written.fileno())
    aside.replace(export.path)


def _lay_out(file: netCDF4.Dataset, cube: xr.Dataset, export: NetcdfFile) -> None:
    """Write everything but the values: coordinates, grid mapping, status, attributes."""
    reference = cube.coords["spatial_ref"].attrs
    crs = CRS.from_wkt(reference["crs_wkt"])
    west, width, _, north, _, height = (float(v) for v in reference["GeoTransform"].split())
    limits = (west, north + height * cube.sizes["y"], west + width * cube.sizes["x"], north)
    about = cf.global_attributes(
        cube.attrs, export.name, pathway=export.pathway, years=export.years, limits=limits, crs=crs
    )
    file.setncatts(about | {"export_digest": export.digest})
    if export.years:
        _write_time(file, export)
    for axis in ("y", "x"):
        file.createDimension(axis, cube.sizes[axis])
        _variable(file, axis, "f8", (axis,), cf.axis_attributes(axis))[:] = cube[axis].values
    _variable(file, "crs", "i4", (), cf.crs_attributes(crs, reference["GeoTransform"]))[...] = 0
    status = _variable(
        file, "status", "i1", ("y", "x"), cf.status_attributes(cube["status"]) | {"grid_mapping": "crs"}
    )
    for rows in _bands(cube.sizes["y"], cube.sizes["x"]):
        status[rows] = cube["status"].isel(y=rows).values
    dims = ("time", "y", "x") if export.years else ("y", "x")
    for name in (export.name, *export.beside):
        also = " ".join(("status", *(export.beside if name == export.name else ())))
        placed = {"grid_mapping": "crs", "ancillary_variables": also}
        _variable(file, name, _kind(cube[name]), dims, cf.data_attributes(name) | placed)


def _kind(values: xr.DataArray) -> _Kind:
    return "i1" if values.dtype.kind == "i" else "f4"


def _write_time(file: netCDF4.Dataset, export: NetcdfFile) -> None:
    bounded = cf.variable_named(export.name).time == "flux"
    times, bounds = cf.times_of(export.years, bounded=bounded)
    file.createDimension("time", len(times))
    _variable(file, "time", "f8", ("time",), cf.time_attributes(bounded=bounded))[:] = times
    if bounded:
        file.createDimension("bnds", 2)
        _variable(file, "time_bnds", "f8", ("time", "bnds"), {})[:] = bounds


def _variable(
    file: netCDF4.Dataset, name: str, kind: _Kind, dims: tuple[str, ...], attributes: cf.Attributes
) -> netCDF4.Variable[Any]:
    gridded = dims[-2:] == ("y", "x")
    packed: Literal["zlib"] | None = "zlib" if gridded else None
    # CF forbids missing values in coordinates, bounds and grid mappings; only data may have them.
    made = file.createVariable(
        name,
        kind,
        dims,
        compression=packed,
        complevel=_ZLIB_LEVEL,
        shuffle=True,
        chunksizes=_chunks(tuple(len(file.dimensions[dim]) for dim in dims)) if gridded else None,
        fill_value=_FILL[kind] if gridded and name != "status" else None,
    )
    made.setncatts(attributes)
    return made


def _chunks(sizes: tuple[int, ...]) -> tuple[int, ...]:
    rows, columns = sizes[-2:]
    if rows * columns > _VALUES_IN_CHUNK:
        rows, columns = min(rows, _CHUNK_SIDE), min(columns, _CHUNK_SIDE)
    return (*(1 for _ in sizes[:-2]), rows, columns)


def _bands(rows: int, columns: int) -> Iterator[slice]:
    """Yield bands of whole chunks, so that none is packed twice, that fit in memory."""
    deep = _chunks((rows, columns))[0]
    high = max(1, _VALUES_IN_MEMORY // (columns * deep)) * deep
    for start in range(0, rows, high):
        yield slice(start, min(start + high, rows))


def _fill(target: netCDF4.Variable[Any], values: xr.DataArray, export: NetcdfFile) -> None:
    rows, columns = values.sizes["y"], values.sizes["x"]
    if not export.years:
        for band in _bands(rows, columns):
            target[band] = values.isel(y=band).values
        return
    # The store keeps several years in a chunk: read together, they are unpacked once.
    together = max(1, _VALUES_IN_MEMORY // (rows * columns))
    for start in range(0, len(export.years), together):
        years = list(export.years[start : start + together])
        layers = values.sel(pathway=export.pathway, year=years)
        for band in _bands(rows, columns):
            target[start : start + len(years), band] = layers.isel(y=band).values
