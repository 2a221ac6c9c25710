"""A predictor of members with a known formula: each is wrong by its own share of every value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eurosic.base.signature import Columns, Prediction
from eurosic.base.summed import ADDED_UP, SUMMED, TOTALLED
from tests.toy import ToyEmulator

# Shares of a value that the members add to it; they sum to nothing.
APART = (-0.02, -0.01, 0.03)


@dataclass(frozen=True)
class ToyMembers(ToyEmulator):
    """Another predictor's answer, about which three members disagree by a share of each value."""

    apart: tuple[float, ...] = APART
    name: str = "toy-members"

    @property
    def members(self) -> int:
        """Three."""
        return len(self.apart)

    def predict_with_members(self, columns: Columns, years: Sequence[int]) -> Prediction:
        """Return the mean, and each member's share of it in some years."""
        found = self.predict(columns)
        places = list(years)
        values = [found.values[..., self.signature.target_index(name)] for name in TOTALLED]
        since = np.cumsum(found.values[..., self.signature.target_index(ADDED_UP)], axis=-1)
        every = np.stack([*values, since])[..., places]
        assert len(every) == len(SUMMED)
        told = np.array(self.apart)[:, None, None, None, None] * every.swapaxes(-1, -2)
        return replace(found, members=told.astype(np.float32))
