"""A Dask client for a profile: workers of this machine, jobs of a batch system, or a scheduler that runs already.

*Enters:* a profile. *Leaves:* an open client, and how to watch it. Environment variables are set for the workers that
are started here; those of another scheduler are as its owner started them.
"""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dask
from distributed import Client, LocalCluster, Worker, WorkerPlugin
from distributed.utils import silence_logging_cmgr

from eurosic.base.errors import ClusterError
from eurosic.clusters.environment import WATCHED, worker_environment
from eurosic.clusters.jobs import open_jobs
from eurosic.clusters.profile import Profile

# The client raises the error of a tile and says it once; workers would print it again with a traceback.
_QUIET = {"logging.distributed": "critical", "distributed.worker.memory.terminate": 0.95}
# A worker of this machine is started again when it dies. Dask looks fifteen seconds later whether it is there, and
# gives it up for ever if it has just died once more: with the last one given up, a run would wait without end.
_STARTED_AGAIN = {"distributed.deploy.lost-worker-timeout": "1000 days"}
# How often workers may die of one task before it is given up: a batch system ends them for reasons of its own.
_DEATHS = {"distributed.scheduler.allowed-failures": 10}


@contextmanager
def open_client(profile: Profile) -> Iterator[Client]:
    """Open a client for a profile, and close what was started for it.

    Raises
    ------
    ClusterError
        If no scheduler answers at the address, or no job can be submitted.
    """
    with dask.config.set({**_QUIET, **WATCHED}), silence_logging_cmgr(logging.CRITICAL):
        opening = _open_here if profile.here else _open_jobs if profile.jobs else _connect
        with opening(profile) as client:
            yield client


def dashboard_lines(client: Client, profile: Profile) -> list[str]:
    """Return where to watch, and from a far machine through which tunnel."""
    link = str(client.dashboard_link)
    lines = [f"dashboard  {link}"]
    # A person who sits at another machine: a batch job, or a shell over ssh.
    if (
        profile.jobs
        or "SSH_CONNECTION" in os.environ
        or "SLURM_JOB_ID" in os.environ
        or "PBS_JOBID" in os.environ
    ):
        place = link.split("//")[-1].split("/")[0]
        port = place.rsplit(":", 1)[-1]
        lines.append(f"from afar  ssh -N -L {port}:{place} {os.uname().nodename}")
    return lines


@contextmanager
def _open_here(profile: Profile) -> Iterator[Client]:
    with (
        worker_environment() as environment,
        dask.config.set({"distributed.nanny.pre-spawn-environ": environment, **_STARTED_AGAIN}),
        _local_cluster(profile) as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(_IgnoreInterrupt())
        try:
            yield client
        except KeyboardInterrupt:  # SIGTERM, too, comes as one
            _end_workers(cluster)
            raise


def _end_workers(cluster: LocalCluster) -> None:
    """End the workers at once: Dask would let each come to the end of its tile, which a walltime may not allow."""
    for nanny in list(cluster.workers.values()):
        nanny.auto_restart = False
        with suppress(ProcessLookupError):
            if nanny.pid:
                os.kill(nanny.pid, signal.SIGKILL)


def _local_cluster(profile: Profile) -> LocalCluster:
    with warnings.catch_warnings():
        # Where its port is taken the dashboard takes another, and the run says which.
        warnings.filterwarnings("ignore", message=r"Port \d+ is already in use")
        return LocalCluster(
            n_workers=profile.processes,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=profile.dashboard,
            memory_limit=int(profile.memory) or "auto",
            local_directory=profile.scratch or None,
        )


@contextmanager
def _open_jobs(profile: Profile) -> Iterator[Client]:
    with dask.config.set(_DEATHS), open_jobs(profile) as cluster, Client(cluster) as client:
        yield client


class _IgnoreInterrupt(WorkerPlugin):  # type: ignore[misc]  # distributed is untyped
    """Leaves Ctrl-C to the client: it ends its workers, which need not say so each with a traceback."""

    name = "ignore-interrupt"

    def setup(self, worker: Worker) -> None:  # noqa: ARG002 - the signature is Dask's
        """Ignore the signal in this process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _connect(profile: Profile) -> Iterator[Client]:
    file, where = profile.scheduler_file, profile.address or profile.scheduler_file
    # Dask would wait for the file for ever.
    if file and not Path(file).is_file():
        raise _silent(where, "there is no such file")
    try:
        client = Client(**({"scheduler_file": file} if file else {"address": where}), timeout="10s")
    except (OSError, ValueError) as error:
        raise _silent(where, str(error)) from error
    with client:
        yield client


def _silent(where: str, why: str) -> ClusterError:
    return ClusterError(
        f"scheduler {where!r}",
        f"does not answer ({why})",
        wanted="the address of a running Dask scheduler, such as tcp://127.0.0.1:8786",
        do="Start it, or leave --scheduler and --cluster out to run on this machine.",
    )
