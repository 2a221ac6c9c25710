"""From the store of attributions to tables: read a piece, hand it on.

*Enters:* an open `attribution.zarr`, the set-up it was made by. *Leaves:* data frames (columns: `explain.summary`),
and the largest gap of additivity in what was stored. One pathway and horizon at a time, so that memory does not grow
with them. Computes nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from eurosic.explain.attribution import Attribution, check_additive
from eurosic.explain.summary import Piece, summary_rows, table_of
from eurosic.workflow.explain_checks import Looked
from eurosic.workflow.explain_setup import ExplainSetup


def attribution_table(store: xr.Dataset, setup: ExplainSetup) -> pd.DataFrame:
    """Return `attribution.csv`: by pathway, horizon, regime, target and feature group."""
    named = [{"group": group.name, "label": group.label} for group in setup.every_group]
    return table_of(_rows(store, setup, "attribution", named))


def lever_table(store: xr.Dataset, setup: ExplainSetup) -> pd.DataFrame:
    """Return `levers.csv`: by pathway, horizon, regime, target and lever; what each did to the baseline."""
    labels = zip(store["lever"].values, store["lever_label"].values, strict=True)
    named = [{"lever": str(lever), "label": str(label)} for lever, label in labels]
    table = table_of(_rows(store, setup, "lever_attribution", named))
    if table.empty:  # the baseline alone moves no lever
        return table
    # A lever that a pathway does not move did nothing anywhere, and needs no row.
    did = table.groupby(["pathway", "lever"])["mean_absolute"].transform("max") > 0.0
    return table[did].reset_index(drop=True)


def _rows(
    store: xr.Dataset, setup: ExplainSetup, name: str, named: Sequence[Mapping[str, str]]
) -> Iterator[dict[str, object]]:
    area = np.asarray(store["area"].values, np.float64)
    start = setup.setup.recipe.start_year
    for h, horizon in enumerate(setup.horizons):
        regime = np.asarray(store["regime"][0, h].values)
        baseline = _piece(store, name, 0, h) if name == "attribution" else None
        for p, pathway in enumerate(setup.extent.pathways):
            values = _piece(store, name, p, h)
            piece = Piece(pathway, horizon, horizon - start + 1, values, baseline, regime, area)
            yield from summary_rows(piece, setup.extent.targets, named)


def _piece(store: xr.Dataset, name: str, pathway: int, horizon: int) -> NDArray[np.float64]:
    return np.asarray(store[name][pathway, horizon].values, np.float64)


def interaction_table(
    store: xr.Dataset, looked: Looked, setup: ExplainSetup, pairs: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    """Return `interactions.csv`: of each pair of coarse groups, along the baseline, on the sample looked at again."""
    groups = setup.coarse
    named = [{"one": groups[one].name, "other": groups[other].name} for one, other in pairs]
    places = np.searchsorted(setup.explained.cells, setup.looked_at(len(looked.pairs)))
    area = setup.explained.area[places]
    # Some of the explained cells, drawn alike, stand for all of them.
    area = area * (setup.explained.area.sum() / area.sum())
    start = setup.setup.recipe.start_year
    pieces = (
        Piece(
            setup.extent.pathways[0],
            horizon,
            horizon - start + 1,
            looked.pairs[:, :, h].transpose(2, 1, 0),
            None,
            np.asarray(store["regime"][0, h].values)[places],
            area,
        )
        for h, horizon in enumerate(setup.horizons)
    )
    rows = (row for piece in pieces for row in summary_rows(piece, setup.extent.targets, named))
    return table_of(rows)


def largest_gap(store: xr.Dataset, setup: ExplainSetup) -> float:
    """Return the largest gap between base value plus stored attributions and the stored prediction, a share of it.

    Raises
    ------
    TileError
        If it exceeds what `attribution.check_additive` allows.
    """
    base, worst = np.asarray(store["base_value"].values), 0.0
    for p in range(len(setup.extent.pathways)):
        for h in range(len(setup.horizons)):
            values = _piece(store, "attribution", p, h).transpose(2, 1, 0)
            told = _piece(store, "prediction", p, h).T
            found = Attribution(values, told, base[p, h])
            worst = max(worst, check_additive(found, floor=setup.question.floor, where="attribution.zarr"))
    return worst
