"""What enters a column in a year and what leaves it: the balances around the step of the network.

*Enters:* what the step proposes and dissolves, drivers, anchors, as tensors ``(..., row, cell)``. *Leaves:* rows of
drivers as the step reads them, nitrate a year later, calcium, charge and carbon that passed. What leaves a depth is
what is left over: dissolved + from above + given - taken - stored, whatever the network says. Must hold no weights.
*Source:* CONVENTIONS.md, Nitrogen; SCIENCE.md 2.6, 7.1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from eurosic.emulator.features import Frame
from eurosic.emulator.network import CALCIUM, CHARGE, DEPTHS, TAKEN, UNMET, Context, Scales

_NEUTRAL = 7.0
# mol L-1 of acid that is told from none.
_FAINT = 1e-5


def pass_nitrate(passing: Tensor, nitrate: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
    """Return nitrate by depth after a year, ``(..., depth, cell)``, and what left the last, ``(..., cell)``.

    A share of what a depth holds and receives passes on; `given` enters, ``(..., depth, cell)``.
    """
    held = (nitrate + given).unbind(-2)
    passes = passing.unbind(-2)
    entered = [held[0]]
    for depth in range(1, DEPTHS):
        entered.append(torch.addcmul(held[depth], passes[depth - 1], entered[-1]))
    return torch.stack(entered, dim=-2) * (1.0 - passing), passes[-1] * entered[-1]


def driver_rows(drivers: Tensor, scale: Tensor, scales: Scales, frame: Frame) -> Tensor:
    """Return the step's rows of drivers, ``(..., 7, cell)``.

    `drivers` are nitrate, extra acid, export and lime in units of `scale`, ``(..., 4, cell)``; `scale` is
    ``(..., cell)``. Besides them: nitrate in moles, and the logarithm of the acid that the rain cannot meet, with and
    without the harvest's.
    """
    acid = drivers[..., 0, :] + drivers[..., 1, :] - frame.rain_alkalinity * scales.rain
    # A year without rain leaves acid without water: so much of it is as strong as it can be told.
    water = scales.rain.clamp_min(1.0)
    both = torch.stack([acid, acid + drivers[..., 2, :]], dim=-2) / (water.unsqueeze(-2) * _FAINT)
    faint = torch.sign(both) * torch.log1p(both.abs()) * 0.25
    return torch.cat([drivers, (drivers[..., 0, :] * scale).unsqueeze(-2), faint], dim=-2)


class Passed(NamedTuple):
    """What left each depth downwards in a year, calcium and charge, and what was given to it, ``(..., depth, cell)``.

    What is given counts acid and harvest as negative, and the rain in the first depth.
    """

    calcium: Tensor
    charge: Tensor
    calcium_given: Tensor
    charge_given: Tensor


def passed_of(proposed: Tensor, dissolved: Tensor, drivers: Tensor, *, rain: Tensor, frame: Frame) -> Passed:
    """Return what left each depth: dissolved + from above + given - taken - stored, for calcium and for charge.

    Parameters
    ----------
    proposed, dissolved
        Of `step_year`.
    drivers
        Nitrate, extra acid, export and lime, ``(..., 4, cell)``.
    rain
        Precipitation over scale, ``(..., cell)``.
    frame
        Where what enters goes.
    """
    shares = torch.tensor(frame.acid_shares, dtype=drivers.dtype, device=drivers.device).unsqueeze(-1)
    extra, export = drivers[..., 1, :], drivers[..., 2, :]
    # A strong base comes with calcium; the harvest takes half a mole of calcium per charge, at most all of it.
    calcium = 0.5 * (torch.relu(-extra) - torch.sigmoid(proposed[..., TAKEN, :] + 1.0) * export)
    charge = charge_given(proposed[..., UNMET, :], drivers)
    first = torch.zeros_like(shares)
    first[0] = 1.0
    rained = rain.unsqueeze(-2) * first
    calcium_given = calcium.unsqueeze(-2) * shares + frame.rain_calcium * rained
    charge_given_ = charge.unsqueeze(-2) * shares + 0.5 * frame.rain_alkalinity * rained
    return Passed(
        torch.cumsum(dissolved - proposed[..., CALCIUM, :] + calcium_given, dim=-2),
        torch.cumsum(dissolved - proposed[..., CHARGE, :] + charge_given_, dim=-2),
        calcium_given,
        charge_given_,
    )


def charge_given(unmet: Tensor, drivers: Tensor) -> Tensor:
    """Return the charge of acid and harvest, negative, ``(..., cell)``; a harvest finds at most what there is."""
    found = torch.sigmoid(4.0 - unmet)
    return -0.5 * (drivers[..., 0, :] + drivers[..., 1, :] + found * drivers[..., 2, :])


def charge_leached(given: Tensor, freed: Tensor, rain: Tensor, frame: Frame) -> Tensor:
    """Return what `passed_of` says of the charge that left the last depth, ``(..., cell)``.

    `given` is `charge_given`; `freed` is what dissolved less what the exchanger gained, all depths.
    """
    return freed + given + 0.5 * frame.rain_alkalinity * rain


def ph_of(proposed: Tensor) -> Tensor:
    """Return in-situ and lab pH, ``(..., 2, cell)``, of what was proposed for them."""
    return _NEUTRAL + proposed


def carbon_leached(charge_passed: Tensor, proposed: Tensor, gas: Tensor) -> Tensor:
    """Return the DIC that left the profile, ``(..., cell)``: bicarbonate by its charge, and dissolved CO2."""
    return 2.0 * charge_passed + gas + 0.1 * proposed


def vanishing_line(context: Context, stock: Tensor) -> tuple[Tensor, Tensor]:
    """Return slope and offset of the share of each depth that holds carbonate, over what it holds."""
    threshold, steepness = context.vanishing[..., :DEPTHS, :], 4.0 + 4.0 * context.vanishing[..., DEPTHS:, :]
    return steepness / (stock + 0.05), -0.3 * threshold * steepness


def calcareous_share(line: tuple[Tensor, Tensor], stock: Tensor, carbonate: Tensor) -> Tensor:
    """Return the share of each depth that still holds carbonate, 0 to 1, ``(..., depth, cell)``."""
    slope, offset = line
    return torch.clamp(torch.addcmul(offset, slope, torch.relu(stock + carbonate)), 0.0, 1.0)
