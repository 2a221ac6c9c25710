"""Law: tiled equals whole, tiles in any order and of any size give equal values, and nothing is done twice."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
import xarray as xr
import zarr
from dask.utils import key_split
from distributed import Client, LocalCluster

from eurosic.base.errors import ClusterError, StoreError
from eurosic.base.grid import tiles_of
from eurosic.base.vocabulary import STOCKS, TARGETS
from eurosic.outputs.ledger import Ledger
from eurosic.outputs.store import TileWriter, create_store, damaged_tiles
from eurosic.projection.project import TileTask, project_here, project_tiles, unfinished
from eurosic.projection.table import CellTable, write_table
from eurosic.projection.template import Extent, template
from eurosic.projection.tile import TileSpec
from tests.toy import GRID, TOY_MARKING, ToyForcing, ToyPredictor, toy_derive, toy_inputs

EVERY_YEAR = tuple(range(2020, 2031))
YEARS = (2020, 2025, 2030)


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> CellTable:
    """A small world's cell table."""
    folder = tmp_path_factory.mktemp("world")
    inputs = toy_inputs(folder / "inputs.zarr")
    return write_table(
        folder / "cells.zarr", inputs, grid=GRID, marking=TOY_MARKING, derive=toy_derive, digest="d"
    )


def _task(table: CellTable, folder, tile: int, **predictor) -> TileTask:
    extent = Extent(("baseline", "less"), YEARS, EVERY_YEAR, table.countries, table.cells, tile)
    toy = ToyPredictor(**predictor)
    store, ledger = folder / "projection.zarr", Ledger(folder / "ledger", "digest")
    create_store(store, template(toy.signature, extent), ledger=ledger, attributes={})
    spec = TileSpec(np.eye(2), reported=(0, 5, 10), countries=table.countries, batch=50)
    return TileTask(
        table, ToyForcing((1.0, 0.5), len(EVERY_YEAR)), toy, spec, TileWriter(store, ledger), ledger
    )


def _values(folder) -> xr.Dataset:
    return xr.open_zarr(folder / "projection.zarr", consolidated=False, chunks=None).load()


def test_any_tile_size_and_any_order_give_equal_values(table, tmp_path):
    """One tile, tiles of 64 forwards, tiles of 37 backwards: the same cell table, bit for bit."""
    found = []
    for k, (size, step) in enumerate([(4096, 1), (64, 1), (37, -1)]):
        folder = tmp_path / str(k)
        tiles = list(tiles_of(table.cells, size))
        assert len(list(project_here(_task(table, folder, size), tiles[::step]))) == len(tiles)
        found.append(_values(folder))
    for name in (*TARGETS, *STOCKS, "cell_status"):
        np.testing.assert_array_equal(found[0][name].values, found[1][name].values)
        np.testing.assert_array_equal(found[0][name].values, found[2][name].values)
    for name in ("total", "total_area"):
        np.testing.assert_allclose(found[0][name].sum("tile"), found[1][name].sum("tile"), rtol=1e-12)


def test_every_promised_array_has_the_promised_shape_type_and_shards(table, tmp_path):
    """One tile is one shard of each variable, and flags are int8."""
    task = _task(table, tmp_path, 100)
    group = zarr.open_group(task.writer.store)
    for name in TARGETS:
        assert group[name].shape == (2, 3, table.cells)
        assert group[name].shards[-1] == 100
        assert group[name].dtype == (np.int8 if TARGETS[name].flags else np.float32)
    assert group["total"].shape[0] == -(-table.cells // 100)


def test_finished_tiles_are_not_done_again_and_the_rest_is(table, tmp_path):
    """After some tiles, a new start does only the others; the end is as if it had never stopped."""
    tiles = list(tiles_of(table.cells, 64))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    list(project_here(_task(table, whole, 64), tiles))
    list(project_here(_task(table, cut, 64), tiles[:3]))
    again = _task(table, cut, 64, rate=999.0)  # a predictor that would give other values where it is asked
    assert unfinished(tiles, again.ledger) == tiles[3:]
    assert [again(tile).index for tile in tiles[:3]] == [0, 1, 2]
    list(project_here(_task(table, cut, 64), unfinished(tiles, again.ledger)))
    xr.testing.assert_identical(_values(whole), _values(cut))


def test_a_record_of_another_digest_or_range_or_a_torn_one_proves_nothing(table, tmp_path):
    """Only a readable record of this very tile and digest counts."""
    task = _task(table, tmp_path, 64)
    tile = next(tiles_of(table.cells, 64))
    list(project_here(task, [tile]))
    assert task.ledger.finished(tile) is not None
    assert Ledger(task.ledger.folder, "other").finished(tile) is None
    assert task.ledger.finished(next(tiles_of(table.cells, 32))) is None
    (tmp_path / "ledger" / "tile-000000.json").write_text('{"index": 0, "sta')
    assert task.ledger.finished(tile) is None


def test_a_damaged_shard_is_found_by_its_checksum(table, tmp_path):
    """A value changed, or a shard cut short, after the record was written is named with its tile and array."""
    task = _task(table, tmp_path, 64)
    tiles = list(tiles_of(table.cells, 64))
    list(project_here(task, tiles))
    assert damaged_tiles(task.writer.store, task.ledger, tiles) == {}
    zarr.open_group(task.writer.store, mode="r+")["sic_change_0_30cm"][0, 1, 70] = 3.0
    (task.writer.store / "ph_lab_0_30cm" / "c" / "0" / "0" / "2").write_bytes(b"torn")
    found = damaged_tiles(task.writer.store, task.ledger, tiles)
    assert found == {tiles[1]: ["sic_change_0_30cm"], tiles[2]: ["ph_lab_0_30cm"]}


@pytest.fixture(scope="module")
def client():
    """Two worker processes."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _in_process() -> LocalCluster:
    # `dashboard_address` None takes the first free port and warns where it is not 8787.
    return LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0")


def test_workers_give_what_one_process_gives(table, tmp_path, client):
    """The same tiles on two worker processes leave the same store, and nothing is left on the workers."""
    tiles = list(tiles_of(table.cells, 64))
    here, there = tmp_path / "here", tmp_path / "there"
    list(project_here(_task(table, here, 64), tiles))
    records = list(project_tiles(_task(table, there, 64), tiles, client))
    assert sorted(record.index for record in records) == list(range(len(tiles)))
    xr.testing.assert_identical(_values(here), _values(there))
    assert not any(client.has_what().values())


def test_tasks_are_named_by_run_and_tile(table, tmp_path, client):
    """The dashboard groups them as `project`, and each name says its run and tile."""
    task, tiles = _task(table, tmp_path, 64), list(tiles_of(table.cells, 64))
    seen = set()
    for _ in project_tiles(task, tiles, client):
        seen |= set(client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks)))
    assert seen <= {f"project-digest-tile-{tile.index:06d}" for tile in tiles}
    assert {key_split(key) for key in ("project-0123abcd-tile-000012", "project-deadbeef-tile-000000")} == {
        "project"
    }


def test_a_tile_that_fails_is_noted_with_its_worker_and_its_reason(table, tmp_path, client):
    """The error that comes is the tile's own; the note says where it happened; what was finished is kept."""
    task, tiles = _task(table, tmp_path, 64), list(tiles_of(table.cells, 64))
    shutil.rmtree(task.writer.store / "ph_soil_0_30cm")
    noted: list[str] = []
    with pytest.raises(StoreError, match=r"tile \d+ could not be written \(No such file"):
        list(project_tiles(task, tiles, client, note=noted.append))
    pattern = r"tile \d+ \(cells \d+ to \d+\) failed on worker \d \(tcp://127.0.0.1:\d+\): StoreError: .*"
    assert len(noted) == 1
    assert re.fullmatch(pattern, noted[0])


def test_a_scheduler_that_dies_is_told_as_such(table, tmp_path):
    """Losing the scheduler is no tile's fault; the message says that finished tiles are kept."""
    task, tiles = _task(table, tmp_path, 4), list(tiles_of(table.cells, 4))
    with _in_process() as cluster, Client(cluster) as client:
        records = project_tiles(task, tiles, client)
        next(records)
        client.shutdown()
        with pytest.raises(ClusterError, match=r"scheduler is gone.*finished tiles are kept"):
            list(records)


def test_another_projection_in_the_folder_is_refused_and_left_alone(table, tmp_path):
    """A store of another digest is neither used nor changed."""
    task = _task(table, tmp_path, 64)
    list(project_here(task, list(tiles_of(table.cells, 64))))
    before = _values(tmp_path)
    extent = Extent(("baseline",), YEARS, EVERY_YEAR, table.countries, table.cells, 64)
    with pytest.raises(StoreError, match="another recipe, inputs or predictor"):
        create_store(
            task.writer.store,
            template(ToyPredictor().signature, extent),
            ledger=Ledger(tmp_path / "ledger", "new"),
            attributes={},
        )
    xr.testing.assert_identical(before, _values(tmp_path))


def test_a_disk_that_cannot_be_written_leaves_the_tile_unrecorded(table, tmp_path, monkeypatch):
    """A full disk is told with the tile and what to do; the run resumes."""
    task = _task(table, tmp_path, 64)
    tile = next(tiles_of(table.cells, 64))

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("eurosic.outputs.store._write_region", full)
    with pytest.raises(
        StoreError, match=r"tile 0 could not be written \(No space left on device\).*finished tiles"
    ):
        list(project_here(task, [tile]))
    assert task.ledger.finished(tile) is None
