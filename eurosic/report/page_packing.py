"""Numbers small enough for a page: quantised to a stated step, differenced along the years, deflated, base64.

*Enters:* values ``(pathway, year, cell)`` in the unit that is shown. *Leaves:* plain dictionaries for JSON, which
`page/decode.js` reads. Must not choose units. A pathway is kept as its difference from the baseline, with a step of
its own, because differences are small and are what the page is read for.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Block = dict[str, object]

# Steps in the largest amount of a block: half a step is the error of a value.
_BASE_STEPS, _DIFFERENCE_STEPS = 8000, 500
# A width is kept on a scale of ratios, for what counts in a spread is its size: within 10 % of each width, down to
# 1.2**-43 = 0.0004 of the largest; what is smaller counts as that.
WIDTH_RATIO = 1.2
_WIDTH_LEVELS = 44
# The highest level finds 2 % more in three times the time.
_LEVEL = 6
# Bytes by which a way to write a block is judged, instead of deflating it whole in every way.
_SAMPLE = 40_000


@dataclass(frozen=True)
class Packed:
    """A variable for the page: what decodes it, the largest error of its values, and its size in base64."""

    blocks: Block
    error: float
    size: int


def pack_values(values: Array, *, base: int = 0) -> Packed:
    """Return values ``(pathway, year, cell)``, all finite, as the baseline and each pathway's difference from it.

    `error` is the largest error of any value that is put together again from both.

    Raises
    ------
    ValueError
        If a value is not finite; what has no value is not on the page.
    """
    _check_finite(values)
    whole, step = _quantised(values[base], _BASE_STEPS)
    baseline = _block(whole, step)
    # From the values themselves, not from the quantised baseline: differences stay sharp.
    apart = [_quantised(pathway - values[base], _DIFFERENCE_STEPS) for pathway in values]
    differences = [_block(*found) for found in apart]
    error = step / 2 + max(step for _, step in apart) / 2
    blocks: Block = {"base": baseline, "differences": differences}
    return Packed(blocks, error, _size([baseline, *differences]))


def pack_widths(below: Array, above: Array) -> Packed:
    """Return how far the ends of an interval lie from its middle, each ``(pathway, year, cell)``, within 10 %.

    A width of zero stands for none: what was simulated has no error of an emulator.
    """
    below, above = np.maximum(below, 0.0), np.maximum(above, 0.0)
    _check_finite(below + above)
    most = float(max(below.max(), above.max())) or 1.0
    upper, lower = _levels(above, most), _levels(below, most)
    blocks = [_byte_block(pathway) for pathway in _apart(upper)]
    # Most intervals are symmetric: the lower end is then a row of zeros.
    skew = [_byte_block(pathway) for pathway in lower - upper]
    told: Block = {"most": most, "ratio": WIDTH_RATIO, "levels": _WIDTH_LEVELS, "upper": blocks, "skew": skew}
    return Packed(told, 0.1, _size([*blocks, *skew]))


def pack_codes(codes: NDArray[np.integer]) -> Packed:
    """Return small whole numbers ``(pathway, year, cell)``, 0 to 255, without loss."""
    blocks = [_byte_block(pathway) for pathway in _apart(codes.astype(np.int64))]
    return Packed({"codes": blocks}, 0.0, _size(blocks))


def pack_bytes(values: NDArray[np.generic]) -> str:
    """Return an array of fixed type (little-endian), row by row, deflated, as base64 text."""
    array = np.ascontiguousarray(values)
    return _text(array.astype(array.dtype.newbyteorder("<")).tobytes())


def pack_text(text: str) -> str:
    """Return a text (UTF-8), deflated, as base64."""
    return _text(text.encode())


def _text(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, _LEVEL)).decode("ascii")


def _check_finite(values: Array) -> None:
    if not np.isfinite(values).all():
        raise ValueError("values of a page must be finite")


def _quantised(values: Array, steps: int) -> tuple[NDArray[np.int64], float]:
    most = float(np.abs(values).max(initial=0.0))
    step = most / steps
    # All zeros need no step, and have no error.
    return np.rint(values / (step or 1.0)).astype(np.int64), step


def _levels(widths: Array, most: float) -> NDArray[np.int64]:
    with np.errstate(divide="ignore"):
        exponent = np.log(widths / most) / np.log(WIDTH_RATIO)
    levels = np.clip(np.rint(np.maximum(exponent, -_WIDTH_LEVELS)) + _WIDTH_LEVELS, 1, _WIDTH_LEVELS)
    return np.where(widths > 0, levels, 0).astype(np.int64)


def _apart(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    # The first pathway as it is, the others against it: they hardly differ.
    return np.concatenate([codes[:1], codes[1:] - codes[:1]])


def _along_years(values: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Return differences of some order along the first axis, of which running sums give the values back."""
    for _ in range(order):
        values = np.diff(values, axis=0, prepend=0)
    return values


def _shuffled(values: NDArray[np.int64]) -> bytes:
    # All low bytes, then all high bytes: the high ones are nearly all alike.
    pairs = np.ascontiguousarray(values.astype("<i2")).view(np.uint8).reshape(-1, 2)
    return pairs.T.tobytes()


def _block(values: NDArray[np.int64], step: float) -> Block:
    """Return values ``(year, cell)`` in wrapping 16 bits, by that of three ways that a sample says is shortest."""
    return {"step": step, **_shortest({order: _shuffled(_along_years(values, order)) for order in (0, 1, 2)})}


def _byte_block(values: NDArray[np.int64]) -> Block:
    return _shortest(
        {order: (_along_years(values, order) % 256).astype(np.uint8).tobytes() for order in (0, 1)}
    )


def _shortest(ways: dict[int, bytes]) -> Block:
    order = min(ways, key=lambda way: len(zlib.compress(ways[way][:_SAMPLE], 1)))
    return {"order": order, "data": _text(ways[order])}


def _size(blocks: list[Block]) -> int:
    return sum(len(str(block["data"])) for block in blocks)
