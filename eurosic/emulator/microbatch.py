"""A micro-batch of columns on its way through a member: what every year says of the targets, and nothing else.

*Enters:* columns of one fixed number of cells, a network and one of its members. *Leaves:* a record ``(recorded,
year, row)``; a row is a cell under one variant, variants first. Balances are those of `balance`; here they only get
their units. Where the climate changes from year to year, so does the context; where it does not, it is made once.
*Source:* CONVENTIONS.md for each target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eurosic.base.flags import Regime
from eurosic.base.signature import Columns, Signature, names
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.emulator.balance import (
    calcareous_share,
    carbon_leached,
    charge_leached,
    driver_rows,
    pass_nitrate,
    ph_of,
)
from eurosic.emulator.data import anchor_arguments
from eurosic.emulator.features import Anchors, Frame, anchors_of
from eurosic.emulator.network import DEPTHS, Context, Network, Scales, State, Year, step_year
from eurosic.emulator.rows import STEPPED

# What a year says, in order: the targets, and what the regime is made of.
RECORDED = (
    "sic_change_0_30cm",
    "sic_change_0_100cm",
    "sic_change_0_200cm",
    "ph_soil_0_30cm",
    "ph_lab_0_30cm",
    "dic_leaching",
    "alkalinity_leaching",
    "co2_to_air_from_carbonate",
    "nitrate_leaching",
    "decalcification_depth",
    "regime",
    "topsoil_share",
    "deepest_share",
)
REGIME, _TOPSOIL, _ANYWHERE = (RECORDED.index(name) for name in ("regime", "topsoil_share", "deepest_share"))
_CLIMATE = ("temperature", "precipitation", "drainage")
_THICK = torch.tensor([bottom - top for top, bottom in STANDARD_DEPTHS]).unsqueeze(-1)
_OF_TOPSOIL = _THICK[:3] / _THICK[:3].sum()
# A depth less of which holds carbonate than the thinnest of the simulator's layers holds none.
_LEAST_SHARE = 0.04
# Half of 0-30 cm, but for rounding.
_HALF = 0.5 - 1e-3


@dataclass(frozen=True)
class _Surroundings:
    """What a climate makes of columns: features ``(feature, cell)``, and scales and drivers of every row."""

    features: Tensor
    scales: Scales
    rows: Tensor


class MicroBatch:
    """Columns of a fixed number of cells, made ready for any member."""

    def __init__(self, columns: Columns, signature: Signature, frame: Frame) -> None:
        self.columns, self.signature, self.frame = columns, signature, frame
        self.variants, self.cells, self.years = columns.shape
        start = anchors_of(*anchor_arguments(columns, signature))
        self.scale = self._rows(start.scale)
        drivers = [columns.forcing[..., names(signature.drivers).index(name)] for name in STEPPED]
        # (year, driver, row), in the network's units.
        stacked = np.stack(drivers).transpose(3, 0, 1, 2).reshape(self.years, len(drivers), -1)
        self.drivers = torch.from_numpy((stacked / np.tile(start.scale, self.variants)).astype(np.float32))
        shares = torch.tensor(frame.lime_shares).unsqueeze(-1)
        self.lime = self.drivers[:, 3:] * shares
        before = columns.baseline[:, names(signature.drivers).index("nitrate_leached")] / start.scale
        self.nitrate_before = torch.from_numpy(before.astype(np.float32))
        self.steady = self._climate_holds()
        self.surroundings = self._around(start, slice(None)) if self.steady else None

    def _climate_holds(self) -> bool:
        places = [names(self.signature.drivers).index(name) for name in _CLIMATE]
        before = self.columns.baseline[:, places][None, :, None]
        return bool((self.columns.forcing[..., places] == before).all())

    def _rows(self, by_cell: NDArray[np.float64]) -> Tensor:
        """Return ``(..., row)`` of ``(..., cell)``: each variant sees the same columns."""
        single = torch.from_numpy(np.ascontiguousarray(by_cell, dtype=np.float32))
        return single.repeat(*(1,) * (single.dim() - 1), self.variants)

    def _around(self, anchors: Anchors, years: slice) -> _Surroundings:
        stock = self._rows(anchors.stock)
        scales = Scales(
            stock,
            self._rows(anchors.saturation),
            self._rows(anchors.exchange),
            self._rows(anchors.dilution),
            1.0 / (stock + 1.0),
            self._rows(anchors.rain),
            self._rows(anchors.gas),
        )
        features = torch.from_numpy(anchors.features.astype(np.float32))
        rows = driver_rows(self.drivers[years], self.scale, scales, self.frame)
        return _Surroundings(features, scales, rows)

    def _in_year(self, year: int) -> _Surroundings:
        """Return the surroundings of a year; its drivers are at its place where the climate holds, else alone."""
        if self.surroundings is not None:
            return self.surroundings
        anchors = anchors_of(*anchor_arguments(self.columns, self.signature, year))
        return self._around(anchors, slice(year, year + 1))

    def _context(self, network: Network, around: _Surroundings) -> tuple[Context, Tensor]:
        """Return a member's context of every row, and how nitrate passes the cells."""
        by_cell = network.context(around.features)
        spread_out = [part[0].repeat(1, self.variants) for part in by_cell]
        return Context(*spread_out), by_cell.passing[0]

    def run(self, network: Network) -> Tensor:
        """Return the record of a network of one member, ``(recorded, year, row)``."""
        around = self._in_year(0)
        context, passing = self._context(network, around)
        weights = network.member(0)
        empty = torch.zeros(DEPTHS, len(self.scale))
        state, nitrate = State(empty, empty, empty), self._nitrate_at_start(passing)
        record = torch.empty(len(RECORDED), self.years, len(self.scale))
        for year in range(self.years):
            if year and not self.steady:
                around = self._in_year(year)
                context, _ = self._context(network, around)
            place = year if self.steady else 0
            drivers = self.drivers[year]
            state, dissolved, proposed = step_year(
                weights,
                context,
                around.scales,
                state=state,
                nitrate=nitrate,
                year=Year(around.rows[place], self.lime[year]),
            )
            nitrate, leached = pass_nitrate(context.passing, nitrate, drivers[0], self.frame.acid_shares)
            gas = around.scales.gas
            charge = charge_leached(proposed, dissolved, drivers, rain=around.scales.rain, frame=self.frame)
            carbon = carbon_leached(charge, proposed, gas)
            _write(record[:, year], state.carbonate, proposed, (dissolved, carbon, charge, leached))
            _write_shares(record[:, year], calcareous_share(context, around.scales.stock, state.carbonate))
        return self._in_units(record)

    def _nitrate_at_start(self, passing: Tensor) -> Tensor:
        nitrate = torch.zeros(DEPTHS, self.cells)
        for _ in range(self.frame.spin_up):
            nitrate, _ = pass_nitrate(passing, nitrate, self.nitrate_before, self.frame.acid_shares)
        return nitrate.repeat(1, self.variants)

    def _in_units(self, record: Tensor) -> Tensor:
        carbon = self.scale * MOLAR_MASS_C
        for name in ("sic_change_0_30cm", "sic_change_0_100cm", "sic_change_0_200cm"):
            record[RECORDED.index(name)] *= carbon
        for name in ("dic_leaching", "co2_to_air_from_carbonate"):
            record[RECORDED.index(name)] *= carbon
        record[RECORDED.index("alkalinity_leaching")] *= 2.0 * self.scale
        record[RECORDED.index("nitrate_leaching")] *= self.scale * MOLAR_MASS_N
        record[REGIME] = regime_of(record)
        return record

    def arranged(self, rows: Tensor) -> NDArray[np.float32]:
        """Return ``(target, year, row)`` as a prediction has it, ``(variant, cell, year, target)``."""
        shaped = rows.reshape(len(rows), self.years, self.variants, self.cells).permute(2, 3, 1, 0)
        return np.ascontiguousarray(shaped.numpy())


def _write(
    row: Tensor, carbonate: Tensor, proposed: Tensor, passed: tuple[Tensor, Tensor, Tensor, Tensor]
) -> None:
    """Write a year's record, in the network's units, into ``(recorded, row)``."""
    dissolved, carbon, charge, leached = passed
    torch.sum(carbonate[:3], dim=0, out=row[0])
    torch.sum(carbonate[3:5], dim=0, out=row[1])
    row[1] += row[0]
    torch.add(row[1], carbonate[5], out=row[2])
    row[3:5] = ph_of(proposed)
    row[5] = carbon
    row[6] = charge
    torch.sub(dissolved.sum(dim=0), carbon, out=row[7])
    row[8] = leached


def _write_shares(row: Tensor, share: Tensor) -> None:
    """Write the depth without carbonate, and the shares that the regime is made of."""
    held = torch.where(share > _LEAST_SHARE, share, 0.0)
    # Carbonate vanishes from the top of each depth: one that holds some hides those below it.
    hidden = torch.cumprod((held == 0.0).float(), dim=0)
    bare = torch.addcmul(_THICK, _THICK, held, value=-1.0)
    bare[1:] *= hidden[:-1]
    torch.sum(bare, dim=0, out=row[9])
    torch.sum(share[:3] * _OF_TOPSOIL, dim=0, out=row[_TOPSOIL])
    torch.amax(share, dim=0, out=row[_ANYWHERE])


def regime_of(record: Tensor) -> Tensor:
    """Return the regime of a record ``(recorded, ...)``, as a number."""
    none = record[_ANYWHERE] <= _LEAST_SHARE
    front = torch.where(record[_TOPSOIL] >= _HALF, float(Regime.BUFFERED), float(Regime.FRONT))
    return torch.where(none, float(Regime.DEPLETED), front)
