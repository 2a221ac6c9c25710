"""What befalls an export: a read that fails half way, a disk that takes no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import xarray as xr

from eurosic.base.grid import Grid
from tests.report.synthetic import synthetic_cube

_FULL = """
import resource, signal, sys
from pathlib import Path
from eurosic.base.errors import StoreError
from eurosic.outputs import cog, cog_plan, netcdf
from tests.outputs.harm import noisy
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
name, folder = sys.argv[1], Path(sys.argv[2])
cube = noisy(name)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    {export}
except StoreError as error:
    print(error)
"""


def unreadable(cube: xr.Dataset, name: str) -> xr.Dataset:
    """Return a cube of which a variable cannot be read to the end."""
    broken = cube.copy()
    broken[name].data = broken[name].data.map_blocks(_fail, dtype=np.float32, meta=np.empty(0, np.float32))
    return broken


def _fail(block: np.ndarray) -> np.ndarray:
    raise OSError("disk pulled out")


def noisy(name: str) -> xr.Dataset:
    """Return a cube of which a variable cannot be made small: 360 kB."""
    made = synthetic_cube(Grid("EPSG:3035", 1_000.0, 4e6, 3e6, 300, 300), ("baseline",), (2020,)).compute()
    noise = np.random.default_rng(6).normal(size=made[name].shape).astype(np.float32)
    return made.assign({name: (made[name].dims, noise)})


def check_full_disk(export: str, name: str, folder: Path) -> None:
    """Check an export (an expression of `cube`, `name` and `folder`) with a limit of 40 kB a file, as a full disk.

    An error says what to do, and there is no file and no remnant. The limit is that of a process of its own.
    """
    command = [sys.executable, "-c", _FULL.format(export=export), name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "could not be written" in done.stdout
    assert "finished files are kept" in done.stdout
    assert [path.name for path in folder.iterdir()] == [".export.lock"]
