"""How the pages of docs/ become a site: ``python -m sphinx -W --keep-going docs docs/_build``, without a network."""

from __future__ import annotations

import locale
import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Sphinx takes the user's locale, which a machine need not have; cf_units asks for it by name.
locale.setlocale(locale.LC_ALL, "C")

project = "eurosic"
author = "the eurosic founders"
copyright = "the eurosic founders, BSD-3-Clause"
version = release = version_of("eurosic")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
exclude_patterns = ["_build"]
html_theme = "alabaster"  # comes with Sphinx, loads nothing from elsewhere
html_theme_options = {"description": "Soil inorganic carbon of Europe under fertilizer pathways"}
html_show_sourcelink = False

myst_heading_anchors = 4
# A list at the head of a page is no front matter.
myst_disable_syntax = ["front_matter"]
# Pages link to recipes and sources, which stay in the repository; tests/test_docs.py looks that they exist.
suppress_warnings = ["myst.xref_missing"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say shapes and units, which types cannot
napoleon_google_docstring = False
napoleon_use_rtype = False

_FOLDERS = ("api", "changes", "gallery")


def _with_contents(app: Sphinx, page: str, text: list[str]) -> None:
    """Give the first page, and those of folders, a table of contents: on the web their links are enough."""
    folder = Path(page).parent
    if page.startswith("changes/") and not text[0].startswith("# "):
        # Lists of changes are joined by their index; a page of its own needs a name.
        text[0] = f"# {Path(page).name.split('-', 1)[1].replace('-', ' ').capitalize()}\n\n{text[0]}"
    if Path(page).name != "README":
        return
    pages = sorted(path.stem for path in (Path(app.srcdir) / folder).glob("*.md") if path.stem != "README")
    if page == "README":
        pages = sorted(
            pages, key=lambda name: (not name[0].isdigit(), *map(int, re.findall(r"^\d+", name)), name)
        )
        pages += [f"{name}/README" for name in _FOLDERS if (Path(app.srcdir) / name / "README.md").exists()]
    text[0] += "\n".join(["", "```{toctree}", ":hidden:", "", *pages, "```", ""])


def _as_code(app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]) -> None:  # noqa: ARG001
    """Read single backticks as code, as everywhere in this house, also within a word (`Column`s)."""
    for i, line in enumerate(lines):
        lines[i] = re.sub(
            r"(?<!`)`([^`]+)`(?!`)(\w?)", lambda m: f"``{m[1]}``" + (f"\\ {m[2]}" if m[2] else ""), line
        )


def setup(app: Sphinx) -> None:
    """Connect both."""
    app.connect("source-read", _with_contents)
    app.connect("autodoc-process-docstring", _as_code)
