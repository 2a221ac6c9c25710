"""The content of a report made by formula: what the workflow would read of a run that left `synthetic_cube`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from eurosic.base.grid import Grid
from eurosic.base.vocabulary import AREA
from eurosic.report.page_cells import MOST_VALUES, Groups, group_cells
from eurosic.report.page_content import Report
from eurosic.report.page_data import CellFacts, Course, filled
from eurosic.report.totals import totals_table
from tests.report.synthetic import GRID, PATHWAYS, synthetic_cube, synthetic_totals

YEARS = (2020, 2050, 2100)
TITLES = {name: f"title of {name}" for name in PATHWAYS}


def study_cells(cube: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the cells with a value."""
    return np.nonzero(np.isfinite(cube[AREA.name].values))


def synthetic_report(
    grid: Grid = GRID,
    *,
    years: Sequence[int] = YEARS,
    pathways: Sequence[str] = PATHWAYS,
    most: int = MOST_VALUES,
    **changes: object,
) -> Report:
    """Return the content of a report on the cube, without a self-check unless `check` is given."""
    cube = synthetic_cube(grid, pathways, years)
    rows, columns = study_cells(cube)
    area = cube[AREA.name].values[rows, columns].astype(float)
    groups: Groups = group_cells(
        grid, rows, columns, area=area, most=max(1, most // (len(pathways) * len(years)))
    )

    def read(name: str):
        if name not in cube:
            return None
        values = cube[name].values[..., rows, columns]
        return [(slice(0, 100), values[..., :100]), (slice(100, None), values[..., 100:])]

    facts = CellFacts(
        country=cube["country"].values[rows, columns],
        status=cube["status"].values[rows, columns],
        stock=cube["sic_stock_0_200cm"].values[rows, columns].astype(float),
        background=cube["status"].values,
        stride=1,
    )
    regimes = pd.DataFrame({"buffered": [3.0, 2.0], "front": [0.0, 1.0], "depleted": [0.0, 0.0]})
    status = pd.DataFrame({"words": ["predicted"], "cells": [len(rows)], "area_Mha": [area.sum() / 1e10]})
    told: dict[str, object] = {
        "record": {
            "title": "A run <b>by formula</b>",
            "recipe_digest": "ab" * 32,
            "predictor": "simulator",
            "years": list(years),
            "grid": {"resolution": grid.resolution},
            "recipe": {"about": {"purpose": "To try </script><script>alert(1)</script> the page."}},
            "inputs": {"carbonate": {"source": "made & up", "kind": "synthetic", "licence": "none"}},
            "self_check": {"skipped": "the predictor is the simulator"},
        },
        "totals": totals_table(synthetic_totals(pathways, last=years[-1])),
        "about": ["# Totals of a run by formula"],
        "check": None,
        "groups": groups,
        "filled": filled(groups, read, most=4_000_000),
        "facts": facts,
        "course": Course({name: TITLES[name] for name in pathways}, years),
        "regimes": regimes.set_axis(["baseline 2020", "baseline 2100"]),
        "status": status,
    }
    return Report(**{**told, **changes})
