"""Law: slopes along the straight way add up to the difference, and say what permutations say of smooth functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.explain.agreement import agreement_of
from eurosic.explain.attribution import attribute
from eurosic.explain.gradients import integrated_gradients
from eurosic.explain.groups import Group
from eurosic.explain.shapley import exact_design
from tests.explain.games import game_of, rows_of


def test_a_product_is_shared_by_its_slopes():
    """The product from (0, 0) to (2, 3): along the way each slope integrates to 3, half of 6."""
    game = game_of(lambda a, b, c: a * b + 0.0 * c, {name: np.zeros(1) for name in "abc"})
    found = integrated_gradients(game, {"a": np.array([2.0]), "b": np.array([3.0]), "c": np.array([4.0])})
    np.testing.assert_allclose(found.results[0, :, 0], [3.0, 3.0, 0.0], atol=1e-10)


def test_the_error_of_the_quadrature_falls_with_its_points():
    """exp(a + b + c): more points on the way, a smaller gap between sum and difference."""
    game = game_of(lambda a, b, c: np.exp(a + b + c), {name: np.full(1, -1.0) for name in "abc"})
    gaps = []
    for nodes in (1, 2, 4):
        found = integrated_gradients(game, rows_of(6, 1), nodes=nodes)
        gaps.append(np.abs(found.base + found.results.sum(axis=1) - found.prediction).max())
    assert gaps[0] > 4 * gaps[1] > 4 * gaps[2]


@given(seed=st.integers(0, 200))
def test_of_a_sum_of_squares_and_products_it_is_the_shapley_value(seed):
    """Where no more than two interact, bilinearly, both ways of sharing are one."""
    background, rows = rows_of(3, seed), rows_of(3, seed + 1)
    game = game_of(lambda a, b, c: a * b - 2.0 * b * c + a**2, background)
    shapley = attribute(game, rows, exact_design(3, game.background.weights)).results
    np.testing.assert_allclose(integrated_gradients(game, rows).results, shapley, atol=1e-9)


def test_batches_and_bystanders_change_nothing():
    """Rows are valued in pieces; a raw value of no group stays; a group of series moves as a whole."""
    groups = (Group("a", "", ("a",)), Group("s", "", ("s",)))
    background = {"a": np.zeros(2), "s": np.zeros((2, 3)), "d": np.full(2, 5.0)}
    rows = {"a": np.arange(7.0), "s": np.ones((7, 3)), "d": np.full(7, 5.0)}

    def formula(a, s, d):
        return a * s.sum(axis=1) + d

    few, many = (game_of(formula, background, groups=groups, batch=batch) for batch in (3, 10_000))
    one, other = (integrated_gradients(game, rows).results for game in (few, many))
    np.testing.assert_allclose(one, other, atol=1e-12)
    np.testing.assert_allclose(
        integrated_gradients(few, rows).results[:, 0, 0], 1.5 * np.arange(7.0), atol=1e-9
    )


def test_agreement_is_one_with_oneself_and_less_with_others():
    """Ranks and sizes, by hand: reversed ranks are -1; a constant shift keeps ranks and has a gap."""
    values = np.array([[1.0], [2.0], [4.0]])
    assert agreement_of(values, values).lowest == 1.0
    assert agreement_of(-values, values).lowest == -1.0
    shifted = agreement_of(values + 0.7, values)
    assert shifted.lowest == 1.0
    assert shifted.mean_gap == pytest.approx(0.3)
    # Nothing has no rank among nothing.
    assert agreement_of(np.zeros((3, 1)), np.zeros((3, 1))).lowest is None
    assert agreement_of(np.zeros((3, 1)), np.zeros((3, 1))).mean_gap == 0.0


def test_a_large_group_does_not_speak_for_a_small_one():
    """A group a thousand times the other is ranked rightly, the small one backwards: pooled ranks would hide it."""
    large, small = np.array([1000.0, 2000.0, 3000.0, 4000.0]), np.array([1.0, 2.0, 3.0, 4.0])
    agreed = agreement_of(np.stack([large, small], axis=1), np.stack([large, small[::-1]], axis=1))
    assert agreed.rank_correlations == (1.0, -1.0)
    assert agreed.lowest == -1.0
