"""What the projection costs beyond the predictor's own arithmetic: a ratio within one run, printed, not asserted.

``python -m pytest tests/benchmarks/test_projection_overhead.py -m slow -n 0 -s`` prints it.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from eurosic.base.grid import Tile, tiles_of
from eurosic.outputs.ledger import Ledger
from eurosic.outputs.store import TileWriter, create_store
from eurosic.projection.project import TileTask, project_here
from eurosic.projection.table import open_table
from eurosic.projection.template import template
from eurosic.workflow.run import _prepare
from eurosic.workflow.setup import set_up, table_digest
from tests.workflow.small import small_recipe


class _Quiet:
    def say(self, text: str) -> None:
        """Say nothing."""

    def progress(self, done: int, total: int) -> None:
        """Show nothing."""


@pytest.mark.slow
@pytest.mark.bench
def test_reading_checking_and_writing_cost_little_beside_predicting(tmp_path, capsys):
    """The same cells by the predictor alone, and by the projection with its tables, checks, shards and ledger."""
    long = {"years": "2020-2060 step 5", "tile": "64 cells", "spin_up": "10 years"}
    setup = set_up(small_recipe(tmp_path, projection=long))
    identity = setup.identity()
    _prepare(setup, tmp_path, identity, _Quiet())
    table = open_table(tmp_path / "cells.zarr", table_digest(identity))
    forcing = setup.forcing((0,))
    columns = forcing(table.rows(Tile(0, 0, table.cells)), setup.predictor.signature)
    setup.predictor.predict(columns)

    ratios = []
    for turn in range(3):
        began = time.process_time()
        setup.predictor.predict(columns)
        alone = time.process_time() - began
        store, ledger = tmp_path / f"{turn}.zarr", Ledger(tmp_path / f"ledger{turn}", "d")
        extent = setup.extent(table.countries, table.cells)
        create_store(store, template(setup.predictor.signature, extent), ledger=ledger, attributes={})
        spec = setup.tile_spec(forcing, table.countries)
        task = TileTask(table, forcing, setup.predictor, spec, TileWriter(store, ledger), ledger)
        began = time.process_time()
        assert len(list(project_here(task, list(tiles_of(table.cells, extent.tile))))) == extent.tiles
        ratios.append((time.process_time() - began) / alone)
    with capsys.disabled():
        print(f"\nprojection : predictor alone, CPU time: {np.median(ratios):.2f} (of {ratios})")  # noqa: T201
