"""Law: whatever layers say, a column holds together: wilting < field capacity < pores; SIC adds up by depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.request import Kind
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES
from eurosic.inputs import covariates, pedotransfer
from eurosic.inputs.carbonate import SIX_DEPTHS, carbonate_stock, initial_base_saturation
from eurosic.inputs.climate import ClimateOptions, WaterBalance
from eurosic.inputs.covariates import derive_cells, derived_attributes, needed_layers
from eurosic.inputs.derivations import DERIVATIONS, covariate_table
from eurosic.inputs.soil import SoilOptions
from tests.inputs.real_europe import Europe, load_europe

Array = NDArray[np.float64]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "4-data.md"
SEEDS = st.integers(0, 2**32 - 1)


def _loam(cells: int = 1) -> dict[str, Array]:
    """Return layers of a calcareous loam: 10 % CaCO3, 2 % SOC, 28 % clay, 40 % sand, a temperate climate."""
    flat = {"carbonate": 10.0, "clay": 28.0, "sand": 40.0, "organic_carbon": 2.0}
    return {name: np.full(cells, value) for name, value in flat.items()} | {
        "monthly_temperature": np.tile(10.0 - 9.0 * np.cos(np.arange(12) * np.pi / 6), (cells, 1)),
        "monthly_precipitation": np.full((cells, 12), 60.0),
    }


def _derived(layers: dict[str, Array], soil: SoilOptions | None = None) -> dict[str, Array]:
    latitude = np.full(len(layers["clay"]), 48.0)
    return derive_cells(layers, latitude=latitude, soil=soil or SoilOptions(), climate=ClimateOptions())


# --- by hand ---------------------------------------------------------------------------------------------


# Sand, clay (%), wilting point, field capacity (% of volume): Saxton and Rawls (2006), table 3, at 2.5 % of
# organic matter, printed there to a whole per cent.
TABLE_3 = (
    (88, 5, 5, 10),
    (65, 10, 8, 18),
    (40, 20, 14, 28),
    (20, 15, 11, 31),
    (60, 25, 17, 27),
    (30, 35, 22, 36),
    (10, 45, 27, 41),
    (25, 50, 30, 42),
)


@pytest.mark.parametrize(("sand", "clay", "wilting", "field"), TABLE_3)
def test_water_contents_are_those_of_the_published_table(
    sand: int, clay: int, wilting: int, field: int
) -> None:
    """Every texture class to the last printed digit, or half of the next."""
    carbon = np.array([2.5 / pedotransfer.ORGANIC_MATTER_PER_CARBON])
    found = pedotransfer.water_contents(np.array([float(clay)]), np.array([float(sand)]), carbon)
    np.testing.assert_allclose(np.ravel(found), [field / 100, wilting / 100], atol=0.0101)


def test_a_loam_by_hand() -> None:
    """Every formula of the table on round numbers."""
    found = {name: values[0] for name, values in _derived(_loam()).items()}
    assert found["bulk_density"] == pytest.approx(1.42)
    assert found["porosity"] == pytest.approx(1 - 1.42 / 2.65)
    assert found["cec_topsoil"] == pytest.approx(0.45 * 28 + 2 * 2)
    assert found["cec_subsoil"] == pytest.approx(0.45 * 28 + 2 * 0.8)
    assert found["cec_ph_slope"] == pytest.approx(0.2 * 166)
    # A tenth of 1420 kg m-3, nine tenths fine earth; 0.3 m as mapped, 1.7 m times 1.35.
    assert found["sic"].sum() == pytest.approx(0.1 * 1420 * 0.9 * (0.3 + 1.7 * 1.35) * 0.120006, rel=1e-5)
    assert found["temperature"] == pytest.approx(11.0, abs=0.1)
    assert found["precipitation"] == pytest.approx(720.0)
    assert (found["base_saturation"] == 1.0).all()
    assert (found["nitrate"] == 0.0).all()


def test_air_is_what_water_leaves_of_the_pores() -> None:
    """Pores 0.45, three quarters of the plants' water between 0.10 and 0.30: 0.20 of air."""
    given_layers = {"porosity": 0.45, "field_capacity": 0.30, "wilting_point": 0.10}
    found = _derived(_loam() | {name: np.array([value]) for name, value in given_layers.items()})
    assert found["air_porosity"] == pytest.approx(0.20)


def test_carbonate_takes_the_place_of_charge_above_forty_per_cent() -> None:
    """At 70 % CaCO3 half of the non-carbonate of a 40 % soil is left, and so is half of its charge."""
    clay, carbon = np.full(3, 40.0), np.full(3, 1.0)
    found = pedotransfer.exchange_capacity(clay, carbon, np.array([0.0, 40.0, 70.0]))
    np.testing.assert_allclose(found, [20.0, 20.0, 10.0])


def test_stock_of_each_depth() -> None:
    """10 % of 1400 kg m-3 is 140 kg m-3 of CaCO3: 16.8 kg m-2 of carbon a metre, split by thickness."""
    found = carbonate_stock(np.full((1, 6), 10.0), np.array([1.4]), np.zeros(1))
    np.testing.assert_allclose(found[0], 16.8008 * np.array([0.05, 0.1, 0.15, 0.3, 0.4, 1.0]), rtol=1e-4)


def test_a_decalcified_topsoil_loses_its_stock_and_half_of_a_cut_depth() -> None:
    """Down to 0.45 m: nothing in 0-30 cm, half of 30-60 cm, all below; free layers take the assumed bases."""
    whole = _derived(_loam())
    cut = _derived(_loam() | {"decalcified_depth": np.array([0.45])})
    np.testing.assert_allclose(cut["sic"], whole["sic"] * [0, 0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(cut["base_saturation"][0], [0.8, 0.8, 0.8, 0.9, 1.0, 1.0])


def test_soil_ph_counts_only_where_there_is_no_calcite() -> None:
    """Lab pH 5.5 is half base-saturated over no calcite, and nothing over calcite."""
    layers = _loam(2) | {"soil_ph": np.full(2, 5.5), "carbonate": np.array([0.0, 10.0])}
    np.testing.assert_allclose(_derived(layers)["base_saturation"], [[0.5] * 6, [1.0] * 6])
    free = initial_base_saturation(np.zeros((1, 6)), np.ones((1, 6)), np.array([0.3]))
    np.testing.assert_allclose(free, 0.3)


# --- from one raster, two, or six ------------------------------------------------------------------------


def test_subsoil_is_richer_but_never_above_its_limit() -> None:
    """Times 1.35 below 0.3 m, 85 % at most; a topsoil of 90 % is not contradicted."""
    layers = _loam(3) | {"carbonate": np.array([10.0, 70.0, 90.0]), "organic_carbon": np.full(3, 0.4)}
    per_metre = _derived(layers)["sic"] / np.array([0.05, 0.1, 0.15, 0.3, 0.4, 1.0])
    np.testing.assert_allclose(per_metre[:, 5] / per_metre[:, 0], [1.35, 85 / 70, 1.0])


def test_a_subsoil_raster_holds_where_it_has_values() -> None:
    """Where it has none, the factor stands in."""
    layers = _loam(2) | {"carbonate_subsoil": np.array([20.0, np.nan])}
    sic = _derived(layers)["sic"]
    np.testing.assert_allclose(sic[:, 5] / sic[:, 4], 2.5)
    assert sic[0, 5] / sic[1, 5] == pytest.approx(20.0 / 13.5)


def test_six_equal_depths_are_one_uniform_profile() -> None:
    """Six rasters need no topsoil raster, and say what they say."""
    layers = {name: values for name, values in _loam().items() if name != "carbonate"}
    layers |= {name: np.array([10.0]) for name in SIX_DEPTHS}
    assert needed_layers(layers)[:6] == SIX_DEPTHS
    uniform = _derived(_loam(), SoilOptions(subsoil_carbonate_factor=1.0))
    np.testing.assert_allclose(_derived(layers)["sic"], uniform["sic"])


def test_a_layer_of_a_covariates_name_replaces_the_formula() -> None:
    """Where it has a value; and what is made of it follows."""
    layers = _loam(2) | {"bulk_density": np.array([1.1, np.nan]), "gravel": np.array([0.4, np.nan])}
    found = _derived(layers)
    np.testing.assert_allclose(found["bulk_density"], [1.1, 1.42])
    np.testing.assert_allclose(found["gravel"], [0.4, 0.1])
    np.testing.assert_allclose(found["porosity"], 1 - np.array([1.1, 1.42]) / 2.65)


def test_climate_years_go_through() -> None:
    """A series of three years gives three of each climate variable, and one respiration."""
    layers = _loam(2) | {"annual_precipitation": np.array([[500.0, 700.0, 900.0]] * 2)}
    found = _derived(layers)
    shapes = {name: found[name].shape for name in ("temperature", "precipitation", "drainage", "pet")}
    assert set(shapes.values()) == {(2, 3)}
    assert (np.diff(found["drainage"]) > 0).all()
    assert found["respiration"].shape == (2,)


# --- laws ------------------------------------------------------------------------------------------------


def _any_soil(seed: int, cells: int = 20) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    clay, sand, _ = random.dirichlet([0.6, 0.6, 0.6], cells).T * 100.0
    return {
        "clay": clay,
        "sand": sand,
        "carbonate": random.choice([0.0, 100.0, 30.0], cells) * random.random(cells),
        "organic_carbon": random.choice([0.0, 60.0, 3.0], cells) * random.random(cells),
        "gravel": 0.95 * random.random(cells),
        "decalcified_depth": 2.0 * random.random(cells),
        "soil_ph": random.uniform(2.0, 12.0, cells),
        "monthly_temperature": random.uniform(-10.0, 30.0, (cells, 12)),
        "monthly_precipitation": random.choice([0.0, 400.0], (cells, 12)) * random.random((cells, 12)),
    }


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.sampled_from(WaterBalance))
def test_any_soil_makes_a_column_that_holds_together(seed: int, balance: WaterBalance) -> None:
    """All in range (or it would be refused), water contents in order, air in what is left, q within P."""
    layers = _any_soil(seed)
    found = derive_cells(
        layers,
        latitude=np.linspace(35.0, 70.0, 20),
        soil=SoilOptions(),
        climate=ClimateOptions(water_balance=balance),
    )
    assert set(COVARIATES) | set(STATES) <= set(found)
    assert (found["wilting_point"] < found["field_capacity"]).all()
    assert (found["field_capacity"] < found["porosity"]).all()
    assert (found["air_porosity"] < found["porosity"]).all()
    assert (found["drainage"] <= found["precipitation"] + 1e-6).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_stock_falls_with_stones_and_with_decalcified_depth(seed: int) -> None:
    """No depth of any soil gains carbonate by losing it."""
    layers = _any_soil(seed)
    less = _derived(layers)["sic"]
    for name in ("gravel", "decalcified_depth"):
        more = _derived(layers | {name: 0.5 * layers[name]})["sic"]
        assert (more >= less - 1e-12).all()


def test_cells_do_not_depend_on_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of three give what one block gives."""
    layers = _any_soil(7)
    whole = _derived(layers)
    monkeypatch.setattr(covariates, "_BLOCK", 3)
    for name, values in _derived(layers).items():
        np.testing.assert_array_equal(values, whole[name], err_msg=name)


# --- promises: attributes and the page -------------------------------------------------------------------


def test_every_derived_quantity_says_what_it_is() -> None:
    """Unit and name are those of the vocabulary; formula, source and kind are there."""
    attributes = derived_attributes()
    words = {**COVARIATES, **STATES, **DRIVERS}
    for name, told in attributes.items():
        assert all(told[key] for key in ("units", "long_name", "source", "kind", "formula")), name
        if name in words:
            assert (told["units"], told["long_name"]) == (words[name].unit, words[name].long_name)
    assert {name for name in COVARIATES if name != "gravel"} | set(STATES) <= set(attributes)


def test_what_is_made_of_synthetic_layers_is_synthetic() -> None:
    """Also two rows further down; what needs no such layer keeps its own kind."""
    kinds = {"carbonate": Kind.SYNTHETIC, "clay": Kind.OBSERVED, "organic_carbon": Kind.OBSERVED}
    attributes = derived_attributes(kinds)
    assert attributes["sic"]["kind"] == attributes["cec_ph_slope"]["kind"] == "synthetic"
    assert attributes["bulk_density"]["kind"] == "modelled"
    assert attributes["root_depth"]["kind"] == "assumed"


def test_rows_need_only_what_comes_before_them() -> None:
    """The table is in the order of computation, and every row is tagged."""
    made: set[str] = set()
    rows = {row.name for row in DERIVATIONS}
    for row in DERIVATIONS:
        assert not (set(row.needs) & rows) - made, row.name
        assert row.tag in ("S", "M")
        made.add(row.name)


def test_the_page_prints_the_table_of_the_code() -> None:
    """docs/4-data.md is made by `python tests/inputs/make_covariates_page.py`; make it again."""
    assert covariate_table() in PAGE.read_text(encoding="utf-8")


# --- real rasters ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def europe(shared_data: Path) -> Europe:
    """Europe's calcareous arable land at 10 km."""
    return load_europe(shared_data / "inputs")


# Least 5th percentile, limits of the median, most 95th percentile: SCIENCE.md section 6, and common sense.
PLAUSIBLE = {
    "bulk_density": (1.2, 1.35, 1.55, 1.65),
    "field_capacity": (0.15, 0.25, 0.36, 0.45),
    "wilting_point": (0.05, 0.12, 0.20, 0.30),
    "air_porosity": (0.12, 0.15, 0.25, 0.30),
    "respiration": (250.0, 400.0, 650.0, 900.0),
    "cec_topsoil": (6.0, 10.0, 25.0, 45.0),
    "cec_ph_slope": (10.0, 20.0, 50.0, 60.0),
    "temperature": (6.0, 10.0, 15.0, 19.0),
    "precipitation": (300.0, 500.0, 700.0, 1300.0),
    "pet": (450.0, 650.0, 900.0, 1250.0),
    "drainage": (15.0, 80.0, 180.0, 700.0),
}


@pytest.mark.parametrize("name", PLAUSIBLE)
def test_real_rasters_give_plausible_columns(europe: Europe, name: str) -> None:
    """Area-weighted percentiles over Europe's calcareous arable land lie where soils and climates lie."""
    low, middle_low, middle_high, high = PLAUSIBLE[name]
    found = europe.percentiles(europe.columns()[name].reshape(len(europe.area), -1)[:, 0])
    assert low <= found[0]
    assert middle_low <= found[2] <= middle_high
    assert found[-1] <= high


def test_the_bucket_drains_about_half_of_turc_pike(europe: Europe) -> None:
    """SCIENCE.md 2.2: 25-64 mm where Turc-Pike gives 129; the area is that of the published range."""
    bucket = europe.percentiles(europe.columns(WaterBalance.MONTHLY_BUCKET)["drainage"][:, 0])[2]
    turc_pike = europe.percentiles(europe.columns()["drainage"][:, 0])[2]
    assert 25.0 < bucket < 90.0
    assert 100.0 < turc_pike < 160.0
    assert 15.0 < europe.area.sum() / 1e10 < 41.0


# --- refusals --------------------------------------------------------------------------------------------


def test_absent_layers_are_all_named() -> None:
    """At once, not one after the other."""
    with pytest.raises(InputError, match="covariates: no layer carbonate, sand; wanted"):
        _derived({name: values for name, values in _loam().items() if name not in ("sand", "carbonate")})


def test_some_of_six_depths_are_refused() -> None:
    """Five depths are neither six nor none."""
    layers = _loam() | {name: np.array([10.0]) for name in SIX_DEPTHS[:5]}
    with pytest.raises(InputError, match="lacks carbonate_100_200cm; wanted all six standard depths"):
        _derived(layers)


def test_a_cell_without_clay_is_refused_with_the_layers_behind_it() -> None:
    """NaN does not pass; the message leads to the layer."""
    layers = _loam(3) | {"clay": np.array([28.0, np.nan, 28.0])}
    with pytest.raises(InputError, match=r"is nan .* at cell 1 \(1 such values\).*clay"):
        _derived(layers)


def test_a_covariate_out_of_its_range_is_refused() -> None:
    """A bulk density in kg m-3 is no g cm-3."""
    with pytest.raises(InputError, match=r"derived \w+: is .*; wanted"):
        _derived(_loam() | {"bulk_density": np.array([1400.0])})
