"""Law: no weights and no inputs break a balance: calcium, charge, carbon and nitrate close by construction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
import torch

from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.emulator.features import Anchors, Frame
from eurosic.emulator.network import Network, Scales, Sizes
from eurosic.emulator.rollout import PLACES, roll, scales_of
from tests.emulator.tiny import random_anchors, random_drivers, random_network

FRAME = Frame((0.25, 0.4, 0.35, 0.0, 0.0, 0.0), (0.2, 0.4, 0.4, 0.0, 0.0, 0.0), 3e-5, 4e-5, 20)
FEATURES, YEARS, DEPTHS = 5, 80, len(STANDARD_DEPTHS)
SHARES, PLOUGHED = np.array(FRAME.acid_shares)[:, None], np.array(FRAME.lime_shares)[:, None]


class Told(NamedTuple):
    """A roll-out in float64, the member's axis gone: rows by name ``(year, row, cell)``, anchors and start."""

    rows: dict[str, np.ndarray]
    anchors: Anchors
    nitrate: np.ndarray
    drivers: np.ndarray


def _rolled(network: Network, anchors: Anchors, drivers: np.ndarray, *, seed: int = 0) -> Told:
    """Roll out from a state in which some nitrate is in transit."""
    years, _, cells = drivers.shape
    rows = np.zeros((years + 1, 1, list(PLACES.values())[-1].stop, cells), dtype=np.float32)
    rows[1:, 0, PLACES["drivers"]] = drivers
    rows[0, 0, PLACES["nitrate"]] = np.random.default_rng(seed).random((DEPTHS, cells))
    with torch.inference_mode():
        anchored = scales_of(anchors, np.arange(cells)[None], "cpu")
        told, _ = roll(network, anchored, torch.from_numpy(rows), FRAME)
    found = {name: values[:, 0].double().numpy() for name, values in told.items()}
    return Told(found, anchors, rows[0, 0, PLACES["nitrate"]].astype(float), found["drivers"])


def _closure(told: Told) -> dict[str, float]:
    """Return the largest error of each balance over all years, relative to what went through it."""
    rows, limed = told.rows, PLOUGHED * told.drivers[:, 3].sum(axis=0)
    dissolved = rows["dissolved"]
    errors: dict[str, float] = {}
    for name in ("calcium", "charge"):
        passed, given, stored = rows[f"{name}_passed"], rows[f"{name}_given"], rows[name]
        from_above = np.concatenate([np.zeros_like(passed[:, :1]), passed[:, :-1]], axis=1)
        yearly = np.diff(stored, axis=0, prepend=np.zeros_like(stored[:1]))
        left_over, through = _over_years([dissolved, from_above, given, -passed, -yearly])
        errors[f"{name} by depth"] = float((np.abs(left_over) / through).max())
        # What passes from one depth to the next cancels in the profile.
        errors[f"{name} of the profile"] = float((np.abs(left_over.sum(axis=0)) / through.sum(axis=0)).max())
    yearly = np.diff(rows["carbonate"], axis=0, prepend=np.zeros_like(dissolved[:1]))
    left_over, through = _over_years([yearly, dissolved])
    errors["carbonate by depth"] = float((np.abs(left_over - limed) / (through + limed)).max())
    held = told.anchors.stock.astype(np.float32) + rows["carbonate"]
    errors["carbonate below zero"] = float((-held / (told.anchors.stock + through + limed)).max())
    came = told.nitrate.sum(axis=0) + told.drivers[:, 0].sum(axis=0)
    left = rows["nitrate"][-1].sum(axis=0) + rows["nitrate_leached"][:, 0].sum(axis=0)
    errors["nitrate"] = float((np.abs(left - came) / (came + 1e-6)).max())
    errors["nitrate below zero"] = float(max(-rows["nitrate"].min(), -rows["nitrate_leached"].min()))
    return errors | _beyond_what_was_given(told)


def _over_years(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of parts ``(year, depth, cell)`` over years, and that of their sizes."""
    return sum(part.sum(axis=0) for part in parts), sum(np.abs(part).sum(axis=0) for part in parts) + 1e-6


def _beyond_what_was_given(told: Told) -> dict[str, float]:
    """Return by how much the network gave itself more than drivers and rain bring, or took more than the harvest."""
    nitrate, extra, export = (told.drivers[:, i][:, None] * SHARES for i in range(3))
    rain = told.anchors.rain * np.eye(DEPTHS)[0][:, None]
    strong = np.maximum(-extra, 0.0)
    bounds = {
        "calcium": (0.5 * (strong - export), 0.5 * strong, FRAME.rain_calcium * rain),
        "charge": (
            -0.5 * (nitrate + extra + export),
            -0.5 * (nitrate + extra),
            0.5 * FRAME.rain_alkalinity * rain,
        ),
    }
    errors = {}
    for name, (least, most, rained) in bounds.items():
        given = told.rows[f"{name}_given"] - rained
        beyond = np.maximum(least - given, given - most) / (np.abs(least) + np.abs(most) + rained + 1e-6)
        errors[f"{name} given"] = float(beyond.max())
    return errors


def test_a_year_by_hand():
    """Weights of zero: no calcite dissolves, a harvest takes 73 % in calcium and 98 % in charge, nitrate halves."""
    network = Network(Sizes(1, FEATURES, 8, 8))
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
    anchors = random_anchors(3, features=FEATURES, seed=1)
    drivers = np.zeros((1, 4, 3))
    drivers[0, 0], drivers[0, 2], drivers[0, 3] = 1.0, 0.5, 2.0
    told = _rolled(network, anchors, drivers)
    np.testing.assert_array_equal(told.rows["dissolved"], 0.0)
    np.testing.assert_allclose(told.rows["carbonate"][0], np.broadcast_to(2.0 * PLOUGHED, (6, 3)), rtol=1e-6)
    taken, found = 1.0 / (1.0 + np.exp(-1.0)), 1.0 / (1.0 + np.exp(-4.0))
    calcium = FRAME.rain_calcium * anchors.rain - 0.25 * taken
    charge = 0.5 * FRAME.rain_alkalinity * anchors.rain - 0.5 * (1.0 + 0.5 * found)
    np.testing.assert_allclose(told.rows["calcium_passed"][0, -1], calcium, rtol=1e-5)
    np.testing.assert_allclose(told.rows["charge_passed"][0, -1], charge, rtol=1e-5)
    np.testing.assert_allclose(told.rows["carbon_leached"][0, 0], 2.0 * charge + anchors.gas, rtol=1e-5)
    np.testing.assert_allclose(told.rows["ph"], 7.0)
    first = told.nitrate[0] + 0.25
    np.testing.assert_allclose(told.rows["nitrate"][0, 0], 0.5 * first, rtol=1e-6)


def test_a_strong_base_brings_calcium():
    """Negative acid is met by half a mole of calcium per charge, in the depths of the acid."""
    anchors = random_anchors(50, features=FEATURES, seed=4)
    drivers = np.zeros((10, 4, 50))
    drivers[:, 1] = -0.4
    rows = _rolled(random_network(FEATURES, seed=4), anchors, drivers).rows
    for name, brought in (("calcium", FRAME.rain_calcium), ("charge", 0.5 * FRAME.rain_alkalinity)):
        expected = 0.2 * SHARES + brought * anchors.rain * np.eye(DEPTHS)[0][:, None]
        np.testing.assert_allclose(rows[f"{name}_given"], np.tile(expected, (10, 1, 1)), rtol=1e-5)


@pytest.mark.parametrize("gain", [0.3, 1.0, 2.0])
def test_a_balance_closes_whatever_the_weights(gain):
    """Over 80 years in float32, 2000 columns in and out of any domain: all balances within 1e-6."""
    network = random_network(FEATURES, seed=int(10 * gain), gain=gain)
    anchors = random_anchors(2000, features=FEATURES, seed=int(10 * gain))
    _assert_closed(_closure(_rolled(network, anchors, random_drivers(2000, YEARS, seed=7))))


def test_weights_that_no_training_reaches_run_away_no_further_than_numbers_go():
    """Ten times as large, they move 1e9 units a year and more: finite, and closed to rounding."""
    for seed in range(3):
        network = random_network(FEATURES, seed=seed, gain=10.0)
        told = _rolled(
            network, random_anchors(500, features=FEATURES, seed=seed), random_drivers(500, YEARS, seed=seed)
        )
        assert np.abs(told.rows["dissolved"]).max() > 1e9
        _assert_closed(_closure(told), within=3e-6)


@pytest.mark.slow
def test_a_hundred_thousand_random_inputs_close():
    """Fifty networks of any size of weights, 2000 columns and drivers each, 80 years: all balances within 1e-6."""
    worst: dict[str, float] = {}
    for seed in range(50):
        gain = float(10.0 ** np.random.default_rng(seed).uniform(-1.0, 0.3))
        network = random_network(FEATURES, seed=seed, gain=gain)
        anchors = random_anchors(2000, features=FEATURES, seed=100 + seed)
        drivers = random_drivers(2000, YEARS, seed=200 + seed)
        for name, error in _closure(_rolled(network, anchors, drivers, seed=seed)).items():
            worst[name] = max(worst.get(name, 0.0), error)
    _assert_closed(worst)


def _assert_closed(errors: dict[str, float], *, within: float = 1e-6) -> None:
    """Nitrate that never passes is added up for 80 years, with half a unit in the last place each time."""
    limits = {name: YEARS * 2.0**-24 if name == "nitrate" else within for name in errors}
    assert all(errors[name] <= limit for name, limit in limits.items()), errors


def test_a_network_that_is_told_to_empty_a_depth_empties_it_and_no_more():
    """What is asked beyond what there is comes from below, by the share that is passed on, down to the bottom."""
    network = random_network(FEATURES, seed=2)
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
        # Three of calcium a year asked of the first depth, all that it lacks of the next ones.
        network.third.bias[0, 0], network.third.bias[0, 18:23] = 3.0, 40.0
    anchors = random_anchors(4, features=FEATURES, seed=2)
    anchors.stock[:] = np.array([1.0, 0.5, 0.0, 4.0, 1.0, 1.0])[:, None]
    told = _rolled(network, anchors, np.zeros((4, 4, 4)))
    gone = -told.rows["carbonate"][..., 0]
    np.testing.assert_allclose(gone[0], [1.0, 0.5, 0.0, 1.5, 0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(gone[1], [1.0, 0.5, 0.0, 4.0, 0.5, 0.0], atol=1e-6)
    np.testing.assert_allclose(gone[3], [1.0, 0.5, 0.0, 4.0, 1.0, 1.0], atol=1e-6)


def test_members_side_by_side_are_each_alone():
    """Three networks at once give what each gives by itself, within rounding."""
    together = random_network(FEATURES, members=3, seed=9)
    anchors, drivers = random_anchors(40, features=FEATURES, seed=9), random_drivers(40, 20, seed=9)
    rows = np.zeros((21, 3, list(PLACES.values())[-1].stop, 40), dtype=np.float32)
    rows[1:, :, PLACES["drivers"]] = drivers[:, None]
    with torch.no_grad():
        anchored = scales_of(anchors, np.tile(np.arange(40), (3, 1)), "cpu")
        told, _ = roll(together, anchored, torch.from_numpy(rows), FRAME)
        for member in range(3):
            scales = Scales(*(part[:1] for part in anchored[2]))
            one = (anchored[0][:1], anchored[1][:1], scales)
            alone, _ = roll(together.of(member), one, torch.from_numpy(rows[:, :1]), FRAME)
            for name, values in alone.items():
                torch.testing.assert_close(told[name][:, member : member + 1], values, rtol=1e-3, atol=1e-3)
