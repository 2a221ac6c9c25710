"""The run folder: whose it is, what is known of the run, and that only one process writes to it.

*Enters:* a folder and the digests of a run. *Leaves:* `run.json`, written atomically at the start, and again with
all that is known at the end; a lock that is held while the run lasts. A folder that holds anything else, or another
run, is refused before anything is written.
"""

from __future__ import annotations

import errno
import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eurosic.base.errors import StoreError
from eurosic.outputs.ledger import PARTIAL, write_atomically
from eurosic.outputs.run_log import LOG

RECORD = "run.json"
LOCK = "run.lock"
# File systems that know no locks say so in one of these ways; Lustre does where it is mounted without `flock`.
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
# What must be the same for a run to go on in its folder, and how a person calls it.
_SAME = {
    "recipe_digest": "recipe",
    "inputs_digest": "input data",
    "predictor_digest": "predictor",
    "eurosic": "version of eurosic",
}
# What a disk, not our code, is to blame for.
_DISK = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE,
)  # fmt: skip


@dataclass(frozen=True)
class RunFolder:
    """A folder that belongs to one run, by the digests that decide its values; `title` is for people."""

    path: Path
    identity: Mapping[str, str]
    title: str = "untitled"

    @contextmanager
    def open(self) -> Iterator[dict[str, object]]:
        """Claim the folder for this process and give what its record says.

        Raises
        ------
        StoreError
            If the folder is another run's, holds something else, cannot be written, or is in use.
        """
        check_folder(self.path, self.identity)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / LOCK).open("a+")
        except OSError as error:
            raise StoreError(
                str(self.path), f"cannot be written ({error.strerror})", do="Choose another --out."
            ) from error
        with lock:
            self._lock(lock.fileno())
            # Asked again under the lock: another process may have claimed the folder meanwhile.
            check_folder(self.path, self.identity)
            told = read_record(self.path) or {}
            ours = all(told.get(key) == value for key, value in self.identity.items())
            started = datetime.now(UTC).isoformat(timespec="seconds")
            first: dict[str, object] = {
                **self.identity,
                "title": self.title,
                "state": "started",
                "started": started,
            }
            record = told if told and ours else first
            self.write(record)
            yield record

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                str(self.path),
                "is in use by another process",
                wanted="one run a folder at a time: two writers would lose each other's shards",
                do="Wait for it, or end it; nothing was changed.",
            ) from error
        except OSError as error:
            # Without locks a run is as safe as its user is careful; refusing would keep it from such disks.
            if error.errno not in NO_LOCKS:
                raise

    def write(self, record: Mapping[str, object]) -> None:
        """Write the record of the run, all of it or nothing."""
        write_atomically(self.path / RECORD, json.dumps(dict(record), indent=2) + "\n")


@contextmanager
def disk_told(folder: Path) -> Iterator[None]:
    """Tell what a full, read-only or broken disk answers to any writer as an error of use.

    Raises
    ------
    StoreError
        With what the disk says and what can be done.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise StoreError(
            str(error.filename or folder),
            f"could not be written or read ({error.strerror})",
            wanted=f"a disk with room for {folder} that may be written",
            do="Make room or correct the permissions, then give the same command: what is finished is kept.",
        ) from error


def _is_ours(name: str) -> bool:
    # What a process that was killed at its very first step may have left; nothing of it says whose the folder is.
    return name in (LOCK, LOG) or (name.startswith(f".{RECORD}.") and name.endswith(PARTIAL))


def read_record(folder: Path) -> dict[str, object] | None:
    """Return what `run.json` says, or None where there is none.

    Raises
    ------
    StoreError
        If there is one that cannot be read.
    """
    path = folder / RECORD
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        raise StoreError(str(path), f"cannot be read ({error})", do="Choose another --out.") from error
    return {str(key): value for key, value in told.items()}


def check_folder(folder: Path, identity: Mapping[str, str]) -> None:
    """Raise unless a run of this identity may be made, or go on, in a folder.

    Raises
    ------
    StoreError
        If it is a file, holds something that is not a run, or another run.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(str(folder), "is a file", wanted="a folder", do="Choose another --out.")
    if not folder.exists():
        return
    record = read_record(folder)
    if record is None:
        others = sorted(found.name for found in folder.iterdir() if not _is_ours(found.name))
        if others:
            raise StoreError(
                str(folder),
                f"holds files that are not of a run ({', '.join(others[:3])}{' ...' if others[3:] else ''})",
                wanted="a new or empty folder, or the folder of this very run",
                do="Choose another --out; nothing was changed.",
            )
        return
    if record.get("state") == "started" and not (folder / "inputs.zarr").exists():
        # A run that ended before its first layer has left nothing that could be lost.
        return
    differ = [name for key, name in _SAME.items() if record.get(key) != identity[key]]
    if differ:
        raise StoreError(
            str(folder),
            f"holds a run with another {' and another '.join(differ)} ({record.get('title', 'untitled')})",
            wanted="a new folder, or the folder of this very run",
            do="Choose another --out; nothing was changed.",
        )
