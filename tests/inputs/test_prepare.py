"""Law: what a recipe asks for comes lazily, in house units, with its provenance."""

from __future__ import annotations

import dask
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.request import Correction, LayerRequest
from eurosic.base.vocabulary import LAYERS
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.corrections import corrected, in_house, out_of_range
from eurosic.inputs.prepare import check_layers, prepare_layers
from tests.inputs.rasters import GRID, catalog, clay_tif, entry
from tests.toy import refuse_to_compute

CLAY = LayerRequest("clay", "clay")


def prepared(folder, *requests, sources=None):
    """The layers of some requests from the entry `clay`."""
    return prepare_layers(requests, catalog=sources or catalog(entry()), grid=GRID, data=folder)


# By hand -------------------------------------------------------------------------------------------------------


def test_units_come_first_and_corrections_after_in_order(tmp_path):
    """200 g kg-1 is 20 %; 20 x 1.5 + 1, at most 30, is 30; the reasons stand on the layer."""
    clay_tif(tmp_path, np.full(GRID.shape, 200.0, np.float32))
    steps = (
        Correction("multiply", 1.5, "too low"),
        Correction("add", 1.0, "offset"),
        Correction("at_most", 30.0, "no heavier soils here"),
        Correction("at_least", 2.0, "no lighter ones"),
    )
    asked = LayerRequest("clay", "clay", corrections=steps)
    layer = prepared(tmp_path, asked, sources=catalog(entry(unit="g kg-1")))["clay"]
    assert np.unique(layer.to_numpy()).tolist() == [30.0]
    assert layer.attrs["corrections"].startswith("multiply 1.5 (too low); add 1 (offset); at_most 30")


def test_a_layer_says_where_it_comes_from(tmp_path):
    """Units, source, kind, licence, citation, faults, grid mapping."""
    clay_tif(tmp_path)
    layer = prepared(tmp_path, CLAY, sources=catalog(entry(faults="too sandy")))["clay"]
    told = {
        "units": "%",
        "long_name": "clay content of the fine earth",
        "kind": "observed",
        "source": "clay",
        "licence": "CC0-1.0",
        "references": "made by a test",
        "known_faults": "too sandy",
        "resampling": "area_mean",
        "grid_mapping": "spatial_ref",
    }
    assert layer.attrs == told
    assert layer.rio.crs.to_epsg() == 3035


def test_a_constant_is_everywhere_and_assumed():
    """One value, with its unit, from the recipe."""
    layer = prepared(None, LayerRequest("gravel", constant=0.1))["gravel"]
    assert np.unique(layer.to_numpy()).tolist() == [np.float32(0.1)]
    assert layer.attrs["kind"] == "assumed"
    assert layer.attrs["source"] == "constant 0.1 1, from the recipe"


def test_a_table_follows_the_country_that_is_asked_for(tmp_path):
    """The package's outlines by default, or the recipe's own country."""
    rate = LayerRequest("mineral_n", "fubc-2018")
    known = load_catalog()
    by_outline = prepared(None, rate, sources=known)["mineral_n"]
    assert np.unique(by_outline.to_numpy()).tolist() == [np.float32(116.2)]
    clay_tif(tmp_path, np.full(GRID.shape, 250, np.int16))
    codes = entry(gives="country", unit="1", resampling="mode")
    sources = catalog(codes, known.source("fubc-2018"))
    layers = prepared(tmp_path, rate, LayerRequest("country", "clay"), sources=sources)
    assert np.unique(layers["mineral_n"].to_numpy()).tolist() == [np.float32(128.1)]
    assert layers["country"].dtype == np.int16


def test_one_country_may_stand_everywhere():
    """A study of one farm needs no outlines."""
    rate, france = LayerRequest("mineral_n", "fubc-2018"), LayerRequest("country", constant=250)
    layers = prepared(None, rate, france, sources=load_catalog())
    assert np.unique(layers["mineral_n"].to_numpy()).tolist() == [np.float32(128.1)]


def test_the_recipe_decides_what_classes_stand_for(tmp_path):
    """Its classes stand in the place of the entry's."""
    clay_tif(tmp_path, np.full(GRID.shape, 14, np.uint8))
    cover = entry(gives="arable_fraction", unit="1", resampling="fractions", classes={14: 0.5})
    by_entry, by_recipe = (
        prepared(tmp_path, LayerRequest("arable_fraction", "clay", classes=classes), sources=catalog(cover))
        for classes in ({}, {14: 0.8})
    )
    assert float(by_entry["arable_fraction"].max()) == pytest.approx(0.5)
    assert float(by_recipe["arable_fraction"].max()) == pytest.approx(0.8)


# Laws -----------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(
    value=st.floats(0, 100),
    factor=st.floats(0.1, 3),
    low=st.floats(0, 50),
    high=st.floats(50, 100),
)
def test_limits_hold_and_corrections_do_not_touch_what_is_missing(value, factor, low, high):
    """Whatever comes before them."""
    steps = (
        Correction("multiply", factor, ""),
        Correction("at_least", low, ""),
        Correction("at_most", high, ""),
    )
    got = corrected(np.array([value, np.nan]), steps)
    assert low <= got[0] <= high
    assert np.isnan(got[1])


@given(value=st.floats(0, 1000))
def test_changing_the_unit_there_and_back_changes_nothing(value):
    """Units are linear maps."""
    there = in_house(np.array([value]), "g kg-1", "%", (), "test")
    assert there[0] == pytest.approx(value / 10)
    assert in_house(there, "%", "g kg-1", (), "test")[0] == pytest.approx(value)


def test_the_range_forgives_rounding_and_nothing_else():
    """100.00001 % after a change of unit in float32 is 100 %."""
    values = np.array([100.00001, 100.1, -0.00001, -0.1, np.nan])
    assert out_of_range(values, LAYERS["clay"]).tolist() == [False, True, False, True, False]


# Lazy -----------------------------------------------------------------------------------------------------------


def test_neither_check_nor_preparation_computes(tmp_path, shared_data):
    """Rasters, months, classes, tables, countries, constants."""
    asked = [
        LayerRequest("carbonate", "gemas-caco3"),
        LayerRequest("monthly_temperature", "era5-temperature-2000-2025"),
        LayerRequest("arable_fraction", "igbp-2019"),
        LayerRequest("mineral_n", "fubc-2018"),
        LayerRequest("country", "natural-earth-outlines"),
        LayerRequest("gravel", constant=0.1),
    ]
    place = {"catalog": load_catalog(), "grid": GRID, "data": shared_data / "inputs"}
    with dask.config.set(scheduler=refuse_to_compute):
        assert check_layers(asked, **place) == []
        layers = prepare_layers(asked, **place)
    assert set(layers) == {request.name for request in asked}
