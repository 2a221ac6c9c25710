"""Law: a known error comes out of the table as that error, for the cells that the sample stands for."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.flags import Regime
from eurosic.report.skill import COLUMNS, Checked, skill_csv, skill_table
from eurosic.report.verdict import sentences, verdict_of, warnings

YEARS = (2020, 2060, 2100)
CHANGE, PH = "sic_change_0_200cm", "ph_soil_0_30cm"
CELLS = 60


def _checked(bias: float = 0.0, less: float = 0.0, seed: int = 0) -> Checked:
    """SIC lost linearly, a tenth less under `f2f`; the predictor says 1 + bias times as much, f2f `less` more."""
    rng = np.random.default_rng(seed)
    lost = -rng.uniform(0.2, 1.0, CELLS) * (np.array(YEARS)[:, None] - 2019) / 81
    simulated = np.stack([lost, 0.9 * lost])
    predicted = (1.0 + bias) * simulated
    predicted[1] *= 1.0 + less
    regime = np.where(np.arange(CELLS) < 45, Regime.BUFFERED, Regime.FRONT)
    ph = rng.uniform(6.0, 8.0, (2, 3, CELLS))
    return Checked(
        predicted={CHANGE: predicted, PH: ph + 0.03, "regime": np.broadcast_to(regime, (2, 3, CELLS))},
        simulated={CHANGE: simulated, PH: ph, "regime": np.broadcast_to(regime, (2, 3, CELLS))},
        pathways=("baseline", "f2f"),
        years=YEARS,
        weight=np.ones(CELLS),
        area=rng.uniform(1e6, 1e8, CELLS),
        regime=regime,
    )


def _row(checked: Checked, of="value", pathway="all", regime="all", years="2100", target=CHANGE):
    table = skill_table(checked)
    for column, wanted in zip(COLUMNS[:5], (of, pathway, regime, years, target), strict=True):
        table = table[table[column] == wanted]
    assert len(table) == 1
    return table.iloc[0]


def test_a_bias_of_two_per_cent_is_an_error_of_two_per_cent():
    """In cells and in the total, in every regime; R2 is that of the closed form."""
    checked = _checked(bias=0.02)
    for regime in ("all", "buffered", "front"):
        row = _row(checked, regime=regime)
        assert row["relative_error"] == pytest.approx(0.02)
        assert row["area_mean_predicted"] == pytest.approx(1.02 * row["area_mean_simulated"])
        assert row["bias"] == pytest.approx(-row["mean_absolute_error"])
    s = checked.simulated[CHANGE][:, -1]
    assert _row(checked)["r2"] == pytest.approx(1 - (0.02**2 * (s**2).mean()) / s.var())


def test_ph_has_its_root_mean_square_error_and_no_sign():
    """0.03 everywhere is an RMSE of 0.03; a difference of pH has no clear size."""
    row = _row(_checked(), target=PH)
    assert row["rmse"] == pytest.approx(0.03)
    assert np.isnan(_row(_checked(), of="difference", pathway="f2f", target=PH)["agreement"])


def test_an_error_of_one_pathway_is_seen_in_the_difference():
    """9 % more lost under f2f, whose true gain is a tenth: the difference is small, and its sign wrong in no cell."""
    good, bad = _checked(), _checked(less=0.2)
    assert _row(good, of="difference", pathway="f2f")["agreement"] == 1.0
    assert _row(good, of="difference", pathway="f2f")["r2"] == pytest.approx(1.0)
    # 0.9 x 1.2 = 1.08 of what the baseline loses: the sign is wrong everywhere.
    row = _row(bad, of="difference", pathway="f2f")
    assert row["agreement"] == 0.0
    assert row["relative_error"] == pytest.approx(1.8)
    assert row["r2"] < 0


def test_a_difference_below_one_kilogram_has_no_sign_to_get_right():
    """1 kg ha-1 yr-1 over 81 years is 8.1 g m-2: cells below it do not count."""
    checked = _checked()
    small = checked.simulated[CHANGE].copy()
    small[1] = small[0] + 0.0080 * (np.array(YEARS)[:, None] - 2019) / 81
    wrong = 2 * small[0] - small[1]
    assert np.isnan(
        _row(
            replace(checked, simulated={CHANGE: small}, predicted={CHANGE: np.stack([small[0], wrong])}),
            of="difference",
            pathway="f2f",
        )["agreement"]
    )
    small[1] += 0.0002 * (np.array(YEARS)[:, None] - 2019) / 81
    wrong = 2 * small[0] - small[1]
    row = _row(
        replace(checked, simulated={CHANGE: small}, predicted={CHANGE: np.stack([small[0], wrong])}),
        of="difference",
        pathway="f2f",
    )
    assert row["agreement"] == 0.0


def test_classes_that_differ_are_counted():
    """A quarter of the cells in another regime is an agreement of three quarters."""
    checked = _checked()
    moved = np.broadcast_to(np.full(CELLS, Regime.BUFFERED), (2, 3, CELLS))
    found = _row(replace(checked, predicted={**checked.predicted, "regime": moved}), target="regime")
    assert found["agreement"] == pytest.approx(0.75)


@given(times=st.integers(2, 5), seed=st.integers(0, 99))
def test_a_weight_is_that_many_cells(times, seed):
    """Cells of weight n give what n copies of them give."""
    checked = _checked(bias=0.1, seed=seed)
    weight = np.where(np.arange(CELLS) % 2, 1.0, float(times))
    copies = np.repeat(np.arange(CELLS), weight.astype(int))
    copied = Checked(
        {name: values[..., copies] for name, values in checked.predicted.items()},
        {name: values[..., copies] for name, values in checked.simulated.items()},
        checked.pathways,
        checked.years,
        np.ones(len(copies)),
        checked.area[copies],
        checked.regime[copies],
    )
    one, other = skill_table(replace(checked, weight=weight)), skill_table(copied)
    numbers = [name for name in COLUMNS[7:] if name != "cells"]
    np.testing.assert_allclose(
        one[numbers].astype(float), other[numbers].astype(float), rtol=1e-9, atol=1e-12
    )


def test_the_file_says_what_its_columns_mean_and_reads_back():
    """Comment lines, then CSV; nothing where a number is not defined."""
    table = skill_table(_checked(bias=0.02))
    text = skill_csv(table, predictor="sic-v1", digest="d" * 64)
    assert "nan" not in text
    read = pd.read_csv(io.StringIO(text), comment="#")
    assert list(read.columns) == list(COLUMNS)
    np.testing.assert_allclose(read["rmse"], table["rmse"].astype(float), rtol=1e-5)


def test_the_sentences_name_error_total_difference_and_worst_regime():
    """Front cells three times as wrong as the others are named."""
    checked = _checked(bias=0.02)
    predicted = checked.predicted[CHANGE].copy()
    predicted[..., checked.regime == Regime.FRONT] *= 1.06 / 1.02
    found = verdict_of(
        skill_table(replace(checked, predicted={**checked.predicted, CHANGE: predicted})), YEARS
    )
    assert found.worst_regime == "front"
    assert found.regimes["front"] == pytest.approx(0.06)
    told = "\n".join(sentences(found, cells=900))
    assert "Self-check: 60 of 900 cells" in told
    assert "to 2100: mean absolute error 2.9 % of the mean change" in told
    assert "RMSE 0.03" in told
    assert "Worst regime: front, 6 % of its mean change" in told
    assert "sign right in 100 %" in told


def test_a_warning_is_given_above_the_threshold_only():
    """2 % against 5 % is silence; against 1 % each kind of error has a line, with the worst pathway."""
    found = verdict_of(skill_table(_checked(bias=0.02)), YEARS)
    assert list(warnings(found, above=0.05)) == []
    told = list(warnings(found, above=0.01))
    assert len(told) == 3
    assert told[0].startswith("WARNING: the mean absolute error of SIC change 0-200 cm is 2 %, above the 1 %")
    assert "its total is 2 % (baseline, the most of 2)" in told[1]
    assert "a difference from baseline in total is 2 % (f2f)" in told[2]


def test_a_pathway_that_changes_nothing_has_no_relative_error_of_its_difference():
    """Nothing divided by nothing warns nobody."""
    checked = _checked(bias=0.02)
    both = {name: np.stack([values[0], values[0]]) for name, values in checked.simulated.items()}
    found = verdict_of(skill_table(replace(checked, simulated=both, predicted=both)), YEARS)
    assert found.differences == {"f2f": None}
    assert found.difference_r2 == {"f2f": None}
    assert list(warnings(found, above=0.0)) == []
    said = "\n".join(sentences(found, cells=60))
    assert "not defined" in said
    assert "too small to judge, below 1 kg C ha-1 yr-1: f2f." in said  # named, not left out in silence
    clear = "\n".join(sentences(verdict_of(skill_table(checked), YEARS), cells=60))
    assert "too small" not in clear
