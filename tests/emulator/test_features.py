"""Law: features are what soil physics says of a column in closed form, finite for whatever a column can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.signature import names
from eurosic.base.units import MOLAR_MASS_C
from eurosic.base.vocabulary import STANDARD_DEPTHS
from eurosic.emulator.data import anchor_arguments
from eurosic.emulator.features import Anchors, anchors_of, spun_up
from eurosic.simulator.gas import ATMOSPHERE, Air, carbon_dioxide, molar_respiration, root_shares, tortuosity
from eurosic.simulator.simulate import Simulator
from tests.emulator.tiny import widest_columns

SIGNATURE = Simulator().signature
THICKNESS = np.diff(STANDARD_DEPTHS, axis=1)[:, 0]
# Rows of the features, of a signature that has every covariate: logarithms of pCO2 and of the flux, by depth.
PRESSURE, FLUX = slice(15, 21), slice(21, 27)
SOIL = {
    "bulk_density": 1.5,
    "gravel": 0.2,
    "cec_topsoil": 20.0,
    "cec_subsoil": 10.0,
    "cec_ph_slope": 40.0,
    "field_capacity": 0.3,
    "porosity": 0.45,
    "air_porosity": 0.2,
    "respiration": 500.0,
    "respiration_depth": 0.3,
    "root_depth": 0.3,
}
YEAR = {
    "temperature": 10.0,
    "precipitation": 800.0,
    "drainage": 300.0,
    "nitrate_leached": 0.3,
    "acid_extra": 0.0,
    "base_cation_export": 0.1,
    "lime": 0.0,
}


def _anchors(
    *, later: dict[str, float] | None = None, without: tuple[str, ...] = (), **changes: float
) -> Anchors:
    """Return the anchors of one column of 2 kg m-2 of carbonate in each depth; `later` changes a year's climate."""
    values = SOIL | YEAR | changes
    covariates = {name: np.array([values[name]]) for name in SOIL if name not in without}
    year = {name: np.array([values[name]]) for name in YEAR}
    climate = year if later is None else year | {name: np.array([value]) for name, value in later.items()}
    state = {"sic": np.full((1, 6), 2.0), "base_saturation": np.ones((1, 6))}
    return anchors_of(covariates, state, year, climate)


def test_units_of_a_column_by_hand():
    """Carbonate, rain, exchanger and water over what the water can carry."""
    made = _anchors()
    scale = made.scale[0]
    np.testing.assert_allclose(made.stock[:, 0] * scale, 2.0 / MOLAR_MASS_C)
    np.testing.assert_allclose(made.rain[0] * scale, 800.0)
    # 20 cmolc kg-1 of 1.5 Mg m-3 with a fifth of gravel: 240 molc m-3, half of it below 0.3 m.
    charge = THICKNESS * np.array([240.0] * 3 + [120.0] * 3)
    np.testing.assert_allclose(made.exchange[:, 0], 2.0 * scale / charge)
    # A unit in 300 L m-3 of water, mmol L-1, times 0.2.
    np.testing.assert_allclose(made.dilution[:, 0], 0.2 * 1e3 * scale / (300.0 * THICKNESS))


@pytest.mark.parametrize(
    ("celsius", "pressure", "calcium"),
    [(10, 4.2e-4, 0.692e-3), (10, 0.01, 2.118e-3), (25, 0.01, 1.645e-3), (10, 0.03, 3.165e-3)],
)
def test_the_unit_of_amounts_is_what_water_dissolves(celsius, pressure, calcium):
    """SCIENCE.md 7.3, but for activities, which bring a tenth to a fifth more into solution."""
    told = _anchors(temperature=celsius)
    made = np.exp(told.features[20, 0]) - ATMOSPHERE
    respiration = SOIL["respiration"] * (pressure - ATMOSPHERE) / made
    scale = _anchors(temperature=celsius, respiration=respiration, precipitation=300.0).scale[0]
    assert 0.80 < scale / (300.0 * calcium) < 0.94


def test_closed_form_of_soil_carbon_dioxide_is_the_simulators():
    """At the bottom of each depth within 0.5 % of the simulator's sum over layers of 1 mm, in a warm year too."""
    fine = np.full(2000, 0.001)
    bottoms = np.cumsum(THICKNESS)
    rng = np.random.default_rng(5)
    for _ in range(20):
        soil = {
            "air_porosity": rng.uniform(0.12, 0.35),
            "porosity": rng.uniform(0.38, 0.6),
            "respiration": rng.uniform(250, 900),
            "respiration_depth": rng.uniform(0.15, 0.4),
        }
        mean, warm = rng.uniform(3, 22), rng.uniform(-2, 4)
        shares, pressure = np.empty(2000), np.empty(2000)
        root_shares(fine, soil["respiration_depth"], shares)
        ease = tortuosity(soil["air_porosity"], soil["porosity"], 0.0)
        air = Air(molar_respiration(soil["respiration"]), soil["respiration_depth"], ease, mean, ATMOSPHERE)
        carbon_dioxide(fine, air, mean + warm, shares, pressure)
        there = np.interp(bottoms, np.cumsum(fine) - 0.0005, pressure)
        said = _anchors(temperature=mean, later={"temperature": mean + warm}, **soil).features[PRESSURE, 0]
        np.testing.assert_allclose(np.exp(said), there, rtol=5e-3)


def test_water_falls_from_rain_to_drainage():
    """Below the roots what drains passes; an e-folding depth is drunk empty as the exponential says."""
    flux = np.exp(_anchors(root_depth=0.3).features[FLUX, 0])
    np.testing.assert_allclose(flux[-1], 300.0)
    share = (1.0 - np.exp(-0.30 / 0.3)) / (1.0 - np.exp(-2.0 / 0.3))
    np.testing.assert_allclose(flux[2], 800.0 - 500.0 * share)
    assert (np.diff(flux) < 0).all()


@given(st.floats(1.1, 3.0))
def test_twice_the_water_carries_twice_as_much(factor):
    """The unit of amounts is proportional to water, and to the cube root of pCO2."""
    one = _anchors()
    wet = _anchors(precipitation=800.0 * factor, drainage=300.0 * factor)
    np.testing.assert_allclose(wet.scale / one.scale, factor)
    # Where nothing is drunk, most is carried at the bottom, whose pCO2 is row 20.
    calm, lively = (_anchors(precipitation=300.0, respiration=500.0 * more) for more in (1.0, factor))
    thicker = lively.features[20, 0] - calm.features[20, 0]
    np.testing.assert_allclose(np.log(lively.scale / calm.scale), thicker / 3.0, rtol=1e-9)


def test_a_year_s_climate_changes_its_features_but_no_unit():
    """A state must mean the same in every year: the unit is the baseline's, rain over it is the year's."""
    before, dry = _anchors(), _anchors(later={"precipitation": 400.0, "drainage": 50.0})
    np.testing.assert_array_equal(before.scale, dry.scale)
    np.testing.assert_array_equal(before.stock, dry.stock)
    np.testing.assert_allclose(dry.rain, before.rain / 2.0)
    assert (dry.features[FLUX] < before.features[FLUX]).all()


def test_an_engine_that_knows_no_roots_has_fewer_features():
    """What it does not know is left out, and its water is drunk as by roots of 0.3 m."""
    whole, bare = _anchors(root_depth=0.3), _anchors(without=("root_depth", "cec_ph_slope"))
    assert len(bare.features) == len(whole.features) - 2
    np.testing.assert_array_equal(bare.scale, whole.scale)


@pytest.mark.parametrize("seed", [1, 2])
def test_features_are_finite_for_whatever_a_column_can_be(seed):
    """Two thousand columns anywhere in the vocabulary's ranges, and one with no water, no breath and no carbonate."""
    columns = widest_columns(SIGNATURE, 2000, years=2, seed=seed)
    for part in (columns.covariates, columns.state, columns.baseline, columns.forcing[0]):
        part[0] = 0.0
    columns.covariates[0] = [variable.valid_min for variable in SIGNATURE.covariates]
    for year in (None, 1):
        made = anchors_of(*anchor_arguments(columns, SIGNATURE, year))
        for name in ("features", "scale", "stock", "saturation", "exchange", "dilution", "rain", "gas"):
            assert np.isfinite(getattr(made, name)).all(), name
        assert (made.scale > 0).all()


def test_a_depth_over_calcite_is_base_saturated(ensemble):
    """What the spin-up leaves is what the simulator records of it, within 1 %; and a second time changes nothing."""
    place = names(SIGNATURE.states).index("base_saturation")
    after = spun_up(ensemble.columns, SIGNATURE)
    recorded = ensemble.arrays["base_saturation"][:, 0]
    assert np.abs(ensemble.columns.state[..., place] - recorded).max() > 0.1
    np.testing.assert_allclose(after.state[..., place], recorded, atol=0.011)
    np.testing.assert_array_equal(spun_up(after, SIGNATURE).state, after.state)
    alone = replace(SIGNATURE, states=SIGNATURE.states[:1])
    assert spun_up(ensemble.columns, alone) is ensemble.columns
