"""Law: a report's file is whole or absent, and equal contents give equal bytes."""

from __future__ import annotations

import pytest

from eurosic.base.errors import StoreError
from eurosic.report.charts import pathway_chart
from eurosic.report.export import write_figures, write_totals
from eurosic.report.totals import totals_csv, totals_table
from tests.report.synthetic import synthetic_totals


@pytest.fixture(scope="module")
def table():
    """Totals of the projection made by formula, three years."""
    return totals_table(synthetic_totals(last=2022))


def test_totals_are_written_as_their_text(table, tmp_path):
    """The folder is made, the text is that of `totals_csv`, nothing else is left."""
    path = write_totals(table, tmp_path / "run" / "totals.csv", title="T", digest="d" * 64)
    assert path.read_bytes().decode() == totals_csv(table, title="T", digest="d" * 64)
    assert [found.name for found in path.parent.iterdir()] == ["totals.csv"]


def test_figures_are_png_of_slide_size_and_equal_each_time(table, tmp_path):
    """2000 x 1125 dots, and no date in the file: two writings are equal byte for byte."""
    first, second = (
        write_figures({"chart": pathway_chart(table)}, tmp_path / name)[0].read_bytes() for name in "ab"
    )
    assert first == second
    assert first[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(first[16:20]) == pytest.approx(2000, abs=1)
    assert int.from_bytes(first[20:24]) == 1125


def test_a_folder_that_cannot_be_made_is_one_clear_error(table, tmp_path):
    """A file stands where the folder should be: a sentence, not a traceback of the system."""
    (tmp_path / "run").write_text("")
    for write in (
        lambda: write_totals(table, tmp_path / "run" / "totals.csv"),
        lambda: write_figures({"chart": pathway_chart(table)}, tmp_path / "run"),
    ):
        with pytest.raises(StoreError, match="could not be written"):
            write()
