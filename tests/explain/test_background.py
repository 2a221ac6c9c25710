"""Law: a background has every kind of cell, weighs as the area does, and can be made to stand for all exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError
from eurosic.explain.background import choose_background, strata_of
from eurosic.explain.calibration import calibrated


def test_two_heaps_give_their_most_central_cells():
    """Cells at 0, 1, 2 and at 10, 11, 12: the middle ones, weighed by the area of their heap."""
    features = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    area = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    chosen = choose_background(features, np.zeros(6, int), area, cells=2, seed=0)
    assert chosen.cells.tolist() == [1, 4]
    np.testing.assert_allclose(chosen.weights, [1 / 3, 2 / 3])


def test_a_rare_stratum_has_a_cell_of_its_own():
    """One cell of a thousand in another regime: it is in the background, and weighs what it is."""
    rng = np.random.default_rng(0)
    strata = np.zeros(1000, int)
    strata[77] = 3
    chosen = choose_background(rng.normal(size=(1000, 3)), strata, np.ones(1000), cells=8, seed=1)
    assert 77 in chosen.cells
    assert chosen.weights[chosen.cells == 77] == pytest.approx(1e-3)
    assert len(chosen.cells) in (8, 9)


def test_a_quota_below_one_is_rounded_up_once():
    """Of eight cells 0.9, 3.6 and 3.5 are due: one, four and three, as the largest remainders have it."""
    strata = np.repeat([0, 1, 2], 40)
    area = np.repeat([0.9, 3.6, 3.5], 40)
    features = np.random.default_rng(1).normal(size=(120, 2))
    chosen = choose_background(features, strata, area, cells=8, seed=0)
    assert np.bincount(strata[chosen.cells]).tolist() == [1, 4, 3]


def test_strata_are_regime_and_carbonate_together():
    """Below 5 %, from 5 to 20 %, above: three classes in each regime."""
    assert strata_of(np.array([0, 0, 0, 2]), np.array([4.9, 5.0, 25.0, 0.0])).tolist() == [0, 1, 2, 6]


def test_equal_seeds_choose_equal_cells_and_a_scale_changes_none():
    """Reproducible; features are standardised, so that no unit decides."""
    rng = np.random.default_rng(3)
    features, area = rng.normal(size=(400, 4)), rng.uniform(1.0, 2.0, 400)
    one, same = (choose_background(features, np.zeros(400, int), area, cells=6, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.cells, same.cells)
    scaled = choose_background(features * [1.0, 10.0, 0.01, 1e6], np.zeros(400, int), area, cells=6, seed=5)
    np.testing.assert_array_equal(one.cells, scaled.cells)


@given(seed=st.integers(0, 1000), cells=st.integers(1, 12), number=st.integers(1, 40))
def test_weights_are_shares_of_the_area_and_no_cell_comes_twice(seed, cells, number):
    """Whatever the table: strata weigh what their area is; features that are constant do no harm."""
    rng = np.random.default_rng(seed)
    features = np.stack([rng.normal(size=number), np.ones(number)], axis=1)
    strata, area = rng.integers(0, 3, number), rng.uniform(0.1, 1.0, number)
    chosen = choose_background(features, strata, area, cells=cells, seed=seed)
    assert len(set(chosen.cells.tolist())) == len(chosen.cells)
    for code in np.unique(strata):
        inside = strata[chosen.cells] == code
        np.testing.assert_allclose(chosen.weights[inside].sum(), area[strata == code].sum() / area.sum())


@given(seed=st.integers(0, 1000), quantities=st.integers(1, 3))
def test_calibrated_weights_give_the_wanted_mean_or_are_left_alone(seed, quantities):
    """Where they fit, the mean is that of all cells and no weight is negative; else the first weights stay."""
    rng = np.random.default_rng(seed)
    every = rng.normal(size=(300, quantities))
    some = every[rng.choice(300, 24, replace=False)]
    first = np.full(24, 1 / 24)
    weights, fits = calibrated(first, some, every.mean(axis=0))
    assert weights.min() >= 0.0
    assert weights.sum() == pytest.approx(1.0)
    if fits:
        np.testing.assert_allclose(weights @ some, every.mean(axis=0), atol=0.02)
    else:
        np.testing.assert_array_equal(weights, first)


def test_a_mean_that_no_weights_have_leaves_them_alone():
    """Beyond all cells, or so near an end that one cell would carry it."""
    first, told = np.full(8, 1 / 8), np.arange(8.0)[:, None]
    for wanted in (9.0, 6.999):
        weights, fits = calibrated(first, told, np.array([wanted]))
        assert not fits
        np.testing.assert_array_equal(weights, first)


def test_horizons_that_say_nearly_the_same_are_met_together():
    """Three quantities at two horizons, as a run has them: all six means within 2 % of a deviation."""
    rng = np.random.default_rng(4)
    late = rng.normal(size=(2000, 3))
    every = np.hstack([0.4 * late + 0.01 * rng.normal(size=(2000, 3)), late])
    some = every[rng.choice(2000, 32, replace=False)] + 0.15 * every.std(axis=0)
    weights, fits = calibrated(np.full(32, 1 / 32), some, every.mean(axis=0))
    assert fits
    assert np.abs((weights @ some - every.mean(axis=0)) / some.std(axis=0)).max() < 0.02
    assert 1.0 / (weights**2).sum() > 12


def test_a_quantity_that_is_told_twice_does_no_harm():
    """Horizons say nearly the same: the matrix is singular, the weights are not."""
    told = np.random.default_rng(0).normal(size=(20, 1))
    once, _ = calibrated(np.full(20, 0.05), told, np.array([0.2]))
    twice, fits = calibrated(np.full(20, 0.05), np.hstack([told, told]), np.array([0.2, 0.2]))
    assert fits
    np.testing.assert_allclose(once, twice, atol=1e-6)


def test_a_table_without_area_is_refused():
    """No cell, or none that stands for anything."""
    with pytest.raises(PredictorError, match="no area"):
        choose_background(np.zeros((0, 2)), np.zeros(0, int), np.zeros(0), cells=4, seed=0)
