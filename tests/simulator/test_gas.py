"""Law: what is respired below a depth passes it as diffusion, so that pCO2 rises with depth as the source ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.simulator.constants import ABSOLUTE_ZERO, GAS_CONSTANT
from eurosic.simulator.gas import (
    Air,
    carbon_dioxide,
    diffusivity,
    molar_respiration,
    root_shares,
    tortuosity,
)

LAYERS = np.full(20, 0.1)


def _profile(air: Air, celsius: float, thickness: np.ndarray = LAYERS) -> np.ndarray:
    shares, pressure = np.zeros(thickness.size), np.zeros(thickness.size)
    root_shares(thickness, air.depth, shares)
    carbon_dioxide(thickness, air, celsius, shares, pressure)
    return pressure


def test_one_layer_holds_the_flux_over_the_diffusivity() -> None:
    """By hand: a uniform source S over L gives C(L/2) - C0 = 3/8 S L / D, S L being what is respired."""
    air = Air(2e-6, 1e9, 0.05, 10.0, 4e-4)
    rise = 2e-6 * 0.375 * 2.0 / (0.05 * diffusivity(10.0)) * GAS_CONSTANT * (10.0 + ABSOLUTE_ZERO)
    assert _profile(air, 10.0, np.array([2.0]))[0] == pytest.approx(4e-4 + rise)


@pytest.mark.parametrize(("air_porosity", "pressure"), [(0.22, 0.021), (0.17, 0.039), (0.12, 0.092)])
def test_air_filled_porosity_decides_carbon_dioxide_at_one_metre(
    air_porosity: float, pressure: float
) -> None:
    """SCIENCE.md 2.2: 650 g C m-2 yr-1, Moldrup; porosity 0.45 and depth 0.26 m are ours, hence 7 %."""
    air = Air(molar_respiration(650.0), 0.26, tortuosity(air_porosity, 0.45, 0.0), 10.0, 4e-4)
    profile = _profile(air, 10.0)
    assert 0.5 * (profile[9] + profile[10]) == pytest.approx(pressure, rel=0.07)


@pytest.mark.parametrize("layers", [5, 10, 20, 40])
def test_the_profile_approaches_the_closed_form_by_the_square_of_the_layer(layers: int) -> None:
    """C - C0 = R z0/D ((1 - e^(-z/z0)) - z e^(-L/z0)/z0) / (1 - e^(-L/z0)): halving layers quarters the error."""
    air, depth, bottom = Air(2e-6, 0.4, 0.05, 10.0, 4e-4), 0.4, 2.0
    thickness = np.full(layers, bottom / layers)
    z = np.cumsum(thickness) - 0.5 * thickness
    rest = np.exp(-bottom / depth)
    shape = ((1 - np.exp(-z / depth)) * depth - z * rest) / (1 - rest)
    closed = 4e-4 + 2e-6 / (0.05 * diffusivity(10.0)) * shape * GAS_CONSTANT * (10.0 + ABSOLUTE_ZERO)
    error = np.abs(_profile(air, 10.0, thickness) / closed - 1).max()
    assert error < 0.35 * (5 / layers) ** 2


def test_millington_quirk_slows_the_gas_more_than_moldrup_in_wet_soil() -> None:
    """eps^(10/3)/phi^2 against eps^2.5/phi^0.5: 0.0233 and 0.0268 of free air at eps 0.2, phi 0.45."""
    assert tortuosity(0.2, 0.45, 0.0) == pytest.approx(0.2**2.5 / 0.45**0.5)
    assert tortuosity(0.2, 0.45, 1.0) == pytest.approx(0.2 ** (10 / 3) / 0.45**2)
    assert tortuosity(0.2, 0.45, 1.0) < tortuosity(0.2, 0.45, 0.0)


def test_ten_degrees_double_respiration() -> None:
    """Q10 = 2; faster diffusion and the gas law take back 4 %."""
    air = Air(2e-6, 0.3, 0.05, 10.0, 0.0)
    assert _profile(air, 20.0)[10] / _profile(air, 10.0)[10] == pytest.approx(2.0, rel=0.05)


@settings(deadline=None, max_examples=50)
@given(depth=st.floats(0.15, 2), respiration=st.floats(0, 3000), split=st.integers(0, 19))
def test_carbon_dioxide_rises_with_depth_and_splitting_a_layer_changes_little(
    depth: float, respiration: float, split: int
) -> None:
    """Monotone, at least the atmosphere's; a split layer moves the layers below by less than 5 % of the rise."""
    air = Air(molar_respiration(respiration), depth, 0.05, 10.0, 4.2e-4)
    whole = _profile(air, 10.0)
    assert (np.diff(whole, prepend=4.2e-4) >= -1e-15).all()
    finer = np.insert(LAYERS, split, 0.05)
    finer[split + 1] = 0.05
    rise = whole[-1] - 4.2e-4
    assert abs(_profile(air, 10.0, finer)[-1] - whole[-1]) <= 0.05 * rise + 1e-12


@given(depth=st.floats(0.02, 50))
def test_root_shares_sum_to_one(depth: float) -> None:
    """Nothing is respired or withdrawn below the column."""
    shares = np.zeros(20)
    root_shares(LAYERS, depth, shares)
    assert shares.sum() == pytest.approx(1.0)
    assert (np.diff(shares) <= 1e-15).all()
