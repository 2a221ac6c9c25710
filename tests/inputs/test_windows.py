"""Law: a window of what is put together of rasters is that window of the whole, and nothing else is read."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.inputs.readers import open_source
from eurosic.inputs.windows import ByYear, Combined, Flipped, Joined, Raster, Turned, Windowed, lazy_array
from tests.inputs.rasters import LAEA, clay_tif, entry


class Whole(Windowed):
    """An array in memory that notes which windows were asked for."""

    def __init__(self, values):
        """Keep the values."""
        self.values, self.read_windows = np.asarray(values, np.float32), []

    @property
    def shape(self):
        """Of the array."""
        return self.values.shape

    def read(self, window):
        """Return the window, noted."""
        self.read_windows.append(window)
        return self.values[window]


def some(*shape, seed=0):
    """Values that differ in every cell, a tenth of them missing."""
    values = np.random.default_rng(seed).uniform(1, 99, shape).astype(np.float32)
    values[values > 90] = np.nan
    return Whole(values)


# By hand -------------------------------------------------------------------------------------------------------


def test_a_globe_is_turned_at_greenwich():
    """Columns 0 to 3 with the seam at 2: 2 3 0 1; a window across the seam is read in two parts."""
    globe = Whole([[0, 1, 2, 3], [4, 5, 6, 7]])
    turned = Turned(globe, 2)
    assert turned[:, :].tolist() == [[2, 3, 0, 1], [6, 7, 4, 5]]
    globe.read_windows.clear()
    assert turned[0, 1:3].tolist() == [3, 0]
    assert [window[1] for window in globe.read_windows] == [slice(3, 4), slice(0, 1)]


def test_a_mean_over_years_lacks_what_a_month_lacks():
    """Two years of one cell: 1 to 12 have the mean 6.5; a year with a gap has none."""
    months = np.arange(1.0, 25.0).reshape(24, 1, 1)
    months[20] = np.nan
    np.testing.assert_array_equal(ByYear(Whole(months), mean=True)[:, 0, 0], [6.5, np.nan])


def test_what_is_missing_in_one_part_is_missing_in_the_sum():
    """1 + 10, 2 + nothing; weighted 0.25 and 0.75."""
    parts = (Whole([[1, 2]]), Whole([[10, np.nan]]))
    np.testing.assert_array_equal(Combined(parts)[:, :], [[11, np.nan]])
    np.testing.assert_array_equal(Combined(parts, (0.25, 0.75))[:, :], [[7.75, np.nan]])


# Laws -----------------------------------------------------------------------------------------------------------

PUT_TOGETHER = {
    "flipped": lambda: Flipped(some(3, 6, 8), (-2, -1)),
    "turned": lambda: Turned(some(3, 6, 8), 3),
    "years": lambda: ByYear(some(24, 6, 8), mean=False),
    "means": lambda: ByYear(some(24, 6, 8), mean=True),
    "joined": lambda: Joined((some(6, 8), some(6, 8, seed=1), some(6, 8, seed=2))),
    "summed": lambda: Combined((some(3, 6, 8), some(3, 6, 8, seed=1))),
    "weighted": lambda: Combined((some(6, 8), some(6, 8, seed=1), some(6, 8, seed=2)), (0.2, 0.3, 0.5)),
    "all": lambda: Turned(Flipped(Combined((some(6, 8), some(6, 8, seed=1))), (-2,)), 5),
}


def keys(shape):
    """Integers and slices with any positive step, one an axis."""
    steps = st.one_of(st.none(), st.integers(1, 3))
    axes = [
        st.integers(0, size - 1) | st.builds(slice, st.integers(0, size), st.integers(0, size), steps)
        for size in shape
    ]
    return st.tuples(*axes)


@pytest.mark.parametrize("kind", PUT_TOGETHER)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_window_is_that_window_of_the_whole(kind, data):
    """Bit for bit, for every way of putting rasters together, empty windows too."""
    made = PUT_TOGETHER[kind]()
    whole = made[(slice(None),) * made.ndim]
    assert whole.shape == made.shape
    key = data.draw(keys(made.shape))
    np.testing.assert_array_equal(made[key], whole[key])


@settings(max_examples=20, deadline=None)
@given(key=keys((6, 8)))
def test_no_more_is_read_than_is_asked_for(key):
    """The values read are those between the first and the last that are wanted."""
    inner = some(6, 8)
    wanted = Flipped(inner, (-2, -1))[key]
    read = [np.prod([max(at.stop - at.start, 0) for at in window]) for window in inner.read_windows]
    step = [at.step or 1 if isinstance(at, slice) else 1 for at in key]
    assert sum(read) <= max(wanted.size, 1) * np.prod(step)


def test_a_list_of_places_is_read_as_the_window_around_them():
    """Dask hands lists down as they are."""
    inner = some(6, 8)
    np.testing.assert_array_equal(inner[np.array([4, 1, 4]), 2:5], inner.values[[4, 1, 4], 2:5])
    assert inner.read_windows == [(slice(1, 5), slice(2, 5))]


# Lazy -----------------------------------------------------------------------------------------------------------


def test_dask_reads_windows_and_not_chunks():
    """A corner of a chunk reads the corner."""
    inner = some(3, 60, 80)
    lazy = lazy_array(inner, ((3,), (60,), (80,)))
    got = lazy[:, 10:12, 20:23].compute(scheduler="sync")
    np.testing.assert_array_equal(got, inner.values[:, 10:12, 20:23])
    assert inner.read_windows == [(slice(0, 3), slice(10, 12), slice(20, 23))]


def test_years_are_chunks_of_their_own():
    """A cell needs the months of a year, and not those of thirty."""
    series = Raster(
        ByYear(some(36, 6, 8), mean=False),
        ("climate_year", "month", "y", "x"),
        {"climate_year": np.arange(3), "month": np.arange(1, 13), "y": np.arange(6.0), "x": np.arange(8.0)},
        LAEA,
    )
    assert series.lazy().chunks[:2] == ((1, 1, 1), (12,))


def test_what_a_worker_is_sent_does_not_grow_with_the_raster(tmp_path):
    """Coordinates of a large raster would be more than its window: they stay behind."""
    sizes = []
    for side in (40, 1000):
        folder = tmp_path / str(side)
        path = clay_tif(folder, np.full((side, side), 20.0, np.float32))
        sizes.append(len(pickle.dumps(open_source(entry(), (path,)).data)))
    assert sizes[1] <= sizes[0] + 200
