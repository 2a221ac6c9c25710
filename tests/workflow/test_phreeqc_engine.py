"""Law: PHREEQC runs the design that is stored, says what the simulator says of it, and can be interrupted."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

import eurosic
from eurosic.base.errors import SimulationError
from eurosic.base.grid import tiles_of
from eurosic.base.simulations import SCHEMA
from eurosic.base.vocabulary import COVARIATES, DRIVERS
from eurosic.cli import main
from eurosic.clusters import Profile
from eurosic.outputs.simulations import BatchWriter, create_ensemble, ledger_of
from eurosic.simulator import phreeqc
from eurosic.simulator.ensemble import simulate_columns
from eurosic.simulator.options import SimulatorOptions, frame_of, settings_of
from eurosic.workflow import ensemble, phreeqc_column, phreeqc_engine
from eurosic.workflow.batch import BatchTask
from eurosic.workflow.designing import columns_of
from eurosic.workflow.ensemble import EnsembleSetup, make_ensemble, set_up_ensemble
from eurosic.workflow.phreeqc_engine import GIVEN, PHREEQC, check_phreeqc, run_columns

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("phreeqc") is None, reason="the extra 'phreeqc' is not installed"
)
RECIPE = """\
about: {title: Six columns, purpose: To try it, authors: [A. Name], references: [none2020]}
design: {size: 6 columns, seed: 5}
years: 10 years
spin_up: 5 years
"""


class _Silent:
    """A teller that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        """Keep a line."""
        self.said.append(text)

    def progress(self, done: int, total: int) -> None:
        """Keep nothing."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A recipe of six columns."""
    file = tmp_path_factory.mktemp("phreeqc") / "ensemble.yaml"
    file.write_text(RECIPE)
    return file


@pytest.fixture(scope="module")
def setup(path) -> EnsembleSetup:
    """Six columns over ten years in batches of two, which are smaller than recipes allow."""
    whole = set_up_ensemble(path, engine=PHREEQC)
    return replace(whole, recipe=whole.recipe.model_copy(update={"batch": 2}))


@pytest.fixture(scope="module")
def made(setup, tmp_path_factory):
    """Their ensemble."""
    out = tmp_path_factory.mktemp("made") / "e.zarr"
    make_ensemble(setup, out, profile=Profile(1, dashboard=":0"), tell=_Silent())
    return eurosic.open_ensemble(out).load()


# Laws.


def test_both_engines_lose_the_same_carbonate(setup, made):
    """SIC change of each column after ten years within 0.5 %, of the columns as they are stored."""
    columns = columns_of(setup.design, setup.trajectories).columns
    ours = simulate_columns(setup.simulator.options, columns)
    assert bool(made["converged"].all())
    for name in ("sic_change_0_30cm", "sic_change_0_100cm", "sic_change_0_200cm"):
        theirs = made[name].to_numpy()[:, -1]
        assert (theirs < 0.0).sum() >= 4
        np.testing.assert_allclose(theirs, ours[name][:, -1], rtol=5e-3, atol=1e-6)
    close = {"ph_soil": 1e-2, "sic": 1e-4, "calcium": 1e-4, "alkalinity": 1e-4, "dic": 1e-4}
    for name, apart in close.items():
        np.testing.assert_allclose(made[name], ours[name], atol=apart, err_msg=name)
    for name in (
        "nitrate",
        "dic_leaching",
        "alkalinity_leaching",
        "nitrate_leaching",
        "co2_to_air_from_carbonate",
    ):
        np.testing.assert_allclose(made[name], ours[name], rtol=5e-3, atol=1e-5, err_msg=name)
    for name in ("regime", "decalcification_depth", "pco2", "drainage", "nitrate_leached"):
        np.testing.assert_allclose(made[name], ours[name], rtol=1e-6, err_msg=name)


def test_carbon_is_neither_made_nor_lost(made):
    """What left as DIC and to the air is what calcite lost, in every column."""
    gone = (made["dic_leaching"] + made["co2_to_air_from_carbonate"]).isel(year=slice(1, None)).sum("year")
    np.testing.assert_allclose(gone, -made["sic_change_0_200cm"].isel(year=-1), atol=1e-6)


def test_the_columns_stored_are_those_that_were_run(setup, made):
    """No pH-dependent capacity: covariate and ingredient are zero, the others are the simulator's; a note says so."""
    assert set(made.data_vars) >= set(GIVEN)
    assert not {"ph_lab", "ph_lab_0_30cm", "base_saturation"} & set(made.data_vars)
    assert {name for name, member in SCHEMA.items() if member.required} <= set(GIVEN)
    assert (made["cec_ph_slope"] == 0.0).all()
    assert (made["design_cec_slope_share"] == 0.0).all()
    columns = columns_of(setup.design, setup.trajectories).columns
    stored = np.stack([made[name] for name in COVARIATES], axis=-1)
    np.testing.assert_allclose(stored, columns.covariates, rtol=1e-6)
    assert made.attrs["engine"] == "phreeqc"
    assert "cec_ph_slope is 0" in made.attrs["engine_note"]
    assert made.attrs["reasons"] == {}


def test_engines_make_ensembles_of_their_own(path, setup):
    """The same recipe by the simulator has another digest and its own slope."""
    other = set_up_ensemble(path)
    assert other.digest != set_up_ensemble(path, engine=PHREEQC).digest
    assert (other.design.values["cec_slope_share"] > 0.0).all()
    assert (setup.design.values["clay"] == other.design.values["clay"]).all()


# Promises.


def test_an_interrupted_ensemble_ends_as_one_that_was_not(setup, made, tmp_path):
    """One batch of three is there: only the others are run, and values are equal."""
    out = tmp_path / "e.zarr"
    ledger = ledger_of(out, setup.digest)
    layout, fixed = ensemble._layout(setup, ""), ensemble._fixed(setup)
    create_ensemble(out, layout, fixed, digest=setup.digest)
    first = next(iter(tiles_of(6, 2)))
    BatchTask(setup.simulator.options, BatchWriter(out, ledger), PHREEQC)(first, *setup.part(first))
    tell = _Silent()
    make_ensemble(setup, out, profile=Profile(1, dashboard=":0"), tell=tell)
    assert "resume     1 of 3 batches are finished already" in tell.said
    xr.testing.assert_equal(made, eurosic.open_ensemble(out).load())


def test_a_column_that_fails_stops_no_other(setup, made, tmp_path, monkeypatch):
    """It is missing and not converged; its reason is counted without its numbers, over all batches."""
    real = phreeqc_engine.phreeqc_arrays

    def sometimes(columns, i, *given):
        if i in (1, 2):
            raise SimulationError(
                "engine phreeqc, step 2 of 3", f"no convergence in cell {i}, off by 1.5e-08"
            )
        return real(columns, i, *given)

    monkeypatch.setattr(phreeqc_engine, "phreeqc_arrays", sometimes)
    columns = columns_of(setup.design, setup.trajectories).columns
    ran = run_columns(setup.simulator.options, columns)
    assert ran.reasons == {"no convergence in cell #, off by #": 2}
    assert ran.arrays["converged"].tolist() == [1, 0, 0, 1, 1, 1]
    assert np.isnan(ran.arrays["sic"][1:3]).all()
    np.testing.assert_allclose(ran.arrays["sic"][3:], made["sic"][3:])
    ledger = ledger_of(tmp_path / "e.zarr", setup.digest)
    create_ensemble(
        tmp_path / "e.zarr", ensemble._layout(setup, ""), ensemble._fixed(setup), digest=setup.digest
    )
    writer = BatchWriter(tmp_path / "e.zarr", ledger)
    for batch in tiles_of(6, 2):
        part = {name: values[batch.cells] for name, values in ran.arrays.items()}
        writer.write(batch, part, seconds=0.0, reasons=ran.reasons if batch.index < 2 else None)
    assert ensemble._reasons(ledger, setup) == {"no convergence in cell #, off by #": 4}


def test_more_of_a_harvest_is_left_until_phreeqc_can_go_on(setup, monkeypatch):
    """A run that stops is tried again with more left; what is left is what the sources say; the last error stands."""
    real, taken, stops = phreeqc.run_phreeqc, [], [2]

    def stopping(store, soil, course):
        taken.append(course.sources.copy())
        if len(taken) <= stops[0]:
            raise SimulationError("engine phreeqc", f"stopped {len(taken)}")
        return real(store, soil, course)

    monkeypatch.setattr(phreeqc_column, "run_phreeqc", stopping)
    options = SimulatorOptions(spin_up=2)
    columns = columns_of(setup.design, setup.trajectories).columns
    columns.forcing[..., list(DRIVERS).index("base_cation_export")] = 5.0
    given = (frame_of(options), settings_of(options))
    phreeqc_column.phreeqc_arrays(columns, 0, *given)
    cut = taken[0] != taken[2]
    assert cut.any()
    np.testing.assert_allclose(taken[1][cut] / taken[0][cut], 0.995 / 0.999)
    np.testing.assert_allclose(taken[2][cut] / taken[0][cut], 0.98 / 0.999)
    taken.clear()
    stops[0] = 3
    with pytest.raises(SimulationError, match="stopped 3"):
        phreeqc_column.phreeqc_arrays(columns, 0, *given)


# Refusals.


def test_a_monthly_step_is_refused_with_the_reason(path, tmp_path):
    """And nothing is written."""
    monthly = tmp_path / "monthly.yaml"
    monthly.write_text(RECIPE + "simulator: {step: month}\n")
    out = tmp_path / "e.zarr"
    done = CliRunner().invoke(main, ["simulate", str(monthly), "--out", str(out), "--engine", "phreeqc"])
    assert done.exit_code == 2
    assert "the recipe's step is 'month'" in done.output
    assert "mixed once a year" in done.output
    assert not out.exists()


@pytest.mark.parametrize(("name", "value"), [("activity", "davies"), ("substeps", 2)])
def test_choices_that_phreeqc_does_not_know_are_refused(name, value):
    """They would be ignored otherwise."""
    with pytest.raises(SimulationError, match=name):
        check_phreeqc(SimulatorOptions(**{name: value}))


def test_an_absent_package_is_named_before_anything_is_done(path, monkeypatch):
    """With what to install."""

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(phreeqc, "import_module", absent)
    with pytest.raises(SimulationError, match=r"pip install 'eurosic\[phreeqc\]'"):
        set_up_ensemble(path, engine=PHREEQC)
