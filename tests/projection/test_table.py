"""Law: the cell table holds every study cell once, neighbours together, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import StoreError
from eurosic.base.flags import Status
from eurosic.base.grid import Tile, tiles_of
from eurosic.projection import table as tables
from eurosic.projection.table import CellTable, open_table, write_table
from tests.toy import GRID, TOY_MARKING, toy_derive, toy_inputs


def _table(folder, **options) -> CellTable:
    return write_table(
        folder / "cells.zarr",
        toy_inputs(folder / "inputs.zarr", **options),
        grid=GRID,
        marking=TOY_MARKING,
        derive=toy_derive,
        digest="d",
    )


def test_a_row_carries_its_place_its_area_and_what_is_derived(tmp_path):
    """By hand: the first row is the cell that its row and column name."""
    table = _table(tmp_path)
    rows = table.rows(Tile(0, 0, table.cells))
    inputs = zarr.open_group(tmp_path / "inputs.zarr")
    r, c = int(rows["row"][0]), int(rows["column"][0])
    assert inputs["arable_fraction"][r, c] > 0
    assert zarr.open_group(tmp_path / "cells.zarr")["grid/status"][r, c] == Status.PREDICTED
    assert rows["y"][0] == GRID.y[r]
    assert rows["x"][0] == GRID.x[c]
    share = float(inputs["arable_fraction"][r, c]) * float(inputs["calcareous_probability"][r, c])
    assert rows["calcareous_arable_area"][0] == pytest.approx(1e8 * share)
    assert rows["nitrate_leached"][0] == pytest.approx(float(inputs["mineral_n"][r, c]) / 1400)
    assert table.countries == (40, 250)


@pytest.mark.parametrize("rows", [7, 10, 64])
def test_a_table_made_in_pieces_is_the_table_made_at_once(tmp_path, monkeypatch, rows):
    """Whatever ends with a piece: the same rows, in the same order, and nothing twice."""
    whole = _table(tmp_path / "whole")
    monkeypatch.setattr(tables, "_ROWS", rows)
    pieces = _table(tmp_path / "pieces")
    assert pieces.cells == whole.cells > rows
    assert pieces.countries == whole.countries
    one, other = (table.rows(Tile(0, 0, whole.cells)) for table in (whole, pieces))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@settings(max_examples=50, deadline=None)
@given(cells=st.integers(0, 5000), size=st.integers(1, 600))
def test_tiles_cover_the_table_once(cells, size):
    """Tiles follow each other without gap or overlap."""
    tiles = list(tiles_of(cells, size))
    assert sum(tile.size for tile in tiles) == cells
    assert [tile.start for tile in tiles[1:]] == [tile.stop for tile in tiles[:-1]]
    assert all(0 < tile.size <= size for tile in tiles)


def test_a_whole_table_is_used_again_and_another_digest_or_a_cut_one_is_not(tmp_path):
    """Only a finished table of the same digest is opened."""
    table = _table(tmp_path)
    assert open_table(table.path, "d") == table
    assert open_table(table.path, "other") is None
    del zarr.open_group(table.path, mode="r+").attrs["digest"]
    assert open_table(table.path, "d") is None
    assert open_table(tmp_path / "absent.zarr", "d") is None


def test_no_study_cell_is_refused_with_what_to_look_at(tmp_path):
    """A world without calcareous arable land is an error, not an empty cube."""
    with pytest.raises(StoreError, match=r"no cell is calcareous and arable.*thresholds"):
        _table(tmp_path, share=-1.0)
