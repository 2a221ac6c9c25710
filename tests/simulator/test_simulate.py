"""Law: the simulator is a predictor: alone, in a batch or among pathways, a column has one future."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError
from eurosic.base.signature import Columns, Predictor, names
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3, MOLAR_MASS_N
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS, Regime
from eurosic.simulator.options import LAYERS, SimulatorOptions, frame_of
from eurosic.simulator.simulate import Simulator, run_unchecked
from tests.simulator.columns import random_columns

SIMULATOR = Simulator()
TARGET = {name: i for i, name in enumerate(TARGETS)}
DRIVER = {name: i for i, name in enumerate(DRIVERS)}
STATE = {name: i for i, name in enumerate(STATES)}
BATCH = random_columns(24, years=8, pathways=3)


def _cells(columns: Columns, rows: slice | list[int]) -> Columns:
    return Columns(
        columns.covariates[rows], columns.state[rows], columns.baseline[rows], columns.forcing[:, rows]
    )


def _with_driver(columns: Columns, name: str, value: float) -> Columns:
    baseline, forcing = columns.baseline.copy(), columns.forcing.copy()
    baseline[:, DRIVER[name]] = value
    forcing[..., DRIVER[name]] = value
    return replace(columns, baseline=baseline, forcing=forcing)


def test_the_simulator_is_a_predictor_of_the_whole_vocabulary() -> None:
    """Protocol, names in order, a digest that pickling keeps and options change."""
    assert isinstance(SIMULATOR, Predictor)
    for part, words in (
        (SIMULATOR.signature.covariates, COVARIATES),
        (SIMULATOR.signature.states, STATES),
        (SIMULATOR.signature.drivers, DRIVERS),
        (SIMULATOR.signature.targets, TARGETS),
    ):
        assert names(part) == tuple(words)
    again = pickle.loads(pickle.dumps(SIMULATOR))
    assert again.digest == SIMULATOR.digest
    assert Simulator(SimulatorOptions(activity="davies")).digest != SIMULATOR.digest
    assert SIMULATOR.inside(BATCH).all()


def test_targets_have_the_shape_and_the_ranges_of_the_vocabulary() -> None:
    """(pathway, cell, year, target), finite, within each target's valid range."""
    found = SIMULATOR.predict(BATCH)
    assert found.values.shape == (3, 24, 8, len(TARGETS))
    assert found.converged.all()
    for i, target in enumerate(TARGETS.values()):
        assert (found.values[..., i] >= target.valid_min).all(), target.name
        assert (found.values[..., i] <= target.valid_max).all(), target.name


def test_a_column_alone_is_the_column_in_its_batch() -> None:
    """Bit for bit: the table may be cut into tiles anywhere."""
    whole = SIMULATOR.predict(BATCH).values
    for i in range(0, 24, 5):
        assert (SIMULATOR.predict(_cells(BATCH, [i])).values[:, 0] == whole[:, i]).all()


def test_equal_pathways_have_equal_futures_and_order_does_not_matter() -> None:
    """Bit for bit: baseline against itself is exactly zero, whatever ran before it."""
    columns = replace(BATCH, forcing=BATCH.forcing[[0, 2, 0, 1]])
    found, plain = SIMULATOR.predict(columns).values, SIMULATOR.predict(BATCH).values
    assert (found[0] == found[2]).all()
    assert (found[1] == plain[2]).all()


def test_arrays_of_any_layout_are_taken() -> None:
    """A view of a table, or Fortran order, gives what a copy gives."""
    views = Columns(
        np.asfortranarray(BATCH.covariates),
        np.asfortranarray(BATCH.state),
        np.asfortranarray(BATCH.baseline),
        np.asfortranarray(BATCH.forcing),
    )
    assert (SIMULATOR.predict(views).values == SIMULATOR.predict(BATCH).values).all()


def test_carbon_to_air_is_what_dissolved_less_what_leached() -> None:
    """By definition, year by year: (dissolved + lime - DIC), with the stock's change of the profile."""
    columns = _with_driver(BATCH, "lime", 0.8)
    values = SIMULATOR.predict(columns).values
    change = np.diff(values[..., TARGET["sic_change_0_200cm"]], axis=-1, prepend=0.0)
    dissolved = 0.8 * MOLAR_MASS_C - change
    dic = values[..., TARGET["dic_leaching"]]
    to_air = values[..., TARGET["co2_to_air_from_carbonate"]]
    assert to_air == pytest.approx(dissolved - dic, abs=1e-12)


def test_lime_raises_the_stock_of_the_topsoil() -> None:
    """No less SIC in 0-30 cm than without, mostly more, and by at most what was spread."""
    plain, limed = (
        SIMULATOR.predict(_with_driver(BATCH, "lime", lime)).values[..., TARGET["sic_change_0_30cm"]]
        for lime in (0.0, 2.0)
    )
    spread = 2.0 * MOLAR_MASS_C * np.arange(1, 9)
    assert (limed >= plain - 1e-9).all()
    assert (limed > plain).mean() > 0.6
    assert (limed - plain <= spread + 1e-9).all()


def test_nitrate_in_steady_state_leaves_as_it_enters() -> None:
    """After a spin-up of 60 years what leaches at 2 m is what the driver brings, in mass of nitrogen."""
    columns = _cells(random_columns(6, years=40), slice(None))
    found = (
        Simulator(SimulatorOptions(spin_up=100)).predict(columns).values[0, :, -1, TARGET["nitrate_leaching"]]
    )
    assert found == pytest.approx(columns.baseline[:, DRIVER["nitrate_leached"]] * MOLAR_MASS_N, rel=0.01)


def test_without_water_nothing_is_leached() -> None:
    """P = 0 and q = 0: DIC, alkalinity and nitrate leaching are zero."""
    columns = _with_driver(_with_driver(BATCH, "precipitation", 0.0), "drainage", 0.0)
    found = SIMULATOR.predict(columns)
    for name in ("dic_leaching", "alkalinity_leaching", "nitrate_leaching"):
        assert not found.values[..., TARGET[name]].any()


def _buffered_without_and_with_nitrate(slope: float, years: int) -> np.ndarray:
    columns = random_columns(40, years=years, pathways=2)
    columns.state[:, :, STATE["sic"]] = np.maximum(columns.state[:, :, STATE["sic"]], 10.0)
    columns.covariates[:, list(COVARIATES).index("cec_ph_slope")] *= slope
    return SIMULATOR.predict(columns).values[..., TARGET["sic_change_0_200cm"]]


def test_less_nitrate_keeps_more_carbonate_where_the_soil_is_buffered() -> None:
    """SCIENCE.md 2.8.1 for every cell and year: pathway 1 leaches no nitrate, pathway 0 that of the baseline."""
    found = _buffered_without_and_with_nitrate(0.0, 20)
    assert (found[1, :, 1:] > found[0, :, 1:]).all()


def test_an_exchanger_whose_charge_rises_with_ph_takes_calcium_first() -> None:
    """With beta, less nitrate raises pH, which charges the exchanger at calcite's expense, and saves later."""
    found = _buffered_without_and_with_nitrate(1.0, 80)
    saved = found[1] - found[0]
    assert (saved[:, 2] < 0).any()
    assert (np.diff(saved, axis=1)[:, -10:] > 0).all()


def test_the_regime_is_told_by_what_is_left_in_30_centimetres() -> None:
    """By hand: calcite everywhere; below 15 cm; below 30 cm; nowhere."""
    columns = random_columns(4, years=1)
    columns.state[..., STATE["sic"]] = 10.0
    columns.state[1, :2, STATE["sic"]] = 0.0
    columns.state[2, :3, STATE["sic"]] = 0.0
    columns.state[3, :, STATE["sic"]] = 0.0
    columns.state[..., STATE["base_saturation"]] = 0.8
    found = SIMULATOR.predict(columns).values[0, :, 0]
    assert found[:, TARGET["regime"]].tolist() == [
        Regime.BUFFERED,
        Regime.BUFFERED,
        Regime.FRONT,
        Regime.DEPLETED,
    ]
    assert found[:, TARGET["decalcification_depth"]] == pytest.approx([0.0, 0.15, 0.3, 2.0])


def test_a_trace_of_carbonate_does_not_count() -> None:
    """0.01 % of CaCO3 by mass is the threshold: a column with 0.005 % is depleted, one with 0.02 % is not."""
    columns = random_columns(2, years=1)
    columns = _with_driver(_with_driver(columns, "nitrate_leached", 0.0), "base_cation_export", 0.0)
    columns = _with_driver(_with_driver(columns, "drainage", 0.0), "precipitation", 0.0)
    columns.covariates[:, list(COVARIATES).index("gravel")] = 0.0
    earth = 1e3 * columns.covariates[:, list(COVARIATES).index("bulk_density"), None]
    extent = np.array([0.05, 0.1, 0.15, 0.3, 0.4, 1.0])
    percent = np.array([[0.002], [0.05]])
    columns.state[..., STATE["sic"]] = percent / 100 * earth * extent * MOLAR_MASS_C / MOLAR_MASS_CACO3
    found = SIMULATOR.predict(columns).values[0, :, 0, TARGET["regime"]]
    assert found.tolist() == [Regime.DEPLETED, Regime.BUFFERED]


def test_calcareous_columns_start_near_the_ph_of_calcite_water() -> None:
    """In situ 6.5-7.8, in the laboratory 7.5-8.3, and the laboratory's is the higher one."""
    columns = random_columns(20, years=1)
    columns.state[..., STATE["sic"]] = 20.0
    found = SIMULATOR.predict(columns).values[0, :, 0]
    soil, lab = found[:, TARGET["ph_soil_0_30cm"]], found[:, TARGET["ph_lab_0_30cm"]]
    assert ((soil > 6.5) & (soil < 7.8)).all()
    assert ((lab > 7.5) & (lab < 8.3)).all()
    assert (lab > soil).all()


def test_columns_without_calcite_start_from_their_base_saturation() -> None:
    """More bases, higher pH, in order; half saturation is acid, full saturation is near neutral."""
    columns = _cells(random_columns(1, years=1), [0] * 5)
    columns.state[..., STATE["sic"]] = 0.0
    columns.state[..., STATE["base_saturation"]] = np.linspace(0.4, 1.0, 5)[:, None]
    columns.forcing[...] = columns.baseline[None, :, None]
    ph = SIMULATOR.predict(columns).values[0, :, 0, TARGET["ph_soil_0_30cm"]]
    assert (np.diff(ph) > 0).all()
    assert ph[0] < 5.0 < 6.2 < ph[-1]


def test_nitrate_given_in_the_state_leaches_out() -> None:
    """More nitrate in transit, more leached in the first years, and no acid with it: SIC differs by < 2 %."""
    columns = _cells(random_columns(1, years=6), [0, 0])
    columns.state[..., STATE["sic"]] = 10.0
    columns.state[1, :, STATE["nitrate"]] = 0.5
    found = SIMULATOR.predict(columns).values[0]
    assert (
        found[1, :, TARGET["nitrate_leaching"]].sum() > found[0, :, TARGET["nitrate_leaching"]].sum() + 0.004
    )


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_carbonate_never_falls_below_what_there_was(seed: int) -> None:
    """SIC change of 0-30 cm is never below minus the stock of 0-30 cm."""
    columns = random_columns(8, years=30, seed=seed)
    found = SIMULATOR.predict(columns)
    stock = columns.state[:, :3, STATE["sic"]].sum(axis=1)
    assert found.converged.all()
    assert (found.values[0, :, :, TARGET["sic_change_0_30cm"]] >= -stock[:, None] * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    "option", [{"substeps": 4}, {"layers": tuple(t / 2 for t in LAYERS for _ in (0, 1))}]
)
def test_finer_steps_and_layers_change_little(option: dict[str, object]) -> None:
    """Four steps a year, or layers half as thick: SIC change of buffered columns moves by less than 3 %."""
    columns = random_columns(10, years=20)
    columns.state[..., STATE["sic"]] = 30.0
    coarse = SIMULATOR.predict(columns).values[0, :, -1, TARGET["sic_change_0_200cm"]]
    finer = Simulator(replace(SimulatorOptions(), **option)).predict(columns)  # type: ignore[arg-type]
    assert finer.values[0, :, -1, TARGET["sic_change_0_200cm"]] == pytest.approx(coarse, rel=0.03, abs=2e-3)


def test_the_layers_map_onto_the_standard_depths_exactly() -> None:
    """What a depth holds is shared by its layers, and each layer lies in one depth."""
    frame = frame_of(SimulatorOptions())
    assert np.bincount(frame.depth, frame.depth_share) == pytest.approx(np.ones(6))
    assert frame.topsoil.sum() == pytest.approx(1.0)
    assert (frame.reported @ frame.thickness) == pytest.approx([0.3, 1.0, 2.0])


def test_a_cell_that_fails_is_nan_and_stops_no_other() -> None:
    """Its values are NaN in every pathway and year; the others are as without it, bit for bit."""
    columns = _cells(BATCH, [0, 1, 2])
    simulator = Simulator()
    plain = simulator.predict(columns)
    broken = Columns(
        columns.covariates.copy(), columns.state.copy(), columns.baseline.copy(), columns.forcing.copy()
    )
    # No cell within the valid ranges is known to fail, so that one is made to, behind the checks.
    broken.covariates[1, list(COVARIATES).index("cec_topsoil")] = np.nan
    found = run_unchecked(simulator.options, broken)
    assert found.converged.tolist() == [True, False, True]
    assert np.isnan(found.values[:, 1]).all()
    assert (found.values[:, [0, 2]] == plain.values[:, [0, 2]]).all()


@pytest.mark.parametrize(
    ("part", "index", "value", "told"),
    [
        ("covariates", (0, 0), np.nan, "bulk_density = nan"),
        ("state", (1, 0, 0), -1.0, "sic = -1.0 kg m-2 at cell 1"),
        ("baseline", (2, 3), 99.0, "nitrate_leached = 99.0"),
        ("forcing", (0, 3, 0, 1), -5.0, "precipitation = -5.0 mm yr-1 at cell 3"),
    ],
)
def test_values_out_of_range_are_refused_by_name(
    part: str, index: tuple[int, ...], value: float, told: str
) -> None:
    """The first bad value is named with its unit and its cell."""
    columns = replace(BATCH, **{part: getattr(BATCH, part).copy()})
    getattr(columns, part)[index] = value
    with pytest.raises(PredictorError, match=told):
        SIMULATOR.predict(columns)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"activity": "pitzer"}, "activity = 'pitzer'; wanted wateq or davies"),
        ({"tortuosity": "penman"}, "tortuosity = 'penman'"),
        ({"lab_solution": "kcl"}, "lab_solution = 'kcl'"),
        ({"rain": (1e-5,)}, "rain has 1 concentrations"),
        ({"layers": (0.1,) * 20}, "limits that contain 0.05"),
    ],
)
def test_unknown_options_are_refused(option: dict[str, object], told: str) -> None:
    """Each message says what came and what was wanted."""
    with pytest.raises(PredictorError, match=told):
        replace(SimulatorOptions(), **option)  # type: ignore[arg-type]
