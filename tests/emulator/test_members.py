"""Law: what each member says, less the mean, is what that network alone says, and is no other for being asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eurosic.base.signature import Predictor, WithMembers
from eurosic.base.summed import ADDED_UP, SINCE_START, SUMMED, TOTALLED
from eurosic.emulator.predict import Emulator
from tests.emulator.tiny import forced, random_emulator

YEARS = (0, 5, 11)


@pytest.fixture(scope="module")
def emulator(lesson) -> Emulator:
    """Three members of random weights."""
    return random_emulator(lesson, members=3)


@pytest.fixture(scope="module")
def columns(lesson, emulator):
    """The lesson's columns along two variants: as simulated, and without nitrate."""
    factor = np.array([1.0, 0.0])[:, None, None]
    doubled = replace(lesson.columns, forcing=np.repeat(lesson.columns.forcing, 2, axis=0))
    return forced(doubled, emulator.signature, nitrate_leached=factor)


@pytest.fixture(scope="module")
def alone(emulator, columns) -> np.ndarray:
    """What each network says alone, ``(member, quantity, variant, cell, year)``, the summed flux last."""
    said = []
    for member in range(emulator.members):
        values = replace(emulator, network=emulator.network.of(member)).predict(columns).values
        by_target = [values[..., emulator.signature.target_index(name)] for name in TOTALLED]
        since = np.cumsum(values[..., emulator.signature.target_index(ADDED_UP)], axis=-1)
        said.append(np.stack([*by_target, since]))
    return np.stack(said)


def test_members_are_the_networks_alone(emulator, columns, alone):
    """Each less the mean of all, in the years that were asked for, to single precision."""
    found = emulator.predict_with_members(columns, YEARS).members
    apart = (alone - alone.mean(axis=0))[..., list(YEARS)].swapaxes(-1, -2)
    assert found.shape == apart.shape == (3, len(SUMMED), 2, len(YEARS), columns.shape[1])
    for q, name in enumerate(SUMMED):
        scale = np.nanmax(np.abs(alone[:, q]))
        np.testing.assert_allclose(found[:, q], apart[:, q], atol=3e-6 * scale, err_msg=name)
    assert SUMMED[-1] == SINCE_START


def test_they_sum_to_nothing(emulator, columns):
    """Deviations from the mean do."""
    found = emulator.predict_with_members(columns, YEARS).members
    np.testing.assert_allclose(found.sum(axis=0), 0.0, atol=1e-5 * np.nanmax(np.abs(found)))


def test_to_be_asked_changes_no_value(emulator, columns):
    """Bit for bit; and who is not asked for members tells of none."""
    plain, asked = emulator.predict(columns), emulator.predict_with_members(columns, YEARS)
    np.testing.assert_array_equal(plain.values, asked.values)
    assert plain.members is None
    assert isinstance(emulator, Predictor)
    assert isinstance(emulator, WithMembers)


def test_pathways_with_climates_of_their_own_go_one_by_one(emulator, columns):
    """And their members stand side by side as they would together."""
    warmer = forced(columns, emulator.signature, temperature=np.array([1.0, 1.02])[:, None, None])
    found = emulator.predict_with_members(warmer, YEARS).members
    for variant in (0, 1):
        one = replace(warmer, forcing=warmer.forcing[variant : variant + 1])
        np.testing.assert_allclose(
            found[:, :, variant],
            emulator.predict_with_members(one, YEARS).members[:, :, 0],
            rtol=1e-4,
            atol=1e-7,
        )
