"""Law: the pages of docs/ are true: what they run runs, what they link exists, what is made from code equals it."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from eurosic.cli import main
from tests.make_conventions_page import PAGE, conventions_page

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def test_the_page_of_conventions_is_the_vocabulary():
    """The tables are those of the code."""
    assert PAGE.read_text(encoding="utf-8") == conventions_page()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """Every relative link of a page is a file of the repository."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.slow
def test_the_first_page_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    """Its commands (with --smoke, to be quick) and its Python do what they say."""
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    monkeypatch.chdir(tmp_path)
    for line in _blocks("1-start-here.md", "bash")[0].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "eurosic"
        smaller = ["--smoke"] if arguments[0] == "run" else []
        done = CliRunner().invoke(main, [*arguments, *smaller])
        assert done.exit_code == 0, done.output
    names: dict[str, object] = {}
    for block in _blocks("1-start-here.md", "python"):
        exec(compile(block, "1-start-here.md", "exec"), names)
    assert "baseline: +0.00 Tg of carbon" in capsys.readouterr().out
