"""Law: a country's rate is on all its cells and nowhere else; a country without a row has none, never zero."""

from __future__ import annotations

import json

import dask
import numpy as np
import pytest
from pyproj import Transformer

from eurosic.base.countries import countries, country_of, extent_of, load_outlines
from eurosic.base.errors import CatalogError, InputError
from eurosic.base.grid import Grid
from eurosic.base.request import LayerRequest
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.outlines import country_layer, sub_points
from eurosic.inputs.prepare import prepare_layers
from eurosic.inputs.tables import read_table, table_layer
from tests.inputs.rasters import entry
from tests.toy import refuse_to_compute

EUROPE = Grid("EPSG:3035", 25_000.0, 2_500_000.0, 5_500_000.0, 168, 168)
RATES = "# comment\niso3,clay,note\nDEU,80,\nFRA,72.5,x\nAUT,,none\n"


def table(folder, text, **changes):
    """The values of a table with this text."""
    path = folder / "rates.csv"
    path.write_text(text)
    return read_table(entry(format="country-table", path="rates.csv", **changes), path)


def cell_of(grid, name, east, north):
    """Row and column of a place given in degrees."""
    x, y = Transformer.from_crs(4326, grid.crs, always_xy=True).transform(east, north)
    return int((grid.north - y) // grid.resolution), int((x - grid.west) // grid.resolution)


# By hand -------------------------------------------------------------------------------------------------------


def test_rows_are_read_by_any_code(tmp_path):
    """Alpha-3, alpha-2, Eurostat's and numeric; comments and empty cells are passed over."""
    assert table(tmp_path, RATES) == {276: 80.0, 250: 72.5}
    assert table(tmp_path, "geo,clay\nEL,1\nUK,2\nEU27_2020,9\nEA19,9\nDE,:\n") == {300: 1.0, 826: 2.0}
    assert table(tmp_path, "numeric,clay\n040,3\n56,4\n") == {40: 3.0, 56: 4.0}


def test_only_rows_with_the_wanted_values_are_read(tmp_path):
    """Long tables hold many items and years."""
    text = "geo,item,clay\nDE,a,1\nDE,b,2\n"
    assert table(tmp_path, text, rows={"item": "b"}) == {276: 2.0}


def test_a_cell_has_the_rate_of_its_country_or_none():
    """Cells without a country, or whose country has no row, are missing."""
    country = country_layer(EUROPE)
    got = table_layer({276: 80.0, 250: 72.5}, country).to_numpy()
    codes = country.to_numpy()
    assert set(np.unique(got[codes == 276])) == {80.0}
    assert set(np.unique(got[codes == 250])) == {72.5}
    assert np.isnan(got[(codes != 276) & (codes != 250)]).all()


@pytest.mark.parametrize(
    ("name", "east", "north"),
    [
        ("DE", 10.0, 51.0),
        ("FR", 2.0, 47.0),
        ("FR", 9.15, 42.2),
        ("GB", -2.0, 52.5),
        ("CY", 33.0, 35.0),
        ("XK", 20.9, 42.6),
    ],
)
def test_places_lie_in_their_countries(name, east, north):
    """Also on islands, in Northern Cyprus and in Kosovo."""
    got = country_layer(EUROPE).to_numpy()
    assert got[cell_of(EUROPE, name, east, north)] == country_of(name).numeric


def test_the_country_with_the_largest_share_wins_and_islands_stay(tmp_path):
    """Three quarters of a cell beat one quarter; a cell with a little land is land."""
    square = [[0, 0], [7500, 0], [7500, 10_000], [0, 10_000], [0, 0]]
    rest = [[7500, 0], [10_000, 0], [10_000, 10_000], [7500, 10_000], [7500, 0]]
    islet = [[14_000, 4000], [16_000, 4000], [16_000, 6000], [14_000, 6000], [14_000, 4000]]
    names = {"DE": square, "FR": rest, "MT": islet}
    features = [
        {
            "type": "Feature",
            "properties": {"id": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for name, ring in names.items()
    ]
    path = tmp_path / "mine.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    grid = Grid("EPSG:3035", 10_000.0, 0.0, 10_000.0, 3, 1)
    got = country_layer(grid, path=path, code="id", crs="EPSG:3035")
    assert got.to_numpy().tolist() == [[276, 470, 0]]


def test_outlines_of_a_user_in_degrees_agree_with_those_of_the_package(shared_data):
    """Natural Earth in latitude and longitude gives the same countries but for the coasts and borders."""
    path = shared_data / "inputs" / "ne_50m_admin0_europe.geojson"
    ours, theirs = country_layer(EUROPE).to_numpy(), country_layer(EUROPE, path=path).to_numpy()
    # Coasts and cut-off margins differ in detail; where both see land, they see the same country.
    both = (ours > 0) & (theirs > 0)
    assert both.sum() > 0.9 * (ours > 0).sum()
    assert (ours == theirs)[both].mean() > 0.99


def test_natural_earth_draws_kosovo_and_northern_cyprus_too(shared_data):
    """They have a name there and no code."""
    asked = {"catalog": load_catalog(), "grid": EUROPE, "data": shared_data / "inputs"}
    layers = prepare_layers([LayerRequest("country", "natural-earth-50m")], **asked)
    assert {383, 196} <= set(np.unique(layers["country"]))


# Laws -----------------------------------------------------------------------------------------------------------


def test_country_areas_approach_those_of_the_outlines():
    """Cells with any land are land, so that areas are too large by the coast, the less so the finer the grid."""
    areas = {code: shape.area for code, shape in load_outlines()}
    for resolution, excess in ((25_000.0, 0.08), (10_000.0, 0.04)):
        side = int(4.2e6 / resolution)
        codes = country_layer(Grid("EPSG:3035", resolution, 2_500_000.0, 5_500_000.0, side, side)).to_numpy()
        for name in ("DE", "FR", "PL", "HU"):
            code = country_of(name).numeric
            assert -0.01 < (codes == code).sum() * resolution**2 / areas[code] - 1 < excess, name


def test_sub_points_follow_the_size_of_the_cell():
    """Every 2 km or so, between 3 and 8."""
    assert [sub_points(r) for r in (1000.0, 10_000.0, 25_000.0)] == [3, 5, 8]


@pytest.mark.parametrize(
    "name",
    ["fubc-2018", "country-mineral-n", "country-manure-n", "country-mineral-n-uaa", "country-deposition-nh4"],
)
def test_shipped_tables_have_plausible_rates(name):
    """Between 0 and 250 kg ha-1 yr-1, for the large countries at least."""
    known = load_catalog()
    source = known.source(name)
    rates = read_table(source, known.locate(source, None)[0])
    assert all(0 <= rate <= 250 for rate in rates.values())
    assert {country_of(c).numeric for c in ("DE", "FR", "ES", "IT", "PL", "RO", "GB")} <= set(rates)


def test_tables_for_all_of_europe_leave_no_country_of_the_union_out():
    """The assumed tables cover EU27; the observed one does not pretend to."""
    known = load_catalog()
    missing = {}
    for name in ("country-mineral-n", "country-manure-n", "country-deposition-nh4", "country-deposition-no3"):
        source = known.source(name)
        missing[name] = extent_of("EU27").countries - set(read_table(source, known.locate(source, None)[0]))
    assert missing == {name: frozenset() for name in missing}
    fubc = known.source("fubc-2018")
    absent = extent_of("EU27").countries - set(read_table(fubc, known.locate(fubc, None)[0]))
    assert absent == {country_of("LU").numeric, country_of("MT").numeric}


def test_deposition_hits_its_anchors():
    """EuropeAgriDB 2019: Germany 18.1, Hungary 12.6, the Netherlands 11.2, Slovakia 15.0, Estonia 2.6 kg ha-1."""
    known = load_catalog()
    both = [known.source(f"country-deposition-{form}") for form in ("nh4", "no3")]
    rates = [read_table(source, known.locate(source, None)[0]) for source in both]
    for name, total in {"DE": 18.1, "HU": 12.6, "NL": 11.2, "SK": 15.0, "EE": 2.6}.items():
        code = country_of(name).numeric
        assert rates[0][code] + rates[1][code] == pytest.approx(total)


def test_the_shipped_rates_are_those_of_the_survey(shared_data):
    """FUBC 9, row by row."""
    known = load_catalog()
    shipped, original = known.source("fubc-2018"), known.source("fubc-2018-file")
    theirs = read_table(original, known.locate(original, shared_data / "inputs")[0])
    assert read_table(shipped, known.locate(shipped, None)[0]) == theirs


# Lazy -----------------------------------------------------------------------------------------------------------


def test_neither_countries_nor_rates_are_drawn_until_asked():
    """Both are graphs."""
    with dask.config.set(scheduler=refuse_to_compute):
        layer = table_layer({276: 80.0}, country_layer(EUROPE))
    assert layer.shape == EUROPE.shape


# Refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("iso3,clay\nDEU,80\nGRM,1\n", InputError, "line 3: country 'GRM' is unknown"),
        ("iso3,clay\nDEU,80\nDEU,1\n", InputError, "line 3: country 'DEU' stands twice"),
        ("iso3,clay\nDEU,eighty\n", InputError, "line 2: clay is 'eighty'; wanted a number"),
        ("iso3,clay\nDEU,inf\n", InputError, "clay is 'inf'; wanted a finite number"),
        ("iso3,sand\nDEU,80\n", CatalogError, "wants column 'clay', and rates.csv has iso3, sand"),
        ("land,clay\nDEU,80\n", CatalogError, "has columns land, clay; wanted one of country codes"),
        ("# nothing\n", InputError, "holds no rows"),
        ("iso3,clay\nDEU,\n", InputError, "has no value for any country"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, text, error, said):
    """With the line, where there is one."""
    with pytest.raises(error) as caught:
        table(tmp_path, text)
    assert said in str(caught.value)


def test_a_table_that_is_no_text_is_refused(tmp_path):
    """A spreadsheet is not a CSV."""
    path = tmp_path / "rates.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(InputError, match="wanted a CSV table in UTF-8"):
        read_table(entry(format="country-table"), path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is no GeoJSON of polygons"),
        ("not json", "is no GeoJSON of polygons"),
        (
            '{"features": [{"properties": {}, "geometry": {"type": "Point", "coordinates": [0, 0]}}]}',
            "is a Point",
        ),
        ('{"features": [{"properties": {}, "geometry": null}]}', "is no GeoJSON of polygons"),
        ('{"features": [], "crs": {"properties": {"name": "EPSG:9"}}}', "is no GeoJSON of polygons"),
        (
            '{"features": [{"properties": {"id": "-99"}, "geometry": {"type": "Polygon", "coordinates": []}}]}',
            "no code",
        ),
    ],
)
def test_outlines_that_cannot_be_used_are_refused(tmp_path, text, said):
    """Before anything is drawn."""
    path = tmp_path / "mine.geojson"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        country_layer(EUROPE, path=path)


def test_every_outline_is_a_country_of_the_table():
    """The package's own data agree with each other."""
    assert {code for code, _ in load_outlines()} <= {country.numeric for country in countries()}
