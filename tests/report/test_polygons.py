"""Law: a polygon counts each study cell by the share of it that it covers, in whatever projection it came."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from eurosic.base.errors import GridError, InputError, StoreError
from eurosic.base.grid import Grid
from eurosic.report.polygon_totals import COUNTED, NO_INTERVAL, PolygonSums, polygon_csv, polygon_table
from eurosic.report.polygons import Polygons, covers, read_polygons

GRID = Grid("EPSG:3035", 10_000.0, 4_000_000.0, 3_000_000.0, 6, 4)
STUDY = np.ones(GRID.shape, dtype=bool)


def _box(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    """A box counted in cells from the grid's north-west corner, south and east positive."""
    return shapely.box(*(4e6 + 1e4 * west, 3e6 - 1e4 * south), *(4e6 + 1e4 * east, 3e6 - 1e4 * north))


def _polygons(*shapes: shapely.Geometry) -> Polygons:
    return Polygons(
        tuple(str(i) for i in range(len(shapes))), np.array(shapes, dtype=object), np.ones(len(shapes))
    )


def _write(path: Path, shapes: list[shapely.Geometry], crs: str = "EPSG:3035", **fields: list[str]) -> Path:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes, dtype=object)),
        [np.array(values, dtype=object) for values in fields.values()],
        list(fields),
        geometry_type="Unknown",
        crs=crs,
    )
    return path


# --- by hand ---


def test_a_polygon_covers_half_a_quarter_or_all_of_a_cell() -> None:
    """From the middle of the second cell to the end of the third, and half as deep as a cell."""
    (cover,) = covers(_polygons(_box(1.5, 1.5, 3.0, 0.0)), GRID, STUDY)
    found = dict(zip(cover.cells.tolist(), cover.shares.tolist(), strict=True))
    assert found == pytest.approx({1: 0.5, 2: 1.0, 7: 0.25, 8: 0.5})


def test_cells_that_are_no_study_cells_do_not_count() -> None:
    """Sea within a polygon is not among its cells."""
    study = STUDY.copy()
    study[0, 1] = False
    (cover,) = covers(_polygons(_box(0, 1, 3, 0)), GRID, study)
    assert cover.cells.tolist() == [0, 2]


def test_overlapping_polygons_count_what_they_share_each() -> None:
    """The same cell in both."""
    one, other = covers(_polygons(_box(0, 1, 2, 0), _box(1, 1, 3, 0)), GRID, STUDY)
    assert (one.cells.tolist(), other.cells.tolist()) == ([0, 1], [1, 2])


def _sums(**changes: object) -> PolygonSums:
    sums = {quantity.source: np.zeros((2, 2, 1)) for quantity in COUNTED}
    sums["sic_change_0_200cm"] = np.array([[[-1e9], [-5e9]], [[-0.5e9], [-2e9]]])
    said = {
        "names": ("a",),
        "pathways": ("baseline", "zero_now"),
        "years": (2020, 2024),
        "start": 2020,
        "sums": sums,
        "area": np.array([1e10]),
        "without": np.array([0.0]),
        "on_grid": np.array([1.0]),
    }
    return PolygonSums(**{**said, **changes})


def test_the_table_by_hand() -> None:
    """5e9 kg lost on 1 Mha in five years is 5 Tg and 1000 kg a hectare and year; without baseline 3 Tg kept."""
    table = polygon_table(_sums(), baseline="baseline").set_index(["pathway", "year"])
    assert table.loc[("baseline", 2024), "area_Mha"] == 1.0
    assert table.loc[("baseline", 2024), "sic_change_0_200cm_TgC"] == -5.0
    assert table.loc[("baseline", 2024), "sic_change_rate_0_200cm_kgC_ha_yr"] == -1000.0
    assert table.loc[("baseline", 2020), "sic_change_rate_0_200cm_kgC_ha_yr"] == -1000.0
    assert table.loc[("zero_now", 2024), "sic_change_0_200cm_TgC_minus_baseline"] == 3.0
    assert set(table["interval"]) == {NO_INTERVAL}


def test_no_column_claims_what_reported_years_cannot_say() -> None:
    """A flux summed since the start needs every year."""
    assert "co2_to_air_from_carbonate_TgCO2" not in polygon_table(_sums(), baseline="baseline")


def test_a_polygon_without_study_cells_has_no_rate() -> None:
    """Its sums are zero, and the mean per hectare of no hectares is no number."""
    sums = {quantity.source: np.zeros((2, 2, 1)) for quantity in COUNTED}
    table = polygon_table(_sums(area=np.array([0.0]), sums=sums), baseline="baseline")
    assert table["sic_change_rate_0_200cm_kgC_ha_yr"].isna().all()
    assert (table["sic_change_0_200cm_TgC"] == 0).all()


def test_the_text_says_that_there_is_no_interval() -> None:
    """In a comment and in every row; six digits; no negative zero."""
    text = polygon_csv(
        polygon_table(_sums(), baseline="baseline"), title="A run", by="nuts.geojson", digest="ab" * 32
    )
    assert f"# Interval: {NO_INTERVAL}." in text
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(row.endswith(NO_INTERVAL) for row in rows[1:])
    assert ",-0," not in text


# --- laws ---


@given(st.floats(0.1, 5.9), st.floats(0.1, 3.9))
def test_parts_of_the_grid_add_up_to_the_grid(east: float, south: float) -> None:
    """Four boxes that meet at any point cover every cell once."""
    parts = (
        _box(0, south, east, 0),
        _box(east, south, 6, 0),
        _box(0, 4, east, south),
        _box(east, 4, 6, south),
    )
    total = np.zeros(GRID.rows * GRID.columns)
    for cover in covers(_polygons(*parts), GRID, STUDY):
        total[cover.cells] += cover.shares
    # exactextract's shares are single precision.
    np.testing.assert_allclose(total, 1.0, atol=1e-6)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035"])
@pytest.mark.parametrize("ending", ["geojson", "gpkg"])
def test_any_projection_comes_out_at_the_same_place(crs: str, ending: str, tmp_path: Path) -> None:
    """A box of the grid, densified and taken elsewhere, is that box again."""
    if ending == "geojson" and crs != "EPSG:4326":
        ending = "fgb"
    box = shapely.segmentize(_box(0.5, 3.25, 4.5, 0.75), 500.0)
    away = Transformer.from_crs("EPSG:3035", crs, always_xy=True)
    moved = shapely.transform(box, lambda points: np.column_stack(away.transform(*points.T)))
    found = read_polygons(_write(tmp_path / f"box.{ending}", [moved], crs, NUTS_ID=["XX1"]), GRID)
    assert found.names == ("XX1",)
    assert shapely.symmetric_difference(found.shapes[0], box).area < 1e-5 * box.area


def test_a_long_edge_in_degrees_is_curved_on_the_map(tmp_path: Path) -> None:
    """A parallel of 10 degrees drawn by two points sags by kilometres: not the straight line of its ends."""
    grid = Grid("EPSG:3035", 10_000.0, 3.0e6, 4.0e6, 300, 300)
    path = _write(tmp_path / "box.geojson", [shapely.box(15, 45, 25, 46)], "EPSG:4326")
    (shape,) = read_polygons(path, grid).shapes
    to_map = Transformer.from_crs(4326, 3035, always_xy=True)
    x, y = to_map.transform(20.0, 45.0)
    straight = shapely.LineString([to_map.transform(15.0, 45.0), to_map.transform(25.0, 45.0)])
    assert straight.distance(shapely.Point(x, y)) > 5_000.0
    assert shape.boundary.distance(shapely.Point(x, y)) < 10.0


def test_a_polygon_across_the_border_says_how_much_is_on_the_grid(tmp_path: Path) -> None:
    """Half of it."""
    found = read_polygons(_write(tmp_path / "a.gpkg", [_box(-1, 1, 1, 0)]), GRID)
    assert found.on_grid.tolist() == pytest.approx([0.5])
    assert found.names == ("1",)


# --- refusals ---


def test_a_polygon_outside_the_grid_is_refused_or_left_out(tmp_path: Path) -> None:
    """With its name; on request it is left out, but not if none remains."""
    path = _write(tmp_path / "a.gpkg", [_box(0, 1, 1, 0), _box(50, 1, 51, 0)], name=["here", "there"])
    with pytest.raises(GridError, match=r"1 of 2 polygons lie outside the grid \(there\).*--skip-outside"):
        read_polygons(path, GRID)
    assert read_polygons(path, GRID, skip_outside=True).names == ("here",)
    away = _write(tmp_path / "b.gpkg", [_box(50, 1, 51, 0)])
    with pytest.raises(GridError, match="1 of 1 polygons"):
        read_polygons(away, GRID, skip_outside=True)


def test_what_is_no_file_of_polygons_is_refused(tmp_path: Path) -> None:
    """Absent, not readable, without features, points: each is told."""
    with pytest.raises(InputError, match="cannot be read"):
        read_polygons(tmp_path / "absent.geojson", GRID)
    (tmp_path / "text.geojson").write_text("my notes")
    with pytest.raises(InputError, match="cannot be read"):
        read_polygons(tmp_path / "text.geojson", GRID)
    (tmp_path / "empty.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    with pytest.raises(InputError, match="holds no polygon"):
        read_polygons(tmp_path / "empty.geojson", GRID)
    points = _write(tmp_path / "points.gpkg", [_box(0, 1, 1, 0), shapely.Point(4e6, 3e6)])
    with pytest.raises(InputError, match="feature 2 is no polygon with an area"):
        read_polygons(points, GRID)


def test_a_file_without_a_projection_is_refused(tmp_path: Path) -> None:
    """A Shapefile whose .prj is lost."""
    path = tmp_path / "a.shp"
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array([_box(0, 1, 1, 0)])),
        [np.array([1])],
        ["n"],
        geometry_type="Polygon",
        crs=None,
    )
    with pytest.raises(InputError, match="says no coordinate reference system"):
        read_polygons(path, GRID)


def test_names_must_be_there_and_differ(tmp_path: Path) -> None:
    """A field of the user's choice; without one, the first usual one whose values differ."""
    shapes = [_box(0, 1, 1, 0), _box(1, 1, 2, 0)]
    path = _write(tmp_path / "a.gpkg", shapes, name=["same", "same"], region=["A", "B"])
    assert read_polygons(path, GRID).names == ("1", "2")
    assert read_polygons(path, GRID).field == ""
    found = read_polygons(path, GRID, name="region")
    assert (found.names, found.field) == (("A", "B"), "region")
    with pytest.raises(InputError, match="no field 'nuts'"):
        read_polygons(path, GRID, name="nuts")
    with pytest.raises(InputError, match="several polygons alike"):
        read_polygons(path, GRID, name="name")


def test_a_run_without_the_baseline_is_refused() -> None:
    """Differences need one."""
    with pytest.raises(StoreError, match="no pathway 'other'"):
        polygon_table(_sums(), baseline="other")
