"""Law: a random field has mean 0, variance 1 and the covariance that it states, wherever it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eurosic.inputs.fields import covariance, gaussian_field

LENGTH = 200_000.0
# m; places along a line and off it: distances from 0 to 1000 km.
X = np.array([0.0, 5e4, 1e5, 2e5, 4e5, 1e6, 0.0, 1.2e5])
Y = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2e5, 1.6e5])


@pytest.fixture(scope="module")
def realisations() -> np.ndarray:
    """Two thousand fields of few waves: given the waves a field is Gaussian, and draws have waves of their own."""
    return np.stack([gaussian_field(X, Y, length=LENGTH, seed=(11, i), waves=64) for i in range(2000)])


def test_the_covariance_is_the_closed_form(realisations):
    """exp(-h/L) at every distance, within four standard errors of two thousand fields (0.03 each)."""
    found = realisations.T @ realisations / len(realisations)
    distance = np.hypot(X[:, None] - X, Y[:, None] - Y)
    wanted = covariance(distance, LENGTH)
    error = np.sqrt((1.0 + wanted**2) / len(realisations))
    assert (np.abs(found - wanted) < 4.0 * error + 0.01).all()
    assert covariance(np.array([LENGTH]), LENGTH)[0] == pytest.approx(np.exp(-1.0))


def test_every_place_is_standard_normal(realisations):
    """Mean, variance, and the whole distribution by Kolmogorov and Smirnov."""
    assert np.abs(realisations.mean(axis=0)).max() < 0.09
    assert np.abs(realisations.var(axis=0) - 1.0).max() < 0.13
    assert stats.kstest(realisations[:, 0], "norm").pvalue > 1e-3


def test_the_covariance_is_the_same_in_every_direction(realisations):
    """200 km east, south and slantwise."""
    east, north, slant = (np.mean(realisations[:, 0] * realisations[:, i]) for i in (3, 6, 7))
    assert max(abs(east - north), abs(east - slant)) < 0.11


@settings(max_examples=15)
@given(seed=st.integers(0, 2**40), places=st.lists(st.integers(0, 7), min_size=1, max_size=8))
def test_a_place_has_its_value_whoever_else_is_asked_for(seed, places):
    """Any subset, in any order: so tiles and samples of one draw are one world."""
    whole = gaussian_field(X, Y, length=LENGTH, seed=(seed,), waves=32)
    part = gaussian_field(X[places], Y[places], length=LENGTH, seed=(seed,), waves=32)
    np.testing.assert_allclose(part, whole[places], rtol=1e-9, atol=1e-12)


def test_another_seed_is_another_field():
    """Not a bit alike."""
    one, other = (gaussian_field(X, Y, length=LENGTH, seed=(1, i)) for i in (0, 1))
    assert (one != other).all()


def test_a_length_that_is_long_makes_one_value():
    """Of a million kilometres Europe is a point."""
    field = gaussian_field(X, Y, length=1e12, seed=(4,))
    # Few waves of a heavy tail are short.
    assert np.ptp(field) < 0.2
