"""Files in their native formats -> lazy arrays, with missing values as NaN, y descending and a CRS.

*Enters:* a `Source` and its files. *Leaves:* one lazy `xarray.DataArray` of float32, dims ``(y, x)``,
``(month, y, x)``, ``(climate_year, y, x)`` or ``(climate_year, month, y, x)``, in the source's unit. Opening
reads headers only. It must not change units or the grid (`align` and `corrections` do). Users add a format with
`register_reader`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import rioxarray
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rioxarray.exceptions import RioXarrayError

from eurosic.base.errors import CatalogError, InputError, UnitError
from eurosic.base.units import parse_unit
from eurosic.inputs.catalog import years_of
from eurosic.inputs.lazy import guarded
from eurosic.inputs.normal import named_axes, placed, timed
from eurosic.inputs.source import Source, did_you_mean
from eurosic.inputs.windows import Combined, Joined, Raster

# A reader opens one file and gives one variable as it stands there: raw values, lazily indexed, any dim names.
Reader = Callable[[Source, Path, str], xr.DataArray]


def open_source(source: Source, files: tuple[Path, ...]) -> xr.DataArray:
    """Return the lazy array of a raster source: files joined, variables summed, missing values NaN.

    Parameters
    ----------
    source
        A source whose format is one of `readers`.
    files
        As `Catalog.locate` gives them.

    Raises
    ------
    CatalogError
        If the format, a variable or the band is unknown.
    InputError
        If a file cannot be read, has axes that are no regular grid, or files do not fit together.
    GridError
        If neither the file nor the entry states a CRS.
    UnitError
        If the file states another unit than the entry.
    """
    parts = [_open_file(source, file) for file in files]
    return _whole(source, files, parts).lazy().rename(source.name)


def _whole(source: Source, files: tuple[Path, ...], parts: list[Raster]) -> Raster:
    # One part is a mean over one file, whose weight does not matter.
    if len(parts) == 1 and not source.parts:
        return parts[0]
    if "{month" in source.path:
        return _joined(source, parts, "month", np.arange(1, 13))
    if "{year}" in source.path:
        return _joined(source, parts, "climate_year", np.array(years_of(source, files)))
    _check_one_place(source, parts)
    shares = np.array(list(source.parts.values()), dtype=np.float64)
    # A mean over depths is no mean where one of them is missing.
    mean = Combined(tuple(part.values for part in parts), tuple((shares / shares.sum()).tolist()))
    return replace(parts[0], values=mean)


def _open_file(source: Source, file: Path) -> Raster:
    reader = _READERS.get(source.format)
    if reader is None:
        raise CatalogError(
            source.where,
            f"format {source.format!r} has no reader",
            wanted=f"one of {', '.join(_READERS)}",
            do=did_you_mean(source.format, tuple(_READERS)),
        )
    # A GeoTIFF has no names, and a NetCDF with one raster needs none.
    names = source.variables or ("",)
    rasters = [_open_variable(source, file, reader, name) for name in names]
    _check_one_place(source, rasters)
    # NaN plus anything is NaN: where wet deposition is unknown, dry deposition is not the sum.
    summed = Combined(tuple(raster.values for raster in rasters)) if len(rasters) > 1 else rasters[0].values
    return replace(rasters[0], values=summed)


def _open_variable(source: Source, file: Path, reader: Reader, name: str) -> Raster:
    where = f"{source.where}, {file.name}"
    # Libraries raise what they like on broken files; users get one kind, with the file and what to do.
    try:
        raw = reader(source, file, name)
    except (OSError, RuntimeError, ValueError, RasterioError, RioXarrayError) as error:
        raise InputError(
            where,
            f"cannot be opened as {source.format} ({error})",
            do="Fetch the file again, or correct the format.",
        ) from error
    _check_file_unit(source, raw, where)
    axes = timed(named_axes(raw, where), source, where)
    return placed(axes, guarded(axes, source, where), source, where)


def _check_file_unit(source: Source, raw: xr.DataArray, where: str) -> None:
    stated = str(raw.attrs.get("units", "")).strip()
    if not stated or source.ignore_file_unit:
        return
    try:
        same = parse_unit(stated, where) == parse_unit(source.unit, where)
    except UnitError:
        return  # a text that is no unit, such as "Class" or "mgN/m2", says nothing that could be compared
    if not same:
        raise UnitError(
            where,
            f"states the unit {stated!r}",
            wanted=f"{source.unit!r}, as the catalog entry says",
            do="Correct the entry's unit; or, if the file is wrong, say 'ignore_file_unit: true' there.",
        )


def _joined(source: Source, parts: list[Raster], dim: str, labels: NDArray[np.int64]) -> Raster:
    _check_one_place(source, parts)
    joined = Joined(tuple(part.values for part in parts))
    first = parts[0]
    return replace(first, values=joined, dims=(dim, *first.dims), coords={dim: labels, **first.coords})


def _check_one_place(source: Source, parts: list[Raster]) -> None:
    # Files that differ by a row must not be joined on what they share.
    if not all(part.same_place(parts[0]) for part in parts):
        raise InputError(
            source.where,
            "has files with different grids",
            wanted="one grid in all of them",
            do="Fetch them again.",
        )


def _read_geotiff(source: Source, path: Path, _name: str) -> xr.DataArray:
    opened = rioxarray.open_rasterio(path, mask_and_scale=False, cache=False)
    if not isinstance(opened, xr.DataArray):
        raise CatalogError(source.where, f"{path.name} holds subdatasets", wanted="one raster with bands")
    if source.time:
        return opened  # its bands are the steps of the time axis
    if not 1 <= source.band <= opened.sizes["band"]:
        raise CatalogError(
            source.where,
            f"wants band {source.band}, and {path.name} has {opened.sizes['band']}",
            do="Correct the entry's band.",
        )
    return opened.isel(band=source.band - 1, drop=True)


def _read_netcdf(source: Source, path: Path, name: str) -> xr.DataArray:
    # The engine is named, or a GeoTIFF under this format would be opened as something else. Values and times are
    # decoded later, by rules that the entry may overrule.
    dataset = xr.open_dataset(
        path, engine="netcdf4", mask_and_scale=False, decode_times=False, decode_coords="all", cache=False
    )
    return _variable(source, path, dataset, name)


def _read_zarr(source: Source, path: Path, name: str) -> xr.DataArray:
    dataset = xr.open_zarr(
        path, chunks=None, consolidated=False, mask_and_scale=False, decode_times=False, decode_coords="all"
    )
    return _variable(source, path, dataset, name)


def _variable(source: Source, path: Path, dataset: xr.Dataset, name: str) -> xr.DataArray:
    rasters = tuple(str(key) for key, array in dataset.data_vars.items() if array.ndim >= 2)
    if not name and len(rasters) == 1:
        name = rasters[0]
    if name not in rasters:
        raise CatalogError(
            source.where,
            f"wants variable {name!r}, and {path.name} has {', '.join(rasters) or 'none'}",
            do=did_you_mean(name, rasters) or "Correct the entry's variables.",
        )
    return dataset[name]


_READERS: dict[str, Reader] = {"geotiff": _read_geotiff, "netcdf": _read_netcdf, "zarr": _read_zarr}


def register_reader(name: str, reader: Reader) -> None:
    """Add a raster format under a name that catalog entries may use.

    `reader` takes the source, one file and the name of a variable, and returns that variable as it stands
    in the file: lazily indexed, with its axes as coordinates, `_FillValue`, `scale_factor`, `add_offset`
    and `units` as attributes, and a CRS as rioxarray finds it.

    Raises
    ------
    CatalogError
        If the name is taken.
    """
    if name in _READERS:
        raise CatalogError(f"format {name!r}", "has a reader already", do="Choose another name.")
    _READERS[name] = reader


def readers() -> tuple[str, ...]:
    """Return the names of all raster formats."""
    return tuple(_READERS)
