"""Law: no more water drains than falls, a bucket loses none, climate years differ from the normal as said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.inputs.climate import (
    DAYS_OF_MONTH,
    ClimateOptions,
    WaterBalance,
    annual_drainage,
    annual_mean,
    latitude_of,
    monthly_climate,
    potential_evapotranspiration,
    soil_respiration,
)
from eurosic.inputs.water_balance import (
    Store,
    _year,
    monthly_bucket_drainage,
    root_store,
    turc_pike_drainage,
)

Array = NDArray[np.float64]

WATER = st.floats(0.0, 3000.0)
SEEDS = st.integers(0, 2**32 - 1)
# One cell's climate of no place: a cold and a warm half of the year, rain in the cold one.
TEMPERATURE = np.repeat([2.0, 18.0], 6)[np.newaxis]
RAIN = np.repeat([80.0, 20.0], 6)[np.newaxis]


def _weather(seed: int, *, cells: int = 5, years: int = 3) -> tuple[Array, Array, Store]:
    random = np.random.default_rng(seed)
    rain = random.gamma(1.5, 40.0, (cells, years, 12))
    pet = random.uniform(0.0, 160.0, (cells, years, 12))
    wilting = random.uniform(0.05, 0.2, cells)
    store = root_store(
        wilting + random.uniform(0.02, 0.25, cells),
        wilting,
        gravel=random.uniform(0.0, 0.9, cells),
        root_depth=random.uniform(0.05, 1.0, cells),
    )
    return rain, pet, store


def _sun(latitude: float) -> Array:
    """Return radiation outside the air in the middle of each month, MJ m-2 d-1, by FAO-56 equations 21-25."""
    day = np.array([15, 46, 74, 105, 135, 166, 196, 227, 258, 288, 319, 349])
    phi = np.deg2rad(latitude)
    distance = 1 + 0.033 * np.cos(2 * np.pi * day / 365)
    tilt = 0.409 * np.sin(2 * np.pi * day / 365 - 1.39)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(tilt), -1, 1))
    return (
        24
        * 60
        / np.pi
        * 0.0820
        * distance
        * (sunset * np.sin(phi) * np.sin(tilt) + np.cos(phi) * np.cos(tilt) * np.sin(sunset))
    )


# --- by hand ---------------------------------------------------------------------------------------------


def test_turc_pike_of_a_three_four_five_triangle_is_plain() -> None:
    """P 800 and PET 600 make a hypotenuse of 1000: q = 800 - 800 x 600 / 1000."""
    assert turc_pike_drainage(np.array([800.0]), np.array([600.0])) == pytest.approx(320.0)


def test_all_rain_drains_where_nothing_evaporates() -> None:
    """PET 0 leaves P, also where P is 0 and the formula divides zero by zero."""
    drained = turc_pike_drainage(np.array([500.0, 0.0]), np.zeros(2))
    np.testing.assert_array_equal(drained, [500.0, 0.0])


def test_a_bucket_without_evaporation_drains_the_rain() -> None:
    """A full store and no PET: twelve months of 50 mm give 600."""
    store = root_store(np.array([0.3]), np.array([0.1]), gravel=np.zeros(1), root_depth=np.array([0.25]))
    drained = monthly_bucket_drainage(np.full((1, 2, 12), 50.0), np.zeros((1, 2, 12)), store)
    np.testing.assert_allclose(drained, [[600.0, 600.0]])


def test_a_store_holds_what_lies_between_its_limits() -> None:
    """0.2 of water in 2 m of soil, a quarter of it stones, are 300 mm; roots sum to one."""
    store = root_store(np.array([0.3]), np.array([0.1]), gravel=np.array([0.25]), root_depth=np.array([0.25]))
    assert store.capacity.sum() == pytest.approx(300.0)
    assert store.roots.sum() == pytest.approx(1.0)
    # 1 - exp(-0.3/0.25) of the roots lie in the topsoil, of those above 2 m.
    assert store.roots[0, :3].sum() == pytest.approx((1 - np.exp(-1.2)) / (1 - np.exp(-8.0)))


def test_respiration_at_freezing_point_with_half_its_rain() -> None:
    """At 0 degC and 42.59 mm a month, R is half of 1.25 g m-2 d-1."""
    given_rain = np.full((1, 12), 42.59)
    assert soil_respiration(np.zeros((1, 12)), given_rain) == pytest.approx(0.5 * 1.25 * 365.25)


def test_months_count_by_their_length() -> None:
    """A year that is warm in January only has 31 days of it."""
    january = np.zeros((1, 12))
    january[0, 0] = 365.25
    assert annual_mean(january) == pytest.approx(31.0)


def test_latitude_of_the_projections_centre() -> None:
    """EPSG:3035 is centred on 52 degrees north; a cell 1000 km further south lies near 43."""
    found = latitude_of(np.array([3_210_000.0, 2_210_000.0]), np.array([4_321_000.0, 4_321_000.0]))
    np.testing.assert_allclose(found, [52.0, 43.0], atol=0.05)


# --- closed form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("latitude", [36.0, 45.0, 55.0, 68.0])
def test_pet_is_oudins_formula_on_the_sun_of_fao56(latitude: float) -> None:
    """R_a (T + 5) / (100 lambda) times the days of the month, to 0.5 %."""
    temperature = np.linspace(-4.0, 25.0, 12)
    latent = 2.501 - 0.002361 * temperature
    expected = _sun(latitude) * (temperature + 5.0) / (100.0 * latent) * DAYS_OF_MONTH
    found = potential_evapotranspiration(temperature[np.newaxis, np.newaxis], np.array([latitude]))
    np.testing.assert_allclose(found[0, 0], expected, rtol=5e-3, atol=0.05)


def test_nothing_evaporates_in_hard_frost() -> None:
    """Below -5 degC PET is zero."""
    frozen = potential_evapotranspiration(np.full((1, 1, 12), -6.0), np.array([60.0]))
    np.testing.assert_array_equal(frozen, 0.0)


def test_pet_knows_which_cell_is_which() -> None:
    """Cells and years computed together equal those computed alone."""
    temperature = np.random.default_rng(1).uniform(-10, 30, (4, 3, 12))
    latitude = np.array([36.0, 45.0, 55.0, 68.0])
    together = potential_evapotranspiration(temperature, latitude)
    alone = potential_evapotranspiration(temperature[2:3, 1:2], latitude[2:3])
    np.testing.assert_allclose(together[2, 1], alone[0, 0])


# --- climate years ---------------------------------------------------------------------------------------


def test_a_climatology_is_one_climate_year() -> None:
    """Twelve months of each give a series of one year."""
    climate = monthly_climate({"monthly_temperature": TEMPERATURE, "monthly_precipitation": RAIN})
    assert climate.temperature.shape == climate.precipitation.shape == (1, 1, 12)


def test_annual_means_shift_temperature_and_multiply_rain() -> None:
    """The delta method: every month gains the year's anomaly, and keeps its share of the year's rain."""
    normal = annual_mean(TEMPERATURE)
    climate = monthly_climate(
        {
            "monthly_temperature": TEMPERATURE,
            "monthly_precipitation": RAIN,
            "annual_temperature": np.stack([normal, normal + 2.0], axis=1),
            "annual_precipitation": np.array([[600.0, 300.0]]),
        }
    )
    np.testing.assert_allclose(climate.temperature[0], [TEMPERATURE[0], TEMPERATURE[0] + 2.0])
    np.testing.assert_allclose(climate.precipitation[0], [RAIN[0], 0.5 * RAIN[0]])


def test_a_series_of_one_needs_no_series_of_the_other() -> None:
    """Years of temperature meet a climatology of rain, which is the same in each."""
    climate = monthly_climate(
        {
            "monthly_temperature": np.stack([TEMPERATURE, TEMPERATURE + 1.0], axis=1),
            "monthly_precipitation": RAIN,
        }
    )
    np.testing.assert_array_equal(climate.precipitation[:, 0], climate.precipitation[:, 1])


def test_rain_falls_evenly_where_the_normal_knows_none() -> None:
    """A rainless climatology has no seasons to keep."""
    climate = monthly_climate(
        {
            "monthly_temperature": TEMPERATURE,
            "monthly_precipitation": np.zeros((1, 12)),
            "annual_precipitation": np.array([[120.0]]),
        }
    )
    np.testing.assert_allclose(climate.precipitation, 10.0)


def test_the_option_chooses_the_water_balance() -> None:
    """Winter rain on a full soil: the bucket drains more than Turc-Pike, which sees years only."""
    store = root_store(np.array([0.2]), np.array([0.15]), gravel=np.zeros(1), root_depth=np.array([0.25]))
    rain = RAIN[:, np.newaxis]
    pet = np.repeat([10.0, 120.0], 6)[np.newaxis, np.newaxis]
    drained = {
        balance: annual_drainage(rain, pet, store=store, options=ClimateOptions(water_balance=balance))
        for balance in WaterBalance
    }
    assert drained[WaterBalance.TURC_PIKE] == pytest.approx(600 - 600 / np.sqrt(1 + (600 / 780) ** 2))
    assert drained[WaterBalance.MONTHLY_BUCKET] > drained[WaterBalance.TURC_PIKE]


# --- laws ------------------------------------------------------------------------------------------------


@given(WATER, WATER)
def test_turc_pike_drains_between_nothing_and_the_rain(rain: float, pet: float) -> None:
    """0 <= q <= P, and what does not drain is at most PET."""
    drained = float(turc_pike_drainage(np.array(rain), np.array(pet)))
    assert -1e-9 <= drained <= rain + 1e-9
    assert rain - drained <= pet + 1e-9


@given(WATER, st.floats(1.0, 3000.0), st.floats(0.1, 500.0))
def test_more_rain_drains_more_and_more_sun_less(rain: float, pet: float, more: float) -> None:
    """Drainage rises with P and falls with PET."""
    drained = turc_pike_drainage(np.array([rain, rain + more, rain]), np.array([pet, pet, pet + more]))
    assert drained[1] >= drained[0] >= drained[2] - 1e-9


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_bucket_loses_no_water(seed: int) -> None:
    """Rain less drainage less what is stored has evaporated: never less than nothing nor more than PET."""
    rain, pet, store = _weather(seed, years=1)
    before = store.capacity * np.random.default_rng(seed).uniform(0, 1, store.capacity.shape)
    after, drained = _year(before, rain[:, 0], pet[:, 0], store)
    evaporated = rain[:, 0].sum(1) + before.sum(1) - after.sum(1) - drained
    assert (after >= 0.0).all()
    assert (after <= store.capacity + 1e-9).all()
    assert (evaporated >= -1e-9).all()
    assert (evaporated <= pet[:, 0].sum(1) + 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.floats(0.0, 100.0))
def test_a_wetter_bucket_drains_more(seed: int, more: float) -> None:
    """Rain added to any month never makes less drainage in the year."""
    rain, pet, store = _weather(seed)
    wetter = rain.copy()
    wetter[:, :, seed % 12] += more
    assert (
        monthly_bucket_drainage(wetter, pet, store).sum(1)
        >= monthly_bucket_drainage(rain, pet, store).sum(1) - 1e-6
    ).all()


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_a_repeated_year_drains_the_same_again(seed: int) -> None:
    """The spin-up has forgotten how the stores were filled: to a millimetre in each later year."""
    rain, pet, store = _weather(seed, years=1)
    years = monthly_bucket_drainage(np.repeat(rain, 4, axis=1), np.repeat(pet, 4, axis=1), store)
    assert np.ptp(years, axis=1).max() < 1.0


# --- refusals --------------------------------------------------------------------------------------------


def test_eleven_months_are_no_year() -> None:
    """The layer, what it has and what is wanted are told."""
    with pytest.raises(InputError, match="monthly_temperature: has 11 months a year; wanted twelve"):
        monthly_climate({"monthly_temperature": TEMPERATURE[:, :11], "monthly_precipitation": RAIN})


def test_series_of_different_length_do_not_meet() -> None:
    """Two years of temperature and three of rain are refused."""
    layers = {
        "monthly_temperature": TEMPERATURE,
        "monthly_precipitation": RAIN,
        "annual_temperature": np.zeros((1, 2)),
        "annual_precipitation": np.full((1, 3), 500.0),
    }
    with pytest.raises(InputError, match="2 years of temperature and 3 of precipitation"):
        monthly_climate(layers)
