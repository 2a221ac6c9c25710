"""Law: a figure for a paper shows the cube's own numbers, says them in its caption, and fits a page of print."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from PIL import Image

from eurosic.base.errors import StoreError
from eurosic.base.vocabulary import TARGETS
from eurosic.report.coarsen import canvas_of
from eurosic.report.figures_cells import cell_series
from eurosic.report.figures_export import write_captioned
from eurosic.report.figures_maps import mean_of, pathway_maps
from eurosic.report.figures_series import interval_of, totals_series
from eurosic.report.measure import measure_of
from eurosic.report.paper import HIGHEST, MM_PER_INCH, WIDE, caption, letter
from eurosic.report.scale import amounts_of
from eurosic.report.totals import totals_table
from tests.report.synthetic import (
    PATHWAYS,
    RATES,
    cell_table,
    synthetic_canvas,
    synthetic_cube,
    synthetic_totals,
)

CHANGE = "sic_change_0_200cm"
KINDS = {"carbonate": "synthetic"}


@pytest.fixture(scope="module")
def cube():
    """The cube made by formula, with a spread of a tenth on both sides."""
    cube = synthetic_cube()
    return cube.assign({f"{CHANGE}_p05": cube[CHANGE] * 1.1, f"{CHANGE}_p95": cube[CHANGE] * 0.9})


@pytest.fixture(scope="module")
def cells(cube):
    """Its cell table."""
    return cell_table(cube)


@pytest.fixture(scope="module")
def canvas(cells):
    """Where its cells are drawn."""
    return canvas_of(cells)


@pytest.fixture(scope="module")
def table():
    """Its totals."""
    return totals_table(synthetic_totals())


def _heads(made) -> list[str]:
    return [axes.get_title(loc="left") for axes in made.figure.axes if axes.get_title(loc="left")]


def _said(caption: str) -> str:
    return " ".join(caption.split())


# --- by hand ---


def test_each_panel_says_its_mean(canvas, cube):
    """Over each map: its letter, its pathway, and the mean weighted by area, kg ha-1 yr-1."""
    made = pathway_maps(canvas, CHANGE, year=2100, kinds=KINDS)
    layer = cube[CHANGE].sel(pathway="baseline", year=2100).astype(float) * 1e4 / 81
    area = cube["calcareous_arable_area"].where(np.isfinite(layer))
    mean = float((layer * area).sum() / area.sum())
    heads = _heads(made)
    assert len(heads) == len(PATHWAYS)
    assert heads[0] == rf"$\bf{{a}}$  baseline: −{abs(mean):.3g}"


def test_a_difference_of_known_rates_has_the_known_scale(canvas):
    """`zero_now` loses 24 kg less where the soil is richest: every panel is above zero, and nothing orange."""
    made = pathway_maps(canvas, CHANGE, year=2100, minus="baseline", kinds=KINDS)
    values = np.concatenate([axes.images[1].get_array().compressed() for axes in made.figure.axes[:4]])
    most = 0.2 + 0.8 * 29 / 30
    assert values.max() == pytest.approx((RATES["baseline"] - RATES["zero_now"]) * most, rel=1e-5)
    assert values.min() > 0
    assert made.figure.axes[0].images[1].norm.boundaries[0] == 0
    assert "minus baseline" in _said(made.caption)


def test_the_caption_holds_what_a_reader_must_know(canvas, cube):
    """Variable, unit, years, area, projection, size of the cells, kinds of inputs, source, outlines."""
    said = _said(pathway_maps(canvas, CHANGE, year=2100, kinds=KINDS).caption)
    for words in (
        "Change of SIC, 0–200 cm under each pathway (kg C ha⁻¹ yr⁻¹), mean of 2020–2100.",
        "EPSG:3035, cells of 50 km",
        "carbonate: synthetic",
        "recipe abababababababab",
        "Natural Earth",
    ):
        assert words in said
    area = float(cube["calcareous_arable_area"].sum()) / 1e10
    assert f"({area:.3g} Mha)" in said
    total = float((cube[CHANGE][0, -1].astype(float) * cube["calcareous_arable_area"]).sum()) / 1e9
    assert f"baseline -{abs(total):.3g}" in said


def test_outlines_lie_above_the_values(canvas):
    """In the grid's own projection, in every panel."""
    for axes in pathway_maps(canvas, CHANGE, year=2100, kinds={}).figure.axes[: len(PATHWAYS)]:
        outlines = [c for c in axes.collections if isinstance(c, PolyCollection)]
        assert max(c.get_zorder() for c in outlines) > axes.images[1].get_zorder()


def test_all_panels_have_one_scale(canvas):
    """Equal colours mean equal amounts."""
    made = pathway_maps(canvas, "ph_soil_0_30cm", year=2100, kinds={})
    norms = {id(axes.images[1].norm) for axes in made.figure.axes[: len(PATHWAYS)]}
    assert len(norms) == 1


def test_totals_are_those_of_the_table(table):
    """The lines end where the rows end, in both panels."""
    made = totals_series(table, CHANGE)
    ends = table[(table["country"] == "Europe") & (table["year"] == 2100)].set_index("pathway")
    for axes, column, names in zip(
        made.figure.axes,
        (f"{CHANGE}_TgC", f"{CHANGE}_TgC_minus_baseline"),
        (PATHWAYS, PATHWAYS[1:]),
        strict=True,
    ):
        drawn = [line.get_ydata()[-1] for line in axes.lines[: len(names)]]
        np.testing.assert_allclose(drawn, [ends.loc[name, column] for name in names])


def test_an_interval_is_drawn_where_the_table_has_one(table):
    """And only there; the caption says which."""
    without = totals_series(table, CHANGE)
    assert not any(axes.collections for axes in without.figure.axes)
    assert "No interval is drawn" in _said(without.caption)
    held = table.assign(interval="emulator error only")
    between = held["year"] % 10 != 0
    held.loc[between, "interval"] = "none: not a reported year"
    for column in (f"{CHANGE}_TgC", f"{CHANGE}_TgC_minus_baseline"):
        held[f"{column}_p05"] = (held[column] - 1.0).mask(between)
        held[f"{column}_p95"] = (held[column] + 1.0).mask(between)
    made = totals_series(held, CHANGE)
    assert [len(axes.collections) for axes in made.figure.axes] == [len(PATHWAYS), len(PATHWAYS) - 1]
    assert "90 % interval of totals.csv, in reported years: emulator error only." in _said(made.caption)
    shown = held[(held["country"] == "Europe") & (held["pathway"] == "baseline")]
    box = made.figure.axes[0].collections[0].get_paths()[0].get_extents()
    assert box.y0 == pytest.approx(shown[f"{CHANGE}_TgC"].min() - 1.0)
    assert (box.x0, box.x1) == (2020, 2100)


def test_an_interval_without_a_number_is_none(table):
    """Columns that a run could not fill are as good as absent."""
    empty = table.assign(**{f"{CHANGE}_TgC_p05": np.nan, f"{CHANGE}_TgC_p95": np.nan})
    assert interval_of(empty, f"{CHANGE}_TgC") is None


def test_typical_cells_stand_at_their_share_of_the_area(cells, cube):
    """The median cell: half of the area loses more. Its course ends at the cube's value, in t per hectare."""
    made = cell_series(cells, CHANGE)
    last = cube[CHANGE].sel(pathway="baseline", year=2100).values
    area = cube["calcareous_arable_area"].values
    end = made.figure.axes[1].lines[0].get_ydata()[-1] / 10.0
    assert np.nansum(area[last < end - 1e-6]) < 0.5 * np.nansum(area) <= np.nansum(area[last <= end + 1e-6])
    assert np.isclose(last[np.isfinite(last)], end).any()


def test_the_spread_of_a_cell_is_the_predictors(cells):
    """A tenth on both sides, of the baseline and of the pathway furthest from it; none where there is none."""
    made = cell_series(cells, CHANGE)
    band = made.figure.axes[0].collections[0].get_paths()[0].get_extents()
    end = made.figure.axes[0].lines[0].get_ydata()[-1]
    assert band.y0 == pytest.approx(1.1 * end)
    assert "(baseline, zero_now)" in _said(made.caption)
    bare = cell_series(cells.drop_vars(f"{CHANGE}_p05"), CHANGE)
    assert not bare.figure.axes[0].collections
    assert "gives no spread" in _said(bare.caption)


def test_every_amount_of_the_vocabulary_can_be_shown():
    """With words and, but for pH, a unit; a flag has no amount."""
    for name, variable in TARGETS.items():
        if variable.flags:
            with pytest.raises(StoreError, match="no figure of 'regime'"):
                measure_of(name, year=2100, start=2020)
        else:
            measure = measure_of(name, year=2100, start=2020)
            assert measure.words
            assert bool(measure.unit) != name.startswith("ph")


# --- laws ---


@given(st.integers(1, 26 * 27))
def test_letters_of_panels_are_all_different(count):
    """Whatever their number."""
    assert len({letter(i) for i in range(count)}) == count


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_steps_of_amounts_hold_the_middle_of_the_values(values):
    """Steps rise, and their ends hold the 2nd to 98th percentile, even of values that are all equal."""
    values = np.array(values)
    steps = amounts_of(values).norm.boundaries
    assert np.all(np.diff(steps) > 0)
    low, high = np.percentile(values, (2, 98))
    slack = 1e-6 * (1 + np.abs(values).max())
    assert steps[0] <= low + slack
    assert steps[-1] >= high - slack


@given(st.lists(st.text("ab c", max_size=30), max_size=5))
def test_a_caption_loses_no_word(sentences):
    """Lines are broken between words, and no line is longer than a mail's."""
    text = caption("Title.", *sentences)
    assert text.split() == " ".join(["Title.", *sentences]).split()
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("count", [1, 2, 4, 7, 17])
def test_any_number_of_pathways_fits_a_page(count):
    """No panel leaves the page or covers another."""
    canvas = synthetic_canvas(pathways=[f"p{i}" for i in range(count)], years=(2020, 2100))
    figure = pathway_maps(canvas, CHANGE, year=2100, kinds={}).figure
    assert figure.get_figwidth() * MM_PER_INCH == pytest.approx(WIDE)
    assert figure.get_figheight() * MM_PER_INCH <= HIGHEST + 1e-6
    boxes = [axes.get_position() for axes in figure.axes]
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= 1 and box.y1 <= 1 for box in boxes)
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert apart


def test_the_mean_of_a_layer_is_that_of_its_cells(cells):
    """Coarsened or not."""
    layers = [
        canvas_of(cells, most=most).layer(CHANGE, "baseline", year=2100, factor=10.0) for most in (5, 30)
    ]
    means = [mean_of(layer) for layer in layers]
    assert means[0] == pytest.approx(means[1])


# --- files ---


def test_files_are_png_pdf_and_caption_with_fonts_inside(canvas, table, tmp_path):
    """300 dots an inch; fonts as TrueType and none as outlines only; equal figures are equal bytes."""
    made = {
        "totals": totals_series(table, CHANGE),
        "maps": pathway_maps(canvas, CHANGE, year=2100, kinds=KINDS),
    }
    paths = write_captioned(made, tmp_path / "one")
    assert sorted(path.name for path in paths) == sorted(path.name for path in (tmp_path / "one").iterdir())
    with Image.open(tmp_path / "one" / "totals.png") as image:
        assert round(image.info["dpi"][0]) == 300
        assert abs(image.width - WIDE / MM_PER_INCH * 300) <= 1
    for name in made:
        pdf = (tmp_path / "one" / f"{name}.pdf").read_bytes()
        assert b"/FontFile2" in pdf
        assert b"/Type3" not in pdf
        assert (tmp_path / "one" / f"{name}.txt").read_text() == made[name].caption
    write_captioned(made, tmp_path / "two")
    for path in paths:
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


# --- refusals ---


def test_what_is_not_in_the_run_is_refused(cells, canvas, table):
    """With what there is."""
    with pytest.raises(StoreError, match=re.escape("a year among [2020, 2050, 2100]")):
        pathway_maps(canvas, CHANGE, year=2051, kinds={})
    with pytest.raises(StoreError, match="pathways among baseline"):
        pathway_maps(canvas, CHANGE, year=2100, minus="nobody", kinds={})
    with pytest.raises(StoreError, match="no total of 'ph_soil_0_30cm'"):
        totals_series(table, "ph_soil_0_30cm")
    with pytest.raises(StoreError, match="'Atlantis'"):
        totals_series(table, CHANGE, place="Atlantis")
    with pytest.raises(StoreError, match="no cell has a value"):
        cell_series(cells.assign({CHANGE: cells[CHANGE] * np.nan}), CHANGE)
