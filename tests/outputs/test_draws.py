"""Law: a draw is kept whole or not at all, and a store of another run is made anew."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
import zarr

from eurosic.base.errors import StoreError
from eurosic.base.summed import SUMMED
from eurosic.outputs.draws import UNCERTAINTY, create_draws, open_draws

SHAPE = (len(SUMMED), 2, 3, 4)


@pytest.fixture
def store(tmp_path):
    """Three draws of four cells, of a table of ten."""
    owner = np.array([0, 0, 1, 1, 1, 2, 3, 3, -1, 3])
    return create_draws(tmp_path, "run", draws=3, leading=(2, 3), cells=np.array([0, 2, 5, 7]), owner=owner)


def test_draws_come_back_within_the_rounding_of_two_bytes(store, tmp_path):
    """Whichever order they come in; the thinned table beside them."""
    drawn = np.random.default_rng(0).normal(size=(3, *SHAPE)).astype(np.float32)
    for draw in (2, 0, 1):
        store.write(draw, drawn[draw], outside=draw, failed=1)
    again = open_draws(tmp_path, "run")
    assert again is not None
    np.testing.assert_allclose(again.deviations(), drawn, rtol=0.008)
    cells, owner = again.thinned()
    assert cells.tolist() == [0, 2, 5, 7]
    assert owner[8] == -1
    assert again.number == 3
    assert again.shares() == {"outside": 0.25, "failed": 0.25}


def test_who_opens_the_store_with_xarray_has_its_unit(store, tmp_path):
    """`scale_factor` is applied once, by xarray as by the house."""
    for draw in range(3):
        store.write(draw, np.full(SHAPE, 0.375, np.float32), outside=0, failed=0)
    opened = xr.open_zarr(tmp_path / UNCERTAINTY, consolidated=False, chunks=None)["deviation"]
    assert opened.attrs["units"] == "kg m-2"
    np.testing.assert_array_equal(opened.values, 0.375)
    np.testing.assert_array_equal(store.deviations(), 0.375)


@pytest.mark.parametrize("other", ["dtype", "scale"])
def test_draws_that_another_version_kept_are_refused(store, tmp_path, other):
    """Their numbers would be 1024 times too small; of another digest they are made anew."""
    group = zarr.open_group(tmp_path / UNCERTAINTY, mode="r+")
    if other == "dtype":
        group.create_array("deviation", shape=(3, *SHAPE), dtype=np.float32, overwrite=True)
    else:
        del group["deviation"].attrs["scale_factor"]
    with pytest.raises(StoreError, match=r"another version of eurosic wrote it.*draws are made anew"):
        open_draws(tmp_path)
    assert open_draws(tmp_path, "other") is None


def test_what_was_cut_off_is_missing(store, tmp_path):
    """A draw whose values are there, but not its mark, is drawn again."""
    store.write(1, np.ones(SHAPE, np.float32), outside=0, failed=0)
    zarr.open_group(tmp_path / UNCERTAINTY, mode="r+")["deviation"][2] = 1.0
    assert store.missing() == [0, 2]


def test_draws_that_are_missing_are_not_read_as_zeros(store):
    """A part of them would be an interval that is too narrow."""
    store.write(1, np.ones(SHAPE, np.float32), outside=0, failed=0)
    with pytest.raises(StoreError, match=r"2 of 3 draws are not finished.*Give the run's command again"):
        store.deviations()


def test_another_run_finds_nothing_and_makes_its_own(store, tmp_path):
    """Nor does a store that was cut off while it was made count."""
    store.write(1, np.ones(SHAPE, np.float32), outside=0, failed=0)
    assert open_draws(tmp_path, "other") is None
    made = create_draws(
        tmp_path, "other", draws=2, leading=(2, 3), cells=np.array([1]), owner=np.zeros(10, np.int64)
    )
    assert made.missing() == [0, 1]
    del zarr.open_group(tmp_path / UNCERTAINTY, mode="r+").attrs["digest"]
    assert open_draws(tmp_path) is None
    assert open_draws(tmp_path / "nowhere") is None
