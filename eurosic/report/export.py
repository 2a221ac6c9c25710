"""Writing of a report's files: the table of totals and the figures, each whole or absent.

*Enters:* a finished table, finished figures, paths. *Leaves:* files, written aside and moved into place.
Must not compute what it writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from eurosic.base.errors import StoreError
from eurosic.report.totals import totals_csv

_DPI = 150


def write_totals(
    table: pd.DataFrame, path: Path, *, title: str = "", digest: str = "", intervals: Sequence[str] = ()
) -> Path:
    """Write the table of totals as CSV (UTF-8) and return its path; `intervals` are lines about them.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    about = {"intervals": intervals} if intervals else {}
    text = totals_csv(table, title=title, digest=digest, **about)
    with whole(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")
    return path


def write_figures(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write each figure as ``NAME.png`` (150 dots an inch) into `folder` and return the paths.

    Raises
    ------
    StoreError
        If one cannot be written.
    """
    paths = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        with whole(path) as aside:
            # No date and no version in the file: equal runs give equal figures.
            figure.savefig(aside, format="png", dpi=_DPI, metadata={"Software": None})
        paths.append(path)
    return paths


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, and move it into place when all is written."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        aside.replace(path)
    except OSError as error:
        raise StoreError(
            str(path),
            f"could not be written ({error.strerror or error})",
            wanted="a folder with room that may be written",
            do="Make room or correct the permissions, then give the same command.",
        ) from error
    finally:
        # Where not even the folder could be made, there is nothing to remove.
        with suppress(OSError):
            aside.unlink()
