"""Attributions of some cells: a design of coalitions, valued by a predictor, weighed and summed.

*Enters:* raw rows of the explained and of the background cells, feature groups, a `Design`, and a *value function*
(raw rows -> predictions of whatever shape). *Leaves:* attributions in the prediction's unit, the prediction and the
base value. Coalitions are valued in batches of a fixed number of rows, so that memory is bounded however many cells
and coalitions there are. It knows neither network nor recipe: the value function is handed in.
*Source:* Lundberg and Lee (2017), interventional (marginal) expectation; `shapley` for the designs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import TileError
from eurosic.explain.groups import Group
from eurosic.explain.shapley import Design

Array = NDArray[np.float64]
Rows = Mapping[str, NDArray[np.generic]]
# Raw rows of some cells -> predictions, first axis ``cell``; the other axes are the caller's.
Value = Callable[[Rows], Array]

# Attributions and base value must give the prediction back to this, relative to the prediction or to `floor`.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Background:
    """Typical cells, whose values stand for "not this one": raw rows, and weights ``(background,)``, one in sum."""

    rows: Rows
    weights: Array


@dataclass(frozen=True)
class Attribution:
    """What is said of some cells; the trailing axes are those of the value function.

    Parameters
    ----------
    results
        Attributions, ``(cell, result, ...)``; a result is a player or a pair, as the design has it.
    prediction
        ``(cell, ...)``.
    base
        The weighted mean prediction of the background, ``(...)``.
    """

    results: Array
    prediction: Array
    base: Array

    @property
    def valued(self) -> NDArray[np.bool_]:
        """Which cells have all their attributions; others met a mix that the predictor cannot answer, ``(cell,)``."""
        return np.asarray(np.isfinite(self.results).reshape(len(self.results), -1).all(axis=1))


@dataclass(frozen=True)
class Game:
    """What is played: the groups, the background with its predictions, the value function, rows valued at once."""

    groups: tuple[Group, ...]
    background: Background
    value: Value
    batch: int
    background_values: Array

    @property
    def base(self) -> Array:
        """The weighted mean prediction of the background."""
        return np.tensordot(self.background.weights, self.background_values, axes=1)


def open_game(groups: Sequence[Group], background: Background, value: Value, *, batch: int) -> Game:
    """Return a game, its background valued once for all cells.

    Raises
    ------
    TileError
        If a background cell has no prediction: nothing could be told from it.
    """
    values = value(background.rows)
    if not np.isfinite(values).all():
        raise TileError(
            "background", "a cell of it has no prediction", do="Choose another --seed: it draws other cells."
        )
    return Game(tuple(groups), background, value, batch, values)


def attribute(game: Game, rows: Rows, design: Design) -> Attribution:
    """Return the attributions of some cells under a design.

    Parameters
    ----------
    game
        Groups, background, value function.
    rows
        Raw values of the explained cells, each ``(cell, ...)``.
    design
        Of as many players as there are groups.

    Returns
    -------
    Attribution
        Results are NaN in a cell of which a mix with the background has no prediction.
    """
    prediction = valued(game, rows)
    mixed = np.flatnonzero(~(design.full | design.empty))
    results = _weighed(design.coefficients[:, design.full], prediction[:, None])
    results += _weighed(
        design.coefficients[:, design.empty],
        game.background_values[design.background[design.empty]][None],
    )
    # As many cells at once as fill a batch: the mixed rows of a cell are its own and nobody else's.
    step = max(1, game.batch // max(len(mixed), 1))
    for start in range(0, len(prediction), step):
        cells = slice(start, start + step)
        values = _mixed_values(game, {name: array[cells] for name, array in rows.items()}, design, mixed)
        results[cells] += _weighed(design.coefficients[:, mixed], values)
    return Attribution(results, prediction, game.base)


def _weighed(coefficients: Array, values: Array) -> Array:
    """Return ``(cell, result, ...)`` of ``(result, coalition)`` and values ``(cell, coalition, ...)``."""
    return np.moveaxis(np.tensordot(coefficients, values, axes=(1, 1)), 0, 1)


def _mixed_values(game: Game, rows: Rows, design: Design, mixed: NDArray[np.intp]) -> Array:
    """Return the values of the mixed coalitions of some cells, ``(cell, coalition, ...)``."""
    cells = len(next(iter(rows.values())))
    if not len(mixed):
        return np.zeros((cells, 0, *game.background_values.shape[1:]))
    flat = mix(game.groups, rows, game.background.rows, design, mixed)
    values = valued(game, flat)
    return values.reshape(cells, len(mixed), *values.shape[1:])


def valued(game: Game, rows: Rows) -> Array:
    """Return the predictions of raw rows, a batch at once, ``(cell, ...)``; of no rows, none."""
    cells = len(next(iter(rows.values())))
    starts = range(0, max(cells, 1), game.batch)
    return np.concatenate(
        [
            game.value({name: array[start : start + game.batch] for name, array in rows.items()})
            for start in starts
        ]
    )


def mix(
    groups: Sequence[Group], rows: Rows, background: Rows, design: Design, which: NDArray[np.intp]
) -> dict[str, NDArray[np.generic]]:
    """Return the raw rows of some coalitions of some cells, cell after cell, ``(cell x coalition, ...)``.

    Examples
    --------
    >>> from eurosic.explain.shapley import exact_design
    >>> groups = (Group("a", "", ("a",)), Group("b", "", ("b",)))
    >>> own, other = ({"a": np.array([a]), "b": np.array([b])} for a, b in ((1.0, 2.0), (-1.0, -2.0)))
    >>> mixed = mix(groups, own, other, exact_design(2, np.ones(1)), np.arange(4))
    >>> mixed["a"].tolist(), mixed["b"].tolist()
    ([-1.0, 1.0, -1.0, 1.0], [-2.0, -2.0, 2.0, 2.0])
    """
    # What nobody plays for is the same everywhere, and stays.
    mixed = {name: np.repeat(np.asarray(own), len(which), axis=0) for name, own in rows.items()}
    for player, group in enumerate(groups):
        keeps = design.masks[which, player]
        for name in group.columns:
            own, other = np.asarray(rows[name]), np.asarray(background[name])[design.background[which]]
            kept = keeps.reshape(1, -1, *(1,) * (own.ndim - 1))
            both = np.where(kept, own[:, None], other[None])
            mixed[name] = both.reshape(-1, *own.shape[1:])
    return mixed


def check_additive(found: Attribution, *, floor: Array, where: str) -> float:
    """Return the largest gap between base value plus attributions and the prediction, relative to the latter.

    Parameters
    ----------
    found
        Attributions whose results are the players; cells without a value are passed over.
    floor
        Size below which a prediction counts as nothing, in its unit; broadcasts to ``(cell, ...)``.
    where
        Which cells, for the message.

    Raises
    ------
    TileError
        If it exceeds `TOLERANCE`.
    """
    good = found.valued
    told = found.base + found.results[good].sum(axis=1)
    what = "base value plus attributions"
    return check_equal(told, found.prediction[good], floor=floor, where=where, what=what)


def check_equal(told: Array, wanted: Array, *, floor: Array, where: str, what: str) -> float:
    """Return the largest gap between two arrays, relative to the second, at least to `floor`.

    Raises
    ------
    TileError
        If it exceeds `TOLERANCE`, or there is no number.
    """
    gap = np.abs(told - wanted) / np.maximum(np.abs(wanted), floor)
    worst = float(gap.max(initial=0.0))
    # NaN fails the comparison.
    if not worst <= TOLERANCE:
        raise TileError(
            where,
            f"{what} miss the prediction by {worst:.2g} of it",
            wanted=f"at most {TOLERANCE:g}",
            do="Please report it with the recipe; if the run was changed by hand, make it again.",
        )
    return worst
