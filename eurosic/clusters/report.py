"""Dask's performance report of a run, in a file that opens without a network.

*Enters:* a client and a path. *Leaves:* one HTML file: the stream of tasks, profiles, what machines did.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client, performance_report

from eurosic.base.errors import StoreError


@contextmanager
def write_report(client: Client, path: Path | None) -> Iterator[None]:
    """Write the report of what a client does meanwhile; without a path, none.

    Raises
    ------
    StoreError
        Before any work, if the file cannot be written.
    """
    if path is None:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise StoreError(
            str(path), f"cannot be written ({error.strerror})", do="Choose another --performance-report."
        ) from error
    # Inline, because Bokeh otherwise loads its scripts from the network, and the page stays blank without one.
    with client.as_current(), performance_report(filename=str(path), mode="inline"):
        yield
