"""What a recipe asks of the inputs, as plain values: which source gives a layer, and how it is corrected.

*Enters:* the recipe, read and checked. *Leaves:* frozen values that the inputs stage takes, so that no
stage receives a whole recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Where the numbers of a layer come from; every layer carries one."""

    OBSERVED = "observed"
    INTERPOLATED = "interpolated"
    MODELLED = "modelled"
    ASSUMED = "assumed"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Correction:
    """One documented correction of a source's known fault, applied in the house unit, in the order given.

    `action` is ``multiply``, ``add``, ``at_least`` or ``at_most``; `because` is written to the layer.
    """

    action: str
    amount: float
    because: str


@dataclass(frozen=True)
class LayerRequest:
    """A layer wanted on the grid: a catalog source, or a constant.

    Parameters
    ----------
    name
        Word of the vocabulary.
    source
        Name of the catalog entry; empty where `constant` is given.
    constant
        Value in the house unit, the same everywhere (kind ``assumed``).
    classes
        For a map of classes: class code -> fraction of the cell it stands for.
    corrections
        Applied in order, after conversion to the house unit.
    """

    name: str
    source: str = ""
    constant: float | None = None
    classes: Mapping[int, float] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
