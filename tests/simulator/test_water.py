"""Law: water is conserved between the surface, the roots and the drain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.simulator.water import annual_flux


def _flux(rain: float, drainage: float, roots: list[float]) -> np.ndarray:
    flux = np.full(len(roots) + 1, np.nan)
    annual_flux(rain, drainage, np.array(roots), flux)
    return flux


def test_flux_falls_from_rain_to_drainage_as_roots_withdraw() -> None:
    """By hand: 700 mm of rain, 300 of drainage, roots 0.5/0.3/0.2 withdraw 200, 120 and 80."""
    assert _flux(700.0, 300.0, [0.5, 0.3, 0.2]) == pytest.approx([700, 500, 380, 300])


def test_without_rain_nothing_passes() -> None:
    """SCIENCE.md 7.8: P = 0, no loss."""
    assert not _flux(0.0, 0.0, [0.5, 0.5]).any()


@given(
    rain=st.floats(0, 3000),
    share=st.floats(0, 1),
    weights=st.lists(st.floats(0.01, 1), min_size=1, max_size=30),
)
def test_what_leaves_is_exactly_the_drainage(rain: float, share: float, weights: list[float]) -> None:
    """No rounding makes water: the last flux is the drainage itself, and no flux exceeds the rain."""
    roots = [w / sum(weights) for w in weights]
    flux = _flux(rain, share * rain, roots)
    assert flux[-1] == share * rain
    assert (np.diff(flux) <= 1e-9).all()
