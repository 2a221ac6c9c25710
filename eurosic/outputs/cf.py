"""What the attributes of an exported file say: CF-1.11 for variables, ACDD-1.3 for the file.

*Enters:* words of the vocabulary, the cube's own attributes, years, a coordinate reference system.
*Leaves:* plain dictionaries of attributes and coordinate values. Must not touch files.
*Source:* CF conventions 1.11 (cell methods 7.3, flags 3.5, grid mappings 5.6), ACDD 1.3, OUTPUTS.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from eurosic.base.errors import StoreError
from eurosic.base.spread import percentiles_of
from eurosic.base.vocabulary import AREA, STOCKS, TARGETS, Variable

Attributes = dict[str, object]

_EPOCH = date(1970, 1, 1)
_DEPTH = re.compile(r"_(\d+)_(\d+)cm")
_CONVENTIONS = "CF-1.11, ACDD-1.3"
_KEYWORDS = (
    "soil inorganic carbon, carbonate, calcite, nitrogen fertilizer, soil acidification, cropland, Europe"
)
_TIME_METHODS = {
    "state": "time: point area: mean where crops",
    "change": "time: point area: mean where crops",
    "flux": "time: mean area: mean where crops",
    "static": "area: mean where crops",
}


def variable_named(name: str) -> Variable:
    """Return the word of the vocabulary that a variable of the cube is, or is a percentile of.

    Raises
    ------
    StoreError
        If the vocabulary has no such word.
    """
    words = {**TARGETS, **STOCKS, AREA.name: AREA}
    word = words.get(name) or {word.name: word for word in percentiles_of(TARGETS.values())}.get(name)
    if word is None:
        raise StoreError("export", f"variable {name!r} is unknown", wanted=f"one of {', '.join(words)}")
    return word


def data_attributes(name: str) -> Attributes:
    """Return the attributes of a data variable; the units never name the substance, the texts do."""
    word = variable_named(name)
    said: Attributes = {
        "long_name": word.long_name,
        "units": word.unit,
        "coverage_content_type": "modelResult",
    }
    said["cell_methods"] = _TIME_METHODS[word.time]
    if word.comment:
        said["comment"] = word.comment
    if depth := _DEPTH.search(name):
        # A scalar coordinate of depth with bounds makes cdo and the checker warn: an attribute does not.
        said["depth_range"] = f"{int(depth[1]) / 100:g} to {int(depth[2]) / 100:g} m below the surface"
    # An area adds up over cells; everything else is a mean over the soil of the cell.
    if word is AREA:
        said["cell_methods"] = "area: sum"
    if word.flags:
        # The mean of a class has no meaning: a cell shows the class of the largest share of its area.
        said["cell_methods"] = "time: point area: mode where crops"
        said |= {
            "flag_values": np.arange(len(word.flags), dtype=np.int8),
            "flag_meanings": " ".join(word.flags),
        }
    return said


def status_attributes(status: xr.DataArray) -> Attributes:
    """Return the attributes of `status`, with the flags that the cube's own variable names."""
    return {
        "long_name": "why a cell has a value, or none",
        "standard_name": "quality_flag",
        "units": "1",
        "flag_values": np.asarray(status.attrs["flag_values"], dtype=np.int8),
        "flag_meanings": str(status.attrs["flag_meanings"]),
        "coverage_content_type": "qualityInformation",
    }


def axis_attributes(axis: str) -> Attributes:
    """Return the attributes of the projected coordinate ``"x"`` or ``"y"`` (cell centres, m)."""
    return {
        "standard_name": f"projection_{axis}_coordinate",
        "long_name": f"{axis} of the cell centre",
        "units": "m",
        "axis": axis.upper(),
        "coverage_content_type": "coordinate",
    }


def time_attributes(*, bounded: bool) -> Attributes:
    """Return the attributes of `time`; `bounded` where values hold over a year and not at its end."""
    said: Attributes = {
        "standard_name": "time",
        "long_name": "middle of the year" if bounded else "last day of the year",
        "units": f"days since {_EPOCH.isoformat()}",
        "calendar": "standard",
        "axis": "T",
        "units_metadata": "leap_seconds: none",
        "coverage_content_type": "coordinate",
    }
    return said | ({"bounds": "time_bnds"} if bounded else {})


def day_number(year: int, month: int, day: int) -> float:
    """Return a date as days since 1970-01-01.

    Examples
    --------
    >>> day_number(1970, 12, 31)
    364.0
    """
    return float((date(year, month, day) - _EPOCH).days)


def times_of(years: Sequence[int], *, bounded: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return time and its bounds, shapes ``(year,)`` and ``(year, 2)``, days since 1970-01-01.

    A state or change stands at the last day of its year; a flux stands at the exact middle of its year.
    """
    # The next year's 1 January closes the year: leap years need no rule of ours.
    bounds = np.array([(day_number(y, 1, 1), day_number(y + 1, 1, 1)) for y in years])
    times = bounds.mean(axis=1) if bounded else np.array([day_number(y, 12, 31) for y in years])
    return times, bounds


# Every file of an export asks the same, and PROJ takes a tenth of a second to answer.
@lru_cache(maxsize=8)
def _crs_attributes(crs: CRS) -> Mapping[str, object]:
    # WKT 2: from the WKT 1 that pyproj writes, GDAL no longer knows that this is EPSG:3035.
    return MappingProxyType({**crs.to_cf(), "spatial_ref": crs.to_wkt()})


def crs_attributes(crs: CRS, geotransform: str) -> Attributes:
    """Return the grid mapping: CF's parameters, and what GDAL reads (`spatial_ref`, `GeoTransform`)."""
    return {**_crs_attributes(crs), "GeoTransform": geotransform}


def global_attributes(
    about: Mapping[str, object],
    name: str,
    *,
    pathway: str,
    years: Sequence[int],
    limits: tuple[float, float, float, float],
    crs: CRS,
) -> Attributes:
    """Return the ACDD attributes of one file.

    Parameters
    ----------
    about
        The cube's own attributes; texts among them that ACDD knows win over what is derived here.
    name
        Variable of the file.
    pathway
        Its pathway; empty where it has none.
    years
        The years in the file; empty where it has none.
    limits
        West, south, east and north limits of the grid, m.
    crs
        Coordinate reference system of the grid.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    title = ": ".join(part for part in (str(about.get("title", "eurosic projection")), pathway) if part)
    said: Attributes = {
        "Conventions": _CONVENTIONS,
        "title": f"{title}: {variable_named(name).long_name}",
        "summary": "Soil inorganic carbon of Europe's calcareous arable soils under one pathway of nitrogen input.",
        "keywords": _KEYWORDS,
        "project": "eurosic",
        "source": "eurosic projection",
        "history": f"{now} eurosic export",
        "date_created": now,
        "processing_level": "model result",
        "standard_name_vocabulary": "CF Standard Name Table v93",
        "cdm_data_type": "Grid",
    }
    said |= {**_place(limits, crs)} | _depths(name) | _span(years, variable_named(name).time)
    said |= {
        key: value
        for key, value in about.items()
        if isinstance(value, str) and key not in {"title", "Conventions"}
    }
    if "history" in about:
        # CF wants the audit trail of the data, newest last: what made the cube, then this export.
        said["history"] = f"{about['history']}\n{now} eurosic export"
    return said | ({"pathway": pathway} if pathway else {})


@lru_cache(maxsize=8)
def _place(limits: tuple[float, float, float, float], crs: CRS) -> Mapping[str, object]:
    to_degrees = Transformer.from_crs(crs, CRS(4326), always_xy=True)
    west, south, east, north = (float(v) for v in to_degrees.transform_bounds(*limits, densify_pts=51))
    corners = ((south, west), (north, west), (north, east), (south, east), (south, west))
    said = {
        "geospatial_bounds": f"POLYGON (({', '.join(f'{lat:.4f} {lon:.4f}' for lat, lon in corners)}))",
        "geospatial_bounds_crs": "EPSG:4326",
        "geospatial_lat_min": south,
        "geospatial_lat_max": north,
        "geospatial_lat_units": "degrees_north",
        "geospatial_lon_min": west,
        "geospatial_lon_max": east,
        "geospatial_lon_units": "degrees_east",
    }
    return MappingProxyType(said)


def _depths(name: str) -> Attributes:
    depth = _DEPTH.search(name)
    if depth is None:
        return {}
    return {
        "geospatial_vertical_min": int(depth[1]) / 100,
        "geospatial_vertical_max": int(depth[2]) / 100,
        "geospatial_vertical_units": "m",
        "geospatial_vertical_positive": "down",
    }


def _span(years: Sequence[int], time: str) -> Attributes:
    if not years:
        return {}
    first = f"{min(years)}-01-01" if time == "flux" else f"{min(years)}-12-31"
    return {"time_coverage_start": first, "time_coverage_end": f"{max(years)}-12-31"}
