"""An ensemble's store -> a lesson: what an emulator learns from, read once a process.

*Enters:* the path of a finished ensemble. *Leaves:* a `Lesson`, with the frame that its attributes tell. Shared by
the training and the judging of an emulator; hands on, computes nothing itself.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from eurosic.base.simulations import SCHEMA
from eurosic.emulator.data import Lesson, lesson_of
from eurosic.emulator.features import Frame
from eurosic.outputs.simulations import open_ensemble


@lru_cache(maxsize=1)
def open_lesson(path: Path) -> Lesson:
    """Return the lesson of a finished ensemble, read once a process.

    Raises
    ------
    StoreError
        If there is none.
    SimulationError
        If it lacks what an emulator learns from.
    """
    with open_ensemble(path) as ensemble:
        arrays = {name: ensemble[name].to_numpy() for name in SCHEMA if name in ensemble}
        told = ensemble.attrs
        frame = Frame(
            acid_shares=tuple(told["acid_shares"]),
            lime_shares=tuple(told["lime_shares"]),
            rain_calcium=float(told["rain_calcium"]),
            rain_alkalinity=float(told["rain_alkalinity"]),
            spin_up=int(told["spin_up_years"]),
        )
    return lesson_of(arrays, frame)
