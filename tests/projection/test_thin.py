"""Law: a thinned table stands for the whole: all area, in its own country, without bias."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.projection.thin import thin


def _world(seed: int, cells: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Areas and countries of a table, one country small, some cells without a value."""
    rng = np.random.default_rng(seed)
    area = rng.uniform(1.0, 10.0, cells) * (rng.random(cells) > 0.1)
    country = np.sort(rng.choice([40, 250, 380, 442], cells, p=[0.3, 0.5, 0.19, 0.01]))
    return area, country


def test_a_run_of_equal_cells_by_hand():
    """Twelve equal cells of one country in four strata: one of each three, standing for three."""
    found = thin(np.ones(12), np.full(12, 40), 4, seed=3)
    assert (found.cells // 3).tolist() == [0, 1, 2, 3]
    assert found.owner.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert found.weights(np.ones(12)).tolist() == [3.0] * 4


def test_a_small_country_has_four_cells_or_all():
    """However small its area."""
    country = np.array([40] * 1000 + [442] * 6 + [470] * 2)
    found = thin(np.ones(1008), country, 50, seed=0)
    drawn = country[found.cells]
    assert ((drawn == 442).sum(), (drawn == 470).sum()) == (4, 2)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), wanted=st.integers(1, 600))
def test_every_area_is_stood_for_once_by_a_cell_of_its_own_country(seed, wanted):
    """The sum of the weights is the area, country by country; nobody stands for a cell without a value."""
    area, country = _world(seed)
    found = thin(area, country, wanted, seed=seed)
    assert ((found.owner >= 0) == (area > 0)).all()
    kept = area > 0
    np.testing.assert_array_equal(country[found.cells][found.owner[kept]], country[kept])
    weights = found.weights(area)
    for code in np.unique(country):
        assert weights[country[found.cells] == code].sum() == pytest.approx(area[country == code].sum())
    assert (np.diff(found.cells) > 0).all()
    assert (area[found.cells] > 0).all()
    # A drawn cell stands for itself, too.
    np.testing.assert_array_equal(found.owner[found.cells], np.arange(len(found.cells)))


def test_all_cells_stand_for_themselves_where_they_are_few():
    """A table that is smaller than the sample is taken whole."""
    area, country = _world(1)
    found = thin(area, country, 10_000, seed=0)
    np.testing.assert_array_equal(found.cells, np.flatnonzero(area > 0))
    np.testing.assert_allclose(found.weights(area), area[area > 0])


def test_the_mean_over_many_samples_is_the_total():
    """An unbiased estimate: of 400 samples of a gradient the mean is the sum, within four standard errors."""
    area, country = _world(2)
    value = np.linspace(0.0, 1.0, len(area)) ** 2
    total = (area * value).sum()
    estimates = []
    for seed in range(400):
        found = thin(area, country, 40, seed=seed)
        estimates.append((found.weights(area) * value[found.cells]).sum())
    error = np.std(estimates) / 20
    assert abs(np.mean(estimates) - total) < 4 * error
    # Runs of neighbours are strata: far better than the same number drawn anywhere.
    rng = np.random.default_rng(0)
    anywhere = [area.sum() * value[rng.choice(len(area), 40, p=area / area.sum())].mean() for _ in range(400)]
    assert np.std(estimates) < 0.5 * np.std(anywhere)


def test_equal_seeds_draw_equal_cells():
    """And others draw others."""
    area, country = _world(3)
    one, other, third = (thin(area, country, 40, seed=seed).cells for seed in (7, 7, 8))
    assert one.tolist() == other.tolist() != third.tolist()
