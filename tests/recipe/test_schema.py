"""Law: a recipe is what it means: one digest however it is written, plain values for every stage."""

from __future__ import annotations

import random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eurosic.base.pathway import Cap, Forms, NueRule, Treatment
from eurosic.base.request import Correction, LayerRequest
from eurosic.recipe.load import read_recipe
from tests.recipe.texts import GOOD, broken, recipe


def pathway(text: str):
    """The pathway `less` of the good recipe, written as `text`."""
    old = "{ramp: {mineral: -20 %, from: 2020, to: 2030}, nue: constant}"
    return {path.name: path for path in recipe(old, text).ordered_pathways()}["less"]


def test_layers_become_requests_in_house_units():
    """Constants, classes and corrections convert; a difference of temperatures keeps its size."""
    requests = {request.name: request for request in recipe().layer_requests()}
    assert requests["carbonate"] == LayerRequest("carbonate", "demo-carbonate")
    assert requests["calcareous_probability"].constant == 0.8
    assert requests["mineral_n"].constant == 120.0
    assert requests["arable_fraction"].classes == {12: 1.0, 14: 0.5}
    assert requests["clay"].corrections == (Correction("multiply", 0.9, "too high"),)
    assert requests["monthly_temperature"].corrections == (Correction("add", -1.0, "too warm"),)
    assert requests["nitrogen_use_efficiency"].constant == 0.6


def test_an_emulator_is_named_with_what_is_done_outside_and_how_it_is_checked():
    """Quantities in house units; the simulator that stands in for it has the recipe's spin-up."""
    asked = "{emulator: mine, outside_domain: simulate, check: {cells: 1 000 cells, warn_above: 2 %}}"
    chosen = recipe("predictor: simulator", f"predictor: {asked}")
    assert (chosen.predictor.emulator, chosen.predictor.outside_domain) == ("mine", "simulate")
    assert (chosen.predictor.check.cells, chosen.predictor.check.warn_above) == (1000, 0.02)
    assert chosen.simulator_options() == {"spin_up": 20}


def test_options_hold_what_the_recipe_says_and_nothing_else():
    """Defaults stand once, in the stage that uses them."""
    assert recipe().nitrogen_options() == {"forms": {"can": 0.6, "urea": 0.4}}
    assert recipe().soil_options() == {}
    assert recipe().simulator_options() == {"spin_up": 20}
    told = recipe("pathways:", "  soil: {gravel: 5 %, root_depth: 30 cm}\npathways:").soil_options()
    assert told == {"gravel": 0.05, "root_depth": pytest.approx(0.3)}
    chosen = recipe("predictor: simulator", "predictor: {simulator: {tortuosity: millington-quirk}}")
    assert chosen.simulator_options() == {"spin_up": 20, "tortuosity": "millington-quirk"}


def test_every_year_is_stepped_and_the_first_is_the_start():
    """Reported are 17 of 81."""
    assert (recipe().start_year, len(recipe().projection.years), len(recipe().years)) == (2020, 17, 81)
    assert recipe("2020-2100 step 5", "[2020, 2030, 2050]").years == tuple(range(2020, 2051))


def test_extents_and_bounds():
    """A name, a list of countries, and a rectangle in kilometres."""
    listed = recipe(
        "EU27}", "{countries: [AT, 'NO']}, bounds: {west: 4000 km, east: 5 Mm, south: 2e6 m, north: 3e6 m}}"
    )
    assert listed.grid_spec().extent == "AT+NO"
    assert listed.grid_spec().bounds == (4e6, 2e6, 5e6, 3e6)
    assert recipe("extent: EU27", "extent: {countries: [NO, SE]}").grid_spec().extent == "NO+SE"


def test_kinds_of_pathway_by_hand():
    """Reversal, table, cap, forms and share, as the inputs take them."""
    back = pathway(
        "{reversal: {mineral: -40 %, from: 2020, to: 2030, until: 2040, back: 2050}, nue: constant yield}"
    )
    assert back.parts[0][1].mineral.points == ((2020, 1.0), (2030, 0.6), (2040, 0.6), (2050, 1.0))
    assert back.parts[0][1].nue is NueRule.CONSTANT_YIELD
    table = pathway("{through: {manure: {2020: 100 %, 2040: 70 %}}, nue: constant NUE}")
    assert table.parts[0][1].manure.points == ((2020, 1.0), (2040, 0.7))
    capped = pathway("{cap: {manure: 170 kg ha-1 yr-1, from: 2025}, nue: constant}")
    assert capped.parts[0][1].manure_cap == Cap(170.0, 2025)
    forms = pathway("{forms: {shares: {urea: 30 %, can: 70 %}, from: 2030}, nue: constant}")
    assert forms.parts[0][1].forms == Forms((("can", 0.7), ("urea", 0.3)), 2030)
    shared = pathway(
        "{share: 25 %, step: {mineral: -100 %, legumes: 60 kg ha-1 yr-1, in: 2030}, nue: constant}"
    )
    assert [share for share, _ in shared.parts] == [0.25, 0.75]
    assert shared.parts[1][1] == Treatment()
    assert shared.parts[0][1].legumes.at([2029, 2030]).tolist() == [0.0, 60.0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("25 km", "25000 m"),
        ("120 kg ha-1 yr-1", "12 g m-2 yr-1"),
        ("nue: 60 %", "nue: {constant: 0.6 mol/mol}"),
        ("2020-2100 step 5", str(list(range(2020, 2101, 5)))),
        ("nue: constant}", "nue: constant NUE}"),
        ("predictor: simulator", "predictor: {simulator: }"),
        ("about:", "# a comment\nabout:"),
        ("carbonate: demo-carbonate", "carbonate: {source: demo-carbonate}"),
    ],
)
def test_another_spelling_is_the_same_recipe(old, new):
    """Units, shorthands, lists and comments do not change the digest."""
    assert recipe(old, new).digest == recipe().digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("25 km", "26 km"),
        ("-20 %", "-21 %"),
        ("too high", "too low"),
        ("demo-sand", "other-sand"),
        ("512", "513"),
    ],
)
def test_another_meaning_is_another_recipe(old, new):
    """Whatever is said differently changes the digest."""
    assert recipe(old, new).digest != recipe().digest


def shuffled(value, draw):
    """The same tree with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = list(value)
        draw.shuffle(keys)
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


@given(st.integers(0, 10_000))
def test_the_order_of_keys_means_nothing(seed):
    """Digest, requests and the order of pathways are the same; the baseline is first."""
    text = yaml.safe_dump(shuffled(yaml.safe_load(GOOD), random.Random(seed)), sort_keys=False)
    again = read_recipe(text)
    assert again.digest == recipe().digest
    assert again.layer_requests() == recipe().layer_requests()
    assert again.ordered_pathways() == recipe().ordered_pathways()
    assert again.ordered_pathways()[0].name == "baseline"


def test_a_recipe_cannot_be_changed():
    """Its sections are frozen."""
    with pytest.raises(ValidationError, match="frozen"):
        recipe().projection.tile = 3


def test_the_digest_is_the_same_on_every_machine():
    """Golden: a change of it is a change of what recipes mean, and makes run folders unusable."""
    assert recipe().digest == "3f68bf928cc73c0749d7abb2ed1c726d9fc4f97353562f09b9c3d57342c5b456"


def test_six_depths_stand_in_for_the_topsoil():
    """Carbonate may come as six layers, and need not come as one."""
    depths = ("0_5", "5_15", "15_30", "30_60", "60_100", "100_200")
    six = "".join(f"carbonate_{depth}cm: map-{depth}\n    " for depth in depths)
    assert len(read_recipe(broken("carbonate: demo-carbonate\n    ", six)).inputs.covariates) == 11
