"""A cross-section in space: stocks of carbonate at many sites, and what stands beside them.

*Enters:* tables of sites, from adapters (`observations_*`) or from a run's own cells. *Leaves:* `Observations`,
checked once: covariates, targets, blocks of sites that belong together, and the state of each site. Must not know
the projection. *Source:* CONVENTIONS.md for the states; Roberts et al. (2017), doi:10.1111/ecog.02881, for blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from eurosic.base.errors import InputError
from eurosic.base.request import Kind
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

PH = "ph_lab_0_30cm"
STOCK = "sic_stock_"
# pH units; no lab and no conversion between methods knows a pH better.
PH_KNOWN_TO = 0.2
# %; carbonate above which a layer counts as calcareous, as in the variable `regime`.
CALCAREOUS = 0.01
# Fewer blocks than these, and neither a cross-validation nor a bootstrap over them says anything; so few say little.
LEAST_BLOCKS = 4
# kg m-3 in a g cm-3.
_KG_PER_M3 = 1000.0


@dataclass(frozen=True, eq=False)
class Observations:
    """Sites side by side at one time, which is what a map shows and a statistical learner learns from.

    Parameters
    ----------
    name, note
        What a table calls it, and what a reader must know of it.
    kind
        Where the numbers come from; what a run's own predictor made is ``modelled``.
    covariates
        One row a site; NaN where one is not known.
    targets
        What is learned, one row a site: `sic_stock_0_30cm` and the like (kg m-2), or another by `units`.
    block
        The block of each site, ``(site,)``: sites of one block never stand on both sides of a test.
    states
        Name of a state -> which sites are in it, ``(site,)``.
    units
        Of targets that the vocabulary does not know.
    """

    name: str
    note: str
    kind: Kind
    covariates: pd.DataFrame
    targets: pd.DataFrame
    block: NDArray[np.int64]
    states: Mapping[str, Mask] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `InputError` unless there are enough blocks and every target is a number."""
        sites = {len(self.covariates), len(self.targets), len(self.block), *map(len, self.states.values())}
        if len(sites) != 1:
            raise InputError(self.name, f"has parts of {sorted(sites)} sites", wanted="one length for all")
        blocks = len(np.unique(self.block))
        if blocks < LEAST_BLOCKS:
            raise InputError(
                self.name,
                f"has {len(self.block)} sites in {blocks} blocks",
                wanted=f"at least {LEAST_BLOCKS} blocks, so that a test can leave some out",
                do="Give more sites, or smaller blocks.",
            )
        if not np.isfinite(self.targets.to_numpy(dtype=np.float64)).all():
            raise InputError(self.name, "has targets that are no numbers", do="Leave such sites out.")

    @property
    def circular(self) -> bool:
        """Whether a predictor of ours made it, so that it cannot tell whether the predictor is right."""
        return self.kind is Kind.MODELLED

    def __len__(self) -> int:
        return len(self.block)

    def unit(self, target: str) -> str:
        """Return the unit of a target."""
        return self.units.get(target, "kg m-2")


def square_blocks(x: ArrayLike, y: ArrayLike, side: float) -> NDArray[np.int64]:
    """Return the number of the square of `side` (m) in which each site lies, ``(site,)``.

    Examples
    --------
    >>> square_blocks([0.0, 90.0, 110.0], [0.0, 0.0, 0.0], 100.0).tolist()
    [0, 0, 1]
    """
    squares = np.stack([np.floor(np.asarray(v, dtype=np.float64) / side) for v in (x, y)], axis=1)
    return np.unique(squares, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def stock_of(
    carbonate: ArrayLike, density: ArrayLike, thickness: ArrayLike, gravel: ArrayLike = 0.0
) -> Array:
    """Return the carbon in carbonate of a layer, kg m-2: CaCO3 share x fine earth x 12.011 / 100.086.

    Parameters
    ----------
    carbonate, density, thickness, gravel
        % of the fine earth, g cm-3, m, and the volume fraction of fragments; any shapes that go together.

    Examples
    --------
    >>> stock_of(10.0, 1.4, 0.3).round(3)
    np.float64(5.04)
    """
    share, fine = np.asarray(carbonate, dtype=np.float64) / 100.0, 1.0 - np.asarray(gravel, dtype=np.float64)
    earth = (
        np.asarray(density, dtype=np.float64) * _KG_PER_M3 * fine * np.asarray(thickness, dtype=np.float64)
    )
    return np.asarray(share * earth * (MOLAR_MASS_C / MOLAR_MASS_CACO3))


def turned(observations: Observations) -> Observations:
    """Return the same sites with lab pH as the target, and the first stock in its place among the covariates.

    What pH goes with on a map: the other side of the same coin.

    Raises
    ------
    InputError
        If pH is not among the covariates.
    """
    if PH not in observations.covariates:
        raise InputError(observations.name, "has no lab pH", wanted=PH)
    stock = observations.targets.columns[0]
    known = np.isfinite(observations.covariates[PH].to_numpy(dtype=np.float64))
    covariates = observations.covariates.drop(columns=PH).assign(**{stock: observations.targets[stock]})
    return replace(
        observations,
        covariates=covariates[known].reset_index(drop=True),
        targets=observations.covariates.loc[known, [PH]].reset_index(drop=True),
        block=observations.block[known],
        states={name: mask[known] for name, mask in observations.states.items()},
        units={PH: "1"},
    )
