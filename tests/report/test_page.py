"""Law: a page holds all it shows, says what it leaves out, and nothing of a recipe becomes markup or a request."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

from eurosic.base.errors import StoreError
from eurosic.report.page import page_html
from eurosic.report.page_cells import group_cells
from eurosic.report.page_data import filled, letters_left
from eurosic.report.page_explain import explain_section
from eurosic.report.page_pictures import shrunk
from eurosic.report.page_variables import SHOWN
from eurosic.report.skill import Checked, skill_table
from eurosic.report.totals import totals_table
from tests.report.page_synthetic import synthetic_report
from tests.report.synthetic import GRID, synthetic_totals


@pytest.fixture(scope="module")
def page() -> str:
    """The page of a run by formula."""
    return page_html(synthetic_report())


def _data(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


# --- promises ---


def test_a_page_needs_nothing_but_itself(page):
    """No address but its own anchors and data, and a policy that forbids the browser to ask for any."""
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', page)
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert "url(" not in page


def test_only_this_script_may_run(page):
    """The policy names the digest of the very script that is in the page; there is no other, and no handler."""
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert not re.search(r"<[^>]+\son[a-z]+=", page.replace(scripts[0], ""))


def test_a_recipe_cannot_become_markup(page):
    """Title, purpose and sources are text, wherever they stand."""
    assert "A run &lt;b&gt;by formula&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "made &amp; up" in page


def test_headlines_stand_without_the_script(page):
    """Every pathway with its title, total and difference; small effects are called small; charts are inline."""
    body = page[: page.index('id="map-section"')]
    for told in (
        "zero_now",
        "title of zero_now",
        "+5.83",
        "−26.7",
        "small effect",
        "78 % of the loss goes on",
    ):
        assert told in body
    assert body.count("<svg") == 2
    assert "No interval is given (none: the run&#x27;s totals hold no interval)" in body


def test_the_sections_say_what_there_is_and_what_not(page):
    """The simulator has no emulator's error; inputs that are made up are named; the record is all there."""
    assert "there is no emulator whose error could be measured" in page
    assert "carbonate: synthetic" in page
    assert "&quot;recipe_digest&quot;: &quot;abab" in page
    assert "Explanation" not in page


def test_the_script_reads_the_order_of_the_run(page):
    """Pathways, years and the strongest pathway first; zero change of the baseline against itself."""
    data = _data(page)
    assert [pathway["name"] for pathway in data["pathways"]][data["baseline"]] == "baseline"
    assert data["pathways"][data["first"]]["name"] == "zero_now"
    assert data["years"] == [2020, 2050, 2100]
    assert [variable["name"] for variable in data["variables"]] == [shown.name for shown in SHOWN]
    assert data["variables"][0]["packed"]["differences"][data["baseline"]]["step"] == 0


def test_a_page_that_had_to_be_coarser_says_so():
    """Few values allowed: groups of cells, named with their size, and fewer of them than asked for."""
    report = synthetic_report(most=20 * 5 * 3)
    told = page_html(report)
    assert len(report.groups) <= 20
    side = report.groups.side
    assert f"{len(report.groups)} groups of {50 * side} km ({side} × {side} cells)" in told
    assert _data(told)["grid"]["side"] == side


def test_one_pathway_in_one_year_has_a_page_too():
    """Nothing to compare with: the loss is told, and no chart is drawn of nothing."""
    told = page_html(synthetic_report(pathways=("baseline",), years=(2020,)))
    assert "110 kg of carbon per hectare and year" in told
    assert "No other pathway." in told
    assert _data(told)["first"] == 0


def test_intervals_are_shown_with_their_sources():
    """Both ends below the number, whiskers in the chart, each source alone in a table of its own."""
    totals = totals_table(synthetic_totals())
    column = "sic_change_0_200cm_TgC_minus_baseline"
    for source, half in (("", 2.0), ("_emulator", 0.5), ("_inputs", 1.9)):
        totals[f"{column}{source}_p05"] = totals[column] - half
        totals[f"{column}{source}_p95"] = totals[column] + half
    told = page_html(synthetic_report(totals=totals.assign(interval="input uncertainty and emulator error")))
    assert "Intervals of 90 % hold: input uncertainty and emulator error." in told
    assert "+3.83 to +7.83" in told
    assert "sign not sure" in told
    assert "Whiskers: interval of 90 %, input uncertainty and emulator error." in told
    assert "+5.33 to +6.33" in told[told.index("Each source of error alone") :]


def test_skill_is_that_of_the_check(page):
    """Errors of the table itself, a weak pathway named, and the warning of the verdict."""
    random = np.random.default_rng(3)
    simulated = -1.0 + 0.1 * random.random((2, 3, 40))
    simulated[1] += 0.05 + 0.01 * random.random((3, 40))
    predicted = simulated + np.array([0.0, 0.03])[:, None, None]
    checked = Checked(
        {"sic_change_0_200cm": predicted},
        {"sic_change_0_200cm": simulated},
        pathways=("baseline", "zero_now"),
        years=(2020, 2050, 2100),
        weight=np.ones(40),
        area=np.ones(40),
        regime=np.zeros(40, int),
    )
    record = {"years": [2020, 2050, 2100], "predictor": "sic-v1", "study_cells": 400, "self_check": {}}
    told = page_html(synthetic_report(check=skill_table(checked), record=record))
    assert "40 of the run's 400 cells were computed again" in told.replace("&#x27;", "'")
    assert "read with care" in told
    assert re.search(r'class="warning">WARNING: the error of a difference from baseline in total', told)


def test_an_explanation_is_a_section_of_what_there_is():
    """Properties by size, time beside space, figures; empty where nothing was explained."""
    attribution = pd.DataFrame(
        {
            "pathway": "baseline",
            "horizon": [2050, 2100, 2100],
            "regime": "all",
            "target": "sic_change_0_200cm",
            "label": ["old", "clay <and> sand", "rain"],
            "mean_absolute": [9.0, 1.0, 4.0],
            "p05": -2.0,
            "p95": 3.0,
            "cells": 41,
        }
    )
    told = explain_section(attribution, None, {"A figure": b"png"})
    assert told.index("rain") < told.index("clay &lt;and&gt; sand")
    assert "old" not in told
    assert 'alt="A figure"' in told
    assert explain_section(None, None, {}) == ""


def test_variables_fill_a_page_and_no_more():
    """Letters never exceed what is left; a spread goes first, then whole variables, and both are named."""
    random = np.random.default_rng(1)
    groups = group_cells(GRID, np.arange(20), np.arange(20), area=np.ones(20), most=100)
    values = random.normal(size=(3, 4, 20))
    names = ("regime",)

    def read(name: str):
        shift = {"p05": -1.0, "p95": 1.0}.get(name[-3:], 0.0)
        array = (
            np.zeros((3, 4, 20), np.int8) if name in names else values + shift * random.random(values.shape)
        )
        return [(slice(None), array)]

    whole = filled(groups, read, most=10**9)
    assert not whole.left_out
    assert not whole.without_spread
    for most in (30_000, 12_000, 5_000, 0):
        found = filled(groups, read, most=most)
        letters = sum(_letters(v) for v in found.variables)
        assert letters <= most
        assert len(found.variables) + len(found.left_out) == len(SHOWN)
    assert letters_left([b"x" * 300], "y" * 50) == letters_left([], "") - 450


def test_a_cell_that_was_simulated_has_a_value_and_no_spread():
    """Its percentiles are NaN in the store: its width is zero, and that of its neighbour is as it was."""
    groups = group_cells(GRID, np.arange(2), np.arange(2), area=np.ones(2), most=9)

    def read(name: str):
        shift = {"p05": -0.1, "p95": 0.1}.get(name[-3:], 0.0)
        array = np.full((1, 1, 2), 0.5 + shift)
        array[..., 1] = np.nan if shift else 0.5
        return [(slice(None), array.astype(np.int8) if name == "regime" else array)]

    packed = filled(groups, read, most=10**6).variables[0]
    levels = zlib.decompress(base64.b64decode(packed["widths"]["upper"][0]["data"]))
    assert list(levels) == [packed["widths"]["levels"], 0]
    assert packed["widths"]["most"] == pytest.approx(1000.0)


def _letters(part: object) -> int:
    if isinstance(part, dict):
        return sum(len(v) if k == "data" else _letters(v) for k, v in part.items())
    return sum(_letters(v) for v in part) if isinstance(part, list) else 0


def test_pictures_are_made_small_and_keep_the_colours_of_their_legend():
    """A slide of 2000 dots becomes one of 720; a class that covers little keeps its very colour."""
    wide, legend = io.BytesIO(), ["#7f3b08", "#b35806", "#e08214", "#fdb863", "#d8daeb", "#8073ac"]
    slide = Image.new("RGB", (2000, 1000), "white")
    # As the edges of letters: many shades, each of few dots.
    slide.paste(Image.effect_noise((300, 300), 40).convert("RGB"), (1000, 50))
    for i, colour in enumerate(legend):
        slide.paste(colour, (20 + 60 * i, 20, 70 + 60 * i, 60))
    slide.save(wide, "PNG")
    with Image.open(io.BytesIO(shrunk(wide.getvalue()))) as small:
        assert small.size == (720, 360)
        assert small.mode == "P"
        plain = small.convert("RGB")
    for i, colour in enumerate(legend):
        assert plain.getpixel((round((45 + 60 * i) * 0.36), 14)) == ImageColor.getrgb(colour)


# --- refusals ---


def test_a_cell_without_its_value_is_refused():
    """A status that says predicted, and no number: the page would show some other."""
    groups = group_cells(GRID, np.arange(3), np.arange(3), area=np.ones(3), most=9)

    def read(name: str):
        return [(slice(None), np.full((1, 1, 3), np.nan))]

    with pytest.raises(StoreError, match="3 cells have no value where their status says so"):
        filled(groups, read, most=10**6)
