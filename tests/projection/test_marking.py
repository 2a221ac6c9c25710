"""Law: a square tells the status and study cells that all layers at once would tell, reading no more than it must."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.flags import Status
from eurosic.base.grid import Grid, space_key
from eurosic.inputs.study import DECIDING, StudyOptions, study_status
from eurosic.projection import marking as module
from eurosic.projection.marking import Marking, squares

GRID = Grid("EPSG:3035", 1000.0, 4_000_000.0, 3_000_000.0, 37, 53)
REQUIRED = ("arable_fraction", "calcareous_probability", "carbonate", "monthly_temperature")
STATUS = partial(study_status, countries=[40], required=REQUIRED, options=StudyOptions())


def _layers(seed: int, arable: float = 0.5) -> dict[str, np.ndarray]:
    """Return layers of which every reason for a status occurs, missing values of each among them."""
    random = np.random.default_rng(seed)

    def holed(values: np.ndarray) -> np.ndarray:
        return np.where(random.random(values.shape) < 0.05, np.nan, values).astype(np.float32)

    share = np.where(random.random(GRID.shape) < arable, random.random(GRID.shape), 0.0)
    return {
        "country": random.choice([0, 40, 250], GRID.shape).astype(np.int16),
        "arable_fraction": holed(share),
        "calcareous_probability": holed(random.random(GRID.shape)),
        "carbonate": holed(random.random(GRID.shape)),
        "monthly_temperature": holed(random.random((12, *GRID.shape))),
    }


class _Read:
    """An array that knows how many of its cells were asked for."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.cells = values, values.shape, 0

    def __getitem__(self, window: tuple) -> np.ndarray:
        found = self.values[window]
        self.cells += found[..., :, :].shape[-1] * found.shape[-2]
        return found


@pytest.fixture(autouse=True)
def _small_squares(monkeypatch):
    """Sixteen cells along a side, so that a small grid has whole squares, cut ones and corners."""
    monkeypatch.setattr(module, "SQUARE", 16)


# --- laws ---


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), arable=st.sampled_from([0.0, 0.02, 0.5]))
@pytest.mark.parametrize("deciding", [(), DECIDING])
def test_squares_say_what_the_whole_grid_says(deciding, seed, arable):
    """Status of every cell, and every layer at each study cell; with layers left out where they cannot matter."""
    layers = _layers(seed, arable)
    status, wanted = np.full(GRID.shape, -1, np.int8), STATUS(layers)
    for square in squares(layers, GRID, Marking(STATUS, {}, deciding=deciding)):
        assert (status[square.window] == -1).all()
        status[square.window] = square.status
        assert (wanted[square.row, square.column] == Status.PREDICTED).all()
        for name, values in square.layers.items():
            at = np.moveaxis(layers[name][..., square.row, square.column], -1, 0)
            np.testing.assert_array_equal(values, at)
    np.testing.assert_array_equal(status, wanted)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999))
def test_study_cells_follow_each_other_in_space(seed):
    """Each once, ordered by its Morton code over all squares."""
    layers = _layers(seed)
    found = list(squares(layers, GRID, Marking(STATUS, {}, deciding=DECIDING)))
    row, column = (np.concatenate([getattr(square, axis) for square in found]) for axis in ("row", "column"))
    assert len(row) == np.count_nonzero(STATUS(layers) == Status.PREDICTED) > 20
    assert (np.diff(space_key(row, column).astype(np.int64)) > 0).all()


# --- what is read ---


def test_where_the_deciding_layers_leave_no_cell_no_other_is_read():
    """Arable land in one square only: of the others only three layers are read, and each of them once."""
    layers = {name: _Read(values) for name, values in _layers(3, arable=0.0).items()}
    for name in DECIDING:
        layers[name].values = np.nan_to_num(layers[name].values)
    layers["country"].values[:] = 40
    layers["arable_fraction"].values[20:24, 20:24] = 0.5
    layers["calcareous_probability"].values[20:24, 20:24] = 0.9
    assert sum(len(s.row) for s in squares(layers, GRID, Marking(STATUS, {}, deciding=DECIDING))) > 0
    read = {name: layer.cells for name, layer in layers.items()}
    assert read == dict.fromkeys(DECIDING, GRID.rows * GRID.columns) | {
        "carbonate": 256,
        "monthly_temperature": 256,
    }


def test_layers_that_no_column_is_made_of_are_left_alone(tmp_path):
    """A store may hold more than the table needs."""
    group = zarr.create_group(tmp_path / "inputs.zarr")
    for name, values in (_layers(0) | {"magnetism": np.zeros(GRID.shape)}).items():
        group.create_array(name, data=values)
    (first, *_) = squares(dict(group.arrays()), GRID, Marking(STATUS, {}))
    assert set(first.layers) == set(_layers(0))
