"""The walk of an ensemble: recipe -> design -> columns -> simulator -> store, batch by batch.

*Enters:* a recipe's file, perhaps a table, a place. *Leaves:* a finished simulation ensemble. Hands each stage what
it needs and computes nothing itself. A run that was killed is taken up by the same command.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from distributed import Client, as_completed
from numpy.typing import NDArray

from eurosic.base.errors import RecipeError
from eurosic.base.grid import Tile, tiles_of
from eurosic.base.provenance import canonical_json, digest_of, file_digest, versions
from eurosic.base.simulations import DESIGN_PREFIX, INGREDIENTS
from eurosic.base.vocabulary import COVARIATES
from eurosic.clusters import Profile, open_client
from eurosic.inputs.design_table import read_design_table
from eurosic.outputs.ledger import Ledger
from eurosic.outputs.simulations import (
    BatchWriter,
    Layout,
    create_ensemble,
    finish_ensemble,
    ledger_of,
    state_of,
)
from eurosic.recipe.ensemble import EnsembleRecipe, load_ensemble_recipe
from eurosic.simulator.ensemble import entering
from eurosic.simulator.marginals import Kept
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.sampling import Design, sobol_design, table_design
from eurosic.simulator.simulate import Simulator
from eurosic.simulator.trajectory_kinds import SHARES, Trajectories, draw_trajectories, with_counterparts
from eurosic.workflow.batch import BatchTask
from eurosic.workflow.designing import Judging, columns_of, soil_of
from eurosic.workflow.engines import SIMULATOR, Engine
from eurosic.workflow.run import Teller


@dataclass(frozen=True)
class EnsembleSetup:
    """A recipe of an ensemble, the table that it draws from where it wants one, and the engine that runs it."""

    recipe: EnsembleRecipe
    table: Path | None = None
    engine: Engine = SIMULATOR

    @cached_property
    def simulator(self) -> Simulator:
        """The process model of the recipe."""
        return Simulator(SimulatorOptions(**self.recipe.simulator_options()))

    @cached_property
    def design(self) -> Design:
        """The columns' ingredients, drawn; those that the engine holds are as it holds them."""
        drawn = self._drawn(self.columns)
        drawn = Design({name: values[self.column] for name, values in drawn.values.items()}, drawn.tried)
        held = {name: np.full(drawn.size, value) for name, value in self.engine.held.items()}
        return Design({**drawn.values, **held}, drawn.tried)

    @property
    def columns(self) -> int:
        """Number of different columns: half of the simulations where each has its counterpart."""
        asked = self.recipe.design
        return asked.size // 2 if asked.counterparts else asked.size

    @cached_property
    def column(self) -> NDArray[np.int64]:
        """The column of each simulation, ``(simulation,)``: counterparts stand beside each other."""
        return np.arange(self.recipe.design.size) // (2 if self.recipe.design.counterparts else 1)

    def _drawn(self, size: int) -> Design:
        asked = self.recipe.design
        judge = Judging(Kept(**self.recipe.kept()), self.simulator.options.tortuosity == "millington-quirk")
        if self.table is not None:
            return table_design(read_design_table(self.table), size, seed=asked.seed, keep=judge)
        return sobol_design(size, seed=asked.seed, ranges=asked.ranges, keep=judge)

    @cached_property
    def trajectories(self) -> Trajectories:
        """How nitrogen moves in each simulation."""
        asked = self.recipe
        shares = asked.trajectories or SHARES
        drawn = draw_trajectories(self.columns, asked.years, seed=asked.design.seed, shares=shares)
        return with_counterparts(drawn) if asked.design.counterparts else drawn

    @cached_property
    def digest(self) -> str:
        """A digest of all that decides the ensemble's values."""
        table = file_digest(self.table) if self.table else ""
        engine = [] if self.engine is SIMULATOR else [self.engine.name]
        return digest_of([self.recipe.digest, table, self.simulator.digest, versions()["eurosic"], *engine])

    def part(self, batch: Tile) -> tuple[Design, Trajectories]:
        """Return the design and the trajectories of a batch."""
        rows, all_of = batch.cells, self.trajectories
        part = Trajectories(all_of.kind[rows], all_of.mineral[rows], all_of.manure[rows])
        return self.design.part(rows), part


def set_up_ensemble(path: Path, table: Path | None = None, *, engine: Engine = SIMULATOR) -> EnsembleSetup:
    """Return the set-up of an ensemble recipe's file.

    Raises
    ------
    RecipeError
        With every problem of the recipe; or if it wants a table and none is given, or the other way round.
    SimulationError
        If the engine is not installed, or cannot follow the recipe's options.
    """
    recipe = load_ensemble_recipe(path)
    if (recipe.design.source == "table") != (table is not None):
        came = "draws from a table, and none is given" if table is None else "draws no rows of a table"
        do = (
            "Name it with --table."
            if table is None
            else "Write `source: table` in its design, or leave --table out."
        )
        raise RecipeError(str(path), came, do=do)
    if table is not None and recipe.design.ranges:
        raise RecipeError(
            str(path),
            "narrows ranges of a table's rows",
            do="Choose the rows in the table; leave `ranges` out.",
        )
    setup = EnsembleSetup(recipe, table, engine)
    if engine.check is not None:
        engine.check(setup.simulator.options)
    return setup


@dataclass(frozen=True)
class MadeEnsemble:
    """A finished ensemble: where it lies, simulations in it, those that failed, whether there was work to do."""

    path: Path
    simulations: int
    failed: int
    worked: bool


def make_ensemble(
    setup: EnsembleSetup, path: Path, *, profile: Profile, tell: Teller, command: str = ""
) -> MadeEnsemble:
    """Make an ensemble, or finish one that was interrupted.

    Raises
    ------
    EurosicError
        Whatever a user can mend; no finished batch is lost.
    """
    size = setup.recipe.design.size
    state = state_of(path, setup.digest)
    if state == "finished":
        return MadeEnsemble(path, size, 0, worked=False)
    began = time.perf_counter()
    design = setup.design
    tell.say(f"design     {setup.columns} columns of {design.tried} tried, {size} simulations")
    ledger = ledger_of(path, setup.digest)
    if state == "absent":
        create_ensemble(path, _layout(setup, command), _fixed(setup), digest=setup.digest)
    task = BatchTask(setup.simulator.options, BatchWriter(path, ledger), setup.engine)
    batches = list(tiles_of(size, setup.recipe.batch))
    done = {batch: record.failed for batch in batches if (record := ledger.finished(batch))}
    if done:
        tell.say(f"resume     {len(done)} of {len(batches)} batches are finished already")
    # Compiled here once, the process model is found on the disk by every worker of this machine.
    setup.engine.run(setup.simulator.options, columns_of(*setup.part(Tile(0, 0, 1))).columns)
    with open_client(profile) as client:
        failed = sum(done.values()) + _work(setup, task, [b for b in batches if b not in done], client, tell)
    reasons = _reasons(ledger, setup)
    finish_ensemble(path, duration_s=round(time.perf_counter() - began, 1), failed=failed, reasons=reasons)
    return MadeEnsemble(path, size, failed, worked=True)


def _work(setup: EnsembleSetup, task: BatchTask, batches: list[Tile], client: Client, tell: Teller) -> int:
    # As of tiles: two ensembles on one scheduler must not take each other's batches for their own.
    name = f"simulate-{setup.digest[:8]}-batch"
    futures = [
        client.submit(task, batch, *setup.part(batch), key=f"{name}-{batch.index:06d}", priority=-batch.index)
        for batch in batches
    ]
    failed = 0
    try:
        for done, (_, result) in enumerate(as_completed(futures, loop=client.loop, with_results=True), 1):
            failed += int(result)
            tell.progress(done, len(batches))
    finally:
        client.cancel(futures)
    return failed


def _reasons(ledger: Ledger, setup: EnsembleSetup) -> dict[str, int]:
    # How many columns failed of what, over all batches, those of an interrupted run included.
    total = Counter[str]()
    for batch in tiles_of(setup.recipe.design.size, setup.recipe.batch):
        record = ledger.finished(batch)
        total.update(record.reasons if record else {})
    return dict(total)


def _layout(setup: EnsembleSetup, command: str) -> Layout:
    recipe = setup.recipe
    attributes = {
        "title": recipe.about.title,
        "references": "; ".join(recipe.about.references),
        "engine": setup.engine.name,
        "engine_note": setup.engine.note,
        "engine_digest": setup.simulator.digest,
        "recipe": canonical_json(recipe),
        "recipe_digest": recipe.digest,
        "table_digest": file_digest(setup.table) if setup.table else "",
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "tried": setup.design.tried,
        **entering(setup.simulator.options),
    }
    size = recipe.design.size
    return Layout(size, recipe.years, min(recipe.batch, size), setup.engine.names, attributes)


def _fixed(setup: EnsembleSetup) -> dict[str, NDArray[np.generic]]:
    """Return what does not change in time, ``(simulation,)``: covariates, kinds, and the ingredients."""
    values = setup.design.values
    soil = soil_of(values)
    fixed: dict[str, NDArray[np.generic]] = {name: soil[name] for name in COVARIATES}
    used = [name for name in INGREDIENTS if name in values]
    fixed |= {f"{DESIGN_PREFIX}{name}": values[name] for name in used}
    return fixed | {"trajectory": setup.trajectories.kind, "column": setup.column}
