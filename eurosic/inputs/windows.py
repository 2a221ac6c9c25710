"""Rasters as functions of a window: what is read is what is asked for, however large the raster is.

*Enters:* a window, as slices of the axes. *Leaves:* its values, in NumPy. What a source is made of (parts, variables,
years, a map that begins at Greenwich) is put together here window by window: Dask would put together whole chunks,
of which the window of a fine grid needs a hundredth. It must not hold values, and not know files: `lazy` reads them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import dask.array as da
import numpy as np
import rioxarray  # noqa: F401 - gives arrays their `rio`
import xarray as xr
from numpy.typing import NDArray

Array = NDArray[np.generic]
Window = tuple[slice, ...]

# Values in a chunk (float32: 16 MB) of the lazy array that users see; windows are cut from within chunks.
_CHUNK_VALUES = 2048**2


class Windowed(ABC):
    """What Dask slices: a shape, a type, and the values of a window, made when they are asked for."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes, the last two of them y and x."""

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the values: float32 holds every class code and the precision of every map."""
        return np.dtype(np.float32)

    @abstractmethod
    def read(self, window: Window) -> Array:
        """Return the values of a window: one slice an axis, with start and stop and without a step."""

    def __getitem__(self, key: tuple[int | slice | NDArray[np.integer], ...]) -> Array:
        """Return the values at integers, slices and at most one list of integers, as NumPy would."""
        window, left = zip(*(_reach(at, size) for at, size in zip(key, self.shape, strict=True)), strict=True)
        return self.read(window)[left]


def _reach(
    at: int | slice | NDArray[np.integer], size: int
) -> tuple[slice, int | slice | NDArray[np.integer]]:
    """Return the slice without a step that an index reaches over, and the index within it."""
    if isinstance(at, slice):
        places = range(*at.indices(size))
        reach = slice(min(places), max(places) + 1) if places else slice(0, 0)
        return reach, slice(None, None, places.step)
    wanted = np.asarray(at) % size
    first = int(wanted.min()) if wanted.size else 0
    reach = slice(first, int(wanted.max()) + 1 if wanted.size else 0)
    return reach, wanted - first if wanted.ndim else 0


@dataclass(frozen=True)
class Flipped(Windowed):
    """The same with some axes reversed."""

    inner: Windowed
    axes: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """As within."""
        return self.inner.shape

    def read(self, window: Window) -> Array:
        """Return the mirrored window, mirrored."""
        there = list(window)
        for axis in self.axes:
            size = self.shape[axis]
            there[axis] = slice(size - window[axis].stop, size - window[axis].start)
        return np.flip(self.inner.read(tuple(there)), self.axes)


@dataclass(frozen=True)
class Turned(Windowed):
    """The same with the columns from `first` on put before the others, as on a globe that is turned."""

    inner: Windowed
    first: int

    @property
    def shape(self) -> tuple[int, ...]:
        """As within."""
        return self.inner.shape

    def read(self, window: Window) -> Array:
        """Return the window, read in two parts where it crosses the seam."""
        *lead, columns = window
        seam, moved = self.shape[-1] - self.first, []
        for start, stop, by in ((0, seam, self.first), (seam, self.shape[-1], -seam)):
            low, high = max(start, columns.start), min(stop, columns.stop)
            if low < high:
                moved.append(self.inner.read((*lead, slice(low + by, high + by))))
        return np.concatenate(moved, axis=-1) if moved else self.inner.read(window)


@dataclass(frozen=True)
class ByYear(Windowed):
    """Months of several years in a row ``(month, y, x)`` as ``(year, month, y, x)``; or their means."""

    inner: Windowed
    mean: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """A first axis of years, and one of months unless they are averaged."""
        months, *place = self.inner.shape
        return (months // 12, *(() if self.mean else (12,)), *place)

    def read(self, window: Window) -> Array:
        """Return years apart; a mean is missing where a month is."""
        years, months = window[0], slice(None) if self.mean else window[1]
        part = self.inner.read((slice(12 * years.start, 12 * years.stop), *window[-2:]))
        parted = part.reshape((years.stop - years.start, 12, *part.shape[1:]))[:, months]
        if not self.mean:
            return parted
        # One month after the other: NumPy's own order of addition depends on the shape of the window.
        return np.asarray(sum(np.moveaxis(parted, 1, 0), np.float32(0.0)) / np.float32(12.0))


@dataclass(frozen=True)
class Joined(Windowed):
    """Several of one shape along a new first axis."""

    parts: tuple[Windowed, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """A first axis of parts."""
        return (len(self.parts), *self.parts[0].shape)

    def read(self, window: Window) -> Array:
        """Return the window of each part that is asked for."""
        here = self.parts[window[0]]
        if not here:
            return np.empty((0, *(at.stop - at.start for at in window[1:])), self.dtype)
        return np.stack([part.read(window[1:]) for part in here])


@dataclass(frozen=True)
class Combined(Windowed):
    """The sum of several of one shape; with `weights`, their weighted sum. Missing in one is missing in the sum."""

    parts: tuple[Windowed, ...]
    weights: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """As within."""
        return self.parts[0].shape

    def read(self, window: Window) -> Array:
        """Return the sum over the window, float32."""
        read = [np.asarray(part.read(window), np.float32) for part in self.parts]
        if not self.weights:
            return np.asarray(sum(read[1:], read[0]))
        weighted = [part * np.float64(weight) for part, weight in zip(read, self.weights, strict=True)]
        return np.asarray(sum(weighted[1:], weighted[0]), np.float32)


@dataclass(frozen=True)
class Raster:
    """A source that has its place: values by window, named axes with coordinates, and a CRS (as WKT)."""

    values: Windowed
    dims: tuple[str, ...]
    coords: Mapping[str, Array]
    crs: str
    attrs: Mapping[str, str] = field(default_factory=dict)

    def lazy(self) -> xr.DataArray:
        """Return it as a lazy array, which reads of a chunk only the window that is asked for."""
        data = lazy_array(self.values, _chunks(self.values.shape))
        made = xr.DataArray(data, dims=self.dims, coords=dict(self.coords), attrs=dict(self.attrs))
        return made.rio.write_crs(self.crs)

    def same_place(self, other: Raster) -> bool:
        """Return whether two have the same axes, to the last bit."""
        mine, theirs = ([raster.dims, *raster.coords] for raster in (self, other))
        return mine == theirs and all(np.array_equal(self.coords[k], other.coords[k]) for k in self.coords)


def lazy_array(values: Windowed, chunks: tuple[tuple[int, ...], ...]) -> da.Array:
    """Return a Dask array that reads windows of `values`; making it costs the same whatever its size."""
    # With `meta`, Dask need not read a cell to learn the type; without a name, it need not hash the file.
    meta = np.empty((0,) * values.ndim, values.dtype)
    return da.from_array(values, chunks=chunks, name=False, asarray=False, meta=meta)


def cut(size: int, side: int) -> tuple[int, ...]:
    """Return the lengths of the parts of an axis that is cut every `side` cells.

    Examples
    --------
    >>> cut(10, 4)
    (4, 4, 2)
    """
    return tuple(stop - start for start, stop in pairwise((*range(0, size, side), size)))


def overlap(wanted: slice, first: int, side: int) -> tuple[slice, slice]:
    """Return which cells of a block that begins at `first` are wanted, and where in what is wanted they go.

    Examples
    --------
    >>> overlap(slice(6, 20), first=4, side=4)
    (slice(2, 4, None), slice(0, 2, None))
    """
    start, stop = max(wanted.start, first), min(wanted.stop, first + side)
    return slice(start - first, stop - first), slice(start - wanted.start, stop - wanted.start)


def _chunks(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    # Months stay together, as every cell needs them all; years do not, or a chunk would hold decades.
    lead = [1] * len(shape[:-3]) + list(shape[-3:-2])
    side = max(int(np.sqrt(_CHUNK_VALUES / np.prod(lead, dtype=float))), 1)
    return tuple(cut(size, most) for size, most in zip(shape, (*lead, side, side), strict=True))
