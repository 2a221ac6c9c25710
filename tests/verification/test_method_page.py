"""Law: the method page says what the code does: its quick tables are the code's, its figures exist."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.verification.make_method_page import CHEAP, PAGE, TABLES, filled
from tests.verification.tables import hand_rows, reference_rows


def _numbers(text: str) -> list[float]:
    return [
        float(part) for part in re.findall(r"(?<![\w^])-?\d+\.?\d*(?:e-?\d+)?", text.replace("2^(1/3) =", ""))
    ]


@pytest.mark.parametrize("name", CHEAP)
def test_a_quick_table_of_the_page_is_up_to_date(name: str) -> None:
    """Made anew, it changes nothing."""
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, name, CHEAP[name]()) == page


def test_every_table_has_its_place_and_is_filled() -> None:
    """Each is named once between its markers, with at least one row."""
    page = PAGE.read_text(encoding="utf-8")
    for name in TABLES:
        found = re.findall(rf"<!-- table {name} -->\n(.*?)<!-- end -->", page, re.DOTALL)
        assert len(found) == 1
        assert found[0].count("\n|") >= 3
    assert set(re.findall(r"<!-- table (\w+) -->", page)) == set(TABLES)


def test_a_table_without_a_place_is_refused() -> None:
    """A page cannot lose a table unseen."""
    with pytest.raises(ValueError, match="no place for the table 'newton'"):
        filled("text", "newton", "made")


def test_figures_of_the_page_exist() -> None:
    """Every picture that it shows is there."""
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / target).stat().st_size > 10_000


def test_numbers_to_check_by_hand_are_right() -> None:
    """SCIENCE.md 7: each found number is within 0.5 % of what is wanted (shares and the cube root within 3 %)."""
    for what, wanted, found in hand_rows():
        loose = 0.03 if "mol of acid" in what or "twice" in what else 0.005
        numbers = _numbers(wanted)
        count = len(_numbers(found))
        assert _numbers(found) == pytest.approx(numbers[-count:], rel=loose), what


def test_the_reference_column_of_the_page_is_phreeqcs_within_a_thousandth() -> None:
    """SCIENCE.md 2.7: SIC loss (WATEQ), DIC leached and pH."""
    for row in reference_rows():
        theirs, ours, _, dic, our_dic, ph, our_ph = (float(cell) for cell in row[1:])
        assert np.array([ours, our_dic]) == pytest.approx([theirs, dic], rel=1e-3)
        assert our_ph == pytest.approx(ph, abs=1.1e-3)
