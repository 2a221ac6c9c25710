"""Law: in a browser a page shows the values it was given, to mouse and keyboard, with the script and without it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eurosic.base.grid import Grid
from eurosic.report.page import page_html
from eurosic.report.page_data import filled, letters_left
from tests.browser import Browser
from tests.report.page_synthetic import synthetic_report

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is absent: pip install selenium")

READY = "return document.documentElement.dataset.ready"
READING = "return document.getElementById('cell-reading')"
# 50 km cells: row 20 of 30, of which the richness, and so the loss, follows (tests/report/synthetic.py).
ROW, COLUMN = 20, 10
RICHNESS = 0.2 + 0.8 * ROW / 30


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page by formula, with a picture for those without the script."""
    pixel = (Path(__file__).parent / "golden").glob("*.png")
    pictures = {"A map as a picture": next(pixel, Path(__file__)).read_bytes()}
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_html(synthetic_report(pictures=pictures)), encoding="utf-8")
    return path


@pytest.fixture
def shown(browser: Browser, path: Path) -> Browser:
    """The page, opened and ready."""
    browser.open(path, size=(1280, 1100))
    browser.wait(READY)
    return browser


def choose(browser: Browser, name: str, value: object) -> None:
    """Choose a value as a person does: in a list, or on the slider."""
    browser.run(
        "const it = document.getElementById(arguments[0]); it.value = arguments[1];"
        "it.dispatchEvent(new Event('input', {bubbles: true}));",
        name,
        str(value),
    )


def click_cell(browser: Browser, row: int, column: int) -> None:
    """Click the middle of a cell on the map."""
    x, y = browser.run(
        "const map = document.getElementById('map');"
        "map.scrollIntoView({block: 'center', behavior: 'instant'});"
        "const box = map.getBoundingClientRect();"
        "const [x, y] = window.eurosic.screenOf(arguments[0], arguments[1]);"
        "return [box.left + x, box.top + y]",
        row,
        column,
    )
    browser.run("window.eurosic.state.cell = null")
    actions = webdriver.ActionChains(browser.driver)
    actions.w3c_actions.pointer_action.move_to_location(round(x), round(y)).click()
    actions.perform()
    browser.wait("return window.eurosic.state.cell !== null")


def reading(browser: Browser) -> float:
    """Return the value that is read at the chosen cell."""
    return float(browser.wait(f"{READING}.dataset.value"))


# --- by hand ---


def test_a_click_reads_the_value_of_the_cell(shown):
    """110 kg a year for 31 years times the richness of the row under the baseline; 24 of it kept by zero_now."""
    choose(shown, "pathway", 0)
    choose(shown, "minus", "")
    choose(shown, "year", 1)
    click_cell(shown, ROW, COLUMN)
    assert reading(shown) == pytest.approx(-110 * 31 * RICHNESS, abs=1.0)
    choose(shown, "pathway", 4)
    choose(shown, "minus", 0)
    shown.wait(f"{READING}.textContent.includes('minus')")
    assert reading(shown) == pytest.approx(24 * 31 * RICHNESS, abs=1.0)
    assert "zero_now minus baseline" in shown.run(f"{READING}.textContent")
    assert shown.problems() == []
    assert shown.strangers() == []


def test_every_variable_can_be_shown(shown):
    """A pH and a class say their value; what is not a number has no difference; reasons have a map of their own."""
    click_cell(shown, ROW, COLUMN)
    choose(shown, "minus", "")
    choose(shown, "variable", "ph_lab_0_30cm")
    shown.wait("return document.getElementById('map-heading').textContent.startsWith('Lab pH')")
    assert reading(shown) == pytest.approx(7.4 + ROW * 1e-3, abs=2e-3)
    choose(shown, "variable", "regime")
    shown.wait(f"{READING}.textContent.startsWith('Depleted')")
    assert shown.run("return document.getElementById('minus').disabled")
    choose(shown, "variable", "status")
    shown.wait("return document.getElementById('map-heading').textContent === 'Cells with a value'")
    assert shown.problems() == []


def test_the_map_paints_the_value_in_the_colour_of_the_legend(shown):
    """The colour in the middle of a clicked cell is one of the legend's, for a loss an orange one."""
    choose(shown, "pathway", 0)
    choose(shown, "minus", "")
    shown.wait("return document.getElementById('map-heading').textContent.includes('baseline')")
    time.sleep(0.2)
    pixel = shown.run(
        "const map = document.getElementById('map'); const [x, y] = window.eurosic.screenOf(20, 10);"
        "return [...map.getContext('2d').getImageData(x, y, 1, 1).data]"
    )
    legend = shown.run(
        "return [...document.querySelectorAll('#legend .bar span')].map((s) => s.style.background)"
    )
    assert f"rgb({pixel[0]}, {pixel[1]}, {pixel[2]})" in legend
    assert pixel[0] > pixel[2]


# --- promises ---


def test_keys_are_enough(shown):
    """From the Tab key to the map, from cell to cell with the arrows, and the slider moves the year."""
    canvas = shown.driver.find_element("id", "map")
    canvas.send_keys(webdriver.Keys.ARROW_RIGHT)
    shown.wait("return window.eurosic.state.cell !== null")
    first = shown.run("return location.hash")
    canvas.send_keys(webdriver.Keys.ARROW_DOWN)
    shown.wait("return location.hash !== arguments[0]".replace("arguments[0]", json.dumps(first)))
    row, column = (
        int(part) for part in shown.run("return location.hash.match(/cell=(\\d+)%2C(\\d+)/).slice(1)")
    )
    old_row, old_column = (int(part) for part in first.split("cell=")[1].split("%2C"))
    assert (row, column) == (old_row + 1, old_column)
    shown.driver.find_element("id", "year").send_keys(webdriver.Keys.ARROW_LEFT)
    shown.wait("return document.getElementById('year-now').textContent === '2050'")


def test_play_walks_to_the_last_year_and_stops(shown):
    """From the last year it begins with the first."""
    shown.run("document.getElementById('play').click()")
    shown.wait("return document.getElementById('year-now').textContent === '2020'")
    shown.wait("return document.getElementById('year-now').textContent === '2100'")
    shown.wait("return document.getElementById('play').getAttribute('aria-pressed') === 'false'")


def test_an_address_opens_the_same_view(browser, path):
    """Pathway, comparison, variable, year and cell are in the address."""
    browser.driver.get("about:blank")
    view = f"#show=sic_change_0_30cm&pathway=f2f_loss&minus=baseline&year=2050&cell={ROW},{COLUMN}"
    browser.driver.get(path.resolve().as_uri() + view)
    browser.wait(READY)
    assert reading(browser) == pytest.approx(10 * 31 * RICHNESS, abs=1.0)


def test_countries_are_sorted_summed_and_handed_out(shown, tmp_path):
    """A column's head sorts, Europe stays on top; another year and quantity follow the CSV that is downloaded."""
    rows = (
        "return [...document.querySelectorAll('#country-table tbody tr')].map((r) => r.cells[0].textContent)"
    )
    assert shown.run(rows) == ["Europe", "France", "Spain"]
    heads = shown.driver.find_elements("css selector", "#country-table thead button")
    shown.run("arguments[0].click()", heads[1])
    assert shown.run(rows) == ["Europe", "Spain", "France"]
    shown.run(
        "const y = document.getElementById('country-year'); y.value = '2050';"
        "y.dispatchEvent(new Event('change'))"
    )
    value = shown.run(
        "return document.querySelector('#country-table tr[data-code=\"724\"] td[data-pathway=zero_now]')"
        ".dataset.value"
    )
    # Spain has 2 Mha of 3, and keeps 24 kg a hectare and year for 31 years: thousand tonnes.
    assert float(value) == pytest.approx(2 * 24 * 31, rel=1e-3)
    shown.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    shown.run("document.getElementById('totals-download').click()")
    file = tmp_path / "totals_of_reported_years.csv"
    for _ in range(200):
        if file.is_file():
            break
        time.sleep(0.05)
    lines = file.read_text().splitlines()
    assert lines[0] == "# Totals of a run by formula"
    assert any(line.startswith("zero_now,724,Spain,2050,2,") for line in lines)
    assert shown.strangers() == []


def test_without_the_script_tables_and_figures_are_there(browser, path):
    """Headline, charts and countries are laid out, and a picture for the map; what needs the script is not seen."""
    ask = browser.driver.execute_cdp_cmd
    ask("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.driver.get(path.resolve().as_uri() + "?plain")
        ask("DOM.enable", {})
        ask("CSS.enable", {})

        def hidden(selector: str) -> bool:
            # Numbers of nodes are forgotten whenever the browser looks at the document anew.
            root = ask("DOM.getDocument", {})["root"]["nodeId"]
            node = ask("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
            assert node, selector
            style = ask("CSS.getComputedStyleForNode", {"nodeId": node})["computedStyle"]
            return {"name": "display", "value": "none"} in style

        for seen in ("#found table", "#found svg", "#country-table", "noscript img", "#skill"):
            assert not hidden(seen), seen
        for unseen in ("#explorer", "#countries .scripted-only"):
            assert hidden(unseen), unseen
    finally:
        ask("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_phone_scrolls_only_down(browser, path):
    """At 360 dots nothing but tables in frames of their own is wider than the screen."""
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.driver.get(path.resolve().as_uri() + "?phone")
        browser.wait(READY)
        assert browser.run("return document.documentElement.scrollWidth") <= 360
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
@pytest.mark.bench
def test_a_page_of_europe_is_small_and_soon_ready(browser, tmp_path, capsys):
    """Five thousand cells, five pathways, 27 years, random values that are hard to pack: below 5 MB, said when."""
    grid = Grid("EPSG:3035", 10_000.0, 2_900_000.0, 3_100_000.0, 90, 80)
    report = synthetic_report(grid, years=range(2020, 2101, 3))
    random = np.random.default_rng(8)
    shape = (5, 27, len(report.groups))
    values = [(slice(None), random.normal(size=(*shape[:2], len(report.groups.of_cell))))]
    read = {"regime": [(slice(None), np.zeros_like(values[0][1], np.int8))]}
    noise = filled(report.groups, lambda name: read.get(name, values), most=letters_left([], ""))
    path = tmp_path / "report.html"
    path.write_text(page_html(replace(report, filled=noise)), encoding="utf-8")
    assert len(report.groups) > 4_800
    assert path.stat().st_size < 5_000_000
    browser.open(path)
    browser.wait(READY, seconds=60)
    ready, size = browser.run("return window.eurosic.ready"), path.stat().st_size
    with capsys.disabled():
        sys.stdout.write(
            f"\npage of {len(report.groups)} cells: {size / 1e6:.2f} MB, ready after {ready:.0f} ms\n"
        )
    assert browser.problems() == []
