"""A second explainer that shares nothing with the first: slopes along the straight way from background to cell.

*Enters:* the same game. *Leaves:* attributions `(cell, group, ...)` that are no coalitions' but path integrals. No
group is ever exchanged for another cell's while the others stay: on the way all move together, so that what an
emulator says of odd mixtures has no part here. Slopes are central differences in the direction of a group, because
raw values reach the network through derivations that carry no gradient. Used to check, on a sample, that the
attributions do not hang on the explainer. *Source:* Aumann and Shapley (1974); integrated gradients: Sundararajan et
al. (2017); their mean over a background: Erion et al. (2021), expected gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eurosic.explain.attribution import Array, Attribution, Game, Rows, valued

# Share of the way by which a group goes back and forth: the rounding of float32 divided by it stays below 1e-5.
_REACH = 0.02
# Points of the quadrature along a way.
NODES = 4


def integrated_gradients(game: Game, rows: Rows, *, nodes: int = NODES) -> Attribution:
    """Return the mean over the background of integrated gradients, by group.

    The way ``z(t) = b + t (x - b)`` goes from a background cell to the explained one; a group's attribution is the
    integral over t of the slope of the prediction in the direction of the group's part of ``x - b``, by Gauss and
    Legendre's quadrature. Sums come near the prediction, not exactly to it: the gap measures the quadrature.

    Parameters
    ----------
    game
        Groups, background, value function.
    rows
        Raw values of the explained cells.
    nodes
        Points along each way.
    """
    prediction = valued(game, rows)
    points, shares = np.polynomial.legendre.leggauss(nodes)
    stops = [
        _Stop(place, float(at), float(weight * share) / (2.0 * _REACH))
        for place, weight in enumerate(game.background.weights)
        for at, share in zip((points + 1.0) / 2.0, shares / 2.0, strict=True)
    ]
    results = np.zeros((len(prediction), len(game.groups), *prediction.shape[1:]))
    step = max(1, game.batch // (2 * len(stops) * len(game.groups)))
    for start in range(0, len(prediction), step):
        cells = slice(start, start + step)
        results[cells] = _slopes(game, {name: values[cells] for name, values in rows.items()}, stops)
    return Attribution(results, prediction, game.base)


@dataclass(frozen=True)
class _Stop:
    """A point on the way from a background cell: how far, and what a difference of predictions there counts."""

    background: int
    at: float
    weight: float


def _slopes(game: Game, rows: Rows, stops: Sequence[_Stop]) -> Array:
    """Return the weighed sums of slopes of some cells, ``(cell, group, ...)``."""
    moved = [
        _on_the_way(game, rows, stop, group.columns, further)
        for stop in stops
        for group in game.groups
        for further in (_REACH, -_REACH)
    ]
    flat = {name: np.concatenate([one[name] for one in moved]) for name in rows}
    values = valued(game, flat)
    shaped = values.reshape(len(stops), len(game.groups), 2, -1, *values.shape[1:])
    slopes = np.tensordot([stop.weight for stop in stops], shaped[:, :, 0] - shaped[:, :, 1], axes=1)
    return np.moveaxis(slopes, 0, 1)


def _on_the_way(
    game: Game, rows: Rows, stop: _Stop, columns: tuple[str, ...], further: float
) -> dict[str, Array]:
    """Return the rows at a stop, the values of one group a little further on; what nobody plays for stays."""
    played = {name for group in game.groups for name in group.columns}
    moved = {name: np.asarray(own, np.float64) for name, own in rows.items()}
    for name in played:
        other = np.asarray(game.background.rows[name], np.float64)[stop.background]
        share = stop.at + further if name in columns else stop.at
        moved[name] = other + share * (moved[name] - other)
    return moved
