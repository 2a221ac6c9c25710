"""A tiny ensemble of the simulator, tiny networks with random weights, and columns as wide as the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from eurosic.base.signature import Columns, Signature, names
from eurosic.base.vocabulary import COVARIATES, STANDARD_DEPTHS, Variable
from eurosic.emulator.data import Lesson
from eurosic.emulator.features import Anchors, Frame
from eurosic.emulator.network import Network, Sizes
from eurosic.emulator.predict import Emulator
from eurosic.simulator.ensemble import entering, simulate_columns
from eurosic.simulator.marginals import Kept
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.sampling import Design, sobol_design
from eurosic.simulator.trajectory_kinds import draw_trajectories, with_counterparts
from eurosic.workflow.designing import Judging, columns_of, soil_of

Array = NDArray[np.float64]

# Kinds in equal shares: few columns must hold each.
_SHARES = {"step": 0.25, "ramp": 0.25, "step_up": 0.25, "zero": 0.25}


class Made(NamedTuple):
    """An ensemble's arrays, the columns as they stood at the seam, and the frame."""

    arrays: Mapping[str, NDArray[np.generic]]
    columns: Columns
    frame: Frame


def make_ensemble(columns: int = 24, *, years: int = 12, seed: int = 3, spin_up: int = 20) -> Made:
    """Simulate designed columns, each followed by its counterpart."""
    options = SimulatorOptions(spin_up=spin_up)
    drawn = sobol_design(columns, seed=seed, ranges={}, keep=Judging(Kept(), False))
    column = np.repeat(np.arange(columns), 2)
    design = Design({name: values[column] for name, values in drawn.values.items()}, drawn.tried)
    moving = with_counterparts(draw_trajectories(columns, years, seed=seed, shares=_SHARES))
    made = columns_of(design, moving).columns
    soil = soil_of(design.values)
    told = {name: soil[name] for name in COVARIATES} | {"trajectory": moving.kind, "column": column}
    return Made({**simulate_columns(options, made), **told}, made, frame_of(options))


def frame_of(options: SimulatorOptions) -> Frame:
    """The frame that an ensemble of these options tells."""
    told = entering(options)
    return Frame(
        acid_shares=tuple(told["acid_shares"]),
        lime_shares=tuple(told["lime_shares"]),
        rain_calcium=told["rain_calcium"],
        rain_alkalinity=told["rain_alkalinity"],
        spin_up=told["spin_up_years"],
    )


def random_network(features: int, *, members: int = 1, seed: int = 0, gain: float = 1.0) -> Network:
    """Tiny networks whose weights are `gain` times as large as at the start of a training, biases too."""
    torch.manual_seed(seed)
    network = Network(Sizes(members, features, 8, 8))
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.1 * torch.randn_like(weights)).mul_(gain)
    return network.eval()


def random_emulator(lesson: Lesson, *, members: int = 2, seed: int = 0, gain: float = 0.4) -> Emulator:
    """An emulator of random weights, its features normalised by those of the lesson."""
    network = random_network(len(lesson.anchors.features), members=members, seed=seed, gain=gain)
    network.mean.copy_(torch.from_numpy(lesson.anchors.features.mean(axis=1, keepdims=True)))
    network.deviation.copy_(torch.from_numpy(lesson.anchors.features.std(axis=1, keepdims=True) + 1e-3))
    return Emulator("tiny", "0" * 64, Path(), lesson.signature, network, lesson.frame)


def random_anchors(cells: int, *, features: int, seed: int) -> Anchors:
    """Anchors that no closed form gave, in and out of every domain; a depth in four holds no carbonate."""
    rng = np.random.default_rng(seed)

    def wide(low: float, high: float, *shape: int) -> Array:
        return np.exp(rng.uniform(np.log(low), np.log(high), shape))

    depths = len(STANDARD_DEPTHS)
    return Anchors(
        features=rng.normal(0.0, 3.0, (features, cells)),
        scale=wide(0.05, 5.0, cells),
        stock=wide(1e-3, 1e4, depths, cells) * (rng.random((depths, cells)) < 0.75),
        saturation=rng.random((depths, cells)),
        exchange=wide(1e-4, 1.0, depths, cells),
        dilution=wide(1e-3, 1e2, depths, cells),
        rain=wide(50.0, 1e4, cells),
        gas=wide(1e-3, 1.0, cells),
    )


def random_drivers(cells: int, years: int, *, seed: int) -> Array:
    """Nitrate, extra acid, export and lime, ``(year, driver, cell)``: noise, steps and pauses; lime in few years."""
    rng = np.random.default_rng(seed)
    noise = rng.random((years, 4, cells)) * np.array([1.0, 1.0, 0.5, 5.0])[:, None]
    noise[:, 1] -= 0.5
    noise[: years // 2] *= rng.random((4, cells)) < 0.7
    noise[:, 3] *= rng.random((years, cells)) < 0.1
    return noise


def widest_columns(signature: Signature, cells: int, *, years: int, seed: int, variants: int = 1) -> Columns:
    """Columns of which each value lies anywhere in its valid range, drivers that change every year."""
    rng = np.random.default_rng(seed)

    def between(variables: tuple[Variable, ...], *shape: int) -> Array:
        low, high = np.array([(v.valid_min, v.valid_max) for v in variables]).T
        return low + (high - low) * rng.random((*shape, len(variables))) ** 3

    return Columns(
        between(signature.covariates, cells),
        between(signature.states, cells, len(STANDARD_DEPTHS)),
        between(signature.drivers, cells),
        between(signature.drivers, variants, cells, years),
    )


def taken(columns: Columns, cells: NDArray[np.intp] | slice, variants: slice = slice(None)) -> Columns:
    """Some of the cells, in that order, along some of the variants."""
    return Columns(
        columns.covariates[cells],
        columns.state[cells],
        columns.baseline[cells],
        columns.forcing[variants][:, cells],
    )


def forced(columns: Columns, signature: Signature, **factors: Array) -> Columns:
    """Columns with a driver's forcing multiplied, by name; factors broadcast to ``(variant, cell, year)``."""
    forcing = columns.forcing.copy()
    for name, factor in factors.items():
        forcing[..., names(signature.drivers).index(name)] *= factor
    return replace(columns, forcing=forcing)
