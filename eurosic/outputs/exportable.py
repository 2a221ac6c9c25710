"""What a cube must be before anything of it is exported.

*Enters:* the lazy cube and what is asked for. *Leaves:* nothing, or an error with every fault. Reads no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from eurosic.base.errors import GridError, StoreError


def check_cube(cube: xr.Dataset, years: Sequence[int], variables: Sequence[str] | None) -> None:
    """Raise unless a cube has what is asked for (`variables` None: anything), a CRS, and a grid that is not flipped.

    Raises
    ------
    StoreError
        If a variable or year is not in the cube, or a pathway is no file name.
    GridError
        If the grid does not run north to south and west to east, or has no CRS.
    """
    absent = [name for name in (*(variables or ()), "status") if name not in cube]
    unknown = sorted(set(years) - set(cube["year"].values.tolist()))
    faults = [f"no variable {name!r}" for name in absent] + [f"no year {year}" for year in unknown]
    faults += [] if years else ["no year is asked for"]
    faults += [
        f"pathway {p!r} is no file name" for p in cube["pathway"].values if Path(str(p)).name != str(p)
    ]
    if faults:
        has = f"variables {', '.join(map(str, cube.data_vars))} and years {_some(cube['year'].values)}"
        raise StoreError("export", "; ".join(faults), wanted=has, do="Correct what is asked for.")
    reference = cube.coords["spatial_ref"].attrs if "spatial_ref" in cube.coords else {}
    if not {"crs_wkt", "GeoTransform"} <= set(reference):
        raise GridError("export", "the cube has no CRS", wanted="a coordinate 'spatial_ref'")
    if np.any(np.diff(cube["y"]) >= 0) or np.any(np.diff(cube["x"]) <= 0):
        raise GridError("export", "the grid is flipped", wanted="y that decreases, x that increases")


def _some(years: np.ndarray) -> str:
    return f"{years[0]} to {years[-1]} ({len(years)})" if len(years) else "none"
