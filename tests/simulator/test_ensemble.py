"""Law: what an ensemble records is what the predictor reports, closes its balance, and knows no neighbour."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eurosic.base.errors import PredictorError
from eurosic.base.signature import Columns
from eurosic.base.simulations import INGREDIENTS, PROFILES, SCHEMA
from eurosic.base.units import MOLAR_MASS_C
from eurosic.base.vocabulary import DRIVERS, STANDARD_DEPTHS, TARGETS
from eurosic.simulator.ensemble import simulate_columns
from eurosic.simulator.options import SimulatorOptions
from eurosic.simulator.simulate import Simulator, run_recorded
from tests.simulator.columns import random_columns

OPTIONS = SimulatorOptions(spin_up=5)
THICKNESS = np.array([bottom - top for top, bottom in STANDARD_DEPTHS])


@pytest.fixture(scope="module")
def columns():
    """Sixty columns of ten years."""
    return random_columns(60, years=10)


@pytest.fixture(scope="module")
def arrays(columns):
    """What the simulator makes of them."""
    return simulate_columns(OPTIONS, columns)


def _part(columns: Columns, cells: slice) -> Columns:
    return Columns(
        columns.covariates[cells], columns.state[cells], columns.baseline[cells], columns.forcing[:, cells]
    )


def test_every_array_is_of_the_schema(arrays):
    """Names, dimensions and ranges; a year more than there are steps."""
    sizes = {"simulation": 60, "year": 11, "depth": 6}
    for name, values in arrays.items():
        member = SCHEMA[name]
        assert values.shape == tuple(sizes[dim] for dim in member.dims), name
        known = np.asarray(values, dtype=float)[np.isfinite(values)]
        assert (known >= member.variable.valid_min).all(), name
        assert (known <= member.variable.valid_max).all(), name
    assert {name for name, member in SCHEMA.items() if member.required} <= set(arrays)
    assert arrays["converged"].all()


def test_the_start_is_the_state_that_was_given(columns, arrays):
    """SIC of year 0 is that of the columns; changes are nothing; drivers are the baseline's; fluxes are missing."""
    np.testing.assert_allclose(arrays["sic"][:, 0], columns.state[..., 0], rtol=1e-12)
    assert not arrays["sic_change_0_200cm"][:, 0].any()
    np.testing.assert_array_equal(
        arrays["drainage"][:, 0], columns.baseline[:, list(DRIVERS).index("drainage")]
    )
    assert np.isnan(arrays["dic_leaching"][:, 0]).all()


def test_recording_changes_no_bit_of_what_is_predicted(columns, arrays):
    """Targets of years 1 to 10 are those of `Simulator.predict`."""
    predicted = Simulator(OPTIONS).predict(columns).values[0]
    for i, name in enumerate(TARGETS):
        np.testing.assert_array_equal(arrays[name][:, 1:], predicted[..., i], err_msg=name)


def test_depths_add_up_to_what_is_reported(arrays):
    """Stocks give the changes, topsoil means the pH; carbon dissolved is carbon leached and to the air."""
    change = arrays["sic"] - arrays["sic"][:, :1]
    np.testing.assert_allclose(change[..., :3].sum(-1), arrays["sic_change_0_30cm"], atol=1e-12)
    np.testing.assert_allclose(change.sum(-1), arrays["sic_change_0_200cm"], atol=1e-12)
    weights = THICKNESS[:3] / 0.3
    np.testing.assert_allclose(arrays["ph_soil"][..., :3] @ weights, arrays["ph_soil_0_30cm"], atol=1e-9)
    np.testing.assert_allclose(arrays["ph_lab"][..., :3] @ weights, arrays["ph_lab_0_30cm"], atol=1e-6)
    dissolved = -np.diff(change.sum(-1), axis=1) + MOLAR_MASS_C * arrays["lime"][:, 1:]
    gone = (arrays["dic_leaching"] + arrays["co2_to_air_from_carbonate"])[:, 1:]
    np.testing.assert_allclose(dissolved, gone, atol=1e-12)


def test_the_deepest_water_is_what_leaches(columns, arrays):
    """In 1-2 m the alkalinity of the last layer times drainage is the flux: its mean is within the column's range."""
    flux = arrays["alkalinity_leaching"][:, 1:] / arrays["drainage"][:, 1:]
    mean = arrays["alkalinity"][:, 1:, 5]
    calcareous = columns.state[:, 5, 0] > 0
    np.testing.assert_allclose(mean[calcareous], flux[calcareous], rtol=0.1)


def test_base_saturation_gives_back_the_acid_layers(columns):
    """A layer without calcite keeps the saturation it was given through the spin-up, the inverse of its start."""
    _, profiles = run_recorded(OPTIONS, columns)
    names = [variable.name for variable in PROFILES]
    acid = columns.state[:, 0, 0] == 0.0
    found = profiles[0, acid, 0, :3, names.index("base_saturation")]
    np.testing.assert_allclose(found, columns.state[acid, :3, 1], atol=1e-9)


def test_a_column_does_not_know_its_batch(columns, arrays):
    """Batches of 1, 7 and 60 columns give equal bits."""
    for size in (1, 7):
        for start in (0, 14, 42):
            cells = slice(start, start + size)
            alone = simulate_columns(OPTIONS, _part(columns, cells))
            for name, values in alone.items():
                np.testing.assert_array_equal(values, arrays[name][cells], err_msg=name)


def test_what_no_column_can_have_is_refused(columns):
    """A negative rate, with its name and value."""
    forcing = columns.forcing.copy()
    forcing[0, 3, 2, list(DRIVERS).index("nitrate_leached")] = -0.1
    with pytest.raises(PredictorError, match=r"nitrate_leached = -0.1 mol m-2 yr-1 at cell 3"):
        simulate_columns(OPTIONS, dataclasses.replace(columns, forcing=forcing))


def test_words_of_the_schema_are_each_one_thing():
    """Ingredients and schema have limits in order; every state of the seam is among the profiles."""
    for variable in [*INGREDIENTS.values(), *(member.variable for member in SCHEMA.values())]:
        assert variable.valid_min < variable.valid_max, variable.name
    assert {"sic", "base_saturation", "nitrate"} <= {variable.name for variable in PROFILES}


def test_a_monthly_step_is_recorded_too(columns):
    """Depths add up to what is reported; calcium at 1-2 m is within a factor of two of the annual step's."""
    few = _part(columns, slice(0, 12))
    monthly = simulate_columns(SimulatorOptions(spin_up=3, step="month"), few)
    annual = simulate_columns(SimulatorOptions(spin_up=3), few)
    assert monthly["converged"].all()
    change = (monthly["sic"] - monthly["sic"][:, :1]).sum(-1)
    np.testing.assert_allclose(change, monthly["sic_change_0_200cm"], atol=1e-12)
    ratio = monthly["calcium"][:, -1, 5] / annual["calcium"][:, -1, 5]
    assert 0.5 < np.median(ratio) < 2.0
