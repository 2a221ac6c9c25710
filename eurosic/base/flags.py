"""Values that are codes: the regime of a column, and why a cell has a value or none.

*Enters:* names of layers that can be absent. *Leaves:* codes and their meanings, as CF flags hold them.
*Source:* CONVENTIONS.md, `regime` and `status`.
"""

from __future__ import annotations

from enum import IntEnum


class Regime(IntEnum):
    """Where the carbonate of a column stands (CONVENTIONS.md, variable `regime`)."""

    BUFFERED = 0
    FRONT = 1
    DEPLETED = 2


class Status(IntEnum):
    """Why a cell of the grid has a value, or none; codes from `MISSING` up name the layer that is absent."""

    PREDICTED = 0
    SIMULATED_OUTSIDE_DOMAIN = 1
    SEA = 2
    OUTSIDE_EXTENT = 3
    NOT_ARABLE = 4
    NOT_CALCAREOUS = 5
    OUTSIDE_DOMAIN = 6
    FAILED = 7
    UNFINISHED = 8
    PREDICTED_OUTSIDE_DOMAIN = 9
    MISSING = 10


# What the run's own predictor answered; another cell with a value was simulated in its stead.
ANSWERED = (Status.PREDICTED, Status.PREDICTED_OUTSIDE_DOMAIN)
# Of all reasons, those that stand for a value.
WITH_VALUE = (Status.PREDICTED, Status.SIMULATED_OUTSIDE_DOMAIN, Status.PREDICTED_OUTSIDE_DOMAIN)


def status_flags(layers: tuple[str, ...]) -> dict[int, str]:
    """Return code -> meaning for `status`; code ``MISSING + i`` says that the i-th layer is absent."""
    flags = {int(code): code.name.lower() for code in Status if code is not Status.MISSING}
    return flags | {Status.MISSING + i: f"missing_{name}" for i, name in enumerate(layers)}
