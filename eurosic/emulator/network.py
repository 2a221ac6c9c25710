"""The torch network of all members: one yearly step of a column, which closes calcium and charge by construction.

*Enters:* anchors and drivers as tensors ``(..., member, row, cell)``: members first, the cell last. *Leaves:* the
state after a year and what passed. The network proposes how much carbonate dissolves in each depth and how the
exchanger changes; what leaves a depth is what is left over, so that no proposal can break a balance: carbonate
never falls below zero (what a depth lacks is asked of the next), nitrate moves by shares between 0 and 1, and
calcium and charge leave as dissolved + from above + given - taken - stored. Amounts are in units of
`features.Anchors.scale`, charge in twice that.

Two parts share the work. The *context* reads what a column is, once, and may be wide; the *step* reads the state,
every year, and must be small. The context sets the bias and the gain of the step's layers for each column.
*Source:* DESIGN.md section 3; SCIENCE.md 2.4, 2.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from eurosic.emulator.features import Frame

DEPTHS = 6
# Rows of what the step proposes: dissolved, change of calcium and of charge on the exchanger (6 each), what a depth
# lacks and the next gives (5), share of the harvest's calcium and of what it could not take, pH (2), gas.
DISSOLVED, CALCIUM, CHARGE = slice(0, 6), slice(6, 12), slice(12, 18)
LACKING, TAKEN, UNMET, PH, GAS = slice(18, 23), 23, 24, slice(25, 27), 27
OUTPUTS = 28
# State: six rows of seven features; drivers: five, and the two forms of the acid's concentration.
_INPUTS = 7 * DEPTHS + 7
_NEUTRAL = 7.0
# Exhaustion within two years, an exchanger that moved by 3 %, or that holds 8 %: where the functions bend.
_SOON, _MOVED, _NEARLY_BARE = 2.0, 0.03, 0.08
# mol L-1 of acid that is told from none.
_FAINT = 1e-5


class State(NamedTuple):
    """Since the start: carbonate, calcium and charge of the exchanger and its water, each ``(..., depth, cell)``."""

    carbonate: Tensor
    calcium: Tensor
    charge: Tensor


class Scales(NamedTuple):
    """Anchors as the step reads them, each ``(..., row, cell)`` or, `rain` and `gas`, ``(..., cell)``."""

    stock: Tensor
    saturation: Tensor
    exchange: Tensor
    dilution: Tensor
    shortage: Tensor
    rain: Tensor
    gas: Tensor


class Context(NamedTuple):
    """What a column is to the step: biases and gains of its layers, and how nitrate passes and carbonate goes."""

    first: Tensor
    second: Tensor
    second_gain: Tensor
    third: Tensor
    third_gain: Tensor
    passing: Tensor
    vanishing: Tensor


@dataclass(frozen=True)
class Sizes:
    """Members, features of the context, widths of context and step."""

    members: int
    features: int
    context: int = 128
    width: int = 40


class _Layer(nn.Module):
    """A dense layer of every member: weights ``(member, out, in)``."""

    def __init__(self, members: int, inputs: int, outputs: int, *, gain: float = 1.4) -> None:
        super().__init__()
        spread = gain / math.sqrt(inputs)
        self.weight = nn.Parameter((2.0 * torch.rand(members, outputs, inputs) - 1.0) * spread)
        self.bias = nn.Parameter(torch.zeros(members, outputs, 1))

    def forward(self, values: Tensor) -> Tensor:
        return torch.matmul(self.weight, values) + self.bias


def _weights(members: int, inputs: int, outputs: int) -> nn.Parameter:
    return nn.Parameter((2.0 * torch.rand(members, outputs, inputs) - 1.0) * 1.4 / math.sqrt(inputs))


class Network(nn.Module):
    """The networks of all members side by side, and how features are normalised."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        members, width, context = sizes.members, sizes.width, sizes.context
        self.sizes = sizes
        self.register_buffer("mean", torch.zeros(sizes.features, 1))
        self.register_buffer("deviation", torch.ones(sizes.features, 1))
        inner = [sizes.features, context, context, context]
        self.inner = nn.ModuleList(_Layer(members, i, o) for i, o in zip(inner[:-1], inner[1:], strict=True))
        self.first = _Layer(members, context, width)
        self.second, self.second_gain = _Layer(members, context, width), _Layer(members, context, width, gain=0.3)
        self.third = _Layer(members, context, OUTPUTS, gain=0.3)
        self.third_gain = _Layer(members, context, OUTPUTS, gain=0.3)
        self.passing = _Layer(members, context, DEPTHS, gain=0.4)
        self.vanishing = _Layer(members, context, 2 * DEPTHS, gain=0.3)
        self.into, self.through = _weights(members, _INPUTS, width), _weights(members, width, width)
        self.out_of = _weights(members, width, OUTPUTS)

    def context(self, features: Tensor) -> Context:
        """Return the context of columns from their features, ``(..., feature, cell)``, not yet normalised."""
        # Far outside, a feature says no more than that it is outside: the domain masks such cells.
        inner = torch.clamp((features - self.mean) / self.deviation, -6.0, 6.0)
        for layer in self.inner:
            inner = functional.silu(layer(inner))
        return Context(
            self.first(inner),
            self.second(inner),
            1.0 + self.second_gain(inner),
            self.third(inner),
            1.0 + self.third_gain(inner),
            torch.sigmoid(self.passing(inner)),
            self.vanishing(inner),
        )

    def of(self, member: int) -> Network:
        """Return the network of one member alone, its members' axis of length one; weights are shared."""
        alone = Network(replace(self.sizes, members=1))
        for (_, mine), (_, its) in zip(alone.named_parameters(), self.named_parameters(), strict=True):
            mine.data = its.data[member : member + 1]
        alone.mean, alone.deviation = self.mean, self.deviation
        return alone

    def member(self, which: int) -> StepWeights:
        """Return the step's weights of one member, without the members' axis."""
        return StepWeights(self.into[which], self.through[which], self.out_of[which])

    @property
    def step(self) -> StepWeights:
        """The step's weights of all members."""
        return StepWeights(self.into, self.through, self.out_of)


class StepWeights(NamedTuple):
    """The weights that every year needs."""

    into: Tensor
    through: Tensor
    out_of: Tensor


def pass_nitrate(passing: Tensor, nitrate: Tensor, given: Tensor, shares: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Return the nitrate of every depth after a year, ``(..., depth, cell)``, and what left the last, ``(..., cell)``.

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


def step_year(
    weights: StepWeights, context: Context, scales: Scales, *, state: State, nitrate: Tensor, rows: Tensor, lime: Tensor
) -> tuple[State, Tensor, Tensor]:
    """Return the state after a year, what dissolved ``(..., depth, cell)``, and all that was proposed.

    Parameters
    ----------
    weights, context, scales
        Of the members and the columns.
    state, nitrate
        At the start of the year.
    rows
        Drivers of the year, as `driver_rows` gives them.
    lime
        Carbonate applied, by depth.
    """
    held = torch.relu(scales.stock + state.carbonate)
    moved = state.charge * scales.exchange
    bases = torch.relu(scales.saturation + moved)
    # Calcium's own share of the exchanger moves little beside the charge: it is told eightfold.
    apart = (state.charge - state.calcium) * (8.0 * scales.exchange)
    inputs = torch.cat(
        [
            held / (held + _SOON),
            held * scales.shortage,
            bases,
            apart,
            nitrate * scales.dilution,
            moved / (moved.abs() + _MOVED),
            bases / (bases + _NEARLY_BARE),
            rows,
        ],
        dim=-2,
    )
    hidden = functional.silu(_affine(context.first, weights.into, inputs))
    hidden = functional.silu(torch.addcmul(context.second, context.second_gain, torch.matmul(weights.through, hidden)))
    proposed = torch.addcmul(context.third, context.third_gain, torch.matmul(weights.out_of, hidden))
    dissolved = _dissolve(proposed, held + lime)
    after = State(
        state.carbonate + lime - dissolved,
        state.calcium + proposed[..., CALCIUM, :],
        state.charge + proposed[..., CHARGE, :],
    )
    return after, dissolved, proposed


def _dissolve(proposed: Tensor, available: Tensor) -> Tensor:
    """Return what dissolves in each depth: what is proposed, at most what there is; the next makes up for a share."""
    # Views are taken all at once: at this size a view costs as much as the arithmetic on it.
    asked, there = proposed[..., DISSOLVED, :].unbind(-2), available.unbind(-2)
    shares = torch.sigmoid(proposed[..., LACKING, :]).unbind(-2)
    given = [torch.minimum(asked[0], there[0])]
    wanted = asked[0]
    for below, (more, most, share) in enumerate(zip(asked[1:], there[1:], shares, strict=True)):
        wanted = torch.addcmul(more, share, wanted - given[below])
        given.append(torch.minimum(wanted, most))
    return torch.stack(given, dim=-2)


def _affine(bias: Tensor, weight: Tensor, values: Tensor) -> Tensor:
    return torch.addmm(bias, weight, values) if values.dim() == 2 else torch.baddbmm(bias, weight, values)


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
    """Return the charge that acid and harvest bring, negative, ``(..., cell)``; a harvest finds at most what there is."""
    found = torch.sigmoid(4.0 - proposed[..., UNMET, :])
    return -0.5 * (drivers[..., 0, :] + drivers[..., 1, :] + found * drivers[..., 2, :])


def charge_leached(proposed: Tensor, dissolved: Tensor, drivers: Tensor, *, rain: Tensor, frame: Frame) -> Tensor:
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
