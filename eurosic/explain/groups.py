"""Feature groups: what users call a property of a field, and which raw values it stands for.

*Enters:* names of raw values. *Leaves:* `Group`s, the players among whom a prediction is shared out. A group is
exchanged as a whole: what cannot be told apart (rain and the drainage that it feeds, all years of a climate series)
or would be impossible apart (clay and sand) stays together. It must not know how values are derived.
*Source:* Owen (1977) for players that act together; CONVENTIONS.md, "From rasters to a column".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError
from eurosic.base.vocabulary import COVARIATES

Rows = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Group:
    """A feature group: its name in tables, what people read on a figure, and its raw values."""

    name: str
    label: str
    columns: tuple[str, ...]


_SIX = tuple(f"carbonate_{d}cm" for d in ("0_5", "5_15", "15_30", "30_60", "60_100", "100_200"))
_PORES = tuple(name for name in COVARIATES if name != "respiration")

GROUPS: tuple[Group, ...] = (
    Group("carbonate", "carbonate in the soil", ("carbonate", "carbonate_subsoil", *_SIX, "decalcified_depth")),
    Group("soil_ph", "lab pH where there is no calcite", ("soil_ph",)),
    Group("texture", "clay and sand", ("clay", "sand")),
    Group("organic_carbon", "organic carbon", ("organic_carbon",)),
    Group("soil_layers", "stones, density, pores (own layers)", _PORES),
    Group("temperature", "temperature and soil respiration", ("temperature", "respiration")),
    Group("drainage", "rain and drainage", ("precipitation", "drainage")),
    Group("mineral_n", "mineral N fertilizer", ("mineral_n",)),
    Group("manure_n", "manure N", ("manure_n",)),
    Group("deposition", "N deposition", ("deposition_nh4", "deposition_no3")),
    Group("nue", "nitrogen use efficiency", ("nitrogen_use_efficiency",)),
)  # fmt: skip

# Groups that are asked about together, as one player: all that decides how much nitrogen leaches.
NITROGEN = Group(
    "nitrogen",
    "nitrogen (all sources, and its use)",
    tuple(column for group in GROUPS[-4:] for column in group.columns),
)


def groups_of(names: Iterable[str], known: Sequence[Group] = GROUPS) -> tuple[Group, ...]:
    """Return the groups that some raw values fall into, each with those of its values that are there.

    Raises
    ------
    PredictorError
        If a raw value belongs to no group: what is exchanged with nobody would be attributed to nothing.

    Examples
    --------
    >>> [(group.name, group.columns) for group in groups_of(["sand", "mineral_n", "clay"])]
    [('texture', ('clay', 'sand')), ('mineral_n', ('mineral_n',))]
    """
    held = set(names)
    homeless = sorted(held - {column for group in known for column in group.columns})
    if homeless:
        raise PredictorError("explanation", f"no feature group holds {', '.join(homeless)}")
    kept = (
        Group(group.name, group.label, tuple(column for column in group.columns if column in held))
        for group in known
    )
    return tuple(group for group in kept if group.columns)


def coarse_groups(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Return the groups with all of nitrogen as one player, in place of the first of them."""
    held = tuple(column for group in groups for column in group.columns if column in NITROGEN.columns)
    if not held:
        return tuple(groups)
    others = [group for group in groups if not set(group.columns) & set(held)]
    return (*others, Group(NITROGEN.name, NITROGEN.label, held))


def varying(groups: Sequence[Group], rows: Rows) -> NDArray[np.bool_]:
    """Return which groups differ between any two cells, ``(group,)``; the others can have no part in a difference."""
    return np.array([any(_varies(np.asarray(rows[name])) for name in group.columns) for group in groups])


def _varies(values: NDArray[np.generic]) -> bool:
    # A raster has the grain of float32; NaN, where a layer has no value, differs from any number.
    return not bool(np.array_equal(values, np.broadcast_to(values[:1], values.shape), equal_nan=True))
