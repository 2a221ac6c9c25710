"""Law: a job that is lost is submitted again with all its workers, and one that never works is given up.

The batch system is three shell scripts, so that this is tried where there is none; `test_slurm` has a real one.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from distributed import Client
from distributed.client import FutureCancelledError

from eurosic.clusters import Jobs, Profile, keeping, open_client

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed (eurosic[cluster])")

_SCRIPTS = {
    # The script is copied, because dask-jobqueue removes its own; the job leads a group, which is what is ended.
    "sbatch": """[ "$1" = --test-only ] && exit 0
copy="$(mktemp {folder}/job.XXXXXX)" && cp "$1" "$copy"
setsid bash "$copy" > "$copy.log" 2>&1 &
echo $! >> {folder}/submitted
echo "Submitted batch job $!"
""",
    "scancel": 'kill -TERM -- "-$1"\n',
    "squeue": '[ -d "/proc/$3" ] && ! grep -q "^State:.Z" "/proc/$3/status" && echo "$3"\n',
}


@pytest.fixture
def batch_system(tmp_path, monkeypatch) -> Iterator[Path]:
    """A folder with commands like SLURM's, first on the path; whatever they began is ended at the end."""
    for name, body in _SCRIPTS.items():
        command = tmp_path / name
        command.write_text("#!/bin/sh\n" + body.replace("{folder}", str(tmp_path)))
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(keeping, "_EVERY", 0.25)
    monkeypatch.setattr(keeping, "_ASK", 2)
    yield tmp_path
    for job in _submitted(tmp_path):
        with suppress(ProcessLookupError):
            os.killpg(job, signal.SIGKILL)


def _submitted(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "submitted").read_text().split()]


def _profile(*before: str) -> Profile:
    jobs = Jobs("slurm", 1, 2, 2e9, 600.0, 60.0, interface="lo", before=before)
    return Profile(jobs=jobs, dashboard="127.0.0.1:0")


def _workers(client: Client) -> set[str]:
    return set(client.scheduler_info()["workers"])


def test_a_job_of_two_workers_that_is_lost_comes_back(batch_system):
    """Killed at once with both, and work goes on with two others; at the end no job is left."""
    with open_client(_profile()) as client:
        client.wait_for_workers(2, timeout=90)
        first, (job,) = _workers(client), _submitted(batch_system)
        os.killpg(job, signal.SIGKILL)
        deadline = time.monotonic() + 90
        while len(_workers(client) - first) < 2:
            assert time.monotonic() < deadline, "the job was not submitted again"
            time.sleep(0.1)
        assert client.submit(sum, [1, 2]).result() == 3
        job, again = _submitted(batch_system)
    deadline = time.monotonic() + 30
    while Path(f"/proc/{again}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{again}").exists()


def test_a_job_that_never_has_a_worker_is_given_up(batch_system):
    """After four tries the scheduler ends, and with it the wait."""
    with open_client(_profile("exit 1")) as client:
        waiting = client.submit(sum, [1, 2])
        with pytest.raises(FutureCancelledError):
            waiting.result(timeout=60)
    assert len(_submitted(batch_system)) == 4
