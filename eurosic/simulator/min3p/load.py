"""All files of one run, parsed: the only module of the readers that opens them.

Station: between the files on disk and the Dataset. *Enters:* `RunFiles`. *Leaves:* a `Loaded` run: profiles and
series by kind, the deck and the listing, and notes with file and line. A damaged file is left out with a note,
or raised where the caller is strict; it must not repair or guess. *Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from eurosic.base.errors import SimulationError
from eurosic.simulator.min3p.deck import Deck, read_deck
from eurosic.simulator.min3p.files import OutputFile, RunFiles
from eurosic.simulator.min3p.kinds import KINDS
from eurosic.simulator.min3p.listing import NO_LISTING, Listed, Listing, read_fls
from eurosic.simulator.min3p.outputs import Profile, Series, read_mac, read_spatial, read_transient

_VERSION = re.compile(r"#\s*(Program|Version)\s*:\s*(\S+)")
_FAILURE = re.compile(r"failure in timeloop|no further time step reduction possible", re.IGNORECASE)
_T = TypeVar("_T")


@dataclass
class Loaded:
    """What could be read of a run.

    `profiles` holds the spatial outputs of each kind in the order of their numbers, `series` the outputs
    against time of each kind by number (None for the whole column); `notes` are warnings, `damaged` those
    among them for which a file was left out, `failure` what MIN3P's log says of its end.
    """

    profiles: dict[str, list[Profile]] = field(default_factory=lambda: defaultdict(list))
    series: dict[str, dict[int | None, Series]] = field(default_factory=lambda: defaultdict(dict))
    deck: Deck | None = None
    version: str = ""
    failure: str = ""
    notes: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    files_read: int = 0


def load_run(run: RunFiles, *, kinds: Collection[str] | None = None, strict: bool = False) -> Loaded:
    """Return the parsed files of a run.

    Parameters
    ----------
    run
        Its files.
    kinds
        Extensions to read, all by default.
    strict
        Raise for a damaged file instead of leaving it out with a note.

    Raises
    ------
    SimulationError
        For a file that cannot be read, where `strict`.
    """
    loaded = Loaded(notes=list(run.notes))
    loaded.deck = _read(run.deck, read_deck, loaded, strict)
    # The listing first: it names the units that files leave out.
    listing = _read(run.listing, read_fls, loaded, strict) or NO_LISTING
    _read_logs(run.logs, loaded)
    for file in run.outputs:
        if kinds is None or file.kind in kinds:
            _read_output(file, listing, loaded, strict)
    _note_gaps(run, loaded)
    return loaded


def _read(path: Path | None, parse: Callable[[bytes, str], _T], loaded: Loaded, strict: bool) -> _T | None:
    if path is None:
        return None
    # A damaged file costs what it holds, not the run: 80 years of output are not lost for one that was cut.
    try:
        return parse(path.read_bytes(), path.name)
    except SimulationError as error:
        if strict:
            raise
        loaded.damaged.append(str(error))
        loaded.notes.append(f"left out: {error}")
        return None
    except OSError as error:
        raise SimulationError(str(path), f"cannot be read: {error.strerror}") from error


def _read_output(file: OutputFile, listing: Listing, loaded: Loaded, strict: bool) -> None:
    listed = listing.of(file.path.name)
    # .gbt and _o.mas print "time" without a unit; it is that of the deck.
    unit = loaded.deck.time_unit if loaded.deck else "years"
    if KINDS[file.kind].layout in ("profile", "faces"):
        profiles = _read(
            file.path, lambda data, where: read_spatial(data, where, listed=listed), loaded, strict
        )
        loaded.profiles[file.kind].extend(profiles or ())
        found: tuple[Profile | Series, ...] = profiles or ()
    else:
        series = _read(file.path, _series_parser(file.kind, listed, unit), loaded, strict)
        if series is not None:
            loaded.series[file.kind][file.number] = series
        found = (series,) if series is not None else ()
    loaded.files_read += bool(found)
    loaded.notes.extend(note for item in found for note in item.warnings)


def _series_parser(kind: str, listed: Listed, unit: str) -> Callable[[bytes, str], Series]:
    read = read_mac if kind == "mac" else read_transient
    return lambda data, where: read(data, where, listed=listed, time_unit=unit)


def _read_logs(paths: tuple[Path, ...], loaded: Loaded) -> None:
    for path in paths:
        text = path.read_bytes().decode("latin-1")
        # .gen begins with "#Version : 2.6.2.880", a log of an older version with nothing of the kind.
        said = dict(_VERSION.findall(text[:2000]))
        if said.get("Version"):
            loaded.version = f"{said.get('Program', 'MIN3P')} {said['Version']}"
        failed = _FAILURE.search(text)
        if failed:
            loaded.failure = f"{path.name}: {failed.group(0)}"


def _note_gaps(run: RunFiles, loaded: Loaded) -> None:
    numbers: dict[str, set[int]] = defaultdict(set)
    for file in run.outputs:
        if KINDS[file.kind].layout == "profile" and file.number is not None:
            numbers[file.kind].add(file.number)
    # Kinds are compared with each other: a number that all of them lack was never asked for.
    last = max((max(found) for found in numbers.values()), default=0)
    for kind, found in sorted(numbers.items()):
        # .gsp is written once or twice in steady flow, and reaction rates have no initial condition
        missing = sorted(set(range(1, last + 1)) - found)
        if missing and kind != "gsp":
            loaded.notes.append(f".{kind} number {', '.join(map(str, missing[:10]))} is missing")
