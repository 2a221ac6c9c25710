"""Law: a layer drawn coarser holds the same total, over the same area, in the same place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.flags import Status
from eurosic.base.grid import Grid
from eurosic.base.vocabulary import AREA
from eurosic.report import coarsen
from eurosic.report.coarsen import coarsened
from tests.report.synthetic import GRID, synthetic_cube

CHANGE = "sic_change_0_200cm"


def _layer(cube):
    return cube[CHANGE].sel(pathway="baseline", year=2100, drop=True)


def test_a_small_layer_is_drawn_as_it_is():
    """No group is larger than a cell: values, status and place are the cube's."""
    cube = synthetic_cube()
    drawn = coarsened(cube, _layer(cube))
    np.testing.assert_array_equal(drawn.values, _layer(cube).values.astype(float))
    np.testing.assert_array_equal(drawn.status, cube["status"].values)
    assert drawn.limits == GRID.bounds


def test_a_group_is_the_mean_weighted_by_area():
    """Two columns of a row: (v1 a1 + v2 a2) / (a1 + a2), by hand."""
    cube = synthetic_cube()
    values, area = _layer(cube).values.astype(float), cube[AREA.name].values.astype(float)
    drawn = coarsened(cube, _layer(cube), most=15)
    group = (slice(20, 22), slice(10, 12))
    wanted = (values[group] * area[group]).sum() / area[group].sum()
    assert drawn.values[10, 5] == pytest.approx(wanted, rel=1e-12)
    assert drawn.area[10, 5] == pytest.approx(area[group].sum(), rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(
    rows=st.integers(8, 40),
    columns=st.integers(8, 40),
    most=st.integers(1, 40),
    held=st.integers(1, 400),
)
def test_total_and_area_do_not_depend_on_how_coarse_it_is_drawn(rows, columns, most, held):
    """Nor on how many values are held at a time; the place only grows to whole groups."""
    cube = synthetic_cube(Grid("EPSG:3035", 50_000.0, 2_900_000.0, 3_100_000.0, columns, rows), ("baseline",))
    whole = coarsened(cube, _layer(cube))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coarsen, "_VALUES_AT_A_TIME", held)
        drawn = coarsened(cube, _layer(cube), most=most)
    assert max(drawn.values.shape) <= most
    assert drawn.values.shape == drawn.status.shape
    assert drawn.total == pytest.approx(whole.total, rel=1e-9)
    assert drawn.area.sum() == pytest.approx(whole.area.sum(), rel=1e-9)
    west, south, east, north = drawn.limits
    assert (west, north) == (whole.limits[0], whole.limits[3])
    assert south <= whole.limits[1]
    assert east >= whole.limits[2]


def test_a_group_without_value_has_none_and_says_why():
    """NaN stays NaN, zero area, and the status of the cell in the middle stands for it."""
    cube = synthetic_cube()
    drawn = coarsened(cube, _layer(cube), most=15)
    assert np.isnan(drawn.values[0, 0])
    assert drawn.area[0, 0] == 0
    assert drawn.status[0, 0] == Status.SEA
