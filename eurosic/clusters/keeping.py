"""Jobs that end are submitted again, for as long as a run has work.

*Enters:* a cluster whose workers are jobs. *Leaves:* the same number of jobs, whatever walltimes, failing nodes and
busy batch systems do to them. dask-jobqueue itself forgets a lost job only where a job is a single worker, and never
submits one again of several: a run would wait without end for the workers of jobs that its walltime ended.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from dataclasses import dataclass
from typing import Any

from distributed import SpecCluster
from distributed.core import Status
from distributed.deploy.cluster import Cluster
from tornado.ioloop import PeriodicCallback

_LOG = logging.getLogger("distributed.eurosic")
_EVERY = 5.0  # s
# Looks without any worker until a job counts as lost: a nanny needs some seconds to start its worker again.
_PATIENCE = 4
# Looks between two questions to the batch system about a job that never had a worker.
_ASK = 12
# A job that ends so often before its first worker will do so always: its script is wrong, or its node.
_TRIES = 3


@dataclass
class _Watch:
    """What was seen of a job."""

    process: weakref.ref[Any]  # weak, because a cluster refuses to end while an ended job is still held
    worked: bool = False
    absent: int = 0


class KeepingJobs(SpecCluster):  # type: ignore[misc]  # distributed is untyped
    """A cluster of jobs that submits again those that were lost; to be mixed into one of dask-jobqueue.

    `queue_command` asks the batch system for one job and fails when it is not known any more.
    """

    queue_command: tuple[str, ...] = ()

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - what the other parent takes
        self._watched: dict[str, _Watch] = {}
        self._tried: dict[str, int] = {}
        self._looks = 0
        super().__init__(**given)

    def keep(self, jobs: int) -> None:
        """Submit that many jobs, and from now on again each that ends."""
        self.scale(jobs=jobs)
        self.sync(self._begin_looking)

    async def _begin_looking(self) -> None:
        looking = PeriodicCallback(self._look, _EVERY * 1000)
        self.periodic_callbacks["keep-jobs"] = looking
        looking.start()

    def _update_worker_status(self, op: str, msg: Any) -> None:  # noqa: ANN401 - Dask's own
        if op == "add":
            for worker in msg["workers"].values():
                for job, watch in self._watches():
                    watch.worked = watch.worked or _is_of(worker["name"], job)
        # Past SpecCluster, which would forget a job of one worker by its own clock, and the one after it too.
        Cluster._update_worker_status(self, op, msg)

    def _watches(self) -> list[tuple[str, _Watch]]:
        """Return what was seen of each job that there is now."""
        for job, process in self.workers.items():
            if job not in self._watched or self._watched[job].process() is not process:
                self._watched[job] = _Watch(weakref.ref(process))
        return [(job, self._watched[job]) for job in self.workers]

    async def _look(self) -> None:
        if self.status != Status.running:
            return
        self._looks += 1
        names = [worker["name"] for worker in self.scheduler_info["workers"].values()]
        for job, watch in self._watches():
            working = any(_is_of(name, job) for name in names)
            watch.worked, watch.absent = watch.worked or working, 0 if working else watch.absent + 1
            if await self._is_lost(job, watch):
                await self._forget(job)
        if set(self.worker_spec) - set(self.workers):
            await self._correct_state()

    async def _is_lost(self, job: str, watch: _Watch) -> bool:
        if watch.absent == 0:
            return False
        number = getattr(watch.process(), "job_id", None)
        if number is None:  # the submission itself failed, as they do where the batch system is busy
            return watch.absent >= _PATIENCE
        if watch.worked:
            self._tried.pop(job, None)
            return watch.absent >= _PATIENCE or not await self._is_queued(str(number))
        return self._looks % _ASK == 0 and not await self._is_queued(str(number))

    async def _is_queued(self, number: str) -> bool:
        asked = await asyncio.create_subprocess_exec(
            *self.queue_command, number, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        told, _ = await asked.communicate()
        return asked.returncode == 0 and bool(told.strip())

    async def _forget(self, job: str) -> None:
        self._tried[job] = self._tried.get(job, 0) + 1
        # A node may be lost to us and not to the batch system: its job is cancelled, so that it does not come back.
        await self.workers.pop(job).close()
        if self._tried[job] <= _TRIES:
            return
        _LOG.critical("job %s ended %d times before it had a worker: see its log", job, _TRIES + 1)
        del self.worker_spec[job]
        if not self.worker_spec:
            self.shutdown_scheduler = False  # once is enough: a second time would wait for half a minute
            await self.scheduler.close(reason="no job came to have a worker")


def _is_of(worker: object, job: str) -> bool:
    # A job of several workers gives them its own name and a number.
    return str(worker) == job or str(worker).startswith(f"{job}-")
