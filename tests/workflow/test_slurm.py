"""Law: on a real SLURM a run that its walltime kills is finished by the next job, and lost workers come back.

The cluster is Debian's, of one node on the loopback interface, started here. The scripts are those of docs/clusters.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from eurosic.cli import main
from tests.workflow.brake import on_brake
from tests.workflow.slurm_here import Slurm, slurm_cluster
from tests.workflow.small import assert_same_run, small_recipe, stored

ROOT = Path(__file__).resolve().parents[2]
COMMAND = f"{sys.executable} -c 'from eurosic.cli import main; main()'"
# A job of two minutes that asks for its signal half a minute before its end has it when SLURM first looks after one
# minute, a check after the one that comes so many s after it began; by then it is at work, even where other tests
# share the machine. The brake keeps it from coming to its end before, however fast the machine is.
_CHECK_AFTER = 32.0


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    """A cluster of one node."""
    # Not below pytest's folder, which other users (munge's) may not enter.
    with TemporaryDirectory(prefix="eurosic-slurm-") as folder:
        Path(folder).chmod(0o755)
        with slurm_cluster(Path(folder) / "slurm") as cluster:
            yield cluster


def _recipe(folder: Path) -> Path:
    """Write a recipe of 71 tiles that one worker computes in some seconds, beside the files of clusters."""
    (folder / "clusters").symlink_to(ROOT / "recipes" / "clusters")
    return small_recipe(folder, tile=2)


def _script(name: str, place: Path, recipe: Path, settings: Mapping[str, str]) -> Path:
    """Write a script of the docs as a user would change it: the recipe, the cores, the time, the environment."""
    text = (ROOT / "docs" / "clusters" / f"{name}.sbatch").read_text()
    wanted = f"{COMMAND} run {recipe} --out {place / 'out'} --cluster node"
    exports = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in settings.items())
    for old, new in (
        ("eurosic run recipes/europe-1km.yaml --out runs/europe-1km --data data --cluster node", wanted),
        ("--cpus-per-task=32", "--cpus-per-task=1"),
        ("--mem=64G", "--mem=1G"),
        ("--time=04:00:00", "--time=2"),
        ("TERM@180", "TERM@30"),
        ("--job-name=eurosic-europe", f"--job-name={name}"),
        ("--output=%x-%j.log", f"--output={place}/%j.log\n{exports}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    place.mkdir()
    script = place / "job.sbatch"
    script.write_text(text)
    return script


def _jobs(slurm: Slurm, name: str, states: str = "all") -> set[str]:
    return set(
        slurm.call("squeue", "--noheader", f"--states={states}", f"--name={name}", "--format=%i").split()
    )


@pytest.mark.slow
def test_a_run_that_its_walltime_kills_is_finished_by_the_next_job(slurm, tmp_path):
    """By the shell that eurosic replaces and by srun; submitted twice, and by the job itself."""
    recipe, brake = _recipe(tmp_path), tmp_path / "brake"
    slow = on_brake(brake)
    scripts = {name: _script(name, tmp_path / name, recipe, slow) for name in ("one-node", "resubmit")}
    begin = slurm.begin_before_check(_CHECK_AFTER)
    first = {name: slurm.submit(script, begin) for name, script in scripts.items()}
    after = {"one-node": slurm.submit(scripts["one-node"], "--time=10")}
    for name in ("resubmit", "one-node"):
        assert slurm.wait(first[name], 180) == "FAILED", name  # SLURM's word for an exit code other than 0
        if name not in after:
            (after[name],) = _jobs(slurm, name) - {first[name]}
            slurm.call("scontrol", "update", f"JobId={after[name]}", "TimeLimit=10")
        log = (tmp_path / name / f"{first[name]}.log").read_text()
        assert "Terminated. What is finished is kept: the same command goes on." in log
        assert "Traceback" not in log
    brake.unlink()
    for name, job in after.items():
        assert slurm.wait(job, 180) == "COMPLETED", name
        assert "tiles are finished already" in (tmp_path / name / f"{job}.log").read_text()
        checked = CliRunner().invoke(main, ["verify", str(tmp_path / name / "out")])
        assert "0 unfinished, 0 damaged" in checked.output
    # They were cut off at different instants.
    assert_same_run(*(stored(tmp_path / name / "out") for name in scripts))


@pytest.mark.slow
def test_workers_that_are_jobs_come_back_when_they_are_lost(slurm, tmp_path):
    """The job of all workers is cancelled as at a walltime; another takes its place, and none is left at the end."""
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed (eurosic[cluster])")
    recipe, file, out = _recipe(tmp_path), tmp_path / "here.yaml", tmp_path / "out"
    brake = tmp_path / "brake"
    file.write_text(
        "title: Here\nslurm: {jobs: 1 job, cores: 2 cores, memory: 2 GB, walltime: 10 min, margin: 1 min,"
        f" interface: lo, logs: {tmp_path}/logs}}\ndashboard: 127.0.0.1:0\n"
    )
    command = [*shlex.split(COMMAND), "run", str(recipe), "--out", str(out), "--cluster", str(file)]
    with subprocess.Popen(
        command,
        env={**slurm.environment, **on_brake(brake)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            _wait_for_tiles(process, out)
            lost = _jobs(slurm, "eurosic", "RUNNING,PENDING")
            assert len(lost) == 1
            slurm.call("scancel", *lost)
            brake.unlink()
            told = process.communicate(timeout=120)[0]
        finally:
            process.kill()
    assert process.returncode == 0, told
    assert "from afar  ssh -N -L" in told
    assert _jobs(slurm, "eurosic") > lost
    assert _jobs(slurm, "eurosic", "RUNNING,PENDING") == set()
    whole = CliRunner().invoke(main, ["run", str(recipe), "--out", str(tmp_path / "whole"), "--workers", "2"])
    assert whole.exit_code == 0, whole.output
    assert_same_run(stored(tmp_path / "whole"), stored(out))


def _wait_for_tiles(process: subprocess.Popen[str], out: Path) -> None:
    deadline = time.monotonic() + 90
    while not list((out / "ledger").glob("tile-*.json")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the run made no tile"
        time.sleep(0.05)
