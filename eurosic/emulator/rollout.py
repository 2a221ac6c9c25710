"""What the network says of simulations over years: from rows of a lesson to predicted rows, all members side by side.

*Enters:* a network, tensors of anchors and rows, where to begin and how many years. *Leaves:* predicted rows under
the lesson's own names, ``(year, member, row, simulation)``, so that teaching and judging compare like with like.
Shared by training and by the judging of skill; the projection's own loop, which keeps only targets, is in `predict`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from eurosic.emulator.balance import (
    calcareous_share,
    carbon_leached,
    driver_rows,
    pass_nitrate,
    passed_of,
    ph_of,
    vanishing_line,
)
from eurosic.emulator.data import Lesson
from eurosic.emulator.features import Anchors, Frame
from eurosic.emulator.network import GAS, PH, Context, Network, Scales, State, Year, step_year
from eurosic.emulator.rows import WIDTHS

Rows = Mapping[str, Tensor]
# Bounds of the rows of a lesson.
_ENDS = np.cumsum(list(WIDTHS.values()))
PLACES = {
    name: slice(int(end) - width, int(end)) for (name, width), end in zip(WIDTHS.items(), _ENDS, strict=True)
}


def named(rows: Tensor) -> Rows:
    """Return rows ``(..., row, simulation)`` by name."""
    return {name: rows[..., place, :] for name, place in PLACES.items()}


def gather(lesson: Lesson, which: np.ndarray, start: int, years: int, device: str) -> Tensor:
    """Return rows of simulations `which` ``(member, batch)``, ``(year + 1, member, row, batch)``."""
    members, batch = which.shape
    chosen = torch.from_numpy(lesson.rows[which.ravel(), start : start + years + 1])
    shaped = chosen.reshape(members, batch, years + 1, -1).permute(2, 0, 3, 1)
    return shaped.contiguous().to(device)


def scales_of(anchors: Anchors, which: np.ndarray, device: str) -> tuple[Tensor, Tensor, Scales]:
    """Return features ``(member, feature, batch)``, the unit of amounts ``(member, batch)`` and the step's scales."""

    def rows(values: np.ndarray) -> Tensor:
        taken = values[..., which].astype(np.float32)  # (..., member, batch)
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(taken, -2, 0))).to(device)

    stock = rows(anchors.stock)
    scales = Scales(
        stock,
        rows(anchors.saturation),
        rows(anchors.exchange),
        rows(anchors.dilution),
        1.0 / (stock + 1.0),
        rows(anchors.rain),
        rows(anchors.gas),
    )
    return rows(anchors.features), rows(anchors.scale), scales


def roll(
    network: Network, anchored: tuple[Tensor, Tensor, Scales], rows: Tensor, frame: Frame
) -> tuple[Rows, Context]:
    """Return what the network makes of columns that begin in the state of ``rows[0]``, under the drivers of the rest.

    `rows` is ``(year + 1, member, row, simulation)``; what is returned has the years after the first.
    """
    features, scale, scales = anchored
    context = network.context(features)
    given = named(rows)
    drivers = given["drivers"][1:]
    inputs = driver_rows(drivers, scale, scales, frame)
    lime = drivers[..., 3:4, :] * torch.tensor(frame.lime_shares, device=rows.device).unsqueeze(-1)
    state = State(given["carbonate"][0], given["calcium"][0], given["charge"][0])
    nitrate = given["nitrate"][0]
    given_nitrate = drivers[..., 0:1, :] * torch.tensor(frame.acid_shares, device=rows.device).unsqueeze(-1)
    weights, told = network.step, _Told()
    for year in range(len(drivers)):
        state, dissolved, proposed = step_year(
            weights, context, scales, state=state, nitrate=nitrate, year=Year(inputs[year], lime[year])
        )
        nitrate, leached = pass_nitrate(context.passing, nitrate, given_nitrate[year])
        told.add(state, nitrate, leached, dissolved, proposed)
    return told.rows(context, scales, drivers, frame), context


class _Told:
    """What each year said, stacked at the end: one operation for all years is cheaper than one a year."""

    def __init__(self) -> None:
        self.parts: list[tuple[Tensor, ...]] = []

    def add(self, state: State, *others: Tensor) -> None:
        self.parts.append((*state, *others))

    def rows(self, context: Context, scales: Scales, drivers: Tensor, frame: Frame) -> Rows:
        carbonate, calcium, charge, nitrate, leached, dissolved, proposed = (
            torch.stack(part) for part in zip(*self.parts, strict=True)
        )
        passed = passed_of(proposed, dissolved, drivers, rain=scales.rain, frame=frame)
        return {
            "carbonate": carbonate,
            "calcium": calcium,
            "charge": charge,
            "nitrate": nitrate,
            "drivers": drivers,
            "dissolved": dissolved,
            "calcium_passed": passed.calcium,
            "charge_passed": passed.charge,
            "calcium_given": passed.calcium_given,
            "charge_given": passed.charge_given,
            "calcareous": calcareous_share(vanishing_line(context, scales.stock), scales.stock, carbonate),
            "ph": ph_of(proposed[..., PH, :]),
            "carbon_leached": carbon_leached(
                passed.charge[..., -1, :], proposed[..., GAS, :], scales.gas
            ).unsqueeze(-2),
            "nitrate_leached": leached.unsqueeze(-2),
        }
