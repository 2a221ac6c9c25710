"""Law: attributions are Shapley values: they add up, share a joint effect equally, give nothing to bystanders."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError
from eurosic.explain.attribution import attribute
from eurosic.explain.shapley import MOST_EXACT, exact_design, interaction_design, pairs_of, sampled_design
from tests.explain.games import game_of, rows_of, shapley_by_definition


def _exact(game, rows):
    return attribute(game, rows, exact_design(len(game.groups), game.background.weights)).results[..., 0]


def test_a_sum_gives_each_its_own_term():
    """2a - 3b of a = 1, b = 1 against a = 0.5, b = 3: 2 x 0.5 and -3 x (-2); c has no part in it."""
    game = game_of(lambda a, b, c: 2.0 * a - 3.0 * b + 0.0 * c, {"a": [0.5], "b": [3.0], "c": [9.0]})
    found = _exact(game, {"a": np.array([1.0]), "b": np.array([1.0]), "c": np.array([1.0])})
    np.testing.assert_allclose(found, [[1.0, 6.0, 0.0]], atol=1e-12)


def test_a_product_is_shared_equally():
    """The product from 0 to 1: neither does anything alone, together they do 1, half each."""
    game = game_of(lambda a, b, c: a * b + 0.0 * c, {"a": [0.0], "b": [0.0], "c": [0.0]})
    found = _exact(game, {"a": np.array([1.0]), "b": np.array([1.0]), "c": np.array([5.0])})
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.0]], atol=1e-12)


def test_one_pair_of_walks_is_exact_where_no_more_than_two_interact():
    """A permutation and its reverse, whatever the permutation."""
    game = game_of(lambda a, b, c: a * b - 2.0 * b * c + a**3 + c, rows_of(3, 0), weights=[0.5, 0.3, 0.2])
    rows = rows_of(5, 1)
    for seed in range(4):
        design = sampled_design(3, game.background.weights, seed=seed, walks=2)
        np.testing.assert_allclose(
            attribute(game, rows, design).results[..., 0], _exact(game, rows), atol=1e-12
        )


def test_single_walks_of_neighbours_are_not_exact_where_two_interact():
    """A permutation of one background cell and its reverse of the next: each cell's joint effects go one way."""
    game = game_of(lambda a, b, c: a * b - 2.0 * b * c, rows_of(4, 0))
    rows = rows_of(5, 1)
    design = sampled_design(3, game.background.weights, seed=0, walks=1)
    assert np.abs(attribute(game, rows, design).results[..., 0] - _exact(game, rows)).max() > 0.05


def test_exact_values_are_those_of_the_definition():
    """Against the textbook's sum, written out in loops, with weights that are not equal."""
    game = game_of(lambda a, b, c: np.sin(a * b * c) + a * b, rows_of(3, 0), weights=[0.6, 0.1, 0.3])
    rows = rows_of(4, 1)
    np.testing.assert_allclose(_exact(game, rows), shapley_by_definition(game, rows), atol=1e-12)


def test_exact_values_are_those_of_an_independent_package():
    """`shap`'s kernel explainer, whose regression over all coalitions of three players is exact."""
    background, rows = rows_of(6, 2), rows_of(5, 3)

    def formula(a, b, c):
        return np.exp(0.3 * a * b) - b * c**2

    played = np.stack(list(background.values()), axis=1)
    explainer = shap.KernelExplainer(lambda x: formula(*x.T), played)
    theirs = explainer.shap_values(np.stack(list(rows.values()), axis=1), l1_reg=False, silent=True)
    np.testing.assert_allclose(_exact(game_of(formula, background), rows), theirs, rtol=1e-6, atol=1e-9)


def test_an_interaction_is_what_two_add_beyond_what_each_adds():
    """Of ab + c the pair (a, b) has (a - a0)(b - b0), the others nothing; abc is shared by three pairs."""
    game = game_of(lambda a, b, c: a * b + c, {"a": [1.0], "b": [2.0], "c": [3.0]})
    rows = {"a": np.array([3.0]), "b": np.array([7.0]), "c": np.array([0.0])}
    design = interaction_design(3, game.background.weights)
    assert pairs_of(3) == [(0, 1), (0, 2), (1, 2)]
    np.testing.assert_allclose(attribute(game, rows, design).results[0, :, 0], [10.0, 0.0, 0.0], atol=1e-12)
    threefold = game_of(lambda a, b, c: a * b * c, {"a": [0.0], "b": [0.0], "c": [0.0]})
    found = attribute(threefold, {name: np.ones(1) for name in "abc"}, design).results[0, :, 0]
    np.testing.assert_allclose(found, [0.5, 0.5, 0.5], atol=1e-12)


@given(seed=st.integers(0, 2**32), walks=st.integers(1, 3), cells=st.integers(1, 4))
def test_base_value_and_attributions_give_the_prediction_for_any_walks(seed, walks, cells):
    """Exactly, by construction: the steps of a walk telescope."""
    game = game_of(lambda a, b, c: np.cos(a) * b - c**3, rows_of(cells, seed % 97))
    rows = rows_of(3, seed % 89)
    found = attribute(game, rows, sampled_design(3, game.background.weights, seed=seed, walks=walks))
    np.testing.assert_allclose(found.base + found.results.sum(axis=1), found.prediction, atol=1e-12)


@given(factor=st.floats(-5.0, 5.0), seed=st.integers(0, 50))
def test_attributions_of_a_sum_are_sums_of_attributions(factor, seed):
    """Linear: so that a pathway's difference from baseline has the difference of the attributions."""
    background, rows = rows_of(2, seed), rows_of(2, seed + 1)
    one = game_of(lambda a, b, c: a * b + 0.0 * c, background)
    two = game_of(lambda a, b, c: b * c + 0.0 * a, background)
    both = game_of(lambda a, b, c: a * b + factor * b * c, background)
    wanted = _exact(one, rows) + factor * _exact(two, rows)
    np.testing.assert_allclose(_exact(both, rows), wanted, atol=1e-10)


@given(seed=st.integers(0, 50))
def test_players_that_do_the_same_get_the_same(seed):
    """Two enter alike and have equal values: neither is better than the other."""
    values = rows_of(2, seed)
    background = {"a": values["a"], "b": values["a"], "c": values["c"]}
    found = _exact(game_of(lambda a, b, c: a * b * np.exp(c), background), background)
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-12)


def test_equal_coalitions_are_valued_once():
    """With one background cell no design has more coalitions than there are."""
    assert len(exact_design(5, np.ones(1)).masks) == 2**5
    assert len(sampled_design(3, np.ones(1), seed=0, walks=50).masks) <= 2**3
    # The cell itself and the background are no mixes: valued once for all.
    weights = np.full(4, 0.25)
    design = sampled_design(6, weights, seed=0)
    assert design.full.sum() == 1
    assert design.empty.sum() == 4


def test_a_game_without_players_has_nothing_to_say():
    """No player, no coalition, no attribution."""
    design = exact_design(0, np.ones(1))
    assert design.coefficients.shape == (0, 0)


def test_too_many_or_too_few_players_are_refused():
    """Two to the fifteenth coalitions are no use to anybody; a pair needs two."""
    with pytest.raises(PredictorError, match=f"at most {MOST_EXACT}"):
        exact_design(MOST_EXACT + 1, np.ones(1))
    with pytest.raises(PredictorError, match="two or more"):
        interaction_design(1, np.ones(1))
