"""Law: a card is what was written, with the weights that it was written for, or it is refused."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import CardError
from eurosic.base.provenance import digest_of
from eurosic.emulator.card import CARD, FORMAT, read_card, weights_of, write_card
from eurosic.emulator.card_page import render_card
from eurosic.emulator.card_text import from_yaml, made, rounded, to_yaml
from tests.emulator.cards import small_card

# Whatever a person can write on a line; numbers that stay numbers when their fifth digit is rounded.
TEXTS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")))
NUMBERS = st.floats(-1e300, 1e300, allow_subnormal=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | NUMBERS | st.just(math.nan) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture
def folder(tmp_path):
    """A folder with a card and its weights."""
    write_card(tmp_path, small_card(tmp_path))
    return tmp_path


def _rewritten(folder, old: str, new: str) -> None:
    text = (folder / CARD).read_text()
    assert old in text
    (folder / CARD).write_text(text.replace(old, new, 1))


# By hand.


def test_numbers_have_four_significant_digits(folder):
    """Large or small; what is no number is null."""
    card = read_card(folder)
    assert card.skill[0].r2 == 0.9988
    assert card.skill[0].mae == 0.001235
    assert card.skill[2].r2 is None
    assert card.coverage[0].half_width == 0.01235


def test_a_person_can_read_it(folder):
    """A head that says not to edit it, names before numbers, a row of a table on one line."""
    lines = (folder / CARD).read_text().splitlines()
    assert lines[0].startswith("# The card of an emulator of eurosic")
    assert any("Do not edit it" in line for line in lines[:3])
    assert lines[3] == "name: toy-v1"
    assert "  - {name: air_porosity, unit: '1', low: 0.03, high: 0.6}" in lines
    assert sum(line.startswith("- {target: sic_change_0_200cm, depth: 0-200 cm") for line in lines) == 6
    assert lines[-1].startswith("digest: ")


# Laws.


def test_a_card_comes_back_as_it_was_written(folder):
    """All of it, but for the digits that were cut and the digest that was added."""
    written = small_card(folder)
    again = read_card(folder)
    for field in dataclasses.fields(written):
        if field.name not in ("skill", "coverage", "measures", "digest"):
            assert getattr(again, field.name) == getattr(written, field.name), field.name
    assert len(again.digest) == 64
    assert write_card(folder, again) == again


def test_the_same_card_gives_the_same_text(folder, tmp_path_factory):
    """Bytes, so that a card can be made again and compared."""
    other = tmp_path_factory.mktemp("other")
    write_card(other, small_card(other))
    assert (other / CARD).read_bytes() == (folder / CARD).read_bytes()


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_whatever_a_card_says_is_read_as_it_was_written(content):
    """Texts that look like numbers or dates, numbers of any size, nothing at all: one digest before and after."""
    before = rounded(content)
    after = from_yaml(to_yaml(before).encode(), "law") if before else before
    assert after == before
    assert digest_of(after) == digest_of(before)


@given(NUMBERS)
def test_rounding_again_changes_nothing(value):
    """And moves no number by more than five in the fifth digit."""
    once = rounded(value)
    assert rounded(once) == once
    assert math.isclose(once, value, rel_tol=5.1e-4)


@given(st.data())
def test_a_card_with_one_byte_changed_is_refused_or_says_the_same(tmp_path_factory, data):
    """Wherever the byte is: what it says is not what was written, unless it is in a comment or between words."""
    folder = tmp_path_factory.mktemp("card")
    card = write_card(folder, small_card(folder))
    text = bytearray((folder / CARD).read_bytes())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.integers(32, 126))
    (folder / CARD).write_bytes(bytes(text))
    with contextlib.suppress(CardError):
        assert read_card(folder) == card


# Promises.


def test_the_page_shows_the_last_year_and_names_the_worst_regime(folder):
    """Every limit is on it, and rows of earlier years are not."""
    page = render_card(read_card(folder))
    assert page.startswith("# toy-v1: A toy: it answers, and that is all\n")
    assert "Trained on 8192 simulations of simulator (5734 train, 2458 test; seed 7)." in page
    assert "The worst: sic_change_0_200cm where front, R2 0.97 of 812 simulations." in page
    assert (
        "| sic_change_0_200cm | 0-200 cm | depleted | 812 | - | 0.001235 | 0.002 | -1e-05 | kg m-2 |" in page
    )
    assert "| sic_change_0_200cm | 0-200 cm | reversal | 812 | 0.98 | 0.001235 | -1e-05 | kg m-2 |" in page
    assert "0.5 |" not in page
    assert "| ph_soil_0_30cm | front | 40 | 100 | 0.91 | 0.82-0.97 | yes | 0.01235 |" in page
    assert "1 of 1 rows lie within the 99 % binomial bounds" in page
    assert "- Climate is held: transient climate is outside.\n- No lime" in page
    assert "- learning rate: 0.001" in page
    assert "- sign of pathway minus baseline right: 0.9912" in page


def test_every_table_of_the_page_is_one(folder):
    """Rows have as many cells as their head."""
    widths: list[int] = []
    for line in [*render_card(read_card(folder)).splitlines(), ""]:
        if line.startswith("|"):
            widths.append(line.count("|"))
        else:
            assert len(set(widths)) <= 1
            widths = []


# Refusals.


def test_a_folder_without_a_card_is_refused(tmp_path):
    """And what is wanted is said."""
    with pytest.raises(CardError, match=r"card\.yaml: there is no card; wanted an emulator's folder"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("r2: 0.9988", "r2: 0.9999"),
        ("simulations: 8192", "simulations: 81920"),
        ("Climate is held: transient", "Climate is free: transient"),
        ("bytes: 7000", "bytes: 7001"),
        ("unit: kg m-2", "unit: g m-2"),
    ],
)
def test_a_card_that_was_edited_by_hand_is_refused(folder, old, new):
    """Better skill, more simulations, one limit less: the digest does not fit."""
    _rewritten(folder, old, new)
    with pytest.raises(CardError, match=r"its values have the digest .*It was changed after it was written"):
        read_card(folder)


def test_a_comment_is_not_a_value(folder):
    """A person may note something in it."""
    _rewritten(folder, "name: toy-v1", "# for the paper\nname: toy-v1")
    assert read_card(folder).name == "toy-v1"


@pytest.mark.parametrize("name", ["eurosic emulator 2", "''", "7"])
def test_a_format_that_is_not_known_is_refused(folder, name):
    """Before anything else is read from it."""
    _rewritten(folder, f"format: {FORMAT}", f"format: {name}")
    with pytest.raises(CardError, match=r"wanted 'eurosic emulator 1'\. Use the version of eurosic"):
        read_card(folder)


@pytest.mark.parametrize("text", [b"a: [1, 2", b"\xff\xfe\x00", b"a: b: c"])
def test_what_is_not_yaml_is_refused(folder, text):
    """A card that was cut off is told apart from one that was changed."""
    (folder / CARD).write_bytes(text)
    with pytest.raises(CardError, match="is not YAML"):
        read_card(folder)


@pytest.mark.parametrize("text", [b"", b"- 1\n- 2\n", b"only text"])
def test_what_is_no_card_is_refused(folder, text):
    """An empty file, a list, a sentence."""
    (folder / CARD).write_bytes(text)
    with pytest.raises(CardError, match="is no card; wanted names and values"):
        read_card(folder)


def test_weights_that_were_cut_off_are_refused(folder):
    """A download that broke off: both lengths are told."""
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        CardError, match=r"weights\.safetensors: 6999 bytes, cut off or exchanged; wanted 7000 bytes"
    ):
        read_card(folder)


def test_weights_that_were_exchanged_are_refused(folder):
    """Others of the same length, and longer ones."""
    path = folder / "weights.safetensors"
    path.write_bytes(b"Weights" * 1000)
    with pytest.raises(CardError, match="other weights, of SHA-256 "):
        read_card(folder)
    path.write_bytes(b"weights" * 1001)
    with pytest.raises(CardError, match="7007 bytes, exchanged; wanted 7000 bytes"):
        read_card(folder)


def test_a_missing_member_is_refused_by_name(folder):
    """A card may have a file for each member; one that is not there is named, with its length."""
    for i in range(3):
        (folder / f"member-{i}.safetensors").write_bytes(bytes(10 + i))
    files = tuple(weights_of(folder / f"member-{i}.safetensors") for i in range(3))
    write_card(folder, dataclasses.replace(small_card(folder), weights=files))
    (folder / "member-1.safetensors").unlink()
    with pytest.raises(CardError, match=r"member-1\.safetensors: is missing; wanted weights of 11 bytes"):
        read_card(folder)


def test_a_card_is_not_written_for_weights_that_are_not_there(folder):
    """A promise about nothing."""
    card = small_card(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(CardError, match="is missing"):
        write_card(folder, card)


def test_a_card_with_other_names_than_wanted_is_refused(folder):
    """Whole by its digest, but of another version: the names of both are told."""
    content = yaml.safe_load((folder / CARD).read_text())
    del content["digest"], content["limits"]
    (folder / CARD).write_text(to_yaml({**content, "digest": digest_of(content)}))
    with pytest.raises(CardError, match=re.escape("has name, format, title") + ".*limits"):
        read_card(folder)
    with pytest.raises(CardError, match="has 7; wanted a"):
        made(dataclasses.make_dataclass("One", [("a", int)]), 7, "here")
