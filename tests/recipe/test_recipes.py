"""Law: every recipe of the folder can be read, means what it says, and can be made small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from eurosic.base.pathway import NueRule
from eurosic.recipe.check import check_recipe
from eurosic.recipe.load import load_recipe
from eurosic.recipe.smoke import smoke

FOLDER = Path(__file__).resolve().parents[2] / "recipes"
ALL = sorted(FOLDER.glob("*.yaml"))
SHIPPED = {
    "baseline", "f2f_input", "f2f_loss", "nec_nh3", "organic25", "manure170", "phase_out", "zero_now",
}  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_recipe_of_the_folder_can_be_read(path):
    """No problem in it, nor between its sections; its first line says what it is."""
    recipe = load_recipe(path)
    assert check_recipe(recipe) == []
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_small_recipe_reads_the_same_sources(path):
    """Smoke keeps layers and predictor, and shrinks years, pathways, tiles and cells; it is another recipe."""
    whole = load_recipe(path)
    small = smoke(whole)
    assert small.layer_requests() == whole.layer_requests()
    assert (small.years[0], len(small.years), len(small.pathways)) == (whole.start_year, 3, 2)
    assert small.grid_spec().resolution >= 50_000 >= whole.grid_spec().resolution
    assert small.projection.tile <= 128
    assert small.digest != whole.digest
    assert smoke(small) == small


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_source_has_a_catalog_entry(path):
    """A recipe of the house names no source that the shipped catalog does not describe."""
    catalog = FOLDER.parent / "eurosic" / "inputs" / "catalog"
    known = {name for file in catalog.glob("*.yaml") for name in yaml.safe_load(file.read_text())}
    wanted = {request.source for request in load_recipe(path).layer_requests() if request.source}
    assert wanted <= known, wanted - known


@pytest.mark.parametrize("name", ["europe-10km", "europe-1km"])
def test_the_recipes_of_europe_have_all_pathways_of_the_house(name):
    """The eight of SCIENCE.md section 5."""
    assert set(load_recipe(FOLDER / f"{name}.yaml").pathways) == SHIPPED


def test_the_shipped_pathways_say_what_the_specification_says():
    """Factors of 2020, 2030, 2050; caps, shares and NUE rules, number by number."""
    recipe = load_recipe(FOLDER / "europe-10km.yaml")
    paths = {path.name: path for path in recipe.ordered_pathways()}
    years = [2020, 2030, 2050, 2100]

    def changed(name):
        return paths[name].parts[0][1]

    np.testing.assert_allclose(changed("f2f_input").mineral.at(years), [1.0, 0.8, 0.8, 0.8])
    np.testing.assert_allclose(changed("f2f_loss").losses.at(years), [1.0, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(changed("nec_nh3").volatilisation.at(years), [1.0, 0.81, 0.81, 0.81])
    np.testing.assert_allclose(changed("nec_nh3").deposition_nh4.at(years), [1.0, 0.81, 0.81, 0.81])
    np.testing.assert_allclose(changed("phase_out").mineral.at(years), [1.0, 2 / 3, 0.0, 0.0])
    np.testing.assert_allclose(changed("zero_now").mineral.at(years), 0.0)
    np.testing.assert_allclose(changed("organic25").mineral.at(years), [1.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(changed("organic25").manure.at(years), 1.0)
    assert [share for share, _ in paths["organic25"].parts] == [0.25, 0.75]
    assert changed("manure170").manure_cap.amount == 170.0
    assert changed("f2f_loss").nue is NueRule.CONSTANT_YIELD
    assert changed("zero_now").nue is NueRule.DIMINISHING_RETURNS


def test_the_two_water_balances_differ_in_nothing_else():
    """Recipes do not inherit, so that this test keeps the twins alike."""
    turc, bucket = (load_recipe(FOLDER / f"{name}.yaml") for name in ("europe-10km", "europe-10km-bucket"))
    assert (turc.climate_options()["water_balance"], bucket.climate_options()["water_balance"]) == (
        "turc-pike",
        "monthly-bucket",
    )
    assert turc.layer_requests() == bucket.layer_requests()
    for part in ("grid_spec", "nitrogen_options", "soil_options", "study_options", "simulator_options"):
        assert getattr(turc, part)() == getattr(bucket, part)()
    assert turc.years == bucket.years
    assert all(turc.pathways[name] == pathway for name, pathway in bucket.pathways.items())


def test_known_faults_of_the_development_data_are_corrected_with_their_reason():
    """Organic carbon, arable area, temperature and precipitation, in house units and in order."""
    requests = {r.name: r for r in load_recipe(FOLDER / "europe-10km.yaml").layer_requests()}
    told = {
        name: [(c.action, c.amount) for c in request.corrections]
        for name, request in requests.items()
        if request.corrections
    }
    assert told == {
        "organic_carbon": [("multiply", 0.5), ("at_least", 0.4), ("at_most", 6.0)],
        "arable_fraction": [("multiply", 0.781)],
        "monthly_temperature": [("add", -1.0)],
        "monthly_precipitation": [("multiply", 0.847)],
    }
    assert all(c.because for request in requests.values() for c in request.corrections)


def test_the_budget_recipe_asks_for_the_published_budget():
    """Mineral N only, NUE 60 %, one CaCO3 per H+, beside 6.1e7 kmol and 6.1e9 kg."""
    recipe = load_recipe(FOLDER / "budget-zamanian2024.yaml")
    budget = recipe.report.budget
    assert (budget.nue, budget.carbonate_per_acid) == (0.6, 1.0)
    assert (budget.published.acid, budget.published.carbonate) == (pytest.approx(6.1e10), 6.1e9)
    constants = {r.name: r.constant for r in recipe.layer_requests() if r.constant is not None}
    assert constants["manure_n"] == constants["deposition_nh4"] == constants["deposition_no3"] == 0.0


def test_the_pattern_recipe_shows_every_kind_of_pathway():
    """Each kind that a pathway can have stands in it, and each NUE rule."""
    pathways = load_recipe(FOLDER / "pathways.yaml").pathways.values()
    for kind in ("ramp", "step", "reversal", "through", "cap", "forms"):
        assert any(getattr(pathway, kind) for pathway in pathways), kind
    assert any(pathway.share < 1 for pathway in pathways)
    assert {pathway.nue for pathway in pathways} == {None, *NueRule}
