"""Law: the volumes of a column are known from its deck, and from its nodes alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eurosic.simulator.min3p.deck import read_deck
from eurosic.simulator.min3p.design import INTERVALS
from eurosic.simulator.min3p.grid import Intervals, grid_of, volume_limits


def _intervals(blocks: list[tuple[int, int]]) -> Intervals:
    edges = np.concatenate([[0], np.cumsum([decimetres for _, decimetres in blocks])]) / 10
    return tuple((count, float(edges[i]), float(edges[i + 1])) for i, (count, _) in enumerate(blocks))


def test_the_grid_of_the_development_runs() -> None:
    """20 volumes of 4, 10 and 22 cm, half ones at both ends, with limits at 0.30 and 1.00 m."""
    nodes, limits = grid_of(INTERVALS)
    assert len(nodes) == 20
    thickness = np.diff(limits)[::-1].round(6).tolist()
    assert thickness == [0.02, *[0.04] * 7, *[0.1] * 7, *[0.222222] * 4, 0.111111]
    assert {0.3, 1.0} <= set((2.0 - limits).round(9).tolist())
    assert nodes[[0, 1, -2, -1]].round(7).tolist() == [0.0, 0.2222222, 1.96, 2.0]


_BLOCKS = st.lists(st.tuples(st.integers(2, 9), st.integers(1, 40)), min_size=1, max_size=4)


@given(_BLOCKS)
def test_limits_of_any_intervals_are_found_from_their_nodes(blocks: list[tuple[int, int]]) -> None:
    """The nodes alone tell where volumes end, for any intervals of two volumes or more."""
    nodes, limits = grid_of(_intervals(blocks))
    np.testing.assert_allclose(volume_limits(nodes), limits, atol=1e-9)


@given(_BLOCKS)
def test_volumes_fill_the_column_and_hold_their_nodes(blocks: list[tuple[int, int]]) -> None:
    """No gap, no overlap, and each node within its volume."""
    nodes, limits = grid_of(_intervals(blocks))
    assert (np.diff(limits) > 0).all()
    assert limits[-1] == sum(decimetres for _, decimetres in blocks) / 10
    assert ((limits[:-1] <= nodes) & (nodes <= limits[1:])).all()


@given(_BLOCKS)
def test_the_intervals_of_a_deck_are_read_back(blocks: list[tuple[int, int]]) -> None:
    """Written as a deck has them, after those of x and y."""
    intervals = _intervals(blocks)
    lines = "\n".join(f"{count}\n{low} {high}" for count, low, high in intervals)
    text = f"'spatial discretization'\n1\n1\n0. 1.0\n1\n1\n0. 1.0\n{len(intervals)}\n{lines}\n'done'\n"
    assert read_deck(text, "t.dat").intervals == intervals


def test_a_grid_that_is_not_of_intervals_has_limits_between_its_nodes() -> None:
    """Nodes of any heights give volumes that meet halfway and are never negative."""
    limits = volume_limits(np.array([0.0, 0.1, 1.0, 1.01, 2.0]))
    assert (np.diff(limits) > 0).all()
    assert (limits[0], limits[-1]) == (0.0, 2.0)
