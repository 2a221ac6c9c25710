"""Law: a project opens in QGIS with every layer in place and time, and shows the year that the slider says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from eurosic.outputs import qgis_style
from eurosic.outputs.cog import export_cog
from eurosic.outputs.cog_plan import COG, plan_cogs
from eurosic.outputs.netcdf import export_netcdf
from eurosic.outputs.qgis import QGIS, export_qgis
from eurosic.outputs.qgis_style import round_up, styles_of
from tests.report.synthetic import GRID, synthetic_cube

STATE, FLAG, AREA = "sic_change_0_200cm", "regime", "calcareous_arable_area"
YEARS = (2020, 2050, 2100)


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    """The cube made by formula, two pathways."""
    return synthetic_cube(pathways=("baseline", "zero_now"))


@pytest.fixture(scope="module")
def run(cube: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four variables exported, their styles and projects."""
    folder = tmp_path_factory.mktemp("run")
    files = plan_cogs(cube, folder / COG, years=YEARS, variables=[STATE, FLAG, AREA, "status"])
    export_cog(cube, files)
    export_qgis(cube, files, folder / QGIS)
    return folder


@pytest.fixture(scope="module")
def project(run: Path) -> ET.Element:
    """The project of SIC change."""
    return ET.parse(run / QGIS / f"{STATE}.qgs").getroot()


# --- by hand ---


def test_one_scale_serves_all_pathways(cube: xr.Dataset, run: Path) -> None:
    """Zero is the middle, the ends are a round number, and each pathway's style is the same."""
    files = plan_cogs(cube, run / COG, years=YEARS, variables=[STATE])
    steps = styles_of(files, {})[STATE].steps
    assert steps[5][:2] == (0.0, "#f7f7f7")
    assert steps[0][0] == -steps[-1][0]
    largest = max(abs(float(cube[STATE].min())), float(cube[STATE].max()))
    assert largest / 4 < steps[-1][0] <= round_up(largest)
    texts = {(run / COG / f"{STATE}.{pathway}.qml").read_text() for pathway in ("baseline", "zero_now")}
    assert len(texts) == 1


def test_colours_of_values_grow_lighter_one_by_one() -> None:
    """Lightness alone orders them: who tells no hue apart still reads the map."""
    lightness = [_lightness(colour) for colour in qgis_style._CIVIDIS]
    assert lightness == sorted(lightness)
    assert min(np.diff(lightness)) > 0.02
    ends = [_lightness(colour) for colour in qgis_style._PUOR]
    assert ends[:6] == sorted(ends[:6])
    assert ends[5:] == sorted(ends[5:], reverse=True)


def _lightness(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@given(st.floats(1e-9, 1e9))
def test_a_rounded_limit_holds_the_value_and_is_not_far(value: float) -> None:
    """At most twice the value, and never below it."""
    assert value * (1 - 1e-9) <= round_up(value) <= 2.01 * value


# --- structure, wherever QGIS is not installed ---


def test_every_year_is_a_layer_of_its_own_range_newest_on_top(project: ET.Element) -> None:
    """Two pathways of three years, of which one pathway is shown; area and status are not of a time."""
    layers = {layer.findtext("id"): layer for layer in project.findall("projectlayers/maplayer")}
    assert len(layers) == 2 * 3 + 2
    groups = project.findall("layer-tree-group/layer-tree-group/layer-tree-group")
    assert [group.get("name") for group in groups] == ["baseline", "zero_now"]
    assert [group.get("checked") for group in groups] == ["Qt::Checked", "Qt::Unchecked"]
    for group in groups:
        years = [leaf.get("name") for leaf in group.findall("layer-tree-layer")]
        assert years == ["2100", "2050", "2020"]
        for leaf in group.findall("layer-tree-layer"):
            temporal = layers[leaf.get("id")].find("temporal")
            assert (temporal.get("mode"), temporal.get("enabled")) == ("0", "1")
            assert temporal.findtext("fixedRange/start") == f"{leaf.get('name')}-01-01T00:00:00Z"
            assert temporal.findtext("fixedRange/end") == f"{leaf.get('name')}-12-31T23:59:59Z"
    times = project.find("ProjectTimeSettings")
    assert times.get("timeStepUnit") == "y"
    assert times.findtext("TemporalRange/end") == "2100-12-31T23:59:59Z"


def test_every_layer_has_the_whole_text_of_its_reference_system(project: ET.Element) -> None:
    """A code alone is not read."""
    texts = [srs.text for srs in project.iter("wkt")]
    assert len(texts) == 8 + 2
    assert all(text.startswith("PROJCRS") and 'ID["EPSG",3035]' in text for text in texts)
    assert [float(value.text) for value in project.find("mapcanvas/extent")] == list(GRID.bounds)


def test_a_virtual_raster_is_one_band_of_its_file(run: Path) -> None:
    """The same values, place and nodata, by a path that holds when the folder is moved."""
    with (
        rasterio.open(run / QGIS / "years" / f"{STATE}.zero_now.2050.vrt") as year,
        rasterio.open(run / COG / f"{STATE}.zero_now.tif") as file,
    ):
        np.testing.assert_array_equal(year.read(1), file.read(2))
        assert (year.crs, year.transform, year.descriptions) == (file.crs, file.transform, ("2050",))
    assert str(run) not in (run / QGIS / f"{STATE}.qgs").read_text()
    assert str(run) not in (run / QGIS / "years" / f"{STATE}.zero_now.2050.vrt").read_text()


def test_codes_have_their_meanings(run: Path) -> None:
    """Each regime and each reason has its own colour and name."""
    regimes = ET.parse(run / COG / f"{FLAG}.baseline.qml").getroot().findall(".//paletteEntry")
    assert [entry.get("label") for entry in regimes] == ["buffered", "front", "depleted"]
    reasons = ET.parse(run / COG / "status.qml").getroot().findall(".//paletteEntry")
    assert {"sea", "not calcareous", "missing carbonate"} <= {entry.get("label") for entry in reasons}
    colours = [entry.get("color") for entry in reasons if "missing" not in entry.get("label")]
    assert len(set(colours)) == len(colours)


# --- QGIS itself ---

_IN_QGIS = """
import json, sys
from qgis.core import *
from qgis.PyQt.QtCore import QDateTime, QDate, QTime, QSize, Qt
app = QgsApplication([], False)
app.initQgis()
project = QgsProject.instance()
read = project.read(sys.argv[1])
layers = list(project.mapLayers().values())
shown = [node.layer() for node in project.layerTreeRoot().findLayers() if node.isVisible()]
drawn = {}
for year in (2020, 2050, 2100):
    settings = QgsMapSettings()
    settings.setLayers(shown)
    settings.setDestinationCrs(project.crs())
    settings.setExtent(shown[0].extent())
    settings.setOutputSize(QSize(240, 300))
    settings.setIsTemporal(True)
    settings.setTemporalRange(QgsDateTimeRange(
        QDateTime(QDate(year, 1, 1), QTime(0, 0), Qt.UTC), QDateTime(QDate(year, 12, 31), QTime(23, 59, 59), Qt.UTC)))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    drawn[year] = [image.pixelColor(105, 10 * row + 5).name() for row in range(30)]
alone = QgsRasterLayer(sys.argv[2], "alone")
times = project.timeSettings()
print("TOLD" + json.dumps({
    "read": read, "crs": project.crs().authid(), "layers": len(layers),
    "bad": [layer.name() for layer in layers if not layer.isValid() or layer.crs().authid() != "EPSG:3035"],
    "shown": [layer.name() for layer in shown], "drawn": drawn,
    "step": times.timeStepUnit() == QgsUnitTypes.TemporalYears,
    "first": times.temporalRange().begin().toString("yyyy"), "last": times.temporalRange().end().toString("yyyy"),
    "alone": [alone.renderer().type(), alone.renderer().band()]}))
"""


def _python_of_qgis() -> str:
    for python in ("/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", "import qgis.core"], capture_output=True).returncode == 0:
            return python
    pytest.skip("no Python with QGIS is installed (Debian: python3-qgis)")


def test_qgis_opens_the_project_and_draws_the_year_of_the_slider(
    cube: xr.Dataset, run: Path, tmp_path: Path
) -> None:
    """Every layer valid, EPSG:3035; each year draws its own colours; a file opened alone has its style."""
    python = _python_of_qgis()
    moved = Path(shutil.copytree(run, tmp_path / "moved"))
    done = subprocess.run(
        [
            python,
            "-c",
            _IN_QGIS,
            str(moved / QGIS / f"{STATE}.qgs"),
            str(moved / COG / f"{STATE}.baseline.tif"),
        ],
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TOLD" in done.stdout, done.stderr
    told = json.loads(done.stdout.split("TOLD")[1])
    assert (told["read"], told["crs"], told["layers"], told["bad"]) == (True, "EPSG:3035", 8, [])
    assert told["shown"] == ["2100", "2050", "2020"]
    assert (told["step"], told["first"], told["last"]) == (True, "2020", "2100")
    assert told["alone"] == ["singlebandpseudocolor", len(YEARS)]
    files = plan_cogs(cube, run / COG, years=YEARS, variables=[STATE])
    steps = styles_of(files, {})[STATE].steps
    for year, colours in told["drawn"].items():
        values = cube[STATE].sel(pathway="baseline", year=int(year)).values[:, 10]
        for colour, value in zip(colours, values, strict=True):
            _assert_colour(colour, value, steps)


_NETCDF_IN_QGIS = """
import json, sys
from qgis.core import *
from qgis.PyQt.QtCore import QSize
app = QgsApplication([], False)
app.initQgis()
layer = QgsRasterLayer(f"NETCDF:{sys.argv[1]}:{sys.argv[2]}", "netcdf")
provider, extent = layer.dataProvider(), layer.extent()
block = provider.block(provider.bandCount(), extent, layer.width(), layer.height())
values = [[None if block.isNoData(row, column) else block.value(row, column) for column in range(layer.width())]
          for row in range(layer.height())]
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setDestinationCrs(layer.crs())
settings.setExtent(extent)
settings.setOutputSize(QSize(240, 300))
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
image = job.renderedImage()
colours = {image.pixelColor(x, y).name() for x in range(0, 240, 5) for y in range(0, 300, 5)}
print("TOLD" + json.dumps({
    "valid": layer.isValid(), "crs": layer.crs().authid(), "bands": provider.bandCount(), "values": values,
    "extent": [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()], "colours": len(colours),
    "errors": [error.message(QgsErrorMessage.Text) for error in layer.error().messageList()]}))
"""


def test_qgis_reads_and_draws_the_netcdf(cube: xr.Dataset, tmp_path: Path) -> None:
    """In place, north up, EPSG:3035, a band a year, the values of the cube; and it draws something."""
    python = _python_of_qgis()
    (path, _) = export_netcdf(cube, tmp_path, years=YEARS, variables=[STATE])
    done = subprocess.run(
        [python, "-c", _NETCDF_IN_QGIS, str(path), STATE],
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TOLD" in done.stdout, done.stderr
    told = json.loads(done.stdout.split("TOLD")[1])
    assert (told["valid"], told["crs"], told["bands"], told["errors"]) == (True, "EPSG:3035", len(YEARS), [])
    assert told["extent"] == list(GRID.bounds)
    wanted = cube[STATE].sel(pathway="baseline", year=YEARS[-1]).values
    np.testing.assert_array_equal(np.array(told["values"], dtype=np.float32), wanted)
    assert told["colours"] > 3


def _assert_colour(colour: str, value: float, steps: tuple[tuple[float, str, str], ...]) -> None:
    found = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    if np.isnan(value):
        assert found == [255, 255, 255]
        return
    places = [step[0] for step in steps]
    wanted = [np.interp(value, places, [int(s[1][i : i + 2], 16) for s in steps]) for i in (1, 3, 5)]
    # Rounding of QGIS and ours.
    assert np.abs(np.array(found) - wanted).max() <= 2
