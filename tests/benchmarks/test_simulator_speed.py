"""Law: a column costs the same alone or among fifty thousand, and a year of it what some thousand exponentials cost.

Processor time, not wall time, of the second call: a machine's neighbours and the compiler do not count. What is
asserted are ratios within one run, so that a slow machine is no fault.
"""

from __future__ import annotations

import math
import time

import numba
import pytest

from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.simulate import Simulator, run_unchecked
from tests.simulator.columns import random_columns

YEARS = 81


def _rate(simulator: Simulator, cells: int, *, years: int = YEARS) -> float:
    """Column-years per second of processor time, the spin-up's years counted."""
    columns = random_columns(cells, years=years)
    run_unchecked(simulator.options, random_columns(2, years=2))
    start = time.process_time()
    run_unchecked(simulator.options, columns)
    return cells * (years + simulator.options.spin_up) / (time.process_time() - start)


@numba.njit
def _one_after_the_other(number: int) -> float:
    value = 0.5
    for _ in range(number):
        value = math.exp(-value)
    return value


def _exponentials(number: int = 2_000_000) -> float:
    """Exponentials per second of processor time, compiled, each of the one before: the yardstick."""
    _one_after_the_other(1)
    taken = []
    for _ in range(5):
        start = time.process_time()
        _one_after_the_other(number)
        taken.append(time.process_time() - start)
    return number / min(taken)


@pytest.mark.bench
def test_a_year_costs_what_some_thousand_exponentials_cost() -> None:
    """At most 8 000 of them, of a compiled loop: some twenty layers, each the root of its equations."""
    rate, yardstick = max(_rate(Simulator(), 300) for _ in range(3)), _exponentials()
    print(f"\nannual step: {rate:,.0f} column-years/s, {yardstick / rate:,.0f} exponentials each")  # noqa: T201
    assert yardstick / rate < 8_000


@pytest.mark.bench
@pytest.mark.slow
def test_the_cost_of_a_column_does_not_grow_with_the_batch() -> None:
    """500, 5 000 and 50 000 columns of four years each: within 60 % of each other on a shared machine."""
    simulator = Simulator(SimulatorOptions(spin_up=2))
    rates = {cells: max(_rate(simulator, cells, years=2) for _ in range(2)) for cells in (500, 5_000, 50_000)}
    for cells, rate in rates.items():
        print(f"\n{cells:>6} columns: {rate:,.0f} column-years/s")  # noqa: T201 - a bench prints
    assert max(rates.values()) < 1.6 * min(rates.values())


@pytest.mark.bench
def test_twelve_months_cost_little_more_than_twelve_years() -> None:
    """A monthly step solves what an annual one solves: a year of them costs at most 36 annual steps."""
    annual = max(_rate(Simulator(), 100, years=20) for _ in range(2))
    monthly = max(_rate(Simulator(SimulatorOptions(step="month")), 50, years=20) for _ in range(2))
    print(f"\nmonthly step: {monthly:,.0f} column-years/s, {annual / monthly:.1f} annual steps a year")  # noqa: T201
    assert annual < 36 * monthly
