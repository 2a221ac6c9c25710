"""What the script of a page reads: places, values, spreads, reasons, outlines and colours, packed.

*Enters:* groups of cells, a reader of variables, codes of reasons. *Leaves:* a dictionary for JSON. One variable is
in memory at a time. The page is filled in the order of `SHOWN` until it would grow too large; a spread is the first
thing that is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray
from pyproj import Transformer

from eurosic.base.countries import countries
from eurosic.base.errors import StoreError
from eurosic.base.flags import WITH_VALUE, Status
from eurosic.base.pathway import BASELINE
from eurosic.base.spread import percentile_names
from eurosic.base.units import M2_PER_HA
from eurosic.base.vocabulary import TARGETS
from eurosic.report.backdrop import MUTED
from eurosic.report.page_cells import Groups, Part, group_codes, group_means
from eurosic.report.page_charts import DASHES
from eurosic.report.page_limits import REGIME_COLOURS, STATUS_WORDS
from eurosic.report.page_outlines import packed_outlines
from eurosic.report.page_packing import pack_bytes, pack_codes, pack_values, pack_widths
from eurosic.report.page_variables import SHOWN, Shown
from eurosic.report.style import line_styles

# Letters of a page that is sent by mail without a thought, and of what is on every page: tables, totals, script.
_PAGE, _ALWAYS = 4_800_000, 550_000
# Okabe & Ito's blue, yellow-orange and vermilion: the further from the emulator, the warmer.
_STATUS_COLOURS = {
    Status.PREDICTED: "#0072b2",
    Status.SIMULATED_OUTSIDE_DOMAIN: "#e69f00",
    Status.PREDICTED_OUTSIDE_DOMAIN: "#d55e00",
}
_RAMP = 65

Reader = Callable[[str], Iterable[Part] | None]


@dataclass(frozen=True)
class Filled:
    """Variables of the page, and what did not fit: names of variables, and of those whose spread is not there."""

    variables: tuple[dict[str, object], ...]
    left_out: tuple[str, ...]
    without_spread: tuple[str, ...]


def letters_left(pictures: Iterable[bytes], extra: str) -> int:
    """Return how many letters variables and spreads may take beside pictures (written in base64) and sections."""
    return _PAGE - _ALWAYS - len(extra) - sum(4 * len(picture) // 3 for picture in pictures)


def filled(
    groups: Groups, read: Reader, *, most: int, done: Callable[[int, int], None] | None = None
) -> Filled:
    """Return the packed variables of a run, as many as fit.

    Parameters
    ----------
    groups
        The cells of the page.
    read
        Gives the parts of a stored array ``(pathway, year, cell)`` by name; None where the run has none.
    most
        Base64 letters at most.
    done
        Hears how many variables of how many were looked at.

    Raises
    ------
    StoreError
        If a cell that has a value by its status has none in a variable.
    """
    variables, left_out, bare = [], [], []
    for count, shown in enumerate(SHOWN, 1):
        if done is not None:
            done(count, len(SHOWN))
        parts = read(shown.name)
        if parts is None:
            continue
        told, sizes = _variable(shown, groups, parts, read)
        if sizes[0] > most:
            left_out.append(shown.label)
            continue
        if sizes[1] and sum(sizes) > most:
            told, sizes = {**told, "widths": None}, (sizes[0], 0)
            bare.append(shown.label)
        most -= sum(sizes)
        variables.append(told)
    return Filled(tuple(variables), tuple(left_out), tuple(bare))


def _variable(
    shown: Shown, groups: Groups, parts: Iterable[Part], read: Reader
) -> tuple[dict[str, object], tuple[int, int]]:
    """Return what the script reads of a variable, and the letters of its values and of its spread."""
    flags = TARGETS[shown.name].flags
    if flags:
        codes = pack_codes(group_codes(groups, parts, codes=len(flags)))
        return {**shown.told(), "packed": codes.blocks, "error": 0.0, "widths": None}, (codes.size, 0)
    ends = [read(name) for name in percentile_names(shown.name)]
    if ends[0] is None or ends[1] is None:
        packed = pack_values(_means(shown, groups, parts))
        return {**shown.told(), "packed": packed.blocks, "error": packed.error, "widths": None}, (
            packed.size,
            0,
        )
    values, below, above = _means(shown, groups, _with_widths(parts, ends[0], ends[1]))
    packed, widths = pack_values(values), pack_widths(below, above)
    told = {**shown.told(), "packed": packed.blocks, "error": packed.error, "widths": widths.blocks}
    return told, (packed.size, widths.size)


def _with_widths(values: Iterable[Part], low: Iterable[Part], high: Iterable[Part]) -> Iterator[Part]:
    """Yield values and how far both ends lie from them, stacked; nothing apart where there is no spread."""
    for (cells, value), (_, least), (_, most) in zip(values, low, high, strict=True):
        middle, below, above = (np.asarray(part, dtype=np.float64) for part in (value, least, most))
        # A cell that was simulated instead has a value and no spread, for it has no error of an emulator.
        yield cells, np.stack([middle, np.nan_to_num(middle - below), np.nan_to_num(above - middle)])


def _means(shown: Shown, groups: Groups, parts: Iterable[Part]) -> NDArray[np.float64]:
    values = group_means(groups, parts) * shown.factor
    lacking = (~np.isfinite(values)).reshape(-1, len(groups)).any(axis=0)
    if lacking.any():
        raise StoreError(
            shown.name,
            f"{int(lacking.sum())} cells have no value where their status says so",
            wanted="a value in every cell that is predicted or simulated",
            do="Look for damage with `eurosic verify`, or run it again.",
        )
    return values


@dataclass(frozen=True)
class CellFacts:
    """Of each row of the cell table: country (ISO numeric), status, stock to 2 m (kg m-2); and of the whole grid.

    `background` holds the status of the grid's cells, thinned to every `stride`-th, ``(row, column)``.
    """

    country: NDArray[np.integer]
    status: NDArray[np.integer]
    stock: NDArray[np.floating]
    background: NDArray[np.int8]
    stride: int


@dataclass(frozen=True)
class Course:
    """Pathways with their titles, in order, and the reported years."""

    titles: Mapping[str, str]
    years: Sequence[int]


def page_data(groups: Groups, found: Filled, facts: CellFacts, course: Course) -> dict[str, object]:
    """Return all that the script reads, but the totals."""
    names = list(course.titles)
    styles = line_styles(names, BASELINE)
    others = [i for i, name in enumerate(names) if name != BASELINE]
    grid = groups.grid
    return {
        "years": [int(year) for year in course.years],
        "pathways": [
            {
                "name": n,
                "title": course.titles[n],
                "colour": styles[n].colour,
                "dash": DASHES[styles[n].dashes],
            }
            for n in names
        ],
        "baseline": names.index(BASELINE),
        "first": others[-1] if others else 0,
        "grid": {
            "rows": grid.rows,
            "columns": grid.columns,
            "side": groups.side,
            "resolution": grid.resolution,
        },
        "cells": _cells(groups, facts),
        "countries": {str(country.numeric): country.name for country in countries()},
        "variables": list(found.variables),
        "background": {
            "rows": facts.background.shape[0],
            "columns": facts.background.shape[1],
            # Of a thinned cell, in cells of the page's grid.
            "size": facts.stride / groups.side,
            "codes": pack_bytes(np.minimum(facts.background, Status.MISSING).astype(np.uint8)),
        },
        "reasons": dict(_reasons(facts.background)),
        "statuses": {str(int(code)): words for code, words in STATUS_WORDS.items()},
        "statusColours": {str(int(code)): colour for code, colour in _STATUS_COLOURS.items()},
        "outlines": packed_outlines(grid),
        "colours": {
            "diverging": _ramp("PuOr"),
            "sequential": _ramp("viridis"),
            "classes": list(REGIME_COLOURS.values()),
        },
    }


def _cells(groups: Groups, facts: CellFacts) -> dict[str, object]:
    grid = groups.grid
    x, y = grid.x[groups.column], grid.y[groups.row]
    lon, lat = Transformer.from_crs(grid.crs, 4326, always_xy=True).transform(x, y)
    stock = group_means(groups, [(slice(None), facts.stock)])
    return {
        "count": len(groups),
        "row": pack_bytes(groups.row.astype(np.uint16)),
        "column": pack_bytes(groups.column.astype(np.uint16)),
        "area": pack_bytes((groups.group_area / M2_PER_HA).astype(np.float32)),
        "lon": pack_bytes(np.round(lon, 3).astype(np.float32)),
        "lat": pack_bytes(np.round(lat, 3).astype(np.float32)),
        "country": pack_bytes(_commonest(groups, facts.country).astype(np.uint16)),
        "status": pack_bytes(_commonest(groups, facts.status).astype(np.uint8)),
        # 1 kg m-2 is 10 t ha-1.
        "stock": pack_bytes((10.0 * stock).astype(np.float32)),
    }


def _commonest(groups: Groups, codes: NDArray[np.integer]) -> NDArray[np.integer]:
    known, index = np.unique(codes, return_inverse=True)
    return np.asarray(known[group_codes(groups, [(slice(None), index)], codes=len(known))])


def _reasons(background: NDArray[np.int8]) -> Iterator[tuple[str, dict[str, str]]]:
    present = set(np.unique(np.minimum(background, Status.MISSING)).tolist())
    for code, (colour, label) in MUTED.items():
        if code in present and code not in WITH_VALUE:
            yield str(int(code)), {"colour": colour, "label": label}


def _ramp(name: str) -> list[str]:
    return [to_hex(colour) for colour in mpl.colormaps[name](np.linspace(0.0, 1.0, _RAMP))]
