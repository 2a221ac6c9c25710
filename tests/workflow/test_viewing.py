"""Law: what the viewer shows is what the store holds, at the screen's resolution and the cell's, and stays here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode

import numpy as np
import pytest
import xarray as xr
import zarr
from click.testing import CliRunner

import eurosic
from eurosic.base.flags import Status
from eurosic.cli import main
from eurosic.view.server import address_of
from eurosic.workflow.viewing import PAGE, open_viewer
from tests.browser import Browser

SIDE = 256
CHANGE = "sic_change_0_200cm"
# All that was chosen is drawn.
READY = """
if (!window.page || !page.map.layer || !page.map.rings.length) return false;
const drawn = new URLSearchParams(page.map.layer.values.address.split("?")[1]);
const chosen = ["variable", "pathway", "minus", "year"].every((name) => drawn.get(name) === String(page.state[name]));
return chosen && !page.map.tiles.busy && !page.map.asked;
"""


@pytest.fixture(scope="module")
def address(finished_run: Path) -> Iterator[str]:
    """The viewer of the small run, on any free port."""
    with open_viewer(finished_run) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address_of(server)
        server.shutdown()


@pytest.fixture(scope="module")
def cube(finished_run: Path) -> xr.Dataset:
    """What the run holds."""
    return eurosic.open_projection(finished_run)


def _get(address: str, path: str, **query: object) -> bytes:
    with urllib.request.urlopen(f"{address}{path}?{urlencode(query)}", timeout=20) as answer:
        return answer.read()


def _tile(address: str, cube: xr.Dataset, **query: object) -> np.ndarray:
    asked = {
        "variable": CHANGE,
        "pathway": "baseline",
        "year": 2024,
        "level": 0,
        "row": 0,
        "column": 0,
        **query,
    }
    values = np.frombuffer(_get(address, "tile", **asked), "<f4").reshape(SIDE, SIDE)
    return values[: cube.sizes["y"], : cube.sizes["x"]]


def _study_cell(cube: xr.Dataset) -> tuple[int, int]:
    rows, columns = np.nonzero(np.isfinite(cube[CHANGE][0, 0].values))
    return int(rows[len(rows) // 2]), int(columns[len(rows) // 2])


# --- answers ---


@pytest.mark.parametrize("name", [CHANGE, "ph_soil_0_30cm", "nitrate_leaching", "regime"])
def test_a_tile_of_the_finest_level_is_the_cube(address: str, cube: xr.Dataset, name: str) -> None:
    """Bit for bit, for each pathway and year; NaN where there is no value."""
    for pathway in map(str, cube["pathway"].values):
        for year in (2020, 2024):
            stored = cube[name].sel(pathway=pathway, year=year).values.astype("float32")
            stored = np.where(stored < 0, np.nan, stored) if name == "regime" else stored
            found = _tile(address, cube, variable=name, pathway=pathway, year=year)
            np.testing.assert_array_equal(found, stored)


def test_a_difference_is_that_of_the_store(address: str, cube: xr.Dataset) -> None:
    """Pathway minus pathway, cell by cell; a pathway minus itself is zero."""
    one, other = (
        cube[CHANGE].sel(pathway=p, year=2024).values.astype(float) for p in ("zero_now", "baseline")
    )
    found = _tile(address, cube, pathway="zero_now", minus="baseline")
    np.testing.assert_array_equal(found, (one - other).astype("float32"))
    same = _tile(address, cube, minus="baseline")
    assert np.nanmax(np.abs(same)) == 0


def test_reasons_are_those_of_the_grid(address: str, cube: xr.Dataset, finished_run: Path) -> None:
    """The status of every cell of the grid; beyond it, outside."""
    told = np.frombuffer(_get(address, "reasons", level=0, row=0, column=0), np.uint8).reshape(SIDE, SIDE)
    stored = zarr.open_array(finished_run / "cells.zarr" / "grid" / "status", mode="r")[:]
    rows, columns = stored.shape
    np.testing.assert_array_equal(told[:rows, :columns], stored)
    assert (told[rows:] == Status.OUTSIDE_EXTENT).all()


def test_a_cell_is_told_as_it_is_stored(address: str, cube: xr.Dataset) -> None:
    """Every pathway and year, its place, its status, its stocks."""
    row, column = _study_cell(cube)
    told = json.loads(_get(address, "cell", variable=CHANGE, row=row, column=column))
    here = cube.isel(y=row, x=column)
    for pathway, values in told["values"].items():
        np.testing.assert_array_equal(np.float32(values), here[CHANGE].sel(pathway=pathway).values)
    assert (told["x"], told["y"]) == (float(cube["x"][column]), float(cube["y"][row]))
    assert told["status"] == "predicted"
    assert np.float32(told["stocks"]["sic_stock_0_200cm"]) == here["sic_stock_0_200cm"].values
    assert told["spread"] == []
    rows, columns = np.nonzero(cube["status"].values == Status.SEA)
    sea = json.loads(_get(address, "cell", variable=CHANGE, row=rows[0], column=columns[0]))
    assert (sea["study"], sea["status"]) == (False, "sea")


def test_a_scale_holds_what_is_shown(address: str, cube: xr.Dataset) -> None:
    """Steps rise, a colour for each class; zero is a step of what has a sign."""
    scale = json.loads(_get(address, "scale", variable=CHANGE, pathway="zero_now", minus="baseline"))
    assert len(scale["colours"]) == len(scale["steps"]) - 1
    assert 0.0 in scale["steps"][:: scale["every"]]
    assert np.all(np.diff(scale["steps"]) > 0)
    values = cube["ph_soil_0_30cm"].sel(pathway="baseline", year=2024).values
    scale = json.loads(_get(address, "scale", variable="ph_soil_0_30cm", pathway="same", minus=""))
    low, high = np.nanpercentile(values, (2, 98))
    assert scale["steps"][0] <= low
    assert scale["steps"][-1] >= high


def test_the_page_is_told_what_there_is(address: str, cube: xr.Dataset) -> None:
    """Pathways, years, variables with words and units, the grid."""
    run = json.loads(_get(address, "run"))
    assert [pathway["name"] for pathway in run["pathways"]] == list(cube["pathway"].values)
    assert run["years"] == cube["year"].values.tolist()
    assert {variable["name"] for variable in run["variables"]} <= set(cube)
    assert (run["grid"]["rows"], run["grid"]["columns"]) == (cube.sizes["y"], cube.sizes["x"])
    rings = json.loads(_get(address, "outlines"))
    assert sum(map(len, rings)) > 100


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("tile", {"variable": "gold"}, 400),
        ("tile", {"variable": CHANGE, "pathway": "nobody"}, 400),
        ("tile", {"variable": CHANGE, "pathway": "baseline", "year": 2021}, 400),
        ("tile", {"variable": "regime", "pathway": "baseline", "year": 2024, "minus": "same"}, 400),
        ("scale", {"variable": "regime"}, 400),
        ("cell", {"variable": CHANGE, "row": "x", "column": 1}, 400),
        ("cell", {"variable": CHANGE, "row": -1, "column": 1}, 404),
        ("reasons", {"level": 9, "row": 0, "column": 0}, 404),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(address: str, path: str, query: dict, code: int) -> None:
    """By its code, and the server goes on."""
    with pytest.raises(HTTPError) as refused:
        _get(address, path, **{"level": 0, "row": 0, "column": 0, **query})
    assert refused.value.code == code


def test_store_files_are_served_in_parts(address: str, finished_run: Path) -> None:
    """A shard's index lies at its end: readers of Zarr ask for it alone."""
    shard = next(
        path
        for path in sorted((finished_run / "projection.zarr" / CHANGE / "c").rglob("*"))
        if path.is_file()
    )
    asked = urllib.request.Request(
        f"{address}store/projection.zarr/{shard.relative_to(finished_run / 'projection.zarr')}",
        headers={"Range": "bytes=-20"},
    )
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert answer.status == 206
        assert answer.read() == shard.read_bytes()[-20:]
    with pytest.raises(HTTPError) as refused:
        _get(address, "store/projection.zarr/../run.json")
    assert refused.value.code == 404


# --- the page, in a browser ---

_CHOOSE = """
const list = document.getElementById(arguments[0]);
list.value = arguments[1];
list.dispatchEvent(new Event("change"));
"""


def _settle(browser: Browser) -> None:
    browser.run("return new Promise((done) => setTimeout(done, 60))")
    browser.wait(READY)


def test_the_page_shows_what_is_stored(
    browser: Browser, address: str, cube: xr.Dataset, tmp_path: Path
) -> None:
    """Choices, zoom, click: the value on the page is that of the store; no error, nothing leaves this machine."""
    browser.open(address)
    browser.wait(READY)
    row, column = _study_cell(cube)
    for name, value in (("pathway", "zero_now"), ("minus", "baseline")):
        browser.run(_CHOOSE, name, value)
    _settle(browser)
    # A real click on the pixel where the cell stands.
    browser.run("page.map.see(arguments[0], arguments[1], 40)", column + 0.5, row + 0.5)
    _settle(browser)
    browser.click("#map")
    browser.wait("return document.getElementById('cell-value').dataset.value")
    here = cube[CHANGE].isel(y=row, x=column).sel(year=2024).values.astype(float)
    pathways = list(cube["pathway"].values)
    shown = float(browser.run("return document.getElementById('cell-value').dataset.value"))
    assert shown == here[pathways.index("zero_now")] - here[pathways.index("baseline")]
    assert browser.run("return document.querySelectorAll('#chart path').length") == len(pathways)
    browser.press("#year", "HOME")
    _settle(browser)
    assert browser.run("return document.getElementById('year-told').textContent") == "2020"
    first = cube[CHANGE].isel(y=row, x=column).sel(year=2020, pathway="zero_now").values.astype(float)
    browser.run("page.choose({minus: ''})")
    _settle(browser)
    browser.wait(f"return Number(document.getElementById('cell-value').dataset.value) === {float(first)!r}")
    _colour_is_that_of_the_scale(browser, float(first))
    assert "year=2020" in browser.run("return location.hash")
    assert browser.screenshot(tmp_path / "page.png").stat().st_size > 10_000
    assert browser.problems() == []
    assert browser.strangers() == []
    assert len(browser.requests()) > 5


def _colour_is_that_of_the_scale(browser: Browser, value: float) -> None:
    """In the middle of the map is the colour that the legend gives the value; an outline may cross the very dot."""
    browser.run("page.map.marked = null; page.map.draw()")
    _settle(browser)
    seen = browser.run(
        "const c = page.map.canvas;"
        " return [...c.getContext('2d').getImageData(c.width / 2 - 4, c.height / 2 - 4, 9, 9).data]"
    )
    dots = [tuple(seen[i : i + 3]) for i in range(0, len(seen), 4)]
    wanted = browser.run("return page.map.layer.values.colour(arguments[0])", value)
    assert Counter(dots).most_common(1)[0][0] == tuple(wanted)


def test_the_page_is_used_by_keyboard(browser: Browser, address: str) -> None:
    """Arrows move the map, plus and minus zoom, Enter reads the cell in the middle; the address keeps it all."""
    browser.open(address)
    browser.wait(READY)
    before = browser.run("return [page.map.x, page.map.scale]")
    browser.press("#map", "+", "+", "ARROW_LEFT", "ENTER")
    _settle(browser)
    after = browser.run("return [page.map.x, page.map.scale]")
    assert after[0] < before[0]
    assert after[1] > 2 * before[1]
    browser.wait("return document.getElementById('cell-told').textContent.startsWith('Row')")
    kept = browser.run("return location.href")
    browser.open(kept)
    browser.wait(READY)
    assert browser.run("return page.map.scale") == pytest.approx(after[1], rel=1e-3)
    assert browser.problems() == []


# --- the command ---


def test_the_command_says_where_it_is_and_ends_when_told(finished_run: Path) -> None:
    """The address on a line of its own; SIGTERM closes it without a fault."""
    command = [sys.executable, "-c", "from eurosic.cli import main; main()", "view", str(finished_run)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as it:
        try:
            line = it.stdout.readline()
            where = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
            assert b"eurosic" in _get(where, "")
            it.send_signal(signal.SIGTERM)
            assert "Closed." in it.stdout.read()
            assert it.wait(20) == 0
        finally:
            it.kill()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    """As every command does."""
    done = CliRunner().invoke(main, ["view", str(tmp_path)])
    assert done.exit_code == 2
    assert "holds no projection" in done.output


def test_the_page_loads_nothing_from_elsewhere() -> None:
    """No address in its files but of the namespace of SVG."""
    for path in PAGE.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text, path.name
        assert "//cdn" not in text
