"""Law: what ships is what the formulas draw, says that it is synthetic, and looks like Europe to who knows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Transformer

from eurosic.base.countries import country_of, extent_of
from eurosic.base.flags import Status
from eurosic.base.request import Kind, LayerRequest
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.climate import ClimateOptions, latitude_of
from eurosic.inputs.covariates import derive_cells, needed_layers
from eurosic.inputs.demo import DEMO_GRID, EMBEDDED, Place, demo_climate, load_regions, texture
from eurosic.inputs.outlines import country_layer
from eurosic.inputs.prepare import prepare_layers
from eurosic.inputs.soil import SoilOptions
from eurosic.inputs.study import DECIDING, StudyOptions, calcareous_arable_area, study_status
from tests.inputs.make_embedded import FILES, NODATA, drawn, read_steps, real_layers, steps

Array = NDArray[np.float64]
DRAWN = [word for word in FILES if word not in ("elevation", "arable_fraction")]


@pytest.fixture(scope="module")
def europe() -> dict[str, Array]:
    """Every layer of the demo, through the catalog as a recipe reads it, with countries and status."""
    catalog = load_catalog()
    requests = [LayerRequest(word, _entry(word)) for word in FILES]
    lazy = prepare_layers(requests, catalog=catalog, grid=DEMO_GRID, data=None)
    layers = {word: layer.to_numpy() for word, layer in lazy.items()}
    layers["country"] = country_layer(DEMO_GRID).to_numpy()
    layers["status"] = study_status(
        layers,
        countries=extent_of("Europe").countries,
        required=(*DECIDING[1:], *needed_layers(layers)),
        options=StudyOptions(),
    )
    return layers


def _entry(word: str) -> str:
    return FILES[word][0].removesuffix(".tif")


def _near(layers: dict[str, Array], word: str, longitude: float, latitude: float) -> float:
    """Return the value of a layer (its sum over months) in the cell of a place."""
    to_grid = Transformer.from_crs("EPSG:4326", DEMO_GRID.crs, always_xy=True)
    x, y = to_grid.transform(longitude, latitude)
    column = int((x - DEMO_GRID.west) // DEMO_GRID.resolution)
    row = int((DEMO_GRID.north - y) // DEMO_GRID.resolution)
    return float(layers[word][..., row, column].sum())


# --- golden ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", DRAWN)
def test_shipped_layers_are_what_the_formulas_draw(word: str) -> None:
    """On the shipped elevation, to one step: `python tests/inputs/make_embedded.py` makes them again."""
    relief = read_steps("elevation")
    again = drawn(np.where(relief == NODATA, np.nan, relief.astype(np.float64)))
    difference = read_steps(word).astype(int) - steps(again[word], FILES[word][1])
    assert np.abs(difference).max() <= 1
    # Rounding on another machine may move a step here and there, and no more.
    assert (difference != 0).mean() < 1e-3


@pytest.mark.parametrize("word", ["elevation", "arable_fraction"])
def test_real_layers_are_the_sources_coarsened(shared_data: Path, word: str) -> None:
    """Elevation and arable fraction come from ETOPO5 and MODIS, to one step in all but a few coastal cells."""
    again = steps(real_layers(shared_data / "inputs")[word], FILES[word][1])
    assert (np.abs(read_steps(word).astype(int) - again) > 1).mean() < 1e-3


def test_what_ships_is_small() -> None:
    """Half a megabyte at most, for everybody who installs."""
    assert sum(path.stat().st_size for path in EMBEDDED.iterdir()) < 500_000


# --- promises --------------------------------------------------------------------------------------------


def test_every_drawn_layer_says_synthetic() -> None:
    """And the two real ones do not."""
    catalog = load_catalog()
    kinds = {word: catalog.source(_entry(word)).kind for word in FILES}
    assert {word for word, kind in kinds.items() if kind is Kind.SYNTHETIC} == set(DRAWN)


def test_no_land_cell_lacks_a_layer(europe: dict[str, Array]) -> None:
    """Islands and coasts too: no cell of Europe is missing an input."""
    assert (europe["status"] < Status.MISSING).all()


def test_the_study_area_is_that_of_europe(europe: dict[str, Array]) -> None:
    """20-40 Mha in 1 000-1 600 cells, on more than 100 Mha of arable land."""
    study = europe["status"] == Status.PREDICTED
    area = calcareous_arable_area(europe, DEMO_GRID.cell_area)
    assert 1_000 < study.sum() < 1_600
    assert 20.0 < area[study].sum() / 1e10 < 40.0
    assert 100.0 < np.nansum(europe["arable_fraction"]) * DEMO_GRID.cell_area / 1e10 < 250.0


def test_france_spain_and_italy_have_most_and_finland_none(europe: dict[str, Array]) -> None:
    """Norway and Finland have nothing to study, Poland and Portugal little."""
    area = np.where(
        europe["status"] == Status.PREDICTED, calcareous_arable_area(europe, DEMO_GRID.cell_area), 0
    )
    by_country = {
        word: area[europe["country"] == country_of(word).numeric].sum() / 1e10
        for word in ("ES", "FR", "IT", "RO", "HU", "DE", "PL", "FI", "NO", "PT")
    }
    assert set(sorted(by_country, key=lambda word: by_country[word])[-3:]) == {"FR", "ES", "IT"}
    assert by_country["FI"] == by_country["NO"] == 0.0
    assert min(by_country["ES"], by_country["FR"], by_country["IT"], by_country["RO"]) > 2.0
    assert max(by_country["PL"], by_country["PT"]) < 1.5


@pytest.mark.parametrize(
    ("name", "longitude", "latitude"),
    [
        ("Zaragoza", -0.6, 41.6),
        ("Reims", 4.1, 49.1),
        ("Foggia", 15.5, 41.5),
        ("Ferrara", 11.5, 44.8),
        ("Novi Sad", 19.8, 45.4),
        ("Vienna basin", 16.6, 48.3),
        ("Dobrogea", 28.3, 44.4),
        ("Cambridge", 0.3, 52.2),
    ],
)
def test_known_calcareous_lands_are_calcareous(
    europe: dict[str, Array], name: str, longitude: float, latitude: float
) -> None:
    """Whoever knows the place finds carbonate there."""
    assert _near(europe, "calcareous_probability", longitude, latitude) > 0.6, name
    assert _near(europe, "carbonate", longitude, latitude) > 5.0, name


@pytest.mark.parametrize(
    ("name", "longitude", "latitude"),
    [
        ("Galicia", -8.0, 42.8),
        ("Brittany", -3.0, 48.2),
        ("Black Forest", 8.2, 48.0),
        ("Masovia", 21.0, 52.3),
        ("Jutland", 9.0, 56.2),
        ("Finland", 25.0, 61.5),
        ("Massif Central", 2.0, 45.4),
    ],
)
def test_known_acid_lands_are_not(
    europe: dict[str, Array], name: str, longitude: float, latitude: float
) -> None:
    """Granite, gneiss and outwash sand stay below one half."""
    assert _near(europe, "calcareous_probability", longitude, latitude) < 0.5, name


def test_the_demo_makes_plausible_columns(europe: dict[str, Array]) -> None:
    """Through the same formulas as real rasters: drainage, pCO2's air and stock in a range to believe."""
    study = europe["status"] == Status.PREDICTED
    y, x = np.meshgrid(DEMO_GRID.y, DEMO_GRID.x, indexing="ij")
    layers = {name: np.moveaxis(values, (-2, -1), (0, 1))[study] for name, values in europe.items()}
    found = derive_cells(
        layers, latitude=latitude_of(y[study], x[study]), soil=SoilOptions(), climate=ClimateOptions()
    )
    assert 80.0 < np.median(found["drainage"]) < 200.0
    assert 0.12 < np.median(found["air_porosity"]) < 0.25
    assert 15.0 < np.median(found["sic"].sum(axis=1)) < 80.0


# --- by hand and laws ------------------------------------------------------------------------------------


def test_the_climate_of_a_known_place_is_its_own(europe: dict[str, Array]) -> None:
    """Seville's and Warsaw's rain within a fifth; Seville is ten degrees warmer."""
    assert _near(europe, "monthly_precipitation", -5.9, 37.4) == pytest.approx(540.0, rel=0.2)
    assert _near(europe, "monthly_precipitation", 21.0, 52.2) == pytest.approx(530.0, rel=0.2)
    warmer = _near(europe, "monthly_temperature", -5.9, 37.4) - _near(
        europe, "monthly_temperature", 21.0, 52.2
    )
    assert warmer / 12 == pytest.approx(10.5, abs=1.5)


def test_a_region_is_strongest_at_its_centre_and_halved_on_its_ellipse() -> None:
    """Along its length and across its width."""
    region = load_regions()[0]
    along, across = np.cos(region.direction), np.sin(region.direction)
    x = region.x + np.array([0.0, along * region.length, -across * region.width])
    y = region.y + np.array([0.0, across * region.length, along * region.width])
    np.testing.assert_allclose(region.strength(x, y), [1.0, 0.5, 0.5])


@settings(max_examples=20, deadline=None)
@given(st.floats(2.6e6, 6.4e6), st.floats(1.5e6, 5.4e6), st.floats(0.0, 2000.0))
def test_it_is_colder_higher_up(x: float, y: float, height: float) -> None:
    """Every month, anywhere: 4.5 K km-1 in January, 6.2 in July, between them in between."""
    place = Place(np.full(2, x), np.full(2, y), np.array([height, height + 1000.0]))
    temperature, rain = demo_climate(place)
    fall = temperature[:, 0] - temperature[:, 1]
    assert 4.3 < fall.min() < fall.max() < 6.4
    assert (rain > 0.0).all()


def test_texture_has_no_mean_and_unit_variance() -> None:
    """Over an area of many waves."""
    x, y = np.meshgrid(np.arange(0.0, 4e6, 2e4), np.arange(0.0, 4e6, 2e4))
    field = texture(x, y, 1.6e5, 1.3)
    assert abs(field.mean()) < 0.05
    assert field.std() == pytest.approx(1.0, abs=0.1)
