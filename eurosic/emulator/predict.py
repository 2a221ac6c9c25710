"""The emulator as a predictor: columns and drivers in, yearly targets with their spread out.

*Enters:* `Columns` in the order of the card's signature. *Leaves:* `Prediction`: the mean of the members, and the
half-width of the interval. Columns go through the network in micro-batches of one fixed length, so that a column's
values do not depend on the tile that it is in. It travels as the folder and the digest of its card: each process
opens it once. *Source:* DESIGN.md section 3; docs/7-engine.md for micro-batches and threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eurosic.base.signature import Columns, Prediction, Signature, check_columns, names
from eurosic.base.summed import ADDED_UP, SUMMED, TOTALLED
from eurosic.emulator.batches import micro_batch
from eurosic.emulator.calibration import Spread
from eurosic.emulator.domain import Domain, domain_features
from eurosic.emulator.features import Frame, spun_up
from eurosic.emulator.microbatch import CLIMATE, DEEPEST, RECORDED, TOPSOIL, MicroBatch, regime_of
from eurosic.emulator.network import Network

Array = NDArray[np.float64]
Single = NDArray[np.float32]


@dataclass(frozen=True)
class Emulator:
    """A trained network of some members as a `Predictor`.

    Parameters
    ----------
    name, digest
        Of its card.
    folder
        Where the card lies.
    signature
        What it takes and gives.
    network, frame
        The members' weights, and where what enters a column goes.
    domain, spread
        Where it may be trusted, and how far; None while it is being calibrated.
    """

    name: str
    digest: str
    folder: Path
    signature: Signature
    network: Network
    frame: Frame
    domain: Domain | None = None
    spread: Spread | None = None

    @property
    def has_spread(self) -> bool:
        """Whether predictions carry a spread."""
        return self.spread is not None

    @property
    def members(self) -> int:
        """Number of networks."""
        return self.network.sizes.members

    @cached_property
    def _alone(self) -> list[Network]:
        return [self.network.of(member) for member in range(self.members)]

    def inside(self, columns: Columns) -> NDArray[np.bool_]:
        """Return whether each cell lies in the trained domain, ``(cell,)``."""
        if self.domain is None:
            return np.ones(columns.shape[1], dtype=np.bool_)
        features, _ = domain_features(spun_up(columns, self.signature), self.signature)
        return self.domain.inside(features)

    def predict(self, columns: Columns) -> Prediction:
        """Return the targets of every pathway, cell and year with their spread.

        Raises
        ------
        PredictorError
            If a covariate, state or driver is missing, not finite or out of its range.
        """
        return self.predict_with_members(columns, ())

    def predict_with_members(self, columns: Columns, years: Sequence[int]) -> Prediction:
        """Return what `predict` does, spread and how far each member lies from the mean of all in some years only.

        Raises
        ------
        PredictorError
            As `predict` does.
        """
        check_columns(columns, self.signature, self.name)
        places = tuple(years) or (tuple(range(columns.shape[2])) if self.spread else ())
        values, deviation, members = self._predict(columns, places)
        spread = None
        if self.spread is not None:
            regime = values[:, :, list(places), self.signature.target_index("regime")]
            spread = self.spread.half_width(deviation, regime, np.array(places) + 1)
        answered = np.asarray(np.isfinite(values[:, :, 0, 0]).all(axis=0))
        return Prediction(values, answered, spread, members if years else None)

    def predict_members(self, columns: Columns) -> tuple[Single, Single]:
        """Return the mean and the standard deviation of the members, ``(pathway, cell, year, target)``.

        A cell of which a value lies beyond what the vocabulary allows has no value: no soil gives that answer.
        """
        values, deviation, _ = self._predict(columns, tuple(range(columns.shape[2])))
        return values, deviation

    def _predict(self, columns: Columns, places: tuple[int, ...]) -> tuple[Single, Single, Single]:
        """Return the mean; and the standard deviation and each member less the mean, in the years at some places."""
        if not self._one_climate(columns):
            # A context is made of one climate: pathways that differ in theirs go one by one.
            alone = [self._predict(_variant(columns, i), places) for i in range(columns.shape[0])]
            means, apart_by_variant = [one[0] for one in alone], [one[2] for one in alone]
            deviations = np.concatenate([one[1] for one in alone])
            return np.concatenate(means), deviations, np.concatenate(apart_by_variant, axis=2)
        variants, cells, years = columns.shape
        targets = len(self.signature.targets)
        values = np.empty((targets, years, variants, cells), dtype=np.float32)
        deviation = np.empty((targets, len(places), variants, cells), dtype=np.float32)
        apart = np.empty((self.members, len(SUMMED), variants, len(places), cells), dtype=np.float32)
        size = micro_batch(variants)
        columns = spun_up(columns, self.signature)
        networks = self._alone
        with torch.inference_mode(), _one_thread():
            for start in range(0, cells, size):
                here = slice(start, min(start + size, cells))
                batch = MicroBatch(_padded(columns, here, size), self.signature, self.frame)
                room = values[..., here], deviation[..., here], apart[..., here]
                self._answer(batch, networks, places, *map(torch.from_numpy, room))
        # Views: memory stays in the order in which the network speaks; to turn it round takes a tenth of its time.
        return values.transpose(2, 3, 1, 0), deviation.transpose(2, 3, 1, 0), apart

    def _answer(
        self,
        batch: MicroBatch,
        networks: list[Network],
        places: tuple[int, ...],
        values: Tensor,
        deviation: Tensor,
        apart: Tensor,
    ) -> None:
        """Write what `_predict` returns of a micro-batch, of as many of its cells as there is room for."""
        # What every member says of every year would not stay in a core's cache, and a projection stores some years.
        some = torch.tensor(places, dtype=torch.int64)
        total, kept, since = torch.zeros(()), list[Tensor](), list[Tensor]()
        for network in networks:
            told = batch.run(network)
            kept.append(told.index_select(1, some))
            since.append(_since_start(told, some))
            total = told.add_(total)
        number, cells = len(networks), values.shape[-1]
        members, since_start = torch.stack(kept), torch.stack(since)
        spread = batch.arranged(_deviation(members, total.index_select(1, some).div_(number)))
        apart.copy_(batch.arranged(_apart(members, since_start))[..., :cells].transpose(2, 3))
        summed = batch.arranged(total)[..., :cells]
        for place, name in enumerate(names(self.signature.targets)):
            torch.div(summed[RECORDED.index(name)], number, out=values[place])
            deviation[place] = spread[RECORDED.index(name), ..., :cells]
        # A regime is no number to average: it is that of the members' mean shares of carbonate.
        regime = regime_of(summed[TOPSOIL] / number, summed[DEEPEST] / number)
        values[self.signature.target_index("regime")] = regime
        lost = self._unanswered(values)
        if lost.any():
            values[..., lost] = torch.nan

    def _unanswered(self, values: Tensor) -> Tensor:
        """Return which cells have an impossible value in any variant, of ``(target, year, variant, cell)``."""
        limits = [(target.valid_min, target.valid_max) for target in self.signature.targets]
        low, high = torch.tensor(limits).T[..., None, None]
        # NaN fails both comparisons.
        good = (values.amin(dim=1) >= low) & (values.amax(dim=1) <= high)
        return ~good.all(dim=0).all(dim=0)

    def _one_climate(self, columns: Columns) -> bool:
        places = [names(self.signature.drivers).index(name) for name in CLIMATE]
        climates = (columns.unsettled[..., place] for place in places)
        return all(bool((climate == climate[:1]).all()) for climate in climates)


def _deviation(told: Tensor, mean: Tensor) -> Tensor:
    """Return the standard deviation of the members, ``told[member]``; of a single one it is zero."""
    # torch.std along a first axis of four takes longer than the networks that it looks at.
    squares = torch.zeros_like(mean)
    for member in told:
        apart = member - mean
        squares.addcmul_(apart, apart)
    return squares.div_(max(1, len(told) - 1)).sqrt_()


def _since_start(told: Tensor, some: Tensor) -> Tensor:
    """Return what is summed since the start, ``(place, row)``, of what a member told of every year."""
    # A member that errs alike every year errs by the sum of all years. A running sum takes ten times as long.
    until = torch.arange(told.shape[1]) <= some.unsqueeze(-1)
    return torch.matmul(until.float(), told[RECORDED.index(ADDED_UP)])


def _apart(told: Tensor, since_start: Tensor) -> Tensor:
    """Return each member less the mean of all, ``(member, quantity, place, row)``, of ``told[member]`` there."""
    every = torch.cat([told[:, [RECORDED.index(name) for name in TOTALLED]], since_start.unsqueeze(1)], dim=1)
    return every - every.mean(dim=0)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread: products of this size are done before a second one has begun to help."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _variant(columns: Columns, variant: int) -> Columns:
    """Return the columns along one variant."""
    return replace(columns, forcing=columns.forcing[variant : variant + 1])


def _padded(columns: Columns, here: slice, size: int) -> Columns:
    """Return the columns of a micro-batch, its last one repeated until it is full."""
    cells: slice | NDArray[np.intp] = here
    if here.stop - here.start < size:
        cells = np.minimum(np.arange(here.start, here.start + size), here.stop - 1)
    return replace(
        columns,
        covariates=columns.covariates[cells],
        state=columns.state[cells],
        baseline=columns.baseline[cells],
        forcing=columns.forcing[:, cells],
    )
