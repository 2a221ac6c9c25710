"""The decorator that compiles the simulator's scalar functions, and the digest of the code that decides numbers.

*Enters:* a function of scalars, arrays and named tuples. *Leaves:* the same function as machine code, kept on
disk. numba keys its disk cache by the file of the outermost function alone, so that a change in
`chemistry.py` would leave stale code behind `annual.py`; here the cache folder bears the digest of the whole
package instead. Must not hold any science.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numba
from numba import config, njit

Function = TypeVar("Function", bound=Callable[..., object])

_HERE = Path(__file__).resolve().parent


def _digest_sources() -> str:
    sources = sorted(_HERE.glob("*.py"))
    told = hashlib.sha256(numba.__version__.encode())
    for source in sources:
        told.update(source.name.encode() + source.read_bytes())
    return told.hexdigest()


# SHA-256 of every module of the process model: part of the simulator's own digest, and the cache's key.
SOURCE_DIGEST = _digest_sources()


def _cache_folder() -> str:
    # A read-only installation (a container, a shared module tree) still keeps its compiled code somewhere.
    base = _HERE / "__pycache__" if os.access(_HERE, os.W_OK) else Path.home() / ".cache" / "eurosic"
    return str((Path(config.CACHE_DIR) if config.CACHE_DIR else base) / f"kernels-{SOURCE_DIGEST[:12]}")


def kernel(function: Function) -> Function:
    """Return a function compiled by numba on its first call: no Python objects, no fast maths, no lock held.

    Division by zero gives infinity, as in NumPy, so that a failed cell never raises inside a batch. A kernel
    whose name begins with an underscore can only be called by kernels: it takes less time to compile.
    """
    inner = function.__name__.startswith("_")
    before, config.CACHE_DIR = config.CACHE_DIR, _cache_folder()
    try:
        return njit(cache=True, nogil=True, fastmath=False, error_model="numpy", no_cpython_wrapper=inner)(
            function
        )
    finally:
        config.CACHE_DIR = before
