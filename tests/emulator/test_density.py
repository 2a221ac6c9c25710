"""Law: the mixture finds what it was drawn from, and is less surprised where there are more points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.emulator.density import Mixture, fit_mixture


def _points(size: int, *, seed: int = 0, dimensions: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((size, dimensions)).astype(np.float32)


def test_one_part_of_unit_variance_is_surprised_by_half_the_square_of_the_distance():
    """By hand: at (3, 4) the surprise is 25 / 2 more than at the mean."""
    mixture = Mixture(
        np.zeros(1, np.float32), np.zeros((1, 2), np.float32), np.eye(2, dtype=np.float32)[None]
    )
    there, here = mixture.surprise(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    assert there - here == pytest.approx(12.5)


def test_the_surprise_of_normal_points_is_that_of_their_density():
    """Closed form: ln of a standard normal in three dimensions, without the constant of 2 pi."""
    points = _points(20_000)
    told = fit_mixture(points, seed=0).surprise(points)
    assert np.abs(told - 0.5 * (points**2).sum(axis=1)).mean() < 0.1


def test_two_clusters_are_found_with_their_weights():
    """A quarter of the points about (6, 0, 0), the others about the origin: between them is no man's land."""
    points = _points(4000)
    points[:1000, 0] += 6.0
    mixture = fit_mixture(points, seed=1)
    near = np.abs(mixture.means - np.array([6.0, 0.0, 0.0])).max(axis=1) < 1.0
    volume = np.log(np.abs(np.linalg.det(mixture.whiteners)))
    weights = np.exp(mixture.offset - volume)
    assert weights.sum() == pytest.approx(1.0, abs=1e-3)
    assert weights[near].sum() == pytest.approx(0.25, abs=0.03)
    between, one, other = mixture.surprise(np.array([[3.0, 0, 0], [6.0, 0, 0], [0.0, 0, 0]], np.float32))
    assert between > max(one, other) + 2.0


def test_a_point_off_the_line_that_all_lie_on_surprises():
    """Two features that are one: the same values, exchanged, are far away."""
    line = np.repeat(_points(2000, dimensions=1), 2, axis=1)
    mixture = fit_mixture(line, seed=0)
    on, off = mixture.surprise(np.array([[1.0, 1.0], [1.0, -1.0]], np.float32))
    assert off > on + 100.0


@given(st.integers(0, 2**31))
def test_the_order_of_points_is_irrelevant_to_their_surprise(seed):
    """Each point is judged by itself, whatever stands beside it."""
    mixture = fit_mixture(_points(200), seed=0)
    points = _points(50, seed=seed) * 3.0
    order = np.random.default_rng(seed).permutation(50)
    np.testing.assert_allclose(mixture.surprise(points)[order], mixture.surprise(points[order]), rtol=1e-4)


def test_the_same_seed_gives_the_same_mixture():
    """Training is to be repeated to the last bit."""
    one, other = (fit_mixture(_points(500), seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.whiteners, other.whiteners)
    np.testing.assert_array_equal(one.offset, other.offset)


def test_few_points_get_one_part_and_no_part_learns_a_point_by_heart():
    """Thirty points in three dimensions are one cloud; the least width of a part is that of the floor."""
    mixture = fit_mixture(_points(30), seed=0)
    assert len(mixture.offset) == 1
    assert np.abs(mixture.whiteners).max() <= 1.0 / 0.02
