"""Every run with an emulator checks itself: a sample of its own cells is done again by the simulator.

*Enters:* a set-up recipe and a folder whose tiles are all finished. *Leaves:* `check.csv` and a `SelfCheck`:
sentences for the summary, numbers for `run.json`. Compares what was stored, so that whatever went wrong on the way is
seen. Can be done again at any time with the same result: the sample follows from the run's identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import zarr
from distributed import Client
from numpy.typing import NDArray

from eurosic.base.flags import ANSWERED, Regime, Status
from eurosic.base.grid import Tile, tiles_of
from eurosic.base.provenance import digest_of
from eurosic.base.signature import names
from eurosic.inputs.forcing import Forcing
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.store import PROJECTION
from eurosic.projection.sample import Sample, stratified_sample
from eurosic.projection.table import CellTable, Rows
from eurosic.projection.tile import TileResult, predict_tile
from eurosic.report.calibrated import Calibration
from eurosic.report.skill import COLUMNS, Checked, skill_csv, skill_table
from eurosic.report.verdict import Verdict, sentences, verdict_of, warnings
from eurosic.workflow.calibrating import calibration_of
from eurosic.workflow.predictors import check_of, simulator_of
from eurosic.workflow.setup import Setup, forcing_of

CHECK = "check.csv"
# Cells that a task simulates.
_TOGETHER = 64
_NOBODY = "Self-check: none, since the emulator answered for no cell."
_SKIPPED = "Self-check: none, since the simulator itself answered for every cell."


@dataclass(frozen=True)
class SelfCheck:
    """What there is to say about a predictor on its own run: lines for people, a record for `run.json`.

    `calibration` is what it tells of the error of sums; None where nothing was compared.
    """

    lines: tuple[str, ...]
    record: dict[str, object]
    calibration: Calibration | None = None


def self_check(setup: Setup, folder: Path, table: CellTable, *, client: Client) -> SelfCheck:
    """Return how far the predictor of a finished run is from the simulator, on a sample of the run's cells.

    Writes `check.csv`. Where the predictor is the simulator nothing is done, and that is said.
    """
    asked = check_of(setup.recipe)
    if asked is None:
        return SelfCheck((_SKIPPED,), {"skipped": "the predictor is the simulator"})
    store = zarr.open_group(folder / PROJECTION, mode="r")
    seed = int(_key(setup, table), 16)
    strata = _strata(store)
    sample = stratified_sample(strata, asked.cells, seed=seed)
    if not len(sample.cells):
        _write(setup, folder, pd.DataFrame(columns=list(COLUMNS)))
        return SelfCheck((_NOBODY,), {"skipped": "the emulator answered for no cell"})
    rows = table.rows_at(sample.cells)
    again = _simulate(setup, rows, forcing_of(setup, folder), client=client, key=_key(setup, table))
    checked, places = _side_by_side(setup, store, sample=sample, rows=rows, again=again)
    found = skill_table(checked)
    _write(setup, folder, found)
    verdict = verdict_of(found, setup.recipe.projection.years)
    told = (*sentences(verdict, cells=table.cells), *warnings(verdict, above=asked.warn_above))
    record = _record(verdict, strata[sample.cells], len(sample.cells) - len(places), asked.warn_above)
    return SelfCheck(told, record, _calibration(store, checked, places))


def _calibration(store: zarr.Group, checked: Checked, places: NDArray[np.int64]) -> Calibration | None:
    if not len(places):
        return None
    return calibration_of(
        store,
        places,
        predicted=checked.predicted,
        simulated=checked.simulated,
        area=checked.area,
        weight=checked.weight,
    )


def _write(setup: Setup, folder: Path, found: pd.DataFrame) -> None:
    text = skill_csv(found, predictor=setup.predictor.name, digest=setup.recipe.digest)
    write_atomically(folder / CHECK, text)


def _key(setup: Setup, table: CellTable) -> str:
    # The table stands for recipe, inputs and version.
    return digest_of([table.digest, setup.predictor.digest, "self-check"])[:12]


def _strata(store: zarr.Group) -> NDArray[np.int64]:
    """Return the stratum of each cell: status and regime at the end of the baseline; -1 for cells not to be drawn."""
    status = np.asarray(store["cell_status"][:])
    # The baseline is the first pathway of a recipe, whatever its order of keys.
    regime = np.asarray(store["regime"][0, -1, :]).astype(np.int64)
    answered = np.isin(status, ANSWERED)
    return np.where(answered, status.astype(np.int64) * len(Regime) + regime, -1)


def _simulate(setup: Setup, rows: Rows, forcing: Forcing, *, client: Client, key: str) -> list[TileResult]:
    """Return the sampled cells as the simulator gives them, by the very code that projects."""
    spec, simulator = setup.tile_spec(forcing, (0,)), simulator_of(setup.recipe)
    size = len(rows["calcareous_arable_area"])
    tasks = [
        client.submit(
            predict_tile,
            Tile(part.index, 0, part.size),
            {name: values[part.cells] for name, values in rows.items()},
            forcing=forcing,
            predictor=simulator,
            spec=spec,
            key=f"check-{key}-{part.index:04d}",
            pure=False,
        )
        for part in tiles_of(size, _TOGETHER)
    ]
    return list(client.gather(tasks))


def _side_by_side(
    setup: Setup, store: zarr.Group, *, sample: Sample, rows: Rows, again: list[TileResult]
) -> tuple[Checked, NDArray[np.int64]]:
    """Return both predictions of the cells that the simulator could answer, and where these stand in the table."""
    solved = np.concatenate([part.status for part in again]) == Status.PREDICTED
    places = sample.cells[solved]
    targets = names(setup.predictor.signature.targets)
    checked = Checked(
        predicted={name: np.asarray(store[name].oindex[:, :, places]) for name in targets},
        simulated={
            name: np.concatenate([part.values[name] for part in again], axis=2)[..., solved]
            for name in targets
        },
        pathways=tuple(pathway.name for pathway in setup.recipe.ordered_pathways()),
        years=setup.recipe.projection.years,
        weight=sample.weight[solved],
        area=rows["calcareous_arable_area"][solved].astype(np.float64),
        regime=np.asarray(store["regime"].oindex[0, -1, places]),
    )
    return checked, places


def _record(verdict: Verdict, strata: NDArray[np.int64], lost: int, warn_above: float) -> dict[str, object]:
    drawn: Mapping[str, int] = {
        f"{Status(int(code) // len(Regime)).name.lower()}, {Regime(int(code) % len(Regime)).name.lower()}": int(
            n
        )
        for code, n in zip(*np.unique(strata, return_counts=True), strict=True)
    }
    told = list(warnings(verdict, above=warn_above))
    return {**asdict(verdict), "drawn": drawn, "failed": lost, "warn_above": warn_above, "warnings": told}
