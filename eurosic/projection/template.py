"""The template: the lazy Dataset that every output of a projection must match, promised before any work.

*Enters:* targets of the predictor, pathways, years, countries, number of cells, length of a tile. *Leaves:* a
lazy `xarray.Dataset` with dims, dtypes, attributes and, in its encoding, chunks and shards; nothing is
computed. One tile is one shard of each variable, so that every shard has one writer (docs/7-engine.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dask.array as da
import numpy as np
import xarray as xr
from zarr.codecs import BloscCodec

from eurosic.base.flags import status_flags
from eurosic.base.signature import Signature
from eurosic.base.spread import percentiles_of
from eurosic.base.summed import PACKED, SUMMED, TOTALLED
from eurosic.base.vocabulary import AREA, STOCKS, Variable

# Measured (docs/7-engine.md): a one-year map reads in 14 ms and all pathways of one cell in 20 ms.
_YEARS_PER_CHUNK = 9
_CELLS_PER_CHUNK = 8_192
# Bits of a kind side by side, of which zstd makes no fewer bytes than lz4 in three times its time (docs/7-engine.md).
CODEC = BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")
_STATUS: dict[str, object] = {
    "long_name": "why a cell has a value, or none",
    "flag_values": np.array(list(status_flags(())), dtype=np.int8),
    "flag_meanings": " ".join(status_flags(()).values()),
}


@dataclass(frozen=True)
class Extent:
    """How much a projection promises: pathways, years, countries, cells, tile length, spread or none, members."""

    pathways: tuple[str, ...]
    years: tuple[int, ...]
    every_year: tuple[int, ...]
    countries: tuple[int, ...]
    cells: int
    tile: int
    spread: bool = False
    members: int = 0

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return -(-self.cells // self.tile)


def template(signature: Signature, extent: Extent) -> xr.Dataset:
    """Return the promised Dataset: dims ``(pathway, year, cell)`` for targets, ``(tile, ...)`` for totals.

    Where there is a spread, each target that is no flag has its percentiles beside it.
    ``total`` holds area sums ``(tile, quantity, pathway, every_year, country)`` in kg or kg yr-1, and
    ``total_area`` ``(tile, country)`` in m2: one row a tile, so that a tile writes them with its shard. With members,
    ``member_total`` and ``member_deviation`` are how far each lies from their mean.
    """
    promised = {target.name: _promise_target(target, extent) for target in stored_targets(signature, extent)}
    for stock in STOCKS.values():
        promised[stock.name] = _promise_static(_attributes(stock), extent, fill=np.nan)
    promised["cell_status"] = _promise_static(_STATUS, extent, fill=-1)
    sums = ("quantity", "pathway", "every_year", "country")
    sizes = (len(TOTALLED), len(extent.pathways), len(extent.every_year), len(extent.countries))
    total = {"long_name": "area sum of a tile", "units": "kg", "comment": "fluxes: kg yr-1"}
    promised["total"] = _promise(
        ("tile", *sums), (extent.tiles, *sizes), total, chunks=(1, *sizes), dtype=np.float64
    )
    promised["total_area"] = _promise(
        ("tile", "country"),
        (extent.tiles, sizes[-1]),
        _attributes(AREA),
        chunks=(1, sizes[-1]),
        dtype=np.float64,
    )
    if extent.members:
        promised |= _promise_members(extent)
    return xr.Dataset(promised, coords=_coordinates(extent))


def _promise_members(extent: Extent) -> dict[str, xr.Variable]:
    """Return how far members lie from their mean: sums of a tile in kg, and cells packed into two bytes."""
    told = {
        "long_name": "area sum of a tile by a member, less that of the mean of all members",
        "units": "kg",
    }
    dims = ("member", "summed", "pathway", "year", "country")
    sizes = (extent.members, len(SUMMED), len(extent.pathways), len(extent.years), len(extent.countries))
    apart = {"long_name": "value by a member, less the mean of all members", **PACKED}
    leading = (extent.members, len(TOTALLED), len(extent.pathways), len(extent.years))
    return {
        "member_total": _promise(
            ("tile", *dims), (extent.tiles, *sizes), told, chunks=(1, *sizes), dtype=np.float64
        ),
        # A quantity is read for itself, with all that its intervals need.
        "member_deviation": _promise(
            ("member", "quantity", "pathway", "year", "cell"),
            (*leading, extent.cells),
            apart,
            chunks=(extent.members, 1, *leading[2:], _cell_chunk(extent)),
            shards=(*leading, extent.tile),
            fill=0.0,
            dtype=np.float16,
        ),
    }


def stored_targets(signature: Signature, extent: Extent) -> tuple[Variable, ...]:
    """Return what is stored by pathway, year and cell: the targets, and their percentiles where there is a spread."""
    return (*signature.targets, *(percentiles_of(signature.targets) if extent.spread else ()))


def _cell_chunk(extent: Extent) -> int:
    # Zarr wants whole chunks in a shard: a tile is one chunk up to the measured size, else cut evenly.
    parts = -(-extent.tile // _CELLS_PER_CHUNK)
    while extent.tile % parts:
        parts += 1
    return extent.tile // parts


def _promise_target(target: Variable, extent: Extent) -> xr.Variable:
    years = min(_YEARS_PER_CHUNK, len(extent.years))
    return _promise(
        ("pathway", "year", "cell"),
        (len(extent.pathways), len(extent.years), extent.cells),
        _attributes(target),
        chunks=(1, years, _cell_chunk(extent)),
        shards=(len(extent.pathways), -(-len(extent.years) // years) * years, extent.tile),
        fill=-1 if target.flags else np.nan,
    )


def _promise_static(attributes: Mapping[str, object], extent: Extent, *, fill: float) -> xr.Variable:
    return _promise(
        ("cell",),
        (extent.cells,),
        attributes,
        chunks=(_cell_chunk(extent),),
        shards=(extent.tile,),
        fill=fill,
    )


def _promise(
    dims: Sequence[str],
    shape: Sequence[int],
    attributes: Mapping[str, object],
    *,
    chunks: Sequence[int],
    shards: Sequence[int] | None = None,
    fill: float = np.nan,
    dtype: type | None = None,
) -> xr.Variable:
    dtype = dtype or (np.float32 if np.isnan(fill) else np.int8)
    # One Dask chunk per variable: the array is never computed, only its metadata are written.
    lazy = da.full(tuple(shape), fill, dtype=dtype, chunks=-1)
    encoding: dict[str, object] = {"chunks": tuple(chunks), "fill_value": fill, "compressors": (CODEC,)}
    if shards is not None:
        encoding["shards"] = tuple(shards)
    return xr.Variable(tuple(dims), lazy, attrs=dict(attributes), encoding=encoding)


def _attributes(variable: Variable) -> dict[str, object]:
    attributes: dict[str, object] = {"long_name": variable.long_name, "units": variable.unit}
    if variable.comment:
        attributes["comment"] = variable.comment
    if variable.flags:
        attributes |= {
            "flag_values": np.arange(len(variable.flags), dtype=np.int8),
            "flag_meanings": " ".join(variable.flags),
        }
    return attributes


def _coordinates(extent: Extent) -> dict[str, tuple[str, object]]:
    return {
        "pathway": ("pathway", np.array(extent.pathways, dtype=object)),
        "year": ("year", np.array(extent.years, dtype=np.int32)),
        "every_year": ("every_year", np.array(extent.every_year, dtype=np.int32)),
        "country": ("country", np.array(extent.countries, dtype=np.int16)),
        "quantity": ("quantity", np.array(TOTALLED, dtype=object)),
        **({"summed": ("summed", np.array(SUMMED, dtype=object))} if extent.members else {}),
    }
