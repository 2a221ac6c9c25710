"""Figures of a finished run for papers, made from its store and its totals.

*Enters:* the folder of a run, variables and a year. *Leaves:* ``figures/paper/`` in that folder: PNG, PDF and caption
of each figure. Can be done again at any time with the same result. Computes no new numbers.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from eurosic.base.errors import StoreError
from eurosic.base.pathway import BASELINE
from eurosic.base.vocabulary import TARGETS
from eurosic.inputs.store import open_inputs
from eurosic.outputs.cell_table import open_cell_table
from eurosic.outputs.cube import open_totals
from eurosic.outputs.store import INPUTS
from eurosic.report.coarsen import Canvas, canvas_of
from eurosic.report.figures_cells import cell_series
from eurosic.report.figures_export import write_captioned
from eurosic.report.figures_maps import pathway_maps
from eurosic.report.figures_series import totals_series
from eurosic.report.paper import Captioned
from eurosic.report.totals import EUROPE, QUANTITIES, totals_table
from eurosic.workflow.exporting import check_finished

PAPER = Path("figures") / "paper"
VARIABLES = ("sic_change_0_200cm",)


def write_paper(
    folder: Path,
    *,
    variables: tuple[str, ...] = VARIABLES,
    year: int | None = None,
    place: str = EUROPE,
    out: Path | None = None,
) -> list[Path]:
    """Write the figures of some variables of a finished run and return the files.

    For each variable: ``maps_V`` (each pathway), ``differences_V`` (each minus baseline), ``totals_V`` (where the
    variable is summed) and ``cells_V`` (three typical cells).

    Parameters
    ----------
    folder
        Folder of a finished run.
    variables
        Targets with an amount.
    year
        Year of the maps, a reported one; the last where None.
    place
        Europe or a country, whose totals are drawn.
    out
        Where the files go; ``figures/paper`` in `folder` where None.

    Raises
    ------
    StoreError
        If the run is not finished, lacks what is asked for, or the disk does not take the files.
    """
    check_finished(folder)
    table = open_cell_table(folder)
    kinds = {str(name): str(layer.attrs["kind"]) for name, layer in open_inputs(folder / INPUTS).items()}
    totals = _totals(folder)
    known = [name for name in TARGETS if name in table]
    absent = [name for name in variables if name not in known]
    if absent:
        raise StoreError("figures", f"no variable {', '.join(absent)}", wanted=f"of {', '.join(known)}")
    at = int(table["year"].values[-1]) if year is None else year
    # Where cells stand and what area they have is read once, for the maps of all variables.
    canvas = canvas_of(table)
    paths = []
    for variable in variables:
        # One variable's figures are in memory at a time.
        made = _maps(canvas, variable, at, kinds)
        if variable in {quantity.source for quantity in QUANTITIES}:
            made[f"totals_{variable}"] = totals_series(totals, variable, baseline=BASELINE, place=place)
        made[f"cells_{variable}"] = cell_series(table, variable, baseline=BASELINE)
        paths += write_captioned(made, out or folder / PAPER)
    return paths


def _maps(canvas: Canvas, variable: str, year: int, kinds: dict[str, str]) -> dict[str, Captioned]:
    made = {f"maps_{variable}": pathway_maps(canvas, variable, year=year, kinds=kinds)}
    if canvas.table.sizes["pathway"] > 1:
        made[f"differences_{variable}"] = pathway_maps(
            canvas, variable, year=year, minus=BASELINE, kinds=kinds
        )
    return made


def _totals(folder: Path) -> pd.DataFrame:
    """Return the run's own table of totals, which may hold intervals; made anew where the file was removed."""
    path = folder / "totals.csv"
    if path.is_file():
        return pd.read_csv(path, comment="#")
    return totals_table(open_totals(folder), baseline=BASELINE)
