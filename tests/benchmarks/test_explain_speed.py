"""Law: an explanation asks for as many predictions as its walks have steps, and holds a batch of them at once.

Rows that the emulator is asked are counted, and are what is asserted: a second is inflated by a machine's neighbours.
Processor time of one core is printed beside them, as a share of what the same rows cost the emulator alone.
`pytest tests/benchmarks/test_explain_speed.py -m slow -n 0 -s` prints it.
"""

from __future__ import annotations

import dataclasses
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import torch

from eurosic.base.pathway import BASELINE, Pathway
from eurosic.emulator.batches import ROWS
from eurosic.emulator.load import load_emulator
from eurosic.explain.attribution import Background, Game, attribute, open_game
from eurosic.explain.groups import coarse_groups, groups_of
from eurosic.explain.shapley import exact_design, sampled_design
from eurosic.explain.targets import TARGETS
from eurosic.inputs.climate import ClimateOptions
from eurosic.inputs.covariates import derive_cells
from eurosic.inputs.forcing import Forcing
from eurosic.inputs.raw import CLIMATE_COLUMNS, NITROGEN_COLUMNS, RawForcing
from eurosic.inputs.soil import SoilOptions
from eurosic.workflow.explain_task import WALKS
from eurosic.workflow.explain_value import RunValue
from eurosic.workflow.predictors import find_card

pytestmark = [pytest.mark.bench, pytest.mark.slow]
YEARS, TYPICAL = 20, 32


def _rows(cells: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    clay = rng.uniform(8.0, 40.0, cells)
    soil = {
        "carbonate": rng.uniform(1.0, 40.0, cells), "clay": clay,
        "sand": rng.uniform(0.1, 0.9, cells) * (100.0 - clay), "organic_carbon": rng.uniform(0.6, 3.0, cells),
    }  # fmt: skip
    climate = {
        "monthly_temperature": rng.uniform(6.0, 14.0, (cells, 12)),
        "monthly_precipitation": rng.uniform(45.0, 80.0, (cells, 12)),
    }
    derived = derive_cells(
        {**soil, **climate}, latitude=np.full(cells, 47.0), soil=SoilOptions(), climate=ClimateOptions()
    )
    rates = {name: rng.uniform(2.0, 90.0, cells) for name in NITROGEN_COLUMNS[:4]}
    raw = {**soil, **{name: derived[name] for name in CLIMATE_COLUMNS}, **rates}
    return {**raw, NITROGEN_COLUMNS[4]: np.full(cells, 0.6)}


@pytest.fixture(scope="module")
def game() -> Game:
    """The shipped emulator, all of its members, twenty years, 32 typical cells."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    forcing = RawForcing(Forcing(tuple(range(2020, 2020 + YEARS)), (Pathway(BASELINE),)), SoilOptions())
    value = RunValue(forcing, load_emulator(find_card("sic-v1", None)), (YEARS - 1,), TARGETS)
    typical = _rows(TYPICAL, 0)
    groups = groups_of(typical)
    yield open_game(groups, Background(typical, np.full(TYPICAL, 1 / TYPICAL)), value, batch=value.batch)
    torch.set_num_threads(before)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


class Counted:
    """The value function of a game, which counts the rows that it is asked, call by call."""

    def __init__(self, value: RunValue) -> None:
        self.value, self.rows = value, []

    def __call__(self, rows: dict[str, np.ndarray]) -> np.ndarray:
        """Return what the value function says."""
        self.rows.append(len(next(iter(rows.values()))))
        return self.value(rows)


def test_an_explanation_asks_for_the_steps_of_its_walks_and_no_more(game):
    """Two walks of nine groups share some of their coalitions; each is asked once a cell, the cell itself once."""
    design = sampled_design(len(game.groups), game.background.weights, seed=0, walks=WALKS)
    mixes = int((~(design.full | design.empty)).sum())
    cells = 2 * game.batch // mixes
    rows = _rows(cells, 1)
    counted = Counted(game.value)
    spent = _seconds(lambda: attribute(dataclasses.replace(game, value=counted), rows, design))
    one = _rows(game.batch, 2)
    columns = game.value.forcing(one, game.value.predictor.signature)
    bare = _seconds(lambda: game.value.predictor.predict(columns)) / game.batch
    ratio = spent / (bare * cells * (mixes + 1))
    exact = len(exact_design(len(coarse_groups(game.groups)), np.ones(1)).masks) * TYPICAL
    sys.stdout.write(
        f"\n{mixes} mixes a cell; {spent / cells * 1e3:.0f} ms a cell of {YEARS} years; {ratio:.2f} of the bare"
        f" predictions; exact values of the coarse groups alone would need {exact / mixes:.1f} times as many\n"
    )
    # A walk of n players has n - 1 mixes; the ends are the cell and the typical cell, valued once.
    most = TYPICAL * WALKS * (len(game.groups) - 1)
    assert 0.8 * most < mixes <= most
    assert sum(counted.rows) == cells * (mixes + 1)


def test_memory_does_not_grow_with_cells_as_time_does(game):
    """Four times the cells are four times the rows; what is held at once is a batch, whatever their number."""
    # One micro-batch at once: eight cells of these mixes.
    game = dataclasses.replace(game, batch=ROWS)
    design = sampled_design(len(game.groups), game.background.weights, seed=0, walks=WALKS)
    few, many = _rows(24, 3), _rows(96, 4)
    asked, peaks = [], []
    for rows in (few, many):
        counted = Counted(game.value)
        attribute(dataclasses.replace(game, value=counted), rows, design)
        asked.append(counted.rows)
        tracemalloc.start()
        attribute(game, {name: values[: len(values) // 2] for name, values in rows.items()}, design)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    sys.stdout.write(f"\n96 cells against 24: {peaks[1] / peaks[0]:.2f} times the memory\n")
    assert sum(asked[1]) == 4 * sum(asked[0])
    assert max(asked[1]) == max(asked[0]) <= ROWS
    # What torch holds is not traced: batches are of one size whatever the cells, and NumPy's part shows it.
    assert peaks[1] < 1.2 * peaks[0]
