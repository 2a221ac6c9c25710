"""The spread of a prediction, as it is stored: for each target its 5th and its 95th percentile.

*Enters:* targets of the vocabulary. *Leaves:* the words of their percentiles, ``<name>_p05`` and ``<name>_p95``.
*Source:* CONVENTIONS.md, section Variables.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from eurosic.base.vocabulary import Variable

# Ends of the interval that covers 90 %: suffix and word.
PERCENTILES = {"p05": "5th percentile", "p95": "95th percentile"}
_COMMENT = "of the predictor's own spread; not that of soil, climate or nitrogen data"


def percentile_names(name: str) -> tuple[str, ...]:
    """Return the names of the percentiles of a target.

    Examples
    --------
    >>> percentile_names("dic_leaching")
    ('dic_leaching_p05', 'dic_leaching_p95')
    """
    return tuple(f"{name}_{suffix}" for suffix in PERCENTILES)


def percentiles_of(targets: Iterable[Variable]) -> tuple[Variable, ...]:
    """Return the percentiles of some targets as words of the vocabulary; a flag has none."""
    return tuple(
        replace(
            target,
            name=f"{target.name}_{suffix}",
            long_name=f"{target.long_name}, {words}",
            comment="; ".join(part for part in (target.comment, _COMMENT) if part),
        )
        for target in targets
        if not target.flags
        for suffix, words in PERCENTILES.items()
    )
