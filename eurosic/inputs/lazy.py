"""A variable of a file as a lazy Dask array that decodes as it reads and says which file failed.

*Enters:* a lazily indexed `xarray.DataArray` with raw values. *Leaves:* the same, float32, in chunks, raw
values scaled and missing ones NaN. It must not read anything when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from eurosic.base.errors import InputError
from eurosic.inputs.source import Source

# Values in a chunk (float32: 16 MB); a smaller source is one chunk, a larger one is cut into squares.
_CHUNK_VALUES = 2048**2
# ESDAC rasters state -3.4e38 with varying last digits: nothing real is as large.
_ABSURD = 1.0e30


@dataclass(frozen=True)
class _File:
    """What Dask indexes: reads a window of a file, decodes it, and turns failures into `InputError`."""

    raw: xr.DataArray
    nodata: tuple[float, ...]
    scale: float
    offset: float
    where: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the variable."""
        return self.raw.shape

    @property
    def ndim(self) -> int:
        """Number of its dimensions."""
        return self.raw.ndim

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Type after decoding: float32 holds every class code and the precision of every map."""
        return np.dtype(np.float32)

    def __getitem__(self, key: tuple[slice, ...]) -> NDArray[np.float32]:
        # A truncated file shows only here, in a worker, far from the entry that names it.
        try:
            raw = self.raw[key].to_numpy()
        except (OSError, RuntimeError, ValueError, RasterioError) as error:
            raise InputError(
                self.where, f"cannot be read ({error})", do="The file may be truncated: fetch it again."
            ) from error
        return self._decoded(raw)

    def _decoded(self, raw: NDArray[np.generic]) -> NDArray[np.float32]:
        values = raw.astype(np.float64)
        missing = ~(np.abs(values) < _ABSURD)
        for nodata in self.nodata:
            # Compared as the file's own type: -9999.9 in float32 is not -9999.9 in float64.
            missing |= raw == np.asarray(nodata).astype(raw.dtype)
        return np.where(missing, np.nan, values * self.scale + self.offset).astype(np.float32)


def guarded(raw: xr.DataArray, source: Source, where: str) -> xr.DataArray:
    """Return a lazily indexed variable as a chunked, decoded Dask-backed array with the same dims and coords.

    Scale, offset and nodata are the entry's where it states them, and else the file's; never both.
    """
    scale = _first(source.scale, raw.attrs.get("scale_factor"), 1.0)
    offset = _first(source.offset, raw.attrs.get("add_offset"), 0.0)
    file = _File(raw, _nodata(raw, source), scale, offset, where)
    # Months and years stay together: each chunk is read once for all of them.
    side = int(np.sqrt(_CHUNK_VALUES / np.prod(raw.shape[:-2], dtype=float)))
    chunks = tuple(raw.shape[:-2]) + tuple(min(max(side, 1), size) for size in raw.shape[-2:])
    # With `meta`, Dask need not read a cell to learn the type; without a name, it need not hash the file.
    lazy = da.from_array(
        file, chunks=chunks, name=False, asarray=False, meta=np.empty((0,) * raw.ndim, np.float32)
    )
    return raw.copy(data=lazy)


def _first(*values: float | None) -> float:
    return next(float(np.ravel(value)[0]) for value in values if value is not None)


def _nodata(raw: xr.DataArray, source: Source) -> tuple[float, ...]:
    if source.nodata is not None:
        stated: list[Any] = [source.nodata]
    else:
        stated = [raw.attrs.get(key) for key in ("_FillValue", "missing_value")]
    found = (float(number) for value in stated if value is not None for number in np.ravel(value))
    # A nodata that the type cannot hold (-9999 in bytes) marks nothing.
    return tuple(number for number in found if np.isfinite(number) and _holds(raw.dtype, number))


def _holds(dtype: np.dtype[Any], number: float) -> bool:
    if dtype.kind not in "iu":
        return True
    limits = np.iinfo(dtype)
    return float(limits.min) <= number <= float(limits.max)
