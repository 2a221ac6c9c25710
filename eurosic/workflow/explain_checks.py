"""A second look at a sample of the explained cells: other explainers, and who strengthens whom.

*Enters:* cells of a run and what was asked of them. *Leaves:* for each chunk of cells, as a worker finds it: exact
attributions, those along a straight way, those of permutations, and interactions of pairs; from all chunks, how far
they agree. Explainers are judged against the background and by the permutations of the attributions themselves;
interactions, which are told as they are, against a few cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from eurosic.base.signature import Array
from eurosic.explain.agreement import agreement_of
from eurosic.explain.attribution import Background, Game, attribute, open_game
from eurosic.explain.gradients import integrated_gradients
from eurosic.explain.groups import Group
from eurosic.explain.shapley import exact_design, interaction_design
from eurosic.workflow.explain_task import Question, RunCells

# Cells of each look, of a task, and of the background of interactions.
EXACT_CELLS, STRAIGHT_CELLS, PAIR_CELLS = 16, 48, 128
_TOGETHER = 8
FEW = 8


@dataclass(frozen=True)
class Looked:
    """What a task finds, along the baseline, ``(cell, result, horizon, target)``; empty looks have no cells.

    `pairs` are interactions of the coarse groups; the others are of the groups that are played.
    """

    exact: Array
    straight: Array
    sampled: Array
    pairs: Array


@dataclass(frozen=True)
class SecondLook:
    """What a worker needs to look again: the question of the baseline alone, and what pairs are asked against."""

    cells: RunCells
    question: Question
    coarse: tuple[Group, ...]
    few: Background

    def __call__(self, cells: NDArray[np.int64], first: int) -> Looked:
        """Return what is found of some cells, the `first` of which stands at this place of the sample."""
        rows = self.cells.rows(cells)
        question, fine = self.question, self.question.game()
        every = exact_design(len(question.groups), question.background.weights)
        exact = self._some(rows, first, EXACT_CELLS)
        straight = self._some(rows, first, STRAIGHT_CELLS)
        found = integrated_gradients(fine, straight).results
        pairs = open_game(self.coarse, self.few, question.value, batch=fine.batch)
        return Looked(
            attribute(fine, exact, every).results[:, :, 0],
            found[:, :, 0],
            attribute(fine, straight, question.design()).results[:, :, 0],
            _pairs(pairs, rows, self.few.weights),
        )

    def _some(
        self, rows: dict[str, NDArray[np.float64]], first: int, most: int
    ) -> dict[str, NDArray[np.float64]]:
        return {name: values[: max(0, most - first)] for name, values in rows.items()}


def _pairs(game: Game, rows: dict[str, NDArray[np.float64]], weights: Array) -> Array:
    return attribute(game, rows, interaction_design(len(game.groups), weights)).results[:, :, 0]


def look_again(look: SecondLook, cells: NDArray[np.int64], client: Client, *, key: str) -> Looked:
    """Return what all tasks found, cells in the order given."""
    tasks = [
        client.submit(
            look, cells[first : first + _TOGETHER], first, key=f"look-{key}-{first:05d}", pure=False
        )
        for first in range(0, len(cells), _TOGETHER)
    ]
    found: Sequence[Looked] = client.gather(tasks)
    parts = {name: [getattr(one, name) for one in found] for name in asdict(found[0])}
    return Looked(**{name: np.concatenate(arrays) for name, arrays in parts.items()})


def baseline_question(question: Question) -> Question:
    """Return the question of the baseline alone."""
    alone = (question.pathways[0],)
    return replace(question, value=question.value.along(alone), pathways=alone)


def agreements(found: Looked, question: Question) -> dict[str, dict[str, object]]:
    """Return, for each target at the last horizon, how far the explainers agree, as the record tells it."""
    exact_of = len(found.exact)
    told: dict[str, dict[str, object]] = {}
    for place, target in enumerate(question.value.targets):
        sampled, straight = found.sampled[..., -1, place], found.straight[..., -1, place]
        told[target.name] = {
            "permutations_with_exact_shapley": _told(
                sampled[:exact_of], found.exact[..., -1, place], question
            ),
            "permutations_with_integrated_gradients": _told(sampled, straight, question),
        }
    return told


def _told(sampled: Array, other: Array, question: Question) -> dict[str, object]:
    found = agreement_of(sampled, other)
    names = (group.name for group in question.groups)
    return {
        "cells": len(other),
        "mean_gap": found.mean_gap,
        "lowest_rank_correlation": found.lowest,
        "rank_correlation": dict(zip(names, found.rank_correlations, strict=True)),
    }
