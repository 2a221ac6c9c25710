"""Law: an emulator's prediction is its network's roll-out in the targets' units, and no cell knows another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from eurosic.base.errors import PredictorError
from eurosic.base.flags import Regime
from eurosic.base.signature import Columns, Predictor, names
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_N
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.emulator.balance import pass_nitrate
from eurosic.emulator.batches import micro_batch
from eurosic.emulator.calibration import fit_spread
from eurosic.emulator.domain import domain_features, fit_domain
from eurosic.emulator.microbatch import MicroBatch
from eurosic.emulator.predict import Emulator
from eurosic.emulator.rollout import PLACES, gather, roll, scales_of
from tests.emulator.tiny import forced, random_emulator, taken, widest_columns

THICKNESS = np.diff(STANDARD_DEPTHS, axis=1)[:, 0]


@pytest.fixture(scope="module")
def emulator(lesson):
    """Two members of random weights."""
    return random_emulator(lesson)


@pytest.fixture(scope="module")
def columns(lesson, emulator):
    """The lesson's columns along three variants: as simulated, half the nitrate, none."""
    factor = np.array([1.0, 0.5, 0.0])[:, None, None]
    tripled = replace(lesson.columns, forcing=np.repeat(lesson.columns.forcing, 3, axis=0))
    return forced(tripled, emulator.signature, nitrate_leached=factor)


def _target(emulator: Emulator, values: np.ndarray, name: str) -> np.ndarray:
    return values[..., emulator.signature.target_index(name)]


def _rolled(emulator: Emulator, lesson, member: int) -> dict[str, np.ndarray]:
    """Roll one member over every simulation of the lesson, its nitrate spun up as for a prediction."""
    network, every = emulator.network.of(member), np.arange(lesson.simulations)[None]
    with torch.no_grad():
        anchored = scales_of(lesson.anchors, every, "cpu")
        rows = gather(lesson, every, 0, lesson.years, "cpu")
        before = lesson.columns.baseline[:, names(lesson.signature.drivers).index("nitrate_leached")]
        brought = torch.from_numpy((before / lesson.anchors.scale).astype(np.float32))
        nitrate = torch.zeros_like(rows[0, :, PLACES["nitrate"]])
        for _ in range(lesson.frame.spin_up):
            given = torch.tensor(lesson.frame.acid_shares)[:, None] * brought
            nitrate, _ = pass_nitrate(network.context(anchored[0]).passing, nitrate, given)
        rows[0, :, PLACES["nitrate"]] = nitrate
        told, _ = roll(network, anchored, rows, lesson.frame)
    return {name: values[:, 0].double().numpy() for name, values in told.items()}


def test_a_prediction_is_the_roll_out_in_the_targets_units(emulator, lesson):
    """Changes, leaching, pH and CO2 of the mean of the members, within rounding."""
    said = emulator.predict(lesson.columns).values[0]
    told = [_rolled(emulator, lesson, member) for member in range(2)]
    mean = {name: 0.5 * (told[0][name] + told[1][name]) for name in told[0]}
    mass = lesson.anchors.scale * MOLAR_MASS_C
    carbon = np.mean([np.maximum(one["carbon_leached"][:, 0], 0.0) for one in told], axis=0)
    expected = {
        "sic_change_0_30cm": mean["carbonate"][:, :3].sum(axis=1) * mass,
        "sic_change_0_100cm": mean["carbonate"][:, :5].sum(axis=1) * mass,
        "sic_change_0_200cm": mean["carbonate"].sum(axis=1) * mass,
        "ph_soil_0_30cm": mean["ph"][:, 0],
        "ph_lab_0_30cm": mean["ph"][:, 1],
        "dic_leaching": carbon * mass,
        "alkalinity_leaching": mean["charge_passed"][:, -1] * 2.0 * lesson.anchors.scale,
        "co2_to_air_from_carbonate": (mean["dissolved"].sum(axis=1) - carbon) * mass,
        "nitrate_leaching": mean["nitrate_leached"][:, 0] * lesson.anchors.scale * MOLAR_MASS_N,
    }
    for name, values in expected.items():
        size = np.abs(values).max()
        np.testing.assert_allclose(_target(emulator, said, name).T, values, atol=1e-4 * size, err_msg=name)


def test_carbon_of_the_targets_closes(emulator, columns):
    """Change of SIC = lime - CO2 to air - DIC leached, and never more than there is, whatever the network says."""
    limed = replace(columns, forcing=columns.forcing.copy())
    place = names(emulator.signature.drivers).index("lime")
    limed.forcing[..., 5, place] = 3.0
    said = emulator.predict(limed).values
    gone = _target(emulator, said, "co2_to_air_from_carbonate") + _target(emulator, said, "dic_leaching")
    change = _target(emulator, said, "sic_change_0_200cm")
    brought = np.cumsum(limed.forcing[..., place], axis=2) * MOLAR_MASS_C
    through = np.abs(gone).sum(axis=2, keepdims=True) + brought.max()
    assert (np.abs(change - brought + np.cumsum(gone, axis=2)) <= 2e-6 * through).all()
    assert (change >= -limed.state[..., 0].sum(axis=1)[:, None] - brought - 1e-5).all()
    assert (_target(emulator, said, "dic_leaching") >= 0.0).all()


@pytest.mark.parametrize("climate", [0.0, 0.1])
def test_years_that_are_known_to_be_alike_answer_as_any_others(emulator, columns, climate):
    """In a steady climate, and in one that changes at first; bit for bit, and in the domain or out of it alike."""
    settled, forcing = 4, columns.forcing.copy()
    forcing[:, :, :settled, 0] += climate * np.arange(settled)
    forcing[:, :, settled:] = forcing[:, :, [settled - 1]]
    plain = replace(columns, forcing=forcing)
    known = replace(plain, settled=settled)
    assert columns.shape[2] > settled
    assert MicroBatch(known, emulator.signature, emulator.frame).steady == (climate == 0.0)
    told, wanted = emulator.predict(known), emulator.predict(plain)
    np.testing.assert_array_equal(told.values, wanted.values)
    for one, other in zip(
        domain_features(known, emulator.signature), domain_features(plain, emulator.signature), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_cell_does_not_know_its_batch(emulator, columns):
    """Backwards, alone, in the middle of another thousand or across micro-batches: equal bits."""
    whole = emulator.predict(columns).values
    backwards = emulator.predict(taken(columns, slice(None, None, -1))).values
    np.testing.assert_array_equal(backwards[:, ::-1], whole)
    for cell in (0, 17, 47):
        np.testing.assert_array_equal(
            emulator.predict(taken(columns, slice(cell, cell + 1))).values[:, 0], whole[:, cell]
        )
    places = np.random.default_rng(1).integers(0, 48, micro_batch(3) + 50)
    np.testing.assert_array_equal(emulator.predict(taken(columns, places)).values, whole[:, places])


def test_a_cell_does_not_know_its_neighbours_climate(emulator, columns):
    """Where one cell's climate changes, contexts are made anew each year: those of the others come out the same."""
    warming = np.ones((3, 48, 12))
    warming[:, 7] = np.linspace(1.0, 1.2, 12)
    said = emulator.predict(forced(columns, emulator.signature, temperature=warming)).values
    held = emulator.predict(columns).values
    np.testing.assert_array_equal(np.delete(said, 7, axis=1), np.delete(held, 7, axis=1))
    assert not np.array_equal(said[:, 7], held[:, 7])


def test_a_climate_that_changes_by_nothing_is_constant(emulator, columns):
    """The path that makes a context each year gives what the one that makes it once gives, bit for bit."""
    network = emulator.network.of(0)
    with torch.inference_mode():
        once, yearly = (MicroBatch(columns, emulator.signature, emulator.frame) for _ in range(2))
        yearly.steady, yearly.surroundings = False, None
        torch.testing.assert_close(yearly.run(network), once.run(network), rtol=0.0, atol=0.0)


def test_a_year_s_climate_acts_in_its_year(emulator, columns):
    """A wet year leaves those before it as they were, and changes those after it through the state alone."""
    wet = np.ones((1, 48, 12))
    wet[:, :, 6] = 1.5
    alone = taken(columns, slice(None), slice(0, 1))
    said = emulator.predict(forced(alone, emulator.signature, precipitation=wet, drainage=wet)).values
    held = emulator.predict(alone).values
    np.testing.assert_array_equal(said[:, :, :6], held[:, :, :6])
    assert (said[:, :, 6] != held[:, :, 6]).any(axis=(0, 2)).all()


def test_pathways_of_other_climates_are_each_their_own(emulator, columns):
    """Three pathways, each with its climate, say what each says alone."""
    factor = np.array([1.0, 1.3, 0.8])[:, None, None]
    mixed = forced(columns, emulator.signature, drainage=factor, precipitation=factor)
    together = emulator.predict(mixed)
    for i in range(3):
        alone = emulator.predict(taken(mixed, slice(None), slice(i, i + 1)))
        np.testing.assert_array_equal(together.values[i], alone.values[0])
    assert together.converged.all()


def test_pathways_of_one_forcing_are_equal_and_others_do_not_matter(emulator, columns):
    """Same drivers, equal bits; beside other pathways the same within rounding."""
    doubled = replace(columns, forcing=columns.forcing[[0, 1, 0]])
    said = emulator.predict(doubled).values
    np.testing.assert_array_equal(said[0], said[2])
    one = emulator.predict(taken(columns, slice(None), slice(0, 1))).values[0]
    size = np.abs(one).max(axis=(0, 1))
    assert (np.abs(said[0] - one) <= 1e-4 * size).mean() > 0.99


def test_members_are_averaged_and_a_regime_is_not(emulator, columns):
    """Mean and deviation of what each says alone; a regime is one of the three, by the mean share of carbonate."""
    values, deviation = emulator.predict_members(columns)
    each = [
        replace(emulator, network=emulator.network.of(member)).predict_members(columns)[0]
        for member in range(2)
    ]
    regime = emulator.signature.target_index("regime")
    numbers = np.delete(np.arange(values.shape[-1]), regime)
    np.testing.assert_allclose(
        values[..., numbers], np.mean(each, axis=0)[..., numbers], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        deviation[..., numbers], np.std(each, axis=0, ddof=1)[..., numbers], rtol=1e-3, atol=1e-5
    )
    assert set(np.unique(values[..., regime])) <= {float(code) for code in Regime}
    _, none = replace(emulator, network=emulator.network.of(0)).predict_members(columns)
    assert (none == 0.0).all()


def test_a_regime_agrees_with_the_depth_without_carbonate(emulator, columns):
    """Depleted is bare to 2 m; buffered is not bare to 0.3 m."""
    said = emulator.predict(columns).values
    regime, depth = _target(emulator, said, "regime"), _target(emulator, said, "decalcification_depth")
    assert ((regime == Regime.DEPLETED) == (depth >= 2.0 - 1e-6)).all()
    assert (depth[regime == Regime.BUFFERED] < 0.3).all()
    assert (depth >= 0.0).all()


@pytest.mark.parametrize(("gain", "answered"), [(0.4, (0.3, 1.0)), (4.0, (0.0, 0.1))])
def test_what_no_soil_can_answer_is_no_answer(lesson, gain, answered):
    """Any columns at all: every value is one of the vocabulary's, or the whole cell has none and says so."""
    emulator = random_emulator(lesson, gain=gain, seed=3)
    told = emulator.predict(widest_columns(emulator.signature, 300, years=10, seed=4, variants=2))
    assert np.isnan(told.values[:, ~told.converged]).any(axis=(0, 2, 3)).all()
    good = told.values[:, told.converged]
    for i, target in enumerate(emulator.signature.targets):
        assert (good[..., i] >= target.valid_min).all(), target.name
        assert (good[..., i] <= target.valid_max).all(), target.name
    # Weights of ten times the size rave: that must not take the run with it.
    assert answered[0] <= told.converged.mean() <= answered[1]


def test_years_without_rain_or_calcite_are_answered(emulator, columns):
    """No water, no carbonate, no acid: nothing is infinite."""
    none = forced(
        columns, emulator.signature, **dict.fromkeys(("precipitation", "drainage", "nitrate_leached"), 0.0)
    )
    bare = replace(none, state=none.state * np.array([0.0, 1.0]))
    said = emulator.predict(bare).values
    assert np.isfinite(said[~np.isnan(said).any(axis=(2, 3))]).all()
    assert (_target(emulator, said, "sic_change_0_200cm")[np.isfinite(said[..., 0])] >= 0.0).all()


def test_a_spread_is_given_where_it_was_calibrated(emulator, lesson):
    """Half-widths of every value but the regime's; and none before it was."""
    values, deviation = emulator.predict_members(lesson.columns)
    regime = _target(emulator, values[0], "regime")
    errors = values[0] - lesson.truth
    errors[..., emulator.signature.target_index("regime")] = np.nan
    spread = fit_spread(errors, deviation[0], regime=regime, targets=names(lesson.signature.targets))
    assert not emulator.has_spread
    assert emulator.predict(lesson.columns).spread is None
    spreading = replace(emulator, spread=spread)
    half = spreading.predict(lesson.columns).spread
    assert spreading.has_spread
    assert half.shape == values.shape
    assert np.isnan(_target(emulator, half, "regime")).all()
    assert (np.delete(half, emulator.signature.target_index("regime"), axis=-1) >= 0.0).all()


def test_columns_are_inside_their_own_domain(emulator, lesson):
    """What it was fitted to is inside, as it stands at the seam too; ten times as much respiration is not."""
    features, told = domain_features(lesson.columns, lesson.signature)
    within = replace(emulator, domain=fit_domain(features, told, seed=1))
    assert within.inside(lesson.columns).mean() > 0.9
    place = names(lesson.signature.covariates).index("respiration")
    covariates = lesson.columns.covariates.copy()
    covariates[:, place] *= 10.0
    assert not within.inside(replace(lesson.columns, covariates=covariates)).any()
    assert emulator.inside(lesson.columns).all()


def test_base_saturation_is_asked_as_it_was_learnt(emulator, ensemble, lesson):
    """Columns as they stand before the spin-up say what those recorded after it say."""
    place = names(lesson.signature.states)
    seam = ensemble.columns.state[..., [("sic", "base_saturation", "nitrate").index(name) for name in place]]
    given = replace(lesson.columns, state=seam)
    assert not np.allclose(given.state, lesson.columns.state, atol=0.05)
    said, learnt = (emulator.predict(columns).values for columns in (given, lesson.columns))
    np.testing.assert_allclose(said, learnt, rtol=1e-4, atol=1e-4)


def test_it_is_a_predictor(emulator):
    """The protocol of the projection."""
    assert isinstance(emulator, Predictor)


def test_what_a_signature_refuses(emulator, columns):
    """A NaN by its name and cell; features in another order; a column too many."""
    covariates = columns.covariates.copy()
    covariates[5, names(emulator.signature.covariates).index("porosity")] = np.nan
    with pytest.raises(
        PredictorError, match=r"tiny, covariates: porosity = nan 1 at cell 5 .*; wanted 0.2 to 0.85"
    ):
        emulator.predict(replace(columns, covariates=covariates))
    with pytest.raises(PredictorError, match=r"bulk_density = .* wanted 0.3 to 2.2 g cm-3"):
        emulator.predict(replace(columns, covariates=columns.covariates[:, ::-1]))
    forcing = columns.forcing.copy()
    forcing[1, 3, 4, 1] = np.inf
    with pytest.raises(PredictorError, match=r"forcing: precipitation = inf mm yr-1 at cell 3"):
        emulator.predict(replace(columns, forcing=forcing))
    wide = Columns(columns.covariates, np.repeat(columns.state, 2, axis=2), columns.baseline, columns.forcing)
    with pytest.raises(PredictorError, match=r"state has shape \(48, 6, 4\); wanted \(48, 6, 2\)"):
        emulator.predict(wide)
