"""A Dask client: workers of this machine, or a scheduler that runs already.

*Enters:* a number of workers, or a scheduler's address. *Leaves:* an open client. Machines live here and never in a
recipe, so that a recipe has one digest everywhere. Environment variables are set here, for the workers of this
machine only: those of another scheduler are as its owner started them.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, Worker, WorkerPlugin

from eurosic.base.errors import ClusterError

# One thread of everything a worker: two BLAS threads in each of two workers took ten times as long. The malloc
# settings undo those of the nanny, which freeze glibc's mmap threshold and double the cost of large temporaries
# (docs/7-engine.md).
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
        return self.workers or int(CPU_COUNT)


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
        client.register_plugin(_IgnoreInterrupt())
        yield client


class _IgnoreInterrupt(WorkerPlugin):  # type: ignore[misc]  # distributed is untyped
    """Leaves Ctrl-C to the client: it ends its workers, which need not say so each with a traceback."""

    name = "ignore-interrupt"

    def setup(self, worker: Worker) -> None:  # noqa: ARG002 - the signature is Dask's
        """Ignore the signal in this process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _connect(address: str) -> Client:
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"scheduler {address!r}",
            f"does not answer ({error})",
            wanted="the address of a running Dask scheduler, such as tcp://127.0.0.1:8786",
            do="Start it, or leave --scheduler out to run on this machine.",
        ) from error
