"""The tiny ensemble that most tests of the emulator learn from, simulated once."""

from __future__ import annotations

import pytest
import torch

from eurosic.emulator.data import lesson_of
from tests.emulator.tiny import make_ensemble


@pytest.fixture(scope="session")
def ensemble():
    """Twenty-four columns and their counterparts over twelve years."""
    return make_ensemble()


@pytest.fixture(scope="session")
def lesson(ensemble):
    """What a network learns of them."""
    return lesson_of(ensemble.arrays, ensemble.frame)


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny tensors on many threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
