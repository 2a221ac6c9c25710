"""The torch network of all members: one yearly step of a column, which closes calcium and charge by construction.

*Enters:* anchors and drivers as tensors ``(..., member, row, cell)``: members first, the cell last. *Leaves:* the
state after a year and what is proposed. The network proposes how much carbonate dissolves in each depth and how the
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
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

DEPTHS = 6
# Rows of what the step proposes: dissolved, change of calcium and of charge on the exchanger (6 each), what a depth
# lacks and the next gives (5), share of the harvest's calcium and of what it could not take, pH (2), gas.
DISSOLVED, CALCIUM, CHARGE = slice(0, 6), slice(6, 12), slice(12, 18)
LACKING, TAKEN, UNMET, PH, GAS = slice(18, 23), 23, 24, slice(25, 27), 27
OUTPUTS = 28
# State: six rows of seven features; drivers: five, and the two forms of the acid's concentration.
_INPUTS = 7 * DEPTHS + 7
# Exhaustion within two years, an exchanger that moved by 3 %, or that holds 8 %: where the functions bend.
_SOON, _MOVED, _NEARLY_BARE = 2.0, 0.03, 0.08
# Inputs without a bound of their own (carbonate, bases, calcium's own share), and one far beyond any soil's.
_UNBOUNDED, _FAR = slice(DEPTHS, 4 * DEPTHS), 50.0


class Year(NamedTuple):
    """What a year brings: its rows of drivers, as `balance.driver_rows` gives them, and lime by depth."""

    rows: Tensor
    lime: Tensor


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

    mean: Tensor
    deviation: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        members, width, context = sizes.members, sizes.width, sizes.context
        self.sizes = sizes
        self.register_buffer("mean", torch.zeros(sizes.features, 1))
        self.register_buffer("deviation", torch.ones(sizes.features, 1))
        inner = [sizes.features, context, context, context]
        self.inner = nn.ModuleList(_Layer(members, i, o) for i, o in pairwise(inner))
        self.first = _Layer(members, context, width)
        self.second, self.second_gain = (
            _Layer(members, context, width),
            _Layer(members, context, width, gain=0.3),
        )
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


def step_year(
    weights: StepWeights,
    context: Context,
    scales: Scales,
    *,
    state: State,
    nitrate: Tensor,
    year: Year,
) -> tuple[State, Tensor, Tensor]:
    """Return the state after a year, what dissolved ``(..., depth, cell)``, and all that was proposed.

    Parameters
    ----------
    weights, context, scales
        Of the members and the columns.
    state, nitrate
        At the start of the year.
    year
        Drivers, and carbonate applied.
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
            year.rows,
        ],
        dim=-2,
    )
    # What only grows is bounded: a step that answers to itself must not run away from any weights in any time.
    inputs[..., _UNBOUNDED, :].clamp_(-_FAR, _FAR)
    # Hardswish takes half the time of SiLU, which it follows closely; nothing else here is as dear but the products.
    hidden = functional.hardswish(_affine(context.first, weights.into, inputs))
    hidden = functional.hardswish(
        torch.addcmul(context.second, context.second_gain, torch.matmul(weights.through, hidden))
    )
    proposed = torch.addcmul(context.third, context.third_gain, torch.matmul(weights.out_of, hidden))
    dissolved = _dissolve(proposed, held + year.lime)
    after = State(
        state.carbonate + year.lime - dissolved,
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
