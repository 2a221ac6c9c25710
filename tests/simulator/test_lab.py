"""Law: lab pH is that of the fine earth shaken with water or CaCl2 under the laboratory's air."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eurosic.simulator.column import Soil, Store, forget_points
from eurosic.simulator.constants import CA, NO3, constants_at
from eurosic.simulator.lab import LAB_TEMPERATURE, lab_ph
from eurosic.simulator.options import SimulatorOptions, settings_of


def _lab(calcium: float, nitrate: float, calcite: float, charge: float, **options: str) -> float:
    """Lab pH of one layer of 100 kg that holds calcium, nitrate and calcite (mol) on an exchanger (molc)."""
    soil = Soil(*(np.array([x]) for x in (0.1, 100.0, charge, 0.0, 0.0)))
    store = Store(np.zeros((1, 8)), np.array([calcite]), np.zeros((1, 4)))
    store.totals[0, CA], store.totals[0, NO3] = calcium, nitrate
    forget_points(store)
    settings = settings_of(replace(SimulatorOptions(), **options))
    chem = (constants_at(LAB_TEMPERATURE, 0.0), settings)
    before = store.totals.copy()
    found = lab_ph(store, soil, store.points.copy(), np.array([1.0]), chem)
    np.testing.assert_array_equal(store.totals, before)
    return float(found)


@pytest.mark.parametrize(("solution", "ph"), [("water", 8.20), ("cacl2", 7.66)])
def test_a_calcareous_sample_has_the_lab_ph_of_the_closed_system(solution: str, ph: float) -> None:
    """SCIENCE.md 7.7: 8.20 in water, 7.66 in 0.01 M CaCl2, at 25 C and 4.2e-4 atm."""
    assert _lab(0.0, 0.0, 50.0, 0.0, lab_solution=solution) == pytest.approx(ph, abs=6e-3)


def test_an_exchanger_in_calcium_form_leaves_the_ph_of_a_calcareous_sample_alone() -> None:
    """Calcite buffers: 20 molc of calcium shift it by less than 0.02."""
    assert _lab(10.0, 0.0, 50.0, 20.0) == pytest.approx(8.20, abs=0.02)


def test_nitrate_left_in_the_dried_sample_lowers_its_ph() -> None:
    """Salt: 0.5 mol of calcium nitrate in 500 L raises calcium and lowers pH, as CaCl2 does."""
    assert _lab(10.5, 1.0, 50.0, 20.0) < _lab(10.0, 0.0, 50.0, 20.0) - 0.05


def test_half_saturated_soil_without_calcite_is_acid_and_more_so_in_calcium_chloride() -> None:
    """Base saturation 50 %: about 4.3 in water and lower in CaCl2, the salt effect of every soil laboratory."""
    water, salt = _lab(5.0, 0.0, 0.0, 20.0), _lab(5.0, 0.0, 0.0, 20.0, lab_solution="cacl2")
    assert 3.5 < salt < water < 6.0


def test_a_sample_without_a_meaning_gives_nan() -> None:
    """NaN in, NaN out, and nothing raised."""
    assert np.isnan(_lab(np.nan, 0.0, 0.0, 20.0))
