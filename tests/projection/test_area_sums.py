"""Law: what members say of a sum is the sum of what they say of its cells, whichever way the tile is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.flags import Status
from eurosic.base.grid import Tile
from eurosic.base.summed import SINCE_START, SUMMED, TOTALLED, unpack_deviation
from eurosic.projection.area_sums import deviations_of, member_totals_of
from eurosic.projection.outside import Fate, OutsideRule
from eurosic.projection.tile import TileResult, TileSpec, predict_tile
from tests.members import APART, ToyMembers
from tests.toy import ToyForcing, ToyPredictor, toy_rows

YEARS = 11
CHANGE = TOTALLED.index("sic_change_0_200cm")


def _predict(cells: int = 20, *, batch: int = 7, seed: int = 0, **options: object) -> tuple[dict, TileResult]:
    limit = options.pop("limit", np.inf)
    spec = TileSpec(
        np.array([[1, 0], [0.75, 0.25]]), reported=(0, 5, 10), countries=(40, 250), batch=batch, **options
    )
    rows = toy_rows(cells, seed)
    found = predict_tile(
        Tile(0, 0, cells),
        rows,
        forcing=ToyForcing((1.0, 0.0), YEARS),
        predictor=ToyMembers(ToyPredictor(), limit=limit),
        spec=spec,
    )
    return rows, found


# --- by hand ---


def test_two_members_that_err_alike_in_two_cells_by_hand():
    """+1 and -1 in both cells, of 2 and 3 m2: sums of +5 and -5. Where they err against each other: -1 and +1."""
    alike = np.array([[[[[1.0, 1.0]]]], [[[[-1.0, -1.0]]]]], dtype=np.float32)
    against = alike * np.array([1.0, -1.0], dtype=np.float32)
    weights = np.array([[2.0], [3.0]])
    assert member_totals_of(alike, weights).ravel().tolist() == [5.0, -5.0]
    assert member_totals_of(against, weights).ravel().tolist() == [-1.0, 1.0]


def test_parts_of_a_cell_add_with_their_signs():
    """Three quarters of +4 and a quarter of -4 are +2: a network is wrong about both in its own way."""
    members = np.array([4.0, -4.0], dtype=np.float32).reshape(1, 1, 2, 1, 1)
    found = deviations_of(members, np.array([[0.75, 0.25]]), np.array([True]))
    assert found.ravel().tolist() == [2.0]


def test_a_cell_without_a_value_adds_nothing_whatever_it_holds():
    """Not even NaN."""
    members = np.array([np.nan, 1.0], dtype=np.float32).reshape(1, 1, 1, 1, 2)
    found = deviations_of(members, np.eye(1), np.array([False, True]))
    assert found.ravel().tolist() == [0.0, 1.0]


# --- closed form ---


def test_a_member_that_is_wrong_by_a_share_is_wrong_by_it_in_every_sum():
    """-2, -1 and +3 % of each country's total, of the flux summed since the start too."""
    rows, found = _predict()
    totals = found.totals[:, :, [0, 5, 10]]
    for m, share in enumerate(APART):
        np.testing.assert_allclose(found.members.totals[m, : len(TOTALLED)], share * totals, rtol=1e-5)
    since = found.totals[TOTALLED.index("co2_to_air_from_carbonate")].cumsum(axis=1)[:, [0, 5, 10]]
    np.testing.assert_allclose(found.members.totals[2, SUMMED.index(SINCE_START)], 0.03 * since, atol=1e-9)
    assert rows["country"].shape == (20,)


def test_packed_cells_sum_to_the_members_totals():
    """Within the rounding of what is packed."""
    rows, found = _predict()
    apart = unpack_deviation(found.members.deviations[:, CHANGE])
    sums = apart @ rows["calcareous_arable_area"]
    np.testing.assert_allclose(sums, found.members.totals[:, CHANGE].sum(axis=-1), rtol=4e-3)


def test_a_cell_that_was_simulated_has_no_error_of_emulation():
    """Where the simulator answers for a cell outside the domain, members do not differ."""
    rule = OutsideRule(Fate.SIMULATE, ToyPredictor())
    rows, found = _predict(limit=1.3, outside=rule)
    outside = rows["bulk_density"] > 1.3
    assert (found.status[outside] == Status.SIMULATED_OUTSIDE_DOMAIN).all()
    assert (found.members.deviations[..., outside] == 0).all()
    assert (found.members.deviations[:, CHANGE, 0, -1, ~outside] != 0).all()


# --- laws ---


@settings(max_examples=15)
@given(batch=st.integers(1, 30), seed=st.integers(0, 99))
def test_batches_change_nothing(batch, seed):
    """Cells bit for bit, sums to rounding."""
    (_, one), (_, other) = _predict(batch=batch, seed=seed), _predict(batch=100, seed=seed)
    np.testing.assert_array_equal(one.members.deviations, other.members.deviations)
    np.testing.assert_allclose(one.members.totals, other.members.totals, rtol=1e-9, atol=1e-6)


@settings(max_examples=10)
@given(seed=st.integers(0, 99))
def test_members_sum_to_nothing(seed):
    """They are deviations from their mean."""
    _, found = _predict(seed=seed)
    scale = np.abs(found.members.totals).max()
    np.testing.assert_allclose(found.members.totals.sum(axis=0), 0.0, atol=1e-6 * scale)


def test_a_predictor_without_members_keeps_none():
    """And the tile has no array of theirs."""
    spec = TileSpec(np.eye(1), reported=(0,), countries=(40, 250))
    found = predict_tile(
        Tile(0, 0, 5), toy_rows(5), forcing=ToyForcing((1.0,), 2), predictor=ToyPredictor(), spec=spec
    )
    assert found.members is None
    assert not {"member_total", "member_deviation"} & set(found.arrays())


def test_the_arrays_have_the_names_that_the_template_promises():
    """`member_total` and `member_deviation`, as halves."""
    _, found = _predict()
    arrays = found.arrays()
    assert arrays["member_total"].shape == (3, len(SUMMED), 2, 3, 2)
    assert arrays["member_deviation"].shape == (3, len(TOTALLED), 2, 3, 20)
    assert arrays["member_deviation"].dtype == np.float16
    assert arrays["member_total"].sum() == pytest.approx(0.0, abs=1e3)
