"""Time against space for a finished run: what its store and its members say, beside what is observed elsewhere.

*Enters:* the folder of a run, tables of observations, perhaps the run's predictor and forcing. *Leaves:* in
``DIR/explain/``: `space.csv`, `contrast.csv`, `substitution.csv`, `contrast.json` and `contrast.png`, each whole or
absent. Members are asked on a sample of cells; totals are of the stored cells. Joins the stages and computes nothing
that they do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import zarr
from matplotlib.figure import Figure

from eurosic.base.errors import InputError
from eurosic.base.signature import Predictor
from eurosic.explain.contrast import time_table
from eurosic.explain.contrast_caption import Contrast
from eurosic.explain.contrast_figure import contrast_figure
from eurosic.explain.contrast_substitution import laws_of, substitution_table
from eurosic.explain.contrast_table import contrast_lines, contrast_table
from eurosic.explain.contrast_text import CONTRAST_WORDS, SPACE_WORDS, SUBSTITUTION_WORDS, csv_text
from eurosic.explain.observations import PH, STOCK, Observations, turned
from eurosic.explain.observations_dutch import dutch_profiles
from eurosic.explain.observations_fields import infrared_fields
from eurosic.explain.space_evidence import REFITS, Evidence, gather_evidence, space_table
from eurosic.inputs.forcing import Forcing
from eurosic.outputs.ledger import write_atomically
from eurosic.outputs.run_store import disk_told
from eurosic.outputs.store import PROJECTION
from eurosic.report.export import write_figures
from eurosic.workflow.contrasting_cells import (
    RunCells,
    change_section,
    cross_section,
    member_trajectories,
    read_cells,
    stored_trajectories,
)
from eurosic.workflow.contrasting_record import (
    Given,
    contrast_record,
    ph_error_of,
    refuse_equal_names,
)
from eurosic.workflow.exporting import Quiet, Teller, check_finished

SPACE, CONTRAST, SUBSTITUTION, FIGURE = "space.csv", "contrast.csv", "substitution.csv", "contrast"
RECORD = "contrast.json"
# Cells read from the store, asked of each member, and shown to a learner: every so manieth of a table ordered by
# space.
_MOST_CELLS, _MOST_ASKED, _MOST_LEARNED = 20_000, 2_000, 1_200
# Targets that are learned: stocks of a depth of the projection, and what else observations bring.
_OBSERVED = (dutch_profiles, infrared_fields)


@dataclass(frozen=True)
class Asked:
    """Who answers for the run: its predictor, asked member by member, and the forcing that makes its columns."""

    predictor: Predictor
    forcing: Forcing


@dataclass(frozen=True, eq=False)
class Contrasted:
    """The three tables, the files they went to, and lines that say what they come to."""

    space: pd.DataFrame
    contrast: pd.DataFrame
    substitution: pd.DataFrame
    paths: tuple[Path, ...]
    lines: tuple[str, ...]


def contrast(
    folder: Path,
    *,
    given: Sequence[Given] = (),
    asked: Asked | None = None,
    refits: int = REFITS,
    seed: int = 1,
    tell: Teller | None = None,
) -> Contrasted:
    """Put a finished run's response in time beside what goes together in space; write tables and figure.

    Parameters
    ----------
    folder
        The folder given to ``eurosic run --out``.
    given
        Tables of the user's own samples, such as LUCAS, as `read_tables` gives them.
    asked
        Predictor and forcing of the run; without them, intervals hold no spread of members.
    refits
        Learners fitted again for each interval.
    seed
        Of all that is drawn.

    Raises
    ------
    StoreError
        If the run is not finished, or the disk is full or read-only.
    InputError
        If two sets of observations have one name, or no cell of the run has a value.
    """
    tell = tell or Quiet()
    check_finished(folder)
    observed = [*(one.observations for one in given), *_packaged(tell)]
    # First what can be refused: learners and members take minutes.
    refuse_equal_names(observed)
    cells = read_cells(folder, most=_MOST_CELLS)
    whole = stored_trajectories(cells)
    # Sensitivities need members, whose errors a mean hides; totals need every cell, which takes members long. What
    # the simulator answered outside of their domain, members are not asked.
    sample = cells.answered.some(_MOST_ASKED) if asked else cells
    members = member_trajectories(sample, asked.predictor, asked.forcing) if asked else whole
    evidences = _evidences(_asked_of(observed, cells), refits, seed, tell)
    ph_error = ph_error_of(folder)
    table = contrast_table(time_table(members, ph_error=ph_error, seed=seed), evidences)
    laws = [law for evidence in evidences for law in laws_of(evidence)]
    substitution = substitution_table(whole, laws, years=_told_years(cells), scale=cells.scale)
    shown = _shown(evidences)
    drawn = [law for law in laws if (law.observations, law.depth) == (shown.observations.name, "0_30cm")]
    figure = contrast_figure(Contrast(shown, drawn, whole, cells.stocks["0_30cm"], substitution))
    made = (space_table(evidences), table, substitution)
    attributes = zarr.open_group(folder / PROJECTION, mode="r").attrs.asdict()
    counts = {"cells": len(cells.places), "cells_asked_of_members": len(sample.places)}
    record = contrast_record(
        attributes, given, observed, seed=seed, refits=refits, **counts, error_of_ph=ph_error
    )
    paths = _write(folder, attributes, record, made, figure)
    return Contrasted(*made, paths, contrast_lines(table, substitution))


def _packaged(tell: Teller) -> list[Observations]:
    """Return the observations of packages that are installed; says which are not."""
    found = []
    for open_them in _OBSERVED:
        try:
            found.append(open_them())
        except InputError as error:
            tell.say(f"space      without {error}")
    return found


def _asked_of(observed: Sequence[Observations], cells: RunCells) -> list[tuple[Observations, str]]:
    """Return what is learned: each target of observations and of the run's own cells."""
    own = cells.some(_MOST_LEARNED)
    start, end = (cross_section(own, year) for year in (cells.years[0], cells.years[-1]))
    asked: list[tuple[Observations, str]] = [(one, str(target)) for one in observed for target in one.targets]
    # What pH goes with is the other half of what is said of maps.
    asked += [(turned(one), PH) for one in observed if PH in one.covariates]
    # At the start all cells are calcareous, at the end some no more: a map with contrast in pH, and one without.
    asked += [(start, f"{STOCK}0_30cm"), (end, f"{STOCK}0_30cm"), (end, f"{STOCK}0_100cm")]
    return [*asked, (turned(end), PH), (change_section(own), "sic_change_0_30cm")]


def _evidences(
    asked: Sequence[tuple[Observations, str]], refits: int, seed: int, tell: Teller
) -> list[Evidence]:
    evidences = []
    for one, target in asked:
        evidences.append(gather_evidence(one, target, refits=refits, seed=seed))
        left_out = evidences[-1].skill.r2
        tell.say(f"space      {one.name}, {len(one)} sites: {target}, R2 {left_out:.2f} on blocks left out")
    return evidences


def _told_years(cells: RunCells) -> tuple[int, ...]:
    """Return the years of the table: a decade and a generation after the first, and the last, as reported."""
    first, last = cells.years[0], cells.years[-1]
    wanted = (first + 10, first + 30, last)
    return tuple(sorted({min(cells.years[1:], key=lambda year: abs(year - at)) for at in wanted}))


def _shown(evidences: Sequence[Evidence]) -> Evidence:
    """Return the figure's evidence: the first that is observed and has pH and a stock, else the run's end."""
    fitting = [e for e in evidences if e.target == f"{STOCK}0_30cm" and len(e.grid)]
    return next((e for e in fitting if not e.observations.circular), fitting[-1])


def _write(
    folder: Path,
    attributes: Mapping[str, object],
    record: Mapping[str, object],
    tables: tuple[pd.DataFrame, ...],
    figure: Figure,
) -> tuple[Path, ...]:
    title, digest = str(attributes.get("title", "a projection")), str(attributes.get("recipe_digest", ""))
    out = folder / "explain"
    words = {SPACE: SPACE_WORDS, CONTRAST: CONTRAST_WORDS, SUBSTITUTION: SUBSTITUTION_WORDS}
    with disk_told(folder):
        out.mkdir(exist_ok=True)
        for table, (name, told) in zip(tables, words.items(), strict=True):
            write_atomically(out / name, csv_text(table, told, title=title, digest=digest))
    drawn = write_figures({FIGURE: figure}, out)
    # Last: what it tells of is there.
    with disk_told(folder):
        write_atomically(out / RECORD, json.dumps(record, indent=2) + "\n")
    return (*(out / name for name in words), *drawn, out / RECORD)
