"""Law: a range that can be given is given exactly, one that cannot is refused, and what is no range is ignored."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.view.ranges import UnsatisfiableRangeError, spans_of


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=10-19", [(10, 20)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=-4", [(96, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("bytes=95-1000", [(95, 100)]),
        ("Bytes = 1-2 , 4-5", [(1, 3), (4, 6)]),
        ("bytes=50-59,0-9", [(0, 10), (50, 60)]),
        ("bytes=0-9,5-20,21-30", [(0, 31)]),
        ("bytes=0-9,200-300", [(0, 10)]),
    ],
)
def test_ranges_by_hand(header, spans):
    """Of a file of 100 bytes."""
    assert spans_of(header, 100) == spans


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=100-200, 300-", "bytes=5000-6000"])
def test_what_lies_beyond_the_end_is_refused(header):
    """None of its bytes exists."""
    with pytest.raises(UnsatisfiableRangeError):
        spans_of(header, 100)


def test_an_empty_file_has_no_range():
    """Not even its first byte."""
    with pytest.raises(UnsatisfiableRangeError):
        spans_of("bytes=0-", 0)


@pytest.mark.parametrize(
    "header",
    [
        None, "", "bytes", "bytes=", "bytes=,", "bytes=-", "items=0-1", "bytes=a-b", "bytes=9-3", "bytes=1-2-3",
        "bytes=0x1-2", "bytes=1-2,x", "bytes=" + ",".join(["0-1"] * 33), "bytes=0-" + "9" * 5000,
        "bytes=" + "9" * 20 + "-",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_ignored(header):
    """The whole file is then sent."""
    assert spans_of(header, 100) is None


@given(
    st.integers(1, 300), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=8)
)
def test_spans_hold_exactly_the_bytes_that_were_asked_for(size, asked):
    """In order, apart from each other, each byte once."""
    asked = [(min(pair), max(pair)) for pair in asked]
    wanted = {at for first, last in asked for at in range(first, last + 1) if at < size}
    header = "bytes=" + ",".join(f"{first}-{last}" for first, last in asked)
    if not wanted:
        with pytest.raises(UnsatisfiableRangeError):
            spans_of(header, size)
        return
    spans = spans_of(header, size)
    held = [at for start, stop in spans for at in range(start, stop)]
    assert sorted(wanted) == held
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))


@given(st.text(max_size=40))
def test_no_header_breaks_it(header):
    """Whatever a client sends."""
    try:
        spans = spans_of(header, 10)
    except UnsatisfiableRangeError:
        return
    assert spans is None or all(0 <= start < stop <= 10 for start, stop in spans)
