"""Names and parts of an emulator as arrays, so that one file of arrays holds all of it beside the weights.

*Enters:* tuples of names, dictionaries of arrays. *Leaves:* the same, packed and unpacked. It must not open files.
*Source:* the format of safetensors, which holds arrays and nothing that could run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import CardError

Arrays = dict[str, NDArray[np.generic]]


def pack_names(names: Sequence[str]) -> NDArray[np.uint8]:
    """Return names as the UTF-8 bytes of their lines.

    Examples
    --------
    >>> unpack_names(pack_names(("clay", "sand")))
    ('clay', 'sand')
    """
    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)


def unpack_names(packed: NDArray[np.generic]) -> tuple[str, ...]:
    """Return the names that `pack_names` packed."""
    return tuple(np.asarray(packed, np.uint8).tobytes().decode().split("\n"))


def under(part: str, arrays: Mapping[str, NDArray[np.generic]]) -> Arrays:
    """Return arrays under the name of the part that they belong to, ``part.name``."""
    return {f"{part}.{name}": array for name, array in arrays.items()}


def part_of(arrays: Mapping[str, NDArray[np.generic]], part: str) -> Arrays:
    """Return the arrays of a part, without its name.

    Examples
    --------
    >>> list(part_of(under("domain", {"low": np.zeros(1)}), "domain"))
    ['low']
    """
    return {
        name.removeprefix(f"{part}."): array for name, array in arrays.items() if name.startswith(f"{part}.")
    }


def check_parts(arrays: Mapping[str, NDArray[np.generic]], wanted: Collection[str], where: str) -> None:
    """Raise unless all arrays that are wanted are there.

    Raises
    ------
    CardError
        Naming those that are missing.
    """
    absent = [name for name in wanted if name not in arrays]
    if absent:
        raise CardError(where, f"lacks {', '.join(absent)}", do="Train it again.")
