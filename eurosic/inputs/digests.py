"""The digest of everything that decides the layers: requests, sources, files, grid, method.

*Enters:* what `prepare_layers` takes. *Leaves:* a SHA-256. Files are read in full once: their digests are kept
by path, size and time of change in a small file that the caller names, so that a second run is quick.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

from eurosic.base.countries import OUTLINES
from eurosic.base.errors import CatalogError
from eurosic.base.grid import Grid
from eurosic.base.provenance import canonical_json, digest_of, file_digest
from eurosic.base.request import LayerRequest
from eurosic.inputs.catalog import Catalog
from eurosic.inputs.source import Source

# To be raised whenever the same sources would give other numbers.
METHOD = 1
# What an entry tells people: a corrected licence or citation needs no new inputs.
_DESCRIPTIVE = (
    "name",
    "path",
    "title",
    "gives",
    "kind",
    "licence",
    "citation",
    "faults",
    "shipped",
    "digest",
)


def inputs_digest(
    requests: Iterable[LayerRequest],
    *,
    catalog: Catalog,
    grid: Grid,
    data: Path | None,
    cache: Path | None = None,
) -> str:
    """Return the digest of all that decides the layers; the same on every machine that holds the same data.

    Parameters
    ----------
    requests, catalog, grid, data
        As for `prepare_layers`; the order of the requests does not matter.
    cache
        File in which the digests of files are kept; none where None.

    Raises
    ------
    CatalogError
        If a source is unknown or a file absent.
    """
    asked = sorted(requests, key=lambda request: request.name)
    sources = {request.source: catalog.source(request.source) for request in asked if request.source}
    found = {name: files_digest(source, catalog, data, cache=cache) for name, source in sources.items()}
    # JSON has no numbers as keys: what `classes` maps is written as pairs.
    plain = [[r.name, r.source, r.constant, sorted(r.classes.items()), r.corrections] for r in asked]
    described = {name: _decisive(source) for name, source in sources.items()}
    return digest_of(
        {
            "method": METHOD,
            "requests": plain,
            "sources": described,
            "files": found,
            "grid": grid,
            "outlines": file_digest(OUTLINES),
        }
    )


def _decisive(source: Source) -> dict[str, object]:
    found = {f.name: getattr(source, f.name) for f in fields(source) if f.name not in _DESCRIPTIVE}
    return {
        key: sorted(value.items()) if isinstance(value, Mapping) else value for key, value in found.items()
    }


def files_digest(source: Source, catalog: Catalog, data: Path | None, *, cache: Path | None = None) -> str:
    """Return the digest of the files of a source: that of the file, or of the list of them where several.

    Raises
    ------
    CatalogError
        If a file is absent.
    """
    files = catalog.locate(source, data)
    known = _read_cache(cache)
    # A product of several files has the digest of their list, in order: two months swapped are another product.
    digests = []
    for file in files:
        stamp = _stamp(file)
        digests.append(known.get(stamp) or file_digest(file))
        known[stamp] = digests[-1]
    if cache is not None:
        _write_cache(cache, known)
    return digests[0] if len(digests) == 1 else digest_of(digests)


def check_digest(source: Source, catalog: Catalog, data: Path | None) -> None:
    """Raise unless the files of a source are those that its entry promises (an empty promise is kept by any).

    Raises
    ------
    CatalogError
        If the digest differs, or a file is absent.
    """
    if not source.digest:
        return
    found = files_digest(source, catalog, data)
    if found != source.digest:
        raise CatalogError(
            source.where,
            f"has files with digest {found[:12]}...",
            wanted=f"{source.digest[:12]}...",
            do="Fetch the version that the entry means, or correct the entry's digest.",
        )


def _stamp(file: Path) -> str:
    # A Zarr store changes with any of its chunks; its folder's own time tells nothing.
    parts = [file] if file.is_file() else sorted(part for part in file.rglob("*") if part.is_file())
    told = [(part.as_posix(), part.stat().st_size, part.stat().st_mtime_ns) for part in parts]
    return digest_of([file.resolve().as_posix(), told])


def _read_cache(cache: Path | None) -> dict[str, str]:
    if cache is None or not cache.is_file():
        return {}
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
    except ValueError:
        return {}  # a cache may always be lost: the files themselves are read again
    return {str(key): str(value) for key, value in kept.items()} if isinstance(kept, dict) else {}


def _write_cache(cache: Path, known: dict[str, str]) -> None:
    # Written aside and moved: two runs may share one cache.
    aside = cache.with_name(cache.name + ".new")
    aside.write_text(canonical_json(known), encoding="utf-8")
    aside.replace(cache)
