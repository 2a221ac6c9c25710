"""Why the shipped emulator has the sizes it has: members of other sizes, trained alike on fewer steps.

    python -m tests.verification.emulator_sizes ENSEMBLE.zarr

Prints a row a size: validation loss, skill on the test simulations, the weights and the time of a year. One member
each, 1 000 steps instead of 9 600, so that the study takes some minutes on a core; sizes compare, values do not.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import torch

from eurosic.base.signature import Columns
from eurosic.emulator.data import split_of
from eurosic.emulator.judge import network_of_members, predicted
from eurosic.emulator.predict import Emulator
from eurosic.emulator.skill import Judged, difference_measures, headline_measures
from eurosic.emulator.train import TrainingOptions, train_member
from eurosic.recipe.emulator import load_emulator_recipe
from eurosic.workflow.lesson import open_lesson

SIZES = ((16, 128), (32, 64), (32, 128), (48, 128))
STEPS = 1000
RECIPE = Path(__file__).parents[2] / "recipes" / "emulators" / "sic-v1.yaml"


def main(ensemble: Path) -> None:
    """Train and judge a member of every size."""
    torch.set_num_threads(1)
    recipe = load_emulator_recipe(RECIPE)
    lesson = open_lesson(ensemble.resolve())
    split = split_of(lesson, recipe.split, seed=recipe.seed, unseen=recipe.unseen)
    which = split.test
    c = lesson.columns
    columns = Columns(
        c.covariates[:256], c.state[:256], c.baseline[:256], c.forcing[:, :256].repeat(8, axis=0)
    )
    head = (
        "width context weights  loss   SIC R2   MAE %  pH rmse  difference R2  M cell-years/s  CPU s to train"
    )
    print(head)  # noqa: T201
    for width, context in SIZES:
        given = recipe.training_options() | {"width": width, "context": context, "steps": STEPS}
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            trained = train_member(
                lesson, split, TrainingOptions(**given), member=0, checkpoint=Path(folder) / "member.pt"
            )
            took = time.process_time() - began
        network = network_of_members([trained])
        emulator = Emulator("study", "", Path(), lesson.signature, network, lesson.frame)
        judged = Judged(lesson, which, predicted(emulator, lesson, which)[0])
        told = headline_measures(judged) | difference_measures(judged)
        began = time.process_time()
        emulator.predict_members(columns)
        rate = 8 * 256 * lesson.years / (time.process_time() - began) / 1e6
        weights = sum(value.size for value in trained.weights.values())
        print(  # noqa: T201
            f"{width:5d} {context:7d} {weights:7d} {trained.loss:6.4f} {told['sic change r2']:8.5f}"
            f" {100 * float(told['sic change mae over mean change']):6.2f} {told['ph_soil_0_30cm rmse']:8.4f}"
            f" {told['difference r2']:12.4f} {rate:14.2f} {took:14.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
