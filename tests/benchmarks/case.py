"""A case for benchmarks: the study cells of the quickstart's Europe, repeated until there are as many as wanted.

*Enters:* a number of cells, or how often Europe is laid beside itself. *Leaves:* a folder with a recipe, a cell table
and, where asked for, the same columns as a dense raster (what engines without a cell table read), missing where no
study cell is. Everything is made of the embedded data: whoever has the package can repeat it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import dask
import numpy as np
import yaml
import zarr
from numpy.typing import NDArray

from eurosic.base.grid import Grid, Tile
from eurosic.base.signature import Columns, Prediction, Signature
from eurosic.emulator.load import load_emulator
from eurosic.emulator.predict import Emulator
from eurosic.inputs.forcing import Forcing
from eurosic.inputs.store import write_inputs
from eurosic.outputs.ledger import Ledger
from eurosic.outputs.store import TileWriter, create_store
from eurosic.projection import table as tables
from eurosic.projection.project import TileTask
from eurosic.projection.table import CellTable, Rows, write_table
from eurosic.projection.template import Extent, template
from eurosic.projection.tile import TileSpec
from eurosic.workflow.predictors import find_card
from eurosic.workflow.setup import Setup, set_up

ROOT = Path(__file__).resolve().parents[2]
# Columns that say where a cell is, and not what it is: no feature of a predictor.
_PLACE = ("row", "column", "y", "x")


@dataclass(frozen=True)
class OneMember:
    """One network of a card as a predictor of its own, without a spread; travels as the card's name."""

    card: str = "sic-v1"
    has_spread: bool = False

    @property
    def inner(self) -> Emulator:
        """The network, opened once in a process."""
        return _alone(self.card)

    @property
    def name(self) -> str:
        """Of the card."""
        return f"{self.card}, one member"

    @property
    def digest(self) -> str:
        """Of the card."""
        return self.inner.digest

    @property
    def signature(self) -> Signature:
        """Of the card."""
        return self.inner.signature

    def predict(self, columns: Columns) -> Prediction:
        """Return what the member says."""
        return self.inner.predict(columns)

    def inside(self, columns: Columns) -> NDArray[np.bool_]:
        """Return whether each cell lies in the trained domain."""
        return self.inner.inside(columns)


@lru_cache(maxsize=2)
def _alone(card: str) -> Emulator:
    whole = load_emulator(find_card(card, None))
    return replace(whole, network=whole.network.of(0), spread=None)


@dataclass(frozen=True)
class Case:
    """A folder with a recipe, a table of `cells` cells, and perhaps its dense raster `(feature, y, x)`."""

    folder: Path
    cells: int
    grid: Grid
    countries: tuple[int, ...]

    @cached_property
    def setup(self) -> Setup:
        """The recipe."""
        return set_up(self.folder / "recipe.yaml")

    @property
    def table(self) -> CellTable:
        """The cell table."""
        return CellTable(self.folder / "cells.zarr", self.cells, self.countries, "case")

    @property
    def dense(self) -> Path:
        """The dense raster: `X` of shape `(feature, y, x)`, float32."""
        return self.folder / "dense.zarr"

    @cached_property
    def forcing(self) -> Forcing:
        """From rows of the table to columns."""
        return self.setup.forcing((0,))

    @cached_property
    def spec(self) -> TileSpec:
        """Of the tiles."""
        return self.setup.tile_spec(self.forcing, self.countries)

    @cached_property
    def extent(self) -> Extent:
        """What a projection of the case promises."""
        return replace(self.setup.extent(self.countries, self.cells), spread=False, members=0)

    def task(self, out: Path) -> TileTask:
        """Return the engine's task, its store made at `out`."""
        predictor, ledger = OneMember(), Ledger(out / "ledger", "case")
        promised = template(predictor.signature, self.extent)
        create_store(out / "projection.zarr", promised, ledger=ledger, attributes={})
        writer = TileWriter(out / "projection.zarr", ledger)
        return TileTask(self.table, self.forcing, predictor, self.spec, writer, ledger)


def make_case(
    folder: Path, *, times: int = 1, cells: int = 0, pathways: int = 2, tile: int = 2048, until: int = 2100
) -> Case:
    """Make a case until a year: Europe `times` x `times`, or as often as it takes for `cells`."""
    folder.mkdir(parents=True, exist_ok=True)
    setup = set_up(_recipe(folder, pathways, tile, until))
    one, base = _europe(folder / "europe", setup)
    copies = -(-cells // one.cells) if cells else times**2
    side = int(np.ceil(np.sqrt(copies)))
    grid = replace(setup.grid, rows=setup.grid.rows * side, columns=setup.grid.columns * side)
    case = Case(folder, cells or one.cells * copies, grid, one.countries)
    group = zarr.create_group(folder / "cells.zarr", overwrite=True)
    for start in range(0, case.cells, tables._ROWS):
        places = np.arange(start, min(start + tables._ROWS, case.cells))
        for name, values in _laid_out(base, places, one.cells, setup.grid, side).items():
            tables._append(group, name, values, start=start)
    _save(case)
    return case


def _save(case: Case) -> None:
    told = {"cells": case.cells, "grid": asdict(case.grid), "countries": list(case.countries)}
    (case.folder / "case.json").write_text(json.dumps(told, default=float))


def open_case(folder: Path) -> Case:
    """Return the case of a folder."""
    told = json.loads((folder / "case.json").read_text())
    return Case(folder, told["cells"], Grid(**told["grid"]), tuple(told["countries"]))


def _recipe(folder: Path, pathways: int, tile: int, until: int) -> Path:
    recipe = yaml.safe_load((ROOT / "recipes" / "quickstart.yaml").read_text())
    known = ("baseline", "zero_now", "f2f_input", "f2f_loss", "phase_out")
    recipe["pathways"] = {name: recipe["pathways"][name] for name in known[:pathways]}
    # What the simulator would do for cells outside is no cost of an engine.
    recipe["predictor"] = {"emulator": "sic-v1", "outside_domain": "keep"}
    recipe["projection"] |= {"tile": f"{tile} cells", "years": f"2020-{until} step 5"}
    recipe["outputs"] = {}
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


def _europe(folder: Path, setup: Setup) -> tuple[CellTable, Rows]:
    with dask.config.set(scheduler="sync"):
        write_inputs(folder / "inputs.zarr", setup.layers(), grid=setup.grid, digest="case")
    made = write_table(
        folder / "cells.zarr",
        folder / "inputs.zarr",
        grid=setup.grid,
        marking=setup.marking,
        derive=setup.derive,
        digest="case",
    )
    return made, made.rows(Tile(0, 0, made.cells))


def _laid_out(base: Rows, places: NDArray[np.int64], cells: int, grid: Grid, side: int) -> Rows:
    """Return the rows at some places of a table in which Europe follows Europe, laid out `side` in a row."""
    number, cell = np.divmod(places, cells)
    down, across = np.divmod(number, side)
    found = {name: values[cell] for name, values in base.items()}
    found["row"] = (found["row"] + down * grid.rows).astype(np.int32)
    found["column"] = (found["column"] + across * grid.columns).astype(np.int32)
    found["y"] = found["y"] - down * grid.rows * grid.resolution
    found["x"] = found["x"] + across * grid.columns * grid.resolution
    return found


def feature_slices(rows: Mapping[str, NDArray[np.generic]]) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Return of each column of the table that is a feature its first place in a raster's features, and its axes."""
    found, first = {}, 0
    for name in sorted(set(rows) - set(_PLACE)):
        axes = rows[name].shape[1:]
        found[name] = first, axes
        first += int(np.prod(axes, dtype=int))
    return found


def add_dense(case: Case, side: int, *, share: float = 1.0) -> Case:
    """Write the dense raster of a case, in chunks of `side` x `side` cells; return the case with the raster's grid.

    Sea is added in the east until study cells are at most a `share` of the raster.
    """
    columns = max(case.grid.columns, int(case.cells / share / case.grid.rows))
    case = replace(case, grid=replace(case.grid, columns=columns))
    _save(case)
    rows = case.table.rows(Tile(0, 0, case.cells))
    slices = feature_slices(rows)
    width = sum(int(np.prod(axes, dtype=int)) for _, axes in slices.values())
    features = np.full((width, *case.grid.shape), np.nan, np.float32)
    for name, (first, axes) in slices.items():
        flat = rows[name].reshape(case.cells, -1).T
        features[first : first + int(np.prod(axes, dtype=int)), rows["row"], rows["column"]] = flat
    group = zarr.create_group(case.dense, overwrite=True)
    group.create_array("X", data=features, chunks=(width, side, side), dimension_names=("feature", "y", "x"))
    return case
