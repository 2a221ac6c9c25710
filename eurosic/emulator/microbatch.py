"""A micro-batch of columns on its way through a member: what every year says of the targets, and nothing else.

*Enters:* columns of one fixed number of cells, a network and one of its members. *Leaves:* a record ``(recorded,
year, row)``; a row is a cell under one variant, variants first. Balances are those of `balance`; here they only get
their units. Where the climate changes from year to year, so does the context; where it does not, it is made once.
*Source:* CONVENTIONS.md for each target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eurosic.base.flags import Regime
from eurosic.base.signature import Columns, Signature, names
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.base.vocabulary import STANDARD_DEPTHS, TARGETS
from eurosic.emulator.balance import (
    calcareous_share,
    carbon_leached,
    charge_given,
    charge_leached,
    driver_rows,
    pass_nitrate,
    ph_of,
    vanishing_line,
)
from eurosic.emulator.data import anchor_arguments
from eurosic.emulator.features import Anchors, Frame, anchors_of
from eurosic.emulator.network import (
    CHARGE,
    DEPTHS,
    GAS,
    PH,
    UNMET,
    Context,
    Network,
    Scales,
    State,
    Year,
    step_year,
)
from eurosic.emulator.rows import STEPPED

# What a year says, in order: the targets, and what the regime is made of.
RECORDED = (*TARGETS, "topsoil_share", "deepest_share")
TOPSOIL, DEEPEST = RECORDED.index("topsoil_share"), RECORDED.index("deepest_share")
CLIMATE = ("temperature", "precipitation", "drainage")
# By depth, over years and rows.
_THICK = torch.tensor([bottom - top for top, bottom in STANDARD_DEPTHS]).reshape(-1, 1, 1)
_DEEPEST = STANDARD_DEPTHS[-1][1]
_OF_TOPSOIL = _THICK[:3] / _THICK[:3].sum()
# What a year tells: carbonate to 0.3 m, from there to 1 m and below, pH (2) and gas as proposed, what the harvest
# could not take, all that dissolved, what of it the exchanger did not keep, nitrate leached, shares of carbonate (6).
_PH, _GAS, _UNMET, _DISSOLVED, _FREED, _LEACHED, _SHARES = slice(3, 5), 5, 6, 7, 8, 9, slice(10, 16)
_TOLD = 16
_PROPOSED = slice(PH.start, GAS + 1)
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
        self.before = torch.from_numpy(start.features.astype(np.float32))
        # (year, driver, row), in the network's units.
        forcing = columns.unsettled
        different = forcing.shape[2]
        drivers = np.empty((self.years, len(STEPPED), self.variants, self.cells), dtype=np.float32)
        for place, name in enumerate(STEPPED):
            given = forcing[..., names(signature.drivers).index(name)]
            drivers[:different, place] = given.transpose(2, 0, 1) / start.scale
        drivers[different:] = drivers[different - 1]
        self.drivers = torch.from_numpy(drivers.reshape(self.years, len(STEPPED), -1))
        self.different = different
        shares = torch.tensor(frame.lime_shares).unsqueeze(-1)
        acid = torch.tensor(frame.acid_shares).unsqueeze(-1)
        # Of the years that differ, as all that no member changes.
        self.given = self.drivers[:different, :1] * acid
        self.lime = self.drivers[:different, 3:] * shares
        before = columns.baseline[:, names(signature.drivers).index("nitrate_leached")] / start.scale
        self.given_before = acid * torch.from_numpy(before.astype(np.float32))
        self.steady = self._climate_holds()
        self.surroundings = self._around(start, slice(self.different)) if self.steady else None

    def _climate_holds(self) -> bool:
        places = [names(self.signature.drivers).index(name) for name in CLIMATE]
        given, before = self.columns.unsettled, self.columns.baseline
        return all(bool((given[..., i] == before[:, i, None]).all()) for i in places)

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

    def _context(self, network: Network, around: _Surroundings) -> Context:
        """Return a member's context of every row."""
        return Context(*(part[0].repeat(1, self.variants) for part in network.context(around.features)))

    def run(self, network: Network) -> Tensor:
        """Return the record of a network of one member, ``(recorded, year, row)``."""
        around = self._in_year(0)
        context = self._context(network, around)
        line = vanishing_line(context, around.scales.stock)
        weights = network.member(0)
        empty = torch.zeros(DEPTHS, len(self.scale))
        state, nitrate = State(empty, empty, empty), self._nitrate_at_start(network)
        told, surroundings = torch.empty(_TOLD, self.years, len(self.scale)), [around.scales]
        for year in range(self.years):
            if year and not self.steady:
                around = self._in_year(year)
                context = self._context(network, around)
                line = vanishing_line(context, around.scales.stock)
                surroundings.append(around.scales)
            alike = min(year, self.different - 1)
            place = alike if self.steady else 0
            state, dissolved, proposed = step_year(
                weights,
                context,
                around.scales,
                state=state,
                nitrate=nitrate,
                year=Year(around.rows[place], self.lime[alike]),
            )
            nitrate, leached = pass_nitrate(context.passing, nitrate, self.given[alike])
            _tell(told[:, year], state.carbonate, proposed, dissolved)
            told[_LEACHED, year] = leached
            told[_SHARES, year] = calcareous_share(line, around.scales.stock, state.carbonate)
        return self._recorded(told, surroundings)

    def _nitrate_at_start(self, network: Network) -> Tensor:
        # The spin-up has the climate before the start, whatever that of the first year is.
        passing = network.context(self.before).passing[0]
        nitrate = torch.zeros(DEPTHS, self.cells)
        for _ in range(self.frame.spin_up):
            nitrate, _ = pass_nitrate(passing, nitrate, self.given_before)
        return nitrate.repeat(1, self.variants)

    def _recorded(self, told: Tensor, around: Sequence[Scales]) -> Tensor:
        """Return the record of what every year told: all years at once, in the targets' units."""
        rain, gas = (torch.stack([getattr(scales, name) for scales in around]) for name in ("rain", "gas"))
        charge = charge_leached(charge_given(told[_UNMET], self.drivers), told[_FREED], rain, self.frame)
        # Water that is too acid to hold carbonate carries none out.
        carbon = torch.relu(carbon_leached(charge, told[_GAS], gas))
        topsoil, metre = told[0], told[0] + told[1]
        mass = self.scale * MOLAR_MASS_C
        in_situ, lab = ph_of(told[_PH])
        made = {
            "sic_change_0_30cm": topsoil * mass,
            "sic_change_0_100cm": metre * mass,
            "sic_change_0_200cm": (metre + told[2]) * mass,
            "ph_soil_0_30cm": in_situ,
            "ph_lab_0_30cm": lab,
            "dic_leaching": carbon * mass,
            "alkalinity_leaching": charge * (2.0 * self.scale),
            "co2_to_air_from_carbonate": (told[_DISSOLVED] - carbon) * mass,
            "nitrate_leaching": told[_LEACHED] * (self.scale * MOLAR_MASS_N),
            **_of_shares(told[_SHARES]),
        }
        made["regime"] = regime_of(made["topsoil_share"], made["deepest_share"])
        return torch.stack([made[name] for name in RECORDED])

    def arranged(self, rows: Tensor) -> Tensor:
        """Return ``(..., row)`` by variant and cell, ``(..., variant, cell)``."""
        return rows.reshape(*rows.shape[:-1], self.variants, self.cells)


def _tell(row: Tensor, carbonate: Tensor, proposed: Tensor, dissolved: Tensor) -> None:
    """Write what a year said, in the network's units, into ``(told, row)``."""
    torch.sum(carbonate[:3], dim=0, out=row[0])
    torch.sum(carbonate[3:5], dim=0, out=row[1])
    row[2] = carbonate[5]
    row[3:6] = proposed[_PROPOSED]
    row[6] = proposed[UNMET]
    torch.sum(dissolved, dim=0, out=row[_DISSOLVED])
    torch.sum(dissolved - proposed[CHARGE], dim=0, out=row[_FREED])


def _of_shares(share: Tensor) -> dict[str, Tensor]:
    """Return the depth without carbonate, and the shares that make the regime, of shares by depth."""
    held = torch.where(share > _LEAST_SHARE, share, 0.0)
    bare, empty = (_THICK - _THICK * held).unbind(0), (held == 0.0).float().unbind(0)
    # Carbonate vanishes from the top of each depth: one that holds some hides those below it.
    depth = bare[-1]
    for above in range(DEPTHS - 2, -1, -1):
        depth = torch.addcmul(bare[above], empty[above], depth)
    topsoil = (share[:3] * _OF_TOPSOIL).sum(dim=0)
    return {
        "decalcification_depth": torch.clamp(depth, 0.0, _DEEPEST),
        "topsoil_share": topsoil,
        "deepest_share": share.amax(dim=0),
    }


def regime_of(topsoil: Tensor, deepest: Tensor) -> Tensor:
    """Return the regime, as a number, where these shares of the topsoil and of the fullest depth hold carbonate."""
    none = deepest <= _LEAST_SHARE
    front = torch.where(topsoil >= _HALF, float(Regime.BUFFERED), float(Regime.FRONT))
    return torch.where(none, float(Regime.DEPLETED), front)
