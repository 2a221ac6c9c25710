"""Law: a shard is put in its place as a whole, is what Zarr itself would have written, and never goes missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.outputs.ledger import sweep
from eurosic.outputs.shard import write_shard

CELLS, SHARD = 25, 10


def _array(path: Path) -> Path:
    zarr.create_array(
        path, shape=(2, CELLS), chunks=(1, 5), shards=(2, SHARD), dtype="float32", fill_value=np.nan
    )
    return path


def _files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()
    }


def _write(array: Path, shard: int, values: np.ndarray) -> None:
    cells = slice(shard * SHARD, min((shard + 1) * SHARD, CELLS))
    write_shard(array, (0, shard), values, region=(..., cells))


@settings(max_examples=20)
@given(st.permutations([0, 1, 2]), st.integers(0, 2**32 - 1))
def test_shards_in_any_order_are_the_array_that_zarr_writes(tmp_path_factory, order, seed):
    """The same files, byte for byte, the last one cut off by the array's edge."""
    folder = tmp_path_factory.mktemp("shards")
    values = np.random.default_rng(seed).normal(size=(2, CELLS)).astype(np.float32)
    ours, theirs = _array(folder / "ours"), _array(folder / "theirs")
    zarr.open_array(theirs, mode="r+")[:] = values
    for shard in order:
        _write(ours, shard, values[:, shard * SHARD : (shard + 1) * SHARD])
    assert _files(ours) == _files(theirs)


def test_a_torn_shard_is_replaced_without_being_read(tmp_path):
    """What lies in the place is worth nothing, even at the array's edge, where Zarr would read it."""
    array = _array(tmp_path / "a")
    _write(array, 2, np.ones((2, 5), np.float32))
    (array / "c" / "0" / "2").write_bytes(b"torn")
    _write(array, 2, np.full((2, 5), 2.0, np.float32))
    np.testing.assert_array_equal(zarr.open_array(array)[:, 20:], 2.0)


def test_only_fill_values_leave_no_file(tmp_path):
    """A shard that was there before is removed."""
    array = _array(tmp_path / "a")
    _write(array, 1, np.ones((2, SHARD), np.float32))
    _write(array, 1, np.full((2, SHARD), np.nan, np.float32))
    assert set(_files(array)) == {"zarr.json"}


def test_a_disk_that_fills_up_leaves_the_earlier_shard(tmp_path, monkeypatch):
    """Between the start of a write and its end the earlier shard is whole."""
    array = _array(tmp_path / "a")
    _write(array, 0, np.ones((2, SHARD), np.float32))
    before = _files(array)["c/0/0"]

    def full(descriptor: int) -> None:
        assert _files(array)["c/0/0"] == before
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            _write(array, 0, np.zeros((2, SHARD), np.float32))
    assert _files(array)["c/0/0"] == before
    sweep(array)
    assert set(_files(array)) == {"zarr.json", "c/0/0"}
