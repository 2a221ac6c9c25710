"""Law: equal things have equal digests and different things different ones, whatever the machine or the order."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.grid import Grid
from eurosic.base.provenance import canonical_json, digest_of, file_digest, versions
from eurosic.base.request import Kind

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_text_is_plain_and_sorted():
    """Keys in order, tuples as lists, dataclasses as objects, words as words, paths with slashes."""
    value = {"b": (1, 2.5), "a": Kind.OBSERVED, "c": Path("x") / "y", "d": np.arange(2), "e": {2, 1}}
    assert canonical_json(value) == '{"a":"observed","b":[1,2.5],"c":"x/y","d":[0,1],"e":[1,2]}'
    grid = Grid("EPSG:3035", 1000.0, 0.0, 0.0, 2, 3)
    told = '{"columns":2,"crs":"EPSG:3035","north":0.0,"resolution":1000.0,"rows":3,"west":0.0}'
    assert canonical_json(grid) == told


def test_a_digest_is_sha256_of_that_text():
    """So that anyone can make it again."""
    assert digest_of({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


@given(JSON)
def test_the_order_of_keys_does_not_matter(value):
    """A mapping turned round has the same digest."""
    turned = dict(reversed(value.items())) if isinstance(value, dict) else value
    assert digest_of(turned) == digest_of(value)


@given(st.dictionaries(st.text(), st.integers(), min_size=1))
def test_another_value_has_another_digest(value):
    """One number changed is enough."""
    key = next(iter(value))
    assert digest_of({**value, key: value[key] + 1}) != digest_of(value)


def test_files_are_read_as_bytes_and_folders_by_name(tmp_path):
    """A folder's digest changes with a name or a byte, not with its place."""
    for name in ("one", "two"):
        (tmp_path / name / "c").mkdir(parents=True)
        (tmp_path / name / "c" / "0").write_bytes(b"chunk")
    assert file_digest(tmp_path / "one" / "c" / "0") == hashlib.sha256(b"chunk").hexdigest()
    assert file_digest(tmp_path / "one") == file_digest(tmp_path / "two")
    (tmp_path / "two" / "c" / "0").rename(tmp_path / "two" / "c" / "1")
    assert file_digest(tmp_path / "one") != file_digest(tmp_path / "two")


def test_versions_name_what_decides_numbers():
    """Python, eurosic, and the libraries that compute."""
    found = versions()
    assert {"python", "eurosic", "numpy", "numba", "zarr", "pyproj"} <= set(found)
    assert "not installed" not in (found["numpy"], found["eurosic"])


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_what_has_no_one_text_is_refused(value):
    """NaN is not equal to itself, and an object has no value."""
    with pytest.raises((TypeError, ValueError)):
        digest_of({"a": value})
