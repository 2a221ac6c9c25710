"""Law: the lazy cell table is the cube without its empty cells, and is read where it is asked."""

from __future__ import annotations

import numpy as np
import pytest
from zarr.storage import LocalStore

from eurosic.base.errors import StoreError
from eurosic.base.flags import Status
from eurosic.base.vocabulary import AREA, STOCKS, TARGETS
from eurosic.outputs.cell_table import open_cell_table
from eurosic.outputs.cube import open_projection
from tests.outputs.test_cube import run  # noqa: F401 - a finished toy projection
from tests.toy import GRID


def test_the_table_laid_on_its_grid_is_the_cube(run):  # noqa: F811
    """Every variable that both hold, bit for bit; where no row stands, the cube is empty."""
    table, cube = open_cell_table(run), open_projection(run)
    rows, columns = table["row"].values, table["column"].values
    elsewhere = np.ones(GRID.shape, dtype=bool)
    elsewhere[rows, columns] = False
    shared = [name for name in (*TARGETS, *STOCKS, AREA.name) if name in cube]
    assert "regime" in shared
    for name in shared:
        dense = cube[name].values
        assert table[name].dtype == dense.dtype
        np.testing.assert_array_equal(table[name].values, dense[..., rows, columns])
        empty = dense[..., elsewhere]
        assert (empty == -1).all() if name == "regime" else np.isnan(empty).all()


def test_a_study_cell_has_a_word_of_the_run_and_one_of_the_grid(run):  # noqa: F811
    """`cell_status` is what became of it, `grid_status` why it is studied, and elsewhere why not."""
    table, cube = open_cell_table(run), open_projection(run)
    rows, columns = table["row"].values, table["column"].values
    np.testing.assert_array_equal(table["cell_status"].values, cube["status"].values[rows, columns])
    known = table["grid_status"].values == Status.PREDICTED
    assert known.sum() == table.sizes["cell"] == known[rows, columns].sum()
    np.testing.assert_array_equal(table["grid_status"].values[~known], cube["status"].values[~known])


def test_it_has_the_cubes_coordinates_and_words(run):  # noqa: F811
    """Pathways, years, x, y, reference system, title, start year."""
    table, cube = open_cell_table(run), open_projection(run)
    for name in ("pathway", "year", "y", "x", "spatial_ref"):
        assert table[name].identical(cube[name])
    assert table.attrs == {key: value for key, value in cube.attrs.items() if key != "values_digest"}


def test_nothing_is_read_before_it_is_asked_for(run, monkeypatch):  # noqa: F811
    """Opening and selecting read no shard; a range of cells reads the shards in which it lies."""
    read: set[str] = set()
    plain = LocalStore.get

    async def noted(self, key, *further, **named):
        read.add(key)
        return await plain(self, key, *further, **named)

    monkeypatch.setattr(LocalStore, "get", noted)
    table = open_cell_table(run)
    part = table["sic_change_0_200cm"].sel(pathway="less", year=2025, drop=True).isel(cell=slice(70, 90))
    # Labels are read, values are not.
    assert not {key.split("/c/")[0] for key in read if "/c/" in key} & {*table.data_vars, "grid/status"}
    read.clear()
    assert part.values.shape == (20,)
    # Tiles of 64 cells, a shard each.
    assert {key for key in read if "/c/" in key} == {"sic_change_0_200cm/c/0/0/1"}


def test_a_folder_without_a_projection_is_refused(tmp_path):
    """The error says what a run folder holds."""
    with pytest.raises(StoreError, match=r"holds no projection; wanted a folder with projection.zarr"):
        open_cell_table(tmp_path)
