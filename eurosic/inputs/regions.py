"""One shard of one layer: its values made, a shard and its marker on disk, a small record out.

*Enters:* a lazy layer, and which of its regions. *Leaves:* the shard in the store, a marker file written after the
shard is durable, and what was seen: cells with values, the first value outside the valid range. It must not
decide whether the layer is good: `check_records` does, when all regions are in.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.grid import Grid
from eurosic.inputs.corrections import out_of_range
from eurosic.inputs.source import variable_of


@dataclass(frozen=True)
class Region:
    """The part of a layer that one shard holds: where it starts along each axis, and its shape."""

    layer: str
    start: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def index(self) -> tuple[slice, ...]:
        """The region as slices."""
        return tuple(slice(first, first + size) for first, size in zip(self.start, self.shape, strict=True))

    @property
    def mark(self) -> str:
        """Name of the marker file."""
        return f"{self.layer}.{'.'.join(map(str, self.start))}.json"


@dataclass(frozen=True)
class Record:
    """What was seen in a region.

    `first` is the place, along all axes of the layer, of the first of `bad` values outside the valid range,
    and `came` that value; `low` and `high` are the extremes, NaN where no cell has a value.
    """

    layer: str
    checksum: int
    cells: int
    valid: int
    low: float
    high: float
    bad: int
    first: tuple[int, ...]
    came: float


def regions_of(layer: str, shape: tuple[int, ...], shards: tuple[int, ...]) -> Iterator[Region]:
    """Yield the regions of a layer, each exactly one shard, in order."""
    starts = (range(0, size, shard) for size, shard in zip(shape, shards, strict=True))
    for start in product(*starts):
        sizes = (min(shard, size - first) for first, shard, size in zip(start, shards, shape, strict=True))
        yield Region(layer, start, tuple(sizes))


def make_regions(
    layers: Mapping[str, da.Array], regions: Sequence[Region], *, store: Path, marks: Path
) -> list[Record]:
    """Return the records of some regions, making those that are not whole on disk; one is held at a time."""
    # Looked for here and not by the client: to know that a shard is whole, it must be read.
    return [
        read_record(marks, store, region) or write_region(_values(layers, region), store, marks, region)
        for region in regions
    ]


def _values(layers: Mapping[str, da.Array], region: Region) -> NDArray[np.generic]:
    # In this thread: the task has one core, and what it reads is nobody else's.
    return np.asarray(layers[region.layer][region.index].compute(scheduler="sync"))


def write_region(values: NDArray[np.generic], store: Path, marks: Path, region: Region) -> Record:
    """Write one shard, make it durable, leave its marker, and return the record."""
    # One task owns one shard: two writers in one would lose chunks (ENGINE.md).
    array = zarr.open_array(store / region.layer, mode="r+", zarr_format=3)
    array[region.index] = values
    _make_durable(store / region.layer, region, array.shards or array.chunks)
    record = _seen(values, region)
    # Marker last: a process killed before this line leaves a shard that is simply written again.
    aside = marks / f"{region.mark}.new"
    with aside.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(record)))
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(marks / region.mark)
    return record


def _make_durable(folder: Path, region: Region, shards: tuple[int, ...]) -> None:
    # Zarr renames shards into place but does not flush them; one that is wholly missing has no file.
    place = [str(first // shard) for first, shard in zip(region.start, shards, strict=True)]
    file = folder.joinpath("c", *place)
    if file.is_file():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())


def _seen(values: NDArray[np.generic], region: Region) -> Record:
    given = np.asarray(values)
    # No country is 0, as a missing number is NaN.
    present = given != 0 if given.dtype.kind in "iu" else ~np.isnan(given)
    bad = out_of_range(given, variable_of(region.layer, region.layer))
    first = np.argwhere(bad)[0] if bad.any() else np.empty(0, int)
    return Record(
        layer=region.layer,
        checksum=_checksum(given),
        cells=given.size,
        valid=int(present.sum()),
        low=float(given[present].min()) if present.any() else math.nan,
        high=float(given[present].max()) if present.any() else math.nan,
        bad=int(bad.sum()),
        first=tuple(int(a) + b for a, b in zip(first, region.start, strict=False)),
        came=float(given[tuple(first)]) if first.size else math.nan,
    )


def _checksum(values: NDArray[np.generic]) -> int:
    # Against torn writes, not against malice; and the file system has the bytes in memory.
    return zlib.crc32(np.ascontiguousarray(values).tobytes())


def read_record(marks: Path, store: Path, region: Region) -> Record | None:
    """Return the record of a region that is whole on disk, or None: a marker alone proves nothing."""
    # Anything odd about marker or shard means the same: make the region again.
    try:
        told = json.loads((marks / region.mark).read_text(encoding="utf-8"))
        record = Record(**{**told, "first": tuple(told["first"])})
        values = np.asarray(zarr.open_array(store / region.layer, mode="r", zarr_format=3)[region.index])
    except (OSError, ValueError, TypeError, KeyError, RuntimeError):
        return None
    return record if _checksum(values) == record.checksum else None


def check_records(layer: xr.DataArray, records: Sequence[Record], grid: Grid) -> dict[str, float]:
    """Return coverage (share of cells with a value), minimum and maximum of a layer whose regions are all in.

    Raises
    ------
    InputError
        If values lie outside the valid range of the variable, no cell has one, or none is in any class.
    """
    name = str(layer.name)
    where = f"layer {name!r} from {layer.attrs.get('source', 'unknown')!r}"
    variable = variable_of(name, where)
    # All regions are in, so that the number is the whole one and the first is the first in reading order.
    bad = [record for record in records if record.bad]
    if bad:
        first = min(bad, key=lambda record: record.first)
        row, column = first.first[-2:]
        raise InputError(
            where,
            f"{sum(record.bad for record in bad)} values outside the valid range; first at "
            f"y {grid.y[row]:.0f}, x {grid.x[column]:.0f}: {first.came:g} {variable.unit}",
            wanted=f"{variable.valid_min:g} to {variable.valid_max:g} {variable.unit}",
            do="Correct the entry's unit, scale or nodata, or state a correction in the recipe.",
        )
    valid = sum(record.valid for record in records)
    if valid == 0:
        raise InputError(
            where,
            "has no value in any cell of the grid",
            do="The source is all nodata here: correct the entry's nodata, or name another source.",
        )
    high = max(record.high for record in records if record.valid)
    # 211 of the CORINE nomenclature is 12 in its raster: fractions of zero everywhere look like a map of no crops.
    if "classes" in layer.attrs and high == 0:
        raise InputError(
            where,
            f"no cell holds any of the classes {layer.attrs['classes']}",
            do="Correct the codes: products number their classes in different ways.",
        )
    low = min(record.low for record in records if record.valid)
    return {"coverage": valid / sum(record.cells for record in records), "minimum": low, "maximum": high}
