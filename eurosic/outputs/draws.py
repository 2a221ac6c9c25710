"""The store of drawn inputs: what each draw changes in a thinned table, kept draw by draw.

*Enters:* the thinned table, the changes of one draw after the other. *Leaves:* `uncertainty.zarr` in a run's folder.
One process writes it; a draw counts once it is marked, so that a run that was cut off draws only what is missing.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from eurosic.base.errors import StoreError
from eurosic.base.summed import PACKED, SCALE, SUMMED, pack_deviation, unpack_deviation

UNCERTAINTY = "uncertainty.zarr"
_DIMS = ("draw", "summed", "pathway", "year", "sampled")
_TOLD = {
    "long_name": "value with drawn inputs, less that with the inputs as they are",
    **PACKED,
    "comment": f"{PACKED['comment']}; one state of the world a draw, the same for all pathways and years",
}
# To be raised whenever draws of the same run would be stored in another way, or hold something else.
LAYOUT = 3


@dataclass(frozen=True)
class DrawStore:
    """The draws of one run: ``(draw, summed, pathway, year, sampled)``, `shape` without the sums' axis."""

    path: Path

    @property
    def number(self) -> int:
        """How many draws there are to be."""
        return int(zarr.open_group(self.path, mode="r")["done"].shape[0])

    def missing(self) -> list[int]:
        """Return the draws that are not finished."""
        return [int(draw) for draw in np.flatnonzero(zarr.open_group(self.path, mode="r")["done"][:] == 0)]

    def write(self, draw: int, deviation: NDArray[np.float32], *, outside: int, failed: int) -> None:
        """Write a draw, then mark it as finished; so many cells of it lay outside the domain, or had no value."""
        group = zarr.open_group(self.path, mode="r+")
        group["deviation"][draw] = pack_deviation(deviation)
        group["outside"][draw], group["failed"][draw] = outside, failed
        group["done"][draw] = 1

    def deviations(self) -> NDArray[np.float64]:
        """Return all draws, in memory: some hundred megabytes, whatever the grid.

        Raises
        ------
        StoreError
            If some of them are not finished: as zeros they would make every interval too narrow.
        """
        missing = self.missing()
        if missing:
            raise StoreError(
                str(self.path),
                f"{len(missing)} of {self.number} draws are not finished",
                wanted="all draws: a part of them gives intervals that are too narrow",
                do="Give the run's command again: what is finished is kept.",
            )
        return unpack_deviation(np.asarray(zarr.open_group(self.path, mode="r")["deviation"][:]))

    def thinned(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the sampled cells, and which of them stands for each study cell."""
        group = zarr.open_group(self.path, mode="r")
        return np.asarray(group["cells"][:]), np.asarray(group["owner"][:])

    def shares(self) -> dict[str, float]:
        """Return the shares of all drawn cells that lay outside the predictor's domain, or had no value."""
        group = zarr.open_group(self.path, mode="r")
        drawn = group["done"].shape[0] * group["cells"].shape[0]
        return {name: float(f"{group[name][:].sum() / drawn:.6g}") for name in ("outside", "failed")}


def open_draws(folder: Path, digest: str | None = None) -> DrawStore | None:
    """Return the draws of a run's folder; None where there are none, or they are not of this digest.

    Raises
    ------
    StoreError
        If they are kept in a way that is not ours: read as ours they would be wrong by a constant.
    """
    path = folder / UNCERTAINTY
    if not (path / "zarr.json").is_file():
        return None
    group = zarr.open_group(path, mode="r")
    found = group.attrs.get("digest")
    if found is None or digest not in (None, found):
        return None
    kept = group["deviation"]
    if kept.dtype != np.float16 or kept.attrs.get("scale_factor") != SCALE:
        raise StoreError(
            str(path),
            f"holds draws as {kept.dtype}, scale_factor {kept.attrs.get('scale_factor', 'not told')}",
            wanted=f"float16, scale_factor {SCALE}: another version of eurosic wrote it",
            do="Remove it and give the run's command again: the draws are made anew, all else is kept.",
        )
    return DrawStore(path)


def create_draws(
    folder: Path,
    digest: str,
    *,
    draws: int,
    leading: tuple[int, int],
    cells: NDArray[np.int64],
    owner: NDArray[np.int64],
) -> DrawStore:
    """Return an empty store for some draws; what lay there of another digest, or was cut off, is removed.

    `leading` are the numbers of pathways and reported years.
    """
    path = folder / UNCERTAINTY
    shutil.rmtree(path, ignore_errors=True)
    group = zarr.create_group(path)
    shape = (len(SUMMED), *leading, len(cells))
    codec = ZstdCodec(level=1)
    array = group.create_array(
        "deviation",
        shape=(draws, *shape),
        chunks=(1, *shape),
        dtype=np.float16,
        compressors=codec,
        dimension_names=_DIMS,
    )
    array.attrs.update(_TOLD)
    for name in ("done", "outside", "failed"):
        group.create_array(name, shape=(draws,), chunks=(1,), dtype=np.int32, dimension_names=("draw",))
    for name, values, dim in (("cells", cells, "sampled"), ("owner", owner, "cell")):
        made = group.create_array(name, data=values, compressors=codec, dimension_names=(dim,))
        made.attrs["long_name"] = {
            "cells": "place of a sampled cell in the cell table",
            "owner": "sampled cell that stands for a study cell, -1 for none",
        }[name]
    # The digest comes last: a store that was cut off while it was made is made again.
    group.attrs.update({"digest": digest, "summed": list(SUMMED)})
    return DrawStore(path)
