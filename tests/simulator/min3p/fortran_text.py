"""Files as MIN3P writes them, made from arrays: what the tests of the readers are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def number(value: float) -> str:
    """Return a value as MIN3P writes it: seven digits, an exponent of three digits, width 15."""
    mantissa, exponent = f"{value:.6E}".split("E")
    return f"{mantissa}E{exponent[0]}{int(exponent[1:]):03d}".rjust(15)


def rows(values: ArrayLike) -> str:
    """Return a table as rows of numbers, each with its line feed."""
    return "".join("".join(number(v) for v in row) + "\n" for row in np.atleast_2d(np.asarray(values, float)))


def quoted(names: Sequence[str]) -> str:
    """Return names as MIN3P lists them."""
    return ", ".join(f'"{name}"' for name in names)


def spatial(
    names: Sequence[str], values: ArrayLike, z: ArrayLike, *, zone: str = "T_j, T =   1.000000E+000 years"
) -> str:
    """Return a spatial output of one zone over heights `z`."""
    table = np.column_stack([np.zeros((len(np.asarray(z)), 2)), np.asarray(z), np.asarray(values)])
    heading = f'title = "dataset t"\nvariables = "x", "y", "z", {quoted(names)}\n'
    return f'{heading}zone t = "{zone}", i = {len(table):4d}, j =    1, k =    1,  f=point\n{rows(table)}'


def transient(names: Sequence[str], values: ArrayLike, *, zone: str = "system mass - aqueous phase") -> str:
    """Return an output against time, whose first column is time."""
    return f'title = "dataset t"\nvariables = {quoted(names)}\nzone t = "{zone}", f=point\n{rows(values)}'
