"""Whether what lies in a run's folder is what its ledger says: every tile, every shard, by checksum.

*Enters:* the folder of a run. *Leaves:* which tiles are unfinished or damaged; damaged ones are forgotten, so that
`run` makes them again. Computes no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eurosic.base.grid import Tile
from eurosic.outputs.store import PROJECTION, damaged_tiles, recorded_tiles
from eurosic.projection.project import unfinished


@dataclass(frozen=True)
class Verified:
    """What `verify` found: number of tiles, those without a record, and the damaged ones with their arrays."""

    tiles: int
    unfinished: list[Tile]
    damaged: dict[Tile, list[str]]


def verify(folder: Path) -> Verified:
    """Return which tiles of a run are unfinished or damaged; damaged ones are forgotten, so that `run` redoes them.

    Raises
    ------
    StoreError
        If the folder holds no projection.
    """
    ledger, tiles = recorded_tiles(folder)
    damaged = damaged_tiles(folder / PROJECTION, ledger, tiles)
    missing = unfinished(tiles, ledger)
    for tile in damaged:
        ledger.forget(tile)
    return Verified(len(tiles), missing, damaged)
