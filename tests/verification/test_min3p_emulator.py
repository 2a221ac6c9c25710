"""Law: what an emulator of MIN3P is judged by trains nothing, and what it begins with speaks of the same features."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from eurosic.base.signature import names
from eurosic.emulator.data import Lesson
from eurosic.workflow.lesson import open_lesson
from eurosic.workflow.min3p_import import import_packed
from tests.verification.min3p_emulator import SIZES, TEST, split_for
from tests.verification.min3p_world import simulated_lesson


@pytest.fixture(scope="module")
def world() -> Lesson:
    """A small lesson of the simulator in MIN3P's world."""
    return simulated_lesson(60, seed=3)


def test_runs_that_are_judged_train_nothing():
    """At every size the same runs are judged; fewer runs are part of more; none both trains and stops."""
    chosen = np.random.default_rng(0).permutation(774)
    splits = [split_for(runs, chosen) for runs in (*SIZES, 774 - TEST)]
    for runs, split in zip((*SIZES, 774 - TEST), splits, strict=True):
        assert len(split.test) == TEST
        used = [*split.train, *split.validate]
        assert len(used) == len(set(used)) == runs
        assert not set(used) & set(splits[0].test)
    for less, more in pairwise(splits):
        assert set(less.train) | set(less.validate) < set(more.train) | set(more.validate)


def test_the_simulator_is_asked_in_min3ps_world(world: Lesson):
    """What infiltrates is what drains; nothing is harvested, limed or made less acid; a third is low in carbonate."""
    drivers = dict(
        zip(names(world.signature.drivers), np.moveaxis(world.columns.forcing[0], -1, 0), strict=True)
    )
    np.testing.assert_array_equal(drivers["precipitation"], drivers["drainage"])
    assert not drivers["base_cation_export"].any()
    assert not drivers["lime"].any()
    assert (drivers["acid_extra"] >= 0.0).all()
    assert drivers["drainage"].min() >= 30.0
    assert drivers["drainage"].max() <= 700.0
    stock = world.columns.state[..., names(world.signature.states).index("sic")].sum(axis=1)
    assert np.median(stock[40:]) < 0.2 * np.median(stock[:40])


def test_both_lessons_have_the_same_features(world: Lesson, shared_data: Path, tmp_path: Path):
    """Or weights of one could not be those of the other."""
    packed = import_packed([shared_data / "min3p" / "ensemble_dev.nc"], tmp_path / "dev.zarr").path
    lesson = open_lesson(packed)
    assert lesson.anchors.features.shape[0] == world.anchors.features.shape[0]
    assert lesson.signature.covariates == world.signature.covariates
    assert lesson.signature.states == world.signature.states
    assert lesson.known == world.known
