"""A predictor with a known formula, a small world to project it on, and a scheduler that refuses to compute.

SIC falls by ``rate`` kg m-2 per mole of nitrate leached, in 0-30 cm, at most to zero; every other target is a
plain function of the drivers, so that any test can say by hand what a projection must give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.flags import Status
from eurosic.base.grid import Grid
from eurosic.base.provenance import digest_of
from eurosic.base.signature import Columns, Prediction, Predictor, Signature, check_columns
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STANDARD_DEPTHS, STATES, TARGETS
from eurosic.projection.marking import Marking

GRID = Grid("EPSG:3035", 10_000.0, 4_000_000.0, 3_000_000.0, 40, 30)
RATE = 0.05
_SHARES = ("arable_fraction", "calcareous_probability")


@dataclass(frozen=True)
class ToyPredictor:
    """SIC change = -rate x nitrate leached so far, until the topsoil is empty."""

    rate: float = RATE
    fails_above: float = np.inf

    name: str = "toy"
    digest: str = "toy"

    @property
    def signature(self) -> Signature:
        """One covariate, one driver of interest, all targets."""
        return Signature(
            (COVARIATES["bulk_density"],),
            (STATES["sic"],),
            (DRIVERS["nitrate_leached"],),
            tuple(TARGETS.values()),
        )

    @property
    def has_spread(self) -> bool:
        """The toy gives one value."""
        return False

    def predict(self, columns: Columns) -> Prediction:
        """Return the closed form."""
        check_columns(columns, self.signature, self.name)
        leached = columns.forcing[..., 0]
        stock = columns.state[:, :3, 0].sum(axis=1)
        change = np.maximum(-self.rate * np.cumsum(leached, axis=2), -stock[None, :, None])
        values = np.zeros((*columns.shape, len(TARGETS)))
        for i, name in enumerate(TARGETS):
            if name.startswith("sic_change"):
                values[..., i] = change
            elif name.startswith("ph_"):
                values[..., i] = 7.0
            elif name == "nitrate_leaching":
                values[..., i] = 0.014 * leached
            elif name == "regime":
                values[..., i] = np.where(change <= -stock[None, :, None], 2, 0)
        converged = columns.covariates[:, 0] <= self.fails_above
        values[:, ~converged] = np.nan
        return Prediction(values, converged)

    def inside(self, columns: Columns) -> NDArray[np.bool_]:
        """Return True everywhere."""
        return np.ones(columns.covariates.shape[0], dtype=bool)


@dataclass(frozen=True)
class ToyEmulator:
    """Another predictor's answer, wrong by a known share of each value, with a domain and perhaps a spread.

    A cell is inside where its first covariate is at most `limit`; `spread` is the half-width of every value.
    """

    inner: Predictor = field(default_factory=ToyPredictor)
    bias: float = 0.0
    spread: float | None = None
    limit: float = np.inf

    name: str = "toy-emulator"

    @property
    def digest(self) -> str:
        """All that decides its numbers."""
        return digest_of([self.name, self.inner.digest, self.bias, self.spread, str(self.limit)])

    @property
    def signature(self) -> Signature:
        """That of the predictor within."""
        return self.inner.signature

    @property
    def has_spread(self) -> bool:
        """Whether there is a spread."""
        return self.spread is not None

    def predict(self, columns: Columns) -> Prediction:
        """Return the answer of the predictor within, times one plus the bias; flags as they are."""
        found = self.inner.predict(columns)
        values = found.values.copy()
        numbers = [i for i, target in enumerate(self.signature.targets) if not target.flags]
        values[..., numbers] *= 1.0 + self.bias
        spread = None
        if self.spread is not None:
            spread = np.full(values.shape, np.nan)
            spread[..., numbers] = self.spread
        return Prediction(values, found.converged, spread)

    def inside(self, columns: Columns) -> NDArray[np.bool_]:
        """Return whether the first covariate is at most the limit."""
        return np.asarray(columns.covariates[:, 0] <= self.limit)


@dataclass(frozen=True)
class ToyForcing:
    """Every variant leaches its factor times the cell's own nitrate."""

    factors: tuple[float, ...]
    years: int

    def __call__(self, rows: Mapping[str, NDArray[np.generic]], signature: Signature) -> Columns:
        """Return columns of the signature's shape."""
        leached = np.asarray(rows["nitrate_leached"], dtype=float)
        factors = np.array(self.factors)[:, None, None, None]
        forcing = factors * np.repeat(leached[None, :, None, None], self.years, axis=2)
        return Columns(
            covariates=np.asarray(rows["bulk_density"], dtype=float)[:, None],
            state=np.asarray(rows["sic"], dtype=float)[:, :, None],
            baseline=leached[:, None],
            forcing=forcing,
        )


def toy_rows(cells: int, seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """Return rows of a cell table as the toy reads them."""
    rng = np.random.default_rng(seed)
    return {
        "bulk_density": rng.uniform(1.0, 1.6, cells),
        "sic": rng.uniform(0.0, 2.0, (cells, len(STANDARD_DEPTHS))),
        "nitrate_leached": rng.uniform(0.0, 0.5, cells),
        "country": rng.choice(np.array([40, 250], dtype=np.int16), cells),
        "calcareous_arable_area": rng.uniform(1e5, 1e8, cells),
        "y": rng.uniform(2e6, 3e6, cells),
        "x": rng.uniform(4e6, 5e6, cells),
    }


def toy_inputs(path: Path, seed: int = 0, share: float = 0.3) -> Path:
    """Write the dense inputs of a small world, a share of whose cells are study cells."""
    rng = np.random.default_rng(seed)
    group = zarr.create_group(path)
    study = rng.random(GRID.shape) < share
    layers = {
        "country": np.where(np.arange(GRID.columns) < 20, 40, 250) * np.ones(GRID.shape, dtype=np.int16),
        "arable_fraction": np.where(study, rng.uniform(0.05, 0.9, GRID.shape), 0.0).astype(np.float32),
        "calcareous_probability": rng.uniform(0.5, 1.0, GRID.shape).astype(np.float32),
        "mineral_n": rng.uniform(0.0, 200.0, GRID.shape).astype(np.float32),
        "carbonate": rng.uniform(0.0, 20.0, GRID.shape).astype(np.float32),
    }
    for name, values in layers.items():
        group.create_array(name, data=values, chunks=(16, 16))
    return path


def _toy_status(layers: Mapping[str, NDArray[np.generic]]) -> NDArray[np.int8]:
    return np.where(layers["arable_fraction"] > 0, Status.PREDICTED, Status.SEA).astype(np.int8)


TOY_MARKING = Marking(_toy_status, {0: "predicted", 2: "sea"})


def toy_derive(
    layers: Mapping[str, NDArray[np.generic]], y: NDArray[np.float64], x: NDArray[np.float64]
) -> dict[str, NDArray[np.generic]]:
    """Derive the toy's columns from layers."""
    carbonate = np.asarray(layers["carbonate"], dtype=float)
    return {
        "bulk_density": np.full(len(carbonate), 1.3),
        "sic": 0.05 * np.repeat(carbonate[:, None], len(STANDARD_DEPTHS), axis=1),
        "nitrate_leached": np.asarray(layers["mineral_n"], dtype=float) / 1400.0,
        "calcareous_arable_area": GRID.cell_area
        * np.prod([layers[name].astype(float) for name in _SHARES], axis=0),
    }


def refuse_to_compute(*args: object, **kwargs: object) -> None:
    """A Dask scheduler for tests of laziness."""
    raise AssertionError("something was computed that should have stayed lazy")
