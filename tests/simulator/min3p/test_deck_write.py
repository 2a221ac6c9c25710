"""Law: from the parameters of a real run comes its real deck, token by token."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eurosic.base.errors import SimulationError
from eurosic.simulator.constants import constants_at
from eurosic.simulator.min3p.deck import deck_tokens, read_deck
from eurosic.simulator.min3p.deck_write import deck_text
from eurosic.simulator.min3p.design import ColumnDesign, design_from_row, layers_of, water_flow
from eurosic.simulator.min3p.fortran import parse_number
from eurosic.simulator.min3p.pore_water import infiltration, initial_water

# Most numbers are printed with seven digits, pH with four decimals; the runs' pCO2 was integrated numerically and
# differs from the closed form by up to 4e-6 of itself.
_TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def design() -> ColumnDesign:
    """A column of round numbers, calcareous throughout."""
    return ColumnDesign(
        temperature=10.0, drainage=300.0, calcite_top=10.0, calcite_sub=12.0, decalcified_depth=0.0,
        ph_decalcified=6.2, bulk_density=1.355, porosity=0.45, air_porosity=0.2, cec_top=20.0, cec_sub=15.0,
        respiration=500.0, respiration_depth=0.25, co2_diffusivity=1.47e-5, nitrate_leached=0.6,
        acid_sulphate=0.03, nitrification=5e-7, deposition_ca=0.015, deposition_mg=0.01, deposition_k=0.005,
        deposition_na=0.06, deposition_so4=0.015,
    )  # fmt: skip


def test_volumes_of_calcite_follow_from_mass(design: ColumnDesign) -> None:
    """10 % of 1.355 g cm-3 over 2.71 g cm-3 is 0.05; a layer half decalcified has half."""
    layers = layers_of(replace(design, decalcified_depth=0.04))
    assert layers.calcite[[-1, -2, -3]].tolist() == pytest.approx([0.0, 0.025, 0.05])
    assert layers.bottom[0] - layers.top[-1] == 2.0


def test_the_source_of_carbon_dioxide_adds_up_to_respiration(design: ColumnDesign) -> None:
    """Sum of source x thickness over the column, in g m-2 yr-1 of carbon."""
    layers = layers_of(design)
    given = (layers.co2_source * 1000 * (layers.bottom - layers.top)).sum() * 365.25 * 86400 * 12.011
    assert given == pytest.approx(500.0, rel=1e-12)


def test_water_drains_at_unit_gradient(design: ColumnDesign) -> None:
    """The conductivity at the given water content is the flux, 300 mm in a Julian year."""
    flux, head, saturated = water_flow(design)
    m = 1 - 1 / 1.4
    effective = (1 + (2.0 * -head) ** 1.4) ** -m
    assert flux * 365.25 * 86400 * 1000 == pytest.approx(300.0)
    assert 0.05 + effective * (0.45 - 0.05) == pytest.approx(0.25)
    assert saturated * effective**0.5 * (1 - (1 - effective ** (1 / m)) ** m) ** 2 == pytest.approx(flux)


def test_infiltration_is_neutral_but_for_what_its_ph_says(design: ColumnDesign) -> None:
    """Charge of the ions is minus that of H+; nitrogen half and half; twice the drainage, half the nitrogen."""
    water = infiltration(design)
    charge = 2 * (water.ca + water.mg) + water.k + water.na + water.nh4 - water.cl - water.no3 - 2 * water.so4
    assert -charge == pytest.approx(3e-6 + 0.03 / 300)
    assert water.nh4 == water.no3 == pytest.approx(0.001)
    assert infiltration(replace(design, drainage=600.0)).no3 == pytest.approx(0.0005)
    assert infiltration(design, 0.0).no3 == 1e-10


def test_pore_water_is_saturated_and_neutral(design: ColumnDesign) -> None:
    """Calcite saturation with activities by Davies, to 1e-9, in every volume."""
    layers = layers_of(design)
    water = initial_water(design, layers)
    c = constants_at(design.temperature, 1.0)
    hydrogen = 10.0**-water.ph
    carbonate = c.k2 * c.k1 * c.kh * layers.pco2 / hydrogen**2
    gamma = c.kc / carbonate / water.ca
    assert ((gamma > 0.5) & (gamma < 0.85)).all()
    # deeper, more CO2: more calcium, lower pH
    assert (np.diff(water.ca) < 0).all()
    assert (np.diff(water.ph) > 0).all()


def test_pore_water_of_a_decalcified_layer_has_the_ph_given(design: ColumnDesign) -> None:
    """And calcium that closes the charge."""
    sour = replace(design, decalcified_depth=2.0)
    water = initial_water(sour, layers_of(sour))
    assert (water.ph == 6.2).all()
    assert (water.ca > 0).all()


def test_outputs_stand_four_to_a_line_and_activities_are_lagged(design: ColumnDesign) -> None:
    """What MIN3P wants, and what was learned the hard way."""
    deck = read_deck(deck_text("t", design, output_years=[1, 2, 5, 10, 20, 40]), "t.dat")
    lines = deck.block("output control").after("output of spatial data")
    assert [line.tokens for line in lines[:3]] == [("6",), ("1", "2", "5", "10"), ("20", "40")]
    activity = deck.block("control parameters - reactive transport").after("activity update settings")
    assert activity[0].key == "time_lagged"
    assert deck.end_time == 40.0


def test_nitrogen_changes_by_updates_of_the_boundary(design: ColumnDesign) -> None:
    """A reversal has two targets, each with the water of its factor; a change after the end is none."""
    changing = replace(design, trajectory=((0.0, 1.0), (20.0, 0.5), (50.0, 1.0), (90.0, 0.0)))
    block = read_deck(deck_text("t", changing), "t.dat").block("boundary conditions - reactive transport")
    update = block.after("update boundary conditions")
    assert [line.tokens[0] for line in update[:3]] == ["2", "20", "50"]
    waters = [i for i, line in enumerate(update) if line.key == "concentration input"]
    assert [update[i + 7].tokens[0] for i in waters] == ["5.000000e-04", "1.000000e-03"]
    assert "'update boundary conditions'" not in deck_text("t", design)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drainage": 0.0}, "drainage = 0.0"),
        ({"respiration": -1.0, "temperature": 60.0}, "respiration = -1.0; temperature = 60.0"),
        ({"air_porosity": 0.42}, "porosity = 0.45 with air_porosity = 0.42"),
        ({"trajectory": ((5.0, 1.0),)}, "trajectory"),
        ({"cec_top": float("nan")}, "cec_top = nan"),
    ],
)
def test_a_column_that_cannot_be_is_refused(
    design: ColumnDesign, change: dict[str, float], message: str
) -> None:
    """All that is wrong at once."""
    with pytest.raises(SimulationError, match=message):
        replace(design, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "years"), [("a b", [1.0]), ("", [1.0]), ("t", []), ("t", [0.0, 1.0]), ("t", [2, 1])]
)
def test_a_deck_that_min3p_could_not_read_is_refused(
    design: ColumnDesign, name: str, years: list[float]
) -> None:
    """Names that are no prefix, times that do not increase."""
    with pytest.raises(SimulationError, match="deck"):
        deck_text(name, design, output_years=years)


def test_a_row_without_its_columns_is_refused(parameters: pd.DataFrame) -> None:
    """The columns that are missing, or the value that is no number."""
    row = dict(parameters.iloc[0])
    with pytest.raises(SimulationError, match=r"table: holds a value that is no number"):
        design_from_row(row | {"temp_C": "warm"}, "table")
    with pytest.raises(SimulationError, match="lacks temp_C, drainage_mm_yr"):
        design_from_row({key: row[key] for key in row if key not in ("temp_C", "drainage_mm_yr")})


def check_deck(real: str, row: pd.Series) -> float:
    """Assert that the deck made from a row is the real one, and return the share of identical tokens."""
    wanted = deck_tokens(real)
    # Five runs were repeated with a tighter Newton tolerance, three with more Al(OH)3 (data/min3p/README.md).
    tolerance = 1e-9 if "1.0d0\n1.d-9\n'solver" in real else 1e-6
    hydroxide = 0.1 if "\n0.1 .false." in real else 0.02
    name = str(row.name)
    made = deck_text(name, design_from_row(dict(row)), newton_tolerance=tolerance, hydroxide=hydroxide)
    given = deck_tokens(made)
    assert len(given) == len(wanted), name
    same = 0
    for ours, theirs in zip(given, wanted, strict=True):
        same += ours == theirs
        if ours != theirs:
            value, expected = parse_number(ours), parse_number(theirs)
            assert value is not None, (name, ours, theirs)
            assert value == pytest.approx(expected, rel=_TOLERANCE, abs=0), (name, ours, theirs)
    return same / len(wanted)


def test_the_decks_of_the_development_runs_are_made_again(min3p_data: Path, parameters: pd.DataFrame) -> None:
    """Twelve real decks of every regime and trajectory: all words the same, all numbers to print precision."""
    decks = sorted(min3p_data.glob("runs/*/*.dat"))
    assert len(decks) == 12
    shares = [check_deck(path.read_text(), parameters.loc[path.stem]) for path in decks]
    assert np.mean(shares) > 0.93
