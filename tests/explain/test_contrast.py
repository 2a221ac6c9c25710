"""Law: a sensitivity in time is pooled change over pooled change, and says when its driver did not move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import InputError
from eurosic.explain.contrast import LAB_PH, NITRATE, Trajectories, time_table
from eurosic.explain.states import ALL, FREE, INTACT, PARTLY, states_of_run

YEARS = (2020, 2030, 2040)


def made(
    ph: np.ndarray, sic: np.ndarray, depth: np.ndarray, nitrate: np.ndarray | None = None
) -> Trajectories:
    """Return trajectories of arrays ``(member, pathway, year, cell)``, one cell a block."""
    pathways, years, cells = ph.shape[1:]
    regime = np.where(depth > 0.15, 1, 0)
    return Trajectories(
        tuple(f"p{i}" for i in range(pathways)),
        YEARS[:years],
        ph,
        {"0_30cm": sic},
        np.full_like(ph, 0.004) if nitrate is None else nitrate,
        states_of_run(regime, depth),
        np.ones(cells),
        np.arange(cells),
    )


def buffered(cells: int = 12) -> Trajectories:
    """Cells that lose 0.1 kg m-2 in a decade while pH wavers about 8.2 by a hundredth: up here, down there."""
    wavering = 0.01 * np.where(np.arange(cells) % 2, 1.0, -1.0)
    ph = np.stack([np.full(cells, 8.2), 8.2 + wavering, 8.2 + wavering])[np.newaxis, np.newaxis]
    sic = -0.1 * np.arange(3)[:, np.newaxis] * np.ones(cells)
    return made(ph, sic[np.newaxis, np.newaxis], np.zeros((1, 3, cells)))


def row(table, driver: str, state: str, **more):
    """Return the one row of a table."""
    keep = (table["driver"] == driver) & (table["state"] == state)
    for name, value in more.items():
        keep &= table[name] == value
    (found,) = table[keep].to_dict("records")
    return found


def test_a_buffered_soil_loses_carbonate_at_a_ph_that_does_not_move():
    """Ten kilograms a hectare and year, no pH: the loss for a unit of pH has no bounds, and the table says so."""
    found = row(time_table(buffered()), LAB_PH, INTACT)
    assert found["sic_kgC_ha_yr"] == pytest.approx(-100.0)
    assert found["ph_per_decade"] == pytest.approx(0.0, abs=1e-9)
    assert (found["time_low"], found["time_high"]) == (-np.inf, np.inf)


def test_a_decalcified_soil_acidifies_with_nothing_left_to_lose():
    """Zero kilograms for a unit of pH, and that is certain."""
    ph = np.stack([np.full(10, 6.0), np.full(10, 5.5), np.full(10, 5.2)])[np.newaxis, np.newaxis]
    found = row(time_table(made(ph, np.zeros_like(ph), np.full((1, 3, 10), 0.4))), LAB_PH, FREE)
    assert (found["time"], found["time_low"], found["time_high"]) == (0.0, 0.0, 0.0)
    assert found["ph_per_decade"] == pytest.approx(-0.4)


def test_a_sensitivity_is_the_ratio_of_sums_by_hand():
    """Cells of 1 and 3 ha: (1 x 0.2 + 3 x 0.4) kg over (1 x 0.1 + 3 x 0.1) of pH is 3.5."""
    ph = np.array([[8.0, 8.0], [7.9, 7.9]])[np.newaxis, np.newaxis]
    sic = np.array([[0.0, 0.0], [-0.2, -0.4]])[np.newaxis, np.newaxis]
    two = replace(made(ph, sic, np.full((1, 2, 2), 0.1)), area=np.array([1e4, 3e4]))
    assert row(time_table(two), LAB_PH, PARTLY)["time"] == pytest.approx(3.5)


def test_only_steps_that_begin_and_end_in_a_state_count_for_it():
    """A cell that leaves its state half-way gives it its first step only; all holds both."""
    ph = np.array([8.2, 8.1, 6.1])[:, np.newaxis] * np.ones(6)
    sic = np.array([0.0, -0.1, -0.2])[:, np.newaxis] * np.ones(6)
    depth = np.array([0.0, 0.0, 0.1])[:, np.newaxis] * np.ones(6)
    table = time_table(made(ph[np.newaxis, np.newaxis], sic[np.newaxis, np.newaxis], depth[np.newaxis]))
    assert row(table, LAB_PH, INTACT)["time"] == pytest.approx(1.0)
    assert row(table, LAB_PH, ALL)["time"] == pytest.approx(0.2 / 2.1)
    assert row(table, LAB_PH, INTACT)["share_of_area_and_time"] == pytest.approx(0.5)
    assert PARTLY not in set(table["state"])


def test_nitrogen_is_read_from_the_difference_of_pathways():
    """Where 20 kg ha-1 yr-1 less leaches, 0.3 kg of carbon is kept for each kilogram: by hand, in both units."""
    nitrate = np.full((1, 2, 3, 8), 0.004)
    nitrate[:, 1] = 0.002
    leached = np.array([0.0, 0.04, 0.08])[:, np.newaxis] * np.ones(8)
    sic = np.stack([-0.3 * leached, -0.15 * leached])[np.newaxis]
    table = time_table(made(np.full((1, 2, 3, 8), 8.2), sic, np.zeros((2, 3, 8)), nitrate))
    found = row(table, NITRATE, INTACT, pathway="p1")
    assert found["kgC_per_kgN"] == pytest.approx(-0.3)
    # 10 kg ha-1 yr-1 more for twenty years: 0.02 kg m-2 of nitrogen, 0.006 of carbon.
    assert found["time"] == pytest.approx(-0.006)
    assert found["sic_kgC_ha_yr"] == pytest.approx(0.15 * 0.08 / 20 * 1e4)
    assert set(table.loc[table["driver"] == NITRATE, "pathway"]) == {"p1"}


def test_a_state_holds_only_where_both_courses_are_in_it():
    """The baseline is empty, the pathway still dissolves what it saved: no sensitivity of an empty topsoil."""
    nitrate = np.full((1, 2, 3, 8), 0.004)
    nitrate[:, 1] = 0.002
    depth = np.full((2, 3, 8), 0.4)
    # Of eight cells four keep calcite under the pathway, and go on losing it.
    depth[1, :, :4] = 0.1
    sic = np.zeros((1, 2, 3, 8))
    sic[0, 1, :, :4] = -0.2 * np.arange(3)[:, np.newaxis]
    table = time_table(made(np.full((1, 2, 3, 8), 6.0), sic, depth, nitrate))
    free = row(table, NITRATE, FREE, pathway="p1")
    assert (free["kgC_per_kgN"], free["cells"]) == (0.0, 4)
    assert free["share_of_area_and_time"] == pytest.approx(0.5)
    assert row(table, NITRATE, ALL, pathway="p1")["kgC_per_kgN"] == pytest.approx(0.2 / 0.04)
    # The baseline's own row has all eight.
    assert row(table, LAB_PH, FREE)["cells"] == 8


def test_members_that_disagree_on_ph_leave_the_sensitivity_without_bounds():
    """One network says up, another down: that pH moved is not known, however many cells there are."""
    one = buffered()
    down, up = one.ph.copy(), one.ph.copy()
    down[:, :, 1:], up[:, :, 1:] = 8.19, 8.21
    agreed = replace(one, ph=np.concatenate([down, down]), sic={"0_30cm": np.repeat(one.sic["0_30cm"], 2, axis=0)},
                     nitrate=np.repeat(one.nitrate, 2, axis=0))  # fmt: skip
    torn = replace(agreed, ph=np.concatenate([down, up]))
    assert np.isfinite(row(time_table(agreed), LAB_PH, INTACT)["time_low"])
    assert row(time_table(torn), LAB_PH, INTACT)["time_low"] == -np.inf


def test_a_ph_that_moves_by_less_than_it_is_wrong_by_carries_no_ratio():
    """A hundredth in twenty years, all cells alike: a number, until one knows that pH is wrong by two hundredths."""
    ph = np.array([8.20, 8.195, 8.19])[:, np.newaxis] * np.ones(12)
    sic = -0.1 * np.arange(3)[:, np.newaxis] * np.ones(12)
    found = made(ph[np.newaxis, np.newaxis], sic[np.newaxis, np.newaxis], np.zeros((1, 3, 12)))
    exact, blurred = (row(time_table(found, ph_error=e), LAB_PH, INTACT) for e in (0.0, 0.02))
    assert exact["time"] == pytest.approx(20.0)
    assert np.isnan(blurred["time"])
    assert (blurred["time_low"], blurred["time_high"]) == (-np.inf, np.inf)
    assert blurred["ph_per_decade"] == pytest.approx(exact["ph_per_decade"])
    assert row(time_table(found, ph_error=0.009), LAB_PH, INTACT)["time"] == exact["time"]


def test_a_cell_of_which_one_member_says_nothing_counts_neither_way():
    """No number is no change of zero: rates are those of the other cells, and so are area and years."""
    ph = np.stack([np.full(9, 8.0), np.full(9, 7.6), np.full(9, 7.4)])[np.newaxis, np.newaxis]
    sic = -0.1 * np.arange(3)[:, np.newaxis] * np.ones(9)
    whole = made(ph, sic[np.newaxis, np.newaxis], np.full((1, 3, 9), 0.1))
    two = replace(
        whole,
        ph=np.repeat(ph, 2, axis=0),
        sic={"0_30cm": np.repeat(sic[np.newaxis, np.newaxis], 2, axis=0)},
        nitrate=np.repeat(whole.nitrate, 2, axis=0),
    )
    two.ph[1, 0, 1:, :3] = np.nan
    found = row(time_table(two), LAB_PH, PARTLY)
    assert found["sic_kgC_ha_yr"] == pytest.approx(-100.0)
    assert found["ph_per_decade"] == pytest.approx(-0.3)
    assert (found["cells"], found["share_of_area_and_time"]) == (6, pytest.approx(2 / 3))


@given(st.floats(1e-3, 1e3), st.permutations(range(6)))
@settings(max_examples=10)
def test_neither_the_unit_of_area_nor_the_order_of_cells_matters(unit, order):
    """Ratios of sums know neither."""
    random = np.random.default_rng(7)
    ph, sic = 8.0 - random.random((1, 1, 3, 6)).cumsum(axis=2), -random.random((1, 1, 3, 6)).cumsum(axis=2)
    given_as = replace(made(ph, sic, np.full((1, 3, 6), 0.1)), area=random.uniform(1.0, 2.0, 6))
    order = list(order)
    turned = replace(
        given_as,
        ph=ph[..., order],
        sic={"0_30cm": sic[..., order]},
        states={name: mask[..., order] for name, mask in given_as.states.items()},
        area=given_as.area[order] * unit,
    )
    one, other = (row(time_table(t), LAB_PH, PARTLY)["time"] for t in (given_as, turned))
    assert one == pytest.approx(other)


def test_nitrate_is_summed_by_trapezia():
    """From 1 to 3 in a decade is 20; then 3 for another decade is 50."""
    nitrate = (np.array([1.0, 3.0, 3.0])[:, np.newaxis] * np.ones(5))[np.newaxis, np.newaxis]
    found = made(
        np.full((1, 1, 3, 5), 8.2),
        np.zeros((1, 1, 3, 5)),
        np.zeros((1, 3, 5)),
        nitrate,
    )
    assert found.leached[0, 0, :, 0].tolist() == [0.0, 20.0, 50.0]


def test_shapes_that_do_not_go_together_and_a_single_year_are_refused():
    """Before anything is summed."""
    with pytest.raises(InputError, match="have shapes"):
        replace(buffered(), nitrate=np.zeros((1, 1, 2, 12)))
    with pytest.raises(InputError, match=r"have one year.*Report more years"):
        made(np.full((1, 1, 1, 5), 8.2), np.zeros((1, 1, 1, 5)), np.zeros((1, 1, 5)))
