"""Law: skill is what a reader would compute by hand from the simulations that are named, and nothing is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eurosic.base.flags import Regime
from eurosic.base.signature import names
from eurosic.base.simulations import KINDS
from eurosic.emulator.skill import (
    Judged,
    difference_measures,
    flux_rows,
    headline_measures,
    r2_of,
    skill_rows,
    unseen_measures,
)

CHANGE = "sic_change_0_200cm"
YEARS = 12


def _judged(
    lesson, wrong: np.ndarray | float = 0.0, which: np.ndarray | None = None, target: str = CHANGE
) -> Judged:
    """Return what an emulator says that errs by so much in one target."""
    which = np.arange(lesson.simulations) if which is None else which
    predicted = lesson.truth[which].astype(np.float64)
    predicted[..., lesson.signature.target_index(target)] += wrong
    return Judged(lesson, which, predicted)


@pytest.fixture
def pairs(lesson):
    """Columns whose change at the end is known: 0.012 kg m-2 less where nitrogen moves, in two none, in one less."""
    truth = lesson.truth.copy()
    change = lesson.signature.target_index(CHANGE)
    truth[..., -1, change] = -1.0 - 0.01 * lesson.column
    made = np.full(24, 0.012, dtype=np.float32)
    made[:2], made[2] = 0.0, 0.0006
    truth[0::2, -1, change] += made
    return replace(lesson, truth=truth)


@pytest.mark.parametrize(
    ("predicted", "true", "r2"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 1.0),
        ([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], 0.0),
        ([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], 0.5),
        ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], -3.0),
        ([1.0, 2.0], [2.0, 2.0], None),
        ([], [], None),
    ],
)
def test_the_share_of_variance_by_hand(predicted, true, r2):
    """One, nothing, half, worse than the mean; none where nothing differs."""
    assert r2_of(np.array(predicted), np.array(true)) == r2


def test_rows_by_hand(lesson):
    """An emulator that says 0.1 pH too much of every second simulation."""
    wrong = np.where(np.arange(48) % 2 == 0, 0.1, 0.0)[:, None]
    rows = skill_rows(_judged(lesson, wrong, target="ph_soil_0_30cm"))
    whole = [row for row in rows if row.regime == row.kind == "all" and row.target == "ph_soil_0_30cm"]
    assert [row.horizon for row in whole] == [10, YEARS]
    for row in whole:
        np.testing.assert_allclose([row.mae, row.bias, row.rmse], [0.05, 0.05, 0.1 / np.sqrt(2.0)], rtol=1e-4)
        assert (row.n, row.unit) == (48, "1")
    others = [row for row in rows if row.target == "dic_leaching"]
    assert all(row.mae == 0.0 and row.r2 == 1.0 for row in others)
    assert {row.target for row in rows} == set(names(lesson.signature.targets)) - {"regime"}


def test_rows_of_kinds_and_regimes_are_of_their_simulations(lesson):
    """Errors of one kind stand in its row and in that of all; rows of fewer than ten simulations are left out."""
    step = KINDS.index("step")
    rows = [
        row
        for row in skill_rows(_judged(lesson, np.where(lesson.kind == step, 1.0, 0.0)[:, None]))
        if row.target == CHANGE
    ]
    by_kind = {row.kind: row for row in rows if row.kind != "all"}
    assert by_kind["constant"].mae == 0.0
    assert by_kind["constant"].n == 24
    counts = {KINDS[k]: int((lesson.kind == k).sum()) for k in np.unique(lesson.kind)}
    assert set(by_kind) == {kind for kind, n in counts.items() if n >= 10}
    whole = next(row for row in rows if row.kind == row.regime == "all" and row.horizon == YEARS)
    np.testing.assert_allclose(whole.mae, counts["step"] / 48, rtol=1e-4)
    for row in rows:
        if row.regime != "all":
            assert row.n == (lesson.regime[:, -1] == Regime[row.regime.upper()]).sum() >= 10
    assert {row.depth for row in rows} == {"0-200 cm"}


def test_a_difference_by_hand(pairs):
    """Half of it missed everywhere: 5 kg C ha-1 yr-1 of 10 in 21 pairs, 0.25 of 0.5 in one, none in two."""
    moving = np.where(np.arange(48) % 2 == 0, -0.5, 0.0)
    change = pairs.signature.target_index(CHANGE)
    made = pairs.truth[:, -1, change] - pairs.truth[pairs.partner, -1, change]
    told = difference_measures(_judged(pairs, (moving * made)[:, None]))
    sizes = np.array([10.0] * 21 + [0.5, 0.0, 0.0])
    assert (told["pairs"], told["pairs beyond it"]) == (24, 21)
    np.testing.assert_allclose(told["difference mean size (kg C ha-1 yr-1)"], sizes.mean(), rtol=1e-3)
    np.testing.assert_allclose(told["difference mae (kg C ha-1 yr-1)"], 0.5 * sizes.mean(), rtol=1e-3)
    r2 = 1.0 - (0.25 * sizes**2).sum() / ((sizes - sizes.mean()) ** 2).sum()
    np.testing.assert_allclose(told["difference r2"], r2, rtol=1e-3)
    assert told["sign right beyond 1 kg C ha-1 yr-1"] == 1.0


def test_an_error_that_a_pair_shares_is_none_of_its_difference(pairs):
    """Both too high by a kilogram: the difference is exact, the change is not."""
    judged = _judged(pairs, 1.0)
    assert difference_measures(judged)["difference r2"] == pytest.approx(1.0, abs=1e-6)
    assert headline_measures(judged)["sic change r2"] < 0.0


def test_a_wrong_sign_counts_only_where_there_is_one(pairs):
    """Seven of twenty-one large differences turned round; the small ones too, which say nothing."""
    turned = np.zeros(48)
    turned[[4, 6, 8, 10, 12, 14, 16, 18]] = -0.1
    told = difference_measures(_judged(pairs, turned[:, None]))
    np.testing.assert_allclose(told["sign right beyond 1 kg C ha-1 yr-1"], 14 / 21)


def test_a_pair_counts_where_both_are_judged(pairs):
    """Without counterparts there is no difference; fewer than ten pairs say their number only."""
    assert difference_measures(_judged(pairs, which=np.arange(0, 48, 2))) == {"pairs": 0}
    assert difference_measures(_judged(pairs, which=np.arange(0, 12))) == {"pairs": 6}


def test_headline_by_hand(pairs):
    """A tenth of the mean change too much; 0.02 pH; and the regime that is worst."""
    change = pairs.signature.target_index(CHANGE)
    mean = np.abs(pairs.truth[:, -1, change]).mean()
    told = headline_measures(_judged(pairs, 0.1 * mean))
    np.testing.assert_allclose(told["sic change mae over mean change"], 0.1, rtol=1e-4)
    assert told["test simulations"] == 48
    assert told["dic leaching r2"] == 1.0
    assert told["ph_soil_0_30cm rmse"] == 0.0
    sour = headline_measures(_judged(pairs, 0.02, target="ph_lab_0_30cm"))
    np.testing.assert_allclose(sour["ph_lab_0_30cm rmse"], 0.02, rtol=1e-3)
    regimes = [Regime.BUFFERED] * 24 + [Regime.FRONT] * 24
    mixed = replace(pairs, regime=np.tile(np.array(regimes, np.int8)[:, None], (1, YEARS)))
    worst = headline_measures(_judged(mixed, np.where(np.arange(48) < 24, 0.0, 0.2)[:, None]))
    assert worst["worst regime"] == "front"
    assert worst["sic change mae over mean change, buffered"] < 1e-6
    size = np.abs(pairs.truth[24:, -1, change]).mean()
    np.testing.assert_allclose(worst["sic change mae over mean change, front"], 0.2 / size, rtol=1e-4)


def test_unseen_kinds_are_held_against_trained_ones(pairs):
    """Errors of 3 % against 1 % of the change are three times as large, whatever the changes are."""
    change = pairs.signature.target_index(CHANGE)
    size = pairs.truth[..., change].astype(np.float64)
    moving, held = np.arange(0, 48, 2), np.arange(1, 48, 2)
    seen, unseen = _judged(pairs, 0.01 * size[held], held), _judged(pairs, 0.03 * size[moving], moving)
    told = unseen_measures(seen, unseen)
    np.testing.assert_allclose(told["error on unseen kinds over that on trained ones"], 3.0, rtol=1e-4)
    assert told["unseen simulations"] == 24
    assert told["kinds kept from training"] == "ramp, step, step_up, zero"


def test_rows_of_fluxes_by_hand():
    """All years together, a row for each depth of what the engine gives."""
    rng = np.random.default_rng(2)
    fluxes = ("dissolved", "calcium", "charge", "calcium_passed", "charge_passed")
    true = {name: rng.random((5, 3, 6)) for name in fluxes}
    predicted = {name: values.copy() for name, values in true.items()}
    predicted["dissolved"][..., 2] += 0.3
    rows = flux_rows(predicted, true, ("dissolved", "charge"))
    assert [(row.target, row.depth) for row in rows[:2]] == [
        ("dissolved", "0-5 cm"),
        ("dissolved", "5-15 cm"),
    ]
    assert {row.target for row in rows} == {"dissolved", "charge"}
    assert {row.unit for row in rows if row.target == "charge"} == {"mol m-2"}
    np.testing.assert_allclose([row.bias for row in rows if row.target == "dissolved"], [0, 0, 0.3, 0, 0, 0])
    assert all(row.n == 15 for row in rows)
