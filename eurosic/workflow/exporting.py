"""What leaves a run for other tools: NetCDF, GeoTIFF, STAC, QGIS and RO-Crate, each by its own exporter.

*Enters:* the folder of a run whose tiles are all finished, the kinds asked for. *Leaves:* the folders `netcdf/`,
`cog/` with `stac/` and `qgis/` beside it; `ro-crate-metadata.json`. What is finished is kept; the same command
goes on. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypedDict

import xarray as xr

from eurosic.base.errors import StoreError
from eurosic.outputs.cog import export_cog
from eurosic.outputs.cog_plan import COG, finished_cogs, plan_cogs
from eurosic.outputs.cog_words import CogFile
from eurosic.outputs.crate import CRATE_FILES, write_crate
from eurosic.outputs.cube import open_projection
from eurosic.outputs.exportable import check_cube, exportable
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


def export(
    folder: Path,
    kinds: Iterable[str],
    *,
    variables: Sequence[str] = (),
    pathways: Sequence[str] = (),
    years: Sequence[int] = (),
    tell: Teller | None = None,
) -> dict[str, list[Path]]:
    """Export a finished run and return the files of each kind; catalogs and projects bring the GeoTIFFs they need.

    Parameters
    ----------
    folder
        The folder given to ``eurosic run --out``.
    kinds
        Some of `KINDS`.
    variables, pathways, years
        What of the run goes into NetCDF files and GeoTIFFs; all of each where empty. A catalog or a project holds
        every GeoTIFF that lies there, chosen now or earlier; one that is there already is kept in step.
    tell
        Hears what is done.

    Raises
    ------
    StoreError
        If a tile of the run is not finished, what is asked for is not in the run, another export writes there, a file
        of another run is in the way, or the disk is full or read-only. What was finished is kept.
    """
    tell = tell or Quiet()
    wanted = [kind for kind in KINDS if kind in set(kinds)]
    check_finished(folder)
    made: dict[str, list[Path]] = {}
    if not wanted:
        return made
    cube = open_projection(folder)
    chosen = _choice(cube, variables, pathways, years)
    # One lock for all kinds: a catalog must not be written while another export changes its files.
    with disk_told(folder), locked(folder):
        _sweep(folder)
        if NETCDF in wanted:
            made[NETCDF] = export_netcdf(cube, folder / NETCDF, **chosen)
            tell.say(f"netcdf     {len(made[NETCDF])} files in {folder / NETCDF}")
        if {COG, STAC, QGIS} & set(wanted):
            files = plan_cogs(cube, folder / COG, **chosen)
            made |= _rasters(folder, cube, files, wanted=wanted, tell=tell)
        if CRATE in wanted:
            made[CRATE] = write_crate(folder)
            tell.say(f"crate      {made[CRATE][-1]}")
    return made


class _Choice(TypedDict):
    variables: list[str] | None
    pathways: list[str] | None
    years: list[int]


def _choice(
    cube: xr.Dataset, variables: Sequence[str], pathways: Sequence[str], years: Sequence[int]
) -> _Choice:
    """Return what is asked for, each once, in the order of the run; refuse what the run does not hold."""
    every = [int(year) for year in cube["year"].values]
    check_cube(cube, years or every, variables=variables, pathways=pathways)
    return {
        "variables": [name for name in exportable(cube) if name in variables] or None,
        "pathways": [name for name in map(str, cube["pathway"].values) if name in pathways] or None,
        "years": [year for year in every if not years or year in years],
    }


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
    there = finished_cogs(cube, folder / COG)
    # A catalog or project that lies there would else tell of bands that are others now.
    if STAC in wanted or (folder / STAC).is_dir():
        made[STAC] = export_stac(cube, there, folder / STAC)
    if QGIS in wanted or (folder / QGIS).is_dir():
        made[QGIS] = export_qgis(cube, there, folder / QGIS)
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
