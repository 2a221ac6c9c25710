"""A Dask client from a named profile: this machine, or a scheduler that runs already.

*Enters:* the name of a profile in `recipes/clusters/` or beside the recipe, or a scheduler's address. *Leaves:* an
open client. Machines live here and never in a recipe, so that a recipe has one digest everywhere. Environment
variables are set here for the workers only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dask
from distributed import Client, LocalCluster

from eurosic.base.errors import ClusterError

# One thread of everything a worker: two BLAS threads in each of two workers took ten times as long. The malloc
# settings undo those of the nanny, which freeze glibc's mmap threshold and double the cost of large temporaries
# (docs/engine.md).
_WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**29),
}


@dataclass(frozen=True)
class Profile:
    """A machine to run on: `workers` processes here, or the scheduler at `address`."""

    workers: int = 0
    address: str = ""
    dashboard: str = "127.0.0.1:8787"

    @property
    def processes(self) -> int:
        """Worker processes on this machine: as many as asked for, or one a usable core."""
        return self.workers or len(os.sched_getaffinity(0))


@contextmanager
def open_client(profile: Profile) -> Iterator[Client]:
    """Open a client for a profile, and close what was started for it.

    Raises
    ------
    ClusterError
        If no scheduler answers at the address.
    """
    if profile.address:
        with _connect(profile.address) as client:
            yield client
        return
    environment = {"distributed.nanny.pre-spawn-environ": _WORKER_ENVIRONMENT}
    # The client raises the error of a tile and says it once; workers would print it again with a traceback.
    quiet = {"distributed.worker.memory.terminate": 0.95, "logging.distributed": "critical"}
    with (
        dask.config.set({**environment, **quiet}),
        LocalCluster(
            n_workers=profile.processes,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=profile.dashboard,
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _connect(address: str) -> Client:
    try:
        return Client(address, timeout="20s")
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"scheduler {address!r}",
            f"does not answer ({error})",
            wanted="the address of a running Dask scheduler, such as tcp://127.0.0.1:8786",
            do="Start it, or leave --scheduler out to run on this machine.",
        ) from error
