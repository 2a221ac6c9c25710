"""Law: each line of the chart bears its pathway's name and last value, and no label hides another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from eurosic.base.errors import StoreError
from eurosic.report.charts import pathway_chart
from eurosic.report.totals import EUROPE, totals_table
from tests.report import synthetic
from tests.report.synthetic import synthetic_totals

MANY = ("baseline", *(f"pathway_number_{i}" for i in range(12)))


@pytest.fixture(scope="module")
def table():
    """Totals of the projection made by formula."""
    return totals_table(synthetic_totals())


def test_the_panels_show_totals_and_differences(table):
    """Left: every pathway from its first to its last year; right: all but the baseline."""
    left, right = pathway_chart(table).axes
    europe = table[(table["country"] == EUROPE) & (table["pathway"] == "zero_now")]
    drawn = {len(line.get_xdata()): line for line in left.lines}
    assert len(left.lines) == 5 + 1
    assert len(right.lines) == 4 + 1
    np.testing.assert_array_equal(left.lines[4].get_ydata(), europe["sic_change_0_200cm_TgC"])
    np.testing.assert_array_equal(right.lines[3].get_ydata(), europe["sic_change_0_200cm_TgC_minus_baseline"])
    assert drawn[81].get_xdata()[[0, -1]].tolist() == [2020, 2100]


def test_every_line_is_named_with_its_last_value(table):
    """Direct labels, with a sign, instead of a legend; units and depth in the headings."""
    figure = pathway_chart(table)
    left, right = figure.axes
    assert left.texts[0].get_text() == "baseline −26.7"
    assert right.texts[-1].get_text() == "zero_now +5.83"
    assert left.get_title(loc="left") == "change since the start, Tg C"
    assert right.get_title(loc="left") == "minus baseline, Tg C"
    assert any("0–200 cm, Europe 2020–2100" in text.get_text() for text in figure.texts)
    assert not figure.legends


def test_a_country_and_a_depth_can_be_shown(table):
    """Spain's topsoil has its own numbers and says so."""
    figure = pathway_chart(table, country="Spain", depth="0_30cm")
    assert any("0–30 cm, Spain" in text.get_text() for text in figure.texts)
    assert figure.axes[0].texts[0].get_text() == "baseline −26.7"


def test_labels_neither_overlap_nor_leave_the_slide(monkeypatch):
    """Thirteen pathways within a few per cent of each other, with long names."""
    for i, name in enumerate(MANY):
        monkeypatch.setitem(synthetic.RATES, name, 110.0 - 0.3 * i)
    figure = pathway_chart(totals_table(synthetic_totals(MANY)))
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width, height = figure.bbox.size
    for axes, right_limit in zip(figure.axes, (0.5 * width, width), strict=True):
        # Of the label alone: an annotation's own box holds its link, too.
        boxes = [Text.get_window_extent(text, renderer) for text in axes.texts]
        assert len(boxes) >= 12
        ordered = sorted(boxes, key=lambda box: box.y0)
        # Boxes hold the line's full height; neighbours may share the air between lines, not letters.
        assert all(upper.y0 - lower.y0 >= 0.8 * lower.height for lower, upper in pairwise(ordered))
        assert all(box.y0 >= 0 and box.y1 <= height and box.x1 <= right_limit for box in boxes)


def test_a_run_with_the_baseline_alone_has_a_chart():
    """Nothing to compare: the right panel is empty and says what it would show."""
    left, right = pathway_chart(totals_table(synthetic_totals(("baseline",)))).axes
    assert len(left.texts) == 1
    assert not right.texts


@pytest.mark.parametrize("asked", [{"country": "Atlantis"}, {"depth": "0_50cm"}, {"baseline": "hold"}])
def test_what_the_table_lacks_is_refused(table, asked):
    """Country, depth, baseline."""
    with pytest.raises(StoreError, match=r"wanted a row of totals\.csv"):
        pathway_chart(table, **asked)
