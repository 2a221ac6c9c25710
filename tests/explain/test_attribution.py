"""Law: attributions and base value give the prediction, whatever the batch, and on a known formula they are exact."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import TileError
from eurosic.explain.attribution import (
    TOLERANCE,
    Attribution,
    Background,
    attribute,
    check_additive,
    check_equal,
    open_game,
)
from eurosic.explain.groups import Group
from eurosic.explain.shapley import exact_design, sampled_design
from tests.explain.games import game_of, rows_of, shapley_by_definition
from tests.toy import RATE, ToyForcing, ToyPredictor, toy_rows

YEARS = 10
TOY = (
    Group("carbonate", "carbonate", ("sic",)),
    Group("nitrogen", "nitrogen", ("nitrate_leached",)),
    Group("density", "density", ("bulk_density",)),
)


@dataclass(frozen=True)
class ToyValue:
    """SIC change of the toy after some years, ``(cell, 1)``."""

    predictor: ToyPredictor = field(default_factory=ToyPredictor)

    def __call__(self, rows):
        """Return the closed form."""
        columns = ToyForcing((1.0,), YEARS)(rows, self.predictor.signature)
        return self.predictor.predict(columns).values[0, :, -1, :1]


def _toy(background_cells: int, *, stock: float):
    rows = toy_rows(background_cells, seed=5)
    played = {name: rows[name] for group in TOY for name in group.columns}
    played["sic"] = stock * played["sic"]
    return played, open_game(
        TOY, Background(played, np.full(background_cells, 1.0 / background_cells)), ToyValue(), batch=32
    )


def test_on_the_toy_nitrogen_does_all_while_there_is_carbonate():
    """Change = -rate x leached x years: nitrogen's part is the difference from the mean, carbonate's is nothing."""
    background, game = _toy(3, stock=100.0)
    rows = {**toy_rows(6, seed=6), "sic": np.full((6, 6), 50.0)}
    found = attribute(game, rows, sampled_design(3, game.background.weights, seed=0))
    leached = rows["nitrate_leached"] - background["nitrate_leached"].mean()
    np.testing.assert_allclose(found.results[:, 1, 0], -RATE * YEARS * leached, atol=1e-12)
    np.testing.assert_allclose(found.results[:, [0, 2], 0], 0.0, atol=1e-12)


def test_on_the_toy_attributions_are_the_exact_shapley_values_where_carbonate_runs_out():
    """The stock bounds the loss: a formula with a kink, whose Shapley values are those of the definition."""
    _, game = _toy(3, stock=0.05)
    rows = {name: values for name, values in toy_rows(5, seed=7).items() if name in game.background.rows}
    rows["sic"] = 0.1 * rows["sic"]
    found = attribute(game, rows, exact_design(3, game.background.weights))
    assert np.abs(found.results[:, 0, 0]).max() > 1e-3  # carbonate decides
    np.testing.assert_allclose(found.results[..., 0], shapley_by_definition(game, rows), atol=1e-12)


def test_the_columns_of_a_group_go_together():
    """A group of two has one attribution, that of both exchanged at once; a series of years goes as a whole."""
    groups = (Group("ab", "", ("a", "b")), Group("c", "", ("c",)))
    background = {"a": np.zeros(1), "b": np.zeros(1), "c": np.zeros((1, 3))}
    game = game_of(lambda a, b, c: a * b + c.sum(axis=1), background, groups=groups)
    rows = {"a": np.array([2.0]), "b": np.array([3.0]), "c": np.array([[1.0, 2.0, 3.0]])}
    found = attribute(game, rows, exact_design(2, np.ones(1)))
    np.testing.assert_allclose(found.results[0, :, 0], [6.0, 6.0])


def test_what_nobody_plays_for_keeps_the_cells_own_value():
    """A raw value in no group is the same everywhere: the value function still needs it."""
    groups = (Group("a", "", ("a",)),)
    game = game_of(lambda a, d: a * d, {"a": np.zeros(2), "d": np.full(2, 3.0)}, groups=groups)
    rows = {"a": np.array([1.0]), "d": np.array([3.0])}
    assert attribute(game, rows, exact_design(1, game.background.weights)).results.item() == pytest.approx(
        3.0
    )


@given(batch=st.integers(1, 40), cells=st.integers(1, 9))
def test_batches_change_no_value(batch, cells):
    """However many rows are valued at once: memory is bounded, and nothing else."""
    rows = rows_of(cells, 1)
    one, other = (
        game_of(lambda a, b, c: a * b - c**2, rows_of(4, 0), batch=size) for size in (batch, 10_000)
    )
    design = sampled_design(3, one.background.weights, seed=3)
    found, wanted = attribute(one, rows, design), attribute(other, rows, design)
    np.testing.assert_allclose(found.results, wanted.results, atol=1e-13)


def test_a_batch_is_never_exceeded_but_by_one_cell():
    """The promise of memory: the value function sees at most the batch, of mixes and of the cells themselves."""
    seen = []

    def formula(a, b, c):
        seen.append(len(a))
        return a * b * c

    game = game_of(formula, rows_of(4, 0), batch=50)
    attribute(game, rows_of(60, 1), sampled_design(3, game.background.weights, seed=0))
    assert max(seen) <= 50


def test_a_cell_of_which_a_mix_has_no_value_has_no_attribution():
    """And the others keep theirs; additivity is judged without it."""

    def formula(a, b, c):
        return np.where(a * b > 3.5, np.nan, a + b + c)

    game = game_of(formula, {name: np.zeros(1) for name in "abc"})
    rows = {"a": np.array([1.0, 2.0]), "b": np.array([1.0, 2.0]), "c": np.zeros(2)}
    found = attribute(game, rows, exact_design(3, np.ones(1)))
    assert found.valued.tolist() == [True, False]
    assert check_additive(found, floor=np.array([0.1]), where="here") < 1e-12


def test_a_background_without_a_prediction_is_refused():
    """Nothing could be told from it."""
    with pytest.raises(TileError, match="no prediction"):
        game_of(lambda a, b, c: np.where(b > 0.0, np.nan, a), {name: np.ones(1) for name in "abc"})


def test_attributions_that_do_not_add_up_are_refused():
    """A gap of more than a ten-thousandth of the prediction, or a number that is none."""
    good = Attribution(np.array([[[1.0], [2.0]]]), np.array([[3.5]]), np.array([0.5]))
    assert check_additive(good, floor=np.array([0.1]), where="here") == 0.0
    off = Attribution(good.results, good.prediction * (1.0 + 2.0 * TOLERANCE), good.base)
    with pytest.raises(TileError, match="here: base value plus attributions miss the prediction"):
        check_additive(off, floor=np.array([0.1]), where="here")
    with pytest.raises(TileError, match="predictions"):
        check_equal(np.array([np.nan]), np.ones(1), floor=np.ones(1), where="here", what="predictions")
