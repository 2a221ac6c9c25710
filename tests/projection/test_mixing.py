"""Law: a pathway is the mean of its treatments by their shares of area, and one treatment alone is it bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.projection.mixing import chosen, mixed

SHARES = np.array([[1.0, 0.0, 0.0], [0.75, 0.25, 0.0]])


def test_shares_of_area_by_hand():
    """Three quarters of 0.4 and one of 0.8 are 0.5; a variant without a share does not count, not even its NaN."""
    values = np.array([0.4, 0.8, np.nan])[:, None, None] * np.ones((3, 2, 4))
    found = mixed(values, SHARES)
    np.testing.assert_array_equal(found[0], 0.4)
    np.testing.assert_allclose(found[1], 0.5, rtol=1e-15)


def test_what_cannot_be_averaged_is_that_of_the_larger_share():
    """Regime 2 on three quarters of the cell."""
    assert chosen(np.array([[2], [0], [1]], np.int8), SHARES).ravel().tolist() == [2, 2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_keep_their_type_and_their_order_of_memory(dtype):
    """A network's cells stay last in memory, whatever the order of the axes."""
    values = np.ones((4, 3, 5), dtype).transpose(1, 2, 0)
    found = mixed(values, SHARES)
    assert found.dtype == dtype
    assert found.shape == (2, 5, 4)
    assert np.argsort(found.strides).tolist() == np.argsort(values.strides).tolist()


@given(seed=st.integers(0, 999), variants=st.integers(1, 5), pathways=st.integers(1, 6))
def test_it_is_the_product_of_shares_and_variants(seed, variants, pathways):
    """Whatever the shares, if they sum to one."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(variants, 0.5), pathways)
    values = random.normal(size=(variants, 3, 2))
    np.testing.assert_allclose(mixed(values, shares), np.tensordot(shares, values, axes=1), atol=1e-12)
