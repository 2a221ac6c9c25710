"""Tecplot text as MIN3P writes it: the bytes of one file in, its zones as tables out.

Station: the parser under all readers of MIN3P output. *Enters:* bytes and the file's name for messages.
*Leaves:* one `Table` a zone, in the file's own columns and order. It must not open files, know what a column
means, or let anything but `SimulationError` escape, whatever the bytes. Keys are matched without case, ``#``
lines are skipped, ``variables`` may run over lines and lack the first quote, a zone may lack the comma before
``i =``, and a file may have no header at all. *Source:* SCIENCE.md section 3; Tecplot 360 Data Format Guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.fortran import Array, Row, parse_number, parse_rows
from eurosic.simulator.min3p.times import years

_KEY = re.compile(r"\s*(title|variables|zone)\b", re.IGNORECASE)
_ROW_STARTS = frozenset("0123456789+-.*")
_TIME = re.compile(r"\bT\s*=\s*([-+.\dEeDd]{1,40})\s*([A-Za-z]+)")
_SIZE = re.compile(r"\b([ijk])\s*=\s*(\d{1,9})\b", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Table:
    """One zone of a Tecplot file.

    Parameters
    ----------
    names
        Columns as the file spells them, unit included; empty where it has no header.
    values
        Numbers, shape ``(row, column)``, in the file's units.
    zone
        Text of the zone's title; empty where there is none.
    time
        Time of the zone, MIN3P years of 365 d; 0 for the initial condition, None where it says none.
    rows_promised
        ``i * j * k`` of the zone line, None where it gives none.
    warnings
        What was repaired, with file and line.
    """

    names: tuple[str, ...]
    values: Array
    zone: str = ""
    time: float | None = None
    rows_promised: int | None = None
    warnings: tuple[str, ...] = ()

    def column(self, index: int) -> Array:
        """Return one column, shape ``(row,)``."""
        return self.values[:, index]


@dataclass
class _Draft:
    """A zone that is still being collected."""

    names: tuple[str, ...] = ()
    zone: str = ""
    time: float | None = None
    promised: int | None = None
    rows: list[Row] = field(default_factory=list)
    line: int = 1


def parse_tables(data: bytes | str, where: str, *, trailing_text: bool = False) -> tuple[Table, ...]:
    """Return the zones of a MIN3P output file.

    Parameters
    ----------
    data
        Content of the file.
    where
        Its name, for messages.
    trailing_text
        Rows may end in words (``.dt``).

    Raises
    ------
    SimulationError
        If the file is empty, binary, cut, or holds anything but headers and numbers.
    """
    text = _decode(data, where)
    drafts = _collect(text, where)
    cut = _drop_cut_row(drafts[-1], text, where)
    tables = tuple(_finish(draft, where, trailing_text) for draft in drafts)
    return (*tables[:-1], replace(tables[-1], warnings=(*tables[-1].warnings, *cut)))


def _decode(data: bytes | str, where: str) -> str:
    # Latin-1 gives every byte a sign, so that damage is met by the parser with a line, not by the decoder.
    text = data if isinstance(data, str) else data.decode("latin-1")
    if text.startswith("#!TDV"):
        raise SimulationError(
            where,
            "is a binary Tecplot file (#!TDV)",
            wanted="ASCII output",
            do="Run MIN3P again without 'use binary format' in the block 'output control'.",
        )
    if not text.strip():
        raise SimulationError(
            where, "is empty", wanted="a MIN3P output file", do="The run was stopped or the disk was full."
        )
    if "\0" in text:
        raise SimulationError(where, "holds binary data", wanted="text as MIN3P writes it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _collect(text: str, where: str) -> list[_Draft]:
    # Rows are collected as text and parsed a zone at a time: a call of NumPy for each row would cost more
    # than everything else. `heading` holds a list of variables that may go on in the next line.
    drafts = [_Draft()]
    heading: list[str] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.lstrip()
        if not stripped or stripped[0] == "#":
            continue
        if stripped[0] in _ROW_STARTS or stripped[:3].lower() in ("nan", "inf"):
            _close_heading(heading, drafts, where)
            heading = None
            drafts[-1].rows.append(Row(number, line))
            continue
        key = _KEY.match(line)
        if key is None and heading is None:
            raise SimulationError(
                f"{where}, line {number}",
                f"{stripped[:40]!r} is neither a heading nor a number",
                wanted="title, variables, zone, or rows of numbers",
            )
        if key is None and heading is not None:
            heading.append(stripped)
            continue
        _close_heading(heading, drafts, where)
        heading = _open_key(line, number, drafts, where)
    _close_heading(heading, drafts, where)
    return drafts


def _open_key(line: str, number: int, drafts: list[_Draft], where: str) -> list[str] | None:
    key = line.split(None, 1)[0].lower()
    if key.startswith("variables"):
        return [line.partition("=")[2]]
    if key.startswith("zone"):
        # A further zone keeps the variables of the one before it, as in Tecplot.
        if drafts[-1].rows or drafts[-1].zone:
            drafts.append(_Draft(names=drafts[-1].names))
        _read_zone(line, number, drafts[-1], where)
    return None


def _close_heading(heading: list[str] | None, drafts: list[_Draft], where: str) -> None:
    if heading is None:
        return
    names = _split_names(" ".join(heading), where)
    # Variables after rows open a further data set in the same file.
    if drafts[-1].rows:
        drafts.append(_Draft(names=names))
    else:
        drafts[-1].names = names


def _split_names(text: str, where: str) -> tuple[str, ...]:
    text = text.strip()
    if '"' not in text:
        # No version is known to do it, but Tecplot allows names without quotes.
        return tuple(text.replace(",", " ").split())
    if not text.startswith('"'):
        text = f'"{text}'  # legacy .mac: the first name has lost its opening quote
    if text.count('"') % 2:
        raise SimulationError(f"{where}, variables", "a quote is not closed", wanted='names such as "x", "y"')
    return tuple(name.strip() or f"column {i}" for i, name in enumerate(text.split('"')[1::2], start=1))


def _read_zone(line: str, number: int, draft: _Draft, where: str) -> None:
    # The title may itself hold "i = ...", so that sizes are looked for behind it only.
    parts = line.split('"')
    draft.zone, draft.line = (parts[1].strip() if len(parts) > 1 else line.strip()), number
    sizes = [int(size) for _, size in _SIZE.findall(parts[-1] if len(parts) > 1 else line)]
    if sizes:
        draft.promised = 1
        for size in sizes:
            draft.promised *= size
    found = _TIME.search(draft.zone)
    value = parse_number(found.group(1)) if found else None
    if found and value is not None and value == value:
        draft.time = years(value, found.group(2), f"{where}, line {number}")
    elif draft.zone.lower().rstrip().endswith("initial"):
        draft.time = 0.0


def _finish(draft: _Draft, where: str, trailing_text: bool) -> Table:
    if not draft.rows:
        raise SimulationError(
            f"{where}, line {draft.line}",
            "the zone has no rows",
            wanted=f"{draft.promised or 'some'} rows of numbers",
            do="The run was stopped while it wrote; run MIN3P again.",
        )
    _check_promise(draft, where)
    # A header decides how many numbers a row must have; without one the first row does.
    columns = len(draft.names) or None
    values, warnings = parse_rows(draft.rows, columns, where=where, trailing_text=trailing_text)
    names = draft.names[: values.shape[1]]
    return Table(names, values, draft.zone, draft.time, draft.promised, warnings)


def _check_promise(draft: _Draft, where: str) -> None:
    if draft.promised is None or len(draft.rows) == draft.promised:
        return
    last = draft.rows[-1]
    raise SimulationError(
        f"{where}, line {last.line}",
        f"the zone of line {draft.line} ends after {len(draft.rows)} rows, the last of them perhaps cut",
        wanted=f"{draft.promised} rows, as its zone line says",
        do="The file is truncated or damaged; run MIN3P again.",
    )


def _drop_cut_row(draft: _Draft, text: str, where: str) -> tuple[str, ...]:
    # MIN3P ends every row with a line feed and writes fixed widths: a last row without one that is shorter
    # than the row before it, or has none to compare with, may stop inside a number, which must never be
    # returned as a value.
    rows = draft.rows
    whole = len(rows) > 1 and len(rows[-1].text) >= len(rows[-2].text)
    if text.endswith("\n") or not rows or whole:
        return ()
    if draft.promised is None:
        return (f"{where}, line {rows.pop().line}: the last row stops inside a number and was left out",)
    _check_promise(draft, where)
    raise SimulationError(
        f"{where}, line {rows[-1].line}",
        "the last row stops inside a number",
        wanted="a whole row and a line feed",
        do="The file is truncated; run MIN3P again.",
    )
