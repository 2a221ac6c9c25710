"""Which files belong to a MIN3P run: current and legacy names, sorted by kind and number.

Station: the reader's eyes on the disk; it lists folders and opens nothing. *Enters:* a folder, a prefix or a
deck. *Leaves:* `RunFiles`. Current names are ``prefix_<n>.<ext>`` and ``prefix_o.<ext>``, legacy ones
``prefix<n>.<ext>`` and ``prefix.<ext>``; a prefix may itself end in a digit, so that the deck and the files of
the whole column decide, and the longest prefix wins. *Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.kinds import KINDS

_CURRENT = re.compile(r"(.+)_(\d{1,4}|o)\Z", re.IGNORECASE)
_LEGACY = re.compile(r"(.*\D)\d{1,3}\Z")
_SYSTEM = frozenset(ext for ext, kind in KINDS.items() if kind.layout == "system") | {"fls"}
_KNOWN = frozenset(KINDS) | {"fls", "log", "gen"}


@dataclass(frozen=True)
class OutputFile:
    """A file of output: its kind (extension) and number; None for a file of the whole run."""

    path: Path
    kind: str
    number: int | None


@dataclass(frozen=True)
class RunFiles:
    """The files of one run."""

    prefix: str
    folder: Path
    outputs: tuple[OutputFile, ...]
    deck: Path | None
    listing: Path | None
    logs: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def find_run(path: Path) -> RunFiles:
    """Return the files of the run that a folder holds, or that a prefix or a deck names.

    Parameters
    ----------
    path
        A folder with one run, ``folder/prefix``, or ``folder/prefix.dat``.

    Raises
    ------
    SimulationError
        If there is none, or the folder holds several and the prefix is not given.
    """
    # A prefix may hold dots and digits, so that a path is a deck by its suffix and a prefix otherwise.
    if path.is_dir():
        folder, wanted = path, ""
    else:
        folder = path.parent
        wanted = path.stem if path.suffix.lower() == ".dat" else path.name
    if not folder.is_dir():
        raise SimulationError(str(path), "does not exist", wanted="a folder, prefix or deck of a MIN3P run")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    known = _prefixes(names)
    prefix = wanted or _only_prefix(known, path)
    return _of_prefix(folder, prefix, names, {other for other in known if other != prefix})


def _split(name: str) -> tuple[str, str]:
    stem, _, ext = name.rpartition(".")
    return stem, ext.lower()


def _prefixes(names: list[str]) -> set[str]:
    """Return the prefixes of the runs in a folder: surest sign first, the others only where it is missing."""
    split = [_split(name) for name in names]
    decks = {stem for stem, ext in split if ext == "dat" and stem.lower() != "root"}
    if decks:
        return decks
    # Only without a deck must names be guessed from their endings.
    current = {m[1] for stem, ext in split if ext in _KNOWN and (m := _CURRENT.match(stem))}
    whole = {stem for stem, ext in split if ext in _SYSTEM and not _CURRENT.match(stem)}
    if current or whole:
        return current | whole
    outputs = {stem for stem, ext in split if ext in KINDS}
    # Digits at the end are a number where several files differ in them only; one file alone keeps them.
    return {m[1] if len(outputs) > 1 and (m := _LEGACY.match(stem)) else stem for stem in outputs}


def _only_prefix(known: set[str], path: Path) -> str:
    if len(known) == 1:
        return next(iter(known))
    if not known:
        raise SimulationError(str(path), "holds no MIN3P output", wanted="files such as prefix_1.gst")
    raise SimulationError(
        str(path),
        f"holds {len(known)} runs: {', '.join(sorted(known)[:5])}",
        wanted="one run",
        do="Name one of them: folder/prefix.",
    )


def _of_prefix(folder: Path, prefix: str, names: list[str], others: set[str]) -> RunFiles:
    pattern = re.compile(rf"{re.escape(prefix)}(?:(_)(\d{{1,4}}|o)|(\d{{1,3}}))?\Z", re.IGNORECASE)
    # A name that fits a longer prefix of this folder too belongs to that one: run1 + 2 or run12.
    longer = [other for other in others if other.lower().startswith(prefix.lower())]
    chosen: dict[tuple[str, int | None], Path] = {}
    logs, notes = [], []
    for name in names:
        stem, ext = _split(name)
        found = pattern.match(stem)
        if ext not in _KNOWN or not found or any(stem.lower().startswith(o.lower()) for o in longer):
            continue
        # Both tell the version; the log tells how the run ended.
        if ext in ("log", "gen"):
            logs.append(folder / name)
            continue
        number = found[2] or found[3]
        place = (ext, int(number) if number and number.isdigit() else None)
        if place in chosen:
            notes.append(f"{name}: stands beside {chosen[place].name}; the current name was read")
        # An old run may have been repeated in its folder with a newer version.
        if place not in chosen or found[1]:
            chosen[place] = folder / name
    outputs = tuple(
        OutputFile(path, kind, number) for (kind, number), path in chosen.items() if kind in KINDS
    )
    if not outputs:
        raise SimulationError(
            str(folder / prefix), "has no MIN3P output", wanted=f"files such as {prefix}_1.gst"
        )
    deck = next((folder / name for name in names if name.lower() == f"{prefix}.dat".lower()), None)
    # Numbers, not names, make the order: 10 comes after 2.
    ordered = sorted(outputs, key=lambda file: (file.kind, -1 if file.number is None else file.number))
    return RunFiles(
        prefix, folder, tuple(ordered), deck, chosen.get(("fls", None)), tuple(logs), tuple(notes)
    )
