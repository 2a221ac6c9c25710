"""`read_min3p`: a folder of MIN3P output in, one xarray Dataset out, with what is wrong with it said.

Station: what users and the ensemble call. *Enters:* a folder, prefix or deck. *Leaves:* a Dataset with every
output in CF units, depth downwards, times in MIN3P years, `sic`, the verdict on the mass balance, and in its
attributes where it comes from, whether the run came to its end, and every warning. It must not decide whether a
run may be used: it says `complete` and `balance`, and the caller decides. *Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from eurosic.base.errors import SimulationError
from eurosic.base.provenance import file_digest
from eurosic.simulator.min3p.balance import (
    Verdict,
    judge_balance,
    overall,
    verdict_notes,
    verdict_variables,
)
from eurosic.simulator.min3p.files import RunFiles, find_run
from eurosic.simulator.min3p.fortran import Array
from eurosic.simulator.min3p.kinds import KINDS
from eurosic.simulator.min3p.load import Loaded, load_run
from eurosic.simulator.min3p.outputs import Series
from eurosic.simulator.min3p.profiles import add_sic, face_variables, profile_variables
from eurosic.simulator.min3p.series import longest_times, series_variables
from eurosic.simulator.min3p.times import DAYS_PER_YEAR

_ENTITIES = ("component", "mineral", "gas", "reaction")
_ENDED = 1e-6  # years; printed times have seven digits


class Min3pWarning(UserWarning):
    """Something in a run that was repaired, left out, or should make one doubt it."""


def read_min3p(path: str | Path, *, kinds: Collection[str] | None = None, strict: bool = False) -> xr.Dataset:
    """Return a MIN3P run as a Dataset.

    Parameters
    ----------
    path
        Folder with one run, ``folder/prefix``, or ``folder/prefix.dat``; current or legacy file names.
    kinds
        Extensions to read, such as ``("gst", "gsv", "mac")``; all by default.
    strict
        Raise for a damaged file instead of leaving it out with a warning.

    Returns
    -------
    xr.Dataset
        Spatial outputs ``(time, depth)``, ``depth`` in m below the surface with `layer_top`, `layer_bottom` and
        `layer_thickness`; ``sic (time, depth)`` in kg m-2; outputs of one place ``(location, location_time)``,
        of the whole column ``(system_time,)``, balances ``(component, balance_time)`` and likewise for
        ``mineral``, ``gas`` and ``reaction``; the verdict ``balance_share (component,)``. Attributes:
        ``complete`` (1 only where the deck shows it), ``complete_why``, ``stopped_at`` (years), ``balance``
        (``ok``, ``failed``, ``not judged``), ``warnings``, ``deck_digest``, ``min3p_version``.

    Raises
    ------
    SimulationError
        If there is no run, nothing of it can be read, two files have different grids, or, where `strict`, a
        file is damaged.

    Warns
    -----
    Min3pWarning
        Once a run, if anything was repaired, left out, or is to be doubted; all of it is in ``warnings``.
    """
    dataset = dataset_of_run(Path(path), kinds=kinds, strict=strict)
    notes = dataset.attrs["warnings"]
    if notes:
        warnings.warn(_summary(dataset.attrs["min3p_prefix"], notes), Min3pWarning, stacklevel=2)
    return dataset


def dataset_of_run(path: Path, *, kinds: Collection[str] | None = None, strict: bool = False) -> xr.Dataset:
    """Return what `read_min3p` returns, silently: what is to be said stands in ``attrs["warnings"]`` only.

    For callers that read many runs, in threads too, where Python's warnings would be lost or repeated.

    Raises
    ------
    SimulationError
        As `read_min3p`.
    """
    run = find_run(path)
    loaded = load_run(run, kinds=kinds, strict=strict)
    if not loaded.files_read:
        what = loaded.damaged[0] if loaded.damaged else f"none of its files is of the kinds {kinds}"
        raise SimulationError(str(path), f"nothing of the run can be read: {what}")
    # Judged on the series, before they become variables and are padded.
    verdicts = judge_run(loaded)
    loaded.notes.extend(verdict_notes(verdicts))
    dataset = _assembled(loaded, verdicts)
    dataset.attrs = {"balance": overall(verdicts)} | _provenance(run, loaded) | _completeness(dataset, loaded)
    dataset.attrs["warnings"] = loaded.notes
    return dataset


def _assembled(loaded: Loaded, verdicts: list[Verdict]) -> xr.Dataset:
    grid = {kind: found for kind, found in loaded.profiles.items() if KINDS[kind].layout == "profile"}
    intervals = loaded.deck.intervals if loaded.deck else ()
    profiles = add_sic(profile_variables(grid, loaded.notes, intervals=intervals))
    # MIN3P's last node stands on the surface; breakthrough files alone do not show it, the deck does.
    surface = max((p.z[-1] for found in grid.values() for p in found), default=None)
    if surface is None and intervals:
        surface = intervals[-1][2]
    parts = [profiles, _locations(loaded, surface), _system(loaded)]
    if loaded.profiles.get("vel") and surface is not None:
        parts.append(face_variables(loaded.profiles["vel"], surface, loaded.notes))
    every = {entity: _of_layout(loaded, entity) for entity in _ENTITIES}
    times = longest_times(
        one for kinds in every.values() for found in kinds.values() for one in found.values()
    )
    parts += [_balances(loaded, entity, times) for entity in _ENTITIES]
    parts.append(verdict_variables(verdicts))
    return xr.merge(parts, compat="override", join="outer", combine_attrs="override")


def _of_layout(loaded: Loaded, layout: str) -> dict[str, Mapping[int | None, Series]]:
    return {kind: found for kind, found in loaded.series.items() if KINDS[kind].layout == layout}


def _system(loaded: Loaded) -> xr.Dataset:
    kinds = {kind: {"": found[None]} for kind, found in _of_layout(loaded, "system").items() if None in found}
    return series_variables(kinds, "", time_dim="system_time", notes=loaded.notes)


def _balances(loaded: Loaded, entity: str, times: Array) -> xr.Dataset:
    kinds = {
        kind: {_entity_name(series, number, entity, loaded): series for number, series in found.items()}
        for kind, found in _of_layout(loaded, entity).items()
    }
    return series_variables(kinds, entity, time_dim="balance_time", notes=loaded.notes, times=times)


def _entity_name(series: Series, number: int | None, entity: str, loaded: Loaded) -> str:
    """Return what a numbered file is about: as the file says, else by the deck's order, else its number."""
    # .mac and .mae are numbered in the deck's order of components.
    components = loaded.deck.components if loaded.deck and entity == "component" else ()
    if series.entity:
        return series.entity
    return components[number - 1] if number and number <= len(components) else f"{entity} {number}"


def _locations(loaded: Loaded, surface: float | None) -> xr.Dataset:
    kinds = {
        kind: {str(number): series for number, series in found.items()}
        for kind, found in _of_layout(loaded, "location").items()
    }
    located = series_variables(kinds, "location", time_dim="location_time", notes=loaded.notes)
    if not located:
        return located
    known = {label: series for found in kinds.values() for label, series in found.items()}
    places = [known[label].place for label in located["location"].values]
    z = np.array([place[2] if place else np.nan for place in places])
    volumes = [known[label].volume or 0 for label in located["location"].values]
    coords = {
        "location_volume": ("location", volumes, {"long_name": "control volume, from the bottom"}),
        "location_z": ("location", z, {"units": "m", "long_name": "height above the bottom"}),
    }
    if surface is not None:
        words = {"units": "m", "long_name": "depth below the surface", "positive": "down"}
        coords["location_depth"] = ("location", surface - z, words)
    return located.assign_coords(coords)


def judge_run(loaded: Loaded) -> list[Verdict]:
    """Return the verdict on every component of a run that has ``.mac`` or ``.mae``."""
    named: dict[str, dict[str, Series]] = {"mac": {}, "mae": {}}
    for kind, by_name in named.items():
        for number, series in loaded.series.get(kind, {}).items():
            by_name[_entity_name(series, number, "component", loaded)] = series
    components = dict.fromkeys([*named["mac"], *named["mae"]])
    return [judge_balance(name, named["mac"].get(name), named["mae"].get(name)) for name in components]


def _provenance(run: RunFiles, loaded: Loaded) -> dict[str, object]:
    return {
        "title": f"MIN3P run {run.prefix}",
        "source": loaded.version or "MIN3P, version not stated in its files",
        "min3p_version": loaded.version.rpartition(" ")[2],
        "min3p_prefix": run.prefix,
        "min3p_folder": run.folder.name,
        "deck_digest": file_digest(run.deck) if run.deck else "",
        "files_read": loaded.files_read,
        "files_left_out": len(loaded.damaged),
        "days_per_year": DAYS_PER_YEAR,
    }


def _completeness(dataset: xr.Dataset, loaded: Loaded) -> dict[str, object]:
    """Return whether the run came to its end: by the deck's times, by its log, by damaged files."""
    last = [
        float(dataset[name][-1])
        for name in ("balance_time", "system_time", "time", "location_time")
        if dataset.sizes.get(name)
    ]
    stopped = max(last, default=float("nan"))
    why = _why_incomplete(dataset, loaded, stopped)
    if why:
        loaded.notes.append(f"the run is not complete: {why}")
    return {"complete": int(not why), "complete_why": why, "stopped_at": stopped}


def _why_incomplete(dataset: xr.Dataset, loaded: Loaded, stopped: float) -> str:
    # In the order of how much each explains: MIN3P's own words first.
    if loaded.failure:
        return f"MIN3P gave up at {stopped:.7g} years ({loaded.failure})"
    if loaded.damaged:
        return f"{len(loaded.damaged)} files cannot be read; first: {loaded.damaged[0]}"
    # Nothing but the deck tells that a run which stopped early should have gone on.
    if loaded.deck is None:
        return "there is no deck that says how far it should go"
    asked = loaded.deck.output_times
    end = max([*asked, *([loaded.deck.end_time] if loaded.deck.end_time else [])], default=0.0)
    if not stopped >= end - max(_ENDED, 1e-6 * end):
        return f"it should go to {end:g} years and stopped at {stopped:.7g}"
    given = dataset["time"].values if "time" in dataset else np.array([])
    missing = [time for time in asked if not np.isclose(given, time, rtol=1e-6).any()]
    return f"spatial output at {missing[0]:g} years is missing" if missing and len(given) else ""


def _summary(prefix: str, notes: list[str]) -> str:
    # One line: a folder of a thousand runs must not fill the screen.
    more = f" (and {len(notes) - 1} more in attrs['warnings'])" if len(notes) > 1 else ""
    return f"{prefix}: {notes[0]}{more}"
