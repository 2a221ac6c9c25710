"""Law: a deviation comes back from its two bytes within 0.8 %, with its sign, and zero as zero."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.summed import SINCE_START, SUMMED, TOTALLED, pack_deviation, unpack_deviation
from eurosic.base.vocabulary import TARGETS


def test_what_is_summed_are_targets_and_one_sum_of_years():
    """Every quantity of totals is a target that is no flag; the last of what has an interval is summed by years."""
    assert all(name in TARGETS and not TARGETS[name].flags for name in TOTALLED)
    assert (*TOTALLED, SINCE_START) == SUMMED


@given(st.floats(1e-4, 60.0), st.booleans())
def test_a_deviation_comes_back(size, negative):
    """Of either sign; twice packed is once packed."""
    value = np.array([-size if negative else size])
    back = unpack_deviation(pack_deviation(value))
    np.testing.assert_allclose(back, value, rtol=0.008)
    np.testing.assert_array_equal(unpack_deviation(pack_deviation(back)), back)


def test_what_is_too_large_is_cut_and_stays_finite():
    """No soil deviates by a hundred kilograms a square metre; if one did, sums would still be numbers."""
    back = unpack_deviation(pack_deviation(np.array([1e6, -1e6, 63.999, 0.0])))
    assert np.isfinite(back).all()
    assert (np.abs(back) <= 64.0).all()
    assert back[3] == 0.0


def test_rounding_does_not_shrink_a_sum():
    """To the nearest, not towards zero: of ten thousand the mean is kept to a ten-thousandth."""
    values = np.random.default_rng(5).uniform(0.01, 0.02, 10_000)
    assert abs(unpack_deviation(pack_deviation(values)).mean() / values.mean() - 1.0) < 2e-4
