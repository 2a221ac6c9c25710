"""Games whose attributions are known by hand, for every explainer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from eurosic.explain.attribution import Background, Game, open_game
from eurosic.explain.groups import Group

Array = NDArray[np.float64]

ABC = tuple(Group(name, name.upper(), (name,)) for name in "abc")


def game_of(
    formula: Callable[..., Array], background: dict[str, Array], *, groups=ABC, weights=None, batch: int = 64
) -> Game:
    """Return the game of a formula of named raw values, valued as a predictor is: ``(cell, 1)``."""
    cells = len(next(iter(background.values())))
    weights = np.full(cells, 1.0 / cells) if weights is None else np.asarray(weights)

    def value(rows):
        return np.asarray(formula(**{name: np.asarray(rows[name]) for name in rows}))[:, None]

    return open_game(groups, Background(background, weights), value, batch=batch)


def rows_of(cells: int, seed: int, names: str = "abc") -> dict[str, Array]:
    """Return raw values of some cells, between -1 and 2."""
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-1.0, 2.0, cells) for name in names}


def shapley_by_definition(game: Game, rows: dict[str, Array]) -> Array:
    """Return Shapley values ``(cell, group)`` by the textbook's sum over coalitions, one by one."""
    players, cells = len(game.groups), len(next(iter(rows.values())))
    found = np.zeros((cells, players))
    for cell in range(cells):
        for player in range(players):
            others = [other for other in range(players) if other != player]
            for size in range(players):
                share = factorial(size) * factorial(players - size - 1) / factorial(players)
                for coalition in combinations(others, size):
                    with_it = _worth(game, rows, cell, {*coalition, player})
                    found[cell, player] += share * (with_it - _worth(game, rows, cell, set(coalition)))
    return found


def _worth(game: Game, rows: dict[str, Array], cell: int, coalition: set[int]) -> float:
    """Return the mean prediction where only the players of a coalition have the cell's values."""
    mixed = {name: np.array(values) for name, values in game.background.rows.items()}
    for player in coalition:
        for name in game.groups[player].columns:
            mixed[name][:] = rows[name][cell]
    return float(game.background.weights @ game.value(mixed)[:, 0])
