"""Law: the pages of docs/ are true: what they run runs, what they link exists, what is made from code equals it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from eurosic.cli import main
from tests.make_api_pages import PACKAGES, dotted, modules, pages
from tests.make_conventions_page import PAGE, conventions_page

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)


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


def test_the_pages_of_the_api_are_the_code():
    """Every module stands on the page of its package; `python -m tests.make_api_pages` makes them anew."""
    made = pages()
    assert set(made) == set((ROOT / "docs" / "api").glob("*.md"))
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, path.name
    listed = {dotted(module) for package in PACKAGES for module in modules(package)}
    assert listed == {dotted(path) for path in (ROOT / "eurosic").glob("*/**/*.py")}


def test_the_gallery_shows_what_it_says():
    """Every picture is on the page and every picture of the page is there, with a caption and a command."""
    gallery = ROOT / "docs" / "gallery"
    text = (gallery / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert set(shown) == {path.name for path in gallery.glob("*.png")}
    assert text.count("```bash") == len(shown) >= 5
    assert all((gallery / name).stat().st_size < 400_000 for name in shown)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_pages_become_a_site_without_a_warning(tmp_path):
    """By the command of docs/README.md; every docstring of the API is read."""
    pytest.importorskip("myst_parser", reason="the extra `docs` is absent: pip install -e '.[docs]'")
    (line,) = (line for block in _blocks("README.md", "bash") for line in block.splitlines())
    command = shlex.split(line.split("&&")[1])
    assert command[:3] == ["python", "-m", "sphinx"]
    command = [sys.executable, *command[1:-1], str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    built = (tmp_path / "site" / "api" / "base.html").read_text(encoding="utf-8")
    assert "eurosic.base.grid.space_key" in built
    # A reader without a network sees the same page.
    page = (tmp_path / "site" / "13-viewer.html").read_text(encoding="utf-8")
    assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', page)


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
