"""A run draws its uncertain inputs: a thinned table, predicted again in some dozens of states of the world.

*Enters:* a set-up recipe with a section `uncertainty`, and a folder whose tiles are all finished. *Leaves:*
`uncertainty.zarr`. Seeds follow from the run's identity, so that the same run draws the same worlds on any machine; a
run that was cut off goes on with the draws that are missing. Hands on, computes nothing itself.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import zarr
from distributed import Client, as_completed

from eurosic.base.flags import Status
from eurosic.base.provenance import digest_of
from eurosic.inputs.uncertain import Spreads, drawn_rows
from eurosic.outputs.draws import LAYOUT, DrawStore, create_draws, open_draws
from eurosic.outputs.store import CELLS, status_and_area
from eurosic.projection.drawn import SIMULATED, UNDRAWN, World
from eurosic.projection.outside import has_value
from eurosic.projection.table import CellTable
from eurosic.projection.thin import thin
from eurosic.recipe.uncertainty import Uncertainty
from eurosic.workflow.setup import Setup, forcing_of


class Teller(Protocol):
    """What is said while draws are made."""

    def say(self, text: str) -> None:
        """Say a line."""
        ...


def draw_inputs(
    setup: Setup, folder: Path, table: CellTable, *, client: Client, tell: Teller
) -> DrawStore | None:
    """Draw the uncertain inputs of a run whose tiles are finished; None where its recipe does not ask for it."""
    asked = setup.recipe.uncertainty
    if asked is None:
        return None
    # The table stands for recipe, inputs and version. Worlds and cells do not change with how they are stored.
    worlds = digest_of([table.digest, setup.predictor.digest, "uncertainty"])
    digest = digest_of([worlds, LAYOUT])
    store = open_draws(folder, digest) or _create(setup, folder, digest, asked, seed=_seed(worlds))
    todo = store.missing()
    if not todo:
        return store
    told = "" if len(todo) == asked.draws else f", {asked.draws - len(todo)} as before"
    cells, _ = store.thinned()
    tell.say(f"draws      {asked.draws} of the inputs on {len(cells)} of {table.cells} cells{told}")
    forcing = forcing_of(setup, folder)
    world = World(
        table.rows_at(cells),
        partial(drawn_rows, spreads=Spreads(**asked.spreads()), seed=_seed(worlds)),
        forcing,
        setup.predictor,
        setup.tile_spec(forcing, ()),
        status_and_area(folder)[0][cells] == Status.SIMULATED_OUTSIDE_DOMAIN,
    )
    _project(world, todo, store, client=client, name=f"draw-{digest[:12]}")
    return store


def _seed(digest: str) -> int:
    return int(digest[:12], 16)


def _create(setup: Setup, folder: Path, digest: str, asked: Uncertainty, *, seed: int) -> DrawStore:
    status, area = status_and_area(folder)
    country = np.asarray(zarr.open_array(folder / CELLS / "country", mode="r")[:])
    # A cell without a value is in no total.
    thinned = thin(np.where(has_value(status), area, 0.0), country, asked.cells, seed=seed)
    leading = (len(setup.recipe.pathways), len(setup.recipe.projection.years))
    return create_draws(
        folder, digest, draws=asked.draws, leading=leading, cells=thinned.cells, owner=thinned.owner
    )


def _project(world: World, todo: list[int], store: DrawStore, *, client: Client, name: str) -> None:
    """Write every draw as soon as it is finished, in whatever order that happens."""
    # Whichever cells the draws take out of the domain: all are simulated once, while others draw.
    told = [UNDRAWN] if world.spec.outside.fallback is None else [SIMULATED, UNDRAWN]
    before = [client.submit(world, which, key=f"{name}-before{which}", pure=False) for which in told]
    waiting = {client.submit(world, draw, key=f"{name}-{draw:04d}", pure=False): draw for draw in todo}
    *simulated, undrawn = client.gather(before)
    for future, found in as_completed(waiting, with_results=True):
        deviation = found.less(undrawn, *simulated)
        store.write(waiting.pop(future), deviation, outside=found.outside, failed=found.failed)
        future.release()
