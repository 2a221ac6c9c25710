"""Law: every cell has a root and it is found, to a relative charge residual of 1e-8."""

from __future__ import annotations

import numpy as np
import pytest

from eurosic.simulator.activity import activities_at
from eurosic.simulator.cell import Cell
from eurosic.simulator.chemistry import balance_at
from eurosic.simulator.constants import LN10, constants_at
from eurosic.simulator.solver import Point, Solution, cold_point, solve_cell
from eurosic.simulator.species import carbonate_at
from tests.simulator.columns import water_cell

# degC, atm, pH, Ca, alkalinity, DIC (mmol/L); SCIENCE.md 7.3, from PHREEQC.
SATURATED = [
    (10.0, 0.01, 7.318, 2.118, 4.237, 4.766),
    (25.0, 0.01, 7.297, 1.645, None, None),
    (10.0, 0.03, 7.007, 3.165, None, None),
    (10.0, 4.2e-4, 8.219, 0.692, None, None),
]


def _solve(celsius: float, pressure: float, **given: float) -> tuple[Solution, float]:
    cell, c = water_cell(celsius, pressure, **given)
    found = solve_cell(cell, c, cold_point())
    return found, 1e3 * (cell.ca + found.balance.dissolved)


@pytest.mark.parametrize(("celsius", "pressure", "ph", "calcium", "alkalinity", "dic"), SATURATED)
def test_calcite_saturated_water_is_that_of_phreeqc(
    celsius: float, pressure: float, ph: float, calcium: float, alkalinity: float | None, dic: float | None
) -> None:
    """PH to 0.002, calcium, alkalinity and DIC to 0.1 % (SCIENCE.md asks for 0.5 %)."""
    found, total = _solve(celsius, pressure)
    assert -found.at.h / LN10 == pytest.approx(ph, abs=2e-3)
    assert total == pytest.approx(calcium, rel=1e-3)
    if alkalinity is not None and dic is not None:
        cell, c = water_cell(celsius, pressure)
        s, g = carbonate_at(found.at.h, cell.acid, 0.0, c, found.activities), found.activities
        carbon = cell.acid / g.neutral + s.hco3 / g.hco3 + s.co3 / g.co3
        carbon += found.balance.cations.ca.free * (s.ca_hco3 + s.ca_co3)
        assert 2 * total == pytest.approx(alkalinity, rel=1e-3)
        assert 1e3 * carbon == pytest.approx(dic, rel=1e-3)


@pytest.mark.parametrize("pressure", [0.003, 0.01, 0.03])
def test_calcium_follows_the_closed_form(pressure: float) -> None:
    """Ca = (K1 Kc KH p / (4 K2 g_Ca g_HCO3^2))^(1/3) within 3 %: it leaves out complexes and carbonate."""
    found, total = _solve(10.0, pressure)
    c, g = constants_at(10.0, 0.0), found.activities
    closed = (c.k1 * c.kc * c.kh * pressure / (4 * c.k2 * g.ca * g.hco3**2)) ** (1 / 3)
    assert total == pytest.approx(1e3 * closed, rel=0.03)


def test_calcium_at_doubled_carbon_dioxide_is_higher_by_the_cube_root_of_two() -> None:
    """SCIENCE.md 7.8: x1.26, a little more because activities fall."""
    assert _solve(10.0, 0.02)[1] / _solve(10.0, 0.01)[1] == pytest.approx(2 ** (1 / 3), rel=0.03)


@pytest.mark.parametrize(
    ("nitrate", "share"), [(1e-6, 0.36), (2e-3, 0.40), (8e-3, 0.46)], ids=["trace", "2 mM", "8 mM"]
)
def test_a_mole_of_nitric_acid_dissolves_a_third_to_half_a_mole_of_calcite(
    nitrate: float, share: float
) -> None:
    """SCIENCE.md 7.5: the marginal share at fixed pCO2, because bicarbonate takes back part of the acid."""
    step = 1e-3 * max(nitrate, 1e-4)
    more, less = (_solve(10.0, 0.01, no3=nitrate + d)[1] for d in (step, 0.0))
    assert 1e-3 * (more - less) / step == pytest.approx(share, abs=0.011)


def test_ideal_water_gives_exactly_one_third() -> None:
    """With calcium tied to the cube of bicarbonate, a trace of acid dissolves 1/3 (0.333 to 0.36 with activity)."""
    less, more = (_solve(10.0, 1e-4 * 100, no3=d)[1] for d in (0.0, 1e-7))
    assert 1 / 3 < 1e-3 * (more - less) / 1e-7 < 0.37


def _random_cells(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Extreme cells: base saturation 0.3-1.1, pCO2 5e-4-0.1 atm, NO3 to 10 mM, some slow or coarse calcite."""
    rng = np.random.default_rng(seed)

    def spread(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), n))

    water, charge = spread(5, 400), rng.uniform(2, 60, n)
    no3, cl, so4 = rng.uniform(0, 0.01, n) * water, spread(1e-5, 3e-3) * water, spread(1e-5, 2e-3) * water
    bases = rng.uniform(0.3, 1.1, n) * charge + no3 + cl + 2 * so4 * rng.uniform(0, 1, n)
    cations = bases[:, None] * rng.dirichlet([6, 1, 0.3, 0.3, 0.2], n) / [2, 2, 1, 1, 1]
    calcite = np.where(rng.random(n) < 0.5, 0.0, spread(1e-6, 500))
    slow = np.where(rng.random(n) < 0.2, spread(1e-3, 1e3), 0.0)
    coarse = np.where(rng.random(n) < 0.2, spread(1e-3, 100), 0.0)
    fields = [*cations.T, no3, so4, cl, water, calcite, slow, coarse, spread(1e-2, 1e3)]
    fields += [charge, rng.uniform(0, 0.4, n) * charge]
    return np.column_stack(fields), spread(5e-4, 0.1), rng.uniform(0, 30, n)


@pytest.mark.slow
def test_a_hundred_thousand_extreme_cells_all_converge() -> None:
    """Newton, bisection and polish together miss none; both residuals are checked, not only the flag."""
    fields, pressures, temperatures = _random_cells(100_000, seed=20261122)
    start, worst, failed = cold_point(), 0.0, 0
    for row, pressure, celsius in zip(fields, pressures, temperatures, strict=True):
        c = constants_at(celsius, 0.0)
        found = solve_cell(Cell(*row, c.kh * pressure), c, start)
        failed += not found.ok
        worst = max(worst, abs(found.balance.charge.value), abs(found.balance.sites.value))
    assert failed == 0
    assert worst <= 1e-8


def test_the_residual_stays_small_when_activities_are_taken_at_the_answer() -> None:
    """Lagged activities have settled: fresh ones move charge and sites by no more than the tolerance."""
    fields, pressures, temperatures = _random_cells(500, seed=3)
    for row, pressure, celsius in zip(fields, pressures, temperatures, strict=True):
        c = constants_at(celsius, 0.0)
        cell = Cell(*row, c.kh * pressure)
        at = solve_cell(cell, c, cold_point()).at
        fresh = balance_at(cell, c, activities_at(at.ionic, c), (at.h, at.lx, at.so4, 0.0))
        assert abs(fresh.charge.value) <= 2e-8
        assert abs(fresh.sites.value) <= 2e-8


def test_the_root_does_not_depend_on_where_the_search_began() -> None:
    """Warm, cold and absurd starts end at one pH: the root is unique."""
    fields, pressures, _ = _random_cells(50, seed=5)
    c = constants_at(10.0, 0.0)
    starts = [cold_point(), Point(-3.0 * LN10, -5.0, 0.5, 0.0), Point(-11.0 * LN10, 12.0, 1e-6, 1e-2)]
    for row, pressure in zip(fields, pressures, strict=True):
        cell = Cell(*row, c.kh * pressure)
        found = [solve_cell(cell, c, start).at.h / LN10 for start in starts]
        assert np.ptp(found) < 1e-6


@pytest.mark.parametrize("empty", ["ca", "no3", "so4", "cl", "charge"])
def test_a_cell_that_lacks_something_is_still_solved(empty: str) -> None:
    """No calcium, no anions, no exchanger: limits, not failures."""
    fields, pressures, _ = _random_cells(200, seed=11)
    c = constants_at(10.0, 0.0)
    for row, pressure in zip(fields, pressures, strict=True):
        cell = Cell(*row, c.kh * pressure)._replace(**{empty: 0.0})
        assert solve_cell(cell, c, cold_point()).ok


def test_a_cell_without_a_meaning_is_not_ok_and_raises_nothing() -> None:
    """NaN in, `ok` False out: one cell never stops a batch."""
    cell, c = water_cell(10.0, 0.01, ca=np.nan)
    assert not solve_cell(cell, c, cold_point()).ok
