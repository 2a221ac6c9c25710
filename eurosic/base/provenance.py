"""Digests, versions and the record of a run: what makes a result traceable to what it was made from.

A digest is the SHA-256 of bytes, or of the canonical JSON of a value (keys sorted, no white space), so
that the same recipe has the same digest on a laptop and on a cluster.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("eurosic", "numpy", "numba", "xarray", "zarr", "dask", "distributed", "rasterio", "pyproj")


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, dataclasses and tuples as objects and lists."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False)


def digest_of(value: object) -> str:
    """Return the SHA-256 digest of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 digest of a file, or of a folder's files with their relative names."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    parts = sorted(part for part in path.rglob("*") if part.is_file())
    return digest_of({part.relative_to(path).as_posix(): file_digest(part) for part in parts})


def versions() -> dict[str, str]:
    """Return the versions of Python, of eurosic and of the libraries that decide numbers."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _plain(value: Any) -> object:  # noqa: ANN401 - json hands over whatever it cannot write
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} has no canonical JSON")
