"""Law: a table says, for each regime and group, what its cells say, weighed by the area that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.explain.summary import Piece, summary_rows, table_of, weighted_quantiles
from eurosic.explain.targets import TARGETS

SIC, PH = TARGETS[1], TARGETS[2]
NAMED = [{"group": "carbonate"}, {"group": "mineral_n"}]


def _piece(values, *, baseline=None, regime=(0, 0, 1), area=(1.0e4, 3.0e4, 2.0e4)):
    return Piece(
        "less", 2100, 80, np.asarray(values, float), baseline, np.array(regime, np.int8), np.array(area)
    )


def _table(piece, targets=(SIC,)):
    return table_of(summary_rows(piece, targets, NAMED)).set_index(["regime", "target", "group"])


def test_means_are_of_the_area_and_in_the_units_of_farmers():
    """-0.8 and 0.8 kg m-2 in 80 years are -100 and 100 kg ha-1 yr-1; the second cell has three times the area."""
    found = _table(_piece([[[-0.8, 0.8, 0.0], [0.0, 0.0, 0.4]]]))
    buffered = found.loc[("buffered", SIC.name, "carbonate")]
    assert buffered["mean"] == pytest.approx(50.0)
    assert buffered["mean_absolute"] == pytest.approx(100.0)
    assert (buffered["cells"], buffered["unit"]) == (2, "kg ha-1 yr-1")
    assert buffered["area_Mha"] == pytest.approx(4e-6)
    assert found.loc[("front", SIC.name, "mineral_n"), "mean"] == pytest.approx(50.0)
    assert found.loc[("all", SIC.name, "carbonate"), "cells"] == 3


def test_ph_is_told_as_it_is():
    """No division by years."""
    found = _table(_piece([[[0.5, 0.5, 0.5], [0.0, 0.0, 0.0]]]), (PH,))
    assert found.loc[("all", PH.name, "carbonate"), "mean"] == pytest.approx(0.5)


def test_the_baseline_is_taken_off_cell_by_cell():
    """What the pathway's attribution is beyond that under the baseline; of the baseline itself nothing."""
    values = np.array([[[0.8, 0.8, 0.8], [0.0, 0.0, 0.0]]])
    found = _table(_piece(values, baseline=values / 2.0))
    assert found.loc[("all", SIC.name, "carbonate"), "mean_minus_baseline"] == pytest.approx(50.0)
    assert (_table(_piece(values, baseline=values))["mean_minus_baseline"] == 0.0).all()
    assert "mean_minus_baseline" not in _table(_piece(values))


def test_a_cell_without_an_attribution_is_in_no_mean():
    """And a regime without cells has no row."""
    values = np.array([[[1.0, np.nan, 1.0], [1.0, 1.0, 1.0]]])
    found = _table(_piece(values))
    assert found.loc[("all", SIC.name, "mineral_n"), "cells"] == 2
    assert "depleted" not in found.index.get_level_values("regime")


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    share=st.floats(0.0, 1.0),
)
def test_quantiles_of_equal_weights_are_values_in_order(values, share):
    """The value below which the share lies is one of them, and never falls as the share grows."""
    told = np.array(values)
    low, high = weighted_quantiles(told, np.ones(len(told)), (share / 2.0, share))
    assert low in told
    assert told.min() <= low <= high <= told.max()


def test_targets_are_told_in_their_own_units():
    """SIC per hectare and year; pH since the end of the start year, because no prediction holds a pH before."""
    assert [target.by_year for target in TARGETS] == [True, True, False]
    assert [target.since_start_year for target in TARGETS] == [False, False, True]
