"""Law: a name in a recipe means one checked source; what is wrong with an entry is said before any data are read."""

from __future__ import annotations

import pytest

from eurosic.base.errors import CatalogError, UnitError
from eurosic.inputs.catalog import SHIPPED, load_catalog
from eurosic.inputs.source import source_from
from tests.inputs.rasters import CLAY, catalog, entry

USERS = """
my-clay:
  path: mine/clay.tif
  format: geotiff
  gives: [clay]
  unit: g kg-1
  kind: observed
  licence: CC-BY-4.0
  citation: me 2026
"""


def written(folder, text):
    """A catalog file with this text."""
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


# By hand -------------------------------------------------------------------------------------------------------


def test_a_users_entries_stand_beside_those_of_the_package(tmp_path):
    """Both are found by name."""
    both = load_catalog(written(tmp_path, USERS))
    assert both.source("my-clay").unit == "g kg-1"
    assert both.source("soilgrids-clay").kind == "modelled"


def test_sources_of_a_layer_are_listed():
    """To choose from."""
    assert {"gemas-caco3", "lucas-caco3-2009"} <= set(load_catalog().giving("carbonate"))


def test_every_shipped_entry_says_whose_it_is():
    """Title, licence and citation are never empty; shipped files are there."""
    known = load_catalog()
    for name, source in known.sources.items():
        assert source.title, name
        assert source.licence, name
        assert source.citation, name
        if source.shipped:
            assert all(path.is_relative_to(SHIPPED) for path in known.locate(source, None))


def test_every_word_that_a_recipe_needs_has_a_source():
    """Each layer of the 10 km and 1 km recipes can be had from at least one entry."""
    known = load_catalog()
    for word in (
        "carbonate",
        "clay",
        "sand",
        "organic_carbon",
        "arable_fraction",
        "mineral_n",
        "manure_n",
        "country",
    ):
        assert known.giving(word), word


def test_months_parts_and_years_are_expanded(tmp_path):
    """In the order in which they are stacked."""
    for name in (
        "01.tif",
        "a.tif",
        "y_1999.tif",
        "y_2001.tif",
        "y_old.tif",
        *(f"{m:02d}.tif" for m in range(2, 13)),
    ):
        (tmp_path / name).touch()
    known = catalog()
    assert [p.name for p in known.locate(entry(path="{month:02d}.tif"), tmp_path)][:2] == ["01.tif", "02.tif"]
    assert [p.name for p in known.locate(entry(path="{part}.tif", parts={"a": 1}), tmp_path)] == ["a.tif"]
    names = [p.name for p in known.locate(entry(path="y_{year}.tif"), tmp_path)]
    assert names == ["y_1999.tif", "y_2001.tif"]


# Refusals -------------------------------------------------------------------------------------------------------


def test_an_unknown_source_names_the_nearest():
    """Typing errors are the commonest ones."""
    with pytest.raises(
        CatalogError, match=r"'soilgrid-clay': is not in the catalog. Did you mean 'soilgrids-clay'\?"
    ):
        load_catalog().source("soilgrid-clay")


def test_a_name_of_the_package_is_not_taken_over(tmp_path):
    """A recipe must mean the same thing everywhere."""
    with pytest.raises(CatalogError, match=r"'soilgrids-clay'.*stands in products.yaml already"):
        load_catalog(written(tmp_path, USERS.replace("my-clay", "soilgrids-clay")))


def test_a_key_that_stands_twice_is_refused(tmp_path):
    """YAML would silently keep the last."""
    with pytest.raises(CatalogError, match="key 'my-clay' stands twice"):
        load_catalog(written(tmp_path, USERS + USERS))
    with pytest.raises(CatalogError, match="key 'unit' stands twice"):
        load_catalog(written(tmp_path, USERS + "  unit: '%'\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my-clay: [1, 2]", r"entry 'my-clay': is \[1, 2\]; wanted a mapping"),
        ("- my-clay", "is no mapping"),
        ("my-clay: {", "is not valid YAML"),
        ("1: {}", "is no mapping"),
    ],
)
def test_a_file_that_is_no_catalog_is_refused(tmp_path, text, said):
    """With what it is instead."""
    with pytest.raises(CatalogError, match=said):
        load_catalog(written(tmp_path, text))


def test_a_catalog_that_is_not_there_is_refused(tmp_path):
    """The path is named."""
    with pytest.raises(CatalogError, match=r"none.yaml: cannot be read"):
        load_catalog(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"licence": ""}, CatalogError, "lacks licence"),
        ({"colour": "red"}, CatalogError, "'colour' is unknown"),
        ({"resampeling": "smooth"}, CatalogError, "Did you mean 'resampling'?"),
        ({"kind": "measured"}, CatalogError, "kind: 'measured' is unknown; wanted one of 'observed'"),
        ({"resampling": "average"}, CatalogError, "resampling: 'average' is unknown"),
        ({"time": "months"}, CatalogError, "Did you mean 'month'?"),
        ({"gives": "clays"}, CatalogError, "gives: 'clays' is unknown. Did you mean 'clay'?"),
        ({"unit": "kg m-2"}, UnitError, "gives values in 'kg m-2'; wanted a unit that converts to '%'"),
        ({"unit": "percentages"}, UnitError, "unit 'percentages' is not one that UDUNITS knows"),
        ({"classes": {12: 1.0}}, CatalogError, "maps classes, but its resampling is 'area_mean'"),
        ({"classes": 12, "resampling": "fractions"}, CatalogError, "value of the wrong type"),
        ({"nodata": "none"}, CatalogError, "value of the wrong type"),
        ({"path": "/data/clay.tif"}, CatalogError, "leaves the data folder"),
        ({"path": "../clay.tif"}, CatalogError, "leaves the data folder"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(changes, error, said):
    """Each with the key, what came and what was wanted."""
    with pytest.raises(error) as caught:
        source_from("clay", CLAY | changes, "test.yaml")
    assert said in str(caught.value)


def test_a_data_folder_must_be_given_where_one_is_needed():
    """The environment is not read here; the message says how to give one."""
    with pytest.raises(CatalogError, match=r"none was given. Give it with --data DIR or the environment"):
        catalog().locate(entry(), None)


def test_an_absent_file_is_named_with_what_to_do(tmp_path):
    """Entry, path tried, and the way out."""
    with pytest.raises(
        CatalogError, match=r"catalog entry 'clay': no file .*clay.tif. Put it there: made by a test"
    ):
        catalog().locate(entry(), tmp_path)


def test_all_absent_files_of_a_product_are_counted(tmp_path):
    """The first is named; one message for twelve months."""
    (tmp_path / "03.tif").touch()
    with pytest.raises(CatalogError, match=r"no file .*01.tif \(nor 10 more of it\)"):
        catalog().locate(entry(path="{month:02d}.tif"), tmp_path)


def test_a_folder_is_no_file_and_a_file_no_zarr(tmp_path):
    """Formats say which of both they want."""
    (tmp_path / "clay.tif").mkdir()
    with pytest.raises(CatalogError, match="is a folder; wanted a geotiff file"):
        catalog().locate(entry(), tmp_path)
    (tmp_path / "clay.zarr").touch()
    with pytest.raises(CatalogError, match="is a file; wanted a Zarr folder"):
        catalog().locate(entry(format="zarr", path="clay.zarr"), tmp_path)
