"""Totals of a finished run by polygon: read the store tile by tile, weigh, sum, write.

*Enters:* the folder of a run, a file of polygons. *Leaves:* ``totals_by_NAME.csv`` and ``.gpkg`` in that folder, each
whole or absent; those over other polygons stay. One tile of one variable is in memory at a time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import shapely
import zarr
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from scipy.sparse import csr_array

from eurosic.base.errors import StoreError
from eurosic.base.grid import Grid
from eurosic.base.pathway import BASELINE
from eurosic.base.vocabulary import AREA
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.run_store import RECORD, disk_told, read_record
from eurosic.outputs.store import CELLS, PROJECTION, recorded_tiles
from eurosic.report.polygon_totals import COUNTED, PolygonSums, polygon_csv, polygon_table
from eurosic.report.polygons import Polygons, covers, read_polygons
from eurosic.workflow.area_files import Into, digest_of_polygons
from eurosic.workflow.exporting import check_finished
from eurosic.workflow.uncertainty import polygon_intervals


@dataclass(frozen=True)
class AreaTotals:
    """The table of totals by polygon, and the files it went to."""

    table: pd.DataFrame
    paths: tuple[Path, Path]


def totals_by(
    folder: Path,
    by: Path,
    *,
    name: str = "",
    skip_outside: bool = False,
    by_source: bool = False,
    into: Into | None = None,
) -> AreaTotals:
    """Sum a finished run over the polygons of a file; write CSV and GeoPackage, into the run's folder or elsewhere.

    `by_source` adds the intervals of each source of uncertainty alone.

    Raises
    ------
    StoreError
        If the run is not finished, totals over other polygons lie there, or the disk is full or read-only.
    InputError
        If the file holds no polygons that can be used, or totals cannot be put where they are to go.
    GridError
        If polygons lie outside the grid (unless `skip_outside`, and some do not).
    """
    check_finished(folder)
    _check_closed(folder)
    group = zarr.open_group(folder / PROJECTION, mode="r")
    grid = Grid(**group.attrs["grid"])
    into = into or Into()
    paths = into.paths(folder, by)
    polygons = read_polygons(by, grid, name=name, skip_outside=skip_outside)
    source = f"SHA-256 {digest_of_polygons(by)}, named by {polygons.field or 'number'}"
    into.check(paths, source)
    shares = _shares(folder, polygons, grid)
    found = polygon_sums(folder, polygons, shares)
    intervals = polygon_intervals(folder, shares, polygons.names, by_source=by_source)
    table = polygon_table(found, baseline=BASELINE, intervals=intervals)
    title, digest = str(group.attrs.get("title", "a projection")), str(group.attrs.get("recipe_digest", ""))
    with disk_told(folder):
        text = polygon_csv(
            table,
            title=title,
            by=by.name,
            digest=digest,
            intervals=intervals.about(),
            source=f"Polygons: {by.name}, {source}",
        )
        write_atomically(paths[0], text)
        _write_geopackage(paths[1], table, polygons, grid)
    return AreaTotals(table, paths)


def _check_closed(folder: Path) -> None:
    """Raise `StoreError` unless a run came to its end: self-check and draws come after the last tile."""
    state = (read_record(folder) or {}).get("state", "not recorded")
    if state != "finished":
        raise StoreError(
            str(folder),
            f"the run is not finished ({RECORD}: {state})",
            wanted="a run with its self-check and its draws: intervals are made of them",
            do="Give the run's command again: what is finished is kept.",
        )


def polygon_sums(folder: Path, polygons: Polygons, shares: csr_array) -> PolygonSums:
    """Return the area sums of a run over polygons, of each of which `shares` ``(cell, polygon)`` lie in cells."""
    group = zarr.open_group(folder / PROJECTION, mode="r")
    every = np.asarray(zarr.open_group(folder / CELLS, mode="r")[AREA.name][:], dtype=np.float64)
    weights = csr_array(shares * every[:, None])
    _, tiles = recorded_tiles(folder)
    years = tuple(int(year) for year in group["year"][:])
    pathways = tuple(str(pathway) for pathway in group["pathway"][:])
    sources = tuple(dict.fromkeys(quantity.source for quantity in COUNTED))
    sums = {name: np.zeros((len(pathways), len(years), len(polygons))) for name in sources}
    area = np.zeros(len(polygons))
    for tile in tiles:
        part = weights[tile.cells]
        if not part.nnz:
            continue
        valid = np.ones(tile.size, dtype=bool)
        for name in sources:
            values = np.asarray(group[name][..., tile.cells], dtype=np.float64)
            known = np.isfinite(values)
            valid &= known.all(axis=(0, 1))
            flat = np.where(known, values, 0.0).reshape(-1, tile.size)
            sums[name] += (part.T @ flat.T).T.reshape(sums[name].shape)
        area += part.T @ valid
    whole = np.asarray(weights.sum(axis=0)).ravel()
    # A sum of parts may exceed the whole by rounding.
    without = np.where(whole - area > 1e-9 * whole, whole - area, 0.0)
    start = int(group.attrs["start_year"])
    return PolygonSums(polygons.names, pathways, years, start, sums, area, without, polygons.on_grid)


def _shares(folder: Path, polygons: Polygons, grid: Grid) -> csr_array:
    """Return the share of each study cell in each polygon, ``(cell, polygon)``."""
    cells = zarr.open_group(folder / CELLS, mode="r")
    rows, columns = (np.asarray(cells[name][:], dtype=np.int64) for name in ("row", "column"))
    places = rows * grid.columns + columns
    order = np.argsort(places)
    study = np.zeros(grid.shape, dtype=bool)
    study[rows, columns] = True
    found, shares, owners = [], [], []
    for i, cover in enumerate(covers(polygons, grid, study)):
        found.append(order[np.searchsorted(places, cover.cells, sorter=order)])
        shares.append(cover.shares)
        owners.append(np.full(len(cover.cells), i))
    data, where = np.concatenate(shares), (np.concatenate(found), np.concatenate(owners))
    return csr_array((data, where), shape=(len(rows), len(polygons)))


def _write_geopackage(path: Path, table: pd.DataFrame, polygons: Polygons, grid: Grid) -> None:
    """Write the polygons with the last year's totals, and the whole table beside them."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial.gpkg")
    try:
        # Shapes once, not once a year: the long table joins them by `polygon`.
        last = table[table["year"] == table["year"].max()]
        told = [q.column + end for q in COUNTED for end in ("", "_p05", "_p95") if q.column + end in last]
        wide = last.pivot(index="polygon", columns="pathway", values=told)
        wide.columns = pd.Index([f"{column}_{pathway}" for column, pathway in wide.columns])
        areas = last.drop_duplicates("polygon").set_index("polygon")[["area_Mha", "year", "interval"]]
        whole = areas.join(wide).loc[list(polygons.names)].reset_index()
        shapes = [
            shapely.multipolygons([p for p in shapely.get_parts(s) if p.geom_type == "Polygon"])
            for s in polygons.shapes
        ]
        geometry = shapely.to_wkb(np.array(shapes, dtype=object))
        _write_layer(aside, "polygons", whole, geometry=geometry, crs=grid.crs)
        _write_layer(aside, "totals", table)
        aside.replace(path)
    except (DataSourceError, DataLayerError) as error:
        # GDAL's own words for a disk that takes no more.
        raise StoreError(
            str(path),
            f"could not be written ({error})",
            wanted="a disk with room that may be written",
            do="Make room or correct the permissions, then give the same command.",
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def _write_layer(
    path: Path,
    layer: str,
    table: pd.DataFrame,
    *,
    geometry: NDArray[np.object_] | None = None,
    crs: str | None = None,
) -> None:
    pyogrio.raw.write(
        path,
        geometry,
        [table[name].to_numpy() for name in table.columns],
        [str(name) for name in table.columns],
        layer=layer,
        driver="GPKG",
        geometry_type=None if geometry is None else "MultiPolygon",
        crs=crs,
        append=path.exists(),
        # What Debian 12's GDAL reads without a warning.
        dataset_options={"VERSION": "1.2"},
    )
