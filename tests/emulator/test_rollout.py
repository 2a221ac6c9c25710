"""Law: a roll-out forgets nothing but its state: two halves are one whole, whatever drives it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eurosic.emulator.judge import balance_error, fluxes_of
from eurosic.emulator.rollout import PLACES, gather, named, roll, scales_of
from eurosic.emulator.rows import STATE_ROWS, WIDTHS
from tests.emulator.tiny import random_drivers, random_emulator


@pytest.fixture(scope="module")
def network(lesson):
    """Two members of random weights."""
    return random_emulator(lesson).network


def _anchored(lesson, members: int = 2):
    return scales_of(lesson.anchors, np.tile(np.arange(lesson.simulations), (members, 1)), "cpu")


def _rows(lesson, years: int, *, members: int = 2) -> torch.Tensor:
    return gather(lesson, np.tile(np.arange(lesson.simulations), (members, 1)), 0, years, "cpu")


def test_rows_have_their_places():
    """One after the other without a gap, in the order of the lesson."""
    ends = [0, *(place.stop for place in PLACES.values())]
    assert [place.start for place in PLACES.values()] == ends[:-1]
    assert ends[-1] == sum(WIDTHS.values())


def test_what_is_gathered_is_the_lesson(lesson):
    """Year, member, row and simulation of four years from the fifth on, in any order of simulations."""
    which = np.array([[3, 1, 40], [0, 0, 7]])
    rows = gather(lesson, which, 5, 4, "cpu").numpy()
    assert rows.shape == (5, 2, lesson.rows.shape[2], 3)
    np.testing.assert_array_equal(rows[2, 0, :, 2], lesson.rows[40, 7])
    np.testing.assert_array_equal(rows[4, 1, :, 1], lesson.rows[0, 9])
    features, scale, scales = scales_of(lesson.anchors, which, "cpu")
    np.testing.assert_allclose(features[1, :, 2], lesson.anchors.features[:, 7], rtol=1e-6)
    np.testing.assert_allclose(scale[0], lesson.anchors.scale[which[0]], rtol=1e-6)
    np.testing.assert_allclose(scales.shortage[0, :, 1], 1.0 / (1.0 + lesson.anchors.stock[:, 1]), rtol=1e-6)


@pytest.mark.parametrize("kind", ["as simulated", "ramp", "reversal", "noise"])
@pytest.mark.parametrize("middle", [1, 5, 11])
def test_two_halves_are_one_whole(lesson, network, kind, middle):
    """From the state in between, the second half says the same bits, under any forcing."""
    rows = _rows(lesson, 12)
    drivers = rows[1:, :, PLACES["drivers"]]
    if kind == "ramp":
        drivers *= torch.linspace(1.0, 0.0, 12)[:, None, None, None]
    elif kind == "reversal":
        drivers[3:8] = 0.0
    elif kind == "noise":
        drivers += torch.from_numpy(random_drivers(48, 12, seed=1).astype(np.float32))[:, None]
    with torch.inference_mode():
        anchored = _anchored(lesson)
        whole, _ = roll(network, anchored, rows, lesson.frame)
        first, _ = roll(network, anchored, rows[: middle + 1], lesson.frame)
        between = rows[middle:].clone()
        for name in STATE_ROWS:
            between[0, :, PLACES[name]] = first[name][-1]
        second, _ = roll(network, anchored, between, lesson.frame)
    for name, values in whole.items():
        joined = torch.cat([first[name], second[name]])
        torch.testing.assert_close(joined, values, rtol=0.0, atol=0.0, msg=name)


def test_the_years_to_come_do_not_act_backwards(lesson, network):
    """Other drivers from the seventh year on leave the first six as they were."""
    rows, other = _rows(lesson, 12), _rows(lesson, 12)
    other[7:, :, PLACES["drivers"]] += 0.3
    with torch.inference_mode():
        one, changed = (roll(network, _anchored(lesson), some, lesson.frame)[0] for some in (rows, other))
    for name in one:
        assert torch.equal(one[name][:6], changed[name][:6]), name
    assert (one["charge_passed"][6] != changed["charge_passed"][6]).any()


def test_what_the_start_says_of_fluxes_is_not_read(lesson, network):
    """Rows of the first year that are no state may be anything."""
    rows, other = _rows(lesson, 5), _rows(lesson, 5)
    for name in set(WIDTHS) - set(STATE_ROWS):
        other[0, :, PLACES[name]] = torch.nan
    with torch.inference_mode():
        one, same = (roll(network, _anchored(lesson), some, lesson.frame)[0] for some in (rows, other))
    assert all(torch.equal(one[name], same[name]) for name in one)


def test_the_card_s_balance_error_sees_what_is_lost(lesson, network):
    """Below 1e-6 of a roll-out; an amount that is taken away is found."""
    rows = _rows(lesson, 12)
    with torch.inference_mode():
        told, _ = roll(network, _anchored(lesson), rows, lesson.frame)
    told = {name: values.clone() for name, values in told.items()}
    assert balance_error(told, named(rows[0]), lesson.frame) < 1e-6
    for name, least in (("dissolved", 1e-5), ("calcium_passed", 1e-5), ("charge", 1e-5)):
        held = told[name].clone()
        told[name][-1, 0, 4, 10] += 1e-3
        assert balance_error(told, named(rows[0]), lesson.frame) > least, name
        told[name] = held


def test_fluxes_are_the_members_mean_in_moles(lesson, network):
    """Beside the simulator's, in its units: what dissolved in a year is what is gone of the stock, and the lime."""
    which = np.array([5, 30, 31])
    fluxes = fluxes_of(network, lesson, which)
    assert fluxes.closure < 1e-6
    with torch.inference_mode():
        told, _ = roll(network, _anchored(lesson), _rows(lesson, 12), lesson.frame)
    dissolved = told["dissolved"].mean(dim=1)[:, :, which] * torch.from_numpy(lesson.anchors.scale[which])
    np.testing.assert_allclose(
        fluxes.predicted["dissolved"], dissolved.permute(2, 0, 1), rtol=1e-4, atol=1e-7
    )
    charge = lesson.rows[which, 1:, PLACES["charge_passed"]] * 2.0 * lesson.anchors.scale[which, None, None]
    np.testing.assert_allclose(fluxes.true["charge_passed"], charge, rtol=1e-5)
