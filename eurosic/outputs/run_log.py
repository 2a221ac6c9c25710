"""The log of a run folder: what each session said, which tile failed on which worker and why, and how it ended.

*Enters:* lines. *Leaves:* `log.txt`, to which every session appends, each line with the time (UTC). Read by people
only: nothing in the code depends on it, and a log that cannot be written stops no run.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

LOG = "log.txt"


@dataclass(frozen=True)
class RunLog:
    """The log of a run folder; as a context, one session of it, told with its end."""

    folder: Path
    command: str = ""

    def write(self, text: str) -> None:
        """Append a text, its further lines set in below the first."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = text.strip().replace("\n", f"\n{' ' * len(stamp)}  ")
        # On a full disk the error that ended the run must be told, not that its log is cut short.
        with suppress(OSError), (self.folder / LOG).open("a", encoding="utf-8") as stream:
            stream.write(f"{stamp}  {told}\n")

    def __enter__(self) -> RunLog:
        self.write(
            f"begun      process {os.getpid()} on {os.uname().nodename}: {self.command or 'from Python'}"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.write("finished" if kind is None else f"ended by   {kind.__name__}: {error}")
