"""A finished run that several files of tests look at; whoever writes into it copies it first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from eurosic.cli import main
from tests.workflow.small import small_recipe


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run, made once in each test process; not to be written to."""
    folder = tmp_path_factory.mktemp("finished")
    recipe = small_recipe(folder)
    done = CliRunner().invoke(main, ["run", str(recipe), "--out", str(folder / "out"), "--workers", "1"])
    assert done.exit_code == os.EX_OK, done.output
    return folder / "out"
