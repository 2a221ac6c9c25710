"""The promise of `attribution.zarr`: dims, units and shards of every array, before any work.

*Enters:* pathways, horizons, targets, groups, levers, explained cells. *Leaves:* a lazy `xarray.Dataset`, of which
one tile is one shard of each array. Small arrays that are known beforehand (places, weights, base values) are in it
as values. *Source:* docs/7-engine.md, Chunks, shards, codecs; docs/2-conventions.md for names and units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from eurosic.base.flags import Regime, status_flags
from eurosic.explain.groups import Group
from eurosic.explain.levers import LABELS
from eurosic.explain.targets import Target

_CODEC = ZstdCodec(level=1)
_PIECE = ("pathway", "horizon", "target")


@dataclass(frozen=True)
class Explained:
    """The explained cells: places in the cell table, coordinates (m), and the area that each stands for (m2)."""

    cells: NDArray[np.int64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    area: NDArray[np.float64]


@dataclass(frozen=True)
class Extent:
    """What is explained of them, and the cells of a tile."""

    pathways: tuple[str, ...]
    horizons: tuple[int, ...]
    targets: tuple[Target, ...]
    groups: tuple[Group, ...]
    levers: tuple[str, ...]
    tile: int

    @property
    def piece(self) -> tuple[int, int, int]:
        """Pathways, horizons, targets."""
        return len(self.pathways), len(self.horizons), len(self.targets)


def template(extent: Extent, explained: Explained, base: NDArray[np.float64]) -> xr.Dataset:
    """Return the promised Dataset.

    Parameters
    ----------
    extent
        What is explained.
    explained
        Of which cells.
    base
        Base values, ``(pathway, horizon, target)``.
    """
    units = {"units": "kg m-2 of carbon (SIC), 1 (pH): see target_unit"}
    shape = (*extent.piece, len(explained.cells))
    promised = {
        "attribution": _promise(
            (*_PIECE, "group"), (*extent.piece, len(extent.groups)), extent, explained,
            {"long_name": "part of the difference from the base value that a feature group makes", **units},
        ),
        "prediction": _promise(
            _PIECE, extent.piece, extent, explained, {"long_name": "predicted change", **units}
        ),
        "lever_attribution": _promise(
            (*_PIECE, "lever"), (*extent.piece, len(extent.levers)), extent, explained,
            {"long_name": "part of the difference from the baseline that a lever of the pathway makes", **units},
        ),
        "regime": _promise(
            ("pathway", "horizon"), shape[:2], extent, explained,
            {"long_name": "carbonate regime of the column", **_flags({int(r): r.name.lower() for r in Regime})},
            fill=-1,
        ),
        "cell_status": _promise(
            (), (), extent, explained,
            {"long_name": "why a cell has a value, or none", **_flags(status_flags(()))}, fill=-1,
        ),
    }  # fmt: skip
    told = {"long_name": "weighted mean prediction of the background", **units}
    promised["base_value"] = xr.Variable(_PIECE, base, told)
    return xr.Dataset(promised, coords=_coordinates(extent, explained))


def _flags(meanings: Mapping[int, str]) -> dict[str, object]:
    return {
        "flag_values": np.array(list(meanings), dtype=np.int8),
        "flag_meanings": " ".join(meanings.values()),
    }


def _promise(
    dims: Sequence[str],
    sizes: Sequence[int],
    extent: Extent,
    explained: Explained,
    attributes: Mapping[str, object],
    *,
    fill: float = np.nan,
) -> xr.Variable:
    """Return a lazy array that ends in the cell axis; a tile is one shard, a pathway and horizon of it one chunk."""
    dtype = np.float32 if np.isnan(fill) else np.int8
    lazy = da.full((*sizes, len(explained.cells)), fill, dtype=dtype, chunks=-1)
    inner = tuple(1 if dim in ("pathway", "horizon") else size for dim, size in zip(dims, sizes, strict=True))
    encoding = {
        "chunks": (*(max(1, size) for size in inner), extent.tile),
        "shards": (*(max(1, size) for size in sizes), extent.tile),
        "fill_value": fill,
        "compressors": (_CODEC,),
    }
    return xr.Variable((*dims, "cell"), lazy, attrs=dict(attributes), encoding=encoding)


def _coordinates(extent: Extent, explained: Explained) -> dict[str, xr.Variable]:
    def text(dim: str, words: Sequence[str]) -> xr.Variable:
        return xr.Variable((dim,), np.array(list(words), dtype=object))

    metres = {"units": "m"}
    return {
        "pathway": text("pathway", extent.pathways),
        "horizon": xr.Variable(("horizon",), np.array(extent.horizons, dtype=np.int32)),
        "target": text("target", [target.name for target in extent.targets]),
        "target_unit": text("target", [target.unit for target in extent.targets]),
        "group": text("group", [group.name for group in extent.groups]),
        "group_label": text("group", [group.label for group in extent.groups]),
        "lever": text("lever", extent.levers),
        "lever_label": text("lever", [LABELS[lever] for lever in extent.levers]),
        "cell": xr.Variable(("cell",), explained.cells, {"long_name": "place in the cell table"}),
        "y": xr.Variable(("cell",), explained.y, {**metres, "standard_name": "projection_y_coordinate"}),
        "x": xr.Variable(("cell",), explained.x, {**metres, "standard_name": "projection_x_coordinate"}),
        "area": xr.Variable(
            ("cell",), explained.area, {"units": "m2", "long_name": "area that the cell stands for"}
        ),
    }
