"""What runs the columns of an ensemble, batch by batch: the simulator, or another code that gives the same words.

*Enters:* the process model's options and columns. *Leaves:* `Ran`, the arrays of the schema that the engine gives.
An engine is a value, picklable, so that it travels to workers. It must not know design, store or cluster.
*Source:* `base.simulations.SCHEMA`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Columns
from eurosic.base.simulations import SCHEMA
from eurosic.simulator.ensemble import simulate_columns
from eurosic.simulator.options import SimulatorOptions


@dataclass(frozen=True)
class Ran:
    """A batch that was run: the arrays of the schema by name, and how many columns failed of what."""

    arrays: Mapping[str, NDArray[np.generic]]
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Engine:
    """What runs the columns of a batch.

    Parameters
    ----------
    name, run
        What an ensemble calls it; options and columns in, a batch out. Must be picklable.
    names
        Variables of the schema that it gives.
    held
        Values of a design that it can only run at one value, which the design is given and stored with.
    note
        What a user of its ensembles must know.
    check
        Raises where the engine is absent or cannot follow the options.
    """

    name: str
    run: Callable[[SimulatorOptions, Columns], Ran]
    names: tuple[str, ...] = tuple(SCHEMA)
    held: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    check: Callable[[SimulatorOptions], None] | None = None


def _simulated(options: SimulatorOptions, columns: Columns) -> Ran:
    return Ran(simulate_columns(options, columns))


SIMULATOR = Engine("simulator", _simulated)
