"""Law: a sample has cells of every kind, as many as were asked for, and its weights make it the whole again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eurosic.projection.sample import stratified_sample


def test_a_rare_stratum_has_a_tenth_of_the_sample():
    """Of 10 000 cells 1 % are rare: 50 of a sample of 500, and 495 of the others."""
    strata = np.repeat([0, 7], [9_900, 100])
    drawn = stratified_sample(strata, 500, seed=1)
    kinds = strata[drawn.cells]
    assert ((kinds == 0).sum(), (kinds == 7).sum()) == (495, 50)
    assert drawn.weight[kinds == 7][0] == 2.0


def test_where_there_are_fewer_cells_all_are_drawn():
    """Each stands for itself."""
    drawn = stratified_sample(np.array([0, 1, 0, -1, 2]), 500, seed=1)
    assert drawn.cells.tolist() == [0, 1, 2, 4]
    assert (drawn.weight == 1.0).all()


def test_equal_seeds_draw_equal_cells_and_others_do_not():
    """Reproducible, and random."""
    strata = np.zeros(5_000, dtype=int)
    one, same, other = (stratified_sample(strata, 100, seed=seed).cells for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@given(strata=st.lists(st.integers(-1, 4), max_size=300), wanted=st.integers(1, 100))
def test_weights_add_up_to_the_cells_of_every_stratum(strata, wanted):
    """No cell twice, none that may not be drawn, at least the number wanted where there are so many."""
    codes = np.array(strata, dtype=int)
    drawn = stratified_sample(codes, wanted, seed=0)
    assert (np.diff(drawn.cells) > 0).all()
    assert len(drawn.cells) >= min(wanted, (codes >= 0).sum())
    for code in range(5):
        np.testing.assert_allclose(drawn.weight[codes[drawn.cells] == code].sum(), (codes == code).sum())
    assert (codes[drawn.cells] >= 0).all()
