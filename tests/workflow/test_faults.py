"""Law: what goes wrong with disk or machine is told with what to do, and the same command finishes the run.

A disk that is full, read-only or broken, a signal before the walltime: the end is that of a run without any of it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from eurosic.cli import main
from tests.workflow.small import assert_same_run, small_recipe, stored


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, Path]:
    """The recipe of a small run of many tiles, and its folder when nothing went wrong."""
    folder = tmp_path_factory.mktemp("run")
    recipe = small_recipe(folder, tile=4)
    done = _run(recipe, folder / "out")
    assert done.exit_code == 0, done.output
    return recipe, folder / "out"


def _run(recipe: Path, out: Path):
    return CliRunner().invoke(main, ["run", str(recipe), "--out", str(out), "--workers", "2"])


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be made here: mount says {done.stderr.strip()}")


@contextmanager
def _disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of a size, in memory."""
    place.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_read_only_or_full_is_told_and_room_is_all_that_was_missing(finished, tmp_path):
    """Full while layers, tiles or figures are written; made larger, the disk takes the values of any other."""
    recipe, whole = finished
    with _disk(tmp_path / "disk", "100k") as disk:
        out = disk / "out"
        _mount("-o", "remount,ro", str(disk))
        refused = _run(recipe, out)
        assert refused.exit_code == 2, refused.output
        assert "cannot be written (Read-only file system)" in refused.output
        for size in ("100k", "1500k", "3600k"):
            _mount("-o", f"remount,rw,size={size}", str(disk))
            full = _run(recipe, out)
            assert full.exit_code == 2, full.output
            assert re.search(r"StoreError: .*\(No space left on device\).*Make room", full.output, re.S)
            assert "Traceback" not in full.output
        _mount("-o", "remount,size=64m", str(disk))
        again = _run(recipe, out)
        assert again.exit_code == 0, again.output
        assert "36 of 36 tiles are finished already" in again.output  # the figures were all that was missing
        assert_same_run(stored(whole), stored(out))
        assert not list(out.rglob("*.partial"))


def _start(recipe: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from eurosic.cli import main; main()"]
    return subprocess.Popen(
        [*command, "run", str(recipe), "--out", str(out), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _wait_for_tiles(process: subprocess.Popen[str], out: Path, tiles: int) -> None:
    deadline = time.monotonic() + 120
    while len(list((out / "ledger").glob("tile-*.json"))) < tiles:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the run made no tile"
        time.sleep(0.005)


@pytest.mark.slow
def test_signals_before_the_walltime_and_a_broken_store_cost_only_what_was_not_finished(finished, tmp_path):
    """SIGTERM as a batch script passes it on and as srun does, then an array without a folder: the log tells all."""
    recipe, whole = finished
    out, kept = tmp_path / "out", 0
    for send in (os.kill, os.killpg):  # to the command alone, to all its workers too
        process = _start(recipe, out)
        _wait_for_tiles(process, out, kept + 1)
        send(process.pid, signal.SIGTERM)
        asked = time.monotonic()
        told = process.communicate(timeout=60)[0]
        assert time.monotonic() - asked < 30
        assert process.returncode == 143, told
        assert "Terminated. What is finished is kept: the same command goes on.\n" in told
        assert "Traceback" not in told
        assert kept == 0 or f"{kept} of 36 tiles are finished already" in told
        kept = len(list((out / "ledger").glob("tile-*.json")))
    shards = out / "projection.zarr" / "ph_soil_0_30cm" / "c"
    shards.rename(tmp_path / "aside")
    shards.write_text("in the way")
    failed = _run(recipe, out)
    assert failed.exit_code == 2, failed.output
    shards.unlink()
    (tmp_path / "aside").rename(shards)
    again = _run(recipe, out)
    assert again.exit_code == 0, again.output
    assert_same_run(stored(whole), stored(out))
    _check_log((out / "log.txt").read_text())


def _check_log(log: str) -> None:
    told = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  "
    ends = re.findall(rf"{told}(ended by   \w+|finished)", log, re.M)
    assert ends == ["ended by   Terminated", "ended by   Terminated", "ended by   StoreError", "finished"]
    where = r"tile \d+ \(cells \d+ to \d+\) failed on worker \d \(tcp://127.0.0.1:\d+\)"
    assert re.search(rf"{told}{where}: StoreError: .*could not be written \(Not a directory\)", log, re.M)
