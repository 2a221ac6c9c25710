"""Law: charts, tables and sections of a page put their numbers where they belong, and escape what they are given."""

from __future__ import annotations

import base64
import io
import math
import re
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from eurosic.base.errors import StoreError
from eurosic.base.grid import Grid
from eurosic.report.page_charts import course_chart, differences_chart, shares_chart
from eurosic.report.page_explain import explain_section
from eurosic.report.page_interval import Interval
from eurosic.report.page_limits import limits_section, regime_section
from eurosic.report.page_markup import Entry, element, paragraphs, table
from eurosic.report.page_outlines import packed_outlines
from eurosic.report.page_tables import country_table, quantity_options, reported_csv
from eurosic.report.page_words import CHANGE, CO2
from eurosic.report.style import line_styles
from eurosic.report.totals import MINUS, totals_table
from tests.report.synthetic import PATHWAYS, synthetic_totals

STYLES = line_styles(PATHWAYS, "baseline")


@pytest.fixture(scope="module")
def totals() -> pd.DataFrame:
    """Totals of France (1 Mha) and Spain (2 Mha), every year."""
    return totals_table(synthetic_totals())


# --- charts ---


@given(st.lists(st.floats(-50, 50), min_size=4, max_size=4))
def test_dots_stand_where_their_values_are(values):
    """Places along the axis are a straight line through the values, whatever their signs."""
    named = dict(zip(PATHWAYS[1:], values, strict=True))
    drawn = differences_chart(named, {}, styles=STYLES, label="a chart")
    at = np.array([float(x) for x in re.findall(r'<circle cx="([-\d.]+)"', drawn)])
    assert len(at) == 4
    assert ((at >= 0) & (at <= 520)).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(at[order]) >= -0.11).all()
    steps, places = np.diff(np.array(values)[order]), np.diff(at[order])
    wide = steps > 1.0
    if wide.sum() > 1:
        slopes = places[wide] / steps[wide]
        np.testing.assert_allclose(slopes, slopes[0], atol=0.25)


def test_whiskers_are_the_interval_and_the_words_are_told():
    """An interval of 1 to 3 about 2 has its whisker about the dot; the chart has a name for those who do not see."""
    drawn = differences_chart(
        {"zero_now": 2.0}, {"zero_now": Interval(1.0, 3.0)}, styles=STYLES, label="kept <or> lost"
    )
    whisker = re.search(
        r'x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)" y2="[\d.]+" stroke="#[0-9A-Fa-f]+" stroke-width="3"', drawn
    )
    dot = float(re.search(r'cx="([\d.]+)"', drawn)[1])
    assert (float(whisker[1]) + float(whisker[2])) / 2 == pytest.approx(dot, abs=0.1)
    assert "<title>kept &lt;or&gt; lost</title>" in drawn
    assert "+2.00" in drawn


def test_names_at_the_ends_of_lines_do_not_overlap():
    """Four pathways that end at one value still have their names apart, and each line its dashes."""
    course = pd.DataFrame(1.0, index=range(2020, 2031), columns=PATHWAYS[1:])
    drawn = course_chart(course, styles=STYLES, label="by year")
    places = [float(re.search(rf'y="([\d.]+)"[^>]*>{name}<', drawn)[1]) for name in PATHWAYS[1:]]
    assert np.diff(sorted(places)).min() >= 15.9
    assert drawn.count("<polyline") == 4


def test_parts_of_a_bar_fill_it():
    """Widths are the shares, and reach from end to end."""
    shares = pd.DataFrame({"buffered": [1.0, 0.25], "front": [0.0, 0.75]}, index=["a", "b"])
    drawn = shares_chart(shares, colours={"buffered": "#000", "front": "#fff"}, label="shares")
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', drawn)]
    assert widths[0] == pytest.approx(widths[2] + widths[3], abs=0.02)
    assert widths[3] == pytest.approx(3 * widths[2], abs=0.02)


# --- outlines ---


def test_rome_is_on_land_and_the_sea_is_not():
    """The packed rings, put together as the script does it, hold a town and not the sea beside it (even-odd)."""
    grid = Grid("EPSG:3035", 10_000.0, 2_630_000.0, 5_430_000.0, 390, 401)
    told = packed_outlines(grid)
    steps = np.frombuffer(zlib.decompress(base64.b64decode(told["points"])), "<i2").reshape(-1, 2)
    lengths = np.frombuffer(zlib.decompress(base64.b64decode(told["lengths"])), "<u2")
    rings = np.split(steps, np.cumsum(lengths)[:-1])
    assert sum(lengths) == len(steps)

    def on_land(lon: float, lat: float) -> bool:
        x, y = Transformer.from_crs(4326, grid.crs, always_xy=True).transform(lon, lat)
        place = (x - grid.west) / grid.resolution, (grid.north - y) / grid.resolution
        return sum(_crossings(np.cumsum(ring, axis=0) * told["step"], place) for ring in rings) % 2 == 1

    assert on_land(12.5, 41.9)
    assert on_land(-3.7, 40.4)
    assert not on_land(11.0, 40.5)


def _crossings(ring: np.ndarray, place: tuple[float, float]) -> int:
    (x, y), (x0, y0), (x1, y1) = place, ring.T, np.roll(ring, -1, axis=0).T
    over = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return int((over & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))).sum())


# --- tables ---


def test_the_csv_of_a_page_is_the_totals_of_its_years(totals):
    """Only reported years, every pathway and country, numbers in four digits, under the file's own comments."""
    text = reported_csv(totals, ["# Totals of a run"], [2020, 2050, 2100])
    assert text.startswith("# Totals of a run\n# Of the reported years")
    found = pd.read_csv(io.StringIO(text), comment="#")
    wanted = totals[totals["year"].isin([2020, 2050, 2100])].reset_index(drop=True)
    assert len(found) == 5 * 3 * 3
    for column in (CHANGE, CHANGE + MINUS, CO2):
        np.testing.assert_allclose(found[column], wanted[column], rtol=6e-4)


def test_intervals_in_the_csv_are_those_of_carbon_and_of_the_air(totals):
    """Others would be half of the page; what they hold stands beside them."""
    wide = totals.assign(interval="emulator error only")
    for column in (CHANGE, CHANGE + MINUS, "dic_leaching_TgC_yr"):
        wide = wide.assign(**{f"{column}_p05": 0.0, f"{column}_p95": 1.0})
    head = reported_csv(wide, [], [2100]).splitlines()[1].split(",")
    assert {f"{CHANGE}_p05", f"{CHANGE}{MINUS}_p95", "interval"} <= set(head)
    assert "dic_leaching_TgC_yr_p05" not in head


def test_countries_stand_below_europe_in_thousand_tonnes(totals):
    """Spain keeps 2 Mha x 24 kg x 81 years = 3888 thousand tonnes under zero_now; a row knows its country."""
    told = country_table(totals, PATHWAYS)
    assert told.index("Europe") < told.index("France") < told.index("Spain")
    spain = told[told.index('data-code="724"') :]
    cell = re.search(r'<td data-pathway="zero_now" data-minus="" data-value="([\d.]+)">([^<]*)<', spain)
    assert float(cell[1]) == pytest.approx(3888, rel=1e-4)
    assert cell[2] == "+3890"
    # 2 Mha.
    assert '<td data-value="2000">2000</td>' in spain
    assert 'value="sic_change_0_200cm_TgC" data-factor="1000"' in quantity_options(totals)


def test_a_table_heads_its_rows_and_its_columns():
    """Scopes for screen readers, labels for cards, text columns headed as text, and nothing unescaped by chance."""
    rows = [[Entry("a"), Entry("x", classes="text"), Entry("1", 1.0)]]
    told = table(["A", "B", "C"], rows, caption="5 < 6", labels=("A", "B", "C"), sortable=True)
    assert '<th scope="row">a</th>' in told
    assert '<th scope="col" class="text">B</th>' in told
    assert 'class="sortable cards"' in told
    assert '<td data-value="1.0" data-label="C">1</td>' in told
    assert "5 &lt; 6" in told
    assert element("p", "", title='"quoted"') == '<p title="&quot;quoted&quot;"></p>'
    assert paragraphs(["<b>"]) == "<p>&lt;b&gt;</p>"


# --- sections ---


def test_regimes_are_areas_and_shares():
    """A quarter of the area has lost its topsoil's carbonate."""
    regimes = pd.DataFrame(
        {"buffered": [4.0, 3.0], "front": [0.0, 1.0], "depleted": [0.0, 0.0]},
        index=["baseline 2020", "zero_now 2100"],
    )
    told = regime_section(regimes, (2020, 2100))
    assert "1 (25.0 %)" in told
    assert "baseline in 2020, all pathways in 2100" in told


@pytest.mark.parametrize(
    ("outside", "said"),
    [
        (None, "No emulator was used"),
        ({"outside_domain_cells": 0}, "all 50 study cells lie within"),
        (
            {
                "outside_domain_cells": 3,
                "predicted_outside_domain_cells": 2,
                "simulated_outside_domain_cells": 1,
            },
            "6 of 50 study cells lie outside the conditions on which the emulator was trained: 1 were simulated"
            " instead, 3 have no value, 2 keep",
        ),
    ],
)
def test_what_lies_outside_the_domain_is_said(outside, said):
    """By what became of the cells; none outside is said, too."""
    status = pd.DataFrame({"words": ["sea"], "cells": [7], "area_Mha": [0.0]})
    record = {"outside_domain": outside, "study_cells": 50, "grid": {"resolution": 10_000.0}}
    told = limits_section(status, record)
    assert said in told.replace("&#x27;", "'")
    assert "a cell of 10 km" in told


def test_time_beside_space_says_where_nothing_can_be_said():
    """Nothing to go by, a ratio to no change at all, a slope of nothing; observations before what a run computed."""
    contrast = pd.DataFrame(
        {
            "driver": "lab pH",
            "depth": "0_30cm",
            "state": ["topsoil intact", "topsoil decalcified", "topsoil intact", "front"],
            "circular": [False, False, True, False],
            "observations": ["soils", "soils", "run-2020", "soils"],
            "sic_kgC_ha_yr": [-86.8, -1e-5, 1.0, 1.0],
            "ph_per_decade": [-0.002, -0.1, 0.0, 0.0],
            "time": [48.3, 1e-6, 7.77, 0.0],
            "time_low": [27.9, 0.0, 0.0, 0.0],
            "time_high": [math.inf, 1e-5, 0.0, 0.0],
            "space": [math.nan, 2.7, 0.0, 0.0],
            "space_low": [math.nan, 2.0, 0.0, 0.0],
            "space_high": [math.nan, 3.6, 0.0, 0.0],
        }
    )
    told = explain_section(None, contrast, {})
    for words in ("cannot be told", "+27.9 to infinite", "about 0", "+2.70", "−86.8"):
        assert words in told
    assert "run-2020" not in told
    assert "front" not in told


# --- refusals ---


def test_a_table_of_another_version_is_refused():
    """The column that is absent is named."""
    with pytest.raises(StoreError, match=r"explain/contrast\.csv: has no depth, state"):
        explain_section(None, pd.DataFrame({"driver": ["lab pH"]}), {})
