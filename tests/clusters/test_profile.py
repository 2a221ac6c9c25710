"""Law: a profile says how many workers and how long they live, and workers have one thread of everything."""

from __future__ import annotations

import os
from html.parser import HTMLParser

import pytest
from dask.system import CPU_COUNT
from distributed import get_client
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import ClusterError
from eurosic.clusters import Jobs, Profile, dashboard_lines, open_client, write_report
from eurosic.clusters.environment import WORKER_ENVIRONMENT, worker_environment
from eurosic.clusters.profile import granted_cores


def _jobs(walltime: float = 7200.0, margin: float = 300.0) -> Jobs:
    return Jobs("slurm", 4, 16, 48e9, walltime, margin)


def test_workers_of_jobs_are_counted_over_all_jobs():
    """Four jobs of sixteen cores are 64 workers, with the memory of four jobs."""
    profile = Profile(jobs=_jobs())
    assert (profile.processes, profile.total_memory, profile.here) == (64, 192e9, False)
    assert (Profile(3, memory=2e9).total_memory, Profile(3).here) == (6e9, True)
    assert not Profile(address="tcp://127.0.0.1:8786").here
    assert not Profile(scheduler_file="s.json").here


@given(st.floats(60.0, 6e5), st.floats(0.01, 0.33))
def test_every_worker_leaves_a_margin_before_the_walltime(walltime, share):
    """Whatever its stagger, which Dask adds or subtracts; and none lives no time at all."""
    jobs = _jobs(walltime, share * walltime)
    assert jobs.lifetime + jobs.stagger <= jobs.walltime - jobs.margin + 1e-6
    assert jobs.lifetime - jobs.stagger > 0


def test_a_job_uses_the_cores_that_it_was_given(monkeypatch):
    """What the batch system says, never more than the machine has; nonsense is passed over."""
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert granted_cores() == Profile().processes == 1
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "100000")
    assert granted_cores() == CPU_COUNT
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "many")
    assert granted_cores() == CPU_COUNT


def test_variables_are_set_for_a_while_and_given_back(monkeypatch):
    """A shell's own setting is overruled for the workers, and is there again afterwards."""
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with worker_environment() as environment:
        assert environment == WORKER_ENVIRONMENT
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "16"
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ


class _Loaded(HTMLParser):
    """What a browser loads for a page: scripts in it, and addresses elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts, self.elsewhere = 0, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note scripts, and sources and style sheets that are not in the page."""
        self.scripts += tag == "script"
        # The picture of the browser's tab: the page is whole without it.
        if ("rel", "shortcut icon") in attrs:
            return
        named = "href" if tag == "link" else "src"
        self.elsewhere += [
            value for name, value in attrs if name == named and not str(value).startswith("data:")
        ]


def _seen() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in WORKER_ENVIRONMENT}


def test_workers_here_have_one_thread_and_the_report_opens_without_a_network(monkeypatch, tmp_path):
    """Though the shell asks for sixteen; and nothing in the report is loaded from elsewhere."""
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    profile, report = (
        Profile(1, dashboard="127.0.0.1:0", memory=1e9, scratch=str(tmp_path)),
        tmp_path / "a" / "r.html",
    )
    with open_client(profile) as client:
        with write_report(client, report):
            environment = client.submit(_seen, key="project-0123abcd-tile-000007").result()
        workers = client.scheduler_info()["workers"].values()
        lines = dashboard_lines(client, profile)
        assert [line.split()[0] for line in lines] == ["dashboard", "from"]
        assert f"-L {lines[0].split(':')[-1].split('/')[0]}:127.0.0.1:" in lines[1]
        assert get_client() is client
    assert environment == WORKER_ENVIRONMENT
    assert [(worker["nthreads"], worker["memory_limit"]) for worker in workers] == [(1, 10**9)]
    page = report.read_text()
    assert "Bokeh" in page
    assert len(page) > 1_000_000
    loaded = _Loaded()
    loaded.feed(page)
    assert loaded.scripts > 0
    assert loaded.elsewhere == []
    assert os.environ["OMP_NUM_THREADS"] == "16"


def test_a_scheduler_file_that_is_absent_is_not_waited_for():
    """Dask itself would wait for ever; what to do is told."""
    profile = Profile(scheduler_file="absent.json")
    with pytest.raises(ClusterError, match=r"absent.json.*does not answer.*Start it"), open_client(profile):
        pass
