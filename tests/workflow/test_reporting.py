"""Law: the report of a run shows the run's own values, in a browser too, and is refused where the run is no whole."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import eurosic
from eurosic.base.errors import StoreError
from eurosic.cli import main
from eurosic.report.page_variables import SHOWN
from eurosic.workflow.reporting import REPORT, write_report
from tests.browser import Browser
from tests.report.test_page_browser import READY, choose, click_cell, reading
from tests.workflow.small import small_recipe

FACTORS = {shown.name: shown.factor for shown in SHOWN}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run with the emulator, so that there are spreads and a self-check, and its report."""
    folder = tmp_path_factory.mktemp("run")
    recipe = small_recipe(folder, predictor={"emulator": "sic-v1"})
    for command in (["run", recipe, "--out", folder / "out", "--workers", 1], ["report", folder / "out"]):
        done = CliRunner().invoke(main, [str(word) for word in command])
        assert done.exit_code == 0, done.output
    assert "report.html" in done.output
    return folder / "out"


@pytest.fixture(scope="module")
def data(finished: Path) -> dict:
    """What the page's script reads."""
    page = (finished / REPORT).read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


def _cells(cube) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(np.isfinite(cube["sic_change_0_200cm"].isel(pathway=0, year=0).values))
    chosen = np.linspace(0, len(rows) - 1, 3).astype(int)
    return [(int(rows[i]), int(columns[i])) for i in chosen]


# --- by hand ---


def test_a_click_reads_what_the_store_holds(finished, data, browser: Browser):
    """Other pathways, years and variables, alone and compared: the value of the store within the stated error."""
    cube = eurosic.open_projection(finished)
    errors = {variable["name"]: variable["error"] for variable in data["variables"]}
    pathways = [str(name) for name in cube["pathway"].values]
    browser.open(finished / REPORT, size=(1280, 1100))
    browser.wait(READY)
    asked = [
        ("sic_change_0_200cm", "baseline", None, 2),
        ("co2_to_air_from_carbonate", "zero_now", None, 1),
        ("sic_change_0_200cm", "zero_now", "baseline", 2),
    ]
    for (row, column), (variable, pathway, against, year) in zip(_cells(cube), asked, strict=True):
        choose(browser, "variable", variable)
        choose(browser, "pathway", pathways.index(pathway))
        choose(browser, "minus", "" if against is None else pathways.index(against))
        choose(browser, "year", year)
        click_cell(browser, row, column)
        stored = cube[variable].isel(year=year, y=row, x=column)
        wanted = float(stored.sel(pathway=pathway))
        wanted -= 0.0 if against is None else float(stored.sel(pathway=against))
        assert reading(browser) == pytest.approx(wanted * FACTORS[variable], abs=errors[variable] + 1e-4)
    assert browser.problems() == []
    assert browser.strangers() == []


def test_the_spread_of_a_cell_is_that_of_the_store(finished, browser: Browser):
    """Both ends, by their distance from the value, within a tenth."""
    cube = eurosic.open_projection(finished)
    row, column = _cells(cube)[1]
    browser.driver.get("about:blank")
    view = f"#show=sic_change_0_200cm&pathway=f2f_input&year=2024&cell={row},{column}"
    browser.driver.get((finished / REPORT).resolve().as_uri() + view)
    browser.wait(READY)
    value = reading(browser)
    low, high = (
        float(browser.run(f"return document.getElementById('cell-reading').dataset.{n}"))
        for n in ("low", "high")
    )
    at = {"pathway": "f2f_input", "year": 2024}
    stored = {
        end: 1e4 * float(cube[f"sic_change_0_200cm{end}"].sel(at).isel(y=row, x=column))
        for end in ("", "_p05", "_p95")
    }
    assert value - low == pytest.approx(stored[""] - stored["_p05"], rel=0.1)
    assert high - value == pytest.approx(stored["_p95"] - stored[""], rel=0.1)


def test_headlines_are_those_of_the_totals(finished):
    """Total and difference of each pathway in the last year, in the digits of the page; skill from check.csv."""
    totals = pd.read_csv(finished / "totals.csv", comment="#")
    last = totals[(totals["country"] == "Europe") & (totals["year"] == 2024)].set_index("pathway")
    page = (finished / REPORT).read_text(encoding="utf-8")
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    for pathway in ("f2f_input", "zero_now"):
        row = table[table.index(f">{pathway}<") :]
        numbers = [float(told.replace("−", "-")) for told in re.findall(r">([+−]\d[\d.]*)<", row)[:3]]
        wanted = [
            last.loc[pathway, column]
            for column in (
                "sic_change_0_200cm_TgC",
                "sic_change_rate_0_200cm_kgC_ha_yr",
                "sic_change_0_200cm_TgC_minus_baseline",
            )
        ]
        # An interval, where there is one, stands below its number.
        assert numbers[0] == pytest.approx(wanted[0], rel=6e-3)
        assert any(found == pytest.approx(wanted[2], rel=6e-3) for found in numbers)
    assert "were computed again by the process model itself" in page


# --- promises ---


def test_equal_runs_give_equal_pages(finished):
    """Written again over the old one, the page is the same byte for byte; nothing half-written stays."""
    before = (finished / REPORT).read_bytes()
    assert write_report(finished).read_bytes() == before
    assert not list(finished.glob(".report*"))


def test_a_run_of_too_many_cells_is_shown_in_groups(finished, tmp_path):
    """Asked for fewer values, the page has groups, and their sum over the area is that of the cells."""
    shutil.copytree(finished, tmp_path / "run")
    said: list[str] = []

    class Tell:
        def say(self, text: str) -> None:
            said.append(text)

        def progress(self, done: int, total: int) -> None: ...

    page = write_report(tmp_path / "run", tell=Tell(), most=12 * 20).read_text(encoding="utf-8")
    assert re.match(r"cells +\d+ in \d+ groups of", said[0])
    assert "put together into" in page


# --- refusals ---


def test_a_run_that_is_no_whole_is_refused(finished, tmp_path):
    """A tile that is missing, totals that are missing, no run at all: each is said, with what to do."""
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "run" / "totals.csv").unlink()
    with pytest.raises(StoreError, match=r"totals\.csv: cannot be read.*Give the command of the run again"):
        write_report(tmp_path / "run")
    next((tmp_path / "run" / "ledger").glob("tile-*.json")).unlink()
    with pytest.raises(StoreError, match="tiles are not finished"):
        write_report(tmp_path / "run")
    done = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert done.exit_code == 2
    assert "holds no projection" in done.output
