"""Tables of values by country -> layers, through the layer of countries.

*Enters:* a CSV file with one row a country (ISO code or Eurostat's), and the layer `country`. *Leaves:* the
values by numeric code, and a lazy layer. A country without a row has no value, never zero: its cells get a
status that says so.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.countries import country_of
from eurosic.base.errors import CatalogError, InputError
from eurosic.inputs.source import Source, did_you_mean

# Names of the column of codes, in the order in which they are looked for.
_KEYS = ("iso3", "iso3_code", "alpha3", "iso2", "alpha2", "numeric", "iso_n3", "geo", "code", "country")
# Eurostat's sums over countries stand among them.
_AGGREGATE = re.compile(r"(EU|EA|EEA|EFTA)\d*(_.*)?")
# How tables write that there is no value; Eurostat uses a colon.
_NOTHING = ("", ":", "na", "nan", "-")


def read_table(source: Source, path: Path) -> dict[int, float]:
    """Return the values of a table by ISO 3166-1 numeric code, in the source's unit.

    Lines that begin with ``#`` are comments; empty cells and Eurostat's ``:`` are no values.

    Raises
    ------
    CatalogError
        If the table lacks the column of the entry or one of country codes.
    InputError
        If it cannot be read, a country is unknown or stands twice, or a cell is not a finite number.
    """
    lines = list(_lines(source, path))
    if not lines:
        raise InputError(f"{source.where}, {path.name}", "holds no rows", wanted="one row a country")
    # Comments are gone by now, but line numbers of errors are those of the file.
    reader = csv.DictReader(text for _, text in lines)
    columns = tuple(name.strip() for name in reader.fieldnames or ())
    reader.fieldnames = list(columns)
    key, column = _key_of(columns, source, path), _column_of(columns, source, path)
    values: dict[int, float] = {}
    for row, (number, _) in zip(reader, lines[1:], strict=False):
        where = f"{source.where}, {path.name} line {number}"
        if not _wanted(row, source) or _AGGREGATE.fullmatch((row[key] or "").strip()):
            continue
        code = country_of(row[key] or "", where).numeric
        if code in values:
            raise InputError(where, f"country {row[key]!r} stands twice", do="Keep one row a country.")
        values[code] = _number(row[column], column, where)
    found = {code: value for code, value in values.items() if not np.isnan(value)}
    if not found:
        raise InputError(
            f"{source.where}, {path.name}", "has no value for any country", do="Correct the entry's rows."
        )
    return found


def _wanted(row: Mapping[str, str | None], source: Source) -> bool:
    return all((row[column] or "").strip() == value for column, value in source.rows.items())


def _lines(source: Source, path: Path) -> Iterator[tuple[int, str]]:
    # "sig": spreadsheets put a byte-order mark before the first column's name.
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            source.where, f"{path} cannot be read ({error})", wanted="a CSV table in UTF-8"
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _key_of(columns: tuple[str, ...], source: Source, path: Path) -> str:
    by_name = {name.lower(): name for name in columns}
    for key in _KEYS:
        if key in by_name:
            return by_name[key]
    raise CatalogError(
        source.where,
        f"{path.name} has columns {', '.join(columns)}",
        wanted=f"one of country codes, named {', '.join(repr(key) for key in _KEYS[:6])} or 'geo'",
    )


def _column_of(columns: tuple[str, ...], source: Source, path: Path) -> str:
    # A table made for eurosic names its column as the layer.
    column = source.variables[0] if source.variables else source.gives[0]
    for name in (column, *source.rows):
        if name not in columns:
            raise CatalogError(
                source.where,
                f"wants column {name!r}, and {path.name} has {', '.join(columns)}",
                do=did_you_mean(name, columns) or "Correct the entry's variables.",
            )
    return column


def _number(cell: str | None, column: str, where: str) -> float:
    text = (cell or "").strip()
    if text.lower() in _NOTHING:
        return float("nan")
    try:
        number = float(text)
    except ValueError as error:
        raise InputError(
            where,
            f"{column} is {text!r}",
            wanted="a number, or an empty cell for none",
            do="Correct the table.",
        ) from error
    if not np.isfinite(number):
        raise InputError(where, f"{column} is {text!r}", wanted="a finite number", do="Correct the table.")
    return number


def table_layer(values: Mapping[int, float], country: xr.DataArray) -> xr.DataArray:
    """Return a lazy float32 layer that has in each cell the value of its country, NaN where there is none.

    `country` holds numeric codes, 0 for none, dims ``(y, x)``.
    """
    codes = np.array(sorted(values), dtype=np.int64)
    rates = np.array([values[int(code)] for code in codes], dtype=np.float32)
    data = country.data.map_blocks(
        _look_up, codes, rates, dtype=np.float32, meta=np.empty((0, 0), np.float32)
    )
    return country.copy(data=data).rename(None)


def _look_up(
    country: NDArray[np.integer], codes: NDArray[np.int64], rates: NDArray[np.float32]
) -> NDArray[np.float32]:
    # A search in nothing has no place to return.
    if codes.size == 0:
        return np.full(country.shape, np.nan, np.float32)
    place = np.minimum(np.searchsorted(codes, country), codes.size - 1)
    return np.where(codes[place] == country, rates[place], np.float32(np.nan))
