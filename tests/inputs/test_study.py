"""Law: every cell has one status, the first reason that holds; area is cell area x arable x calcareous."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.flags import Status, status_flags
from eurosic.inputs.study import StudyOptions, calcareous_arable_area, study_status

REQUIRED = ("arable_fraction", "calcareous_probability", "clay", "monthly_temperature")
OPTIONS = StudyOptions()
GERMANY, SWITZERLAND = 276, 756
NAN = np.nan
# Each column is a cell with one more thing wrong, from right to left in the order in which reasons are told.
CELLS = {
    "country": np.array([[0, SWITZERLAND, GERMANY, GERMANY, GERMANY, GERMANY, GERMANY]], np.int16),
    "arable_fraction": np.array([[NAN, 0.5, 0.001, 0.5, NAN, 0.5, 0.5]], np.float32),
    "calcareous_probability": np.array([[NAN, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9]], np.float32),
    "clay": np.array([[NAN, NAN, NAN, NAN, NAN, NAN, 20.0]], np.float32),
    "monthly_temperature": np.ones((12, 1, 7), np.float32),
}
EXPECTED = [
    Status.SEA,
    Status.OUTSIDE_EXTENT,
    Status.NOT_ARABLE,
    Status.NOT_CALCAREOUS,
    Status.MISSING,
    Status.MISSING + 2,
    Status.PREDICTED,
]


def _status(layers: dict[str, NDArray[np.generic]], **changed: object) -> NDArray[np.int8]:
    asked = {"countries": {GERMANY}, "required": REQUIRED, "options": OPTIONS, **changed}
    return study_status(layers, **asked)  # type: ignore[arg-type]


# --- by hand ---------------------------------------------------------------------------------------------


def test_each_cell_tells_the_first_reason() -> None:
    """Sea, extent, arable, calcareous, then the first layer that is missing."""
    found = _status(CELLS)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found[0], EXPECTED)


def test_codes_read_as_the_vocabulary_writes_them() -> None:
    """The flag of a missing layer names it."""
    flags = status_flags(REQUIRED)
    assert [flags[int(code)] for code in _status(CELLS)[0][4:6]] == [
        "missing_arable_fraction",
        "missing_clay",
    ]


def test_one_month_without_value_is_a_missing_layer() -> None:
    """A climatology of eleven months is none."""
    layers = CELLS | {"monthly_temperature": CELLS["monthly_temperature"].copy()}
    layers["monthly_temperature"][7, 0, 6] = NAN
    assert _status(layers)[0, 6] == Status.MISSING + 3


def test_sea_may_be_nan_as_well_as_zero() -> None:
    """A float country layer has NaN on the sea."""
    layers = CELLS | {"country": np.where(CELLS["country"] == 0, NAN, CELLS["country"])}
    np.testing.assert_array_equal(_status(layers), _status(CELLS))


def test_a_cell_on_the_threshold_is_studied() -> None:
    """At least 1 % arable and at least one half probable."""
    layers = {name: values[..., 6:] for name, values in CELLS.items()}
    layers |= {"arable_fraction": np.array([[0.01]], np.float32), "calcareous_probability": np.array([[0.5]])}
    assert _status(layers) == Status.PREDICTED


def test_area_is_cell_times_arable_times_calcareous() -> None:
    """A 1 km cell, half arable, nine tenths calcareous: 45 ha; an unknown one counts as none."""
    area = calcareous_arable_area(CELLS, 1.0e6)
    np.testing.assert_allclose(area[0, [0, 5, 6]], [0.0, 4.5e5, 4.5e5], rtol=1e-6)


# --- laws ------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_stricter_thresholds_never_gain_a_cell(seed: int, arable: float, calcareous: float) -> None:
    """What is studied under any thresholds is studied under none."""
    random = np.random.default_rng(seed)
    layers = {
        "country": random.choice([0, GERMANY, SWITZERLAND], (4, 5)),
        "arable_fraction": random.random((4, 5)),
        "calcareous_probability": random.random((4, 5)),
        "clay": np.where(random.random((4, 5)) < 0.2, NAN, 20.0),
        "monthly_temperature": random.random((12, 4, 5)),
    }
    strict = _status(layers, options=StudyOptions(arable, calcareous)) == Status.PREDICTED
    loose = _status(layers, options=StudyOptions(0.0, 0.0)) == Status.PREDICTED
    assert not (strict & ~loose).any()


# --- lazy ------------------------------------------------------------------------------------------------


def test_blocks_together_are_the_whole() -> None:
    """Mapped over chunks by a lazy caller, the status is that of the grid at once."""

    def of_block(*layers: NDArray[np.generic]) -> NDArray[np.int8]:
        return _status(dict(zip(CELLS, layers, strict=True)))

    flat = [da.from_array(values, chunks=(*values.shape[:-1], 3)) for values in CELLS.values()]
    # The months are one chunk: they are the block's, not the grid's.
    lazy = da.blockwise(
        of_block,
        "yx",
        *(part for layer in flat for part in (layer, "myx" if layer.ndim == 3 else "yx")),
        dtype=np.int8,
        concatenate=True,
    )
    np.testing.assert_array_equal(lazy.compute(scheduler="synchronous"), _status(CELLS))


# --- refusals --------------------------------------------------------------------------------------------


def test_an_absent_layer_is_named() -> None:
    """Both deciding and required layers must be there."""
    with pytest.raises(InputError, match="study area: no layer clay; wanted every layer"):
        _status({name: values for name, values in CELLS.items() if name != "clay"})


def test_deciding_layers_must_be_required_too() -> None:
    """Otherwise a cell with no arable fraction would count as studied."""
    with pytest.raises(InputError, match="arable_fraction not among the required layers"):
        _status(CELLS, required=REQUIRED[1:])


def test_a_threshold_in_per_cent_is_refused() -> None:
    """50 is no fraction."""
    with pytest.raises(InputError, match="calcareous_probability_least: is 50; wanted a fraction"):
        StudyOptions(calcareous_probability_least=50)
