"""What the files of a MIN3P run say: profiles at a time, and series in time. Pure parsers of one file each.

Station: between the Tecplot text and the Dataset. *Enters:* the bytes of one file, its name, and what
``_o.fls`` says of it. *Leaves:* `Profile` or `Series` with names, units, and times in MIN3P years. Depth stays
MIN3P's z (0 at the bottom). It must not open files; only `SimulationError` escapes, whatever the bytes.
*Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.fortran import Array, parse_number
from eurosic.simulator.min3p.kinds import KINDS, MAC_NAMES, Kind, default_unit, distinct_names, split_unit
from eurosic.simulator.min3p.listing import Listed
from eurosic.simulator.min3p.tecplot import Table, parse_tables
from eurosic.simulator.min3p.times import years

_NOTHING = Listed()
_ENTITY = re.compile(r"(?:for component|for)\s+(\S+)(?:\s+- .*)?\Z")
_VOLUME = re.compile(r"volume\s*=\s*(\d{1,9})")
_PLACE = re.compile(r"\b([xyz])\s*=\s*([-+.\dEeDd]{1,40})")

# Legacy, current, and with gas advection (SCIENCE.md section 3).
_MAC_COLUMNS = (23, 29, 33)


@dataclass(frozen=True)
class Profile:
    """One spatial output: columns of a zone over the control volumes, z increasing as in the file.

    `values` has shape ``(volume, column)`` and leaves out the coordinates; `z` has shape ``(volume,)``, m, and
    counts from the bottom; `time` is in MIN3P years, None for a steady state; `stage` is ``"time"``,
    ``"initial"`` or ``"steady"``.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Array
    z: Array
    time: float | None
    stage: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Series:
    """One output against time, `values` of shape ``(time, column)`` without the time, `times` in MIN3P years.

    `entity` is what it is about (a component, mineral, gas, reaction), `volume` and `place` (x, y, z in m) where
    it was taken; each is empty where the file does not say.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Array
    times: Array
    entity: str = ""
    volume: int | None = None
    place: tuple[float, float, float] | None = None
    warnings: tuple[str, ...] = ()


def read_spatial(
    data: bytes | str, where: str, *, listed: Listed = _NOTHING, kind: Kind | None = None
) -> tuple[Profile, ...]:
    """Return the spatial outputs of a file such as ``prefix_3.gst``: one for each zone.

    Parameters
    ----------
    data
        Content of the file.
    where
        Its name, for messages; its extension tells the units where nothing else does.
    listed
        What ``_o.fls`` says of it: units, names and time of a file without a header.
    kind
        Its kind, where the name does not tell.

    Raises
    ------
    SimulationError
        If it is empty, binary, cut, or no table over x, y, z in one vertical column.
    """
    # A caller that has renamed a file may name its kind; its extension tells it otherwise.
    kind = kind or _kind_of(where)
    return tuple(_profile(table, where, listed, kind) for table in parse_tables(data, where))


def read_transient(
    data: bytes | str,
    where: str,
    *,
    listed: Listed = _NOTHING,
    kind: Kind | None = None,
    time_unit: str = "years",
) -> Series:
    """Return a file of one place or of the whole column against time, such as ``.gbt`` or ``_o.mas``.

    Parameters
    ----------
    data
        Content of the file.
    where
        Its name, for messages; its extension tells the units where nothing else does.
    listed
        What ``_o.fls`` says of it.
    kind
        Its kind, where the name does not tell.
    time_unit
        Unit of the time column where neither header nor listing name one (the deck does).

    Raises
    ------
    SimulationError
        If it is empty, binary, damaged, or its first column is not time.
    """
    kind = kind or _kind_of(where)
    trailing_text = where.lower().endswith(".dt")
    tables = parse_tables(data, where, trailing_text=trailing_text)
    if len(tables) > 1:
        raise SimulationError(where, f"holds {len(tables)} zones", wanted="one series in time")
    return _series(tables[0], where, listed, kind=kind, time_unit=time_unit)


def read_mac(data: bytes | str, where: str, *, listed: Listed = _NOTHING, time_unit: str = "years") -> Series:
    """Return the mass balance of a component, ``.mac``: rates (mol/day), then cumulative amounts (mol).

    Parameters
    ----------
    data
        Content of the file.
    where
        Its name, for messages.
    listed
        What ``_o.fls`` says of it: names where the file has no header.
    time_unit
        Unit of the time column where neither header nor listing name one.

    Raises
    ------
    SimulationError
        If it is empty, binary or damaged, or has not 23, 29 or 33 columns.
    """
    series = read_transient(data, where, listed=listed, kind=KINDS["mac"], time_unit=time_unit)
    # The balance is judged by its columns' names, so that a table of another width is another kind of file.
    columns = 1 + len(series.names)
    if columns not in _MAC_COLUMNS:
        raise SimulationError(
            where, f"has {columns} columns", wanted="29, or 33 with gas advection, or 23 in legacy versions"
        )
    return series


def _kind_of(where: str) -> Kind:
    return KINDS.get(where.lower().rpartition(".")[2], Kind("", "", "values"))


def _headed(table: Table, listed: Listed, kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names without units, and MIN3P's units: from the listing, else the brackets, else the kind."""
    columns = table.values.shape[1]
    # The file itself is the authority for names, where it has any: the listing abbreviates some.
    spelled = table.names or tuple(name for name, _ in listed.entries)
    if not table.names and len(spelled) != columns:
        spelled = MAC_NAMES if kind is KINDS["mac"] and columns == len(MAC_NAMES) else ()
    if not spelled:
        first = ("x", "y", "z") if kind.layout in ("profile", "faces") else ("time",)
        spelled = tuple(first[i] if i < len(first) else f"column {i + 1}" for i in range(columns))
    split = [split_unit(name) for name in spelled]
    units = (
        listed.unit(i) or bracket or ("" if i == 0 else default_unit(kind, name))
        for i, (name, bracket) in enumerate(split)
    )
    return distinct_names(split), tuple(units)


def _profile(table: Table, where: str, listed: Listed, kind: Kind) -> Profile:
    names, units = _headed(table, listed, kind)
    if tuple(name.lower() for name in names[:3]) != ("x", "y", "z"):
        raise SimulationError(
            where,
            f"its columns begin with {', '.join(names[:3])}",
            wanted="x, y, z and one column more",
            do="Series in time are read with read_transient.",
        )
    x, y, z = table.values[:, :3].T
    # NaN compares false with everything, so that a lost coordinate must be looked for by itself.
    if not np.isfinite(table.values[:, :3]).all() or (x != x[0]).any() or (y != y[0]).any():
        raise SimulationError(
            where, "spreads over x or y, or lacks a coordinate", wanted="one vertical column of volumes"
        )
    if (z[1:] <= z[:-1]).any():
        raise SimulationError(where, "its z does not increase", wanted="volumes from the bottom (z = 0) up")
    # A file without a header has no zone line; the listing's heading then tells when it was written.
    time = table.time if table.zone else listed.time
    initial = time == 0.0 and "initial" in (table.zone or listed.heading).lower()
    stage = "steady" if time is None else "initial" if initial else "time"
    return Profile(names[3:], units[3:], table.values[:, 3:], z, time, stage, table.warnings)


def _series(table: Table, where: str, listed: Listed, *, kind: Kind, time_unit: str) -> Series:
    names, units = _headed(table, listed, kind)
    if not names[0].lower().startswith("time"):
        raise SimulationError(
            where,
            f"its first column is {names[0][:40]!r}",
            wanted="time",
            do="Spatial output is read with read_spatial.",
        )
    # Years at once: files of one run may name different units, and their times are compared.
    factor = years(1.0, units[0] or time_unit, where)
    times = table.column(0) * factor
    notes = list(table.warnings)
    if not np.isfinite(times).all() or (times[1:] < times[:-1]).any():
        raise SimulationError(where, "its time goes back or is undefined", wanted="times that increase")
    entity = listed.entity or _entity_of(table.zone)
    volume = _VOLUME.search(table.zone)
    return Series(
        names[1:],
        units[1:],
        table.values[:, 1:],
        times,
        entity,
        int(volume.group(1)) if volume else None,
        _place_of(table.zone),
        tuple(notes),
    )


def _entity_of(zone: str) -> str:
    # "mass balance for component ca+2 - reactive transport", "mass balance - mineral phase for calcite";
    # but "system mass - ..." is of the whole column.
    found = _ENTITY.search(zone)
    return found.group(1) if found and "system" not in zone else ""


def _place_of(zone: str) -> tuple[float, float, float] | None:
    # The zone of a breakthrough file: "T_j, volume = 20, x = 0.0, y = 0.0, z = 2.0".
    found = {axis: parse_number(value) for axis, value in _PLACE.findall(zone)}
    x, y, z = found.get("x"), found.get("y"), found.get("z")
    return None if x is None or y is None or z is None else (x, y, z)
