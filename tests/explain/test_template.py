"""Law: what is promised of a store of attributions is what a tile writes: one shard of each array, units told."""

from __future__ import annotations

import dask
import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.grid import Tile, tiles_of
from eurosic.explain.groups import groups_of
from eurosic.explain.levers import LEVERS
from eurosic.explain.targets import TARGETS
from eurosic.explain.template import Explained, Extent, template
from eurosic.outputs.ledger import Ledger
from eurosic.outputs.store import TileWriter, create_store
from tests.toy import refuse_to_compute

LEVER = tuple(LEVERS)[:2]


def _extent(tile: int = 4) -> Extent:
    groups = groups_of(["carbonate", "mineral_n", "drainage"])
    return Extent(("baseline", "less"), (2050, 2100), TARGETS, groups, LEVER, tile)


def _explained(cells: int) -> Explained:
    places = np.arange(cells, dtype=np.int64) * 3
    return Explained(places, places * -1.0, places * 1.0, np.full(cells, 1e6))


def _promised(cells: int, tile: int = 4) -> xr.Dataset:
    extent = _extent(tile)
    return template(extent, _explained(cells), np.arange(12.0).reshape(extent.piece))


def test_every_array_ends_in_the_cell_axis_and_names_its_own():
    """Pathway, horizon, target, then group or lever; places, weights and base values are there beforehand."""
    found = _promised(10)
    piece = ("pathway", "horizon", "target")
    assert found["attribution"].dims == (*piece, "group", "cell")
    assert found["lever_attribution"].dims == (*piece, "lever", "cell")
    assert found["prediction"].dims == (*piece, "cell")
    assert found["regime"].dims == ("pathway", "horizon", "cell")
    assert found["base_value"].values[1, 1, 2] == 11.0
    assert found["cell"].values.tolist() == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]
    assert found["target_unit"].values.tolist() == ["kg m-2", "kg m-2", "1"]
    assert found["group_label"].values.tolist()[-1] == "mineral N fertilizer"


def test_nothing_is_computed_for_a_promise():
    """However many cells there are: a hundred million cost no more than ten."""
    with dask.config.set(scheduler=refuse_to_compute):
        found = template(_extent(16_384), _explained(1_000_000), np.zeros((2, 2, 3)))
    assert found["attribution"].nbytes > 1e8
    assert found["attribution"].chunks is not None


@settings(max_examples=20)
@given(cells=st.integers(1, 30), tile=st.integers(1, 12))
def test_a_tile_is_one_shard_of_every_array(cells, tile):
    """So that every shard has one writer, whatever the length of the last tile."""
    for name, variable in _promised(cells, tile).items():
        if name != "base_value":
            assert variable.encoding["shards"][-1] == tile
            assert variable.encoding["shards"][:-1] == variable.shape[:-1]
            sizes = zip(variable.encoding["shards"], variable.encoding["chunks"], strict=True)
            assert all(shard % chunk == 0 for shard, chunk in sizes)


def test_tiles_come_back_as_they_were_written(tmp_path):
    """By the writer of every projection; what no tile wrote is missing, not zero."""
    promised, ledger = _promised(10), Ledger(tmp_path / "ledger", "one")
    create_store(tmp_path / "a.zarr", promised, ledger=ledger, attributes={"title": "toy"})
    writer, tiles = TileWriter(tmp_path / "a.zarr", ledger), list(tiles_of(10, 4))
    for tile in tiles[:2]:
        writer.write(tile, _arrays(promised, tile), seconds=0.0)
    found = xr.open_zarr(tmp_path / "a.zarr", consolidated=False).load()
    np.testing.assert_array_equal(found["prediction"][0, 0, 0], [0.0] * 4 + [1.0] * 4 + [np.nan] * 2)
    assert found["regime"].values[0, 0].tolist() == [0] * 4 + [1] * 4 + [-1] * 2
    assert found["area"].values.tolist() == [1e6] * 10
    assert found["pathway"].values.tolist() == ["baseline", "less"]
    assert zarr.open_group(tmp_path / "a.zarr", mode="r").attrs["digest"] == "one"


def _arrays(promised: xr.Dataset, tile: Tile) -> dict[str, np.ndarray]:
    """Return arrays that hold the number of their tile."""
    return {
        str(name): np.full((*variable.shape[:-1], tile.size), tile.index, variable.dtype)
        for name, variable in promised.items()
        if name != "base_value"
    }


def test_a_run_without_levers_keeps_an_empty_axis(tmp_path):
    """The baseline alone moves nothing: an array of no levers, that can be written and read."""
    groups = groups_of(["carbonate"])
    extent = Extent(("baseline",), (2100,), TARGETS, groups, (), 4)
    promised = template(extent, _explained(4), np.zeros(extent.piece))
    ledger = Ledger(tmp_path / "ledger", "none")
    create_store(tmp_path / "a.zarr", promised, ledger=ledger, attributes={})
    TileWriter(tmp_path / "a.zarr", ledger).write(
        Tile(0, 0, 4), _arrays(promised, Tile(0, 0, 4)), seconds=0.0
    )
    found = xr.open_zarr(tmp_path / "a.zarr", consolidated=False)
    assert found["lever_attribution"].shape == (1, 1, 3, 0, 4)
    assert float(found["prediction"].max()) == pytest.approx(0.0)
