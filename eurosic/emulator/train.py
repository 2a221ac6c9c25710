"""The training of one member: roll-outs of pairs of simulations, from short to as long as the simulations are.

*Enters:* a lesson, a split, options, a folder for checkpoints. *Leaves:* the best weights that the validation saw,
and the history of both losses. Seeded and deterministic on a CPU; a training that was killed goes on from its last
checkpoint to the very weights that it would have reached. Must not judge skill: `skill` does, on simulations never
seen here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eurosic.base.errors import TrainingError
from eurosic.base.provenance import digest_of
from eurosic.emulator.checkpoint import open_checkpoint, write_checkpoint
from eurosic.emulator.data import Lesson, Split, pairs_of
from eurosic.emulator.loss import sum_of_losses
from eurosic.emulator.network import Network, Sizes
from eurosic.emulator.rollout import gather, named, roll, scales_of
from eurosic.emulator.rows import STATE_ROWS

_LONGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class TrainingOptions:
    """How a member is trained.

    Parameters
    ----------
    width, context
        Of the step's and of the context's layers.
    curriculum
        Share of the steps until which roll-outs are so many years long; the last share is 1.
    steps, batch
        Steps of the optimiser, and simulations in each.
    learning_rate, decay
        Largest learning rate, reached after a warm-up and lowered by a cosine, and weight decay.
    seed
        Of all that is drawn; members add their number.
    checks, patience
        Validations over a training, and how many may pass without an improvement before it ends.
    """

    width: int = 32
    context: int = 128
    curriculum: tuple[tuple[float, int], ...] = ((0.25, 10), (0.75, 20), (1.0, 80))
    steps: int = 12_000
    batch: int = 512
    learning_rate: float = 3e-3
    decay: float = 1e-4
    seed: int = 0
    checks: int = 40
    patience: int = 12


@dataclass
class Trained:
    """A member's best weights by name, their validation loss, and rows (step, years, training, validation)."""

    weights: dict[str, NDArray[np.float32]]
    loss: float
    history: list[tuple[int, int, float, float]] = field(default_factory=list)


def device_of() -> str:
    """Return where training runs: a GPU where torch sees one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def train_member(
    lesson: Lesson,
    split: Split,
    options: TrainingOptions,
    *,
    member: int,
    checkpoint: Path,
    tell: Callable[[int, float, float], None] = lambda *_: None,
    initial: Mapping[str, NDArray[np.float32]] | None = None,
) -> Trained:
    """Return a trained member; `tell` hears steps done, training and validation loss at every check.

    `initial` weights are those to begin with, of a member that learnt from another ensemble; its normalisation of the
    features is kept, since they read features by it. Choose a lower learning rate for them.

    Raises
    ------
    TrainingError
        If the loss is no number: the rate is too high, or the ensemble holds what is none.
    """
    training = _Training(lesson, split, options, member, checkpoint)
    if initial is not None:
        training.begin_with(initial)
    training.resume()
    every = max(1, options.steps // options.checks)
    while training.step < options.steps and training.idle < options.patience:
        training.advance()
        if training.step % every == 0 or training.step == options.steps:
            training.check(tell)
    return training.result()


class _Training:
    """A training at work: network, optimiser, random numbers, and the best that was seen."""

    def __init__(
        self, lesson: Lesson, split: Split, options: TrainingOptions, member: int, checkpoint: Path
    ) -> None:
        self.lesson, self.options, self.checkpoint = lesson, options, checkpoint
        self.device = device_of()
        torch.manual_seed(options.seed * 1000 + member)
        self.network = Network(Sizes(1, len(lesson.anchors.features), options.context, options.width))
        features = lesson.anchors.features[:, split.train]
        self.network.mean.copy_(torch.from_numpy(features.mean(axis=1, keepdims=True).astype(np.float32)))
        spread = np.maximum(features.std(axis=1, keepdims=True), 1e-6)
        self.network.deviation.copy_(torch.from_numpy(spread.astype(np.float32)))
        self.network.to(self.device)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=options.learning_rate, weight_decay=options.decay, betas=(0.9, 0.99)
        )
        self.rng = np.random.default_rng([options.seed, member])
        self.pairs = pairs_of(lesson, split.train)
        self.validation = pairs_of(lesson, split.validate)
        self.digest = _digest(lesson, split, options, member)
        self.step, self.idle, self.running = 0, 0, float("nan")
        self.best, self.best_weights = float("inf"), self._weights()
        self.history: list[tuple[int, int, float, float]] = []

    def begin_with(self, initial: Mapping[str, NDArray[np.float32]]) -> None:
        """Take over a member's weights and its normalisation of the features."""
        mine = {name: tuple(value.shape) for name, value in self.network.state_dict().items()}
        given = {name: value.shape for name, value in initial.items()}
        if mine != given:
            other = sorted(name for name in mine | given if mine.get(name) != given.get(name))
            raise TrainingError(
                "initial weights",
                f"are of another size: {', '.join(other[:4])}",
                wanted="a member of the same width, context and features",
                do="Train it on an ensemble with the same covariates, with the same sizes.",
            )
        self.network.load_state_dict(
            {name: torch.from_numpy(value.copy()) for name, value in initial.items()}
        )
        self.best_weights = self._weights()
        taken = {name: float(value.astype(np.float64).sum()) for name, value in sorted(initial.items())}
        self.digest = digest_of([self.digest, taken])

    def advance(self) -> None:
        """Take one step of the optimiser."""
        options, share = self.options, self.step / self.options.steps
        years = min(next(years for until, years in options.curriculum if share < until), self.lesson.years)
        size = min(options.batch // 2, len(self.pairs))
        chosen = self.pairs[self.rng.choice(len(self.pairs), size, replace=False)]
        # The first years hold what no later ones do, the answer to a sudden change: a third begin there.
        # A roll-out may begin only where the ensemble says what the state is; the start is known of all.
        begun = set(STATE_ROWS) <= set(self.lesson.known)
        latest = self.lesson.years - years if begun else 0
        start = 0 if self.rng.random() < 1 / 3 else int(self.rng.integers(0, latest + 1))
        rate = (
            options.learning_rate
            * min(1.0, (self.step + 1) / 200)
            * (0.503 + 0.5 * math.cos(math.pi * share))
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = self._loss(chosen, start, years)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LONGEST_GRADIENT)
        self.optimiser.step()
        self.step += 1
        now = float(loss.detach())
        self.running = now if np.isnan(self.running) else 0.98 * self.running + 0.02 * now

    def _loss(self, pairs: NDArray[np.int64], start: int, years: int) -> Tensor:
        which = pairs.reshape(1, -1)
        anchored = scales_of(self.lesson.anchors, which, self.device)
        rows = gather(self.lesson, which, start, years, self.device)
        predicted, _ = roll(self.network, anchored, rows, self.lesson.frame)
        return sum_of_losses(predicted, named(rows[1:]), self.lesson.known)

    def check(self, tell: Callable[[int, float, float], None]) -> None:
        """Validate, keep the best, and write a checkpoint."""
        with torch.inference_mode():
            validation = float(self._loss(self.validation, 0, self.lesson.years))
        if not np.isfinite(validation) or not np.isfinite(self.running):
            raise TrainingError(
                f"training, step {self.step}",
                f"the loss is {self.running} in training and {validation} in validation",
                wanted="a number",
                do="Lower `learning_rate`, or look for impossible values in the ensemble.",
            )
        improved = validation < self.best
        self.idle = 0 if improved else self.idle + 1
        if improved:
            self.best, self.best_weights = validation, self._weights()
        self.history.append((self.step, self.lesson.years, self.running, validation))
        self._save()
        tell(self.step, self.running, validation)

    def _weights(self) -> dict[str, NDArray[np.float32]]:
        return {
            name: value.detach().cpu().numpy().copy() for name, value in self.network.state_dict().items()
        }

    def _save(self) -> None:
        kept = {
            "digest": self.digest,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rng": self.rng.bit_generator.state,
            "best_weights": {name: torch.from_numpy(value) for name, value in self.best_weights.items()},
            "numbers": (self.step, self.idle, self.running, self.best),
            "history": self.history,
        }
        write_checkpoint(self.checkpoint, kept)

    def resume(self) -> None:
        """Go on from the checkpoint of this very training, if there is one."""
        kept = open_checkpoint(self.checkpoint, self.digest, device=self.device)
        if kept is None:
            return
        self.network.load_state_dict(kept["network"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.rng.bit_generator.state = kept["rng"]
        self.best_weights = {name: value.cpu().numpy() for name, value in kept["best_weights"].items()}
        self.step, self.idle, self.running, self.best = kept["numbers"]
        self.history = [tuple(row) for row in kept["history"]]

    def result(self) -> Trained:
        """Return the best that was seen."""
        return Trained(self.best_weights, self.best, self.history)


def _digest(lesson: Lesson, split: Split, options: TrainingOptions, member: int) -> str:
    """Return a digest of what decides a member's weights: other simulations, another split, another training."""
    # Sums of what it learns from tell ensembles and features apart, and cost nothing.
    learnt = [repr(float(values.sum(dtype=np.float64))) for values in (lesson.rows, lesson.anchors.features)]
    return digest_of([repr(options), member, learnt, split.train, split.validate])
