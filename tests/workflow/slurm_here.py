"""A SLURM cluster of one node on the loopback interface, for as long as a context lasts."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue")
# How often slurmctld looks for jobs whose time is up, from its start on, s; it cannot be set.
_CHECKED_EVERY = 30
_ENDED = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", "OUT_OF_MEMORY")
_SBIN = "/usr/sbin:/usr/local/sbin"

_CONFIG = """\
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,batch_sched_delay=0
ReturnToService=2
KillWait=10
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A running cluster: its folder, the environment in which its commands find it, and when it began."""

    folder: Path
    environment: dict[str, str]
    began: float

    def call(self, *command: str) -> str:
        """Return what a command of SLURM says."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def submit(self, script: Path, *options: str) -> str:
        """Return the number of the job that a script becomes."""
        return self.call("sbatch", "--parsable", *options, str(script)).strip()

    def begin_before_check(self, seconds: float) -> str:
        """Return the option that lets a job begin some seconds before jobs are next looked at whose time is up."""
        past = (time.monotonic() - self.began) % _CHECKED_EVERY
        wait = _CHECKED_EVERY - past - seconds
        return f"--begin=now+{round(wait if wait > 1 else wait + _CHECKED_EVERY)}"

    def state(self, job: str) -> str:
        """Return the state of a job, such as RUNNING."""
        shown = self.call("scontrol", "show", "job", job)
        return next(word.split("=")[1] for word in shown.split() if word.startswith("JobState="))

    def wait(self, job: str, seconds: float) -> str:
        """Return the state in which a job ended."""
        deadline = time.monotonic() + seconds
        while (state := self.state(job)) not in _ENDED:
            assert time.monotonic() < deadline, f"job {job} is {state}"
            time.sleep(0.2)
        return state


def search_path() -> str:
    """Return where programs are looked for: daemons lie where a user's shell does not look."""
    return f"{os.environ.get('PATH', '')}:{_SBIN}"


@contextmanager
def slurm_cluster(folder: Path) -> Iterator[Slurm]:
    """Start a cluster with all its files in a folder, or skip the test with the reason."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=search_path()) is None]
    if absent:
        pytest.skip(f"SLURM is not installed: no {', '.join(absent)} (Debian: slurm-wlm and munge)")
    folder.mkdir(mode=0o755)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    config = folder / "slurm.conf"
    user, host = pwd.getpwuid(os.getuid()).pw_name, socket.gethostname().split(".")[0]
    config.write_text(_CONFIG.format(folder=folder, user=user, host=host, ports=_free_ports(2)))
    environment = {**os.environ, "PATH": search_path(), "SLURM_CONF": str(config)}
    with ExitStack() as stack:
        stack.enter_context(_daemon(_munged(folder), environment, folder / "munge.socket"))
        began = time.monotonic()
        stack.enter_context(_daemon(["slurmctld", "-D", "-c", "-f", str(config)], environment))
        stack.enter_context(_daemon(["slurmd", "-D", "-c", "-f", str(config)], environment))
        slurm = Slurm(folder, environment, began)
        _wait_for_node(slurm)
        yield slurm
        # Jobs are ended by the cluster that began them, before it ends itself.
        slurm.call("scancel", "--user", user)
        _wait_until_idle(slurm)


def _munged(folder: Path) -> list[str]:
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    files = {"key-file": key.name, "socket": "munge.socket", "pid-file": "munge.pid", "log-file": "munge.log"}
    paths = [f"--{option}={folder / name}" for option, name in {**files, "seed-file": "munge.seed"}.items()]
    return ["munged", "--foreground", "--force", *paths]


@contextmanager
def _daemon(command: list[str], environment: dict[str, str], ready: Path | None = None) -> Iterator[None]:
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 10
        while ready is not None and not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for_node(slurm: Slurm) -> None:
    deadline = time.monotonic() + 20
    while True:
        done = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"],
            env=slurm.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stdout.strip() == "idle":
            return
        if time.monotonic() > deadline:
            logs = "".join(
                (slurm.folder / name).read_text()[-600:] for name in ("slurmctld.log", "slurmd.log")
            )
            pytest.skip(
                f"SLURM does not start here: node {done.stdout.strip() or done.stderr.strip()}; {logs}"
            )
        time.sleep(0.1)


def _wait_until_idle(slurm: Slurm) -> None:
    deadline = time.monotonic() + 20
    while slurm.call("squeue", "--noheader").strip() and time.monotonic() < deadline:
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
