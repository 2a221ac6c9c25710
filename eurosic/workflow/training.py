"""The walk of an emulator: recipe -> simulations -> members -> calibration -> skill -> card.

*Enters:* a recipe's file, simulations (made here from the recipe's ensemble where none are given), a folder.
*Leaves:* a card with its weights. Members are trained side by side, one a worker; a training that was killed is taken
up by the same command. Hands each stage what it needs and computes nothing itself.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from distributed import Client

from eurosic.base.errors import CardError, RecipeError
from eurosic.clusters import Profile, open_client
from eurosic.emulator.card import CARD, read_card
from eurosic.emulator.data import Lesson, Split, split_of
from eurosic.emulator.train import Trained, TrainingOptions, train_member
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.simulations import open_ensemble
from eurosic.recipe.emulator import EmulatorRecipe, load_emulator_recipe
from eurosic.workflow.certify import certify
from eurosic.workflow.ensemble import make_ensemble, set_up_ensemble
from eurosic.workflow.lesson import open_lesson
from eurosic.workflow.run import Teller

_ENSEMBLES = Path("..") / "ensembles"
_POLL = 5.0  # s


@dataclass(frozen=True)
class TrainingSetup:
    """A recipe of an emulator, its file, the folder of the card, and the simulations to learn from."""

    recipe: EmulatorRecipe
    file: Path
    folder: Path
    given: Path | None = None

    @property
    def simulations(self) -> Path:
        """Where the simulations lie, or will lie."""
        return self.given or self.folder / "simulations.zarr"

    @property
    def work(self) -> Path:
        """The folder of checkpoints; it goes when the card is written."""
        return self.folder / "training"

    @cached_property
    def options(self) -> TrainingOptions:
        """How each member is trained."""
        return TrainingOptions(**self.recipe.training_options())

    @cached_property
    def finish(self) -> TrainingOptions | None:
        """How each member is trained a second time, more gently, where the recipe says so."""
        options = self.recipe.finish_options()
        return TrainingOptions(**options) if options else None

    @property
    def steps(self) -> int:
        """Steps of all members together."""
        return self.recipe.members * (self.options.steps + (self.finish.steps if self.finish else 0))


def set_up_training(path: Path, folder: Path, *, simulations: Path | None = None) -> TrainingSetup:
    """Return the set-up of an emulator recipe's file.

    Raises
    ------
    RecipeError
        With every problem of the recipe; or if it names no ensemble and none is given.
    """
    recipe = load_emulator_recipe(path)
    if recipe.ensemble is None and simulations is None:
        raise RecipeError(
            str(path),
            "names no ensemble, and none is given",
            do="Name simulations with --simulations ENSEMBLE.zarr.",
        )
    return TrainingSetup(recipe, path, folder, simulations)


@dataclass(frozen=True)
class MemberTask:
    """One member, as a worker trains it: opens the simulations itself, writes its checkpoints and its progress."""

    simulations: Path
    options: TrainingOptions
    finish: TrainingOptions | None
    shares: tuple[tuple[str, float], ...]
    unseen: tuple[str, ...]
    work: Path

    def __call__(self, member: int) -> Trained:
        """Return the trained member."""
        lesson = open_lesson(self.simulations)
        split = split_of(lesson, dict(self.shares), seed=self.options.seed, unseen=self.unseen)

        first = self._trained(lesson, split, self.options, member)
        if self.finish is None:
            return first
        second = self._trained(lesson, split, self.finish, member, initial=first)
        later = [(self.options.steps + row[0], *row[1:]) for row in second.history]
        return replace(second, history=[*first.history, *later])

    def _trained(
        self,
        lesson: Lesson,
        split: Split,
        options: TrainingOptions,
        member: int,
        *,
        initial: Trained | None = None,
    ) -> Trained:
        done = self.options.steps if initial else 0

        def tell(step: int, training: float, validation: float) -> None:
            told = {"step": done + step, "training": training, "validation": validation}
            write_atomically(self.work / f"member-{member}.json", json.dumps(told).encode())

        checkpoint = self.work / f"member-{member}{'-finish' if initial else ''}.pt"
        weights = initial.weights if initial else None
        return train_member(
            lesson, split, options, member=member, checkpoint=checkpoint, tell=tell, initial=weights
        )


def train(setup: TrainingSetup, *, profile: Profile, tell: Teller) -> Path:
    """Train an emulator, or finish one that was interrupted, and return the folder of its card.

    Raises
    ------
    EurosicError
        Whatever a user can mend; no finished member, no checkpoint and no other card is lost.
    """
    if _is_made(setup):
        tell.say(f"{setup.folder}: finished already, nothing to do.")
        return setup.folder
    setup.work.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    _simulate(setup, profile, tell)
    recipe = setup.recipe
    task = MemberTask(
        setup.simulations.resolve(),
        setup.options,
        setup.finish,
        tuple(recipe.split.items()),
        recipe.unseen,
        setup.work.resolve(),
    )
    with open_client(profile) as client:
        trained = _members(setup, task, client, tell)
    tell.say(f"trained    {recipe.members} members in {(time.perf_counter() - began) / 60:.1f} min")
    return certify(setup, trained, tell)


def _is_made(setup: TrainingSetup) -> bool:
    """Return whether the card of this very recipe and ensemble is there; refuse to train over another one."""
    if not (setup.folder / CARD).exists():
        return False
    made = read_card(setup.folder).trained_on
    same = made.recipe_digest == setup.recipe.digest
    if same and setup.given is not None:
        with open_ensemble(setup.given) as ensemble:
            same = made.ensemble_digest == ensemble.attrs.get("digest")
    if not same:
        raise CardError(
            str(setup.folder),
            "holds the card of another recipe or ensemble",
            wanted="no card, or that of this very training",
            do="Choose another --out; nothing was changed.",
        )
    return True


def _simulate(setup: TrainingSetup, profile: Profile, tell: Teller) -> None:
    if setup.given is not None or setup.recipe.ensemble is None:
        return
    ensemble = setup.file.parent / _ENSEMBLES / f"{setup.recipe.ensemble}.yaml"
    made = make_ensemble(set_up_ensemble(ensemble), setup.simulations, profile=profile, tell=tell)
    tell.say(f"simulated  {made.simulations} simulations")


def _members(setup: TrainingSetup, task: MemberTask, client: Client, tell: Teller) -> list[Trained]:
    futures = [
        client.submit(task, m, key=f"member-{m}", pure=False) for m in range(1, setup.recipe.members + 1)
    ]
    try:
        while any(future.status == "pending" for future in futures):
            tell.progress(_steps_done(setup), setup.steps)
            time.sleep(_POLL)
        return list(client.gather(futures))
    finally:
        client.cancel(futures)


def _steps_done(setup: TrainingSetup) -> int:
    """Return the steps that all members have reported together."""
    reports = setup.work.glob("member-*.json")
    return sum(int(json.loads(report.read_text(encoding="utf-8"))["step"]) for report in reports)
