"""The end of the walk: totals, exports, figures and the closing words, all made from the store.

*Enters:* a set-up recipe and a folder whose tiles are all finished. *Leaves:* files beside the store, the summary,
and what the run's record says. Can be done again at any time with the same result.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from eurosic.base.grid import Tile
from eurosic.base.pathway import BASELINE
from eurosic.base.provenance import versions
from eurosic.inputs.budget import PublishedBudget, acid_budget, budget_lines
from eurosic.inputs.store import open_inputs
from eurosic.outputs.cell_table import open_cell_table
from eurosic.outputs.cube import open_totals
from eurosic.outputs.draws import UNCERTAINTY
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.store import INPUTS, status_and_area
from eurosic.projection.table import CellTable
from eurosic.report.charts import pathway_chart
from eurosic.report.coarsen import canvas_of
from eurosic.report.export import write_figures, write_totals
from eurosic.report.maps import change_map, difference_map
from eurosic.report.summary import cells_outside, outside_lines, summary_text
from eurosic.report.totals import totals_table
from eurosic.workflow.calibrating import CALIBRATION, write_calibration
from eurosic.workflow.exporting import export
from eurosic.workflow.predictors import check_of
from eurosic.workflow.self_check import CHECK, SelfCheck
from eurosic.workflow.setup import Setup
from eurosic.workflow.uncertainty import country_intervals, uncertainty_record


def close(setup: Setup, folder: Path, table: CellTable, *, failed: int, checked: SelfCheck) -> str:
    """Totals, exports, figures and the closing words (with those of the self-check), all made from the store."""
    recipe = setup.recipe
    write_calibration(folder, checked.calibration)
    emulated = check_of(recipe) is not None
    intervals = country_intervals(folder, calibration=checked.calibration, emulated=emulated)
    totals = totals_table(open_totals(folder), baseline=BASELINE, intervals=intervals)
    write_totals(
        totals,
        folder / "totals.csv",
        title=recipe.about.title,
        digest=recipe.digest,
        intervals=intervals.about(),
    )
    export(folder, recipe.outputs.export)
    kinds = {str(name): str(layer.attrs["kind"]) for name, layer in open_inputs(folder / INPUTS).items()}
    year, variable = recipe.report.year, recipe.report.variable
    canvas = canvas_of(open_cell_table(folder))
    figures = {
        "map_baseline": change_map(canvas, BASELINE, year=year, variable=variable, kinds=kinds),
        "chart_pathways": pathway_chart(totals, baseline=BASELINE),
    }
    for pathway in recipe.ordered_pathways():
        if pathway.name != BASELINE:
            figures[f"map_{pathway.name}_minus_baseline"] = difference_map(
                canvas, pathway.name, year=year, variable=variable, kinds=kinds
            )
    write_figures(figures, folder / "figures")
    words = summary_text(totals, baseline=BASELINE, folder=folder)
    lines = [words, *outside_lines(*status_and_area(folder)), *checked.lines, *_budget(setup, table)]
    if failed:
        lines.append(
            f"{failed} of {table.cells} cells have no value: no equilibrium was found (status failed)."
        )
    summary = "\n".join(lines)
    write_atomically(folder / "summary.txt", summary + "\n")
    return summary


def closing_files(setup: Setup, folder: Path) -> list[Path]:
    """Return the files by which `close` is known to have come to its end; exports know their own."""
    figures = folder / "figures"
    names = [pathway.name for pathway in setup.recipe.ordered_pathways() if pathway.name != BASELINE]
    maps = [figures / f"map_{name}_minus_baseline.png" for name in names]
    exports = [folder / kind for kind in setup.recipe.outputs.export]
    checks = (
        [folder / CALIBRATION] if check_of(setup.recipe) is None else [folder / CHECK, folder / CALIBRATION]
    )
    draws = [] if setup.recipe.uncertainty is None else [folder / UNCERTAINTY]
    return [
        folder / "totals.csv",
        folder / "summary.txt",
        figures / "map_baseline.png",
        figures / "chart_pathways.png",
        *maps,
        *exports,
        *checks,
        *draws,
    ]


def _budget(setup: Setup, table: CellTable) -> list[str]:
    """The envelope's acid budget of the study cells, where the recipe asks for one."""
    asked = setup.recipe.report.budget
    if asked is None:
        return []
    rows = table.rows(Tile(0, 0, table.cells))
    rate, area = (rows[name].astype(np.float64) for name in ("mineral_n", "calcareous_arable_area"))
    budget = acid_budget(rate, area, nue=asked.nue, carbonate_per_acid=asked.carbonate_per_acid)
    published = PublishedBudget(**asked.published.model_dump()) if asked.published else None
    return list(budget_lines(budget, asked.nue, published))


def _outside_record(setup: Setup, folder: Path) -> dict[str, object] | None:
    """Cells and area outside the emulator's domain, and what was done about them; None for the simulator."""
    if check_of(setup.recipe) is None:
        return None
    status, area = status_and_area(folder)
    return {"rule": str(setup.outside.fate), **cells_outside(status, area)}


def record_of(setup: Setup, folder: Path) -> dict[str, object]:
    """Return what `run.json` says besides the run's identity and times."""
    inputs = open_inputs(folder / INPUTS)
    digests = setup.source_digests()
    recorded = ("source", "kind", "licence", "references", "corrections", "coverage")
    return {
        "title": setup.recipe.about.title,
        "versions": versions(),
        "predictor": setup.predictor.name,
        "outside_domain": _outside_record(setup, folder),
        "uncertainty": uncertainty_record(folder),
        "grid": asdict(setup.grid),
        "years": list(setup.recipe.projection.years),
        "pathways": [pathway.name for pathway in setup.recipe.ordered_pathways()],
        "inputs": {
            str(name): {key: layer.attrs[key] for key in recorded if key in layer.attrs}
            | {"digest": digests.get(str(name), "")}
            for name, layer in inputs.items()
        },
        "recipe": setup.recipe.model_dump(mode="json"),
    }
