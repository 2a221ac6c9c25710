"""Intervals of a run's totals: members' and draws' sums over countries, or over any polygons.

*Enters:* the folder of a run whose tiles, self-check and draws are finished. *Leaves:* `Intervals` for the tables of
totals. One tile of one quantity is in memory at a time, whatever the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray
from scipy.sparse import csr_array

from eurosic.base.flags import ANSWERED
from eurosic.base.pathway import BASELINE
from eurosic.base.summed import SUMMED, TOTALLED, unpack_deviation
from eurosic.outputs.draws import open_draws
from eurosic.outputs.store import CELLS, PROJECTION, recorded_tiles, status_and_area
from eurosic.projection.outside import has_value
from eurosic.projection.thin import LEAST, Thinned
from eurosic.report.calibrated import Calibration
from eurosic.report.interval_columns import Intervals, Sampled, intervals_of, words_of
from eurosic.report.intervals import ALL, EMULATOR, Deviations, bounds_of
from eurosic.report.totals import EUROPE_CODE
from eurosic.workflow.calibrating import read_calibration

Array = NDArray[np.float64]
Places = NDArray[np.int64]
# Polygons of which the draws' sums are held at once: some hundred megabytes.
_AT_ONCE = 128
# The simulator's name, as the store has it from its beginning.
_SIMULATOR = "simulator"


@dataclass(frozen=True)
class _Known:
    """What a run knows of the errors of sums over places: members summed already, draws cell by cell.

    `area` is that of the emulator's own answers, m2, ``(place,)``; `members` ``(member, ..., place)``. `draws` are
    ``(draw, ..., sampled)``, and `owned` the area of each place for which each sampled cell stands, m2; `borrowed`
    is the area of each place for which a sampled cell stands that is another one, m2, ``(place,)``.
    """

    area: Array
    calibration: Calibration | None
    members: Array | None
    draws: Array | None
    owned: Array
    borrowed: Array

    def over(self, places: slice | Places, *, drawn: bool = True) -> Deviations:
        """Return the deviations of the sums over some places, those of draws only where `drawn`."""
        members = None if self.members is None else self.members[..., places]
        draws = self.draws @ self.owned[:, places] if drawn and self.draws is not None else None
        return Deviations(self.area[places], self.calibration, members, draws)

    def sampled(self) -> Places:
        """Return how many sampled cells stand for each place, ``(place,)``: as many as would share it evenly.

        The effective number of Kish (1965), Survey Sampling: a cell that stands for a corner hardly counts.
        """
        squares = (self.owned**2).sum(axis=0)
        number = np.divide(
            self.owned.sum(axis=0) ** 2, squares, out=np.zeros_like(squares), where=squares > 0
        )
        return np.rint(number).astype(np.int64)


def country_intervals(folder: Path, *, calibration: Calibration | None, emulated: bool) -> Intervals:
    """Return the intervals of Europe's and the countries' totals, by their codes."""
    store = zarr.open_group(folder / PROJECTION, mode="r")
    codes = [int(code) for code in store["country"][:]]
    country = np.asarray(zarr.open_group(folder / CELLS, mode="r")["country"][:])
    # Countries of the store are sorted, and hold every cell's.
    place = np.arange(len(country)), np.searchsorted(codes, country)
    weights = csr_array((np.ones(len(country)), place), shape=(len(country), len(codes)))
    members = _members_by_country(store, folder) if calibration is not None else None
    found = _and_europe(_known(folder, weights, calibration, members).over(slice(None)))
    baseline, years = _axes(store)
    return intervals_of(
        found, baseline=baseline, places=(*codes, EUROPE_CODE), years=years, emulated=emulated
    )


def polygon_intervals(
    folder: Path, shares: csr_array, names: Sequence[str], *, by_source: bool = False
) -> Intervals:
    """Return the intervals of totals over polygons.

    A polygon for which fewer sampled cells stand than a country has at least, and that they do not fill, has none but
    that of the emulator's error alone.

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

    Raises
    ------
    StoreError
        If draws are missing.
    """
    store = zarr.open_group(folder / PROJECTION, mode="r")
    calibration = read_calibration(folder)
    members = None
    if calibration is not None and "member_deviation" in store:
        members = _members_by_polygon(store, folder, shares)
    known = _known(folder, shares, calibration, members)
    baseline, years = _axes(store)
    emulated = store.attrs.get("predictor") != _SIMULATOR
    number = known.sampled()
    enough = (number >= LEAST) | (known.borrowed <= 0)
    sampled = None
    if known.draws is not None:
        sampled = Sampled(number, enough, LEAST)
    words = words_of(known.over(slice(0)).sources, emulated=emulated)
    return Intervals(
        words if sampled is None or enough.any() else sampled.few,
        _bounds_of_polygons(known, enough, baseline=baseline, by_source=by_source),
        tuple(names),
        years,
        sampled,
    )


def _bounds_of_polygons(
    known: _Known, enough: NDArray[np.bool_], *, baseline: int, by_source: bool
) -> dict[str, tuple[Array, Array]]:
    """Return the bounds of sums over polygons by source, NaN of what is not told of one."""
    found: dict[str, tuple[Array, Array]] = {}
    for drawn in (True, False):
        group = np.flatnonzero(enough == drawn)
        for start in range(0, len(group), _AT_ONCE):
            part = group[start : start + _AT_ONCE]
            told = dict(bounds_of(known.over(part, drawn=drawn), baseline=baseline))
            if told and not drawn:
                told = {EMULATOR: told[ALL]}
            for source, kinds in told.items():
                if source == ALL or by_source:
                    shape = (*kinds[0].shape[:-1], len(enough))
                    whole = found.setdefault(source, (np.full(shape, np.nan), np.full(shape, np.nan)))
                    for values, amounts in zip(whole, kinds, strict=True):
                        values[..., part] = amounts
    return found


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


def _axes(store: zarr.Group) -> tuple[int, tuple[int, ...]]:
    """Return the place of the baseline among the pathways, and the reported years."""
    pathways = [str(name) for name in store["pathway"][:]]
    return pathways.index(BASELINE), tuple(int(year) for year in store["year"][:])


def _known(folder: Path, shares: csr_array, calibration: Calibration | None, members: Array | None) -> _Known:
    """Return what is known of sums over places, of which `shares` says how much of each cell lies in them."""
    status, area = status_and_area(folder)
    # A cell that was simulated in the emulator's stead has no error of emulation.
    emulated = np.asarray(shares.T @ np.where(np.isin(status, ANSWERED), area, 0.0))
    draws = open_draws(folder)
    if draws is None:
        return _Known(emulated, calibration, members, None, np.zeros((0, len(emulated))), 0.0 * emulated)
    valued = csr_array(shares * np.where(has_value(status), area, 0.0)[:, None])
    thinned = Thinned(*draws.thinned())
    others = np.ones(len(status))
    others[thinned.cells] = 0.0
    owned, borrowed = _owned(thinned, valued), np.asarray(valued.T @ others)
    return _Known(emulated, calibration, members, draws.deviations(), owned, borrowed)


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
    _, area = status_and_area(folder)
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
