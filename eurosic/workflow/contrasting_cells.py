"""The cells of a finished run as time and as space: trajectories of a sample of them, and cross-sections.

*Enters:* the folder of a run; perhaps its predictor and forcing. *Leaves:* `Trajectories`, of the stored mean or of
each member; `Observations` of the run's own cells, which are circular and say so. Reads the store, writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.flags import ANSWERED, WITH_VALUE
from eurosic.base.request import Kind
from eurosic.base.signature import Array, Predictor
from eurosic.base.vocabulary import AREA, COVARIATES, DRIVERS
from eurosic.explain.contrast import Trajectories
from eurosic.explain.contrast_table import NITRATE_LEACHING
from eurosic.explain.observations import PH, STOCK, Observations, square_blocks
from eurosic.explain.states import states_of_run
from eurosic.inputs.forcing import Forcing
from eurosic.outputs.store import CELLS, PROJECTION

DEPTHS = ("0_30cm", "0_100cm", "0_200cm")
# m; the side of the squares that are drawn together: soils of one landscape and of one country's nitrogen.
_SIDE = 200_000.0
_CHANGES = tuple(f"sic_change_{depth}" for depth in DEPTHS)
_READ = (PH, NITRATE_LEACHING, "decalcification_depth", "regime", *_CHANGES)
# Of the cell table, beside covariates and drivers: what a map of the fields would show.
_RATES = ("mineral_n", "manure_n")


@dataclass(frozen=True, eq=False)
class RunCells:
    """Some cells of a run, spread evenly over its table: what was stored of them.

    Parameters
    ----------
    places
        In the cell table, increasing, ``(cell,)``.
    status
        Who gave the value, ``(cell,)``.
    stored
        Name -> ``(pathway, year, cell)``, float64.
    rows
        Columns of the cell table, first axis ``cell``.
    stocks
        Depth -> stock at the start, kg m-2, ``(cell,)``.
    scale
        Area of all cells with a value over that of these.
    """

    pathways: tuple[str, ...]
    years: tuple[int, ...]
    places: NDArray[np.int64]
    status: NDArray[np.integer]
    stored: dict[str, Array]
    rows: dict[str, NDArray[np.generic]]
    stocks: dict[str, Array]
    scale: float

    @property
    def block(self) -> NDArray[np.int64]:
        """The square of 200 km in which each cell lies."""
        return square_blocks(self.rows["x"], self.rows["y"], _SIDE)

    @property
    def answered(self) -> RunCells:
        """Those that the run's own predictor answered, and not the simulator in its stead."""
        return self._taken(np.flatnonzero(np.isin(self.status, ANSWERED)))

    def some(self, most: int) -> RunCells:
        """Return at most so many of them, evenly."""
        return self._taken(np.arange(0, len(self.places), max(1, -(-len(self.places) // most))))

    def _taken(self, chosen: NDArray[np.intp]) -> RunCells:
        if not len(chosen):
            raise InputError("the run", "has no cell that its predictor answered", do="Explain another run.")
        area = np.asarray(self.rows[AREA.name], dtype=np.float64)
        # Every so manieth of a table ordered by space is a sample that misses no region; its area is made up for.
        return replace(
            self,
            places=self.places[chosen],
            status=self.status[chosen],
            stored={name: values[..., chosen] for name, values in self.stored.items()},
            rows={name: values[chosen] for name, values in self.rows.items()},
            stocks={name: values[chosen] for name, values in self.stocks.items()},
            scale=self.scale * float(area.sum() / area[chosen].sum()),
        )


def read_cells(folder: Path, *, most: int) -> RunCells:
    """Return at most `most` cells with a value, evenly over the table, which is ordered by space.

    Raises
    ------
    InputError
        If no cell has a value.
    """
    store, table = (zarr.open_group(folder / name, mode="r") for name in (PROJECTION, CELLS))
    status = np.asarray(store["cell_status"][:])
    valued = np.flatnonzero(np.isin(status, WITH_VALUE))
    if not len(valued):
        raise InputError(str(folder), "holds no cell with a value", do="Look at `cell_status` of the run.")
    places = valued[:: -(-len(valued) // most)]
    area = np.asarray(table[AREA.name][:], dtype=np.float64)
    rows = {
        name: np.asarray(array.oindex[(places, *(slice(None),) * (array.ndim - 1))])
        for name, array in table.arrays()
    }
    return RunCells(
        tuple(str(name) for name in store["pathway"][:]),
        tuple(int(year) for year in store["year"][:]),
        places,
        status[places],
        {name: np.asarray(store[name].oindex[:, :, places], dtype=np.float64) for name in _READ},
        rows,
        {d: np.asarray(store[f"{STOCK}{d}"].oindex[places], dtype=np.float64) for d in DEPTHS},
        float(area[valued].sum() / area[places].sum()),
    )


def stored_trajectories(cells: RunCells) -> Trajectories:
    """Return the trajectories as they were stored: one member, the mean of all."""
    return _trajectories(cells, {name: values[np.newaxis] for name, values in cells.stored.items()})


def member_trajectories(cells: RunCells, predictor: Predictor, forcing: Forcing) -> Trajectories:
    """Return the trajectories that each member of an emulator gives; those stored where it has no members."""
    network = getattr(predictor, "network", None)
    if network is None:
        return stored_trajectories(cells)
    columns = forcing(cells.rows, predictor.signature)
    reported = [forcing.years.index(year) for year in cells.years]
    # All pathways at once, so that members err alike in both sides of a difference, as they do in the run.
    told: list[dict[str, Array]] = []
    for member in range(network.sizes.members):
        # An emulator of one network: its spread is calibrated for all of them together.
        alone = replace(predictor, network=network.of(member), spread=None)  # type: ignore[type-var]
        values = np.tensordot(forcing.shares, alone.predict(columns).values[:, :, reported], axes=1)
        told.append({n: values[..., predictor.signature.target_index(n)].swapaxes(1, 2) for n in _READ[:2]})
        told[-1] |= {n: values[..., predictor.signature.target_index(n)].swapaxes(1, 2) for n in _CHANGES}
    return _trajectories(cells, {name: np.stack([one[name] for one in told]) for name in told[0]})


def _trajectories(cells: RunCells, values: dict[str, Array]) -> Trajectories:
    return Trajectories(
        cells.pathways,
        cells.years,
        values[PH],
        {depth: values[f"sic_change_{depth}"] for depth in DEPTHS},
        values[NITRATE_LEACHING],
        # States are of the mean: members are asked what they say of the same soils.
        states_of_run(cells.stored["regime"].astype(np.int64), cells.stored["decalcification_depth"]),
        np.asarray(cells.rows[AREA.name], dtype=np.float64),
        cells.block,
    )


def cross_section(cells: RunCells, year: int) -> Observations:
    """Return the run's own cells in one year of the baseline as if they were observed: stocks beside covariates."""
    i = cells.years.index(year)
    stocks = {f"{STOCK}{d}": cells.stocks[d] + cells.stored[f"sic_change_{d}"][0, i] for d in DEPTHS}
    covariates = {PH: cells.stored[PH][0, i], **_covariates(cells, i)}
    return _own(cells, i, f"run-{year}", covariates, pd.DataFrame(stocks))


def change_section(cells: RunCells) -> Observations:
    """Return the change of SIC to the last year beside covariates and the stock at the start: a map of the change."""
    covariates = {f"{STOCK}0_30cm": cells.stocks["0_30cm"], **_covariates(cells, 0)}
    changes = pd.DataFrame({"sic_change_0_30cm": cells.stored["sic_change_0_30cm"][0, -1]})
    return _own(cells, 0, f"run-change-{cells.years[-1]}", covariates, changes)


def _own(
    cells: RunCells, i: int, name: str, covariates: dict[str, Array], targets: pd.DataFrame
) -> Observations:
    states = states_of_run(
        cells.stored["regime"][0, i].astype(np.int64), cells.stored["decalcification_depth"][0, i]
    )
    note = f"cells of this very run, {cells.years[i]}, baseline: simulated, so circular"
    frame = pd.DataFrame(covariates)
    # A layer that is the same everywhere explains nothing.
    frame = frame[[column for column in frame if frame[column].nunique() > 1]]
    return Observations(name, note, Kind.MODELLED, frame, targets, cells.block, states)


def _covariates(cells: RunCells, i: int) -> dict[str, Array]:
    """Return covariates, climate and nitrogen of each cell; of series, the mean over climate years."""
    # States are left out: carbonate is what the stock is made of, and would explain it wholly.
    known = [name for name in (*COVARIATES, *DRIVERS, *_RATES) if name in cells.rows]
    found = {name: np.asarray(cells.rows[name], dtype=np.float64) for name in known}
    found = {name: values.reshape(len(values), -1).mean(axis=1) for name, values in found.items()}
    return {**found, NITRATE_LEACHING: cells.stored[NITRATE_LEACHING][0, i]}
