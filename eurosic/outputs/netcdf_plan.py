"""Which NetCDF files an export makes, and whether one of them lies there finished.

*Enters:* the lazy cube, a folder, what is asked for. *Leaves:* the files to be, each with the digest of what it is
made from. Must not write. *Source:* OUTPUTS.md, section NetCDF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import xarray as xr

from eurosic.base.errors import StoreError
from eurosic.base.provenance import digest_of
from eurosic.base.spread import percentile_names
from eurosic.base.vocabulary import AREA, STOCKS, TARGETS
from eurosic.outputs.exportable import parts_of, run_digests

_LAYOUT = 2  # raised when the layout of the files changes, so that older ones are made anew


@dataclass(frozen=True)
class NetcdfFile:
    """One file to be; `pathway` and `years` are empty for a layer that has neither, `beside` holds percentiles."""

    name: str
    beside: tuple[str, ...]
    pathway: str
    years: tuple[int, ...]
    path: Path
    digest: str


def plan_netcdf(
    cube: xr.Dataset,
    folder: Path,
    *,
    years: Sequence[int],
    variables: Sequence[str] | None,
    pathways: Sequence[str] | None,
) -> Iterator[NetcdfFile]:
    """Yield the files of an export: ``VARIABLE.PATHWAY.nc``, or ``VARIABLE.nc`` without pathway.

    A percentile stands for its variable's file; None asks for all variables or pathways.
    """
    wanted = [name for name in (*TARGETS, *STOCKS, AREA.name) if name in cube]
    if variables is not None:
        wanted = [name for name in wanted if {name, *percentile_names(name)} & set(variables)]
    run = run_digests(cube)
    for part in parts_of(cube, folder, "nc", variables=wanted, pathways=pathways, years=years):
        beside = tuple(other for other in percentile_names(part.name) if other in cube)
        digest = digest_of([_LAYOUT, run, part.name, beside, part.pathway, part.years])
        yield NetcdfFile(part.name, beside, part.pathway, part.years, part.path, digest)


def is_complete(export: NetcdfFile, cube: xr.Dataset) -> bool:
    """Return whether a file is there and finished.

    Raises
    ------
    StoreError
        If another run's file, or one that is none of ours, has its name.
    """
    if not export.path.exists():
        return False
    # Files are moved into place when whole: one that opens and has our digest is complete.
    try:
        with netCDF4.Dataset(export.path) as found:
            of_run = getattr(found, "recipe_digest", "")
            digest = getattr(found, "export_digest", "")
    except OSError:
        of_run = digest = ""
    if not digest or of_run != str(cube.attrs.get("recipe_digest", "")):
        raise StoreError(
            str(export.path),
            "a file of this name is there and does not belong to this run",
            wanted="an absent file, or one that this recipe wrote",
            do="Move it away, or export to another folder.",
        )
    return bool(digest == export.digest)
