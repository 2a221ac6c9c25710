"""The file of a machine: where workers are, how many, with how much memory and for how long.

*Enters:* a YAML file of `recipes/clusters`, or a site's own. *Leaves:* a checked `ClusterFile` in house units (bytes,
seconds), of which the workflow makes a profile. It is no part of a recipe and of no digest: a run may begin on a
laptop and be finished on a cluster.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from eurosic.base.errors import ClusterError
from eurosic.recipe.load import load_as
from eurosic.recipe.quantity import counted, problem, quantity
from eurosic.recipe.section import Section, Text, as_mapping, near_words

_BYTES = {"MB": 1e6, "GB": 1e9, "TB": 1e12, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
# Below this a worker cannot even import what it needs.
_LEAST_MEMORY = 2.5e8
_WEEK = 7 * 86400.0


def _memory(raw: object) -> float:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", raw) if isinstance(raw, str) else None
    if found is None or found[2] not in _BYTES:
        raise problem(f"{raw!r} is no amount of memory; wanted one such as '4 GB'")
    amount = float(found[1]) * _BYTES[found[2]]
    if amount < _LEAST_MEMORY:
        raise problem(f"{raw!r} is too little for a worker; wanted at least '250 MB'")
    return amount


Memory = Annotated[float, BeforeValidator(_memory)]
Duration = Annotated[float, quantity("s", "2 h", 60.0, _WEEK)]
_Workers = Annotated[int, counted("worker", "4 workers")]
_Cores = Annotated[int, counted("core", "16 cores")]
_Jobs = Annotated[int, counted("job", "4 jobs")]


def _address(text: str) -> str:
    if not re.fullmatch(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:\d+", text):
        raise problem(f"{text!r} is no address of a scheduler; wanted one such as 'tcp://10.0.0.1:8786'")
    return text


class Local(Section):
    """Worker processes of the machine on which the command is given."""

    workers: _Workers | None = None
    memory: Memory | None = None
    scratch: Text | None = None


class Running(Section):
    """A scheduler that runs already: its address, or the file into which it wrote it."""

    at: Annotated[Text, AfterValidator(_address)] | None = None
    file: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at is None) == (self.file is None):
            raise problem("wanted either `at: tcp://HOST:PORT` or `file: PATH`")
        return self


class BatchJobs(Section):
    """Workers that are jobs of a batch system, one worker a core."""

    jobs: _Jobs
    cores: _Cores
    memory: Memory
    walltime: Duration
    margin: Duration = 300.0
    queue: Text | None = None
    account: Text | None = None
    interface: Text | None = None
    scratch: Text | None = None
    logs: Text | None = None
    directives: tuple[Text, ...] = ()
    before: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _lives(self) -> Self:
        # Twice the margin: a margin at the end, and as much by which the workers' ends are spread.
        if self.walltime < 3 * self.margin:
            raise problem(
                f"a walltime of {self.walltime:g} s leaves workers no time with a margin of {self.margin:g} s;"
                " wanted at least three times the margin"
            )
        if self.memory / self.cores < _LEAST_MEMORY:
            raise problem(
                f"{self.memory / 1e9:g} GB for {self.cores} cores is too little;"
                " wanted at least '250 MB' a core"
            )
        return self


_KINDS = ("local", "scheduler", "slurm", "pbs")


class ClusterFile(Section):
    """A whole file of a machine."""

    title: Text
    local: Annotated[Local | None, BeforeValidator(as_mapping)] = None
    scheduler: Running | None = None
    slurm: BatchJobs | None = None
    pbs: BatchJobs | None = None
    dashboard: Annotated[Text, Field(pattern=r"^[^\s/]*:\d+$")] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = self.model_fields_set & set(_KINDS)
        if len(kinds) != 1:
            came = f"{' and '.join(sorted(kinds))} together" if kinds else "no workers"
            raise problem(f"{came}; wanted one of {', '.join(_KINDS)}")
        return self

    @property
    def system(self) -> Literal["slurm", "pbs"] | None:
        """The batch system, if there is one."""
        if self.slurm:
            return "slurm"
        return "pbs" if self.pbs else None


def load_cluster_file(path: Path) -> ClusterFile:
    """Return the machine of a file.

    Raises
    ------
    RecipeError
        With every problem of the file, each with its line and column.
    """
    return load_as(ClusterFile, path)


def find_cluster_file(name: str, folders: tuple[Path, ...]) -> Path:
    """Return the file of a machine that is called by its name in one of some folders, or by its path.

    Raises
    ------
    ClusterError
        If there is none; the message names those that there are.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name)
    # The first folder wins: what lies beside the recipe comes before what a user keeps at home.
    known = {file.stem: file for folder in reversed(folders) for file in sorted(folder.glob("*.yaml"))}
    if name in known:
        return known[name]
    near = near_words(name, sorted(known))
    do = f"Did you mean {near[0]!r}?" if near else ""
    raise ClusterError(
        f"--cluster {name}",
        "there is no file of this name",
        wanted=f"one of {', '.join(sorted(known)) or 'none that is known'}, or the path of a file",
        do=do or f"Put {name}.yaml into {folders[0]}, or name a file.",
    )


__all__ = ["BatchJobs", "ClusterFile", "Local", "Running", "find_cluster_file", "load_cluster_file"]
