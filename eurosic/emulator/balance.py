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
from eurosic.emulator.network import CALCIUM, CHARGE, DEPTHS, GAS, PH, TAKEN, UNMET, Context, Scales

_NEUTRAL = 7.0
# mol L-1 of acid that is told from none.
_FAINT = 1e-5


def pass_nitrate(
    passing: Tensor, nitrate: Tensor, given: Tensor, shares: tuple[float, ...]
) -> tuple[Tensor, Tensor]:
    """Return nitrate by depth after a year, ``(..., depth, cell)``, and what left the last, ``(..., cell)``.

    A share of what a depth holds and receives passes on; `given` ``(..., cell)`` enters by the acid's shares.
    """
    kept: list[Tensor] = []
    above: Tensor | None = None
    for held, passes, share in zip(nitrate.unbind(-2), passing.unbind(-2), shares, strict=True):
        entered = torch.add(held, given, alpha=share) if share else held
        entered = entered if above is None else entered + above
        above = passes * entered
        kept.append(entered - above)
    return torch.stack(kept, dim=-2), above if above is not None else given


def driver_rows(drivers: Tensor, scale: Tensor, scales: Scales, frame: Frame) -> Tensor:
    """Return the step's rows of drivers, ``(..., 7, cell)``.

    `drivers` are nitrate, extra acid, export and lime in units of `scale`, ``(..., 4, cell)``; `scale` is
    ``(..., cell)``. Besides them: nitrate in moles, and the logarithm of the acid that the rain cannot meet, with and
    without the harvest's.
    """
    acid = drivers[..., 0, :] + drivers[..., 1, :] - frame.rain_alkalinity * scales.rain
    both = torch.stack([acid, acid + drivers[..., 2, :]], dim=-2) / (scales.rain.unsqueeze(-2) * _FAINT)
    faint = torch.sign(both) * torch.log1p(both.abs()) * 0.25
    return torch.cat([drivers, (drivers[..., 0, :] * scale).unsqueeze(-2), faint], dim=-2)


class Passed(NamedTuple):
    """What left each depth downwards in a year: calcium and charge, ``(..., depth, cell)``."""

    calcium: Tensor
    charge: Tensor


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
    charge = charge_given(proposed, drivers)
    rain = rain.unsqueeze(-2)
    return Passed(
        torch.cumsum(dissolved - proposed[..., CALCIUM, :] + calcium.unsqueeze(-2) * shares, dim=-2)
        + frame.rain_calcium * rain,
        torch.cumsum(dissolved - proposed[..., CHARGE, :] + charge.unsqueeze(-2) * shares, dim=-2)
        + 0.5 * frame.rain_alkalinity * rain,
    )


def charge_given(proposed: Tensor, drivers: Tensor) -> Tensor:
    """Return the charge of acid and harvest, negative, ``(..., cell)``; a harvest finds at most what there is."""
    found = torch.sigmoid(4.0 - proposed[..., UNMET, :])
    return -0.5 * (drivers[..., 0, :] + drivers[..., 1, :] + found * drivers[..., 2, :])


def charge_leached(
    proposed: Tensor, dissolved: Tensor, drivers: Tensor, *, rain: Tensor, frame: Frame
) -> Tensor:
    """Return what `passed_of` says of the charge that left the last depth, ``(..., cell)``."""
    stored = dissolved.sum(dim=-2) - proposed[..., CHARGE, :].sum(dim=-2)
    return stored + charge_given(proposed, drivers) + 0.5 * frame.rain_alkalinity * rain


def ph_of(proposed: Tensor) -> Tensor:
    """Return in-situ and lab pH, ``(..., 2, cell)``."""
    return _NEUTRAL + proposed[..., PH, :]


def carbon_leached(charge_passed: Tensor, proposed: Tensor, gas: Tensor) -> Tensor:
    """Return the DIC that left the profile, ``(..., cell)``: bicarbonate by its charge, and dissolved CO2."""
    return 2.0 * charge_passed + gas + 0.1 * proposed[..., GAS, :]


def calcareous_share(context: Context, stock: Tensor, carbonate: Tensor) -> Tensor:
    """Return the share of each depth that still holds carbonate, 0 to 1, ``(..., depth, cell)``."""
    left = torch.relu(stock + carbonate) / (stock + 0.05)
    threshold, steepness = context.vanishing[..., :DEPTHS, :], context.vanishing[..., DEPTHS:, :]
    return torch.clamp((left - 0.3 * threshold) * (4.0 + 4.0 * steepness), 0.0, 1.0)
