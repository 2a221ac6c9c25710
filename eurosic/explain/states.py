"""The states of a topsoil: words under which time and space are compared, and who is in them.

*Enters:* how much of 0-30 cm is calcareous, and whether anything below is; or a run's regime and decalcification
depth. *Leaves:* masks by name. The three regimes are those of the variable `regime`; the three states of the
topsoil are finer, because a buffered column may already have lost the calcite of its plough layer. *Source:*
CONVENTIONS.md, variable `regime`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.base.flags import Regime

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ALL = "all"
INTACT, PARTLY, FREE = "topsoil intact", "topsoil partly decalcified", "topsoil decalcified"
REGIMES = tuple(regime.name.lower() for regime in Regime)
STATES = (ALL, INTACT, PARTLY, FREE, *REGIMES)
# m; the topsoil of `regime`, and what float32 and an emulator's rounding leave of a depth of zero.
_TOPSOIL, _NO_DEPTH = 0.30, 1e-3


def states_of_profiles(share: Array, below: Mask) -> dict[str, Mask]:
    """Return the states of profiles, by the calcareous share of 0-30 cm and whether any layer below is calcareous.

    Parameters
    ----------
    share, below
        Between 0 and 1, and whether, shape ``(site,)``.

    Examples
    --------
    >>> states = states_of_profiles(np.array([1.0, 0.2, 0.0]), np.array([True, True, False]))
    >>> [name for name, mask in states.items() if mask[1]]
    ['all', 'topsoil partly decalcified', 'front']
    """
    free, whole = share <= 0.0, share >= 1.0
    buffered = share >= 0.5
    masks = (
        np.ones_like(free), whole, ~free & ~whole, free,
        buffered, ~buffered & (below | ~free), ~buffered & ~below & free,
    )  # fmt: skip
    return dict(zip(STATES, masks, strict=True))


def states_of_run(regime: NDArray[np.integer], decalcified: Array) -> dict[str, Mask]:
    """Return the states of a run's columns, by their `regime` and `decalcification_depth` (m), of any one shape.

    Examples
    --------
    >>> states = states_of_run(np.array([0, 0]), np.array([0.0, 0.1]))
    >>> states["topsoil intact"].tolist(), states["buffered"].tolist()
    ([True, False], [True, True])
    """
    # A cell that failed is in no state.
    known = np.isfinite(decalcified)
    intact, free = known & (decalcified < _NO_DEPTH), known & (decalcified > _TOPSOIL - _NO_DEPTH)
    regimes = [known & (regime == code) for code in Regime]
    return dict(zip(STATES, (known, intact, known & ~intact & ~free, free, *regimes), strict=True))
