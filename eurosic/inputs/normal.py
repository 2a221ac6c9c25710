"""Axes of any file -> the axes of the house: names, order, direction, time, CRS.

*Enters:* a lazy array as it stands in a file, and its values by window. *Leaves:* a `Raster` with dims
``(..., y, x)``, y descending, x ascending (longitudes from -180 to 180), months 1-12, climate years as numbers, and
a CRS. It must not read values: only coordinates, which are small.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from eurosic.base.errors import CatalogError, GridError, InputError
from eurosic.inputs.source import Source
from eurosic.inputs.windows import ByYear, Flipped, Raster, Turned, Windowed

_Y = ("y", "lat", "latitude", "northing")
_X = ("x", "lon", "longitude", "easting")
_TWELVE_A_YEAR = ("monthly", "monthly-mean")
# A coordinate may lie off its regular place by this share of a step: files round them (ETOPO5 to 0.01 degree).
_UNEVEN = 0.1


def named_axes(raw: xr.DataArray, where: str) -> xr.DataArray:
    """Return the array with its horizontal axes named y and x, and last.

    Raises
    ------
    InputError
        If it has no such axes with coordinates, or they are no regular grid of at least 2 x 2 cells.
    """
    names = {_axis(raw, _Y, "Y", where): "y", _axis(raw, _X, "X", where): "x"}
    geographic = "lat" in next(iter(names)).lower()
    renamed = raw.rename({old: new for old, new in names.items() if old != new}).transpose(..., "y", "x")
    for axis in ("y", "x"):
        check_regular(renamed[axis].to_numpy(), f"{where}, {axis}")
    # Renaming hides what the CF names said: that these are degrees.
    return renamed.assign_attrs(_degrees=geographic)


def _axis(raw: xr.DataArray, names: tuple[str, ...], cf_axis: str, where: str) -> str:
    # By name first: coordinates of real files lack CF attributes more often than a plain name.
    for dim in (str(dim) for dim in raw.dims):
        known = dim.lower() in names or (dim in raw.coords and raw[dim].attrs.get("axis") == cf_axis)
        if known and dim in raw.coords:
            return dim
    raise InputError(
        where,
        f"has dims {', '.join(map(str, raw.dims))} and no coordinate along {cf_axis.lower()}",
        wanted=f"a one-dimensional coordinate such as {names[0]!r} or {names[1]!r}",
        do="A rotated or curvilinear grid must be regridded first.",
    )


def check_regular(axis: NDArray[np.floating], where: str) -> None:
    """Raise unless the coordinates of an axis are evenly spaced, within a tenth of a step.

    Raises
    ------
    InputError
        If they are not, or there are fewer than two.
    """
    given = np.asarray(axis, dtype=np.float64)
    regular = np.linspace(given[0], given[-1], given.size)
    step = abs(given[-1] - given[0]) / max(given.size - 1, 1)
    if step == 0 or np.abs(given - regular).max() > _UNEVEN * step:
        raise InputError(
            where,
            f"has {axis.size} coordinates that are not evenly spaced",
            wanted="a regular axis of at least two cells",
            do="Regrid the file first.",
        )


def timed(raw: xr.DataArray, source: Source, where: str) -> xr.DataArray:
    """Return the array with its time axis named ``month`` or ``climate_year`` (twelve steps each, if monthly).

    Raises
    ------
    InputError
        If an axis is left over that the entry does not explain, or its length does not fit.
    """
    # EMEP has one year as a time axis of one; so have levels of single-level fields.
    bare = raw.squeeze([dim for dim in raw.dims if raw.sizes[dim] == 1 and dim not in ("y", "x")], drop=True)
    left = [str(dim) for dim in bare.dims if dim not in ("y", "x")]
    if not left:
        return bare
    if len(left) > 1 or not source.time:
        raise InputError(
            where,
            f"has more axes than y and x: {', '.join(f'{dim} ({bare.sizes[dim]})' for dim in left)}",
            wanted="at most one time axis, explained by the entry",
            do="Say 'time: month', 'time: year', 'time: monthly' or 'time: monthly-mean' in the entry.",
        )
    steps = bare.sizes[left[0]]
    if (source.time == "month" and steps != 12) or (source.time in _TWELVE_A_YEAR and steps % 12):
        raise InputError(
            where,
            f"has {steps} time steps",
            wanted="12 months" if source.time == "month" else "whole years of 12 months",
            do="Correct the entry's time.",
        )
    if source.time == "month":
        return (
            bare.drop_vars(left[0], errors="ignore")
            .rename({left[0]: "month"})
            .assign_coords(month=range(1, 13))
        )
    # Not "time": what is a year of climate here may be played in any order against years of a pathway.
    years = _years(bare, left[0], where)
    named = bare.drop_vars(left[0], errors="ignore").rename({left[0]: "climate_year"})
    return named.assign_coords(climate_year=years)


def _years(bare: xr.DataArray, dim: str, where: str) -> NDArray[np.int64]:
    axis = bare[dim] if dim in bare.coords else None
    numbers = np.arange(bare.sizes[dim]) if axis is None else np.asarray(axis.to_numpy())
    try:
        if axis is not None and " since " in str(axis.attrs.get("units", "")):
            decoded = xr.decode_cf(axis.to_dataset(name="_t"), decode_timedelta=False)[dim]
            return decoded.dt.year.to_numpy().astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{where}, {dim}", f"has times that cannot be read ({error})") from error
    # Without an axis, 0, 1, 2 ... would be taken for the years 0, 1, 2.
    if axis is None or not ((numbers >= 1000) & (numbers <= 9999)).all():
        raise InputError(
            f"{where}, {dim}", "has times that name no years", wanted="CF times, or years as numbers"
        )
    return numbers.astype(np.int64)


def placed(raw: xr.DataArray, values: Windowed, source: Source, where: str) -> Raster:
    """Return values with years and months apart, y descending, longitudes from -180, and their CRS.

    Parameters
    ----------
    raw
        Array of `timed`, for its axes; not read.
    values
        What it holds, by window.

    Raises
    ------
    GridError
        If neither the file nor the entry states a CRS.
    CatalogError
        If the CRS of the entry is unknown.
    """
    crs = _crs(raw, source, where)
    coords = {str(name): raw[name].to_numpy() for name in raw.dims if name in raw.coords}
    dims = tuple(str(dim) for dim in raw.dims)
    if source.time in _TWELVE_A_YEAR:
        mean = source.time == "monthly-mean"
        # A mean of ``mm month-1`` is a rate like any other: the change of unit to ``mm yr-1`` makes it a sum.
        values = ByYear(values, mean)
        years = {"climate_year": coords.pop("climate_year")[::12]}
        coords = {**years, **({} if mean else {"month": np.arange(1, 13)}), **coords}
        dims = tuple(coords)
    # Row 0 is north (base.grid), whichever way the file runs.
    down, across = (coords[axis][-1] > coords[axis][0] for axis in ("y", "x"))
    axes = tuple(axis for axis, wrong in ((-2, down), (-1, not across)) if wrong)
    for axis in axes:
        coords[dims[axis]] = coords[dims[axis]][::-1]
    values = Flipped(values, axes) if axes else values
    if crs.is_geographic and float(coords["x"].max()) > 180.0 + 1e-6:
        values, coords["x"] = _from_minus_180(values, coords["x"])
        check_regular(coords["x"], f"{where}, x from -180")
    # No attribute or encoding of the file (scale, offset, fill) is kept: none can be applied a second time.
    return Raster(values, dims, coords, crs.to_wkt(), {"units": source.unit})


def _from_minus_180(values: Windowed, x: NDArray[np.generic]) -> tuple[Windowed, NDArray[np.generic]]:
    longitudes = np.asarray(x)
    first = int(np.argmax(longitudes >= 180.0 - 1e-6))
    return Turned(values, first), np.concatenate([longitudes[first:] - 360.0, longitudes[:first]])


def _crs(lazy: xr.DataArray, source: Source, where: str) -> CRS:
    stated = lazy.rio.crs
    if stated is not None:
        found = CRS.from_user_input(stated.to_wkt())
        # A "local" CRS, as some ESDAC rasters have, places nothing on the Earth.
        if found.is_geographic or found.is_projected:
            return found
    if source.crs:
        try:
            return CRS.from_user_input(source.crs)
        except CRSError as error:
            raise CatalogError(
                source.where, f"crs {source.crs!r} is unknown", do="Correct the entry."
            ) from error
    if lazy.attrs.get("_degrees"):
        return CRS.from_epsg(4326)  # CF-1.11, 5: latitude and longitude without a grid mapping
    raise GridError(
        where, "states no coordinate reference system", do="State it in the entry, such as 'crs: EPSG:3035'."
    )
