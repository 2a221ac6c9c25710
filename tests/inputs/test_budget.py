"""Law: the budget of an envelope is the published arithmetic, and says which area the published acid implies."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.countries import country_of
from eurosic.base.errors import InputError
from eurosic.inputs.budget import PublishedBudget, acid_budget, budget_lines, nitrogen_behind

ZAMANIAN = PublishedBudget(6.1e10, 6.1e9, "Zamanian et al. 2024")


def test_the_published_acid_and_carbonate_agree_at_one_to_one():
    """6.1e7 kmol of H+ dissolve 6.1e9 kg of CaCO3 only if each dissolves one: 100 g per mol."""
    nitrogen = nitrogen_behind(ZAMANIAN.acid, 0.6)
    budget = acid_budget(np.array([100.0]), np.array([nitrogen * 100.0]), nue=0.6, carbonate_per_acid=1.0)
    assert budget.acid == pytest.approx(6.1e10)
    assert budget.carbonate == pytest.approx(6.1e9, rel=0.002)


def test_the_published_acid_is_that_of_calcareous_arable_land_alone(shared_data):
    """At the EU's mean arable rate it implies 21 Mha, a quarter of the 78 Mha of arable land (FUBC 9)."""
    with (shared_data / "inputs" / "fubc9_arable_N_rate_by_country.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if country_of(row["ISO3_code"]).eu27]
    area = np.array([float(row["arable_crop_area_kha"]) for row in rows]) * 1e7
    rate = np.array([float(row["N_rate_arable_kg_ha"]) for row in rows])
    whole = acid_budget(rate, area, nue=0.6, carbonate_per_acid=1.0)
    assert whole.nitrogen / 1e9 == pytest.approx(7.99, abs=0.01)
    assert whole.acid / ZAMANIAN.acid == pytest.approx(3.74, abs=0.02)
    implied = nitrogen_behind(ZAMANIAN.acid, 0.6) / (whole.nitrogen / whole.area) / 1e10
    assert implied == pytest.approx(20.8, abs=0.1)


def test_half_the_carbonate_where_carbon_dioxide_leaves():
    """1 H+ per mol of N and 1/2 CaCO3 per H+ are 3.57 kg per kg of N (SCIENCE.md 7.2)."""
    budget = acid_budget(np.array([100.0]), np.array([1e4]), nue=0.0, carbonate_per_acid=0.5)
    assert budget.carbonate / budget.nitrogen == pytest.approx(3.57, abs=0.01)


@given(st.integers(1, 6), st.floats(0.0, 0.9))
def test_parts_add_up(parts, nue):
    """The budget of all cells is the sum of the budgets of any parts."""
    draw = np.random.default_rng(parts)
    rate, area = draw.uniform(0, 200, 60), draw.uniform(0, 1e8, 60)
    whole = acid_budget(rate, area, nue=nue, carbonate_per_acid=1.0)
    split = [
        acid_budget(r, a, nue=nue, carbonate_per_acid=1.0)
        for r, a in zip(np.array_split(rate, parts), np.array_split(area, parts), strict=True)
    ]
    assert sum(part.acid for part in split) == pytest.approx(whole.acid)


def test_the_table_shows_both_budgets():
    """One row a quantity, ours and the published beside each other, what is implied marked as such."""
    budget = acid_budget(np.array([102.8]), np.array([2.08e11]), nue=0.6, carbonate_per_acid=1.0)
    lines = list(budget_lines(budget, 0.6, ZAMANIAN))
    assert len(lines) == 5
    assert "Zamanian et al. 2024" in lines[0]
    assert lines[1].split()[-3:] == ["20.8", "20.8", "(implied)"]
    assert lines[3].split()[-2:] == ["6.11e+07", "6.10e+07"]
    assert len(list(budget_lines(budget, 0.6))) == 5


def test_an_area_without_a_rate_is_refused():
    """A hole in the map of nitrogen is not a zero; without area it does not matter."""
    with pytest.raises(InputError, match="1 of 2 cells have no mineral N"):
        acid_budget(np.array([np.nan, 50.0]), np.array([1e6, 1e6]), nue=0.6, carbonate_per_acid=1.0)
    assert (
        acid_budget(np.array([np.nan, 50.0]), np.array([0.0, 1e4]), nue=0.6, carbonate_per_acid=1.0).nitrogen
        == 50.0
    )
