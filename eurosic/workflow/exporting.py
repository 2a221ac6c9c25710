"""What leaves a run for other tools: NetCDF, GeoTIFF, STAC, QGIS and RO-Crate, each by its own exporter.

*Enters:* the folder of a run whose tiles are all finished, the kinds asked for. *Leaves:* the folders `netcdf/`,
`cog/` with `stac/` and `qgis/` beside it; `ro-crate-metadata.json`. What is finished is kept; the same command
goes on. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import xarray as xr

from eurosic.base.errors import StoreError
from eurosic.outputs.cog import COG, export_cog, plan_cogs
from eurosic.outputs.cog_words import CogFile
from eurosic.outputs.crate import CRATE_FILES, write_crate
from eurosic.outputs.cube import open_projection
from eurosic.outputs.ledger import PARTIAL, sweep
from eurosic.outputs.manifest import locked
from eurosic.outputs.netcdf import export_netcdf
from eurosic.outputs.qgis import QGIS, export_qgis
from eurosic.outputs.run_store import disk_told
from eurosic.outputs.stac import STAC, export_stac
from eurosic.outputs.store import recorded_tiles

NETCDF = "netcdf"
CRATE = "crate"
# The crate lists all others, so it comes last.
KINDS = (NETCDF, COG, STAC, QGIS, CRATE)


class Teller(Protocol):
    """What an export says while it goes."""

    def say(self, text: str) -> None:
        """Say a line."""
        ...

    def progress(self, done: int, total: int) -> None:
        """Say how many files are finished."""
        ...


@dataclass(frozen=True)
class Quiet:
    """A teller that says nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def progress(self, done: int, total: int) -> None:
        """Say nothing."""


def export(folder: Path, kinds: Iterable[str], *, tell: Teller | None = None) -> dict[str, list[Path]]:
    """Export a finished run and return the files of each kind; catalogs and projects bring the GeoTIFFs they need.

    Raises
    ------
    StoreError
        If a tile of the run is not finished, another export writes there, a file of another run is in the way, or
        the disk is full or read-only. What was finished is kept.
    """
    tell = tell or Quiet()
    wanted = [kind for kind in KINDS if kind in set(kinds)]
    check_finished(folder)
    made: dict[str, list[Path]] = {}
    if not wanted:
        return made
    cube = open_projection(folder)
    years = [int(year) for year in cube["year"].values]
    # One lock for all kinds: a catalog must not be written while another export changes its files.
    with disk_told(folder), locked(folder):
        _sweep(folder)
        if NETCDF in wanted:
            made[NETCDF] = export_netcdf(cube, folder / NETCDF, years=years)
            tell.say(f"netcdf     {len(made[NETCDF])} files in {folder / NETCDF}")
        if {COG, STAC, QGIS} & set(wanted):
            files = plan_cogs(cube, folder / COG, years=years)
            made |= _rasters(folder, cube, files, wanted=wanted, tell=tell)
        if CRATE in wanted:
            made[CRATE] = write_crate(folder)
            tell.say(f"crate      {made[CRATE][-1]}")
    return made


def _sweep(folder: Path) -> None:
    """Remove what killed exports had not moved into place; what other commands are writing is left alone."""
    for kind in (NETCDF, COG, STAC, QGIS):
        sweep(folder / kind)
    for name in CRATE_FILES:
        for partial in folder.glob(f".{name}.*{PARTIAL}"):
            partial.unlink(missing_ok=True)


def _rasters(
    folder: Path, cube: xr.Dataset, files: list[CogFile], *, wanted: list[str], tell: Teller
) -> dict[str, list[Path]]:
    made = {COG: export_cog(cube, files, done=lambda count: tell.progress(count, len(files)))}
    if STAC in wanted:
        made[STAC] = export_stac(cube, files, folder / STAC)
    if QGIS in wanted:
        made[QGIS] = export_qgis(cube, files, folder / QGIS)
    for kind, paths in made.items():
        tell.say(f"{kind:<10} {len(paths)} files in {folder / kind}")
    return made


def check_finished(folder: Path) -> None:
    """Raise `StoreError` unless a folder holds a projection whose tiles are all finished."""
    ledger, tiles = recorded_tiles(folder)
    missing = sum(ledger.finished(tile) is None for tile in tiles)
    if missing:
        raise StoreError(
            str(folder),
            f"{missing} of {len(tiles)} tiles are not finished",
            wanted="a finished projection: a map of a part would pass for the whole",
            do="Give the command of the run again, then this one.",
        )
