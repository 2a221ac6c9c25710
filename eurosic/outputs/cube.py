"""The lazy cube: the cell table of a finished projection seen on its grid.

*Enters:* a run folder. *Leaves:* an `xarray.Dataset` ``(pathway, year, y, x)`` on Dask, of which nothing is read
until it is asked for. The cube is a view, never a file: stored dense it would be mostly empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
import zarr
from numpy.typing import DTypeLike, NDArray
from pyproj import CRS

from eurosic.base.errors import StoreError
from eurosic.base.flags import Status
from eurosic.base.grid import SQUARE, Grid, space_key
from eurosic.base.provenance import digest_of
from eurosic.base.spread import percentiles_of
from eurosic.base.vocabulary import AREA, STOCKS, TARGETS
from eurosic.outputs.store import CELLS, INPUTS, PROJECTION, check_projection, recorded_tiles

# Bits of a cell's Morton code that tell where in its square it is.
_SHIFT = np.uint64(2 * (SQUARE.bit_length() - 1))


def open_projection(folder: Path | str) -> xr.Dataset:
    """Return the cube of a finished projection, lazily.

    Parameters
    ----------
    folder
        The folder given to ``eurosic run --out``.

    Returns
    -------
    xarray.Dataset
        Targets ``(pathway, year, y, x)``, with ``_p05`` and ``_p95`` of each where the predictor has a spread;
        stocks, `calcareous_arable_area`, `country` and `status` ``(y, x)``, in the units of docs/2-conventions.md;
        y descending; CRS in `spatial_ref`.

    Raises
    ------
    StoreError
        If the folder holds no projection.
    """
    folder = Path(folder)
    check_projection(folder)
    projection = zarr.open_group(folder / PROJECTION, mode="r")
    cells = zarr.open_group(folder / CELLS, mode="r")
    grid = Grid(**projection.attrs["grid"])
    places = _Places(grid, np.asarray(cells["row"][:]), np.asarray(cells["column"][:]))
    stored = (*TARGETS, *(word.name for word in percentiles_of(TARGETS.values())))
    variables = {
        name: _variable(projection[name], places, ("pathway", "year"))
        for name in stored
        if name in projection
    }
    variables |= {name: _variable(projection[name], places, ()) for name in STOCKS}
    variables[AREA.name] = _variable(cells[AREA.name], places, ())
    variables[AREA.name].attrs |= {"long_name": AREA.long_name, "units": AREA.unit, "comment": AREA.comment}
    variables |= _dense_layers(folder, projection, places)
    attributes = attributes_of(projection) | {"values_digest": _values_digest(folder)}
    return xr.Dataset(variables, coords=coordinates_of(projection, grid), attrs=attributes)


def open_totals(folder: Path | str) -> xr.Dataset:
    """Return the area sums of a projection, loaded: ``(pathway, year, country)`` for every year.

    Each quantity is in kg (changes since the start) or kg yr-1 (fluxes); `area` ``(country,)`` in m2.

    Raises
    ------
    StoreError
        If the folder holds no projection, or one with tiles that are not finished: a sum of a part is no total.
    """
    folder = Path(folder)
    ledger, tiles = recorded_tiles(folder)
    missing = [tile for tile in tiles if ledger.finished(tile) is None]
    if missing:
        raise StoreError(
            str(folder),
            f"{len(missing)} of {len(tiles)} tiles are not finished",
            wanted="a finished projection",
            do="Give the command of the run again.",
        )
    store = xr.open_zarr(folder / PROJECTION, consolidated=False, chunks=None)
    total = store["total"].sum("tile")
    summed = {
        str(name): total.sel(quantity=name, drop=True).assign_attrs(
            units=TARGETS[str(name)].unit.replace(" m-2", ""), long_name=TARGETS[str(name)].long_name
        )
        for name in store["quantity"].values
    }
    area = store["total_area"].sum("tile").assign_attrs(units="m2", long_name=AREA.long_name)
    totals = xr.Dataset(summed).rename({"every_year": "year"}).assign(area=area)
    return totals.assign_attrs(attributes_of(zarr.open_group(folder / PROJECTION, mode="r")))


def _values_digest(folder: Path) -> str:
    """Return a digest of all stored values, by the checksums of their tiles: exports of other values are stale."""
    ledger, tiles = recorded_tiles(folder)
    records = [ledger.finished(tile) for tile in tiles]
    return digest_of([dict(record.checksums) for record in records if record is not None])


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the rows of the cell table stand in the grid."""

    grid: Grid
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]

    @cached_property
    def squares(self) -> NDArray[np.uint64]:
        """The aligned square of each cell, increasing along the table."""
        return space_key(self.rows, self.columns) >> _SHIFT

    def within(self, rows: range, columns: range) -> list[slice]:
        """Return the ranges of the table that hold every cell of a window, one per aligned square."""
        tops = np.arange(rows.start // SQUARE, -(-rows.stop // SQUARE))
        lefts = np.arange(columns.start // SQUARE, -(-columns.stop // SQUARE))
        squares = np.sort(space_key(np.repeat(tops, len(lefts)), np.tile(lefts, len(tops))))
        starts = np.searchsorted(self.squares, squares, side="left")
        stops = np.searchsorted(self.squares, squares, side="right")
        return [slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True) if b > a]


class _DenseView:
    """An array of the cell table that indexes like the dense array it stands for."""

    def __init__(self, path: Path, name: str, places: _Places) -> None:
        self._path, self._name, self._places = path, name, places
        array = self._array()
        self.shape: tuple[int, ...] = (*array.shape[:-1], *places.grid.shape)
        self.dtype: DTypeLike = array.dtype
        self.ndim = len(self.shape)
        self._fill = array.fill_value if array.dtype != np.float64 else np.nan

    def _array(self) -> zarr.Array:
        return zarr.open_group(self._path, mode="r")[self._name]

    def __getitem__(self, key: tuple[slice | int, ...]) -> NDArray[np.generic]:
        # Dask may hand over whole numbers, where a selection was fused into the reading of a chunk.
        spans = [
            range(*part.indices(size)) if isinstance(part, slice) else range(int(part), int(part) + 1)
            for part, size in zip(key, self.shape, strict=True)
        ]
        whole = self._window([range(min(span, default=0), max(span, default=-1) + 1) for span in spans])
        dense = whole[np.ix_(*(np.array(span, dtype=np.intp) - min(span, default=0) for span in spans))]
        return dense[tuple(slice(None) if isinstance(part, slice) else 0 for part in key)]

    def _window(self, spans: list[range]) -> NDArray[np.generic]:
        *leading, rows, columns = spans
        dense = np.full([len(span) for span in spans], self._fill, dtype=self.dtype)
        array = self._array()
        for cells in self._places.within(rows, columns):
            row = self._places.rows[cells] - rows.start
            column = self._places.columns[cells] - columns.start
            inside = (row >= 0) & (row < len(rows)) & (column >= 0) & (column < len(columns))
            if inside.any():
                table = np.asarray(array[(*(slice(s.start, s.stop) for s in leading), cells)])
                dense[..., row[inside], column[inside]] = table[..., inside]
        return dense


def _variable(array: zarr.Array, places: _Places, leading: tuple[str, ...]) -> xr.Variable:
    root = Path(str(array.store_path.store.root)) / Path(array.path).parent
    view = _DenseView(root, Path(array.path).name, places)
    # Chunks of the store in pathway and year, so that each is decoded once; squares match the table's order.
    chunks = (*array.chunks[: len(leading)], SQUARE, SQUARE)
    lazy = da.from_array(view, chunks=chunks, name=f"cube-{array.path}-{root}", fancy=False)
    # Zarr's own spelling of the fill value is none that GDAL or xarray can write again.
    attributes = {key: value for key, value in array.attrs.asdict().items() if key != "_FillValue"}
    return xr.Variable((*leading, "y", "x"), lazy, attrs={**attributes, "grid_mapping": "spatial_ref"})


def _dense_layers(folder: Path, projection: zarr.Group, places: _Places) -> dict[str, xr.Variable]:
    inputs = zarr.open_group(folder / INPUTS, mode="r")
    told = zarr.open_group(folder / CELLS, mode="r")["grid/status"]
    status = da.from_zarr(told)
    solved = _variable(projection["cell_status"], places, ()).data
    # Where the table has a cell, the run's own word stands; elsewhere the reason why there is none. A study cell of
    # which the run has no word yet is unfinished.
    reason = da.where(status == Status.PREDICTED, Status.UNFINISHED, status).rechunk(solved.chunks)
    merged = da.where(solved >= 0, solved, reason).astype(np.int8)
    mapping = {"grid_mapping": "spatial_ref"}
    country = da.from_zarr(inputs["country"])
    return {
        "status": xr.Variable(("y", "x"), merged, told.attrs.asdict() | mapping),
        "country": xr.Variable(("y", "x"), country, inputs["country"].attrs.asdict() | mapping),
    }


def coordinates_of(projection: zarr.Group, grid: Grid) -> dict[str, object]:
    """Return pathways, years, x, y (m) and the reference system of a run, as coordinates of a dataset."""
    crs = CRS.from_user_input(grid.crs)
    transform = " ".join(repr(float(number)) for number in grid.geotransform)
    reference = crs.to_cf() | {"spatial_ref": crs.to_wkt(), "GeoTransform": transform}
    y, x = (
        xr.Variable(
            (name,),
            values,
            {"units": "m", "standard_name": f"projection_{name}_coordinate", "axis": name.upper()},
        )
        for name, values in (("y", grid.y), ("x", grid.x))
    )
    return {
        "pathway": ("pathway", np.array([str(name) for name in projection["pathway"][:]])),
        "year": ("year", np.asarray(projection["year"][:])),
        "y": y,
        "x": x,
        "spatial_ref": ((), 0, reference),
    }


def attributes_of(projection: zarr.Group) -> dict[str, object]:
    """Return what a run's store says of itself: title, recipe, predictor, start year, digests."""
    return {key: value for key, value in projection.attrs.asdict().items() if key not in ("grid",)}
