"""Law: what holds of every contrast, whatever the numbers: sums, signs, units, and errors that cannot hide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.explain.bootstrap import DRAWS, columns_of, drawn_sums, estimate, ratio
from eurosic.explain.contrast import LAB_PH, NITRATE, time_table
from eurosic.explain.contrast_substitution import LINE, Law, substitution_table
from eurosic.explain.contrast_table import contrast_lines, contrast_table, records
from eurosic.explain.states import ALL, FREE, INTACT, PARTLY
from tests.explain.test_contrast import made, row

POINTS = np.array([2.0, 12.0])


def random_world(seed: int, *, members: int = 1, cells: int = 9):
    """Return trajectories of two pathways in which everything moves, and every state of the topsoil occurs."""
    random = np.random.default_rng(seed)
    shape = (members, 2, 3, cells)
    ph = 8.2 - random.uniform(0.0, 0.8, shape).cumsum(axis=2)
    sic = -random.uniform(0.0, 0.3, shape).cumsum(axis=2)
    depth = np.broadcast_to(np.arange(cells) % 3 * 0.2, (2, 3, cells))
    world = made(ph, sic, depth, random.uniform(0.001, 0.005, shape))
    return replace(world, area=random.uniform(1e6, 1e8, cells))


def line_of(slope: float) -> Law:
    """Return a straight law of some slope, kg m-2 for a unit of pH, drawn twice."""
    return Law(
        "hand", "0_30cm", LINE, False, POINTS, slope * POINTS, np.outer([0.9 * slope, 1.1 * slope], POINTS)
    )


@given(st.integers(0, 10_000), st.floats(-3.0, 3.0))
@settings(max_examples=25)
def test_an_error_is_foretold_less_run_and_cells_are_never_better_than_their_sum(seed, slope):
    """In every row: what is told apart is the difference, and errors of cells are no smaller than their mean."""
    table = substitution_table(random_world(seed), (line_of(slope),), years=(2030, 2040))
    np.testing.assert_allclose(table["error_TgC"], table["foretold_TgC"] - table["run_TgC"], atol=1e-12)
    apart = table["foretold_kgC_ha_yr"] - table["run_kgC_ha_yr"]
    np.testing.assert_allclose(table["error_kgC_ha_yr"], apart, atol=1e-9)
    assert (table["error_of_cells_kgC_ha_yr"] >= table["error_kgC_ha_yr"].abs() - 1e-9).all()


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_totals_of_the_states_add_up_and_totals_are_rates_times_area_and_years(seed):
    """Three states of the topsoil are all cells; Tg is kg a hectare and year over hectares and years."""
    table = substitution_table(random_world(seed), (line_of(1.0),), years=(2040,))
    every = table[table["state"] == ALL].set_index(["pathway", "quantity"])
    parts = (
        table[table["state"].isin([INTACT, PARTLY, FREE])]
        .groupby(["pathway", "quantity"])
        .sum(numeric_only=True)
    )
    for name in ("run_TgC", "foretold_TgC", "area_Mha"):
        np.testing.assert_allclose(parts[name], every.loc[parts.index, name], atol=1e-12)
    told = table["run_kgC_ha_yr"] * table["area_Mha"] * 1e6 * 20 / 1e9
    np.testing.assert_allclose(table["run_TgC"], told, atol=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_a_law_of_slope_zero_foretells_nothing_and_errs_by_the_run(seed):
    """The null of every substitution."""
    table = substitution_table(random_world(seed), (line_of(0.0),), years=(2040,))
    assert (table["foretold_TgC"] == 0.0).all()
    np.testing.assert_allclose(table["error_TgC"], -table["run_TgC"])


@given(st.integers(0, 10_000))
@settings(max_examples=8)
def test_twice_the_carbon_for_the_same_ph_is_twice_the_sensitivity(seed):
    """Of every row, value and ends alike, for pH and for nitrate."""
    world = random_world(seed)
    twice = replace(world, sic={depth: 2.0 * values for depth, values in world.sic.items()})
    one, other = time_table(world), time_table(twice)
    for name in ("time", "time_low", "time_high", "sic_kgC_ha_yr"):
        np.testing.assert_allclose(other[name], 2.0 * one[name])


@given(st.integers(0, 10_000))
@settings(max_examples=8)
def test_a_member_that_is_there_twice_says_nothing_new(seed):
    """The value stays, to rounding; members that agree do not widen an interval beyond that of blocks."""
    world = random_world(seed)
    doubled = replace(
        world,
        ph=np.repeat(world.ph, 2, axis=0),
        sic={depth: np.repeat(values, 2, axis=0) for depth, values in world.sic.items()},
        nitrate=np.repeat(world.nitrate, 2, axis=0),
    )
    one, other = time_table(world), time_table(doubled)
    np.testing.assert_allclose(other["time"], one["time"])
    np.testing.assert_allclose(other["sic_kgC_ha_yr_low"], one["sic_kgC_ha_yr_low"])


def test_a_pathway_that_is_the_baseline_has_no_sensitivity_to_nitrate():
    """Nothing over nothing: no number, rather than zero or infinity."""
    world = random_world(3)
    same = replace(
        world,
        ph=world.ph[:, [0, 0]],
        sic={depth: values[:, [0, 0]] for depth, values in world.sic.items()},
        nitrate=world.nitrate[:, [0, 0]],
    )
    found = row(time_table(same), NITRATE, ALL)
    assert np.isnan(found["kgC_per_kgN"])
    assert found["sic_kgC_ha_yr"] == 0.0


def test_states_share_out_area_and_time():
    """Where no cell changes its state, three shares make one."""
    table = time_table(random_world(4))
    of_ph = table[(table["driver"] == LAB_PH) & table["state"].isin([INTACT, PARTLY, FREE])]
    assert of_ph["share_of_area_and_time"].sum() == pytest.approx(1.0)
    assert of_ph["cells"].sum() == 9


def test_more_blocks_tell_more():
    """Four times as many blocks, half the interval."""
    random = np.random.default_rng(6)
    values = random.normal(5.0, 1.0, 800)

    def width(blocks: int) -> float:
        sums = np.stack([values[:blocks], np.ones(blocks)])[np.newaxis]
        found = estimate(sums, ratio, seed=0)
        return found.high - found.low

    assert width(800) == pytest.approx(0.5 * width(200), rel=0.2)


def test_every_draw_has_as_many_blocks_as_there_are():
    """The sum of ones is the number of blocks, in each of a thousand draws, from every member."""
    drawn = drawn_sums(np.ones((3, 1, 17)), seed=5)
    assert drawn.shape == (DRAWS, 1)
    assert (drawn == 17.0).all()


def test_an_estimate_is_three_columns():
    """With the names that all tables use."""
    sums = np.ones((1, 2, 6))
    assert columns_of("time", estimate(sums, ratio, seed=0)) == {
        "time": 1.0,
        "time_low": 1.0,
        "time_high": 1.0,
    }


def test_time_without_any_space_is_still_told():
    """One row a sensitivity, its space empty, named after nobody."""
    time = time_table(random_world(7))
    table = contrast_table(time, [])
    assert len(table) == len(time)
    assert table["space"].isna().all()
    assert set(table["observations"]) == {""}
    assert len(contrast_lines(table, pd.DataFrame())) == 3


def test_records_are_rows_by_name():
    """As a table's own, with text for names."""
    assert records(pd.DataFrame({"a": [1, 2], 3: ["x", "y"]})) == [{"a": 1, "3": "x"}, {"a": 2, "3": "y"}]
