"""The whole walk: recipe -> inputs -> predictor -> projection -> outputs -> report, on one page.

*Enters:* a set-up recipe and a folder. *Leaves:* a finished run folder. Hands each stage what it needs and computes
nothing itself. Prints nothing: what there is to say goes through `Teller`.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from distributed import Client

from eurosic.base.errors import StoreError
from eurosic.base.grid import tiles_of
from eurosic.base.provenance import digest_of, versions
from eurosic.clusters import Profile, dashboard_lines, open_client, write_report
from eurosic.inputs.store import write_inputs
from eurosic.outputs.ledger import TileRecord, sweep
from eurosic.outputs.run_log import RunLog
from eurosic.outputs.run_store import RunFolder, check_folder, disk_told, read_record
from eurosic.outputs.store import (
    CELLS,
    INPUTS,
    PROJECTION,
    TileWriter,
    create_store,
    open_ledger,
    recorded_tiles,
)
from eurosic.projection.plan import Plan
from eurosic.projection.project import TileTask, project_tiles, unfinished
from eurosic.projection.table import CellTable, open_table, write_table
from eurosic.projection.template import template
from eurosic.workflow.closing import close, closing_files, record_of
from eurosic.workflow.drawing import draw_inputs
from eurosic.workflow.footprint import check_here, plan_table, rate_of
from eurosic.workflow.self_check import self_check
from eurosic.workflow.setup import Setup, forcing_of, table_digest


class Teller(Protocol):
    """What a run says while it goes; the command line shows it, tests collect it."""

    def say(self, text: str) -> None:
        """Say a line."""
        ...

    def progress(self, done: int, total: int) -> None:
        """Say how many tiles are finished."""
        ...


@dataclass(frozen=True)
class _Logged:
    """A teller whose lines go into the log of the run folder too."""

    tell: Teller
    log: RunLog

    def say(self, text: str) -> None:
        self.log.write(text)
        self.tell.say(text)

    def progress(self, done: int, total: int) -> None:
        self.tell.progress(done, total)


@dataclass(frozen=True)
class Finished:
    """A finished run: its folder, its closing words, and whether there was anything to do."""

    folder: Path
    summary: str
    worked: bool


def run(
    setup: Setup,
    folder: Path,
    *,
    profile: Profile,
    tell: Teller,
    command: str = "",
    report: Path | None = None,
) -> Finished:
    """Make a run, or finish one that was interrupted, and return its summary.

    `report` is where Dask's performance report goes, if anywhere.

    Raises
    ------
    EurosicError
        Whatever a user can mend; nothing that was finished is lost.
    """
    identity = setup.identity()
    place = RunFolder(folder, identity, setup.recipe.about.title)
    check_folder(folder, identity)
    done = read_record(folder)
    if done and done.get("state") == "finished" and _is_whole(setup, folder):
        return Finished(folder, (folder / "summary.txt").read_text(encoding="utf-8"), worked=False)
    for problem in setup.problems:
        raise problem
    # Compiled here once, the predictor is found on the disk by every worker of this machine.
    rate = rate_of(setup)
    with (
        disk_told(folder),
        open_client(profile) as client,
        place.open() as record,
        RunLog(folder, command) as log,
        write_report(client, report),
    ):
        tell = _Logged(tell, log)
        began, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
        for line in dashboard_lines(client, profile):
            tell.say(line)
        table = _prepare(setup, folder, identity, tell)
        planned = plan_table(setup, table, folder, rate=rate, workers=profile.processes)
        if profile.here:
            check_here(planned, folder)
        if planned.outside is not None:
            tell.say(f"domain     {planned.outside.told()}")
        records = _project(setup, table, folder, identity, client=client, tell=tell)
        failed = sum(record.failed for record in records)
        checked = self_check(setup, folder, table, client=client)
        draw_inputs(setup, folder, table, client=client, tell=tell)
        summary = close(setup, folder, table, failed=failed, checked=checked)
        tell.say(f"written    {folder}")
        place.write(
            {
                **record,
                **record_of(setup, folder),
                "state": "finished",
                "command": command,
                "started": record.get("started", started),
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "duration_of_last_session_s": round(time.perf_counter() - began, 1),
                "study_cells": table.cells,
                "failed_cells": failed,
                "self_check": checked.record,
                **_footprint(folder, records, planned),
            }
        )
    return Finished(folder, summary, worked=True)


def _prepare(setup: Setup, folder: Path, identity: dict[str, str], tell: Teller) -> CellTable:
    """Inputs onto the grid, then study cells into the table; each once."""
    inputs = write_inputs(folder / INPUTS, setup.layers(), grid=setup.grid, digest=identity["inputs_digest"])
    tell.say(f"inputs     {len(inputs.coverage)} layers {'as before' if inputs.reused else 'aligned'}")
    digest = table_digest(identity)
    table = open_table(folder / CELLS, digest) or write_table(
        folder / CELLS,
        folder / INPUTS,
        grid=setup.grid,
        marking=setup.marking,
        derive=setup.derive,
        digest=digest,
    )
    tell.say(f"cells      {table.cells} calcareous arable cells of {setup.grid.rows * setup.grid.columns}")
    return table


def _project(
    setup: Setup, table: CellTable, folder: Path, identity: dict[str, str], *, client: Client, tell: _Logged
) -> list[TileRecord]:
    """Every tile that is not finished yet; returns the records of all."""
    extent = setup.extent(table.countries, table.cells)
    digest = digest_of({**identity, "tile": extent.tile})
    store, ledger = folder / PROJECTION, open_ledger(folder, digest)
    about = setup.recipe.about
    attributes = {
        "title": about.title,
        "summary": about.purpose,
        "creator_name": ", ".join(about.authors),
        "license": "as the inputs allow: run.json names the licence of each",
        "history": f"{datetime.now(UTC).date()} projected by eurosic {versions()['eurosic']}",
        "start_year": setup.recipe.start_year,
        "grid": asdict(setup.grid),
        "recipe_digest": setup.recipe.digest,
        "predictor": setup.predictor.name,
        "source": f"eurosic {versions()['eurosic']}, {setup.predictor.name}",
        "references": "; ".join(about.references),
    }
    create_store(store, template(setup.predictor.signature, extent), ledger=ledger, attributes=attributes)
    forcing = forcing_of(setup, folder)
    spec = setup.tile_spec(forcing, table.countries)
    task = TileTask(table, forcing, setup.predictor, spec, TileWriter(store, ledger), ledger)
    tiles = list(tiles_of(table.cells, extent.tile))
    todo = unfinished(tiles, ledger)
    if len(todo) < len(tiles):
        tell.say(f"resume     {len(tiles) - len(todo)} of {len(tiles)} tiles are finished already")
    for done, _ in enumerate(
        project_tiles(task, todo, client, note=tell.log.write), len(tiles) - len(todo) + 1
    ):
        tell.progress(done, len(tiles))
    records = [record for tile in tiles if (record := ledger.finished(tile))]
    if len(records) < len(tiles):
        raise StoreError(
            str(folder),
            f"{len(tiles) - len(records)} of {len(tiles)} tiles were not recorded",
            do="Give the same command again: finished tiles are kept.",
        )
    # Only now: until every tile is recorded, a worker of a client that was killed may still be writing.
    sweep(folder)
    return records


def _footprint(folder: Path, records: list[TileRecord], planned: Plan) -> dict[str, object]:
    """What the tiles took, and what was said before beside it: a plan that errs should be seen to."""
    stored = sum(file.stat().st_size for file in (folder / PROJECTION).rglob("*") if file.is_file())
    return {
        "worker_seconds": round(sum(record.seconds for record in records), 1),
        "peak_memory_of_a_worker_MB": round(max(record.peak_memory for record in records) / 1e6),
        "bytes_stored_MB": round(stored / 1e6),
        "planned": {
            "worker_seconds": round(planned.seconds * planned.workers, 1),
            "memory_of_a_worker_MB": round(planned.memory_per_worker / 1e6),
            "bytes_stored_MB": round(planned.bytes_stored / 1e6),
        },
    }


def _is_whole(setup: Setup, folder: Path) -> bool:
    stores = (folder / PROJECTION / "zarr.json", folder / CELLS, folder / INPUTS)
    if not all(path.exists() for path in (*stores, *closing_files(setup, folder))):
        return False
    ledger, tiles = recorded_tiles(folder)
    return not unfinished(tiles, ledger)
