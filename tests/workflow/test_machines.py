"""Law: a cluster's file becomes a profile, found by name beside the recipe, and jobs are what their script says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from eurosic.base.errors import ClusterError, RecipeError
from eurosic.cli import main
from eurosic.clusters import Profile
from eurosic.clusters.environment import WORKER_ENVIRONMENT
from eurosic.clusters.jobs import open_jobs
from eurosic.workflow.machines import profile_of
from tests.workflow.small import small_recipe

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "recipes" / "quickstart.yaml"


def test_without_a_name_it_is_this_machine_or_the_address():
    """As before there were files of clusters."""
    assert profile_of(RECIPE, workers=3) == Profile(3)
    assert profile_of(RECIPE, scheduler="tcp://127.0.0.1:1").address == "tcp://127.0.0.1:1"


def test_a_name_is_found_beside_the_recipe_and_above_it(tmp_path, monkeypatch):
    """Recipes of ensembles lie one folder deeper; a site's own files lie at home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert profile_of(RECIPE, "laptop").memory == 2e9
    assert profile_of(ROOT / "recipes" / "ensembles" / "europe.yaml", "node").scratch == "/tmp"
    assert profile_of(RECIPE, "node", workers=5).processes == 5
    home = tmp_path / ".config" / "eurosic" / "clusters"
    home.mkdir(parents=True)
    (home / "uni.yaml").write_text("title: Uni\nlocal: {workers: 7 workers}\n")
    assert profile_of(RECIPE, "uni").processes == 7
    jobs = profile_of(RECIPE, str(ROOT / "recipes" / "clusters" / "pbs.yaml")).jobs
    assert (jobs.system, jobs.count, jobs.cores, jobs.walltime, jobs.margin) == ("pbs", 4, 16, 7200.0, 300.0)
    assert profile_of(RECIPE, "scheduler").scheduler_file == "scheduler.json"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"cluster": "laptop", "scheduler": "tcp://x:1"}, "comes with --scheduler"),
        ({"cluster": "slurm", "workers": 2}, "its workers are not of this machine"),
        ({"cluster": "slrum"}, "Did you mean 'slurm'?"),
    ],
    ids=lambda given: str(given)[:20],
)
def test_what_contradicts_itself_is_refused(given, told):
    """With what to do."""
    with pytest.raises(ClusterError) as raised:
        profile_of(RECIPE, given.pop("cluster"), **given)
    assert told in str(raised.value)


def test_a_broken_file_is_refused_before_any_data_are_read(tmp_path):
    """With its line and column, from the command line too."""
    file = tmp_path / "mine.yaml"
    file.write_text("title: Mine\nlocal: {worker: 2 workers}\n")
    with pytest.raises(
        RecipeError, match=r"mine.yaml:2:9: local.worker: unknown key; did you mean 'workers'"
    ):
        profile_of(RECIPE, str(file))
    for command in (["plan", str(RECIPE)], ["run", str(RECIPE), "--out", str(tmp_path / "out")]):
        done = CliRunner().invoke(main, [*command, "--cluster", str(file)])
        assert done.exit_code == 2, done.output
        assert "did you mean 'workers'" in done.output
    assert not (tmp_path / "out").exists()


def test_a_plan_counts_the_workers_of_the_cluster(tmp_path):
    """64 workers of four jobs; the time is divided among them, and the memory is that of their nodes."""
    (tmp_path / "clusters").mkdir()
    shutil.copy(ROOT / "recipes" / "clusters" / "slurm.yaml", tmp_path / "clusters" / "big.yaml")
    small = (tmp_path / "clusters" / "big.yaml").read_text().replace("48 GB", "4 GB")
    (tmp_path / "clusters" / "tight.yaml").write_text(small)
    recipe = small_recipe(tmp_path)
    planned = CliRunner().invoke(main, ["plan", str(recipe), "--cluster", "big"])
    assert planned.exit_code == 0, planned.output
    assert "on 64 workers" in planned.output
    tight = CliRunner().invoke(main, ["plan", str(recipe), "--cluster", "tight"])
    assert tight.exit_code == 2, tight.output
    assert "64 workers need" in tight.output
    assert "at most 16.0 GB" in tight.output


@pytest.mark.parametrize("system", ["slurm", "pbs"])
def test_the_script_of_a_job_says_all_that_the_file_says(system, tmp_path, monkeypatch):
    """One thread, a lifetime below the walltime, scratch, what comes before; and the head of the job."""
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed (eurosic[cluster])")
    fake = tmp_path / {"slurm": "sbatch", "pbs": "qsub"}[system]
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    file = tmp_path / "c.yaml"
    text = (ROOT / "recipes" / "clusters" / f"{system}.yaml").read_text()
    file.write_text(text.replace("ib0", "lo"))
    with open_jobs(profile_of(RECIPE, str(file)), keep=False) as cluster:
        script = cluster.job_script()
    head = {
        "slurm": [
            "-p standard",
            "-A soil",
            "--cpus-per-task=16",
            "--mem=45G",
            "-t 02:00:00",
            "--exclusive=user",
        ],
        "pbs": ["-q workq", "-A soil", "ncpus=16", "mem=45GB", "walltime=02:00:00"],
    }[system]
    mark = {"slurm": "#SBATCH ", "pbs": "#PBS "}[system]
    lines = [line for line in script.splitlines() if line.startswith(mark)]
    for wanted in head:
        assert any(wanted in line for line in lines), (wanted, lines)
    for name, value in WORKER_ENVIRONMENT.items():
        assert f"export {name}={value}\n" in script
    worker = script.splitlines()[-1]
    assert "module load python\n" in script
    for wanted in ("--nworkers 16", "--nthreads 1", "--lifetime 6600s", "--lifetime-stagger 300s", "/tmp"):
        assert wanted in worker, worker


def test_a_machine_without_the_batch_system_is_told(monkeypatch):
    """A laptop has no sbatch: go to a login node."""
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed (eurosic[cluster])")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ClusterError, match=r"there is no sbatch on this machine.*login node"):
        open_jobs(profile_of(RECIPE, "slurm"))


def test_a_job_that_the_system_refuses_is_told_in_its_words(tmp_path, monkeypatch):
    """Before anything is submitted, and not by waiting for workers that never come."""
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed (eurosic[cluster])")
    fake = tmp_path / "sbatch"
    fake.write_text("#!/bin/sh\necho 'allocation failure: Invalid account' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert subprocess.run([fake], capture_output=True, check=False).returncode == 1
    file = tmp_path / "c.yaml"
    file.write_text((ROOT / "recipes" / "clusters" / "slurm.yaml").read_text().replace("ib0", "lo"))
    with pytest.raises(ClusterError, match=r"sbatch refuses the job \(allocation failure: Invalid account\)"):
        open_jobs(profile_of(RECIPE, str(file)))
