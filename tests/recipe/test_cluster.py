"""Law: the file of a machine is read as any recipe: units, unknown keys, all problems at once, no doomed job."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import ClusterError, RecipeError
from eurosic.recipe.cluster import ClusterFile, find_cluster_file, load_cluster_file
from eurosic.recipe.load import read_as

FOLDER = Path(__file__).resolve().parents[2] / "recipes" / "clusters"
SLURM = """\
title: A test
slurm:
  jobs: 4 jobs
  cores: 16 cores
  memory: 48 GB
  walltime: 2 h
  directives: [--exclusive=user]
"""


def _read(text: str) -> ClusterFile:
    return read_as(ClusterFile, text, "test.yaml")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_of_the_folder_can_be_read(path):
    """No problem in it; its first line says what it is and its second how to use it."""
    assert load_cluster_file(path).title
    first, second = path.read_text().splitlines()[:2]
    assert first.startswith("# ")
    assert f"--cluster {path.stem}" in second


def test_the_folder_has_every_kind():
    """A laptop, one node, SLURM, PBS and a scheduler that runs."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {"laptop", "node", "slurm", "pbs", "scheduler"}


def test_quantities_are_in_bytes_and_seconds():
    """Units of both kinds; the margin has a default."""
    read = _read(SLURM)
    assert read.system == "slurm"
    assert read.slurm is not None
    assert (read.slurm.jobs, read.slurm.cores) == (4, 16)
    assert (read.slurm.memory, read.slurm.walltime, read.slurm.margin) == (48e9, 7200.0, 300.0)
    assert _read(SLURM.replace("48 GB", "1 GiB").replace("16 c", "4 c")).slurm.memory == 2.0**30
    assert _read("title: Here\nlocal:\n").local is not None


@given(st.integers(1, 10**6), st.sampled_from([("MB", 10**6), ("GB", 10**9), ("MiB", 2**20), ("GiB", 2**30)]))
def test_an_amount_of_memory_is_its_number_times_its_unit(amount, unit):
    """Or it is refused as too little."""
    name, factor = unit
    text = f"title: t\nlocal: {{memory: {amount} {name}}}\n"
    if amount * factor >= 250e6:
        assert _read(text).local.memory == amount * factor
    else:
        with pytest.raises(RecipeError, match="too little for a worker"):
            _read(text)


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("jobs: 4 jobs", "job: 4 jobs", "test.yaml:3:3: slurm.job: unknown key; did you mean 'jobs'?"),
        ("jobs: 4 jobs", "jobs: 4", "4 is not a number of jobs; wanted one such as '4 jobs'"),
        ("memory: 48 GB", "memory: 48", "48 is no amount of memory; wanted one such as '4 GB'"),
        ("memory: 48 GB", "memory: 1 GB", "1 GB for 16 cores is too little"),
        ("walltime: 2 h", "walltime: 2", "2 has no unit; wanted a quantity such as '2 h'"),
        ("walltime: 2 h", "walltime: 10 min", "leaves workers no time with a margin of 300 s"),
        ("slurm:", "slurn:", "test.yaml:2:1: slurn: unknown key; did you mean 'slurm'?"),
        ("title: A test", "title: A test\nlocal: {}", "local and slurm together; wanted one of local, sched"),
        (SLURM, "title: nothing\n", "no workers; wanted one of local, scheduler, slurm, pbs"),
        (SLURM, "title: t\nscheduler: {at: 'http://x'}\n", "'http://x' is no address of a scheduler"),
        (SLURM, "title: t\nscheduler: {}\n", "wanted either `at: tcp://HOST:PORT` or `file: PATH`"),
    ],
    ids=lambda text: str(text)[:24],
)
def test_a_broken_file_is_told_with_its_place_and_remedy(good, bad, told):
    """One problem each, at its line and column where there is one."""
    with pytest.raises(RecipeError) as raised:
        _read(SLURM.replace(good, bad))
    assert told in str(raised.value)


def test_a_name_is_looked_for_in_each_folder_and_a_path_is_taken(tmp_path):
    """The first folder wins; an unknown name is answered with the nearest."""
    near, far = tmp_path / "near", tmp_path / "far"
    for folder, name in ((near, "laptop"), (far, "laptop"), (far, "uni")):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text("title: t\nlocal:\n")
    assert find_cluster_file("laptop", (near, far)) == near / "laptop.yaml"
    assert find_cluster_file("uni", (near, far)) == far / "uni.yaml"
    assert find_cluster_file("any/where.yaml", (near,)) == Path("any/where.yaml")
    with pytest.raises(
        ClusterError, match=r"wanted one of laptop, uni, or the path.*Did you mean 'laptop'\?"
    ):
        find_cluster_file("labtop", (near, far))
    with pytest.raises(ClusterError, match=r"wanted one of none that is known"):
        find_cluster_file("uni", (tmp_path / "absent",))
