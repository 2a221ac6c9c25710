"""Law: sources carry the acid that the drivers name, by charge, where roots and plough reach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.simulator.constants import CA, CHARGES, NO3, SO4
from eurosic.simulator.nitrogen import annual_sources, overlap, plough_shares, source_shares
from eurosic.simulator.options import LAYERS

THICKNESS = np.array(LAYERS)


def _sources(nitrate: float, extra: float, export: float) -> np.ndarray:
    sources = np.zeros((THICKNESS.size, 8))
    annual_sources(nitrate, extra, export, source_shares(THICKNESS), sources)
    return sources


def test_acid_enters_half_in_the_top_ten_centimetres() -> None:
    """By hand, SCIENCE.md 2.7: 0.5/0.3/0.2 over 0-10/10-20/20-30 cm; two layers each here."""
    assert source_shares(THICKNESS)[:7] == pytest.approx([0.25, 0.25, 0.15, 0.15, 0.1, 0.1, 0.0])


def test_layers_that_straddle_a_limit_take_their_part() -> None:
    """A column of 0.15 and 1.85 m: the first takes 0.5 + half of 0.3."""
    assert source_shares(np.array([0.15, 1.85])) == pytest.approx([0.65, 0.35])


def test_lime_is_ploughed_into_25_centimetres() -> None:
    """Five layers of 5 cm, equally."""
    assert plough_shares(THICKNESS)[:6] == pytest.approx([0.2] * 5 + [0.0])


def test_nitrate_enters_as_nitric_acid() -> None:
    """One mole of nitrate lowers alkalinity by one and adds no cation."""
    sources = _sources(0.3, 0.0, 0.0)
    assert sources[:, NO3].sum() == pytest.approx(0.3)
    assert (sources @ CHARGES).sum() == pytest.approx(-0.3)


def test_extra_acid_is_sulphuric_and_extra_base_is_calcium() -> None:
    """Half a mole of each per mole of charge."""
    assert _sources(0.0, 0.2, 0.0)[:, SO4].sum() == pytest.approx(0.1)
    assert _sources(0.0, -0.2, 0.0)[:, CA].sum() == pytest.approx(0.1)


def test_a_harvest_exports_calcium_magnesium_and_potassium_by_charge() -> None:
    """0.455 : 0.182 : 0.364 of the charge, which the source prints to 1.001: scaled to one."""
    total = _sources(0.0, 0.0, 1.001).sum(axis=0)
    assert total[:4] == pytest.approx([-0.2275, -0.091, 0.0, -0.364])


@given(nitrate=st.floats(0, 5), extra=st.floats(-2, 2), export=st.floats(0, 3))
def test_alkalinity_falls_by_exactly_the_acid_of_the_drivers(
    nitrate: float, extra: float, export: float
) -> None:
    """SCIENCE.md 7.1 in charge: nitrate + extra acid + exported bases, whatever the layers."""
    assert (_sources(nitrate, extra, export) @ CHARGES).sum() == pytest.approx(
        -(nitrate + extra + export), abs=1e-12
    )


@given(top=st.floats(0, 2), bottom=st.floats(0, 2))
def test_overlap_measures_the_depth_between_two_limits(top: float, bottom: float) -> None:
    """The layers' shares add up to the thickness between the limits."""
    inside = (overlap(THICKNESS, top, max(top, bottom)) * THICKNESS).sum()
    assert inside == pytest.approx(max(bottom - top, 0.0), abs=1e-9)
