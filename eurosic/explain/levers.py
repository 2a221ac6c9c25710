"""What a pathway changed, shared out among its levers: mineral N, manure N, NUE and what else it moves.

*Enters:* pathways. *Leaves:* for each, the courses in which only some of its levers are moved, and the coefficients
that make exact Shapley values of what is predicted for them. No background is needed: a lever that is not moved stays
as in the baseline, so that the attributions sum to the pathway's difference from it. Pure.
*Source:* Shapley (1953); CONVENTIONS.md, Nitrogen, for what a pathway changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from eurosic.base.pathway import BASELINE, Pathway, Treatment
from eurosic.explain.shapley import Design, exact_design

Array = NDArray[np.float64]

# Lever -> fields of a treatment that it moves, and how people read it.
LEVERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mineral_n": ("mineral", "mineral_cap"),
        "manure_n": ("manure", "manure_cap"),
        "legumes": ("legumes",),
        "forms": ("forms",),
        "volatilisation": ("volatilisation",),
        "deposition": ("deposition_nh4", "deposition_no3"),
        "losses": ("losses",),
        "nue": ("nue",),
    }
)
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "mineral_n": "mineral N fertilizer",
        "manure_n": "manure N",
        "legumes": "N fixed by legumes",
        "forms": "forms of mineral N",
        "volatilisation": "ammonia kept in the soil",
        "deposition": "N deposition",
        "losses": "leached and volatilised N",
        "nue": "rule of nitrogen use efficiency",
    }
)


@dataclass(frozen=True)
class LeverGame:
    """A pathway's levers, the courses of all coalitions of them, and the design that makes attributions of those."""

    levers: tuple[str, ...]
    coalitions: tuple[Pathway, ...]
    design: Design

    def attributions(self, values: Array) -> Array:
        """Return ``(lever, ...)`` of predictions of the coalitions, ``(coalition, ...)``."""
        return np.tensordot(self.design.coefficients, values, axes=1)


def levers_of(pathway: Pathway) -> tuple[str, ...]:
    """Return the levers that a pathway moves, in the order of `LEVERS`.

    Examples
    --------
    >>> from eurosic.base.pathway import NueRule, hold
    >>> less = Treatment(mineral=hold(0.5), nue=NueRule.CONSTANT_YIELD)
    >>> levers_of(Pathway("less", ((1.0, less),)))
    ('mineral_n', 'nue')
    """
    still = Treatment()
    return tuple(
        lever
        for lever, fields in LEVERS.items()
        if any(getattr(part, name) != getattr(still, name) for _, part in pathway.parts for name in fields)
    )


def lever_game(pathway: Pathway) -> LeverGame:
    """Return the game of a pathway's levers; one without levers has a single course, the baseline's."""
    levers = levers_of(pathway)
    design = exact_design(len(levers), np.ones(1))
    coalitions = tuple(
        replace(
            pathway,
            name=f"{pathway.name}:{'+'.join(moved) or BASELINE}",
            parts=tuple((share, _only(part, moved)) for share, part in pathway.parts),
        )
        for moved in ([lever for lever, on in zip(levers, mask, strict=True) if on] for mask in design.masks)
    )
    return LeverGame(levers, coalitions, design)


def all_levers(pathways: Sequence[Pathway]) -> tuple[str, ...]:
    """Return the levers that any of the pathways moves, in the order of `LEVERS`."""
    moved = {lever for pathway in pathways for lever in levers_of(pathway)}
    return tuple(lever for lever in LEVERS if lever in moved)


def _only(treatment: Treatment, moved: Sequence[str]) -> Treatment:
    """Return a treatment of which only some levers are moved."""
    kept = {name: getattr(treatment, name) for lever in moved for name in LEVERS[lever]}
    return replace(Treatment(), **kept)
