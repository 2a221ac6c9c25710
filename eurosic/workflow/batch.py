"""A batch of an ensemble as a worker does it: designed columns -> engine -> store.

*Enters:* the rows of a design. *Leaves:* their arrays in the store, and a record in the ledger. Picklable: nothing
but the number of failures returns to the client. It must not know the recipe.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.grid import Tile
from eurosic.outputs.simulations import BatchWriter
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.sampling import Design
from eurosic.simulator.trajectory_kinds import Trajectories
from eurosic.workflow.designing import columns_of
from eurosic.workflow.engines import SIMULATOR, Engine


@dataclass(frozen=True)
class BatchTask:
    """A batch as a worker does it: columns from the design, the engine, the store."""

    options: SimulatorOptions
    writer: BatchWriter
    engine: Engine = SIMULATOR

    def __call__(self, batch: Tile, design: Design, trajectories: Trajectories) -> int:
        """Return how many simulations of a batch failed, doing the work only if it is not recorded yet."""
        done = self.writer.ledger.finished(batch)
        if done is not None:
            return done.failed
        began = time.perf_counter()
        designed = columns_of(design, trajectories)
        ran = self.engine.run(self.options, designed.columns)
        arrays: dict[str, NDArray[np.generic]] = {**ran.arrays, **designed.applied}
        return self.writer.write(batch, arrays, seconds=time.perf_counter() - began, reasons=ran.reasons)
