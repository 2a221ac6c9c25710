"""Law: fragments dissolve only where fine calcite is gone, dolomite slowly, and neither makes or loses a mole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError
from eurosic.base.vocabulary import STATES, TARGETS
from eurosic.simulator.column import Step, new_flow, sweep_minerals
from eurosic.simulator.constants import CA, LN10, MG, NO3, constants_at
from eurosic.simulator.minerals import Minerals, slowness
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.simulate import Simulator
from eurosic.simulator.solver import cold_point, solve_cell
from eurosic.simulator.species import carbonate_at
from tests.simulator.columns import (
    copied,
    random_columns,
    reference_course,
    reference_soil,
    reference_store,
    water_cell,
)

TENTHS = np.full(20, 0.1)


def _minerals(coarse: float, dolomite: float, rate: float = 0.5) -> Minerals:
    """Each layer the same, in mol m-2, at a rate of dissolution per year."""
    return Minerals(
        np.full(20, coarse),
        np.full(20, slowness(coarse, rate, 1.0)),
        np.full(20, dolomite),
        np.full(20, slowness(dolomite, rate, 1.0)),
    )


def test_grains_are_as_slow_as_their_rate_and_amount() -> None:
    """By hand: 4 mol at 0.5 per year: kappa 2 mol per year, 1/(kappa dt) = 6 for a month."""
    assert slowness(4.0, 0.5, 1 / 12) == pytest.approx(6.0)
    assert slowness(0.0, 0.5, 1.0) > 1e20


def test_fragments_dissolve_by_linear_kinetics_where_there_is_no_fine_calcite() -> None:
    """By hand: xi = kappa dt (1 - Omega) at the solution."""
    cell, c = water_cell(10.0, 0.01, calcite=0.0, coarse=50.0, coarse_slow=800.0)
    found = solve_cell(cell, c, cold_point())
    s = carbonate_at(found.at.h, cell.acid, 0.0, c, found.activities)
    omega = found.balance.cations.ca.free * found.activities.ca * s.co3 / c.kc
    assert found.ok
    assert omega < 0.9
    assert found.balance.dissolved == pytest.approx((1 - omega) / 800.0, rel=1e-6)


def test_dolomite_brings_calcium_and_magnesium_alike_until_it_is_saturated() -> None:
    """Fast and without calcite: Omega = 1, as much Ca as Mg; slow: xi = kappa dt (1 - Omega)."""
    for slow in (1e-6, 2000.0):
        cell, c = water_cell(10.0, 0.01, calcite=0.0, slow=1e30, dolomite=50.0, dolomite_slow=slow)
        found = solve_cell(cell, c, cold_point())
        g, ions = found.activities, found.balance.cations
        s = carbonate_at(found.at.h, cell.acid, 0.0, c, g)
        omega = g.ca * ions.ca.free * g.mg * ions.mg.free * s.co3**2 / c.dolomite
        assert found.ok
        if slow < 1.0:
            assert omega == pytest.approx(1.0, abs=1e-6)
        else:
            assert found.balance.dolomite == pytest.approx((1 - omega) / slow, rel=1e-3)
        assert ions.mg.free * (1 + s.mg_hco3 + s.mg_co3) == pytest.approx(found.balance.dolomite, rel=1e-6)
        assert ions.ca.free * (1 + s.ca_hco3 + s.ca_co3) == pytest.approx(found.balance.dolomite, rel=1e-6)
    assert -found.at.h / LN10 > 5.0


def test_dolomite_never_precipitates() -> None:
    """Water far above saturation keeps what it has."""
    cell, c = water_cell(10.0, 4.2e-4, ca=0.01, mg=0.05, no3=0.1, dolomite=1.0, dolomite_slow=1.0)
    assert solve_cell(cell, c, cold_point()).balance.dolomite == 0.0


def test_fragments_wait_until_the_fine_calcite_is_gone() -> None:
    """With fine calcite they stay whole; without it they take its place."""
    soil, course = reference_soil(TENTHS), reference_course(TENTHS, nitrogen=200, years=1)
    step = Step(course.water[0], course.flux[0], course.infiltration[0], course.sources[0], course.pco2[0])
    for percent, left in ((10.0, True), (0.0, False)):
        store, minerals, flow = (
            reference_store(soil, course, percent=percent),
            _minerals(20.0, 0.0),
            new_flow(20),
        )
        assert sweep_minerals(store, soil, step, constants_at(11.0, 0.0), flow, minerals)
        assert (minerals.coarse[0] == 20.0) == left


@settings(deadline=None, max_examples=30)
@given(
    coarse=st.floats(0, 30),
    dolomite=st.floats(0, 30),
    rate=st.floats(0, 20),
    percent=st.floats(0, 2),
    acid=st.floats(0, 2),
)
def test_calcium_magnesium_and_stocks_are_conserved(
    coarse: float, dolomite: float, rate: float, percent: float, acid: float
) -> None:
    """Ten years: Ca = calcite + fragments + dolomite, Mg = dolomite; no stock below zero."""
    soil, course = reference_soil(TENTHS), reference_course(TENTHS, years=1)
    course.sources[0, :3, NO3] = acid / 3
    step = Step(course.water[0], course.flux[0], course.infiltration[0], course.sources[0], course.pco2[0])
    store, minerals, flow = (
        reference_store(soil, course, percent=percent),
        _minerals(coarse, dolomite, rate),
        new_flow(20),
    )
    before, had = copied(store), Minerals(*(part.copy() for part in minerals))
    gained = np.zeros(8)
    for _ in range(10):
        assert sweep_minerals(store, soil, step, constants_at(11.0, 0.0), flow, minerals)
        gained += step.flux[0] * step.infiltration - step.flux[-1] * flow.concentration[-1]
        gained += (step.sources + flow.unmet).sum(axis=0)
    from_calcite = before.calcite.sum() - store.calcite.sum() + had.coarse.sum() - minerals.coarse.sum()
    from_dolomite = had.dolomite.sum() - minerals.dolomite.sum()
    change = (store.totals - before.totals).sum(axis=0) - gained
    assert change[CA] == pytest.approx(from_calcite + from_dolomite, abs=1e-10)
    assert change[MG] == pytest.approx(from_dolomite, abs=1e-10)
    assert min(store.calcite.min(), minerals.coarse.min(), minerals.dolomite.min()) >= 0.0


def _loss(**options: float) -> np.ndarray:
    columns = random_columns(12, years=30)
    columns.state[..., list(STATES).index("sic")] = 3.0
    found = Simulator(replace(SimulatorOptions(), **options)).predict(columns)  # type: ignore[arg-type]
    assert found.converged.all()
    return -found.values[0, :, -1, list(TARGETS).index("sic_change_0_30cm")]


def test_carbonate_in_fragments_outlasts_fine_carbonate() -> None:
    """The same stock, nine tenths of it in slow fragments: never lost faster, and slower where it is used up."""
    fine, coarse = _loss(), _loss(coarse_share=0.9, coarse_rate=0.01)
    assert (coarse <= fine * 1.02 + 1e-9).all()
    assert coarse.sum() < fine.sum()


def test_a_column_without_minerals_is_the_same_with_none_of_them() -> None:
    """Shares of zero change no bit; a tiny share changes little."""
    plain, tiny = _loss(), _loss(coarse_share=1e-9, dolomite_share=1e-9)
    assert tiny == pytest.approx(plain, rel=1e-4, abs=1e-6)


def test_shares_that_exceed_the_carbonate_are_refused() -> None:
    """Both kinds together are at most all of it."""
    with pytest.raises(PredictorError, match=r"coarse_share 0\.7 and dolomite_share 0\.5"):
        SimulatorOptions(coarse_share=0.7, dolomite_share=0.5)
