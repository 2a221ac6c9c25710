"""Law: a column costs the same alone or among fifty thousand, and thousands pass in a second of one core.

Processor time, not wall time, of the second call: a machine's neighbours and the compiler do not count.
"""

from __future__ import annotations

import time

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


@pytest.mark.bench
def test_the_annual_step_is_fast_enough_for_europe() -> None:
    """At least 15 000 column-years per second and core (40 000 measured; a NumPy prototype had 22 000)."""
    rate = max(_rate(Simulator(), 500) for _ in range(3))
    print(f"\nannual step: {rate:,.0f} column-years/s on one core")  # noqa: T201 - a bench prints
    assert rate >= 15_000


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
def test_the_monthly_step_is_fast_enough_for_ensembles() -> None:
    """At least 1 000 column-years per second and core (a NumPy prototype had 570 to 1 600)."""
    rate = _rate(Simulator(SimulatorOptions(step="month")), 100, years=20)
    print(f"\nmonthly step: {rate:,.0f} column-years/s on one core")  # noqa: T201 - a bench prints
    assert rate >= 1_000
