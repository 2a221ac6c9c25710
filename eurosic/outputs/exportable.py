"""What a cube must be before anything of it is exported, and what of it can be asked for.

*Enters:* the lazy cube and what is asked for. *Leaves:* names, or an error with every fault. Reads no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from eurosic.base.errors import GridError, StoreError
from eurosic.base.spread import percentiles_of
from eurosic.base.vocabulary import AREA, STOCKS, TARGETS

STATUS = "status"


def exportable(cube: xr.Dataset) -> list[str]:
    """Return the variables of a cube that can be exported: targets, percentiles, stocks, area, status."""
    percentiles = [word.name for word in percentiles_of(TARGETS.values())]
    return [name for name in (*TARGETS, *percentiles, *STOCKS, AREA.name, STATUS) if name in cube]


def check_cube(
    cube: xr.Dataset,
    years: Sequence[int],
    *,
    variables: Sequence[str] | None = None,
    pathways: Sequence[str] | None = None,
) -> None:
    """Raise unless a cube has what is asked for (None: anything), a CRS, and a grid that is not flipped.

    Raises
    ------
    StoreError
        If a variable, pathway or year is not in the cube (all of them in one message, with what there is), or a
        pathway is no file name.
    GridError
        If the grid does not run north to south and west to east, or has no CRS.
    """
    names, known = exportable(cube), [str(pathway) for pathway in cube["pathway"].values]
    faults = [f"no variable {name!r}" for name in (*(variables or ()), STATUS) if name not in names]
    faults += [f"no pathway {pathway!r}" for pathway in pathways or () if pathway not in known]
    faults += [f"no year {year}" for year in sorted(set(years) - set(cube["year"].values.tolist()))]
    faults += [] if years else ["no year is asked for"]
    faults += [f"pathway {pathway!r} is no file name" for pathway in known if Path(pathway).name != pathway]
    if faults:
        has = f"variables {', '.join(names)}; pathways {', '.join(known)}; years {_told(cube['year'].values)}"
        raise StoreError("export", "; ".join(faults), wanted=has, do="Correct what is asked for.")
    reference = cube.coords["spatial_ref"].attrs if "spatial_ref" in cube.coords else {}
    if not {"crs_wkt", "GeoTransform"} <= set(reference):
        raise GridError("export", "the cube has no CRS", wanted="a coordinate 'spatial_ref'")
    if np.any(np.diff(cube["y"]) >= 0) or np.any(np.diff(cube["x"]) <= 0):
        raise GridError("export", "the grid is flipped", wanted="y that decreases, x that increases")


@dataclass(frozen=True)
class Part:
    """What one file holds: a variable along a pathway, in some years; neither for a layer that has none.

    `path` is ``VARIABLE.PATHWAY.EXTENSION``, or ``VARIABLE.EXTENSION``.
    """

    name: str
    pathway: str
    years: tuple[int, ...]
    path: Path


def parts_of(
    cube: xr.Dataset,
    folder: Path,
    extension: str,
    *,
    variables: Sequence[str],
    pathways: Sequence[str] | None,
    years: Sequence[int],
) -> Iterator[Part]:
    """Yield what each file of an export holds, one a variable and pathway (None: every pathway of the cube)."""
    for name in variables:
        moving = "pathway" in cube[name].dims
        for pathway in map(str, pathways or cube["pathway"].values) if moving else ("",):
            stem = f"{name}.{pathway}" if pathway else name
            at = tuple(int(year) for year in years) if moving else ()
            yield Part(name, pathway, at, folder / f"{stem}.{extension}")


def run_digests(cube: xr.Dataset) -> dict[str, str]:
    """Return every digest that a cube has of its run: of recipe, inputs and predictor, as far as it records them."""
    return {str(key): str(value) for key, value in cube.attrs.items() if str(key).endswith("digest")}


def _told(years: np.ndarray) -> str:
    return ", ".join(map(str, years)) if len(years) else "none"
