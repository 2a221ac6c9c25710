"""What the viewer serves: a page, answers to questions, and files below a few roots.

*Enters:* paths and queries of requests. *Leaves:* files and answers, or the word that there is none. Must not
speak HTTP, nor let a path lead out of its root.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

Query = Mapping[str, str]
# What an answer is: bytes as they are, or a value for JSON.
Answer = Callable[[Query], object]


class NotThereError(Exception):
    """What is asked for does not exist."""


class BadQueryError(Exception):
    """A question that makes no sense; the message says why."""


@dataclass(frozen=True)
class Site:
    """What is served: a folder of the page, answers by path, and roots of files by the first part of a path."""

    page: Path
    answers: Mapping[str, Answer]
    roots: Mapping[str, Path]

    def file(self, path: str) -> Path:
        """Return the file that a path names, below its root.

        Raises
        ------
        NotThereError
            If there is none, or the path would leave its root.
        """
        parts = unquote(path, errors="strict").removeprefix("/").split("/")
        if any(part in ("", ".", "..") or set(part) & set("\\\0:") for part in parts):
            raise NotThereError
        root = self.roots.get("/".join(parts[:2])) if len(parts) > 2 else None
        below = parts[2:] if root else parts
        root = root or self.page
        # A link may lead out of its root although no part of the path does.
        if (found := _file_at(root.joinpath(*below))) is None or not found.is_relative_to(root.resolve()):
            raise NotThereError
        return found


def _file_at(path: Path) -> Path | None:
    """Return the file that a path leads to, or None: a name may be too long, and links may run in a circle."""
    try:
        found = path.resolve()
        return found if found.is_file() else None
    except (OSError, RuntimeError):
        return None
