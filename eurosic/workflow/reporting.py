"""The report of a finished run: what lies in its folder becomes one HTML page.

*Enters:* the folder of a run. *Leaves:* `report.html` in it, whole or absent. More cells than a page can hold are put
together into groups; what they are made of passes tile by tile.
"""

from __future__ import annotations

from pathlib import Path

from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.run_store import disk_told
from eurosic.report.page import page_html
from eurosic.report.page_cells import MOST_VALUES
from eurosic.workflow.exporting import Quiet, Teller, check_finished
from eurosic.workflow.reporting_read import FinishedRun

REPORT = "report.html"


def write_report(folder: Path, *, tell: Teller | None = None, most: int = MOST_VALUES) -> Path:
    """Write `report.html` into the folder of a finished run and return its path; an older one is replaced.

    Parameters
    ----------
    folder
        The folder given to ``eurosic run --out``.
    tell
        Hears what is done.
    most
        Values of one variable on the page; beyond, cells are put together into groups.

    Raises
    ------
    StoreError
        If the run is not finished or lacks its totals, or the disk is full or read-only.
    """
    tell = tell or Quiet()
    check_finished(folder)
    run = FinishedRun(folder)
    groups = run.groups(most)
    if groups.side > 1:
        tell.say(f"cells      {groups.cells} in {len(groups)} groups of {groups.side} x {groups.side}")
    page = page_html(run.report(groups, tell.progress))
    path = folder / REPORT
    with disk_told(folder):
        write_atomically(path, page)
    tell.say(f"written    {path} ({len(page.encode()) / 1e6:.1f} MB)")
    return path
