"""A user's table of columns, from which a design is drawn: a CSV file, or the cell table of a run.

*Enters:* a path. *Leaves:* values by name, first axis ``row``, in house units. Every column of a CSV is named
``name [unit]``; columns that the design does not know are refused, because a misspelt one would be drawn at random
instead. Must not draw. *Source:* SCIENCE.md section 6, "accept a user's table".
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.simulations import INGREDIENTS
from eurosic.base.units import convert_unit
from eurosic.base.vocabulary import COVARIATES, DRIVERS, LAYERS, STATES, Variable

Array = NDArray[np.float64]

_HEADER = re.compile(r"\s*(\w+)\s*\[(.*)\]\s*")
_CLIMATE = ("temperature", "precipitation", "drainage")
_NITROGEN = ("deposition_nh4", "deposition_no3", "nitrogen_use_efficiency")
# A name's valid range is that of the widest word: a table may go beyond what a design draws.
_KNOWN: dict[str, Variable] = {
    **INGREDIENTS,
    **{name: DRIVERS[name] for name in _CLIMATE},
    **{name: LAYERS[name] for name in (*_NITROGEN, *(set(INGREDIENTS) & set(LAYERS)))},
    **COVARIATES,
}


def read_design_table(path: Path) -> dict[str, Array]:
    """Return the columns of a table by name, in house units: ``(row,)``, states ``(row, depth)``.

    Raises
    ------
    InputError
        If it cannot be read, has an unknown column, or holds a value that no column can have.
    UnitError
        If a unit is missing or cannot become the one wanted.
    """
    columns = _cells(path) if (path / "zarr.json").is_file() else _csv(path)
    for name, values in columns.items():
        _check(values, {**_KNOWN, **STATES}[name], str(path))
    if not any(len(values) for values in columns.values()):
        raise InputError(str(path), "has no rows", wanted="one row a column")
    return columns


def _csv(path: Path) -> dict[str, Array]:
    try:
        table = pd.read_csv(path, comment="#")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(
            str(path), f"cannot be read as a table ({error})", wanted="a CSV file, or the cells.zarr of a run"
        ) from error
    return dict(_column(table[header], str(header), str(path)) for header in table.columns)


def _column(values: pd.Series, header: str, where: str) -> tuple[str, Array]:
    found = _HEADER.fullmatch(header)
    if found is None or found[1] not in _KNOWN:
        raise InputError(
            where,
            f"column {header!r} is not known" if found else f"column {header!r} has no unit",
            wanted="'name [unit]', such as 'clay [%]', with one of " + ", ".join(sorted(_KNOWN)),
            do="Correct its name, or leave the column out.",
        )
    try:
        numbers = values.to_numpy(dtype=np.float64)
    except ValueError as error:
        raise InputError(where, f"column {header!r} holds a text ({error})", wanted="numbers") from error
    name = found[1]
    return name, convert_unit(numbers, found[2], _KNOWN[name].unit, f"{where}, column {header!r}")


def _cells(path: Path) -> dict[str, Array]:
    group = zarr.open_group(path, mode="r")
    names = [name for name in (*_KNOWN, *STATES) if name in group]
    absent = [name for name in (*COVARIATES, *STATES, *_CLIMATE) if name not in names]
    if absent:
        raise InputError(
            str(path), f"has no {', '.join(absent)}", wanted="the cell table of a run, RUN/cells.zarr"
        )
    columns = {name: np.asarray(group[name][...], dtype=np.float64) for name in names}
    # Climate has a column for each of its years: a design stands under their mean.
    return {
        name: values.mean(axis=1) if values.ndim == 2 and name not in STATES else values
        for name, values in columns.items()
    }


def _check(values: Array, variable: Variable, where: str) -> None:
    # NaN fails both comparisons, so that gaps are caught here too.
    bad = ~((values >= variable.valid_min) & (values <= variable.valid_max))
    if bad.any():
        first = np.argwhere(bad)[0]
        raise InputError(
            where,
            f"{variable.name} = {values[tuple(first)]:g} {variable.unit} in row {first[0] + 1}"
            f" ({int(bad.sum())} such values)",
            wanted=f"{variable.valid_min:g} to {variable.valid_max:g} {variable.unit}",
            do="Correct the table, or leave the row out.",
        )
