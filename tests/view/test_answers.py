"""Law: a tile of any level is the mean of the cells below it, its reasons are those of the cells in its middles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eurosic.base.flags import Status, status_flags
from eurosic.base.grid import Grid
from eurosic.view.answers import Answers
from eurosic.view.outlines import outline_rings
from eurosic.view.pyramid import SIDE
from eurosic.view.site import BadQueryError, NotThereError
from tests.view.test_pyramid import WIDE, scattered

PYRAMID = scattered()
PATHWAYS, YEARS = ("baseline", "less"), (2020, 2021)
CHANGE = "sic_change_0_200cm"


class Made:
    """A source by formula: the value of cell i is ``i (1 + year) + 1000 pathway``; every tenth cell has none."""

    def __init__(self) -> None:
        self.read: list[slice] = []
        rows, columns = np.mgrid[0 : WIDE.rows, 0 : WIDE.columns]
        self.reasons = ((rows + columns) % 6).astype(np.int8)

    def has(self, name: str) -> bool:
        """Hold a change with its spread, and the regime."""
        return name in (CHANGE, f"{CHANGE}_p05", f"{CHANGE}_p95", "regime")

    def values(
        self, name: str, pathway: int, year: int, cells: slice
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield in parts of 700 cells."""
        for start in range(cells.start, cells.stop, 700):
            part = slice(start, min(start + 700, cells.stop))
            self.read.append(part)
            yield part, self.course(name, np.arange(part.start, part.stop))[pathway, year].astype(np.float32)

    def course(self, name: str, cell: int | NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the formula, or a code."""
        if name == "regime":
            return np.broadcast_to(np.where(cell % 10 == 0, -1, cell % 3), (2, 2, *np.shape(cell))).astype(
                float
            )
        values = np.array([[cell * (1 + y) + 1000 * p for y in range(2)] for p in range(2)], dtype=float)
        return np.where(np.asarray(cell) % 10 == 0, np.nan, values)

    def single(self, name: str, cell: int) -> float:
        """Return a status."""
        return float(Status.FAILED if cell % 10 == 0 else Status.PREDICTED)

    def status(self, rows: slice, columns: slice) -> NDArray[np.int8]:
        """Return a window, never a large one."""
        window = self.reasons[rows, columns]
        assert window.shape[0] <= max(SIDE, 1)
        return window


AREA = np.random.default_rng(5).uniform(1e5, 1e6, 3000).astype(np.float32)


@pytest.fixture
def made() -> Made:
    """The source."""
    return Made()


@pytest.fixture
def answers(made: Made) -> Answers:
    """Answers about it."""
    return Answers(made, PYRAMID, AREA, PATHWAYS, YEARS, status_flags(("carbonate",)))


def _query(**changed: object) -> dict[str, str]:
    asked = {
        "variable": CHANGE,
        "pathway": "less",
        "year": 2021,
        "level": 0,
        "row": 0,
        "column": 0,
        **changed,
    }
    return {key: str(value) for key, value in asked.items()}


def _tile(answers: Answers, **changed: object) -> NDArray[np.float32]:
    return np.frombuffer(answers.tile(_query(**changed)), "<f4").reshape(SIDE, SIDE)


def test_a_group_by_hand(answers):
    """At the last level, a group holds a few cells: their mean, weighed by area, computed one by one."""
    found = _tile(answers, level=3)
    row, column = (int(places[1501]) >> 3 for places in (PYRAMID.rows, PYRAMID.columns))
    inside = [
        i for i in range(3000) if PYRAMID.rows[i] >> 3 == row and PYRAMID.columns[i] >> 3 == column and i % 10
    ]
    mean = sum(float(AREA[i]) * (2 * i + 1000) for i in inside) / sum(float(AREA[i]) for i in inside)
    assert found[row, column] == pytest.approx(mean, rel=1e-6)


@settings(max_examples=20)
@given(st.integers(0, 3), st.sampled_from([None, "baseline"]))
def test_tiles_of_all_levels_sum_to_the_same(level, minus):
    """Mean times area over all groups; a difference of pathways is 1000 everywhere."""
    answers = Answers(Made(), PYRAMID, AREA, PATHWAYS, YEARS, {})
    size, whole, count = SIDE << level, 0.0, 0
    valid = np.arange(3000) % 10 != 0
    for row in range(-(-WIDE.rows // size)):
        for column in range(-(-WIDE.columns // size)):
            tile = _tile(answers, level=level, row=row, column=column, minus=minus or "").ravel()
            at = (PYRAMID.rows // size == row) & (PYRAMID.columns // size == column) & valid
            groups = (
                ((PYRAMID.rows[at] >> level) - row * SIDE) * SIDE
                + (PYRAMID.columns[at] >> level)
                - column * SIDE
            )
            whole += float((tile[groups] * AREA[at].astype(float)).sum())
            count += int(at.sum())
            if minus:
                assert np.nanmin(tile[groups], initial=1000) == np.nanmax(tile[groups], initial=1000) == 1000
    values = 2.0 * np.arange(3000) + 1000 if not minus else np.full(3000, 1000.0)
    assert count == valid.sum()
    assert whole == pytest.approx((values * AREA)[valid].sum(), rel=1e-5)


def test_only_the_cells_of_a_tile_are_read(answers, made):
    """A fine tile reads its own range of the table."""
    answers.tile(_query(row=1, column=2))
    assert sum(part.stop - part.start for part in made.read) < 0.2 * 3000


def test_codes_are_the_commonest_by_area(answers):
    """And none where no cell has one."""
    found = _tile(answers, variable="regime", level=0)
    for i in np.flatnonzero((PYRAMID.rows < SIDE) & (PYRAMID.columns < SIDE)):
        value = found[PYRAMID.rows[i], PYRAMID.columns[i]]
        assert np.isnan(value) if i % 10 == 0 else value == i % 3


@pytest.mark.parametrize("level", range(4))
def test_reasons_are_those_of_the_middles(answers, made, level):
    """Of each group the cell in its middle; beyond the grid there is nothing; windows are read band by band."""
    step = 1 << level
    told = np.frombuffer(answers.reasons(_query(level=level)), np.uint8).reshape(SIDE, SIDE)
    high, wide = (min(SIDE, -(-size // step)) for size in WIDE.shape)
    rows, columns = (
        np.minimum(np.arange(count) * step + step // 2, size - 1)
        for count, size in zip((high, wide), WIDE.shape, strict=True)
    )
    np.testing.assert_array_equal(told[:high, :wide], made.reasons[np.ix_(rows, columns)])
    assert (told[high:] == Status.OUTSIDE_EXTENT).all()


def test_a_cell_has_its_courses_and_its_spread(answers):
    """As they are stored, None for what is no number; a code below zero is none."""
    at = 1234
    place = {"row": int(PYRAMID.rows[at]), "column": int(PYRAMID.columns[at])}
    told = answers.cell(_query(**place))
    assert told["values"] == {"baseline": [1234.0, 2468.0], "less": [2234.0, 3468.0]}
    assert len(told["spread"]) == 2
    assert told["area"] == float(AREA[at])
    none = {"row": int(PYRAMID.rows[20]), "column": int(PYRAMID.columns[20])}
    told = answers.cell(_query(**none))
    assert told["values"]["less"] == [None, None]
    assert told["status"] == "failed"
    assert answers.cell(_query(**none, variable="regime"))["values"]["less"] == [None, None]


def test_a_place_without_a_study_cell_says_why(answers, made):
    """By the status of the grid."""
    taken = set(zip(PYRAMID.rows.tolist(), PYRAMID.columns.tolist(), strict=True))
    row, column = next(
        (r, c) for r in range(10) for c in range(10) if (r, c) not in taken and (r + c) % 6 == 2
    )
    told = answers.cell(_query(row=row, column=column))
    assert (told["study"], told["status"]) == (False, "sea")


def test_a_scale_sees_values_of_the_whole_table(answers):
    """Finite ones only."""
    found = answers.sample(_query())
    assert found.size == 2700
    assert found.max() == 2 * 2999 + 1000


def test_what_is_not_there_is_refused(answers):
    """Tiles, cells, words."""
    with pytest.raises(NotThereError):
        answers.tile(_query(level=7))
    with pytest.raises(NotThereError):
        answers.cell(_query(row=100_000))
    for wrong in (
        {"pathway": "x"},
        {"year": 1999},
        {"variable": "dic_leaching"},
        {"minus": "x"},
        {"level": "a"},
    ):
        with pytest.raises(BadQueryError):
            answers.tile(_query(**wrong))


def test_outlines_lie_about_the_grid():
    """Within a quarter beyond its sides, each ring closed; Europe has many."""
    europe = Grid("EPSG:3035", 10_000.0, 2_630_000.0, 5_430_000.0, 390, 401)
    rings = outline_rings(europe)
    west, south, east, north = europe.bounds
    slack = 0.25 * max(east - west, north - south) + 1
    points = np.concatenate([np.array(ring) for ring in rings])
    assert len(rings) > 50
    assert all(ring[0] == ring[-1] for ring in rings)
    assert points[:, 0].min() >= west - slack
    assert points[:, 0].max() <= east + slack
    assert points[:, 1].min() >= south - slack
    assert points[:, 1].max() <= north + slack
