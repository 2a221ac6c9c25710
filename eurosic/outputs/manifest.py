"""The manifest of an export: which files are finished, and what they are.

*Enters:* a folder of exports, the files finished in it. *Leaves:* `manifest.json` with size and SHA-256 of each
file, written atomically; a scratch folder that belongs to one process at a time. Must not know any format.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from eurosic.base.errors import StoreError
from eurosic.base.provenance import file_digest
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.run_store import NO_LOCKS

MANIFEST = "manifest.json"
LOCK, _SCRATCH = ".export.lock", ".writing"


@dataclass(frozen=True)
class Entry:
    """A finished file: digest of what it was made from and how, bytes, SHA-256."""

    export_digest: str
    bytes: int
    sha256: str


@dataclass
class Manifest:
    """The finished files of a folder by name; kept on the disk with every change."""

    folder: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Return the manifest of a folder, empty where there is none.

        Raises
        ------
        StoreError
            If there is one that cannot be read.
        """
        path = folder / MANIFEST
        if not path.exists():
            return cls(folder)
        try:
            told = json.loads(path.read_text(encoding="utf-8"))["files"]
            return cls(folder, {str(name): Entry(**entry) for name, entry in told.items()})
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                str(path),
                f"cannot be read ({error})",
                wanted="the manifest that an export left",
                do="Remove it: files that are finished are found again.",
            ) from error

    def finished(self, name: str, digest: str) -> bool:
        """Return whether a file is there in full length, made from what `digest` says."""
        entry, path = self.entries.get(name), self.folder / name
        if entry is None or entry.export_digest != digest:
            return False
        return path.is_file() and path.stat().st_size == entry.bytes

    def record(self, name: str, digest: str) -> None:
        """Add a file that lies in the folder, whole."""
        path = self.folder / name
        self.entries[name] = Entry(digest, path.stat().st_size, file_digest(path))
        told = {"files": {key: asdict(self.entries[key]) for key in sorted(self.entries)}}
        write_atomically(self.folder / MANIFEST, json.dumps(told, indent=1) + "\n")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder of exports, made where absent, for this process.

    Raises
    ------
    StoreError
        If another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                str(folder),
                "another export writes there",
                wanted="one export a folder at a time",
                do="Wait for it, or end it; nothing was changed.",
            ) from error
        except OSError as error:
            # As for a run: on a disk that knows no locks, an export is as safe as its user is careful.
            if error.errno not in NO_LOCKS:
                raise
        yield


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Hold a folder of exports for this process and give an empty scratch folder in it, removed at the end.

    Raises
    ------
    StoreError
        If another process holds it.
    """
    scratch = folder / _SCRATCH
    with locked(folder):
        # What a killed export left: nobody else writes here while the lock is held.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def unwritten(path: Path, why: str) -> StoreError:
    """Return the error of a file that a disk did not take, `why` in the words of the library that wrote it."""
    return StoreError(
        str(path),
        f"could not be written ({why})",
        wanted="a disk with room that may be written",
        do="Make room or correct the permissions, then give the same command: finished files are kept.",
    )
