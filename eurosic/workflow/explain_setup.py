"""What `explain` comes down to for one run: which cells, pathways and horizons, against which background.

*Enters:* the folder of a finished run, `ExplainOptions`. *Leaves:* an `ExplainSetup`, from which the workflow hands
each stage what it needs. The recipe is that of the run's record. All that is drawn by chance follows from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.flags import ANSWERED
from eurosic.base.pathway import BASELINE, Pathway
from eurosic.base.provenance import digest_of
from eurosic.base.vocabulary import AREA
from eurosic.explain.groups import Group, coarse_groups, groups_of, varying
from eurosic.explain.levers import all_levers
from eurosic.explain.targets import TARGETS
from eurosic.explain.template import Explained, Extent
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.forcing import Forcing
from eurosic.inputs.raw import RawForcing, soil_layers
from eurosic.inputs.soil import SoilOptions
from eurosic.outputs.run_store import RECORD, read_record
from eurosic.outputs.store import CELLS, INPUTS, PROJECTION
from eurosic.projection.sample import stratified_sample
from eurosic.projection.table import CellTable
from eurosic.recipe.reread import recipe_of_record
from eurosic.workflow.explain_background import Candidates, Typical
from eurosic.workflow.explain_task import WALKS, Question, RunCells
from eurosic.workflow.explain_value import RunValue
from eurosic.workflow.exporting import check_finished
from eurosic.workflow.setup import Setup, forcing_of

PARTS = ("time", "space")
# Cells among which the background is chosen; of a larger table every so manieth, which its order spreads over space.
_CANDIDATES = 20_000
# Cells of a tile at most, and tiles at least: a task of a minute, and some for every worker.
_TILE, _TILES = 256, 8


@dataclass(frozen=True)
class ExplainOptions:
    """What a user asks for; empty tuples stand for every pathway, and for the year 2050 and the last one.

    `sample` is the number of cells of a quick look, None for every cell; `background` the number of typical cells
    that all others are compared with; `parts` what is done: attributions in ``time``, their contrast with ``space``.
    """

    sample: int | None = 200
    horizons: tuple[int, ...] = ()
    pathways: tuple[str, ...] = ()
    background: int = 32
    seed: int = 1
    parts: tuple[str, ...] = PARTS


@dataclass(frozen=True)
class ExplainSetup:
    """A finished run and what is asked of it."""

    folder: Path
    options: ExplainOptions
    setup: Setup
    cells: RunCells
    store_digest: str

    @cached_property
    def pathways(self) -> tuple[Pathway, ...]:
        """The baseline, from which pH is counted and the others differ, then the pathways asked for."""
        every = {pathway.name: pathway for pathway in self.setup.recipe.ordered_pathways()}
        asked = self.options.pathways or tuple(every)
        _refuse_unknown("--pathway", asked, tuple(every))
        return tuple(pathway for name, pathway in every.items() if name == BASELINE or name in asked)

    @cached_property
    def horizons(self) -> tuple[int, ...]:
        """The years at whose end changes are explained: reported ones, so that the store can prove them."""
        reported = self.setup.recipe.projection.years
        asked = self.options.horizons or tuple(y for y in reported if y in (2050, reported[-1]))
        _refuse_unknown("--horizon", asked, reported[1:] or reported)
        return tuple(sorted(set(asked)))

    @cached_property
    def status(self) -> NDArray[np.bool_]:
        """Which cells of the table the predictor itself answered, ``(cell,)``."""
        store = zarr.open_group(self.folder / PROJECTION, mode="r")
        # A cell that was simulated instead is not the predictor's to explain.
        return np.isin(np.asarray(store["cell_status"][:]), ANSWERED)

    @cached_property
    def regime(self) -> NDArray[np.int64]:
        """Regime of each cell of the table under the baseline at the last horizon, ``(cell,)``."""
        store = zarr.open_group(self.folder / PROJECTION, mode="r")
        return np.asarray(store["regime"][0, self.years[-1]]).astype(np.int64)

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Places of the start year and the horizons among the reported years."""
        reported = self.setup.recipe.projection.years
        return (0, *(reported.index(year) for year in self.horizons))

    @cached_property
    def explained(self) -> Explained:
        """Every cell that has an answer, or a sample of them from every regime, each with what it stands for."""
        wanted = self.options.sample
        strata = np.where(self.status, self.regime, -1)
        size = int(self.status.sum()) if wanted is None else wanted
        drawn = stratified_sample(strata, size, seed=self.options.seed)
        if not len(drawn.cells):
            raise StoreError(
                str(self.folder), "has no cell that its predictor answered", do="Explain another run."
            )
        group = zarr.open_group(self.folder / CELLS, mode="r")
        y, x, area = (np.asarray(group[name][:])[drawn.cells] for name in ("y", "x", AREA.name))
        return Explained(drawn.cells, y, x, area * drawn.weight)

    @cached_property
    def candidates(self) -> Candidates:
        """Cells among which the background is chosen, spread over space."""
        answered = np.flatnonzero(self.status)
        some = answered[:: max(1, -(-len(answered) // _CANDIDATES))]
        return Candidates(self.cells, some, self.regime[some], answered)

    @cached_property
    def every_group(self) -> tuple[Group, ...]:
        """All feature groups of the run."""
        return groups_of(self.candidates.rows)

    @cached_property
    def played(self) -> tuple[int, ...]:
        """Places of the groups that differ between cells; a layer that is constant can explain no difference."""
        return tuple(int(i) for i in np.flatnonzero(varying(self.every_group, self.candidates.rows)))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The feature groups that differ between cells."""
        return tuple(self.every_group[place] for place in self.played)

    @cached_property
    def typical(self) -> Typical:
        """The background, and whether it stands for all cells exactly."""
        chosen = self.candidates.chosen(self.options.background, self.groups, seed=self.options.seed)
        return self.candidates.calibrate(chosen, TARGETS, self.years)

    @cached_property
    def forcing(self) -> Forcing:
        """The forcing of the run itself, all of its pathways and years."""
        return forcing_of(self.setup, self.folder)

    def looked_at(self, most: int) -> NDArray[np.int64]:
        """Return the explained cells that are looked at again, in a shuffled order that follows from the seed."""
        rng = np.random.default_rng([self.options.seed, 2])
        return rng.permutation(self.explained.cells)[:most]

    @cached_property
    def question(self) -> Question:
        """What every cell is asked."""
        last = self.horizons[-1] - self.setup.recipe.start_year
        years = self.forcing.years[: last + 1]
        forcing = replace(self.forcing, pathways=self.pathways, years=years)
        value = RunValue(
            RawForcing(forcing, SoilOptions(**self.setup.recipe.soil_options())),
            self.setup.predictor,
            tuple(year - self.setup.recipe.start_year for year in self.horizons),
            TARGETS,
        )
        every = [pathway.name for pathway in self.setup.recipe.ordered_pathways()]
        return Question(
            self.groups,
            self.typical.background,
            value,
            self.options.seed,
            self.pathways,
            tuple(every.index(pathway.name) for pathway in self.pathways),
            self.years,
        )

    @cached_property
    def coarse(self) -> tuple[Group, ...]:
        """The groups that differ, all of nitrogen as one."""
        return coarse_groups(self.groups)

    @cached_property
    def extent(self) -> Extent:
        """What the store promises."""
        size = len(self.explained.cells)
        return Extent(
            tuple(pathway.name for pathway in self.pathways),
            self.horizons,
            TARGETS,
            self.every_group,
            all_levers(self.pathways),
            min(_TILE, -(-size // _TILES)),
        )

    @cached_property
    def digest(self) -> str:
        """Of everything that decides the attributions."""
        asked = [self.extent.pathways, self.horizons, [target.name for target in TARGETS]]
        drawn = [self.options.seed, self.typical.cells.tolist(), WALKS, self.options.sample or "all"]
        return digest_of([self.store_digest, "attribution", asked, drawn, self.extent.tile])


def set_up_explain(folder: Path, options: ExplainOptions, *, data: Path | None = None) -> ExplainSetup:
    """Return what explaining a run comes down to.

    Raises
    ------
    StoreError
        If the folder holds no finished run, or its record is missing, or a pathway or horizon is not in the run.
    RecipeError
        If the record does not hold the recipe that its digest names.
    """
    check_finished(folder)
    record = read_record(folder)
    if record is None:
        raise StoreError(str(folder), f"holds no {RECORD}", do="Give the command of the run again.")
    recipe = recipe_of_record(record.get("recipe"), str(record.get("recipe_digest")), str(folder / RECORD))
    table = zarr.open_group(folder / CELLS, mode="r").attrs.asdict()
    cells = CellTable(
        folder / CELLS, int(table["cells"]), tuple(int(c) for c in table["countries"]), str(table["digest"])
    )
    digest = str(zarr.open_group(folder / PROJECTION, mode="r").attrs["digest"])
    setup = Setup(recipe, load_catalog(None), data)
    found = ExplainSetup(
        folder, options, setup, RunCells(folder, cells, soil_layers(folder / INPUTS)), digest
    )
    # Asked here, whatever the part: what is unknown is to be refused before anything is worked out.
    _ = found.pathways, found.horizons
    return found


def _refuse_unknown(where: str, asked: Sequence[object], known: Sequence[object]) -> None:
    unknown = [str(one) for one in asked if one not in known]
    if unknown:
        raise StoreError(
            where,
            f"{', '.join(unknown)} is not in this run",
            wanted=f"some of {', '.join(map(str, known))}",
            do="Choose among them, or run the recipe with it.",
        )
