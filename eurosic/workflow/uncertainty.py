"""Intervals of a run's totals: members' and draws' sums over countries, or over any polygons.

*Enters:* the folder of a run whose tiles, self-check and draws are finished. *Leaves:* `Intervals` for the tables of
totals. One tile of one quantity is in memory at a time, whatever the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray
from scipy.sparse import csr_array

from eurosic.base.flags import Status
from eurosic.base.pathway import BASELINE
from eurosic.base.summed import SUMMED, TOTALLED, unpack_deviation
from eurosic.base.vocabulary import AREA
from eurosic.outputs.draws import open_draws
from eurosic.outputs.store import CELLS, PROJECTION, recorded_tiles
from eurosic.projection.outside import has_value
from eurosic.projection.thin import Thinned
from eurosic.report.calibrated import Calibration
from eurosic.report.interval_columns import Intervals, intervals_of
from eurosic.report.intervals import ALL, Deviations
from eurosic.report.totals import EUROPE_CODE
from eurosic.workflow.calibrating import read_calibration

Array = NDArray[np.float64]
# What the emulator itself answered: a cell that was simulated has no error of emulation.
_EMULATED = (Status.PREDICTED, Status.PREDICTED_OUTSIDE_DOMAIN)
# Polygons of which members and draws are held at once: some hundred megabytes.
_AT_ONCE = 128
# The simulator's name, as the store has it from its beginning.
_SIMULATOR = "simulator"


def country_intervals(folder: Path, *, calibration: Calibration | None, emulated: bool) -> Intervals:
    """Return the intervals of Europe's and the countries' totals, by their codes."""
    store = zarr.open_group(folder / PROJECTION, mode="r")
    codes = [int(code) for code in store["country"][:]]
    country = np.asarray(zarr.open_group(folder / CELLS, mode="r")["country"][:])
    # Countries of the store are sorted, and hold every cell's.
    place = np.arange(len(country)), np.searchsorted(codes, country)
    weights = csr_array((np.ones(len(country)), place), shape=(len(country), len(codes)))
    members = _members_by_country(store, folder) if calibration is not None else None
    found = _deviations(folder, weights, calibration, members)
    return _told(store, _and_europe(found), (*codes, EUROPE_CODE), emulated=emulated)


def polygon_intervals(
    folder: Path, shares: csr_array, names: Sequence[str], *, by_source: bool = False
) -> Intervals:
    """Return the intervals of totals over polygons.

    Parameters
    ----------
    folder
        Of a finished run.
    shares
        Share of each study cell in each polygon, ``(cell, polygon)``.
    names
        Of the polygons.
    by_source
        Tell of each source alone, too.
    """
    store = zarr.open_group(folder / PROJECTION, mode="r")
    calibration = read_calibration(folder)
    emulated = store.attrs.get("predictor") != _SIMULATOR
    found = [
        _of_polygons(store, folder, shares[:, start : start + _AT_ONCE], calibration, emulated=emulated)
        for start in range(0, len(names), _AT_ONCE)
    ]
    bounds: dict[str, tuple[Array, Array]] = {}
    for source in found[0].bounds:
        if by_source or source == ALL:
            values, differences = zip(*(part.bounds[source] for part in found), strict=True)
            bounds[source] = np.concatenate(values, axis=-1), np.concatenate(differences, axis=-1)
    return replace(found[0], bounds=bounds, places=tuple(names))


def _of_polygons(
    store: zarr.Group, folder: Path, shares: csr_array, calibration: Calibration | None, *, emulated: bool
) -> Intervals:
    members = None
    if calibration is not None and "member_deviation" in store:
        members = _members_by_polygon(store, folder, shares)
    found = _deviations(folder, shares, calibration, members)
    return _told(store, found, range(shares.shape[1]), emulated=emulated)


def uncertainty_record(folder: Path) -> dict[str, object]:
    """Return what `run.json` says of a run's intervals: what they were made from, None for what they do not hold."""
    calibration, draws = read_calibration(folder), open_draws(folder)
    emulator = None
    if calibration is not None:
        emulator = {"simulated_cells": calibration.cells, "groups": calibration.groups}
    inputs = None
    if draws is not None:
        inputs = {"draws": draws.number, "cells": len(draws.thinned()[0]), "shares": draws.shares()}
    return {"emulator_error": emulator, "inputs": inputs}


def _told(store: zarr.Group, found: Deviations, places: Sequence[object], *, emulated: bool) -> Intervals:
    pathways = [str(name) for name in store["pathway"][:]]
    years = [int(year) for year in store["year"][:]]
    return intervals_of(
        found, baseline=pathways.index(BASELINE), places=places, years=years, emulated=emulated
    )


def _deviations(
    folder: Path, shares: csr_array, calibration: Calibration | None, members: Array | None
) -> Deviations:
    """Return the deviations of sums over places, of which `shares` says how much of each cell lies in them."""
    status = np.asarray(zarr.open_array(folder / PROJECTION / "cell_status", mode="r")[:])
    area = np.asarray(zarr.open_array(folder / CELLS / AREA.name, mode="r")[:], dtype=np.float64)
    emulated = np.where(np.isin(status, _EMULATED), area, 0.0)
    draws = open_draws(folder)
    drawn = None
    if draws is not None:
        valued = csr_array(shares * np.where(has_value(status), area, 0.0)[:, None])
        drawn = draws.deviations() @ _owned(Thinned(*draws.thinned()), valued)
    return Deviations(np.asarray(shares.T @ emulated), calibration, members, drawn)


def _owned(thinned: Thinned, areas: csr_array) -> Array:
    """Return the area of each place for which each sampled cell stands, ``(sampled, place)``, m2."""
    kept = np.flatnonzero(thinned.owner >= 0)
    ones = (np.ones(len(kept)), (thinned.owner[kept], kept))
    return np.asarray((csr_array(ones, shape=(len(thinned.cells), len(thinned.owner))) @ areas).todense())


def _members_by_country(store: zarr.Group, folder: Path) -> Array | None:
    """Return the members' deviations of each country's sums, ``(member, quantity, pathway, year, country)``."""
    if "member_total" not in store:
        return None
    _, tiles = recorded_tiles(folder)
    found = np.zeros(store["member_total"].shape[1:])
    for tile in tiles:
        found += np.asarray(store["member_total"][tile.index])
    return found


def _members_by_polygon(store: zarr.Group, folder: Path, shares: csr_array) -> Array:
    area = np.asarray(zarr.open_array(folder / CELLS / AREA.name, mode="r")[:], dtype=np.float64)
    weights = csr_array(shares * area[:, None])
    packed = store["member_deviation"]
    sizes = packed.shape
    # What is summed since the start is not told of polygons: it stays zero.
    found = np.zeros((sizes[0], len(SUMMED), *sizes[2:4], shares.shape[1]))
    _, tiles = recorded_tiles(folder)
    for tile in tiles:
        part = weights[tile.cells]
        if part.nnz:
            for q in range(len(TOTALLED)):
                values = unpack_deviation(np.asarray(packed[:, q, :, :, tile.cells])).reshape(-1, tile.size)
                found[:, q] += (part.T @ values.T).T.reshape(found[:, q].shape)
    return found


def _and_europe(found: Deviations) -> Deviations:
    """Return deviations of places and, after them, of all places together."""

    def with_sum(values: Array | None) -> Array | None:
        return (
            None if values is None else np.concatenate([values, values.sum(axis=-1, keepdims=True)], axis=-1)
        )

    area = np.append(found.area, found.area.sum())
    return Deviations(area, found.calibration, with_sum(found.members), with_sum(found.draws))
