"""What all sections of a recipe share: frozen, no unknown keys, and a few types of plain values.

*Enters:* plain values of a `Document`. *Leaves:* pydantic models whose errors are collected, all at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from eurosic.recipe.quantity import problem, quantity

# A catalog name: words, digits, dots and hyphens, so that it can be nothing else, least of all a path.
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_EARLIEST, _LATEST = 1900, 2500


class Section(BaseModel):
    """A mapping of a recipe: read once, never changed, without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def given(self, *names: str) -> dict[str, Any]:
        """Return, of some fields (all, if none is named), those that the recipe gives a value."""
        told = {name: getattr(self, name) for name in names or type(self).model_fields}
        return {name: value for name, value in told.items() if value is not None}


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _year(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise problem(f"{raw!r} is not a year")
    if not _EARLIEST <= raw <= _LATEST:
        raise problem(f"{raw} is not a year between {_EARLIEST} and {_LATEST}")
    return raw


Year = Annotated[int, BeforeValidator(_year)]


def check_source_name(name: str) -> str:
    """Return the name of a catalog entry or card unless it is something else in disguise.

    Raises
    ------
    PydanticCustomError
        If it is a path, holds an environment variable, or has characters that no name has.
    """
    # Each disguise has its own words, because each has its own remedy.
    if "$" in name or "%" in name:
        raise problem(f"{name!r} holds an environment variable; wanted the name of a catalog entry")
    if "/" in name or "\\" in name or name.startswith(("~", ".")):
        raise problem(f"{name!r} is a path; wanted the name of a catalog entry, in which the path stands")
    if not _SOURCE.fullmatch(name):
        raise problem(f"{name!r} is not the name of a catalog entry")
    return name


SourceName = Annotated[str, AfterValidator(check_source_name)]

Share = Annotated[float, quantity("1", "20 %", 0.0, 1.0)]
Rate = Annotated[float, quantity("kg ha-1 yr-1", "120 kg ha-1 yr-1", 0.0, 600.0)]


def shares_of_one(shares: dict[str, float]) -> dict[str, float]:
    """Return shares in alphabetical order, unless they do not sum to 1.

    Raises
    ------
    PydanticCustomError
        With the sum that they have.
    """
    total = sum(shares.values())
    # Thirds in per cent do not sum to 1 exactly; a forgotten form misses far more.
    if abs(total - 1.0) > 1e-6:
        raise problem(f"the shares sum to {100 * total:g} %; wanted 100 %")
    return {name: shares[name] for name in sorted(shares)}


def key_among(words: Sequence[str]) -> BeforeValidator:
    """Return what makes a text a key among `words`."""
    return BeforeValidator(partial(_known_key, words=tuple(words)))


def _known_key(raw: object, words: Sequence[str]) -> object:
    if raw not in words:
        raise problem(f"unknown key{nearest(str(raw), words)}")
    return raw


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the end of a message that names the known word nearest to an unknown one, or a few of them.

    Examples
    --------
    >>> nearest("clya", ["clay", "sand"])
    "; did you mean 'clay'?"
    """
    near = near_words(word, known)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known are {', '.join(known)}" if known else ""


def near_words(word: str, known: Sequence[str]) -> list[str]:
    """Return the known word nearest to an unknown one, or nothing where none is near."""
    return get_close_matches(word, known, n=1, cutoff=0.5)


def as_mapping(raw: object) -> object:
    """Return an empty mapping for a key without a value (`outputs:`), and anything else as it is."""
    return {} if raw is None else raw
