"""Law: YAML says what people mean by it, and where they wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.recipe.document import Mark, read_document


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("off", "off"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("1e-3", 0.001),
        ("6.1e7", 6.1e7),
        (".5", 0.5),
        ("1:30:00", "1:30:00"),
        ("010", 10),
        ("0x10", "0x10"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("null", None),
        ("~", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("=", "="),
        ("<<", "<<"),
        (".inf", ".inf"),
    ],
)
def test_scalars_are_what_they_look_like(written, meant):
    """Norway is no False, a ratio of times no number of seconds, an exponent needs no dot."""
    assert read_document(f"a: {written}\n", "r").content == {"a": meant}


def test_every_key_and_value_has_its_mark():
    """Lines and columns count from 1, in block and in flow."""
    document = read_document("a:\n  b: [x, {c: y}]\n", "r")
    assert document.mark(("a", "b", 1, "c"), of_key=True) == Mark(2, 11)
    assert document.mark(("a", "b", 1, "c")) == Mark(2, 14)
    assert document.mark(("a", "b", 0)) == Mark(2, 7)


def test_what_is_not_written_is_marked_where_it_would_be():
    """A missing key stands at its section, a missing section at the top."""
    document = read_document("a:\n  b: 1\n", "r")
    assert document.mark(("a", "c")) == Mark(1, 1)
    assert document.mark(("x", "y")) == Mark(1, 1)


def test_years_are_keys_and_so_are_words():
    """A plain whole number is a number, quoted or with letters a word."""
    assert read_document("{2020: a, '2030': b, 1e3: c, true: d}", "r").content == {
        2020: "a",
        "2030": "b",
        "1e3": "c",
        "true": "d",
    }


def test_a_key_that_is_no_word_is_a_fault():
    """A mapping cannot be a key; nothing else is lost."""
    document = read_document("? {a: 1}\n: b\nc: 2\n", "r")
    assert document.content == {"c": 2}
    assert document.faults == [(Mark(1, 3), "a key must be a word")]


WORDS = st.text("abcxyz", min_size=1, max_size=4)
TREES = st.recursive(
    st.one_of(st.integers(-99, 9999), st.booleans(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


def flow(value: object) -> str:
    """The flow text of a tree."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value)


@given(TREES)
def test_writing_and_reading_is_nothing(tree):
    """Any tree of plain values, written in flow, is read back as it was."""
    assert read_document(flow(tree), "r").content == tree
