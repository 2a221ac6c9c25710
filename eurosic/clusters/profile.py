"""A machine, as plain values: how many workers, where, and for how long.

*Enters:* numbers and names, from a cluster file or the command line. *Leaves:* frozen profiles. *Must not:* start
anything. Machines never stand in a recipe, so that a recipe has one digest everywhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from dask.system import CPU_COUNT

# What a batch system lets a job use on its node; without cgroups nothing else says so.
_GRANTED = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "PBS_NCPUS", "NCPUS")


@dataclass(frozen=True)
class Jobs:
    """Workers that are jobs of a batch system (`system`: slurm or pbs), as many on one node as `cores`.

    `memory` is that of a job, bytes; `walltime` and `margin` in s: workers leave that long before the job's end.
    Empty texts leave to the system what it decides. `directives` are lines of the job's head without their mark
    (``--constraint=ib``), `before` shell commands that come before the worker.
    """

    system: str
    count: int
    cores: int
    memory: float
    walltime: float
    margin: float
    queue: str = ""
    account: str = ""
    interface: str = ""
    logs: str = ""
    directives: tuple[str, ...] = ()
    before: tuple[str, ...] = ()

    @property
    def lifetime(self) -> float:
        """Seconds that a worker lives on average: with its stagger it ends a margin before the walltime."""
        return self.walltime - self.margin - self.stagger

    @property
    def stagger(self) -> float:
        """Seconds by which lives differ, more or less: workers that leave together leave nobody to work."""
        return min(0.1 * self.walltime, self.margin)


@dataclass(frozen=True)
class Profile:
    """Where to work: `workers` processes here, the scheduler at an address, or `jobs` of a batch system.

    `address` is a scheduler's, or empty; `scheduler_file` a file in which one wrote it. `dashboard` is where the
    scheduler that is started shows what it does; `memory` the limit of a worker here, bytes (0: an equal part of
    the machine's); `scratch` a folder for what workers spill.
    """

    workers: int = 0
    address: str = ""
    dashboard: str = "127.0.0.1:8787"
    scheduler_file: str = ""
    memory: float = 0.0
    scratch: str = ""
    jobs: Jobs | None = None

    @property
    def here(self) -> bool:
        """Whether the workers are processes of this machine."""
        return not (self.address or self.scheduler_file or self.jobs)

    @property
    def processes(self) -> int:
        """Worker processes: as many as asked for, or one a usable core."""
        if self.jobs:
            return self.jobs.count * self.jobs.cores
        return self.workers or granted_cores()

    @property
    def total_memory(self) -> float:
        """Bytes that all workers may use together, or 0 where the profile does not say."""
        if self.jobs:
            return self.jobs.count * self.jobs.memory
        return self.memory * self.processes


def granted_cores() -> int:
    """Return how many cores this process may use: what its job was given, or what the machine has."""
    told = (os.environ.get(name, "") for name in _GRANTED)
    granted = next((int(cores) for cores in told if cores.isdecimal() and int(cores)), 0)
    return min(granted, int(CPU_COUNT)) if granted else int(CPU_COUNT)
