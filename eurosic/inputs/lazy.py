"""A variable of a file as values by window, decoded as they are read; an error says which file failed.

*Enters:* a lazily indexed `xarray.DataArray` with raw values. *Leaves:* the same as `Windowed` float32: raw values
scaled, missing ones NaN. It must not read anything when it is made, nor keep what it read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from eurosic.base.errors import InputError
from eurosic.inputs.source import Source
from eurosic.inputs.windows import Window, Windowed

# ESDAC rasters state -3.4e38 with varying last digits: nothing real is as large.
_ABSURD = 1.0e30


@dataclass(frozen=True)
class _File(Windowed):
    """Reads a window of a file, decodes it, and turns failures into `InputError`.

    Without the file's coordinates: with them, what a worker is sent would grow with the raster.
    """

    raw: xr.Variable
    nodata: tuple[float, ...]
    scale: float
    offset: float
    where: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the variable."""
        return self.raw.shape

    def read(self, window: Window) -> NDArray[np.float32]:
        """Return a window of the file, decoded.

        Raises
        ------
        InputError
            If the file gives no values there.
        """
        # A truncated file shows only here, in a worker, far from the entry that names it.
        try:
            raw = self.raw[window].to_numpy()
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


def guarded(raw: xr.DataArray, source: Source, where: str) -> Windowed:
    """Return a lazily indexed variable as decoded values by window, its axes as they are.

    Scale, offset and nodata are the entry's where it states them, and else the file's; never both.
    """
    scale = _first(source.scale, raw.attrs.get("scale_factor"), 1.0)
    offset = _first(source.offset, raw.attrs.get("add_offset"), 0.0)
    return _File(raw.variable, _nodata(raw, source), scale, offset, where)


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
