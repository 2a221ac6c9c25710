"""Law: a training is decided by its seed, its options and its simulations, however often it is killed."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from eurosic.base.errors import TrainingError
from eurosic.emulator.data import Split, split_of
from eurosic.emulator.judge import network_of_members
from eurosic.emulator.loss import sum_of_losses
from eurosic.emulator.rollout import PLACES, gather, named
from eurosic.emulator.train import Trained, TrainingOptions, train_member

OPTIONS = TrainingOptions(
    width=8,
    context=8,
    curriculum=((0.5, 4), (1.0, 12)),
    steps=24,
    batch=16,
    learning_rate=1e-2,
    seed=5,
    checks=6,
    patience=6,
)


class KilledError(Exception):
    """What ends a training from outside."""


@pytest.fixture(scope="module")
def split(lesson) -> Split:
    """Half of the columns train."""
    shares = {"train": 0.5, "validate": 0.2, "calibrate": 0.1, "test": 0.2}
    return split_of(lesson, shares, seed=5)


@pytest.fixture(scope="module")
def trained(lesson, split, tmp_path_factory) -> Trained:
    """A member that was trained without an interruption."""
    folder = tmp_path_factory.mktemp("whole")
    return train_member(lesson, split, OPTIONS, member=0, checkpoint=folder / "member")


def _assert_same(one: Trained, other: Trained) -> None:
    assert one.loss == other.loss
    assert one.history == other.history
    for name, values in one.weights.items():
        np.testing.assert_array_equal(values, other.weights[name], err_msg=name)


def test_a_loss_by_hand(lesson):
    """An error of 0.1 units of carbonate in one depth of one of a pair: its own, in the sums, in the difference."""
    true = gather(lesson, np.array([[0, 1]]), 0, 1, "cpu")[1:]
    wrong = true.clone()
    wrong[0, 0, PLACES["carbonate"].start + 5, 0] += 0.1
    assert float(sum_of_losses(named(true), named(true), lesson.known)) == 0.0
    # Grown by 1 / sqrt(5) in the first year; Huber is quadratic below its bend, linear above.
    error = 0.1 / np.sqrt(5.0)
    own = 0.5 * error**2 / 0.1 / 12
    whole = 2.0 * 0.5 * error**2 / 0.1 / 6
    apart = 3.0 * (error - 0.5 * 0.025) / 3
    told = float(sum_of_losses(named(wrong), named(true), lesson.known))
    np.testing.assert_allclose(told, own + whole + apart, rtol=1e-4)


def test_what_is_not_known_is_not_taught(lesson):
    """An error in a row that the engine does not give costs nothing."""
    true = gather(lesson, np.array([[0, 1]]), 0, 3, "cpu")[1:]
    wrong = true.clone()
    wrong[..., PLACES["calcium"], :] += 5.0
    assert float(sum_of_losses(named(wrong), named(true), lesson.known)) > 0.0
    known = tuple(name for name in lesson.known if name != "calcium")
    assert float(sum_of_losses(named(wrong), named(true), known)) == 0.0


def test_members_do_not_see_each_other(lesson):
    """The loss of two members side by side is the sum of theirs."""
    true = gather(lesson, np.array([[0, 1], [6, 7]]), 0, 3, "cpu")[1:]
    wrong = true + 0.1 * torch.rand(true.shape, generator=torch.Generator().manual_seed(1))
    both = sum_of_losses(named(wrong), named(true), lesson.known)
    each = [
        sum_of_losses(named(wrong[:, m : m + 1]), named(true[:, m : m + 1]), lesson.known) for m in range(2)
    ]
    torch.testing.assert_close(both, each[0] + each[1])


def test_the_same_seed_gives_the_same_bits(lesson, split, trained, tmp_path):
    """Two trainings are equal; another member of the same seed is another network."""
    _assert_same(train_member(lesson, split, OPTIONS, member=0, checkpoint=tmp_path / "a"), trained)
    other = train_member(lesson, split, OPTIONS, member=1, checkpoint=tmp_path / "b")
    assert not np.array_equal(other.weights["through"], trained.weights["through"])
    np.testing.assert_array_equal(other.weights["mean"], trained.weights["mean"])


@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_training_that_was_killed_ends_as_one_that_was_not(lesson, split, trained, tmp_path, after):
    """KilledError at a check, taken up by the same call: weights, losses and history are the same bits."""
    heard: list[int] = []

    def kill(step: int, loss: float, validation: float) -> None:
        heard.append(step)
        if len(heard) == after:
            raise KilledError

    with pytest.raises(KilledError):
        train_member(lesson, split, OPTIONS, member=0, checkpoint=tmp_path / "member", tell=kill)
    # What was drawn in between must not matter.
    torch.rand(7)
    _assert_same(train_member(lesson, split, OPTIONS, member=0, checkpoint=tmp_path / "member"), trained)


def test_a_training_killed_between_checks_repeats_the_steps_since(
    lesson, split, trained, tmp_path, monkeypatch
):
    """The tenth step never ends: what the eighth left is taken up, and the end is the same."""
    step = torch.optim.AdamW.step
    steps: list[int] = []

    def killed(self, *given, **named):
        steps.append(1)
        if len(steps) == 10:
            raise KilledError
        return step(self, *given, **named)

    monkeypatch.setattr(torch.optim.AdamW, "step", killed)
    with pytest.raises(KilledError):
        train_member(lesson, split, OPTIONS, member=0, checkpoint=tmp_path / "member")
    monkeypatch.undo()
    _assert_same(train_member(lesson, split, OPTIONS, member=0, checkpoint=tmp_path / "member"), trained)


def test_a_training_that_has_ended_is_not_repeated(lesson, split, trained, tmp_path):
    """Called again, it gives what it gave, without a step."""
    train_member(lesson, split, OPTIONS, member=0, checkpoint=tmp_path / "member")
    heard: list[int] = []
    again = train_member(
        lesson, split, OPTIONS, member=0, checkpoint=tmp_path / "member", tell=lambda *told: heard.append(1)
    )
    assert heard == []
    _assert_same(again, trained)


def test_it_learns(lesson, split, tmp_path):
    """A hundred steps bring the validation to less than two thirds of what it was after ten."""
    options = replace(OPTIONS, steps=100, checks=10, patience=10)
    member = train_member(lesson, split, options, member=0, checkpoint=tmp_path / "member")
    assert member.loss < 0.67 * member.history[0][3]
    assert member.loss == min(row[3] for row in member.history)
    assert [row[0] for row in member.history] == list(range(10, 101, 10))


def test_it_stops_when_nothing_improves(lesson, split, tmp_path):
    """A rate that moves no weight: the first check is the best, and three more end it."""
    options = replace(OPTIONS, learning_rate=1e-30, decay=0.0, patience=3)
    member = train_member(lesson, split, options, member=0, checkpoint=tmp_path / "member")
    assert len(member.history) == 4
    assert member.history[-1][0] == 16


def test_features_are_normalised_by_those_that_train(lesson, split, trained):
    """Mean and deviation of the training columns; a feature that is one value there is not divided by nothing."""
    features = lesson.anchors.features[:, split.train]
    np.testing.assert_allclose(trained.weights["mean"][:, 0], features.mean(axis=1), rtol=1e-5, atol=1e-6)
    assert (trained.weights["deviation"] > 0.0).all()


def test_members_side_by_side_are_one_network(trained):
    """Weights stand one after the other, normalisation once."""
    network = network_of_members([trained, trained, trained])
    assert network.sizes.members == 3
    np.testing.assert_array_equal(network.through.detach()[1], trained.weights["through"][0])
    np.testing.assert_array_equal(network.mean, trained.weights["mean"])


def test_a_training_may_begin_with_weights_learnt_elsewhere(lesson, split, trained, tmp_path):
    """It begins where the other ended: its first validation is below that of a beginning from nothing."""
    options = replace(OPTIONS, steps=4, checks=4, learning_rate=1e-5)
    cold = train_member(lesson, split, options, member=0, checkpoint=tmp_path / "cold")
    warm = train_member(
        lesson, split, options, member=0, checkpoint=tmp_path / "warm", initial=trained.weights
    )
    assert warm.history[0][3] < cold.history[0][3]
    small = replace(options, width=4)
    with pytest.raises(
        TrainingError, match=r"initial weights: are of another size: .*; wanted a member of the same"
    ):
        train_member(lesson, split, small, member=0, checkpoint=tmp_path / "small", initial=trained.weights)


def _checkpointed(lesson, split, folder: Path) -> Path:
    path = folder / "member"
    train_member(lesson, split, replace(OPTIONS, steps=4, checks=1), member=0, checkpoint=path)
    return path


@pytest.mark.parametrize("change", ["options", "member", "simulations", "split"])
def test_a_checkpoint_of_another_training_is_refused(lesson, split, tmp_path, change):
    """Other options, another member, other simulations or another split of them: nothing is taken up or changed."""
    path = _checkpointed(lesson, split, tmp_path)
    before = path.read_bytes()
    options = replace(OPTIONS, steps=4, checks=1, learning_rate=3e-3 if change == "options" else 1e-2)
    other = replace(lesson, rows=lesson.rows * np.float32(1.001)) if change == "simulations" else lesson
    dealt = replace(split, train=split.train[:-2]) if change == "split" else split
    with pytest.raises(
        TrainingError, match=r"belongs to another training; wanted no checkpoint, .* Choose another --out"
    ):
        train_member(other, dealt, options, member=int(change == "member"), checkpoint=path)
    assert path.read_bytes() == before


def test_a_checkpoint_that_is_cut_off_is_refused(lesson, split, tmp_path):
    """Half a file, or another kind of file: named, with what to do."""
    path = _checkpointed(lesson, split, tmp_path)
    for damaged in (path.read_bytes()[:2000], b"not a checkpoint", b""):
        path.write_bytes(damaged)
        with pytest.raises(TrainingError, match=r"member: cannot be read .*; wanted a checkpoint. Delete it"):
            train_member(lesson, split, replace(OPTIONS, steps=4, checks=1), member=0, checkpoint=path)


def test_a_loss_that_is_no_number_is_refused(lesson, split, tmp_path):
    """An impossible value in the ensemble: the step, both losses, what to do; no checkpoint is written."""
    rows = lesson.rows.copy()
    rows[split.train[0], 3, PLACES["ph"]] = np.nan
    with pytest.raises(
        TrainingError, match=r"training, step \d+: the loss is .*; wanted a number. Lower `learning_rate`"
    ):
        train_member(replace(lesson, rows=rows), split, OPTIONS, member=0, checkpoint=tmp_path / "member")
    assert not (tmp_path / "member").exists()


def test_options_are_documented():
    """Every option of a training stands in its docstring."""
    told = inspect.getdoc(TrainingOptions) or ""
    for name in TrainingOptions.__dataclass_fields__:
        assert name in told, name
