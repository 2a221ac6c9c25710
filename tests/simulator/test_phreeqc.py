"""Law: PHREEQC, with our constants and the same mixing cells, gives our columns."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from eurosic.base.errors import SimulationError
from eurosic.base.units import MOLAR_MASS_C
from eurosic.simulator import phreeqc
from eurosic.simulator.column import Step
from eurosic.simulator.constants import K, constants_at
from eurosic.simulator.partition import split_store
from eurosic.simulator.phreeqc import open_phreeqc, run_phreeqc
from eurosic.simulator.profile import initial_store, run_course, steady_course
from tests.simulator.columns import (
    KG_PER_HA,
    PORE,
    copied,
    reference_course,
    reference_soil,
    reference_store,
    sic_loss,
)

TENTHS = np.full(20, 0.1)
needs_phreeqc = pytest.mark.skipif(
    importlib.util.find_spec("phreeqc") is None, reason="the extra 'phreeqc' is not installed"
)


@needs_phreeqc
@pytest.mark.parametrize(
    ("celsius", "pressure", "ph", "calcium"),
    [
        (10.0, 0.01, 7.318, 2.118),
        (25.0, 0.01, 7.297, 1.645),
        (10.0, 0.03, 7.007, 3.165),
        (10.0, 4.2e-4, 8.219, 0.692),
    ],
)
def test_the_database_gives_the_calcite_water_of_the_specification(
    celsius: float, pressure: float, ph: float, calcium: float
) -> None:
    """SCIENCE.md 7.3, computed here by PHREEQC itself: pH to 0.002, calcium to 0.1 %."""
    engine = open_phreeqc()
    text = f"SOLUTION 1\n temp {celsius}\nEQUILIBRIUM_PHASES 1\n Calcite 0 10\n CO2(g) {np.log10(pressure)} 10\nEND"
    assert engine.RunString(text) == 0
    found = [engine.GetSelectedOutputValue(engine.GetSelectedOutputRowCount() - 1, j) for j in (1, 4)]
    assert found[0] == pytest.approx(ph, abs=2e-3)
    assert 1e3 * found[1] == pytest.approx(calcium, rel=1e-3)


@needs_phreeqc
@pytest.mark.parametrize("nitrogen", [0, pytest.param(100, marks=pytest.mark.slow), 200])
def test_the_reference_column_is_that_of_phreeqc(nitrogen: int) -> None:
    """SCIENCE.md 2.7, 80 years: SIC loss and DIC within 0.1 %, pH within 0.001 in every layer and year."""
    soil, course = reference_soil(TENTHS), reference_course(TENTHS, nitrogen=nitrogen)
    store = reference_store(soil, course)
    before = store.calcite.copy()
    theirs = run_phreeqc(store, soil, course)
    ours = run_course(store, soil, course)
    printed = {0: (86.17, 192.3), 100: (98.93, 183.7), 200: (112.31, 176.4)}[nitrogen]
    dic = theirs.dic[:, -1].mean() * 300 * MOLAR_MASS_C * KG_PER_HA
    assert (sic_loss(theirs, before, 80), dic) == pytest.approx(printed, rel=1e-3)
    assert sic_loss(ours, before, 80) == pytest.approx(sic_loss(theirs, before, 80), rel=1e-3)
    assert np.abs(ours.ph - theirs.ph).max() < 1e-3
    assert ours.dic == pytest.approx(theirs.dic, rel=1e-3)


@needs_phreeqc
def test_a_front_with_evaporation_and_an_acid_topsoil_is_that_of_phreeqc() -> None:
    """Little calcite below an acid topsoil, roots, a harvest: pH within 0.002 but where calcite runs out."""
    soil, course = reference_soil(TENTHS), reference_course(TENTHS, nitrogen=200, years=30)
    course.sources[:, :3, K] = -0.002
    flux = np.tile(np.linspace(700.0, 300.0, 21), (30, 1))
    course = course._replace(flux=flux, infiltration=course.infiltration * 300 / 700)
    store = reference_store(soil, course, decalcified=0.3, percent=0.3)
    before = copied(store)
    ours = run_course(store, soil, course)
    theirs = run_phreeqc(before, soil, course._replace(sources=course.sources + ours.unmet))
    loss = [sic_loss(record, before.calcite, 30) for record in (ours, theirs)]
    assert loss[0] == pytest.approx(loss[1], rel=5e-3)
    apart = np.abs(ours.ph - theirs.ph)
    assert np.quantile(apart, 0.98) < 0.002
    assert apart.max() < 0.1
    assert ours.ph.min() < 6.0 < 7.0 < ours.ph.max()


def test_a_split_store_holds_what_the_store_holds() -> None:
    """Dissolved and exchangeable ions add up to the totals; exchanger charges to its capacity."""
    soil, course = reference_soil(TENTHS), reference_course(TENTHS, years=1)
    store = reference_store(soil, course, decalcified=0.3)
    split = split_store(store, soil, course.water[0], course.pco2[0], constants_at(11.0, 0.0))
    moles = split.exchanger[:, :5] / [2, 2, 1, 1, 1]
    held = split.aqueous[:, :5] * course.water[0][:, None] + moles
    assert held == pytest.approx(store.totals[:, :5], rel=1e-6)
    assert split.exchanger.sum(axis=1) == pytest.approx(soil.charge, rel=1e-6)


def test_a_ph_dependent_exchanger_is_refused() -> None:
    """PHREEQC's exchanger has a fixed capacity."""
    soil = reference_soil(TENTHS)._replace(charge_slope=np.full(20, 1.0))
    course = reference_course(TENTHS, years=1)
    with pytest.raises(SimulationError, match="pH-dependent exchanger"):
        run_phreeqc(reference_store(soil, course), soil, course)


def test_phreeqc_that_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which package, and how to get it."""

    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(phreeqc, "import_module", absent)
    with pytest.raises(SimulationError, match=r"'phreeqc' is not installed.*pip install"):
        open_phreeqc()


@needs_phreeqc
def test_what_phreeqc_cannot_solve_is_told_with_its_step() -> None:
    """A source that takes more than there is: PHREEQC's own first line, and the step."""
    soil = reference_soil(np.array([0.1]))
    step = Step(np.array([30.0]), np.full(2, 300.0), np.zeros(8), np.zeros((1, 8)), np.array([0.01]))
    step.sources[0, K] = -50.0
    course = steady_course(2, step, 10.0)
    store = initial_store(soil, course, np.array([100.0]), PORE, np.ones(1))
    with pytest.raises(SimulationError, match="step 1 of 2"):
        run_phreeqc(store, soil, course)
