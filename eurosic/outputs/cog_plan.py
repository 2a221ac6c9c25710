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
from eurosic.outputs.exportable import check_cube, exportable
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
    files = []
    for name in variables or exportable(cube):
        moving = "pathway" in cube[name].dims
        for pathway in map(str, pathways or cube["pathway"].values) if moving else ("",):
            at = tuple(int(year) for year in years) if moving else ()
            path = folder / (f"{name}.{pathway}.tif" if pathway else f"{name}.tif")
            files.append(CogFile(name, pathway, at, path, _digest(cube, name, pathway, at)))
    return files


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
    run = {str(key): str(value) for key, value in cube.attrs.items() if str(key).endswith("digest")}
    return digest_of([_LAYOUT, run, name, pathway, years])
