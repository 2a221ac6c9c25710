"""Law: a lesson is the ensemble in other units, closes as the simulator does, and no column trains and tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import SimulationError
from eurosic.base.signature import names
from eurosic.base.simulations import KINDS
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.emulator.data import ROLES, lesson_of, pairs_of, split_of
from eurosic.emulator.rollout import PLACES
from eurosic.emulator.rows import WIDTHS

SHARES = {"train": 0.5, "validate": 0.2, "calibrate": 0.1, "test": 0.2}


def _rows(lesson, name):
    """Return rows of a lesson by name, ``(simulation, year + 1, row)``, float64."""
    return lesson.rows[:, :, PLACES[name]].astype(np.float64)


def test_pairs_by_hand(lesson):
    """Counterparts find each other; of three the last looks back; those left alone are paired with each other."""
    few = replace(lesson, column=np.array([0, 0, 1, 2, 2, 2, 3]), kind=np.zeros(7, np.int8))
    assert few.partner.tolist() == [1, 0, 2, 4, 5, 4, 6]
    assert pairs_of(few, np.array([0, 1])).tolist() == [[0, 1]]
    assert pairs_of(few, np.array([1, 2, 6])).tolist() == [[1, 2], [6, 6]]


def test_rows_are_the_ensemble_in_the_network_s_units(ensemble, lesson):
    """Amounts come back as kg m-2 and mol m-2 by the anchors' scale."""
    unit = lesson.anchors.scale[:, None, None]
    held = ensemble.arrays
    sic = held["sic"] - held["sic"][:, :1]
    np.testing.assert_allclose(_rows(lesson, "carbonate") * unit * MOLAR_MASS_C, sic, atol=1e-6)
    np.testing.assert_allclose(_rows(lesson, "nitrate") * unit, held["nitrate"], rtol=1e-6, atol=1e-9)
    charge = held["alkalinity_store"] - held["alkalinity_store"][:, :1]
    np.testing.assert_allclose(_rows(lesson, "charge") * 2.0 * unit, charge, atol=1e-5)
    leached = _rows(lesson, "nitrate_leached")[:, 1:, 0] * unit[:, 0] * MOLAR_MASS_N
    np.testing.assert_allclose(leached, held["nitrate_leaching"][:, 1:], rtol=1e-6)
    assert list(PLACES) == list(WIDTHS)
    assert lesson.rows.shape == (48, 13, sum(WIDTHS.values()))
    assert lesson.known == tuple(WIDTHS)


def test_the_simulator_s_rows_close_in_the_frame(lesson):
    """Charge and calcium by depth: what left is what came, dissolved and was given, less what the exchanger took."""
    nitrate, extra, export, _ = np.moveaxis(_rows(lesson, "drivers")[:, 1:], 2, 0)
    shares, rain = np.array(lesson.frame.acid_shares), lesson.anchors.rain[:, None]
    given = {}
    for name, brought in (
        ("calcium", lesson.frame.rain_calcium),
        ("charge", 0.5 * lesson.frame.rain_alkalinity),
    ):
        passed, stored = _rows(lesson, f"{name}_passed")[:, 1:], _rows(lesson, name)
        from_above = np.concatenate([(brought * rain + 0.0 * nitrate)[..., None], passed[..., :-1]], axis=2)
        given[name] = passed - from_above - _rows(lesson, "dissolved")[:, 1:] + np.diff(stored, axis=1)
        np.testing.assert_allclose(given[name][..., 3:], 0.0, atol=1e-6)
    acid = -0.5 * (nitrate + extra + export)[..., None] * shares
    np.testing.assert_allclose(given["charge"], acid, atol=1e-6)
    # Of the harvest's charge calcium is a part, between that of the plant and all of it.
    taken = 0.5 * np.maximum(-extra, 0.0) - given["calcium"].sum(axis=2)
    assert (taken > 0.45 * 0.5 * export).all()
    assert (taken < 0.5 * export + 1e-6).all()


def test_nitrate_of_the_simulator_is_conserved(lesson):
    """What is leached is what entered, less what stays in transit."""
    held = _rows(lesson, "nitrate").sum(axis=2)
    entered, left = _rows(lesson, "drivers")[:, 1:, 0], _rows(lesson, "nitrate_leached")[:, 1:, 0]
    np.testing.assert_allclose(np.diff(held, axis=1), entered - left, atol=2e-6)


def test_lime_counts_as_dissolved_when_it_is_gone(ensemble):
    """Carbonate that is applied and does not show in the stock has dissolved, by the depths of the plough."""
    limed = np.array(ensemble.arrays["lime"])
    limed[:, 3] = 2.0
    lesson, bare = (
        lesson_of({**ensemble.arrays, "lime": lime}, ensemble.frame)
        for lime in (limed, ensemble.arrays["lime"])
    )
    more = (_rows(lesson, "dissolved") - _rows(bare, "dissolved")) * lesson.anchors.scale[:, None, None]
    np.testing.assert_allclose(
        more[:, 3], np.broadcast_to(2.0 * np.array(ensemble.frame.lime_shares), (48, 6)), atol=1e-5
    )
    np.testing.assert_array_equal(np.delete(more, 3, axis=1), 0.0)


def test_what_did_not_converge_teaches_nothing(ensemble):
    """Two simulations fewer, the others unchanged, though the failed ones are NaN."""
    arrays = {name: np.array(values) for name, values in ensemble.arrays.items()}
    arrays["converged"][[3, 7]] = 0
    arrays["sic"][[3, 7]] = np.nan
    made = lesson_of(arrays, ensemble.frame)
    whole = lesson_of(ensemble.arrays, ensemble.frame)
    np.testing.assert_array_equal(made.rows, np.delete(whole.rows, [3, 7], axis=0))
    np.testing.assert_array_equal(made.column, np.delete(whole.column, [3, 7]))


def test_what_an_engine_does_not_give_is_not_taught(ensemble):
    """Without stores, lab pH and shares of carbonate: no such rows are known, no such targets promised."""
    absent = (
        "calcium_store",
        "calcium_flux",
        "alkalinity_flux",
        "calcareous_share",
        "ph_lab_0_30cm",
        "regime",
    )
    arrays = {name: values for name, values in ensemble.arrays.items() if name not in absent}
    made = lesson_of({**arrays, "root_depth": arrays["root_depth"]}, ensemble.frame)
    assert set(WIDTHS) - set(made.known) == {"calcium", "calcium_passed", "charge_passed", "calcareous"}
    promised = names(made.signature.targets)
    for name in ("ph_lab_0_30cm", "alkalinity_leaching", "decalcification_depth", "regime"):
        assert name not in promised
    assert made.truth.shape[-1] == len(promised) == 7
    assert np.isfinite(made.rows).all()


@given(st.integers(0, 2**16), st.sampled_from([(), ("ramp",), ("zero", "ramp")]))
def test_no_column_trains_and_tests(lesson, seed, unseen):
    """Counterparts share their role; kinds kept from training are in none; each simulation has one place."""
    split = split_of(lesson, SHARES, seed=seed, unseen=unseen)
    parts = [getattr(split, role) for role in ROLES]
    columns = [set(lesson.column[part]) for part in parts]
    assert sum(map(len, columns)) == len(set().union(*columns))
    kept_from = np.isin(lesson.kind, [KINDS.index(kind) for kind in unseen])
    assert not kept_from[np.concatenate(parts)].any()
    assert len(np.concatenate(parts)) == (~kept_from).sum()
    assert kept_from[split.unseen].all()
    assert set(lesson.column[split.unseen]) <= columns[-1] | set(lesson.column[kept_from])
    assert not set(lesson.column[split.unseen]) & (columns[0] | columns[1] | columns[2])


def test_a_split_is_seeded_and_has_the_shares(lesson):
    """The same seed gives the same split, another one another; half of the columns train."""
    one, same, other = (split_of(lesson, SHARES, seed=seed) for seed in (1, 1, 2))
    for role in ROLES:
        np.testing.assert_array_equal(getattr(one, role), getattr(same, role))
    assert one.train.tolist() != other.train.tolist()
    assert [len(getattr(one, role)) for role in ROLES] == [24, 10, 6, 8]


def test_a_role_without_simulations_is_refused(lesson):
    """Too few columns for the shares, or every kind kept from training."""
    with pytest.raises(SimulationError, match="24 columns leave none to test"):
        split_of(lesson, {"train": 0.8, "validate": 0.1, "calibrate": 0.09, "test": 0.01}, seed=1)
    with pytest.raises(SimulationError, match="leave none to train, validate, calibrate, test"):
        split_of(lesson, SHARES, seed=1, unseen=KINDS)


def test_an_ensemble_that_lacks_soil_is_refused(ensemble):
    """All that is missing is named at once."""
    arrays = {name: values for name, values in ensemble.arrays.items() if name not in ("porosity", "nitrate")}
    with pytest.raises(SimulationError, match=r"does not hold nitrate, porosity; wanted .* Make it with"):
        lesson_of(arrays, ensemble.frame)


def test_a_value_that_is_missing_is_not_learnt_as_zero(ensemble):
    """A simulation that converged and holds a NaN after its start is refused with the year."""
    arrays = {name: np.array(values) for name, values in ensemble.arrays.items()}
    arrays["dic_leaching"][5, 0] = np.nan
    assert np.isfinite(lesson_of(arrays, ensemble.frame).rows).all()
    arrays["dic_leaching"][5, 4] = np.nan
    with pytest.raises(SimulationError, match="carbon_leached is no number in year 4 of simulation 5"):
        lesson_of(arrays, ensemble.frame)
