"""The viewer of a finished run: its stores, its colours and its outlines behind one local page.

*Enters:* the folder of a run. *Leaves:* a server on the loopback interface that is not serving yet. Nothing of
the values is read before the page asks; then a bounded number of shards is held. Writes nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import zarr
from matplotlib.colors import to_hex

from eurosic.base.flags import Regime, Status, status_flags
from eurosic.base.grid import Grid
from eurosic.base.pathway import BASELINE
from eurosic.base.spread import percentile_names
from eurosic.base.vocabulary import AREA, TARGETS
from eurosic.outputs.blocks import Blocks
from eurosic.outputs.store import CELLS, INPUTS, PROJECTION
from eurosic.report.backdrop import MUTED
from eurosic.report.measure import measure_of
from eurosic.report.scale import Scale, amounts_of, scale_of
from eurosic.report.style import line_styles
from eurosic.view.answers import Answers
from eurosic.view.outlines import outline_rings
from eurosic.view.pyramid import SIDE, Pyramid
from eurosic.view.server import open_server
from eurosic.view.site import Answer, BadQueryError, Query, Site
from eurosic.workflow.exporting import check_finished

PAGE = Path(__file__).parents[1] / "view" / "page"
# Shades within a step of the legend: on a screen that can be moved and asked, more are told apart than in print.
_SHADES = 4
_STORES = (PROJECTION, CELLS, INPUTS)
# Okabe & Ito (2008), as in the QGIS projects.
_REGIMES = {Regime.BUFFERED: "#0072b2", Regime.FRONT: "#e69f00", Regime.DEPLETED: "#d55e00"}


def open_viewer(folder: Path, *, port: int = 0) -> ThreadingHTTPServer:
    """Return the server of a run's viewer, listening on the loopback interface and not yet serving.

    Raises
    ------
    StoreError
        If the run is not finished, or the port is taken.
    """
    check_finished(folder)
    told = zarr.open_group(folder / PROJECTION, mode="r").attrs.asdict()
    blocks = Blocks(folder)
    answers = _answers(blocks, Grid(**told["grid"]), folder)
    routes = answers.routes() | _routes(answers, blocks, told)
    roots = {f"store/{name}": folder / name for name in _STORES}
    return open_server(Site(PAGE, routes, roots), port=port)


def _answers(blocks: Blocks, grid: Grid, folder: Path) -> Answers:
    rows, columns = (blocks.column(name).astype(np.int32) for name in ("row", "column"))
    status = zarr.open_array(folder / CELLS / "grid" / "status", mode="r").attrs.asdict()
    told = zip(status["flag_values"], str(status["flag_meanings"]).split(), strict=True)
    return Answers(
        blocks,
        Pyramid(grid, rows, columns),
        blocks.column(AREA.name).astype(np.float32),
        tuple(map(str, blocks.coordinate("pathway"))),
        tuple(int(str(year)) for year in blocks.coordinate("year")),
        {**status_flags(()), **{int(code): meaning for code, meaning in told}},
    )


def _routes(answers: Answers, blocks: Blocks, told: Mapping[str, object]) -> dict[str, Answer]:
    about = _about(answers, blocks, told)
    outlines = functools.cache(lambda: outline_rings(answers.pyramid.grid))
    # A scale reads a layer: once for each choice is enough.
    scale = functools.lru_cache(maxsize=256)(functools.partial(_scale, answers))

    def ask_scale(query: Query) -> object:
        return scale(query.get("variable", ""), query.get("pathway", ""), query.get("minus", ""))

    return {"/run": lambda _: about, "/outlines": lambda _: outlines(), "/scale": ask_scale}


def _about(answers: Answers, blocks: Blocks, told: Mapping[str, object]) -> dict[str, object]:
    grid = answers.pyramid.grid
    styles = line_styles(answers.pathways, BASELINE)
    return {
        "title": told.get("title", "a projection"),
        "source": told.get("source", ""),
        "recipe": str(told.get("recipe_digest", ""))[:16],
        "start": told.get("start_year"),
        "baseline": BASELINE,
        "pathways": [{"name": p, "colour": styles[p].colour, "dashes": styles[p].dashes} for p in answers.pathways],
        "years": answers.years,
        "variables": [_variable(name, blocks) for name in answers.variables()],
        "reasons": {code: list(MUTED[_kind(code)]) for code in answers.flags if _kind(code) in MUTED},
        "grid": {
            "crs": grid.crs, "west": grid.west, "north": grid.north, "resolution": grid.resolution,
            "rows": grid.rows, "columns": grid.columns,
        },
        "levels": answers.pyramid.levels,
        "side": SIDE,
        "cells": len(answers.area),
    }  # fmt: skip


def _kind(code: int) -> Status:
    # Codes from MISSING up name one absent input each.
    return Status(min(code, Status.MISSING))


def _variable(name: str, blocks: Blocks) -> dict[str, object]:
    target = TARGETS[name]
    return {
        "name": name,
        "label": target.long_name,
        "unit": "" if target.unit == "1" else target.unit,
        "comment": target.comment,
        "flags": [
            {"meaning": meaning, "colour": _REGIMES[Regime(i)]} for i, meaning in enumerate(target.flags)
        ],
        "spread": all(blocks.has(other) for other in percentile_names(name)),
    }


def _scale(answers: Answers, variable: str, pathway: str, minus: str) -> dict[str, object]:
    """Return steps and colours: of a variable, by the baseline of the last year; of a difference, by its own."""
    if variable not in answers.variables() or TARGETS[variable].flags:
        raise BadQueryError(f"no scale of {variable!r}")
    shown = pathway if minus else BASELINE
    query = {"variable": variable, "pathway": shown, "minus": minus, "year": str(answers.years[-1])}
    values = answers.sample(query).astype(np.float64)
    if not values.size:
        values = np.zeros(1)
    signed = bool(minus) or measure_of(variable, year=answers.years[-1], start=answers.years[0]).signed
    return _told((scale_of if signed else amounts_of)(values, parts=_SHADES))


def _told(scale: Scale) -> dict[str, object]:
    colours = [to_hex(colour) for colour in scale.colours(range(scale.colours.N))]
    return {"steps": [float(step) for step in scale.norm.boundaries], "colours": colours, "every": _SHADES}
