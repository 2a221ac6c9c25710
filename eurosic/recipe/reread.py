"""A recipe read back from the record of a run, so that a command that is given a run folder needs no recipe's file.

*Enters:* the section `recipe` of `run.json`: plain values in house units, as `Recipe.model_dump` wrote them.
*Leaves:* the `Recipe` that the run was made from, proven by its digest. Nothing is read a second time: units,
defaults and nearest names were dealt with when the file was read. *Source:* DESIGN.md section 4: a run belongs to
one recipe digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from eurosic.base.errors import RecipeError
from eurosic.recipe.schema import Recipe


def recipe_of_record(told: object, digest: str, where: str) -> Recipe:
    """Return the recipe of a run's record.

    Raises
    ------
    RecipeError
        If the record does not hold the recipe of this digest: it was changed, or written by another version.
    """
    try:
        recipe: Recipe = _built(Recipe, told)
        same = recipe.digest == digest
    except (KeyError, TypeError, ValueError, AttributeError):
        same = False
    if not same:
        raise RecipeError(
            where,
            "does not hold the recipe that its digest names",
            wanted="a run of this version of eurosic, its record unchanged",
            do="Give the command of the run again in a new folder.",
        )
    return recipe


def _built(kind: Any, value: Any) -> Any:  # noqa: ANN401 - whatever a section declares
    """Return plain values as the type of a section's field has them; no validator runs."""
    origin, parts = get_origin(kind), get_args(kind)
    if value is None:
        return None
    if origin is Annotated:
        return _built(parts[0], value)
    if origin in (Union, UnionType):
        return _built(next(part for part in parts if part is not NoneType), value)
    if origin is tuple:
        return tuple(_built(parts[0], one) for one in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_built(parts[0], key): _built(parts[1], one) for key, one in value.items()}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        return kind.model_construct(**{name: _built(fields[name].annotation, value[name]) for name in value})
    # Keys of a JSON object are text; years and classes are whole numbers.
    return kind(value) if isinstance(kind, type) and issubclass(kind, (Enum, int)) else value
