"""Law: totals are area sums; countries add up to Europe, and the baseline minus itself is nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import StoreError
from eurosic.report.totals import EUROPE, MINUS, QUANTITIES, totals_csv, totals_table
from tests.report.synthetic import FRANCE, SPAIN, synthetic_totals

GOLDEN = Path(__file__).parent / "golden" / "totals.csv"
SUMS = [q.column for q in QUANTITIES if q.over != "rate"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Totals of the projection made by formula: France has 1 Mha and Spain 2 Mha."""
    return totals_table(synthetic_totals())


def _row(table: pd.DataFrame, pathway: str, country: str, year: int) -> pd.Series:
    chosen = (table["pathway"] == pathway) & (table["country"] == country) & (table["year"] == year)
    assert chosen.sum() == 1
    return table[chosen].iloc[0]


# --- by hand ---


def test_a_loss_of_110_kg_a_hectare_on_two_million_hectares_is_a_fifth_of_a_teragram_a_year(table):
    """Spain: 110 kg/ha/yr x 2 Mha = 0.22 Tg a year; after 81 years 17.82 Tg, lost, so negative."""
    first, last = _row(table, "baseline", "Spain", 2020), _row(table, "baseline", "Spain", 2100)
    assert first["sic_change_0_200cm_TgC"] == pytest.approx(-0.22, rel=1e-12)
    assert last["sic_change_0_200cm_TgC"] == pytest.approx(-17.82, rel=1e-12)
    assert last["sic_change_rate_0_200cm_kgC_ha_yr"] == pytest.approx(-110.0, rel=1e-12)
    assert last["area_Mha"] == pytest.approx(2.0)


def test_the_topsoil_loses_more_than_the_profile_as_the_sums_say(table):
    """Each depth keeps its own numbers: 1.5, 1.2 and 1 times 110 kg/ha/yr."""
    row = _row(table, "baseline", "France", 2050)
    rates = [row[f"sic_change_rate_{d}_kgC_ha_yr"] for d in ("0_30cm", "0_100cm", "0_200cm")]
    assert rates == pytest.approx([-165.0, -132.0, -110.0], rel=1e-12)


def test_carbon_dioxide_is_counted_as_carbon_dioxide(table):
    """A mole of C weighs 12.011 g, a mole of CO2 44.009 g: 99 Gg of carbon are 362.74 Gg of CO2."""
    row = _row(table, "baseline", "France", 2021)
    assert row["co2_to_air_from_carbonate_TgCO2_yr"] == pytest.approx(-0.099 * 44.009 / 12.011, rel=1e-9)
    assert row["co2_to_air_from_carbonate_TgCO2"] == pytest.approx(-2 * 0.099 * 44.009 / 12.011, rel=1e-9)


def test_leaching_is_that_of_the_year_and_not_summed(table):
    """Fluxes of carbon and nitrogen are the same in the first and in the last year of a constant run."""
    first, last = _row(table, "baseline", EUROPE, 2020), _row(table, "baseline", EUROPE, 2100)
    assert first["dic_leaching_TgC_yr"] == last["dic_leaching_TgC_yr"] == pytest.approx(0.627)
    assert first["nitrate_leaching_TgN_yr"] == pytest.approx(0.099)


def test_a_pathway_that_keeps_more_is_positive_against_baseline(table):
    """86 instead of 110 kg/ha/yr on 3 Mha: 0.072 Tg a year kept, 5.832 Tg in 81 years."""
    row = _row(table, "zero_now", EUROPE, 2100)
    assert row["sic_change_0_200cm_TgC" + MINUS] == pytest.approx(5.832, rel=1e-9)
    assert row["sic_change_rate_0_200cm_kgC_ha_yr" + MINUS] == pytest.approx(24.0, rel=1e-9)


def test_rows_stand_in_a_fixed_order():
    """Pathways as in the run, Europe before its countries by name, the unassigned last, years upwards."""
    table = totals_table(synthetic_totals(("zero_now", "baseline"), (0, SPAIN, 276, FRANCE), last=2021))
    countries = [EUROPE, "France", "Germany", "Spain", "unassigned"]
    assert list(dict.fromkeys(table["country"])) == countries
    assert table["pathway"].tolist() == ["zero_now"] * 10 + ["baseline"] * 10
    assert table["year"].tolist() == [2020, 2021] * 10
    assert table["country_code"].tolist()[::2] == [150, 250, 276, 724, 0] * 2


def test_a_country_without_study_cells_has_no_row():
    """Area zero: no mean per hectare exists, and nothing is said."""
    totals = synthetic_totals(countries=(FRANCE, SPAIN))
    totals["area"] = totals["area"] * [1.0, 0.0]
    assert "Spain" not in set(totals_table(totals)["country"])


# --- laws ---


def test_the_baseline_minus_itself_is_exactly_zero(table):
    """Not nearly: every difference of the baseline is 0.0."""
    baseline = table[table["pathway"] == "baseline"]
    assert (baseline.filter(like=MINUS) == 0.0).all(axis=None)


_SUMS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False, width=64)


@settings(max_examples=25, deadline=None)
@given(values=st.lists(_SUMS, min_size=24, max_size=24), seed=st.integers(0, 2**31))
def test_countries_add_up_to_europe_in_any_order(values, seed):
    """For every sum, pathway and year; and the order of countries changes no bit of any number."""
    totals = _totals_of(np.array(values).reshape(2, 3, 4))
    table = totals_table(totals)
    whole = table[table["country"] == EUROPE].set_index(["pathway", "year"])
    parts = table[table["country"] != EUROPE].groupby(["pathway", "year"], sort=False)
    largest = max(1.0, float(np.abs(values).max()))
    for column in [*SUMS, "area_Mha"]:
        summed = parts[column].sum()
        np.testing.assert_allclose(whole[column], summed, rtol=1e-9, atol=1e-20 * largest)
    order = np.random.default_rng(seed).permutation(4)
    pd.testing.assert_frame_equal(totals_table(totals.isel(country=order)), table, check_exact=True)


@settings(max_examples=25, deadline=None)
@given(values=st.lists(_SUMS, min_size=96, max_size=96), seed=st.integers(0, 2**31))
def test_the_order_of_tiles_changes_no_digit_that_counts(values, seed):
    """Partial sums of tiles, added in another order, differ by float64 rounding of the largest at most."""
    tiles = np.array(values).reshape(4, 2, 3, 4)
    order = np.random.default_rng(seed).permutation(4)
    one, other = (totals_table(_totals_of(part.sum(axis=0))) for part in (tiles, tiles[order]))
    numbers = one.select_dtypes("number").columns
    scale = np.abs(tiles).max() or 1.0
    np.testing.assert_allclose(other[numbers], one[numbers], rtol=1e-9, atol=1e-12 * scale)


def _totals_of(sums: np.ndarray) -> xr.Dataset:
    totals = synthetic_totals(("baseline", "zero_now"), (FRANCE, SPAIN, 276, 40), last=2022)
    for i, name in enumerate(str(name) for name in totals.data_vars if name != "area"):
        totals[name] = (("pathway", "year", "country"), sums * (i + 1))
    return totals


# --- promises: the text ---


def test_the_text_is_that_of_the_golden_file(regenerate):
    """Header, columns and numbers, byte for byte; `pytest --regenerate` writes it anew."""
    totals = synthetic_totals(("baseline", "zero_now"), last=2022)
    text = totals_csv(totals_table(totals), title=str(totals.attrs["title"]), digest="ab" * 32)
    if regenerate:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_text_reads_back_as_the_table(table):
    """Any tool that skips `#` lines reads names, years and numbers to six digits."""
    back = pd.read_csv(io.StringIO(totals_csv(table)), comment="#")
    assert list(back.columns) == list(table.columns)
    pd.testing.assert_frame_equal(back, table, check_dtype=False, rtol=1e-5)


def test_the_header_names_every_column_and_says_that_no_interval_is_given(table):
    """Unit, sign and what is not in the numbers stand before them."""
    header = [line for line in totals_csv(table).splitlines() if line.startswith("#")]
    assert all(any(line.startswith(f"# {q.column}: ") for line in header) for q in QUANTITIES)
    assert any("No interval is given" in line for line in header)


def test_minus_zero_is_written_as_zero(table):
    """A sign of nothing would differ from machine to machine."""
    text = totals_csv(table.assign(area_Mha=-0.0))
    assert ",-0," not in text


def test_a_name_with_a_comma_is_quoted(table):
    """A country's name cannot move a column."""
    back = pd.read_csv(io.StringIO(totals_csv(table.assign(country="Korea, South"))), comment="#")
    assert set(back["country"]) == {"Korea, South"}


# --- refusals ---


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop_vars("dic_leaching"), "no dic_leaching"),
        (lambda t: t.drop_vars("area"), "no area"),
        (lambda t: t.sel(pathway=["zero_now"]), "no pathway 'baseline'"),
        (lambda t: t.isel(year=slice(0, None, 5)), "wanted every year from 2020"),
        (lambda t: t.isel(year=slice(1, None)), "wanted every year from 2020"),
        (lambda t: t.assign(area=t["area"] * 0), "no study cell"),
        (lambda t: t.isel(country=[]), "no study cell"),
        (lambda t: t.assign(dic_leaching=t["dic_leaching"] * np.nan), "not finite in dic_leaching"),
    ],
)
def test_totals_that_would_mislead_are_refused(change, told):
    """Missing quantities, gaps in years, nothing to sum, sums that are no numbers."""
    with pytest.raises(StoreError, match=told):
        totals_table(change(synthetic_totals()))
