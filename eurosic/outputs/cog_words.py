"""What an exported GeoTIFF says of itself: its name, its tags, and of which time each band is.

*Enters:* one file to be, the cube's own attributes. *Leaves:* descriptions, units and tags of an open file. Must not
read values. *Source:* OUTPUTS.md, section COG; the words are those of the NetCDF files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from pyproj import CRS

from eurosic.outputs import cf
from eurosic.outputs.exportable import STATUS


@dataclass(frozen=True)
class CogFile:
    """One file to be; `pathway` and `years` are empty for a layer that has neither."""

    name: str
    pathway: str
    years: tuple[int, ...]
    path: Path
    digest: str

    @property
    def flags(self) -> bool:
        """Whether values are codes."""
        return self.name == STATUS or bool(cf.variable_named(self.name).flags)

    @property
    def bands(self) -> int:
        """Number of bands."""
        return len(self.years) or 1


def describe(
    target: rasterio.io.DatasetWriter,
    cube: xr.Dataset,
    file: CogFile,
    *,
    limits: tuple[float, float, float, float],
) -> None:
    """Write descriptions, units and tags: what the file is, and of which time each band.

    `limits` are west, south, east and north of the grid, m.
    """
    crs = CRS.from_wkt(cube.coords["spatial_ref"].attrs["crs_wkt"])
    about: cf.Attributes
    if file.name == STATUS:
        said = cf.status_attributes(cube[STATUS])
        about = {str(key): value for key, value in cube.attrs.items() if isinstance(value, str)}
    else:
        said = cf.data_attributes(file.name)
        about = cf.global_attributes(
            cube.attrs, file.name, pathway=file.pathway, years=file.years, limits=limits, crs=crs
        )
    # What follows CF is the NetCDF file, not this one.
    tags = {key: _text(value) for key, value in {**about, **said}.items() if key != "Conventions"}
    target.update_tags(**tags, variable=file.name, export_digest=file.digest, AREA_OR_POINT="Area")
    target.descriptions = tuple(map(str, file.years)) or (str(said["long_name"]),)
    target.units = (str(said["units"]),) * file.bands
    for band, year in enumerate(file.years, 1):
        start, end = band_times(file.name, year)
        target.update_tags(band, year=year, time_start=start, time_end=end)


def band_times(name: str, year: int) -> tuple[str, str]:
    """Return the first and the last instant (UTC) of which a band of a year tells.

    A flux is of the year; a state or change is that of 31 December, and stands until the year is over.

    Examples
    --------
    >>> band_times("dic_leaching", 2100)
    ('2100-01-01T00:00:00Z', '2100-12-31T23:59:59Z')
    """
    first = "01-01" if cf.variable_named(name).time == "flux" else "12-31"
    return f"{year}-{first}T00:00:00Z", f"{year}-12-31T23:59:59Z"


def _text(value: object) -> str:
    return " ".join(map(str, np.atleast_1d(value))) if isinstance(value, np.ndarray) else str(value)
