"""Workers as jobs of SLURM or PBS, by dask-jobqueue; the one module that knows it.

*Enters:* `Jobs`. *Leaves:* a cluster that submits them, and submits again what ended at its walltime. What is
doomed is refused before anything is submitted, as far as the batch system can say so.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from eurosic.base.errors import ClusterError
from eurosic.clusters.environment import export_lines
from eurosic.clusters.keeping import KeepingJobs
from eurosic.clusters.profile import Profile

if TYPE_CHECKING:
    from dask_jobqueue import JobQueueCluster

_SUBMIT = {"slurm": "sbatch", "pbs": "qsub"}
_QUEUE = {"slurm": ("squeue", "--noheader", "--jobs"), "pbs": ("qstat",)}
# A worker whose scheduler is silent for so long ends itself and frees its node, s.
_DEATH_TIMEOUT = 120


def open_jobs(profile: Profile, *, keep: bool = True) -> JobQueueCluster:
    """Return a cluster whose workers are the jobs of a profile; `keep` submits them, and again those that end.

    Raises
    ------
    ClusterError
        If dask-jobqueue or the batch system is not installed here, or the system refuses the job.
    """
    jobs = profile.jobs
    if jobs is None:
        raise ValueError("a profile without jobs")
    try:
        # Optional: who works on a laptop needs no batch system.
        from dask_jobqueue import PBSCluster, SLURMCluster  # noqa: PLC0415
    except ImportError as error:
        raise ClusterError(
            f"cluster of {jobs.system}", "needs dask-jobqueue", do="pip install 'eurosic[cluster]'"
        ) from error
    submit = _SUBMIT[jobs.system]
    if shutil.which(submit) is None:
        raise ClusterError(
            f"cluster of {jobs.system}",
            f"there is no {submit} on this machine",
            wanted=f"a node from which jobs of {jobs.system} are submitted",
            do="Go to a login node, or use another profile.",
        )
    kind = {"slurm": SLURMCluster, "pbs": PBSCluster}[jobs.system]
    kept = type(f"Kept{kind.__name__}", (KeepingJobs, kind), {"queue_command": _QUEUE[jobs.system]})
    cluster = kept(**_arguments(profile))
    if keep:
        _check_accepted(cluster, jobs.system)
        cluster.keep(jobs.count)
    return cluster


def _arguments(profile: Profile) -> dict[str, object]:
    jobs = profile.jobs
    if jobs is None:
        raise ValueError("a profile without jobs")
    life = ["--lifetime", f"{jobs.lifetime:.0f}s", "--lifetime-stagger", f"{jobs.stagger:.0f}s"]
    return {
        "cores": jobs.cores,
        "processes": jobs.cores,
        "memory": f"{math.floor(jobs.memory)} B",
        "walltime": clock(jobs.walltime),
        "queue": jobs.queue or None,
        "account": jobs.account or None,
        "interface": jobs.interface or None,
        "local_directory": profile.scratch or None,
        "log_directory": jobs.logs or None,
        "job_extra_directives": list(jobs.directives),
        "job_script_prologue": [*export_lines(), *jobs.before],
        "worker_extra_args": life,
        "death_timeout": _DEATH_TIMEOUT,
        "job_name": "eurosic",
        "python": sys.executable,
        "silence_logs": "critical",
        "scheduler_options": {"dashboard_address": profile.dashboard},
    }


def _check_accepted(cluster: JobQueueCluster, system: str) -> None:
    # A refusal would otherwise stand in a log only, while the run waits for workers that never come.
    if system != "slurm":
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "job.sh"
        script.write_text(cluster.job_script(), encoding="utf-8")
        asked = subprocess.run(
            ["sbatch", "--test-only", str(script)], capture_output=True, text=True, check=False
        )
    if asked.returncode:
        cluster.close()
        told = asked.stderr.strip().splitlines()
        raise ClusterError(
            "cluster of slurm",
            f"sbatch refuses the job ({told[-1] if told else asked.returncode})",
            wanted="a job that this cluster accepts",
            do="Correct queue, account, cores, memory or walltime in the cluster file.",
        )


def clock(seconds: float) -> str:
    """Return a duration as batch systems read it.

    Examples
    --------
    >>> clock(5400)
    '01:30:00'
    """
    minutes, rest = divmod(math.floor(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"
