"""How well an emulator learns MIN3P from few runs: its learning curve, alone and after learning from the simulator.

*Enters:* the packed development runs. *Leaves:* tables on standard output, as docs/emulators-min3p.md has them. One
fixed set of 120 runs is judged throughout and trains, stops and tunes nothing.

    python -m tests.verification.min3p_emulator --data ../shared/data/min3p
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from eurosic.base.flags import Regime
from eurosic.emulator.data import Lesson, Split
from eurosic.emulator.judge import network_of_members, predicted
from eurosic.emulator.predict import Emulator
from eurosic.emulator.skill import Judged, r2_of
from eurosic.emulator.train import Trained, TrainingOptions, train_member
from eurosic.workflow.lesson import open_lesson
from eurosic.workflow.min3p_import import import_packed
from tests.verification.min3p_world import simulated_lesson

Whole = NDArray[np.int64]

SEED, TEST, MEMBERS = 20261123, 120, 5
SIZES = (50, 100, 200)
# Simulations of the simulator to learn from first: they take 20 s of processor time.
WORLD = 4096
# One roll-out in six is long: few runs are learnt in a minute.
ALONE = TrainingOptions(
    steps=2000, batch=256, curriculum=((0.3, 10), (0.85, 20), (1.0, 80)), checks=20, patience=8, seed=SEED
)
TUNED = replace(ALONE, learning_rate=1e-3)
_NONE = np.empty(0, dtype=np.int64)
_CHANGE, _PH, _DIC = "sic_change_0_200cm", "ph_soil_0_30cm", "dic_leaching"
_COLUMNS = (
    "| trained on | begins with | judged | SIC R² | SIC MAE, kg C/ha/yr | of the mean | pH RMSE | DIC R² |"
)


def split_for(runs: int, chosen: Whole) -> Split:
    """Return the split of the first `runs` of what is not judged: 15 % of them, at most 60, stop the training."""
    test, rest = chosen[:TEST], chosen[TEST : TEST + runs]
    stop = max(8, min(60, int(0.15 * len(rest))))
    return Split(rest[stop:], rest[:stop], _NONE, test, _NONE)


def member_of(
    lesson: Lesson, split: Split, options: TrainingOptions, *, member: int = 0, initial: Trained | None = None
) -> Trained:
    """Return a trained member; its checkpoint is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        return train_member(
            lesson,
            split,
            options,
            member=member,
            checkpoint=Path(folder) / "member.pt",
            initial=initial.weights if initial else None,
        )


def judged_by(lesson: Lesson, members: Sequence[Trained], test: Whole) -> Judged:
    """Return what the members say, on average, of the runs that are judged."""
    emulator = Emulator("", "", Path(), lesson.signature, network_of_members(members), lesson.frame)
    return Judged(lesson, test, predicted(emulator, lesson, test)[0])


def rows_of(judged: Judged, *who: str) -> Iterator[str]:
    """Yield a row of the table for all runs, and one for each regime at the end."""
    regime = judged.lesson.regime[judged.which, -1]
    yield _row(judged, np.ones(len(regime), dtype=bool), *who)
    for code in Regime:
        if (regime == code).any():
            yield _row(judged, regime == code, who[0], f"{who[1]}; {code.name.lower()} only")


def _row(judged: Judged, chosen: NDArray[np.bool_], *who: str) -> str:
    def both(target: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        i = judged.target(target)
        return judged.predicted[chosen][..., i].astype(float), judged.true[chosen][..., i].astype(float)

    said, was = (values[:, -1] * 1e4 / judged.lesson.years for values in both(_CHANGE))
    ph = np.subtract(*both(_PH))
    numbers = (r2_of(said, was), np.abs(said - was).mean(), np.abs(said - was).mean() / np.abs(was).mean())
    text = f"{numbers[0]:.4f} | {numbers[1]:.2f} | {numbers[2]:.1%} | {np.sqrt((ph**2).mean()):.3f}"
    return f"| {' | '.join(who)} | {int(chosen.sum())} | {text} | {r2_of(*both(_DIC)):.4f} |"


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the learning curve, and what members add."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder of ensemble_dev.nc and ensemble_extra.nc"
    )
    data = parser.parse_args().data
    # Timings are of one core.
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        files = [data / f"ensemble_{part}.nc" for part in ("dev", "extra")]
        lesson = open_lesson(import_packed(files, Path(folder) / "min3p.zarr").path)
    chosen = np.random.default_rng(SEED).permutation(lesson.simulations)
    _tell(f"{_COLUMNS}\n|{'---|' * 8}")
    first = _from_the_simulator()
    everything = lesson.simulations - TEST
    for row in rows_of(judged_by(lesson, [first], chosen[:TEST]), "none", "simulator"):
        _tell(row)
    for runs in (*SIZES, everything):
        split = split_for(runs, chosen)
        alone = member_of(lesson, split, ALONE)
        tuned = member_of(lesson, split, TUNED, initial=first)
        for words, member in (("nothing", alone), ("simulator", tuned)):
            for row in rows_of(judged_by(lesson, [member], split.test), str(runs), words):
                _tell(row)
    _members(lesson, split, alone)
    _tell(f"\n{time.process_time():.0f} s of processor time")


def _from_the_simulator() -> Trained:
    world = simulated_lesson(WORLD, seed=5)
    order = np.random.default_rng(SEED).permutation(world.simulations)
    return member_of(world, Split(order[256:], order[:256], _NONE, _NONE, _NONE), ALONE)


def _members(lesson: Lesson, split: Split, first: Trained) -> None:
    """Print what the mean of more members is worth, all runs, each beginning with nothing."""
    trained = [first]
    for member in range(1, MEMBERS):
        trained.append(member_of(lesson, split, ALONE, member=member))
        judged = judged_by(lesson, trained, split.test)
        _tell(next(rows_of(judged, f"all, {member + 1} members", "nothing")))


if __name__ == "__main__":
    main()
