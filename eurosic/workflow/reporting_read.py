"""A finished run, read for its report: tables, arrays tile by tile, figures.

*Enters:* the folder of a run. *Leaves:* the content of a report. One tile of one variable is in memory at a time,
whatever the run. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import StoreError
from eurosic.base.flags import WITH_VALUE, Regime, Status
from eurosic.base.grid import Grid
from eurosic.base.pathway import BASELINE
from eurosic.base.units import M2_PER_HA
from eurosic.base.vocabulary import AREA
from eurosic.outputs.cube import open_projection
from eurosic.outputs.run_store import read_record
from eurosic.outputs.store import CELLS, PROJECTION, recorded_tiles
from eurosic.report.page_cells import Groups, Part, group_cells
from eurosic.report.page_content import Report
from eurosic.report.page_data import CellFacts, Course, filled, letters_left
from eurosic.report.page_explain import NAME, explain_section
from eurosic.report.page_limits import STATUS_WORDS
from eurosic.report.page_pictures import shrunk
from eurosic.report.page_words import titles_of
from eurosic.workflow.self_check import CHECK

TOTALS = "totals.csv"
# Cells of the background of reasons along the longer side: what a screen shows.
_BACKGROUND = 700
_M2_PER_MHA = M2_PER_HA * 1e6
# Figures of an explanation, and what they show; dots across, for they hold more words than a map.
_EXPLAINED = {
    "levers": "What each lever of the pathways does to soil inorganic carbon and to pH",
    "contrast": "Carbonate and pH: soils side by side, and one soil year after year",
}
_WIDE = 1000


@dataclass(frozen=True)
class FinishedRun:
    """A finished run, opened: its tables, and its arrays tile by tile."""

    folder: Path

    @cached_property
    def store(self) -> zarr.Group:
        """What was projected, by arrays."""
        return zarr.open_group(self.folder / PROJECTION, mode="r")

    @cached_property
    def cells(self) -> zarr.Group:
        """The cell table, by arrays."""
        return zarr.open_group(self.folder / CELLS, mode="r")

    @cached_property
    def cube(self) -> xr.Dataset:
        """The lazy cube, of which only `status` is read, in bands."""
        return open_projection(self.folder)

    @cached_property
    def area(self) -> NDArray[np.float64]:
        """Calcareous arable area, m2, of every row of the table."""
        return np.asarray(self.cells[AREA.name][:], dtype=np.float64)

    @cached_property
    def status(self) -> NDArray[np.int8]:
        """Status of every row of the table."""
        return np.asarray(self.store["cell_status"][:])

    @property
    def years(self) -> list[int]:
        """Reported years."""
        return [int(year) for year in self.store["year"][:]]

    @property
    def pathways(self) -> list[str]:
        """Pathways, in the order of the store."""
        return [str(name) for name in self.store["pathway"][:]]

    def groups(self, most: int) -> Groups:
        """Return the cells of the page: groups of which one variable has at most `most` values.

        Raises
        ------
        StoreError
            If no cell has a value.
        """
        with_value = np.isin(self.status, WITH_VALUE)
        if not with_value.any():
            raise StoreError(
                str(self.folder), "no cell has a value", do="See the layer 'status' for the reasons."
            )
        rows, columns = (np.asarray(self.cells[name][:]) for name in ("row", "column"))
        cells = max(1, most // (len(self.pathways) * len(self.years)))
        grid = Grid(**self.store.attrs["grid"])
        return group_cells(grid, rows, columns, area=np.where(with_value, self.area, 0.0), most=cells)

    def parts(self, name: str) -> Iterator[Part] | None:
        """Return a stored array tile by tile; None where the run has none of this name."""
        return self._tiles(self.store[name]) if name in self.store else None

    def _tiles(self, array: zarr.Array) -> Iterator[Part]:
        for tile in recorded_tiles(self.folder)[1]:
            yield tile.cells, np.asarray(array[..., tile.cells])

    def report(self, groups: Groups, done: Callable[[int, int], None]) -> Report:
        """Return the content of the report; `done` hears how many variables of how many were looked at.

        Raises
        ------
        StoreError
            If a table that every run has is absent or cannot be read, or a cell lacks a value.
        """
        record = read_record(self.folder) or {}
        recipe = record.get("recipe")
        titles = titles_of(recipe if isinstance(recipe, dict) else {}, self.pathways)
        totals, about = self.table(TOTALS)
        pictures, extra = dict(self.pictures()), self.explanation()
        return Report(
            record=record,
            totals=totals,
            about=about,
            check=self.table(CHECK)[0] if (self.folder / CHECK).is_file() else None,
            groups=groups,
            filled=filled(groups, self.parts, most=letters_left(pictures.values(), extra), done=done),
            facts=self.facts(),
            course=Course(titles, self.years),
            regimes=self.regimes(groups),
            status=self.status_table(),
            pictures=pictures,
            extra=[(NAME, "Explanation", extra)] if extra else [],
        )

    def table(self, name: str) -> tuple[pd.DataFrame, list[str]]:
        """Return a CSV of the run's folder and its comment lines.

        Raises
        ------
        StoreError
            If it is absent or cannot be read.
        """
        path = self.folder / name
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            return pd.read_csv(path, comment="#"), [line for line in lines if line.startswith("#")]
        except (OSError, ValueError) as error:
            raise StoreError(
                str(path),
                f"cannot be read ({error})",
                wanted=f"the {name} that a run writes at its end",
                do="Give the command of the run again: it makes what is missing.",
            ) from error

    def facts(self) -> CellFacts:
        """Return what is known of the cells besides their values; the grid's status is thinned for the map."""
        rows, columns = self.cube["status"].shape
        stride = -(-max(rows, columns) // _BACKGROUND)
        thinned = self.cube["status"].isel(
            y=slice(stride // 2, None, stride), x=slice(stride // 2, None, stride)
        )
        return CellFacts(
            country=np.asarray(self.cells["country"][:]),
            status=self.status,
            stock=np.asarray(self.store["sic_stock_0_200cm"][:], dtype=np.float64),
            background=np.asarray(thinned.values, dtype=np.int8),
            stride=stride,
        )

    def regimes(self, groups: Groups) -> pd.DataFrame:
        """Return area, Mha, by regime: the baseline in the first reported year, every pathway in the last."""
        sums = np.zeros((len(Regime), len(self.pathways), 2))
        for cells, codes in self.parts("regime") or ():
            known = groups.of_cell[cells] >= 0
            ends = codes[:, [0, -1]][..., known]
            for regime in Regime:
                sums[regime] += (ends == regime) @ groups.area[cells][known]
        names = [regime.name.lower() for regime in Regime]
        first, last = sums[..., 0] / _M2_PER_MHA, sums[..., 1] / _M2_PER_MHA
        base = self.pathways.index(BASELINE)
        rows = {f"{BASELINE} {self.years[0]}": first[:, base]}
        rows |= {f"{name} {self.years[-1]}": last[:, i] for i, name in enumerate(self.pathways)}
        return pd.DataFrame.from_dict(rows, orient="index", columns=names)

    def status_table(self) -> pd.DataFrame:
        """Return cells of the grid and area of study cells (Mha) by status, those with a value first."""
        counts: dict[int, int] = {}
        status = self.cube["status"]
        for start in range(0, status.shape[0], 512):
            codes, found = np.unique(status[start : start + 512].values, return_counts=True)
            for code, count in zip(codes.tolist(), found.tolist(), strict=True):
                counts[code] = counts.get(code, 0) + count
        meanings = dict(
            zip(status.attrs["flag_values"], str(status.attrs["flag_meanings"]).split(), strict=True)
        )
        rows = [
            {
                "words": _words(code, str(meanings.get(code, code))),
                "cells": counts[code],
                "area_Mha": float(self.area[self.status == code].sum()) / _M2_PER_MHA,
            }
            for code in sorted(counts, key=lambda code: (code not in WITH_VALUE, code))
        ]
        return pd.DataFrame(rows, columns=["words", "cells", "area_Mha"])

    def explanation(self) -> str:
        """Return the section on `eurosic explain`, of what lies in the run's folder; empty where nothing does."""
        tables = [
            self.table(f"explain/{name}.csv")[0]
            if (self.folder / "explain" / f"{name}.csv").is_file()
            else None
            for name in ("attribution", "contrast")
        ]
        paths = {words: self.folder / "explain" / f"{name}.png" for name, words in _EXPLAINED.items()}
        figures = {
            words: shrunk(path.read_bytes(), width=_WIDE) for words, path in paths.items() if path.is_file()
        }
        return explain_section(tables[0], tables[1], figures)

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Yield the maps of the run's own figures, made small; those that are there."""
        figures = {"map_baseline": f"Map: change of SIC under {BASELINE}"}
        figures |= {
            f"map_{name}_minus_baseline": f"Map: {name} minus {BASELINE}"
            for name in self.pathways
            if name != BASELINE
        }
        for name, words in figures.items():
            path = self.folder / "figures" / f"{name}.png"
            if path.is_file():
                yield words, shrunk(path.read_bytes())


def _words(code: int, meaning: str) -> str:
    if code < Status.MISSING:
        return STATUS_WORDS[Status(code)]
    return f"an input is missing: {meaning.removeprefix('missing_').replace('_', ' ')}"
