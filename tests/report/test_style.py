"""Law: labels keep their order and their distance, and stand as near to their lines as they can."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from eurosic.report.style import kinds_text, line_styles, minus_signs, spread_labels, text_width, wrapped

_PLACES = st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=12)


def test_labels_with_room_stay_where_they_are():
    """Nothing moves that need not."""
    np.testing.assert_allclose(spread_labels([0.9, 0.1, 0.5], 0.1), [0.9, 0.1, 0.5], rtol=1e-15)


def test_labels_at_one_place_stand_around_it():
    """Three at 0.5 with 0.1 between: 0.4, 0.5, 0.6."""
    np.testing.assert_allclose(spread_labels([0.5, 0.5, 0.5], 0.1), [0.4, 0.5, 0.6])


@given(_PLACES)
def test_labels_never_overlap_and_keep_their_order(places):
    """Neighbours are at least the gap apart, in the order of their lines."""
    spread = spread_labels(places, 0.07)
    order = np.argsort(places, kind="stable")
    assert (np.diff(spread[order]) >= 0.07 - 1e-12).all()


@given(_PLACES)
def test_labels_stay_within_their_limits(places):
    """Where there is not room enough for the gap, the gap gives way and the limits hold."""
    spread = spread_labels(places, 0.2, within=(0.0, 1.0))
    assert spread.min() >= -1e-12
    assert spread.max() <= 1 + 1e-12


def test_no_other_places_are_nearer():
    """A general optimiser under the same constraints finds the same places."""
    wanted = np.array([0.10, 0.12, 0.13, 0.60, 0.61, 0.90])
    found = minimize(
        lambda at: np.sum((at - wanted) ** 2),
        np.linspace(0, 1, 6),
        constraints=[{"type": "ineq", "fun": lambda at: np.diff(at) - 0.08}],
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(spread_labels(wanted, 0.08), found.x, atol=1e-5)


def test_no_two_pathways_look_alike():
    """Eighteen pathways differ in colour or dashes, and the baseline is the only black one."""
    pathways = ["baseline", *(f"p{i}" for i in range(18))]
    styles = line_styles(pathways, "baseline")
    assert len(set(styles.values())) == len(pathways)
    assert [p for p, style in styles.items() if style.colour == styles["baseline"].colour] == ["baseline"]


def test_kinds_name_the_least_certain_first():
    """A synthetic carbonate is the first thing a reader learns of the inputs."""
    told = kinds_text({"clay": "interpolated", "mineral_n": "assumed", "carbonate": "synthetic"})
    assert told == "carbonate: synthetic; mineral N: assumed; clay: interpolated"


@pytest.mark.parametrize(("text", "told"), [("f2f-x -3.2", "f2f-x −3.2"), ("+1", "+1"), ("a - b", "a - b")])
def test_only_numbers_get_the_typographic_minus(text, told):
    """A hyphen in a name stays a hyphen."""
    assert minus_signs(text) == told


@pytest.mark.parametrize("room", [40.0, 100.0, 1000.0])
def test_no_line_is_wider_than_its_room(room):
    """Words are kept whole and in order; a word wider than the room stands alone."""
    text = "carbonate: synthetic; mineral N, manure N: assumed; nitrogen use efficiency: assumed"
    lines = wrapped(text, 12.0, room).splitlines()
    assert " ".join(lines) == text
    assert all(text_width(line, 12.0) <= room or " " not in line for line in lines)


def test_names_of_layers_read_as_words():
    """Depths as ranges, symbols as chemists write them."""
    told = kinds_text(dict.fromkeys(("carbonate_5_15cm", "deposition_nh4", "soil_ph", "clay"), "assumed"))
    assert told == "carbonate 5–15 cm, clay, deposition NH4, soil pH: assumed"


def test_inputs_are_named_in_one_order():
    """However the store lists them; depths from the surface down."""
    names = ("clay", "carbonate_100_200cm", "carbonate_15_30cm", "carbonate", "sand")
    told = kinds_text(dict.fromkeys(names, "assumed"))
    assert told == "carbonate, carbonate 15–30 cm, carbonate 100–200 cm, clay, sand: assumed"
    assert kinds_text(dict.fromkeys(reversed(names), "assumed")) == told
