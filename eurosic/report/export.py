"""Writing of a report's files: the table of totals and the figures, each whole or absent.

*Enters:* a finished table, finished figures, paths. *Leaves:* files, written aside and moved into place.
Must not compute what it writes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from eurosic.base.errors import StoreError
from eurosic.report.totals import totals_csv

_DPI = 150


def write_totals(table: pd.DataFrame, path: Path, *, title: str = "", digest: str = "") -> Path:
    """Write the table of totals as CSV (UTF-8) and return its path.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    aside = _aside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(totals_csv(table, title=title, digest=digest), encoding="utf-8", newline="\n")
        aside.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        aside.unlink(missing_ok=True)
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
        aside = _aside(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # No date and no version in the file: equal runs give equal figures.
            figure.savefig(aside, format="png", dpi=_DPI, metadata={"Software": None})
            aside.replace(path)
        except OSError as error:
            raise _cannot_write(path, error) from error
        finally:
            aside.unlink(missing_ok=True)
        paths.append(path)
    return paths


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(
        str(path),
        f"could not be written ({error.strerror or error})",
        wanted="a folder with room that may be written",
        do="Make room or correct the permissions, then give the same command.",
    )
