"""A brake for runs in other processes: while a file is there, every tile waits a while before it is done.

Dask preloads it in workers (`on_brake` gives the environment). How fast a machine is, and what else it does, would
otherwise decide whether a run still goes on when a test wants to disturb it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

# The file, and seconds a tile.
FILE, SECONDS = "EUROSIC_TEST_BRAKE", 2.0


def on_brake(file: Path) -> dict[str, str]:
    """Return the environment of a run that is slow while a file is there, and make the file."""
    file.touch()
    return {FILE: str(file), "DASK_DISTRIBUTED__WORKER__PRELOAD": str(Path(__file__))}


def dask_setup(worker: object) -> None:
    """Put the brake on: called by Dask in each worker."""
    from eurosic.projection.project import TileTask  # noqa: PLC0415 - in a worker only

    file, project = Path(os.environ[FILE]), TileTask.__call__

    def slowly(task: TileTask, tile: object) -> object:
        if file.exists():
            time.sleep(SECONDS)
        return project(task, tile)

    TileTask.__call__ = slowly
