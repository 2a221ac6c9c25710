"""`explain`: what a run's predictions are made of, written beside the run; one function a part.

*Enters:* the folder of a finished run, `ExplainOptions`. *Leaves:* ``FOLDER/explain/``: `attribution.zarr`,
`attribution.csv`, `levers.csv`, `interactions.csv`, figures, `explain.json`; and what the contrast of time with space
adds. Tiles that are finished are kept; the same command goes on. Computes nothing itself. Prints nothing.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Protocol

import xarray as xr
import zarr
from distributed import Client

from eurosic.base.errors import InputError, StoreError
from eurosic.base.grid import Tile, tiles_of
from eurosic.clusters import Profile, open_client
from eurosic.explain.contrast_text import csv_text
from eurosic.explain.shapley import pairs_of
from eurosic.explain.template import template
from eurosic.outputs.ledger import Ledger, TileRecord, write_atomically
from eurosic.outputs.manifest import claimed
from eurosic.outputs.run_store import disk_told
from eurosic.outputs.store import TileWriter, create_store
from eurosic.projection.project import project_tiles, unfinished
from eurosic.report.attribution_chart import attribution_figures
from eurosic.report.export import write_figures
from eurosic.workflow.contrasting import Asked, contrast
from eurosic.workflow.contrasting_record import Given, read_tables
from eurosic.workflow.explain_checks import (
    FEW,
    PAIR_CELLS,
    Looked,
    SecondLook,
    baseline_question,
    look_again,
)
from eurosic.workflow.explain_record import ATTRIBUTION, RECORD, TABLES, explain_record, is_finished
from eurosic.workflow.explain_setup import ExplainOptions, ExplainSetup, set_up_explain
from eurosic.workflow.explain_tables import attribution_table, interaction_table, largest_gap, lever_table
from eurosic.workflow.explain_task import ExplainTask

EXPLAIN = "explain"


class Teller(Protocol):
    """What the command says while it goes."""

    def say(self, text: str) -> None:
        """Say a line."""
        ...

    def progress(self, done: int, total: int) -> None:
        """Say how many tiles are finished."""
        ...


def explain(
    folder: Path,
    options: ExplainOptions,
    *,
    profile: Profile,
    tell: Teller,
    data: Path | None = None,
    observations: tuple[Path, ...] = (),
) -> Path:
    """Explain a finished run, or go on where it was interrupted, and return the folder of what was written.

    Parameters
    ----------
    folder
        The folder given to ``eurosic run --out``.
    options
        Parts, cells, horizons, pathways, background.
    profile, tell
        Where to work, and to whom it is said.
    data
        Folder of the data, in which a user's own emulators lie.
    observations
        Tables of the user's own soil samples, for the contrast with space; read before anything is worked out.

    Raises
    ------
    EurosicError
        Whatever a user can mend; nothing that was finished is lost.
    """
    if observations and "space" not in options.parts:
        raise InputError(
            "--observations",
            "is given, and only attributions in time are asked for, which read none",
            do="Leave it out, or ask for --part space too.",
        )
    given = read_tables(observations)
    setup = set_up_explain(folder, options, data=data)
    place = folder / EXPLAIN
    with disk_told(place), claimed(place):
        if "time" in options.parts:
            _check_place(setup, place)
            _explain_time(setup, place, profile=profile, tell=tell)
        if "space" in options.parts:
            _contrast_with_space(setup, given, tell=tell)
    return place


def _explain_time(setup: ExplainSetup, place: Path, *, profile: Profile, tell: Teller) -> None:
    """Part one: attributions in time, their tables, checks, figures and record."""
    if is_finished(setup, place):
        tell.say(
            f"finished   {place} holds these very attributions; remove {RECORD} to make its tables again"
        )
        return
    began = time.perf_counter()
    cells, extent = setup.explained.cells, setup.extent
    tell.say(
        f"explain    {len(cells)} cells, {len(extent.pathways)} pathways, horizons"
        f" {', '.join(map(str, extent.horizons))}, {len(setup.typical.cells)} typical cells"
    )
    with open_client(profile) as client:
        records = _attribute(setup, place, client=client, tell=tell)
        looked = _look_again(setup, client)
    with open_attribution(place) as store:
        tables = {
            "attribution": attribution_table(store, setup),
            "levers": lever_table(store, setup),
            "interactions": interaction_table(store, looked, setup, pairs_of(len(setup.coarse))),
        }
        gap = largest_gap(store, setup)
    for name, table in tables.items():
        recipe = setup.setup.recipe
        text = csv_text(table, TABLES[name], title=recipe.about.title, digest=recipe.digest)
        write_atomically(place / f"{name}.csv", text)
    write_figures(attribution_figures(tables["attribution"], tables["levers"]), place)
    # What an interruption took from the command's own time, the tiles' records still hold.
    seconds = {
        "of_the_last_command": round(time.perf_counter() - began, 1),
        "of_workers_for_attributions": round(sum(record.seconds for record in records), 1),
    }
    told = explain_record(setup, looked, gap=gap, seconds=seconds)
    told["peak_memory_of_a_worker_MB"] = round(max(record.peak_memory for record in records) / 1e6)
    told["cells_without_attribution"] = sum(record.failed for record in records)
    write_atomically(place / RECORD, json.dumps(told, indent=2) + "\n")
    tell.say(f"written    {place}")


def _contrast_with_space(setup: ExplainSetup, given: tuple[Given, ...], *, tell: Teller) -> None:
    """Parts two and three: what is read from space, and how it differs; `contrast.csv`, `space.csv`, a figure."""
    asked = Asked(setup.setup.predictor, setup.forcing)
    found = contrast(setup.folder, given=given, asked=asked, seed=setup.options.seed, tell=tell)
    for line in found.lines:
        tell.say(line)


def open_attribution(place: Path) -> xr.Dataset:
    """Return the attributions in ``FOLDER/explain``, lazily: ``(pathway, horizon, target, group, cell)``.

    Cells carry `y`, `x` and the `area` that they stand for; those without a value are NaN.

    Raises
    ------
    StoreError
        If there are none.
    """
    path = place / ATTRIBUTION
    if not (path / "zarr.json").is_file():
        raise StoreError(str(place), f"holds no {ATTRIBUTION}", do="Give `eurosic explain` the run's folder.")
    return xr.open_zarr(path, consolidated=False)


def _check_place(setup: ExplainSetup, place: Path) -> None:
    """Raise `StoreError` if attributions of other settings lie in the place."""
    path = place / ATTRIBUTION
    found = zarr.open_group(path, mode="r").attrs.get("digest") if (path / "zarr.json").is_file() else None
    if found not in (None, setup.digest):
        raise StoreError(
            str(path),
            "holds attributions of other cells, pathways, horizons, background or seed",
            wanted="those of this very command, or none",
            do=f"Move {place} away or remove it, then give the same command; nothing was changed.",
        )


def _attribute(setup: ExplainSetup, place: Path, *, client: Client, tell: Teller) -> list[TileRecord]:
    """Every tile that is not finished yet; returns the records of all."""
    ledger = Ledger(place / "ledger", setup.digest)
    store = place / ATTRIBUTION
    question = setup.question
    promised = template(setup.extent, setup.explained, question.game().base)
    attributes = {"title": setup.setup.recipe.about.title, "predictor": setup.setup.predictor.name}
    create_store(store, promised, ledger=ledger, attributes=attributes)
    task = ExplainTask(
        setup.cells,
        question,
        setup.played,
        len(setup.every_group),
        setup.extent.levers,
        TileWriter(store, ledger),
        ledger,
    )
    tiles = list(tiles_of(len(setup.explained.cells), setup.extent.tile))
    todo = unfinished(tiles, ledger)
    finished = len(tiles) - len(todo)
    if finished:
        tell.say(f"resume     {finished} of {len(tiles)} tiles are finished already")
    for done, _ in enumerate(project_tiles(task, todo, client, note=tell.say), finished + 1):
        tell.progress(done, len(tiles))
    return _records(ledger, tiles)


def _records(ledger: Ledger, tiles: list[Tile]) -> list[TileRecord]:
    return [record for tile in tiles if (record := ledger.finished(tile))]


def _look_again(setup: ExplainSetup, client: Client) -> Looked:
    """The same cells seen by other explainers; the first of a shuffled sample."""
    few = setup.candidates.chosen(FEW, setup.groups, seed=setup.options.seed).background
    look = SecondLook(setup.cells, baseline_question(setup.question), setup.coarse, few)
    return look_again(look, setup.looked_at(PAIR_CELLS), client, key=setup.digest[:8])
