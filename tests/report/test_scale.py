"""Law: zero is a step, loss is orange and gain purple, however few cells there are of either."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.report.scale import amounts_of, scale_of


def _hue(scale, value: float) -> str:
    red, _, blue, _ = scale.colours(scale.norm(value))
    return "orange" if red > blue else "purple"


def test_losses_have_one_hue_and_steps_at_round_numbers():
    """-150 to 0 by 25: darker is more."""
    scale = scale_of(np.linspace(-149, -5, 500))
    assert scale.norm.boundaries.tolist() == [-150, -125, -100, -75, -50, -25, 0]
    light = [sum(scale.colours(scale.norm(v))[:3]) for v in (-140, -90, -40, -5)]
    assert light == sorted(light)
    assert scale.extend == "neither"


def test_a_few_cells_of_the_other_sign_keep_their_hue():
    """One cell in a thousand loses where all others gain: it is orange, not pale purple."""
    values = np.append(np.linspace(1, 20, 999), -3.0)
    scale = scale_of(values)
    assert _hue(scale, -3.0) == "orange"
    assert _hue(scale, 12.0) == "purple"


def test_equal_amounts_have_equal_strength():
    """The class of +20 is as far from the middle of the palette as that of -20, even where losses reach -100."""
    scale = scale_of(np.concatenate([np.linspace(-100, 0, 200), np.linspace(0, 20, 200)]))
    strengths = {sign: _place(scale, sign * 15.0) for sign in (-1, 1)}
    assert strengths[1] - 0.5 == pytest.approx(0.5 - strengths[-1], abs=0.02)


def _place(scale, value: float) -> float:
    palette = mpl.colormaps["PuOr"](np.linspace(0, 1, 1001))
    return float(np.argmin(np.abs(palette - scale.colours(scale.norm(value))).sum(axis=1)) / 1000)


def test_rounding_noise_has_no_hue_of_its_own():
    """Values of one sign with noise of a millionth on the other side of zero stay one-sided."""
    scale = scale_of(np.append(np.linspace(1, 20, 99), -1e-6))
    assert scale.norm.boundaries[0] == 0


def test_values_beyond_the_percentiles_are_announced():
    """An outlier takes the end's colour, and the colour bar gets its arrow."""
    scale = scale_of(np.append(np.linspace(-100, -1, 999), -900.0))
    assert scale.norm.boundaries[0] > -900
    assert scale.extend == "min"


def test_no_difference_at_all_is_drawn():
    """Zero everywhere has steps about zero."""
    scale = scale_of(np.zeros(5))
    assert scale.norm.boundaries[0] < 0 < scale.norm.boundaries[-1]


@given(st.lists(st.floats(-500, 500).filter(lambda v: v == 0 or abs(v) > 1e-3), min_size=1, max_size=60))
def test_every_value_has_the_hue_of_its_sign(values):
    """Zero is a step, and steps rise, for any values at all."""
    scale = scale_of(np.array(values))
    steps = np.asarray(scale.norm.boundaries)
    assert 0.0 in steps
    assert (np.diff(steps) > 0).all()
    small = 0.02 * np.abs(values).max()
    assert all(_hue(scale, v) == ("orange" if v < 0 else "purple") for v in values if abs(v) > small)


@pytest.mark.parametrize("scale", [scale_of, amounts_of])
def test_shades_divide_steps_and_keep_them(scale):
    """Every fourth boundary is a step of the plain scale; zero separates the colours of a signed one."""
    values = np.random.default_rng(2).normal(1.0, 3.0, 500)
    plain, fine = scale(values), scale(values, parts=4)
    np.testing.assert_allclose(fine.norm.boundaries[::4], plain.norm.boundaries)
    assert fine.colours.N == 4 * plain.colours.N
    assert np.all(np.diff(fine.norm.boundaries) > 0)
    assert fine.extend == plain.extend
