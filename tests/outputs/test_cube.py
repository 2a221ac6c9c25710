"""Law: the lazy cube is the cell table laid on its grid, computed nowhere until asked for."""

from __future__ import annotations

from dataclasses import asdict

import dask
import numpy as np
import pytest
import rioxarray  # noqa: F401 - registers .rio
import xarray as xr

from eurosic.base.errors import StoreError
from eurosic.base.flags import Status
from eurosic.base.grid import tiles_of
from eurosic.base.vocabulary import TARGETS
from eurosic.outputs.cube import open_projection, open_totals
from eurosic.outputs.ledger import Ledger
from eurosic.outputs.store import TileWriter, create_store
from eurosic.projection.project import TileTask, project_here
from eurosic.projection.table import write_table
from eurosic.projection.template import Extent, template
from eurosic.projection.tile import TileSpec
from tests.toy import GRID, TOY_MARKING, ToyForcing, ToyPredictor, refuse_to_compute, toy_derive, toy_inputs

EVERY_YEAR = tuple(range(2020, 2031))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished toy projection."""
    folder = tmp_path_factory.mktemp("run")
    inputs = toy_inputs(folder / "inputs.zarr")
    table = write_table(
        folder / "cells.zarr", inputs, grid=GRID, marking=TOY_MARKING, derive=toy_derive, digest="d"
    )
    toy = ToyPredictor()
    extent = Extent(("baseline", "less"), (2020, 2025, 2030), EVERY_YEAR, table.countries, table.cells, 64)
    store, ledger = folder / "projection.zarr", Ledger(folder / "ledger", "digest")
    attributes = {"grid": asdict(GRID), "start_year": 2020, "title": "toy"}
    create_store(store, template(toy.signature, extent), ledger=ledger, attributes=attributes)
    spec = TileSpec(np.eye(2), reported=(0, 5, 10), countries=table.countries, batch=50)
    task = TileTask(
        table, ToyForcing((1.0, 0.5), len(EVERY_YEAR)), toy, spec, TileWriter(store, ledger), ledger
    )
    list(project_here(task, list(tiles_of(table.cells, 64))))
    return folder


def _scattered(run, name: str) -> np.ndarray:
    """The dense array by plain xarray and NumPy."""
    table = xr.open_zarr(run / "projection.zarr", consolidated=False, chunks=None)[name]
    cells = xr.open_zarr(run / "cells.zarr", consolidated=False, chunks=None)
    fill = -1 if TARGETS[name].flags else np.nan
    dense = np.full((*table.shape[:2], *GRID.shape), fill, dtype=table.dtype)
    dense[:, :, cells["row"].values, cells["column"].values] = table.values
    return dense


@pytest.mark.parametrize("name", ["sic_change_0_200cm", "regime"])
def test_the_cube_equals_the_table_scattered_by_hand(run, name):
    """Every value of the cube is where plain NumPy puts it."""
    np.testing.assert_array_equal(open_projection(run)[name].values, _scattered(run, name))


def test_any_window_of_the_cube_equals_the_same_window_of_the_whole(run):
    """Selections by label and by place agree with the dense array."""
    cube, dense = open_projection(run)["sic_change_0_30cm"], _scattered(run, "sic_change_0_30cm")
    np.testing.assert_array_equal(
        cube.isel(y=slice(3, 17), x=slice(20, 39))[1, 2].values, dense[1, 2, 3:17, 20:39]
    )
    np.testing.assert_array_equal(cube[0, ::2, ::-4, 1:30:3].values, dense[0, ::2, ::-4, 1:30:3])
    chosen = cube.sel(pathway="less", year=2025, y=GRID.y[7], x=GRID.x[9])
    np.testing.assert_array_equal(chosen.values, dense[1, 1, 7, 9])


def test_opening_computes_nothing(run):
    """Opening and selecting stay lazy, whatever the size."""
    with dask.config.set(scheduler=refuse_to_compute):
        cube = open_projection(run)
        window = cube["sic_change_0_200cm"].sel(pathway="baseline").isel(y=slice(0, 5))
        assert window.shape == (3, 5, GRID.columns)


def test_the_cube_is_placed_north_up_with_its_crs_and_units(run):
    """GIS tools find the CRS, the transform and units; y decreases."""
    cube = open_projection(run)
    assert cube.rio.crs.to_epsg() == 3035
    assert (np.diff(cube.y.values) < 0).all()
    assert tuple(cube.rio.transform())[:6] == (10_000, 0, 4_000_000, 0, -10_000, 3_000_000)
    assert cube["sic_change_0_200cm"].attrs["units"] == "kg m-2"
    assert cube["sic_change_0_200cm"].attrs["grid_mapping"] == "spatial_ref"


def test_status_says_why_a_cell_has_no_value(run):
    """Where the table has a cell the status is its own; elsewhere that of the inputs."""
    cube = open_projection(run)
    has_value = np.isfinite(cube["sic_change_0_200cm"].isel(pathway=0, year=0).values)
    assert ((cube["status"].values == Status.PREDICTED) == has_value).all()
    assert set(np.unique(cube["status"].values)) == {Status.PREDICTED, Status.SEA}


def test_totals_are_the_cube_weighted_by_area(run):
    """Tile sums equal the sum over the cube of change x area, by country."""
    cube, totals = open_projection(run), open_totals(run)
    change = cube["sic_change_0_200cm"] * cube["calcareous_arable_area"]
    for country in totals["country"].values:
        by_hand = change.where(cube["country"] == country).sum(("y", "x"))
        np.testing.assert_allclose(
            totals["sic_change_0_200cm"].sel(country=country, year=[2020, 2025, 2030]), by_hand, rtol=1e-5
        )
    assert totals["sic_change_0_200cm"].attrs["units"] == "kg"
    assert totals["dic_leaching"].attrs["units"] == "kg yr-1"


def test_a_folder_without_a_projection_is_refused(tmp_path):
    """The error says what a run folder holds."""
    with pytest.raises(StoreError, match=r"holds no projection; wanted a folder with projection.zarr"):
        open_projection(tmp_path)


def test_what_users_do_with_a_cube_works(run, tmp_path):
    """Writing it as NetCDF, and reprojecting a map with rioxarray, need nothing that the cube does not have."""
    cube = open_projection(run)
    cube[["sic_change_0_200cm", "regime"]].to_netcdf(tmp_path / "cube.nc")
    again = xr.open_dataset(tmp_path / "cube.nc", decode_coords="all")
    np.testing.assert_array_equal(again["sic_change_0_200cm"], cube["sic_change_0_200cm"])
    last = cube["sic_change_0_200cm"].sel(pathway="less", year=2030)
    there = last.rio.reproject("EPSG:4326")
    assert np.isfinite(there.values).any()
    assert there.rio.crs.to_epsg() == 4326
