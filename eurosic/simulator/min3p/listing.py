"""``prefix_o.fls``: MIN3P's own list of the files it writes, with column names and units. Parsed first.

Station: beside `tecplot`, under the readers. *Enters:* the bytes of the listing. *Leaves:* a `Listing` that
answers for a file's name: its entries, their units, what is in it, and at what time. It must not open files,
nor raise for a listing that is merely shorter than expected: the files themselves are the authority for names,
the listing for units. Its columns are cut at the places where the line ``column entry unit`` has them.
*Source:* SCIENCE.md section 3; listings of MIN3P 2.6.2.880.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.fortran import parse_number
from eurosic.simulator.min3p.times import years

_FILE = re.compile(r"(\S+\.[a-z]{2,3})(?:\s+(\S.*?))?\s*\Z", re.IGNORECASE)
_COLUMNS = re.compile(r"column\s+entry\s+unit", re.IGNORECASE)
_ENTITIES = re.compile(r"file name\s+(component|mineral|gas|reaction)", re.IGNORECASE)
_TIME = re.compile(r"\bT\s*=\s*(\S+)\s+([A-Za-z]+)")
_INDEX = re.compile(r"\d[\w+*-]*")
_RULES: Final = ("***", "---")


@dataclass(frozen=True)
class Listed:
    """What the listing says of one file: a heading, columns with units, the entity it is about, its time (years)."""

    heading: str = ""
    entries: tuple[tuple[str, str], ...] = ()
    entity: str = ""
    time: float | None = None

    def unit(self, index: int) -> str:
        """Return the unit of the column at a place counted from 0, empty where the listing has none."""
        return self.entries[index][1] if index < len(self.entries) else ""


@dataclass(frozen=True)
class Listing:
    """The files of a run, by name in lower case."""

    files: MappingProxyType[str, Listed]

    def of(self, name: str) -> Listed:
        """Return what is said of a file; an empty `Listed` where nothing is."""
        return self.files.get(name.lower(), Listed())


NO_LISTING = Listing(MappingProxyType({}))


def read_fls(data: bytes | str, where: str = "_o.fls") -> Listing:
    """Return what MIN3P's listing says of every file of a run.

    Parameters
    ----------
    data
        Content of ``prefix_o.fls`` (legacy ``prefix.fls``).
    where
        The file's name, for messages.

    Raises
    ------
    SimulationError
        If it is not a MIN3P listing.
    """
    text = data if isinstance(data, str) else data.decode("latin-1")
    if "min3p" not in text[:2000].lower():
        raise SimulationError(where, "is not a listing of MIN3P files", wanted="'MIN3P file information'")
    files: dict[str, Listed] = {}
    lines = [line.rstrip() for line in text.split("\n")]
    heading, open_files = "", dict[str, str]()
    at = 0
    while at < len(lines):
        line = lines[at]
        # A table of columns belongs to all files named since the last heading.
        columns, found = _COLUMNS.match(line), _FILE.match(line)
        if columns:
            entries, at = _read_entries(lines, at, line.lower())
            files |= {name: _listed(heading, entries, entity) for name, entity in open_files.items()}
            open_files = {}
            continue
        if found and not line.startswith(" "):
            open_files[found.group(1).lower()] = (found.group(2) or "").strip()
        elif line and not line.startswith(_RULES) and not _ENTITIES.match(line):
            heading, open_files = _next_heading(heading, line, bool(open_files))
        at += 1
    return Listing(MappingProxyType(files))


def _next_heading(heading: str, line: str, had_files: bool) -> tuple[str, dict[str, str]]:
    # The heading of a breakthrough file runs over two lines: what it holds, then where.
    joined = f"{heading} {line.strip()}" if heading.endswith(",") and not had_files else line.strip()
    return joined, {}


def _read_entries(lines: list[str], at: int, header: str) -> tuple[tuple[tuple[str, str], ...], int]:
    # Entries hold blanks, and some fill their column to its last sign, so that places decide, not blanks.
    entry, unit = header.index("entry"), header.index("unit")
    entries: list[tuple[str, str]] = []
    at += 1
    while at < len(lines) and lines[at].strip():
        line = lines[at]
        if _INDEX.match(line):
            entries.append((" ".join(line[entry:unit].split()), line[unit:].strip()))
        elif entries and line.startswith(" "):
            # "accumulative absolute mass" / "balance error": a name that goes on in the next line
            entries[-1] = (f"{entries[-1][0]} {line.strip()}", entries[-1][1])
        at += 1
    return tuple(entries), at


def _listed(heading: str, entries: tuple[tuple[str, str], ...], entity: str) -> Listed:
    found = _TIME.search(heading)
    value = parse_number(found.group(1)) if found else None
    # "... initial condition" or "... T = 5.0E+000 years"; steady states have no time.
    time = 0.0 if heading.lower().rstrip().endswith("initial condition") else None
    if found and value is not None and value == value:
        time = years(value, found.group(2), "listing")
    return Listed(heading, entries, entity, time)
