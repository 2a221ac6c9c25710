"""Members become an emulator: their weights side by side, and what they say of simulations they have not seen.

*Enters:* trained members, a lesson, simulations of it. *Leaves:* a network, predicted targets with the members'
deviation, rolled-out fluxes. Must not fit anything: calibration and domain do. *Source:* DESIGN.md section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from eurosic.base.signature import Columns
from eurosic.emulator.data import Lesson
from eurosic.emulator.features import Frame
from eurosic.emulator.network import Network, Sizes
from eurosic.emulator.predict import Emulator
from eurosic.emulator.rollout import Rows, gather, named, roll, scales_of
from eurosic.emulator.train import Trained

Array = NDArray[np.floating]

# Rows of features' normalisation belong to all members.
_SHARED = ("mean", "deviation")
_BATCH = 1024
# Of what passes in a year, in the network's units: what moves less than this closes to nothing.
_LITTLE = 1e-2
_FLUXES = ("dissolved", "calcium", "charge", "calcium_passed", "charge_passed")
_IN_CHARGE = ("charge", "charge_passed")


def network_of_members(trained: Sequence[Trained]) -> Network:
    """Return the network of all members, made of their best weights."""
    first = trained[0].weights
    _, width, _ = first["through"].shape
    _, context, features = first["inner.0.weight"].shape
    network = Network(Sizes(len(trained), features, context, width))
    joined = {
        name: values if name in _SHARED else np.concatenate([member.weights[name] for member in trained])
        for name, values in first.items()
    }
    network.load_state_dict({name: torch.from_numpy(values) for name, values in joined.items()})
    return network.eval()


def columns_at(lesson: Lesson, which: NDArray[np.int64]) -> Columns:
    """Return the columns of some simulations, one pathway."""
    c = lesson.columns
    return Columns(c.covariates[which], c.state[which], c.baseline[which], c.forcing[:, which])


def one_a_column(lesson: Lesson, which: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Return one simulation of each column among some: a column and its counterpart err alike, and count once."""
    shuffled = np.random.default_rng([seed, 4]).permutation(which)
    _, first = np.unique(lesson.column[shuffled], return_index=True)
    return np.sort(shuffled[first])


def predicted(emulator: Emulator, lesson: Lesson, which: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return mean and standard deviation of the members for some simulations, ``(simulation, year, target)``."""
    values, deviation = emulator.predict_members(columns_at(lesson, which))
    return values[0], deviation[0]


@dataclass(frozen=True)
class Fluxes:
    """Fluxes by name, mean of the members, ``(simulation, year, depth)``, mol m-2 yr-1; and how well they close.

    `closure` is the largest balance error of a depth over all years, relative to what was exchanged in them.
    """

    predicted: dict[str, NDArray[np.float32]]
    true: dict[str, NDArray[np.float32]]
    closure: float


def fluxes_of(network: Network, lesson: Lesson, which: NDArray[np.int64]) -> Fluxes:
    """Return the fluxes that roll-outs of some simulations make, beside those of the simulator."""
    parts = [_fluxes(network, lesson, which[i : i + _BATCH]) for i in range(0, len(which), _BATCH)]
    return Fluxes(
        {name: np.concatenate([part.predicted[name] for part in parts]) for name in _FLUXES},
        {name: np.concatenate([part.true[name] for part in parts]) for name in _FLUXES},
        max(part.closure for part in parts),
    )


def _fluxes(network: Network, lesson: Lesson, which: NDArray[np.int64]) -> Fluxes:
    each = np.broadcast_to(which, (network.sizes.members, len(which)))
    with torch.inference_mode():
        anchored = scales_of(lesson.anchors, each, "cpu")
        rows = gather(lesson, each, 0, lesson.years, "cpu")
        told, _ = roll(network, anchored, rows, lesson.frame)
        true = named(rows[1:])
        scale = anchored[1][0]
        closure = balance_error(told, named(rows[0]), lesson.frame)

    def arranged(values: torch.Tensor, name: str) -> NDArray[np.float32]:
        unit = scale * (2.0 if name in _IN_CHARGE else 1.0)
        return np.asarray((values * unit).permute(2, 0, 1).numpy())

    return Fluxes(
        {name: arranged(told[name].mean(dim=1), name) for name in _FLUXES},
        {name: arranged(true[name][:, 0], name) for name in _FLUXES},
        closure,
    )


def balance_error(told: Rows, start: Rows, frame: Frame) -> float:
    """Return the largest error of a depth's balances, carbonate, calcium and charge, relative to what passed in it.

    Over all years: what dissolved is what is gone of carbonate and lime; what dissolved, came from above and was
    given is what left and what was stored. `start` is the state before the first year. Summed in double precision.
    """
    lime = told["drivers"][..., 3:4, :] * torch.tensor(frame.lime_shares).unsqueeze(-1)
    dissolved, limed = told["dissolved"].double().sum(dim=0), lime.double().sum(dim=0)
    gone = start["carbonate"].double() - told["carbonate"][-1].double() + limed
    turned = told["dissolved"].abs().double().sum(dim=0)
    errors = [(gone - dissolved).abs() / (turned + limed + _LITTLE)]
    for name in ("calcium", "charge"):
        passed, given = (told[f"{name}_{way}"].double().sum(dim=0) for way in ("passed", "given"))
        above = functional.pad(passed[..., :-1, :], (0, 0, 1, 0))
        stored = told[name][-1].double() - start[name].double()
        through = sum(told[f"{name}_{way}"].abs().double().sum(dim=0) for way in ("passed", "given"))
        exchanged = torch.diff(told[name].double(), dim=0).abs().sum(dim=0)
        wrong = (dissolved + above + given - passed - stored).abs()
        errors.append(wrong / (through + turned + exchanged + _LITTLE))
    return max(float(error.max()) for error in errors)
