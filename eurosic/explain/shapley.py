"""Who contributed what: designs of coalitions whose values, weighed and summed, are the attributions.

*Enters:* the number of players and the weights of the background cells. *Leaves:* a `Design`: which players keep the
explained cell's own values and which take a background cell's, and with what coefficient the prediction for each
such coalition enters each attribution. Attributions are linear in predictions, so that one design serves every
pathway, horizon and target at once, and the attribution of a difference is the difference of attributions. Pure.
*Source:* Shapley (1953); antithetic pairs of permutations: Mitchell et al. (2022), JMLR 23(43), of which one pair is
exact where no more than two players interact; interaction index: Grabisch and Roubens (1999).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Beyond this the number of coalitions, 2^n, is past any use of exactness.
MOST_EXACT = 14


@dataclass(frozen=True)
class Design:
    """Coalitions to be valued, and how their values make the results.

    Parameters
    ----------
    masks
        Which players have the explained cell's own values, ``(coalition, player)``.
    background
        Which background cell gives the others theirs, ``(coalition,)``.
    coefficients
        Results are ``coefficients @ values``, ``(result, coalition)``; a result is a player, or a pair of them.
    """

    masks: Mask
    background: NDArray[np.intp]
    coefficients: Array

    @property
    def full(self) -> Mask:
        """Which coalitions are the explained cell itself, whatever the background, ``(coalition,)``."""
        return np.asarray(self.masks.all(axis=1))

    @property
    def empty(self) -> Mask:
        """Which coalitions are the background cell itself, the same for every explained cell, ``(coalition,)``."""
        return np.asarray(~self.masks.any(axis=1))


class _Sum:
    """A design while it is made: equal coalitions are valued once, their coefficients added up."""

    def __init__(self, results: int) -> None:
        self._results = results
        self._found: dict[tuple[bytes, int], tuple[Mask, int, Array]] = {}

    def add(self, mask: Mask, background: int, result: int, coefficient: float) -> None:
        """Add to one result a coefficient on the value of a coalition."""
        # The full coalition takes nothing from the background.
        which = 0 if mask.all() else background
        key = (mask.tobytes(), which)
        if key not in self._found:
            self._found[key] = (mask.copy(), which, np.zeros(self._results))
        self._found[key][2][result] += coefficient

    def design(self) -> Design:
        """Return what was added; without players there is nothing to value."""
        if not self._found:
            return Design(np.zeros((0, 0), np.bool_), np.zeros(0, np.intp), np.zeros((self._results, 0)))
        masks, background, coefficients = zip(*self._found.values(), strict=True)
        return Design(np.array(masks), np.array(background, dtype=np.intp), np.array(coefficients).T)


def sampled_design(players: int, weights: Array, *, seed: int, walks: int = 1) -> Design:
    """Return the design of permutation sampling: for each background cell, `walks` permutations of the players.

    Along a permutation the players take the explained cell's values one after the other; what a player adds is its
    contribution. The steps of a walk telescope, so that base value and attributions sum to the prediction exactly,
    whatever the permutations are. Every second walk is the reverse of the one before it, of the same background cell
    or of its neighbour.

    Parameters
    ----------
    players
        Number of players.
    weights
        Of the background cells, summing to one, ``(background,)``.
    seed
        Equal seeds give equal permutations; all cells share them.
    walks
        For each background cell: with two, each pair is exact where no more than two players interact.
    """
    rng = np.random.default_rng([seed, players])
    made = _Sum(players)
    order = np.arange(players)
    for turn, background in enumerate(np.repeat(np.arange(len(weights)), walks)):
        order = order[::-1] if turn % 2 else rng.permutation(players)
        _walk(made, order, int(background), float(weights[background]) / walks)
    return made.design()


def _walk(made: _Sum, walk: NDArray[np.integer], background: int, weight: float) -> None:
    mask = np.zeros(len(walk), dtype=np.bool_)
    for player in walk:
        made.add(mask, background, int(player), -weight)
        mask[player] = True
        made.add(mask, background, int(player), weight)


def exact_design(players: int, weights: Array) -> Design:
    """Return the design of exact Shapley values: every coalition of every background cell.

    Raises
    ------
    PredictorError
        If there are more than `MOST_EXACT` players.
    """
    made = _Sum(players)
    for mask in _coalitions(players):
        size = int(mask.sum())
        joined = 1.0 / (size * comb(players, size)) if size else 0.0
        awaited = 1.0 / ((players - size) * comb(players, size)) if size < players else 0.0
        for background, weight in enumerate(weights):
            for player in range(players):
                made.add(mask, background, player, weight * (joined if mask[player] else -awaited))
    return made.design()


def pairs_of(players: int) -> list[tuple[int, int]]:
    """Return all pairs of players, in order."""
    return list(combinations(range(players), 2))


def interaction_design(players: int, weights: Array) -> Design:
    """Return the design of the Shapley interaction index of each pair of `pairs_of`, over every coalition.

    What two players add together beyond what each adds alone, averaged over the coalitions of the others as a Shapley
    value is: positive where they strengthen each other.

    Raises
    ------
    PredictorError
        If there are fewer than two players or more than `MOST_EXACT`.
    """
    if players < 2:
        raise PredictorError("interactions", f"{players} players", wanted="two or more")
    pairs = pairs_of(players)
    made = _Sum(len(pairs))
    for mask in _coalitions(players):
        for result, (one, other) in enumerate(pairs):
            others = int(mask.sum()) - int(mask[one]) - int(mask[other])
            share = 1.0 / ((players - 1) * comb(players - 2, others))
            sign = 1.0 if mask[one] == mask[other] else -1.0
            for background, weight in enumerate(weights):
                made.add(mask, background, result, sign * share * weight)
    return made.design()


def _coalitions(players: int) -> Iterator[Mask]:
    if players > MOST_EXACT:
        raise PredictorError(
            "explanation",
            f"{players} players have {2.0**players:.3g} coalitions",
            wanted=f"at most {MOST_EXACT} for exact values",
            do="Join some of the groups.",
        )
    for code in range(2**players):
        yield (code >> np.arange(players)) & 1 == 1
