"""Fixtures that all tests share: the development data, where there are any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser import browser  # noqa: F401 - a fixture of all tests that look at a page

# Laws are tried on the same examples everywhere, and a machine that is shared is no reason to fail.
settings.register_profile("house", derandomize=True, deadline=None)
settings.load_profile("house")

_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the development data (`inputs/`, `min3p/`), or a skip that says why."""
    named = os.environ.get("EUROSIC_DATA")
    folder = Path(named).parent if named else _ROOT.parent / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip(f"development data absent: no {folder}/README.md (set EUROSIC_DATA to its inputs folder)")
    return folder


@pytest.fixture(scope="session")
def recipes() -> Path:
    """Folder of the recipes that ship with the source."""
    return _ROOT / "recipes"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden files are made anew on request, never by hand."""
    parser.addoption("--regenerate", action="store_true", help="write golden files anew instead of comparing")


@pytest.fixture(scope="session")
def regenerate(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--regenerate"))
