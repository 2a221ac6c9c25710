"""The environment of worker processes: one thread of everything, and memory that is not given back at once.

*Enters:* nothing. *Leaves:* variables, set for as long as a context lasts, or as lines of a job's script.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

# One thread of everything a worker: two BLAS threads in each of two workers took ten times as long. The malloc
# settings undo those of the nanny, which freeze glibc's mmap threshold and double the cost of large temporaries
# (docs/7-engine.md). GDAL keeps what it read for good, up to a twentieth of the machine's memory in each worker;
# 128 MB hold the strips of a row of windows of a 100 m map.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**29),
    "GDAL_CACHEMAX": "128",
}
# How often Dask looks after itself. By default it asks fifty times a second how late its loop is, takes a stack a
# hundred times and measures memory twice, which is a tenth of a core for a run on two workers, and interrupts theirs.
# The dashboard is as readable with fewer.
WATCHED = {
    "distributed.admin.tick.interval": "200ms",
    "distributed.admin.system-monitor.interval": "2s",
    "distributed.worker.profile.interval": "100ms",
}


@contextmanager
def worker_environment() -> Iterator[dict[str, str]]:
    """Set the variables for processes that are started meanwhile, and give Dask's setting for them."""
    # A variable that is set already wins over Dask's setting: OMP_NUM_THREADS=16 in a profile of the shell would
    # give every worker sixteen threads.
    before = {name: os.environ.get(name) for name in WORKER_ENVIRONMENT}
    os.environ.update(WORKER_ENVIRONMENT)
    try:
        yield {**WORKER_ENVIRONMENT}
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def export_lines() -> list[str]:
    """Return the variables as lines of a shell script, Dask's settings among them in its own spelling."""
    dasks = {
        f"DASK_{key.upper().replace('.', '__').replace('-', '_')}": value for key, value in WATCHED.items()
    }
    return [f"export {name}={shlex.quote(value)}" for name, value in (WORKER_ENVIRONMENT | dasks).items()]
