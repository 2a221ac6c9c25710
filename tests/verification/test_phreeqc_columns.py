"""Law: columns of the ensemble's own design lose in eighty years what PHREEQC says they lose."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from eurosic.base.vocabulary import TARGETS
from eurosic.simulator.options import SimulatorOptions, frame_of, settings_of
from eurosic.simulator.profile import run_course
from eurosic.simulator.simulate import Simulator
from tests.verification.phreeqc_columns import (
    Compared,
    compare,
    course_of,
    designed_columns,
    relative_differences,
    started,
)

needs_phreeqc = pytest.mark.skipif(
    importlib.util.find_spec("phreeqc") is None, reason="the extra 'phreeqc' is not installed"
)


def test_the_difference_of_a_change_counts_against_at_least_a_gram() -> None:
    """By hand: 1.01 against 1 is 1 %; 0.1 g apart at no change is 10 %."""
    rows = [Compared(-1.01, -1.0, 0, 0, 0, 0, ""), Compared(1e-4, 0.0, 0, 0, 0, 0, "")]
    assert relative_differences(rows) == pytest.approx([0.01, 0.1])


def test_what_is_compared_is_what_a_projection_simulates() -> None:
    """The course made for PHREEQC gives the predictor's SIC change to rounding, column by column."""
    columns = designed_columns(4)
    options = SimulatorOptions()
    frame, s = frame_of(options), settings_of(options)
    predicted = (
        Simulator(options).predict(columns).values[0, :, -1, list(TARGETS).index("sic_change_0_200cm")]
    )
    for i in range(4):
        column = started(columns, i, frame, s)
        before = column.store.calcite.sum()
        record = run_course(column.store, column.soil, course_of(column, columns.forcing[0, i], frame, s))
        change = (record.calcite[-1].sum() - before) * 0.012011
        assert change == pytest.approx(predicted[i], rel=1e-5)


@needs_phreeqc
def test_two_columns_of_the_design_are_those_of_phreeqc() -> None:
    """A quick look at what the slow test and the method page do for more columns."""
    found, failed = compare(designed_columns(8), [2, 5])
    assert not failed
    assert relative_differences(found).max() <= 3e-3
    assert max(row.ph_median for row in found) <= 0.01


@needs_phreeqc
@pytest.mark.slow
def test_columns_drawn_from_the_design_are_those_of_phreeqc() -> None:
    """24 of the 200 columns of the page: SIC change median <= 0.3 %, 99th percentile <= 2 %, pH <= 0.01."""
    rows = np.random.default_rng(20261122).choice(200, 24, replace=False)
    found, failed = compare(designed_columns(200), sorted(int(i) for i in rows))
    apart = relative_differences(found)
    assert not failed
    assert np.median(apart) <= 3e-3
    assert np.percentile(apart, 99) <= 2e-2
    assert max(row.ph_median for row in found) <= 0.01
    assert np.median([row.ph_99 for row in found]) <= 0.01
