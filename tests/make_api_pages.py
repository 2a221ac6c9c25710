"""The pages of docs/api, made from the code: one a package, with every module's head and every public name.

``python -m tests.make_api_pages`` writes them; a test compares them with the code.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE, PAGES = ROOT / "eurosic", ROOT / "docs" / "api"
# In the order in which data walk.
PACKAGES = (
    "base", "recipe", "inputs", "simulator", "simulator/min3p", "emulator", "projection", "outputs", "explain",
    "report", "view", "clusters", "workflow",
)  # fmt: skip


def modules(package: str) -> list[Path]:
    """Return the modules of a package, its own docstring first."""
    return sorted((SOURCE / package).glob("*.py"), key=lambda path: (path.name != "__init__.py", path.name))


def dotted(path: Path) -> str:
    """Return the name by which a module is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]


def page(package: str) -> str:
    """Return the page of a package."""
    head, *others = modules(package)
    lines = [f"# {dotted(head)}", "", first_line(head), ""]
    for path in others:
        name = dotted(path)
        lines += [f"## {name}", "", "```{eval-rst}", f".. automodule:: {name}", "   :members:", "```", ""]
    return "\n".join(lines)


def index() -> str:
    """Return the page that leads to the others."""
    listed = [
        f"| [{dotted(modules(p)[0])}]({p.replace('/', '-')}.md) | {first_line(modules(p)[0])} |"
        for p in PACKAGES
    ]
    return "\n".join([
        "# API",
        "",
        "What `import eurosic` gives comes first; the packages follow in the order in which data walk. Names that begin",
        "with `_` are nobody's but the module's own. No stage imports another: only `eurosic.workflow` knows them all",
        "([the seams](../seams.md)).",
        "",
        "| package | |",
        "|---|---|",
        *listed,
        "",
        "## eurosic",
        "",
        "```{eval-rst}",
        ".. automodule:: eurosic",
        "```",
        "",
    ])  # fmt: skip


def pages() -> dict[Path, str]:
    """Return every page by its path."""
    made = {
        PAGES / f"{package.replace('/', '-')}.md": page(package) for package in PACKAGES if modules(package)
    }
    return {PAGES / "README.md": index(), **made}


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
