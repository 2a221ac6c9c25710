"""Law: what is packed for a page comes back within the error that is stated, and zero comes back as zero."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eurosic.report.page_packing import (
    WIDTH_RATIO,
    pack_bytes,
    pack_codes,
    pack_text,
    pack_values,
    pack_widths,
)


def _inflated(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def _steps(block: dict, shape: tuple[int, ...]) -> np.ndarray:
    """As `unpackSteps` of the page's script does it."""
    raw = np.frombuffer(_inflated(block["data"]), np.uint8).reshape(2, -1).astype(np.uint16)
    steps = (raw[0] | raw[1] << 8).astype(np.uint16).view(np.int16).reshape(shape)
    for _ in range(block["order"]):
        steps = np.cumsum(steps, axis=0, dtype=np.int16)
    return steps * block["step"]


def _codes(block: dict, shape: tuple[int, ...]) -> np.ndarray:
    codes = np.frombuffer(_inflated(block["data"]), np.uint8).reshape(shape)
    return np.cumsum(codes, axis=0, dtype=np.uint8) if block["order"] else codes


def _apart(blocks: list[dict], shape: tuple[int, ...]) -> np.ndarray:
    found = [_codes(block, shape) for block in blocks]
    return np.stack([found[0], *(found[0] + codes for codes in found[1:])])


def _values(packed, shape: tuple[int, ...]) -> np.ndarray:
    base = _steps(packed.blocks["base"], shape[1:])
    return np.stack([base + _steps(block, shape[1:]) for block in packed.blocks["differences"]])


# --- by hand ---


def test_a_block_by_hand():
    """Two years of one cell, 4 and -8: the step is 8/8000, and sums of the differences are 4000 and -8000 steps."""
    packed = pack_values(np.array([[[4.0], [-8.0]]]))
    block = packed.blocks["base"]
    assert block["step"] == 0.001
    np.testing.assert_allclose(_steps(block, (2, 1)).ravel(), [4.0, -8.0])
    assert packed.error == 0.0005


def test_a_text_and_an_array_come_back_whole():
    """Bytes are little-endian, row by row; texts are UTF-8."""
    assert _inflated(pack_text("CO₂")).decode() == "CO₂"
    array = np.array([[1, 2], [300, -4]], np.dtype(">i2"))
    assert np.frombuffer(_inflated(pack_bytes(array)), "<i2").tolist() == [1, 2, 300, -4]


# --- laws ---

_numbers = st.floats(-1e4, 1e4, width=32)


@given(arrays(np.float64, (3, 5, 7), elements=_numbers))
def test_values_come_back_within_the_error_that_is_stated(values):
    """Whatever the values, the baseline and each pathway lie within `error`, and differences within less."""
    packed = pack_values(values)
    back = _values(packed, values.shape)
    assert np.abs(back - values).max() <= packed.error * (1 + 1e-9) + 1e-9
    for pathway, block in zip(values, packed.blocks["differences"], strict=True):
        apart = _steps(block, values.shape[1:])
        assert np.abs(apart - (pathway - values[0])).max() <= block["step"] / 2 * (1 + 1e-9) + 1e-9


@given(arrays(np.float64, (5, 7), elements=_numbers))
def test_a_pathway_that_changes_nothing_differs_by_exactly_nothing(values):
    """No rounding makes a difference where there is none, and it costs no error."""
    packed = pack_values(np.stack([values, values]))
    assert not _steps(packed.blocks["differences"][1], values.shape).any()
    assert packed.error == packed.blocks["base"]["step"] / 2


@given(arrays(np.float64, (2, 3, 4), elements=st.floats(0, 50)), st.floats(0.1, 2.0))
def test_widths_come_back_within_a_tenth(above, skew):
    """Both ends, symmetric or not; a width below 0.0005 of the largest counts as that."""
    packed = pack_widths(skew * above, above).blocks
    upper = _apart(packed["upper"], above.shape[1:])
    lower = upper + np.stack([_codes(block, above.shape[1:]) for block in packed["skew"]])
    least = packed["most"] * WIDTH_RATIO ** (1 - packed["levels"])
    for levels, wanted in ((upper, above), (lower.astype(np.uint8), skew * above)):
        found = np.where(levels, packed["most"] * WIDTH_RATIO ** (levels - float(packed["levels"])), 0.0)
        assert (np.abs(found - wanted) <= 0.1 * wanted + least).all()


@given(arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 2)))
def test_codes_come_back_as_they_were(codes):
    """Classes are not rounded."""
    np.testing.assert_array_equal(_apart(pack_codes(codes).blocks["codes"], codes.shape[1:]), codes)


# --- refusals ---


def test_what_has_no_value_is_refused():
    """A cell without a value is not on the page; NaN would become some number."""
    with pytest.raises(ValueError, match="must be finite"):
        pack_values(np.full((1, 1, 1), np.nan))
