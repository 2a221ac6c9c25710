"""Law: a broken recipe gives every problem at once, each at its line and column, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import RecipeError
from eurosic.recipe.load import load_recipe, read_recipe
from tests.recipe.texts import GOOD, broken, problems, written

BROKEN = yaml.safe_load((Path(__file__).parent / "broken.yaml").read_text())


@pytest.mark.parametrize("case", BROKEN, ids=[case["what"] for case in BROKEN])
def test_one_break_gives_one_clear_message(case):
    """The only problem is the one that was made, at its place, in these words."""
    told = problems(broken(case["old"], case["new"]))
    assert len(told) == 1, told
    assert case["told"] in told[0]


def test_all_problems_come_at_once_in_the_order_of_the_file():
    """Four breaks in four sections are four lines, top to bottom."""
    text = GOOD.replace("25 km", "25").replace("clay:", "clya:").replace("-20 %", "20").replace("512 c", "c")
    told = problems(text)
    assert [line.split(":")[1] for line in told] == ["2", "7", "22", "24"]


def test_problems_between_sections_come_at_once_too():
    """A pathway before the start, a report of no reported year and a layer that is absent are told together."""
    text = GOOD.replace("from: 2020", "from: 2010") + "report: {year: 2021}\n"
    assert len(problems(text.replace("    sand: demo-sand\n", ""))) == 3


def test_the_error_counts_and_lists():
    """The message begins with the file and the number of problems, and lists them below."""
    with pytest.raises(RecipeError) as caught:
        read_recipe(broken("25 km", "25"), "r.yaml")
    assert str(caught.value).startswith("r.yaml: 1 problem.\n  r.yaml:2:36: grid.resolution: 25 has no unit")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; wanted sections about, grid"),
        ("# only a comment\n", "is empty"),
        ("- a\n- b\n", "is not a mapping of sections"),
        ("just words", "is not a mapping of sections"),
        ("a: 1\n---\nb: 2\n", "expected a single document"),
        ("[" * 1000, "more than 50 levels"),
        ("a: \x00", "characters that YAML does not allow"),
        ("x: y\n" * 250_000, "wanted a recipe, which is a page or two"),
    ],
    ids=["empty", "comment", "list", "words", "two documents", "too deep", "nul", "too long"],
)
def test_what_is_no_recipe_at_all_is_told_so(text, message):
    """Anything that is not a mapping of sections is refused in one sentence."""
    assert message in problems(text)[0]


def test_files_that_cannot_be_read_are_told_so(tmp_path):
    """No file, a folder, and bytes that are no text."""
    with pytest.raises(RecipeError, match="there is no such file"):
        load_recipe(tmp_path / "absent.yaml")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path)
    with pytest.raises(RecipeError, match="is not UTF-8 text"):
        load_recipe(written(tmp_path, b"\xff\xfe\x00a"))


def test_a_file_is_what_its_text_says(tmp_path):
    """With a byte order mark and Windows line ends, it is the same recipe."""
    file = written(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n"))
    assert load_recipe(file) == read_recipe(GOOD)


@given(st.integers(0, len(GOOD) - 1), st.text(max_size=6))
def test_no_slip_of_the_pen_is_a_crash(place, slip):
    """Whatever is typed anywhere, the answer is a recipe or a `RecipeError`, nothing else."""
    try:
        read_recipe(GOOD[:place] + slip + GOOD[place + 1 :])
    except RecipeError as error:
        message = str(error)
    else:
        message = "read"
    assert message
