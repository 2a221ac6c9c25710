"""Law: the command for figures draws a finished run, as often as wanted, and no unfinished one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eurosic.cli import main


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def finished(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the small run."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


def test_a_run_is_drawn_for_a_paper(finished: Path) -> None:
    """Maps, differences, totals and cells of each variable, as PNG, PDF and caption; the slides stay."""
    slides = {path: path.read_bytes() for path in (finished / "figures").glob("*.png")}
    done = _call("figures", finished, "--variable", "nitrate_leaching", "--year", 2022, "--place", "Hungary")
    assert done.exit_code == 0, done.output
    made = {path.name for path in (finished / "figures" / "paper").iterdir()}
    kinds = ("maps", "differences", "totals", "cells")
    assert made == {f"{kind}_nitrate_leaching.{form}" for kind in kinds for form in ("png", "pdf", "txt")}
    assert "4 figures" in done.output
    told = " ".join((finished / "figures" / "paper" / "totals_nitrate_leaching.txt").read_text().split())
    assert "Hungary, 2020–2024" in told
    assert "2022" in (finished / "figures" / "paper" / "maps_nitrate_leaching.txt").read_text()
    assert {path: path.read_bytes() for path in slides} == slides


def test_what_cannot_be_drawn_is_told(finished: Path, tmp_path: Path) -> None:
    """A flag has no amount, a year must be reported, a folder must hold a run; nothing is written."""
    for arguments, words in (
        (("--variable", "regime"), "no figure of 'regime'"),
        (("--variable", "gold"), "no variable gold"),
        (("--year", 2021), "a year among [2020, 2022, 2024]"),
        (("--place", "Atlantis"), "'Atlantis'"),
    ):
        done = _call("figures", finished, "--out", tmp_path / "none", *arguments)
        assert done.exit_code == 2, done.output
        assert words in done.output
        assert not list(tmp_path.rglob("*.pdf"))
    done = _call("figures", tmp_path)
    assert done.exit_code == 2
    assert "holds no projection" in done.output
