"""What a roll-out is worth: its errors in every row, in the sums that are reported, and in what tells a pair apart.

*Enters:* predicted and true rows by name, ``(year, member, row, simulation)``, pairs of simulations side by side.
*Leaves:* one number, the members' losses added. It must not know what a row means to soil: it weighs them.
*Source:* Huber (1964), Ann. Math. Stat. 35, 73-101, for errors that count linearly beyond a bend.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from eurosic.emulator.rollout import Rows

# What each row's error weighs, and the error beyond which it counts linearly, in the network's units.
_WEIGHTS: dict[str, tuple[float, float]] = {
    "carbonate": (1.0, 0.1), "calcium": (0.3, 0.15), "charge": (0.3, 0.15), "nitrate": (0.5, 0.05),
    "dissolved": (0.5, 0.05), "calcium_passed": (0.5, 0.05), "charge_passed": (0.5, 0.05), "calcareous": (0.1, 0.1),
    "ph": (2.0, 0.05), "carbon_leached": (0.5, 0.05), "nitrate_leached": (0.5, 0.03),
}  # fmt: skip
# The changes to 0.3, 1 and 2 m, and what tells a pair apart: the number that the mission is about.
_SUMS, _DIFFERENCE = (2.0, 0.1), (3.0, 0.025)
# Errors of a state grow with the square root of time: they are weighed against it from this year on.
_GROWTH = 5.0
_STATES = ("carbonate", "calcium", "charge")


def sum_of_losses(predicted: Rows, true: Rows, known: tuple[str, ...]) -> Tensor:
    """Return the loss of a roll-out, all members added; simulations are in pairs, side by side.

    Both are rows by name, ``(year, member, row, simulation)``, from the year after the start on.
    """
    years = len(true["carbonate"])
    since = torch.arange(1, years + 1, dtype=torch.float32, device=true["carbonate"].device).reshape(
        -1, 1, 1, 1
    )
    grown = torch.rsqrt(_GROWTH * since)
    total = torch.zeros((), device=since.device)
    for name in known:
        if name in _WEIGHTS:
            weight, bend = _WEIGHTS[name]
            wrong = predicted[name] - true[name]
            total = total + weight * _mean_huber(wrong * grown if name in _STATES else wrong, bend)
    sums = _sums(predicted["carbonate"] - true["carbonate"])
    apart = sums[..., 0::2] - sums[..., 1::2]
    return (
        total
        + _SUMS[0] * _mean_huber(sums * grown, _SUMS[1])
        + _DIFFERENCE[0] * _mean_huber(apart * grown, _DIFFERENCE[1])
    )


def _sums(by_depth: Tensor) -> Tensor:
    """Return sums to 0.3, 1 and 2 m, ``(..., 3, simulation)``."""
    return torch.stack([by_depth[..., :to, :].sum(dim=-2) for to in (3, 5, 6)], dim=-2)


def _mean_huber(wrong: Tensor, bend: float) -> Tensor:
    # Members are trained side by side and must not see each other: their means are added, not averaged.
    means: Tensor = functional.huber_loss(wrong, torch.zeros_like(wrong), delta=bend, reduction="none")
    return means.mean(dim=(0, 2, 3)).sum() / bend
