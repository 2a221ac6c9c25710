"""The record of an explanation, and whether a folder holds all that it tells of.

*Enters:* a set-up explanation, what was looked at again, times. *Leaves:* the content of `explain.json`; whether a
folder holds a finished explanation of the same settings and versions. Writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from eurosic.base.grid import tiles_of
from eurosic.base.provenance import versions
from eurosic.explain.summary_text import ATTRIBUTION_WORDS, INTERACTIONS_WORDS, LEVERS_WORDS
from eurosic.outputs.ledger import Ledger
from eurosic.workflow.explain_checks import Looked, agreements
from eurosic.workflow.explain_setup import ExplainSetup
from eurosic.workflow.explain_task import WALKS

ATTRIBUTION, RECORD = "attribution.zarr", "explain.json"
# The tables of attributions in time, by the name of their file, and what is said above each.
TABLES = {"attribution": ATTRIBUTION_WORDS, "levers": LEVERS_WORDS, "interactions": INTERACTIONS_WORDS}


def is_finished(setup: ExplainSetup, place: Path) -> bool:
    """Return whether a folder holds all tiles, tables, figure and record, by these settings and versions."""
    try:
        record = json.loads((place / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    if (record.get("digest"), record.get("versions")) != (setup.digest, versions()):
        return False
    ledger = Ledger(place / "ledger", setup.digest)
    if not all(ledger.finished(tile) for tile in tiles_of(len(setup.explained.cells), setup.extent.tile)):
        return False
    # The baseline alone has no levers to draw, so that their figure is no sign.
    wanted = (f"{ATTRIBUTION}/zarr.json", *(f"{name}.csv" for name in TABLES), "attribution.png")
    return all((place / name).is_file() for name in wanted)


def explain_record(
    setup: ExplainSetup, looked: Looked, *, gap: float, seconds: Mapping[str, float]
) -> dict[str, object]:
    """Return what `explain.json` says: settings, cells, background, checks, times (s)."""
    typical, question = setup.typical, setup.question
    return {
        "digest": setup.digest,
        "run_digest": setup.store_digest,
        "predictor": setup.setup.predictor.name,
        "predictor_digest": setup.setup.predictor.digest,
        "versions": versions(),
        "options": asdict(setup.options),
        "mode": "every cell" if setup.options.sample is None else "sample",
        "cells": len(setup.explained.cells),
        "pathways": list(setup.extent.pathways),
        "horizons": list(setup.horizons),
        "groups": {group.name: list(group.columns) for group in setup.every_group},
        "groups_that_are_the_same_everywhere": [
            group.name for place, group in enumerate(setup.every_group) if place not in setup.played
        ],
        "background": {
            "cells": typical.cells.tolist(),
            "weights": np.round(typical.background.weights, 6).tolist(),
            "mean_prediction_is_that_of_all_cells": typical.calibrated,
        },
        "permutations_of_each_typical_cell": WALKS,
        "largest_gap_of_additivity": gap,
        "agreement": agreements(looked, question),
        "seconds": dict(seconds),
    }
