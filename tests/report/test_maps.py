"""Law: a map shows the run in its place, names its unit and the kinds of its inputs, and hides no reason."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from eurosic.base.errors import StoreError
from eurosic.base.grid import Grid
from eurosic.base.vocabulary import LAYERS
from eurosic.report.coarsen import canvas_of
from eurosic.report.maps import change_map, difference_map
from tests.report.synthetic import GRID, cell_table, synthetic_canvas, synthetic_cube

KINDS = {"carbonate": "synthetic", "clay": "interpolated"}


def texts(figure: Figure) -> list[str]:
    """Every visible text of a figure."""
    found = figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_visible())
    return [artist.get_text() for artist in found if artist.get_text()]


@pytest.fixture(scope="module")
def cube():
    """The cube made by formula."""
    return synthetic_cube()


@pytest.fixture(scope="module")
def canvas(cube):
    """Where the cells of its table are drawn."""
    return canvas_of(cell_table(cube))


@pytest.fixture(scope="module")
def figure(canvas):
    """The map of the baseline's change."""
    return change_map(canvas, "baseline", kinds=KINDS)


def _image(figure: Figure) -> np.ma.MaskedArray:
    return figure.axes[0].images[1].get_array()


def test_the_map_says_what_it_shows(figure):
    """Depth, pathway, unit, years, total, area, kinds of input."""
    told = "\n".join(texts(figure))
    for words in (
        "Soil inorganic carbon,",
        "0–200 cm",
        "change under baseline",
        "kg C ha⁻¹ yr⁻¹, mean of 2020–2100",
    ):
        assert words in told
    assert "carbonate: synthetic; clay: interpolated" in told.replace("\n", " ")


def test_the_total_on_the_map_is_the_area_sum(cube, figure):
    """Sum over cells of change (kg m-2) times area (m2), in Tg."""
    change = cube["sic_change_0_200cm"].sel(pathway="baseline", year=2100)
    total = float((change.astype(float) * cube["calcareous_arable_area"].astype(float)).sum()) / 1e9
    assert f"−{abs(total):.3g} Tg C by 2100" in texts(figure)


def test_values_are_kilograms_a_hectare_and_year(figure):
    """The last row of the cube has 0.2 + 0.8 x 29/30 of 110 kg/ha/yr."""
    wanted = -110.0 * (0.2 + 0.8 * (GRID.rows - 1) / GRID.rows)
    assert _image(figure)[-1, 10] == pytest.approx(wanted, rel=1e-5)


def test_north_is_up(figure):
    """Row 0 of the image lies at the northern limit, and y grows upwards on the slide."""
    axes = figure.axes[0]
    west, east, south, north = axes.images[1].get_extent()
    assert (west, south, east, north) == GRID.bounds
    assert axes.images[1].origin == "upper"
    assert axes.get_ylim()[0] < axes.get_ylim()[1]
    assert np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all()


def test_reasons_are_named_where_they_occur(figure):
    """Not calcareous, not arable and a missing input occur; a failed cell does not."""
    told = texts(figure)
    assert {"No value, because", "not calcareous", "not arable", "an input is missing"} <= set(told)
    assert "failed" not in told


def test_the_difference_is_pathway_minus_baseline(canvas):
    """110 - 86 = 24 kg/ha/yr more kept at full richness; purple, positive."""
    figure = difference_map(canvas, "zero_now", kinds=KINDS)
    wanted = 24.0 * (0.2 + 0.8 * (GRID.rows - 1) / GRID.rows)
    assert _image(figure)[-1, 10] == pytest.approx(wanted, rel=1e-4)
    assert "zero_now minus baseline" in texts(figure)


def test_the_baseline_minus_itself_shows_zero_everywhere(canvas):
    """A map of nothing is still a map."""
    figure = difference_map(canvas, "baseline")
    assert np.ma.masked_invalid(_image(figure)).max() == 0
    assert "0 Tg C by 2100" in texts(figure)


def test_texts_beside_the_map_do_not_overlap(cube):
    """Nor leave the slide, with a long pathway, many inputs and every reason."""
    layers = [name for name in LAYERS if not name.endswith("cm")]
    kinds = {name: ("synthetic", "assumed", "interpolated")[i % 3] for i, name in enumerate(layers)}
    long = "a_pathway_with_a_rather_long_name"
    named = cube.assign_coords(pathway=["baseline", long, *cube["pathway"].values[2:]])
    figure = difference_map(canvas_of(cell_table(named)), long, kinds=kinds)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    parts = [*figure.texts, *figure.legends, figure.axes[1]]
    boxes = [part.get_tightbbox(renderer) for part in parts]
    width, height = figure.bbox.size
    for i, box in enumerate(boxes):
        assert box.x0 >= 0.6 * width
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[i + 1 :]), texts(figure)


def test_a_grid_of_another_projection_is_drawn_with_its_outlines():
    """UTM 31N around Paris: the outlines follow the grid's own projection."""
    grid = Grid("EPSG:32631", 20_000.0, 300_000.0, 5_600_000.0, 20, 20)
    axes = change_map(synthetic_canvas(grid), "baseline").axes[0]
    corners = np.concatenate([path.vertices for path in axes.collections[1].get_paths()])
    paris = np.hypot(corners[:, 0] - 448_000, corners[:, 1] - 5_411_000)
    # The Channel coast lies about 150 km from Paris; in EPSG:3035 numbers nothing would be near.
    assert 100_000 < paris.min() < 250_000


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"pathway": "organic25"}, "no pathway 'organic25'; wanted one of baseline"),
        ({"pathway": "baseline", "year": 2099}, "no 'sic_change_0_200cm' in 2099"),
        ({"pathway": "baseline", "variable": "dic_leaching"}, "a variable of SIC change"),
    ],
)
def test_what_the_run_lacks_is_refused(canvas, asked, told):
    """Pathway, year, variable."""
    with pytest.raises(StoreError, match=told):
        change_map(canvas, **asked)


def test_a_map_without_values_is_refused(cube):
    """Nothing to show: the layer `status` says why."""
    empty = cube.assign(sic_change_0_200cm=cube["sic_change_0_200cm"] * np.float32("nan"))
    with pytest.raises(StoreError, match="no cell has a value"):
        change_map(canvas_of(cell_table(empty)), "baseline")
