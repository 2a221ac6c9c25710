"""Numbers as Fortran writes them: rows of text in, a float64 table out, never a shifted column.

Station: under every MIN3P reader. *Enters:* the lines of one block of numbers and where each stands.
*Leaves:* an array ``(row, column)`` and what had to be said about it. NumPy's own strict parser reads what is
regular, about 200 MB/s; only what it refuses goes token by token: ``D`` exponents, an ``E`` that Fortran drops
when the exponent needs three digits (``1.0-100``), stars of an overflow, NaN. It must not guess which column a
missing number belongs to. *Source:* SCIENCE.md section 3; Fortran 2018, 13.7.2.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError

Array = NDArray[np.float64]

# Mantissa and exponent; the letter may be E or D, or be dropped where the exponent has three digits.
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[EeDd]([+-]?\d{1,4})|([+-]\d{3}))?\Z", re.ASCII)
_UNDEFINED = re.compile(r"[+-]?(?:nan(?:\(\w*\))?|inf(?:inity)?)\Z|\*+\Z", re.IGNORECASE | re.ASCII)
_NOTED = 5  # warnings given one by one; more are counted


@dataclass(frozen=True)
class Row:
    """A line of numbers and its place in the file, counted from 1."""

    line: int
    text: str


def parse_number(token: str) -> float | None:
    """Return the value of a Fortran number, NaN for stars, NaN or infinity, None for what is no number.

    Examples
    --------
    >>> parse_number("2.645720-015"), parse_number("1.0D+003"), parse_number("*******"), parse_number("years")
    (2.64572e-15, 1000.0, nan, None)
    """
    found = _NUMBER.match(token)
    # Python's own float() would take "1_0" and "infinity", and refuse every other spelling of Fortran.
    if found:
        mantissa, exponent, bare = found.groups()
        value = float(f"{mantissa}e{exponent or bare or '0'}")
        return value if np.isfinite(value) else float("nan")
    return float("nan") if _UNDEFINED.match(token) else None


def parse_rows(
    rows: Sequence[Row], columns: int | None, *, where: str, trailing_text: bool = False
) -> tuple[Array, tuple[str, ...]]:
    """Return the numbers of some rows, shape ``(row, column)``, and warnings with file and line.

    Parameters
    ----------
    rows
        At least one line.
    columns
        Numbers that a row must hold; None takes it from the first row (a file without a header).
    where
        Name of the file, for messages.
    trailing_text
        Rows may end in words (``.dt``), which are left out.

    Raises
    ------
    SimulationError
        If a row holds another number of values, or something that is no number; it names file and line.
    """
    # What NumPy reads as finite numbers in the right shape cannot have gone wrong: its parser takes no sign
    # inside a number. Everything else deserves a look at each token, and a message with its line.
    fast = None if trailing_text else _parse_fast(rows)
    if fast is not None and fast.shape[1] == (columns or fast.shape[1]) and np.isfinite(fast).all():
        return fast, ()
    return _parse_carefully(rows, columns, where, trailing_text)


def _parse_fast(rows: Sequence[Row]) -> Array | None:
    # Comments must be off: a "#" inside a row is damage, not a remark.
    try:
        return np.loadtxt([row.text for row in rows], dtype=np.float64, comments=None, ndmin=2)
    except ValueError:
        return None


def _parse_carefully(
    rows: Sequence[Row], columns: int | None, where: str, trailing_text: bool
) -> tuple[Array, tuple[str, ...]]:
    parsed = [_numbers_of(row, where, trailing_text) for row in rows]
    wanted = columns or len(parsed[0])
    if trailing_text:
        # Words may stand in the header too, so that the shortest row tells how many columns are numbers.
        wanted = min(len(values) for values in parsed)
        parsed = [values[:wanted] for values in parsed]
    # A row with a number too few cannot be filled up: nobody knows which column lost it.
    for row, values in zip(rows, parsed, strict=True):
        if len(values) != wanted:
            raise SimulationError(
                f"{where}, line {row.line}",
                f"the row holds {len(values)} numbers",
                wanted=f"{wanted}, one for each column",
                do="The file is cut or damaged there; run MIN3P again.",
            )
    table = np.array(parsed, dtype=np.float64).reshape(len(rows), wanted)
    return table, _undefined(rows, table, where)


def _numbers_of(row: Row, where: str, trailing_text: bool) -> list[float]:
    values: list[float] = []
    for token in row.text.split():
        value = parse_number(token)
        if value is None:
            if trailing_text and values:
                break  # the words that end a row of .dt
            raise SimulationError(
                f"{where}, line {row.line}",
                f"{token[:40]!r} is no number",
                wanted="numbers separated by blanks",
                do="The file is damaged there; run MIN3P again.",
            )
        values.append(value)
    return values


def _undefined(rows: Sequence[Row], table: Array, where: str) -> tuple[str, ...]:
    places = np.argwhere(np.isnan(table))
    notes = [
        f"{where}, line {rows[row].line}, column {column + 1}: {rows[row].text.split()[column]} read as NaN"
        for row, column in places[:_NOTED]
    ]
    if len(places) > _NOTED:
        notes.append(f"{where}: {len(places) - _NOTED} more values read as NaN")
    return tuple(notes)
