"""Law: the closing words say what the table says, with units, and call a small effect small."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.report.summary import signed, summary_text
from eurosic.report.totals import totals_table
from tests.report.synthetic import synthetic_totals


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The summary of the projection made by formula, on 3 Mha."""
    return summary_text(totals_table(synthetic_totals()), folder=Path("runs/mine")).splitlines()


def test_every_pathway_has_its_total_its_rate_and_its_difference(lines):
    """Baseline 110 kg/ha/yr x 3 Mha x 81 yr = 26.7 Tg; zero_now keeps 24 kg/ha/yr of them, 5.83 Tg."""
    told = {line.split()[0]: line for line in lines[1:6]}
    assert "-26.7 Tg C  (-110 kg C ha-1 yr-1)" in told["baseline"]
    assert "against" not in told["baseline"]
    assert "against baseline +5.83 Tg C, more kept (22 % of its change)" in told["zero_now"]
    assert "2020-2100" in lines[0]
    assert "3 Mha of calcareous arable soil" in lines[0]


def test_a_difference_of_a_few_per_cent_is_called_small(lines):
    """106 instead of 110 kg/ha/yr is 3.6 %: small; 86 is 22 %: not."""
    assert next(line for line in lines if "f2f_input" in line).endswith(
        "(3.6 % of its change): a small effect"
    )
    assert "small" not in next(line for line in lines if "zero_now" in line)


def test_leaching_stands_beside_the_measured_value(lines):
    """1.9 x 110 kg C/ha/yr = 20.9 g C/m2/yr, 9.9 of it beyond the carbonate dissolved; Kindler: 14.6 +- 4.8."""
    told = "\n".join(lines)
    assert "20.9 g C m-2 yr-1, 9.9 of it beyond the carbonate dissolved" in told
    assert "14.6 +- 4.8" in told


def test_the_last_line_says_where_the_files_are(lines):
    """And there is none where no folder is given."""
    assert lines[-1] == "Files: runs/mine"
    assert "Files" not in summary_text(totals_table(synthetic_totals()))


def test_a_pathway_equal_to_the_baseline_says_no_difference():
    """A rate equal to the baseline's gives no percentage and no word of effect."""
    totals = synthetic_totals(("baseline", "hold"))
    totals = totals.reindex_like(totals).copy()
    for name in totals.data_vars:
        if name != "area":
            totals[name].loc[{"pathway": "hold"}] = totals[name].sel(pathway="baseline")
    text = summary_text(totals_table(totals))
    assert "against baseline 0: no difference" in text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (-312.4, "-312"),
        (4.0531, "+4.05"),
        (0.0, "0"),
        (999.6, "+1000"),
        (0.02431, "+0.0243"),
        (12345.0, "+12300"),
        (-9.999, "-10.0"),
    ],
)
def test_numbers_have_a_sign_and_three_digits(value, told):
    """Without an exponent at the sizes that totals have."""
    assert signed(value) == told


@given(st.floats(min_value=1e-3, max_value=1e6), st.sampled_from([1, -1]))
def test_a_signed_number_reads_back_to_three_digits(size, sign):
    """Half a unit of the third digit is the most that is lost, and the sign never."""
    value = size * sign
    assert float(signed(value)) == pytest.approx(value, rel=5.1e-3)
