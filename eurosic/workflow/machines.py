"""The machine of a command: a named cluster file, an address or a number of workers -> a profile.

*Enters:* what the command line said. *Leaves:* a `Profile`. The one place where cluster files meet the cluster.
"""

from __future__ import annotations

from pathlib import Path

from eurosic.base.errors import ClusterError
from eurosic.clusters import Jobs, Profile
from eurosic.recipe.cluster import BatchJobs, ClusterFile, find_cluster_file, load_cluster_file


def profile_of(
    recipe: Path, cluster: str = "", *, workers: int | None = None, scheduler: str = ""
) -> Profile:
    """Return the profile that a command asks for; without any of the three, this machine with all its cores.

    `cluster` is a file, or the name of one in `clusters/` beside the recipe or above it, or in
    ``~/.config/eurosic/clusters``; `workers` overrides how many processes it starts here.

    Raises
    ------
    ClusterError
        If there is no such cluster, or two of the three contradict each other.
    RecipeError
        With every problem of the cluster's file.
    """
    if not cluster:
        return Profile(workers or 0, scheduler)
    if scheduler:
        raise ClusterError(
            f"--cluster {cluster}", "comes with --scheduler", wanted="one of them", do="Leave one out."
        )
    read = load_cluster_file(find_cluster_file(cluster, _folders(recipe)))
    profile = _profile(read)
    if workers is None:
        return profile
    if not profile.here:
        raise ClusterError(
            f"--cluster {cluster}",
            "comes with --workers, and its workers are not of this machine",
            do="Write their number into the cluster file, and leave --workers out.",
        )
    return Profile(workers, dashboard=profile.dashboard, memory=profile.memory, scratch=profile.scratch)


def _folders(recipe: Path) -> tuple[Path, ...]:
    beside = recipe.absolute().parent
    return beside / "clusters", beside.parent / "clusters", Path.home() / ".config" / "eurosic" / "clusters"


def _profile(read: ClusterFile) -> Profile:
    shown = read.dashboard or Profile().dashboard
    if read.scheduler:
        return Profile(address=read.scheduler.at or "", scheduler_file=read.scheduler.file or "")
    batch = read.slurm or read.pbs
    if batch and read.system:
        return Profile(scratch=batch.scratch or "", jobs=_jobs(batch, read.system), dashboard=shown)
    local = read.local
    if local is None:
        return Profile(dashboard=shown)
    return Profile(
        local.workers or 0, memory=local.memory or 0.0, scratch=local.scratch or "", dashboard=shown
    )


def _jobs(batch: BatchJobs, system: str) -> Jobs:
    return Jobs(
        system,
        batch.jobs,
        batch.cores,
        batch.memory,
        batch.walltime,
        batch.margin,
        queue=batch.queue or "",
        account=batch.account or "",
        interface=batch.interface or "",
        logs=batch.logs or "",
        directives=batch.directives,
        before=batch.before,
    )
