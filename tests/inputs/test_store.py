"""Law: `inputs.zarr` holds exactly the layers asked for, is whole or absent, and survives being killed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
import zarr
from distributed import Client

from eurosic.base.errors import InputError, StoreError
from eurosic.base.grid import Grid
from eurosic.base.request import Correction, LayerRequest
from eurosic.inputs import align, store
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.digests import inputs_digest
from eurosic.inputs.prepare import prepare_layers
from eurosic.inputs.regions import make_regions
from eurosic.inputs.store import open_inputs, write_inputs
from eurosic.inputs.windows import Windowed, cut, lazy_array
from tests.inputs.rasters import GRID, LAEA, catalog, clay_tif, entry
from tests.toy import refuse_to_compute

# Three by three shards of 128 cells, the last ones partial.
WIDE = Grid(LAEA, 1000.0, 4_000_000.0, 3_000_000.0, 300, 280)
CLAY = [LayerRequest("clay", "clay")]


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of 128 x 128 cells, so that a small grid has several."""
    monkeypatch.setattr(store, "SQUARE", 128)
    monkeypatch.setattr(align, "SQUARE", 128)


def made(name="clay", grid=WIDE, dims=("y", "x"), lead=(), values=None):
    """A lazy layer whose values differ in every cell, with some missing."""
    if values is None:
        values = np.linspace(
            1, 99, int(np.prod(lead, dtype=int)) * grid.rows * grid.columns, dtype=np.float32
        )
        values[::7] = np.nan
    coords = {"y": grid.y, "x": grid.x} | {
        dim: np.arange(size) + 1 for dim, size in zip(dims, lead, strict=False)
    }
    data = da.from_array(values.reshape((*lead, *grid.shape)), chunks=(*lead, 100, 90))
    layer = xr.DataArray(data, dims=dims, coords=coords, name=name).rio.write_crs(grid.crs)
    layer.encoding.pop("grid_mapping", None)
    return layer.assign_attrs(units="%", source="made", grid_mapping="spatial_ref")


def both():
    """Two layers: one static, one with months."""
    return {
        "clay": made(),
        "monthly_precipitation": made("monthly_precipitation", dims=("month", "y", "x"), lead=(12,)),
    }


def tree(path):
    """Every file below a folder, with its bytes."""
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


# By hand -------------------------------------------------------------------------------------------------------


def test_what_is_opened_is_what_was_written(tmp_path, small_shards):
    """Values, missing cells, coordinates, attributes, CRS; chunks of Dask and of the store need not agree."""
    layers = both()
    record = write_inputs(tmp_path / "inputs.zarr", layers, grid=WIDE, digest="d1")
    got = open_inputs(tmp_path / "inputs.zarr")
    for name, layer in layers.items():
        np.testing.assert_array_equal(got[name].to_numpy(), layer.to_numpy())
        assert got[name].attrs["source"] == "made"
        assert got[name].rio.crs.to_epsg() == 3035
        assert record.coverage[name] == pytest.approx(6 / 7, rel=1e-3)
    assert got.y[0] > got.y[-1]
    assert not record.reused


def test_the_store_is_as_other_tools_want_it(tmp_path, small_shards):
    """Zarr v3, sharded, NaN as fill and as CF's missing value, no consolidated metadata, no _CRS."""
    write_inputs(tmp_path / "inputs.zarr", both(), grid=WIDE, digest="d1")
    group = zarr.open_group(tmp_path / "inputs.zarr", mode="r", zarr_format=3)
    array = group["clay"]
    assert array.shards == (128, 128)
    assert np.isnan(array.fill_value)
    assert array.attrs["grid_mapping"] == "spatial_ref"
    assert "_CRS" not in array.attrs
    assert group.metadata.consolidated_metadata is None
    assert "crs_wkt" in group["spatial_ref"].attrs
    assert {path.name for path in (tmp_path / "inputs.zarr").iterdir()} >= {"clay", "y", "x", "zarr.json"}


def test_it_is_reused_while_nothing_changed(tmp_path):
    """The second call computes nothing and says so."""
    layers = {"clay": made()}
    first = write_inputs(tmp_path / "inputs.zarr", layers, grid=WIDE, digest="d1")
    before = tree(tmp_path)
    with dask.config.set(scheduler=refuse_to_compute):
        again = write_inputs(tmp_path / "inputs.zarr", layers, grid=WIDE, digest="d1")
    assert again.reused
    assert again.coverage == first.coverage
    assert tree(tmp_path) == before


def test_country_codes_stay_whole_numbers(tmp_path):
    """With 0 for none; a float would be no code."""
    codes = np.zeros(WIDE.shape, np.int16)
    codes[5:50, 5:50] = 276
    layer = made("country", values=codes)
    write_inputs(tmp_path / "inputs.zarr", {"country": layer}, grid=WIDE, digest="d")
    got = open_inputs(tmp_path / "inputs.zarr").country
    assert got.dtype == np.int16
    np.testing.assert_array_equal(got, codes)
    assert got.attrs["coverage"] == pytest.approx((codes > 0).mean())


def test_years_are_split_where_memory_wants_it(tmp_path, monkeypatch, small_shards):
    """A shard holds as many years as fit, and cells keep their values."""
    monkeypatch.setattr(store, "_SHARD_BYTES", 3 * 4 * 128 * 128)
    layer = made("annual_temperature", dims=("climate_year", "y", "x"), lead=(7,), values=None)
    layer = layer.copy(data=layer.data / 4)
    write_inputs(tmp_path / "inputs.zarr", {"annual_temperature": layer}, grid=WIDE, digest="d")
    assert zarr.open_array(tmp_path / "inputs.zarr" / "annual_temperature", mode="r").shards == (3, 128, 128)
    got = open_inputs(tmp_path / "inputs.zarr").annual_temperature
    np.testing.assert_array_equal(got.to_numpy(), layer.to_numpy())


# Laws -----------------------------------------------------------------------------------------------------------


def test_requests_that_give_other_numbers_have_another_digest(tmp_path):
    """Data, corrections, grid, entry: all count. Licence and order of the requests do not."""
    clay_tif(tmp_path)
    known = catalog(entry())

    def digest(requests=CLAY, sources=known, grid=GRID):
        return inputs_digest(requests, catalog=sources, grid=grid, data=tmp_path)

    corrected = [LayerRequest("clay", "clay", corrections=(Correction("multiply", 2.0, "twice"),))]
    constant = LayerRequest("sand", constant=30.0)
    first = digest()
    others = [
        digest(corrected),
        digest(grid=WIDE),
        digest(sources=catalog(entry(resampling="smooth"))),
        digest([*CLAY, constant]),
    ]
    clay_tif(tmp_path, np.zeros(GRID.shape, np.float32))
    others.append(digest())
    assert len({first, *others}) == 6
    assert digest(sources=catalog(entry(licence="other"))) == digest()
    assert digest([constant, *CLAY]) == digest([*CLAY, constant])


def test_digests_of_files_are_kept_and_dropped_when_files_change(tmp_path):
    """The cache is right or useless, never wrong; a damaged one is ignored."""
    path, cache = clay_tif(tmp_path), tmp_path / "digests.json"
    how = {"catalog": catalog(entry()), "grid": GRID, "data": tmp_path, "cache": cache}
    first = inputs_digest(CLAY, **how)
    assert cache.is_file()
    assert inputs_digest(CLAY, **how) == first
    clay_tif(tmp_path, np.zeros(GRID.shape, np.float32))
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    changed = inputs_digest(CLAY, **how)
    assert changed != first
    cache.write_text("{ half")
    assert inputs_digest(CLAY, **how) == changed


def test_a_failure_on_the_way_keeps_what_is_done_and_the_rest_is_made_later(tmp_path, small_shards):
    """Nothing is under the final name meanwhile; the end is as if nothing had happened."""
    good, calls = made(), []

    def failing(block, block_info=None):
        calls.append(1)
        if len(calls) > 6:
            raise RuntimeError("disk full")
        return block

    bad = good.copy(data=good.data.map_blocks(failing, dtype=np.float32, meta=np.empty((0, 0), np.float32)))
    path = tmp_path / "inputs.zarr"
    with dask.config.set(scheduler="sync"), pytest.raises(RuntimeError, match="disk full"):
        write_inputs(path, {"clay": bad}, grid=WIDE, digest="d")
    assert not path.exists()
    done = len(list((tmp_path / "inputs.zarr.part" / "marks").glob("*.json")))
    assert done > 0
    with pytest.raises(StoreError, match=r"is unfinished. Run the recipe: what is finished is kept"):
        open_inputs(path)
    write_inputs(path, {"clay": good}, grid=WIDE, digest="d")
    np.testing.assert_array_equal(open_inputs(path).clay.to_numpy(), good.to_numpy())
    assert not (tmp_path / "inputs.zarr.part").exists()


def test_a_shard_that_does_not_match_its_marker_is_made_again(tmp_path, small_shards):
    """A marker alone proves nothing."""
    layer = made()
    part, path = tmp_path / "inputs.zarr.part", tmp_path / "inputs.zarr"
    store._begin(part, {"clay": layer}, "d")
    store._write_regions(part, {"clay": layer}, "d")
    (part / "store" / "clay" / "c" / "0" / "1").unlink()
    write_inputs(path, {"clay": layer}, grid=WIDE, digest="d")
    np.testing.assert_array_equal(open_inputs(path).clay.to_numpy(), layer.to_numpy())


KILLED = """
import os, sys
from pathlib import Path
import dask, numpy as np
from eurosic.inputs import align, store
from tests.inputs import test_store as t
align.SQUARE = store.SQUARE = 128
made, seen = t.made(), []
def dying(block, block_info=None):
    seen.append(1)
    if len(seen) > int(sys.argv[2]):
        os._exit(9)
    return block
layer = made.copy(data=made.data.map_blocks(dying, dtype=np.float32, meta=np.empty((0, 0), np.float32)))
with dask.config.set(scheduler="sync"):
    store.write_inputs(Path(sys.argv[1]), {"clay": layer}, grid=t.WIDE, digest="d")
"""


@pytest.mark.parametrize("blocks", [0, 5])
def test_a_killed_process_leaves_nothing_that_misleads_the_next(tmp_path, small_shards, blocks):
    """Killed before the first shard, or after some: the next call ends with the same bytes as an unkilled one."""
    path = tmp_path / "inputs.zarr"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(blocks)], cwd=root, check=False)
    assert done.returncode == 9
    assert not path.exists()
    write_inputs(path, {"clay": made()}, grid=WIDE, digest="d")
    write_inputs(tmp_path / "whole.zarr", {"clay": made()}, grid=WIDE, digest="d")
    assert tree(path) == tree(tmp_path / "whole.zarr")


def counted(layer):
    """The same layer, and a list of the windows that were made of it."""
    values, made_of = layer.to_numpy(), []

    class Counted(Windowed):
        shape = values.shape

        def read(self, window):
            made_of.append(tuple(at.start for at in window))
            return values[window]

    return layer.copy(data=lazy_array(Counted(), tuple(cut(size, 128) for size in values.shape))), made_of


def test_what_is_done_is_not_made_again(tmp_path, small_shards):
    """After a failure on the way, the windows of finished shards are not asked for a second time."""
    layer, asked = counted(made())
    path, part = tmp_path / "inputs.zarr", tmp_path / "inputs.zarr.part"
    store._begin(part, {"clay": layer}, "d")
    regions = list(store._in_order({"clay": layer}))
    make_regions({"clay": layer.data}, regions[:5], store=part / "store", marks=part / "marks")
    first = list(asked)
    write_inputs(path, {"clay": layer}, grid=WIDE, digest="d")
    assert len(asked) == len(set(asked)) == 9
    assert asked[:5] == first


def test_any_number_of_tasks_ends_with_the_same_bytes(tmp_path, small_shards, monkeypatch):
    """Two tasks for eighteen shards, or a task a shard."""
    layers = both()
    write_inputs(tmp_path / "many.zarr", layers, grid=WIDE, digest="d")
    monkeypatch.setattr(store, "_TASKS", 2)
    seen = []
    with dask.config.set(scheduler=lambda graph, keys, **_: dask.get(seen.append(len(keys)) or graph, keys)):
        write_inputs(tmp_path / "few.zarr", layers, grid=WIDE, digest="d")
    assert seen == [2]
    assert tree(tmp_path / "many.zarr") == tree(tmp_path / "few.zarr")


def test_the_windowed_way_ends_with_the_values_of_the_whole_arrays(tmp_path, small_shards):
    """From real readers and country outlines: each shard by itself, or the layer at once."""
    fine = np.random.default_rng(1).uniform(5, 60, (600, 620)).astype(np.float32)
    clay_tif(tmp_path, fine, corner=(WIDE.west - 3000.0, WIDE.north + 3000.0), pixel=510.0)
    asked = [*CLAY, LayerRequest("country", "natural-earth-outlines"), LayerRequest("mineral_n", "fubc-2018")]
    known = load_catalog()
    sources = catalog(entry(), known.source("fubc-2018"), known.source("natural-earth-outlines"))
    layers = prepare_layers(asked, catalog=sources, grid=WIDE, data=tmp_path)
    write_inputs(tmp_path / "inputs.zarr", layers, grid=WIDE, digest="d")
    opened = open_inputs(tmp_path / "inputs.zarr")
    for name, layer in layers.items():
        np.testing.assert_array_equal(opened[name].to_numpy(), layer.to_numpy())


def peak_of_writing(folder, side):
    """Bytes of Python at most while a raster of twice as many pixels as cells a side is aligned and written."""
    clay_tif(folder, np.full((2 * side, 2 * side), 20.0, np.float32), pixel=500.0)
    grid = Grid(LAEA, 1000.0, GRID.west, GRID.north, side, side)
    layers = prepare_layers(CLAY, catalog=catalog(entry(resampling="nearest")), grid=grid, data=folder)
    gc.collect()
    tracemalloc.start()
    with dask.config.set(scheduler="sync"):
        write_inputs(folder / "inputs.zarr", layers, grid=grid, digest="d")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_raster(tmp_path, small_shards, monkeypatch):
    """Sixteen times the pixels and cells take what one window takes; the whole raster would be 20 times as much."""
    # Tasks are a thousand at most, however large the raster: as many for both, lest they be what is measured.
    monkeypatch.setattr(store, "_TASKS", 16)
    for side in (300, 1200):  # whatever is made but once is made before it is measured
        peak_of_writing(tmp_path / f"warm-{side}", side)
    small, large = (peak_of_writing(tmp_path / str(side), side) for side in (300, 1200))
    assert large < 1.5 * small
    assert large < 4 * 2400**2 / 3


@pytest.mark.slow
def test_other_processes_write_the_same(tmp_path, small_shards):
    """Under a distributed client with worker processes, from real readers, which must travel."""
    fine = np.random.default_rng(1).uniform(5, 60, (600, 620)).astype(np.float32)
    clay_tif(tmp_path, fine, corner=(WIDE.west - 3000.0, WIDE.north + 3000.0), pixel=510.0)
    rates = LayerRequest("mineral_n", "fubc-2018")
    sources = catalog(entry(), load_catalog().source("fubc-2018"))
    layers = prepare_layers([*CLAY, rates], catalog=sources, grid=WIDE, data=tmp_path)
    write_inputs(tmp_path / "threads.zarr", layers, grid=WIDE, digest="d")
    with Client(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None):
        write_inputs(tmp_path / "processes.zarr", layers, grid=WIDE, digest="d")
    assert tree(tmp_path / "threads.zarr") == tree(tmp_path / "processes.zarr")


# Lazy -----------------------------------------------------------------------------------------------------------


def test_opening_computes_nothing(tmp_path):
    """A Dask-backed dataset."""
    write_inputs(tmp_path / "inputs.zarr", {"clay": made()}, grid=WIDE, digest="d")
    with dask.config.set(scheduler=refuse_to_compute):
        assert open_inputs(tmp_path / "inputs.zarr").clay.chunks is not None


# Refusals -------------------------------------------------------------------------------------------------------


def test_inputs_of_another_recipe_are_not_overwritten(tmp_path):
    """Both digests are named."""
    write_inputs(tmp_path / "inputs.zarr", {"clay": made()}, grid=WIDE, digest="aaaa")
    before = tree(tmp_path)
    with pytest.raises(StoreError, match="holds inputs with digest aaaa; wanted bbbb"):
        write_inputs(tmp_path / "inputs.zarr", {"clay": made()}, grid=WIDE, digest="bbbb")
    assert tree(tmp_path) == before


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path):
    """Neither under the name, nor beside it, nor to read."""
    (tmp_path / "inputs.zarr").mkdir()
    (tmp_path / "inputs.zarr" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="exists and holds no inputs of eurosic"):
        write_inputs(tmp_path / "inputs.zarr", {"clay": made()}, grid=WIDE, digest="d")
    with pytest.raises(StoreError, match="holds no inputs of eurosic"):
        open_inputs(tmp_path / "inputs.zarr")
    (tmp_path / "other.zarr.part").mkdir()
    (tmp_path / "other.zarr.part" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="exists and is not ours"):
        write_inputs(tmp_path / "other.zarr", {"clay": made()}, grid=WIDE, digest="d")
    assert len(tree(tmp_path)) == 2


def test_the_unfinished_work_of_another_recipe_is_replaced(tmp_path):
    """It has no name yet and no use."""
    store._begin(tmp_path / "inputs.zarr.part", {"clay": made()}, "old")
    write_inputs(tmp_path / "inputs.zarr", {"clay": made()}, grid=WIDE, digest="new")
    assert open_inputs(tmp_path / "inputs.zarr").attrs["inputs_digest"] == "new"


def test_nothing_written_says_so(tmp_path):
    """And what to do."""
    with pytest.raises(StoreError, match=r"does not exist. Run the recipe"):
        open_inputs(tmp_path / "inputs.zarr")


def test_values_out_of_range_are_counted_and_placed(tmp_path, small_shards):
    """Over all regions, with the first in reading order; nothing gets the final name."""
    values = np.full(WIDE.shape, 30.0, np.float32)
    values[200, 250], values[3, 7], values[3, 200] = 101.0, -2.0, 900.0
    layer = made(values=values)
    with pytest.raises(
        InputError,
        match=r"'clay' from 'made': 3 values outside the valid range; first at y 2996500, x 4007500: -2 %; wanted",
    ):
        write_inputs(tmp_path / "inputs.zarr", {"clay": layer}, grid=WIDE, digest="d")
    assert not (tmp_path / "inputs.zarr").exists()


def test_a_layer_without_any_value_is_refused(tmp_path):
    """All nodata is no layer."""
    layer = made(values=np.full(WIDE.shape, np.nan, np.float32))
    with pytest.raises(InputError, match="has no value in any cell of the grid"):
        write_inputs(tmp_path / "inputs.zarr", {"clay": layer}, grid=WIDE, digest="d")
