"""Law: the two residuals are those of charge and sites, their slopes are exact, and calcite obeys min()."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.simulator.activity import activities_at
from eurosic.simulator.cell import Cell
from eurosic.simulator.chemistry import balance_at, site_fractions
from eurosic.simulator.constants import LN10
from eurosic.simulator.species import CHARGE_FLOOR, carbonate_at, site_charge
from tests.simulator.columns import water_cell

SOIL = {
    "ca": 8.0,
    "mg": 0.9,
    "na": 0.05,
    "k": 0.1,
    "nh4": 0.02,
    "no3": 0.3,
    "so4": 0.06,
    "cl": 0.05,
    "water": 250.0,
    "charge": 20.0,
    "charge_slope": 4.0,
}


def test_pure_water_under_carbon_dioxide_is_neutral_where_protons_equal_bicarbonate() -> None:
    """By hand: with activities 1, h2 = K1 KH p + Kw, pH 5.66; a trace of Al3+ is left over."""
    cell, c = water_cell(25.0, 3.2e-4, calcite=0.0)
    g = activities_at(0.0, c)
    balance = balance_at(cell, c, g, (0.5 * np.log(c.k1 * cell.acid + c.kw), 0.0, 0.0, 0.0))
    assert -0.5 * np.log10(c.k1 * cell.acid + c.kw) == pytest.approx(5.66, abs=0.01)
    assert balance.charge.value == pytest.approx(0.0, abs=5e-3)


def test_water_over_calcite_holds_the_calcium_that_the_solubility_product_allows() -> None:
    """By hand: free Ca = Kc / (g_Ca {CO3}), whatever the total."""
    cell, c = water_cell(10.0, 0.01, ca=3e-3)
    g = activities_at(0.006, c)
    h = -7.3 * LN10
    co3 = carbonate_at(h, cell.acid, 0.0, c, g).co3
    assert balance_at(cell, c, g, (h, 0.0, 0.0, 0.0)).cations.ca.free == pytest.approx(c.kc / (g.ca * co3))


@pytest.mark.parametrize(
    "given_too",
    [
        {},
        {"calcite": 0.0},
        {"calcite": 0.01},
        {"calcite": 5.0, "slow": 2.0},
        {"calcite": 0.0, "coarse": 3.0, "coarse_slow": 5.0},
    ],
    ids=["calcite", "none", "running out", "slow", "coarse"],
)
@pytest.mark.parametrize("ph", [4.2, 6.5, 7.4])
def test_every_slope_is_the_difference_quotient(given_too: dict[str, float], ph: float) -> None:
    """Central differences of charge, sites, ionic strength and sulphate in h and in lx, to 1e-6."""
    cell, c = water_cell(11.0, 0.01, **(SOIL | given_too))
    g = activities_at(0.008, c)
    point, d = np.array([-ph * LN10, 2.0, 1e-4, 0.0]), 1e-5
    here = balance_at(cell, c, g, tuple(point))
    for axis, slope in ((0, "by_h"), (1, "by_l")):
        shift = d * np.eye(4)[axis]
        up, down = (balance_at(cell, c, g, tuple(point + sign * shift)) for sign in (1, -1))
        for name in ("charge", "sites", "ionic", "so4"):
            measured = (getattr(up, name).value - getattr(down, name).value) / (2 * d)
            rounding = 1e-9 * max(1.0, abs(getattr(here, name).value))
            assert getattr(getattr(here, name), slope) == pytest.approx(measured, rel=1e-6, abs=rounding), (
                name
            )


@settings(deadline=None, max_examples=100)
@given(
    total=st.floats(1e-4, 20),
    calcite=st.floats(1e-6, 50),
    ph=st.floats(4, 9),
    slow=st.sampled_from([0.0, 0.1, 10.0]),
)
def test_calcite_dissolves_no_more_than_there_is_and_only_below_saturation(
    total: float, calcite: float, ph: float, slow: float
) -> None:
    """Complementarity: xi <= m; undersaturated only where all is dissolved or kinetics are slow; no other state."""
    cell, c = water_cell(11.0, 0.01, **(SOIL | {"ca": total, "calcite": calcite, "slow": slow}))
    g = activities_at(0.008, c)
    found = balance_at(cell, c, g, (-ph * LN10, 1.0, 0.0, 0.0))
    omega = found.cations.ca.free * g.ca * carbonate_at(-ph * LN10, cell.acid, 0.0, c, g).co3 / c.kc
    assert found.dissolved <= calcite * (1 + 1e-12)
    if found.exhausted:
        assert found.dissolved == pytest.approx(calcite, rel=1e-9)
        assert omega <= 1 + 1e-9
    elif slow == 0.0:
        assert omega == pytest.approx(1.0)
    else:
        assert found.dissolved == pytest.approx((1 - omega) / slow, rel=1e-6, abs=1e-9)


def test_endless_speed_of_dissolution_is_equilibrium() -> None:
    """Kappa -> infinity (SCIENCE.md 7.8): slow = 1e-9 gives the calcium of slow = 0."""
    point = (-7.0 * LN10, 1.5, 0.0, 0.0)
    calcium = []
    for slow in (0.0, 1e-9):
        cell, c = water_cell(11.0, 0.01, **(SOIL | {"calcite": 50.0, "slow": slow}))
        calcium.append(balance_at(cell, c, activities_at(0.008, c), point).cations.ca.free)
    assert calcium[1] == pytest.approx(calcium[0], rel=1e-6)


def test_exchanger_charge_rises_with_ph_and_has_a_floor() -> None:
    """By hand: 20 molc and 4 molc per pH give 20 at pH 7, 24 at pH 8, and never less than 4."""
    cell = Cell(**(dict.fromkeys(Cell._fields, 0.0) | SOIL))
    assert site_charge(cell, -7.0 * LN10) == pytest.approx((20.0, -4.0 / LN10))
    assert site_charge(cell, -8.0 * LN10)[0] == pytest.approx(24.0)
    assert site_charge(cell, -2.0 * LN10) == (CHARGE_FLOOR * 20.0, 0.0)


def test_site_fractions_are_those_that_the_site_balance_sums() -> None:
    """ln(sum of the seven fractions) is the residual of the sites."""
    cell, c = water_cell(11.0, 0.01, **SOIL)
    h, lx = -4.5 * LN10, 1.7
    found = balance_at(cell, c, activities_at(0.008, c), (h, lx, 0.0, 0.0))
    assert np.log(sum(site_fractions(found.cations, c, h, lx))) == pytest.approx(found.sites.value)
