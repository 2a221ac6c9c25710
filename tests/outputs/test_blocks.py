"""Law: what is read for a screen is what is stored, and no more is remembered than was allowed."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import zarr

from eurosic.outputs.blocks import Blocks

CELLS, SHARD, PATHWAYS, YEARS, HIGH = 1000, 128, 2, 5, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the engine's shape: shards of cells, chunks of one pathway and three years."""
    folder = tmp_path_factory.mktemp("run")
    projection = zarr.open_group(folder / "projection.zarr", mode="w")
    values = np.random.default_rng(3).normal(size=(PATHWAYS, YEARS, CELLS)).astype("float32")
    stored = {"shards": (PATHWAYS, 2 * HIGH, SHARD), "chunks": (1, HIGH, 32)}
    projection.create_array("change", data=values, **stored)
    projection.create_array("regime", data=(np.abs(values) > 1).astype("int8"), **stored)
    projection.create_array("cell_status", data=np.zeros(CELLS, "int8"), shards=(SHARD,), chunks=(32,))
    projection.create_array("year", data=np.arange(2020, 2020 + YEARS))
    cells = zarr.open_group(folder / "cells.zarr", mode="w")
    cells.create_array("row", data=np.arange(CELLS, dtype="int32"))
    cells.create_array("grid/status", data=np.arange(60, dtype="int8").reshape(6, 10))
    return folder


@pytest.fixture(scope="module")
def stored(folder: Path) -> np.ndarray:
    """All values."""
    return zarr.open_group(folder / "projection.zarr", mode="r")["change"][:]


@pytest.mark.parametrize(
    "cells", [slice(0, CELLS), slice(100, 400), slice(128, 256), slice(999, 1000), slice(5, 5)]
)
@pytest.mark.parametrize("year", [0, 2, 3, 4])
def test_a_range_is_given_whole_and_in_order(folder, stored, cells, year):
    """Shard by shard, each with its place."""
    parts = list(Blocks(folder).values("change", 1, year, cells))
    assert [at for part, _ in parts for at in range(part.start, part.stop)] == list(
        range(cells.start, cells.stop)
    )
    found = np.concatenate([values for _, values in parts]) if parts else np.zeros(0)
    np.testing.assert_array_equal(found, stored[1, year, cells])


def test_nothing_is_read_before_it_is_asked_for(folder):
    """Opening holds no value, and a range reads its own shards only."""
    blocks = Blocks(folder)
    assert blocks.held_bytes() == 0
    list(blocks.values("change", 0, 0, slice(130, 140)))
    assert blocks.held_bytes() == HIGH * SHARD * 4


def test_the_next_year_is_there_already(folder, monkeypatch):
    """The years of a stored chunk are decoded together."""
    blocks = Blocks(folder)
    list(blocks.values("change", 0, 0, slice(0, 10)))
    monkeypatch.setattr(zarr.Array, "__getitem__", lambda *_: pytest.fail("read again"))
    list(blocks.values("change", 0, 2, slice(0, 10)))


def test_no_more_is_remembered_than_allowed(folder, stored):
    """What was not looked at for longest is forgotten first, and read again when it is wanted."""
    block = HIGH * SHARD * 4
    blocks = Blocks(folder, kept=3 * block)
    for pathway in range(PATHWAYS):
        for year in range(YEARS):
            for part, values in blocks.values("change", pathway, year, slice(0, CELLS)):
                np.testing.assert_array_equal(values, stored[pathway, year, part])
                assert blocks.held_bytes() <= 3 * block


def test_threads_of_one_browser_get_the_same(folder, stored):
    """Whoever asks first."""
    blocks, found = Blocks(folder, kept=5000), {}

    def look(year: int) -> None:
        found[year] = np.concatenate(
            [values for _, values in blocks.values("change", 0, year, slice(0, CELLS))]
        )

    threads = [threading.Thread(target=look, args=(year,)) for year in range(YEARS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for year, values in found.items():
        np.testing.assert_array_equal(values, stored[0, year])
    assert len(found) == YEARS


def test_one_cell_is_read_at_full_resolution(folder, stored):
    """All pathways and years, as they are stored; windows of the dense layer, too."""
    blocks = Blocks(folder)
    np.testing.assert_array_equal(blocks.course("change", 777), stored[..., 777].astype(float))
    assert blocks.single("cell_status", 3) == 0.0
    assert blocks.coordinate("year") == (2020, 2021, 2022, 2023, 2024)
    assert blocks.column("row")[17] == 17
    np.testing.assert_array_equal(blocks.status(slice(2, 4), slice(0, 2)), [[20, 21], [30, 31]])
    assert blocks.has("change")
    assert not blocks.has("gold")
