"""Which GeoTIFFs an export makes, and which of them lie there finished.

*Enters:* the lazy cube, a folder, what is asked for. *Leaves:* the files to be, each with the digest of what it is
made from. Must not write. *Source:* OUTPUTS.md, section COG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import rasterio
import xarray as xr
from rasterio.errors import RasterioError

from eurosic.base.provenance import digest_of
from eurosic.outputs.cog_words import CogFile
from eurosic.outputs.exportable import check_cube, exportable, parts_of, run_digests
from eurosic.outputs.manifest import Manifest

COG = "cog"
_LAYOUT = 1  # raised when the layout of the files changes, so that older ones are made anew


def plan_cogs(
    cube: xr.Dataset,
    folder: Path,
    *,
    years: Sequence[int],
    variables: Sequence[str] | None = None,
    pathways: Sequence[str] | None = None,
) -> list[CogFile]:
    """Return the files that an export makes: ``VARIABLE.PATHWAY.tif``, or ``VARIABLE.tif`` without pathway.

    Percentiles are files of their own, beside their variable's; None asks for all variables or pathways.

    Raises
    ------
    StoreError
        If a variable, pathway or year is not in the cube.
    GridError
        If the cube's grid is flipped or has no CRS.
    """
    check_cube(cube, years, variables=variables, pathways=pathways)
    wanted = variables or exportable(cube)
    parts = parts_of(cube, folder, "tif", variables=wanted, pathways=pathways, years=years)
    return [
        CogFile(
            part.name, part.pathway, part.years, part.path, _digest(cube, part.name, part.pathway, part.years)
        )
        for part in parts
    ]


def finished_cogs(cube: xr.Dataset, folder: Path) -> list[CogFile]:
    """Return the finished files of a cube's values that lie in a folder, each with the years that it holds.

    Raises
    ------
    StoreError
        If the manifest of the folder cannot be read.
    """
    manifest = Manifest.read(folder)
    every = plan_cogs(cube, folder, years=[int(year) for year in cube["year"].values])
    there = [_as_held(cube, file) for file in every if file.path.name in manifest.entries]
    return [file for file in there if manifest.finished(file.path.name, file.digest)]


def _as_held(cube: xr.Dataset, file: CogFile) -> CogFile:
    """Return a file with the years of its bands, which may be some of the cube's only."""
    try:
        with rasterio.open(file.path) as found:
            told = found.descriptions
    except RasterioError:
        return file
    years = tuple(year for year in file.years if str(year) in told)
    return replace(file, years=years, digest=_digest(cube, file.name, file.pathway, years))


def _digest(cube: xr.Dataset, name: str, pathway: str, years: tuple[int, ...]) -> str:
    return digest_of([_LAYOUT, run_digests(cube), name, pathway, years])
