"""Columns of the training design, of Europe's real cells, and columns that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eurosic.base.flags import Status
from eurosic.base.signature import Columns
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STANDARD_DEPTHS, STATES
from eurosic.simulator.simulate import Simulator
from eurosic.workflow.designing import columns_of
from eurosic.workflow.ensemble import set_up_ensemble
from eurosic.workflow.setup import set_up

SIGNATURE = Simulator().signature
RECIPES = Path(__file__).resolve().parents[2] / "recipes"
THICKNESS = np.diff(STANDARD_DEPTHS, axis=1)[:, 0]
Mask = NDArray[np.bool_]


def designed() -> Columns:
    """Return the columns of the European ensemble's recipe, without simulating them."""
    setup = set_up_ensemble(RECIPES / "ensembles" / "europe.yaml")
    return columns_of(setup.design, setup.trajectories).columns


def european(data: Path, recipe: str = "europe-10km.yaml") -> Columns:
    """Return the columns of every study cell of a recipe, along all of its pathways."""
    setup = set_up(RECIPES / recipe, data=data)
    dense = {name: layer.to_numpy() for name, layer in setup.layers().items()}
    study = setup.marking.status(dense) == Status.PREDICTED
    y, x = np.meshgrid(setup.grid.y, setup.grid.x, indexing="ij")
    layers = {name: np.moveaxis(values, (-2, -1), (0, 1))[study] for name, values in dense.items()}
    rows = setup.derive(layers, y[study], x[study])
    return setup.forcing((0,))(rows, SIGNATURE)


def rows_of(columns: Columns, rows: NDArray[np.intp]) -> Columns:
    """Return some of the cells."""
    return Columns(
        columns.covariates[rows], columns.state[rows], columns.baseline[rows], columns.forcing[:, rows]
    )


def covariate(columns: Columns, name: str) -> NDArray[np.float64]:
    """Return a covariate, ``(cell,)``."""
    return columns.covariates[:, list(COVARIATES).index(name)]


def driver(columns: Columns, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a driver before the start ``(cell,)`` and in the first pathway ``(cell, year)``."""
    i = list(DRIVERS).index(name)
    return columns.baseline[:, i], columns.forcing[0, :, :, i]


def impossible(columns: Columns, rng: np.random.Generator) -> dict[str, tuple[Columns, Mask]]:
    """Return columns whose parts come from different ones, and which of them break a law of soils, by what was mixed.

    Each part by itself is one that was trained; a column breaks a law by more than a measurement could be wrong.
    """
    kinds: dict[str, tuple[Callable[[], Columns], Callable[[Columns], Mask]]] = {
        "porosity | bulk density": (lambda: _covariate(columns, "porosity", rng), _wrong_porosity),
        "field capacity | wilting point": (lambda: _covariate(columns, "field_capacity", rng), _no_water),
        "air | pores": (lambda: _covariate(columns, "air_porosity", rng), _no_pores),
        "CEC slope | CEC": (lambda: _covariate(columns, "cec_ph_slope", rng), _wrong_slope),
        "drainage | precipitation": (lambda: _driver(columns, "drainage", rng), _more_than_rain),
        "carbonate by depth": (lambda: _profile(columns, "sic", rng, whole=False), _upside_down),
        "bases by depth": (lambda: _profile(columns, "base_saturation", rng, whole=False), _acid_below),
        "bases | carbonate": (
            lambda: _profile(columns, "base_saturation", rng, whole=True),
            _acid_in_calcite,
        ),
        "temperature before | after": (lambda: _before(columns, "temperature", rng), _jump),
    }
    return {name: (mixed := make(), breaks(mixed)) for name, (make, breaks) in kinds.items()}


def _covariate(columns: Columns, name: str, rng: np.random.Generator) -> Columns:
    covariates, i = columns.covariates.copy(), list(COVARIATES).index(name)
    covariates[:, i] = rng.permutation(covariates[:, i])
    return Columns(covariates, columns.state, columns.baseline, columns.forcing)


def _driver(columns: Columns, name: str, rng: np.random.Generator) -> Columns:
    baseline, forcing, i = columns.baseline.copy(), columns.forcing.copy(), list(DRIVERS).index(name)
    order = rng.permutation(len(baseline))
    baseline[:, i], forcing[..., i] = baseline[order, i], forcing[..., i][:, order]
    return Columns(columns.covariates, columns.state, baseline, forcing)


def _before(columns: Columns, name: str, rng: np.random.Generator) -> Columns:
    baseline, i = columns.baseline.copy(), list(DRIVERS).index(name)
    baseline[:, i] = rng.permutation(baseline[:, i])
    return Columns(columns.covariates, columns.state, baseline, columns.forcing)


def _profile(columns: Columns, name: str, rng: np.random.Generator, *, whole: bool) -> Columns:
    state, i = columns.state.copy(), list(STATES).index(name)
    order = rng.permutation(len(state))
    for depth in range(state.shape[1]):
        order = order if whole else rng.permutation(len(state))
        state[:, depth, i] = state[order, depth, i]
    return Columns(columns.covariates, state, columns.baseline, columns.forcing)


def _wrong_porosity(columns: Columns) -> Mask:
    # 1 - density / 2.65 g cm-3, more than 0.02 off.
    ideal = 1.0 - covariate(columns, "bulk_density") / 2.65
    return np.abs(covariate(columns, "porosity") - ideal) > 0.02


def _no_water(columns: Columns) -> Mask:
    return covariate(columns, "field_capacity") < covariate(columns, "wilting_point")


def _no_pores(columns: Columns) -> Mask:
    held = covariate(columns, "air_porosity") + covariate(columns, "wilting_point")
    return held > covariate(columns, "porosity")


def _wrong_slope(columns: Columns) -> Mask:
    share = covariate(columns, "cec_ph_slope") / (10.0 * covariate(columns, "cec_topsoil"))
    return (share < 0.10) | (share > 0.32)


def _more_than_rain(columns: Columns) -> Mask:
    return driver(columns, "drainage")[0] > driver(columns, "precipitation")[0]


def _upside_down(columns: Columns) -> Mask:
    # Carbonate, kg m-3, falls downwards within topsoil or subsoil by half, or rises sevenfold below it.
    held = columns.state[:, :, 0] / THICKNESS
    falls = held[:, :-1] > np.array([1.5, 1.5, 4.5, 1.5, 1.5]) * held[:, 1:] + 0.1
    return falls.any(axis=1) | ((held[:, 3] > 7.0 * held[:, 2] + 0.1) & (held[:, 2] > 0.0))


def _acid_below(columns: Columns) -> Mask:
    return (np.diff(columns.state[:, :, 1], axis=1) < -0.05).any(axis=1)


def _acid_in_calcite(columns: Columns) -> Mask:
    held = columns.state[:, :3, 0] / THICKNESS[:3]
    full = (held >= 0.999 * held[:, 2:]) & (held[:, 2:] > 0.01)
    return (full & (columns.state[:, :3, 1] < 0.9)).any(axis=1)


def _jump(columns: Columns) -> Mask:
    before, after = driver(columns, "temperature")
    return np.abs(before - after[:, 0]) > 1.0
