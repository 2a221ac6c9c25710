"""Law: a table of a sample speaks for the whole area, and of each cell as it is at the horizon told of."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from eurosic.explain.groups import Group
from eurosic.explain.targets import TARGETS
from eurosic.explain.template import Explained
from eurosic.workflow.explain_checks import Looked
from eurosic.workflow.explain_tables import interaction_table

AREA = np.array([1e10, 2e10, 3e10, 4e10])


@pytest.fixture
def setup():
    """Four explained cells at places 5, 6, 8, 9, of which 8 and 5 are looked at again; 2050 and 2100."""
    return SimpleNamespace(
        coarse=(Group("carbonate", "", ("a",)), Group("nitrogen", "", ("b",))),
        explained=Explained(np.array([5, 6, 8, 9]), np.zeros(4), np.zeros(4), AREA),
        looked_at=lambda most: np.array([8, 5])[:most],
        horizons=(2050, 2100),
        extent=SimpleNamespace(pathways=("baseline",), targets=TARGETS[:1]),
        setup=SimpleNamespace(recipe=SimpleNamespace(start_year=2020)),
    )


@pytest.fixture
def table(setup):
    """Interactions of 1 kg m-2 in the first and 3 in the second, at both horizons."""
    pairs = np.broadcast_to(np.array([1.0, 3.0])[:, None, None, None], (2, 1, 2, 1))
    empty = np.zeros((0, 2, 2, 1))
    # The cell at place 8 is at the front by 2100 only; that at 5 always was; the others are in neither sample.
    regime = np.array([[[1, 0, 0, 0], [1, 2, 1, 2]]], dtype=np.int8)
    store = xr.Dataset({"regime": (("pathway", "horizon", "cell"), regime)})
    found = interaction_table(store, Looked(empty, empty, empty, pairs), setup, [(0, 1)])
    return found.set_index(["horizon", "regime"])


def test_a_cell_is_in_the_regime_of_the_horizon(table):
    """One cell still buffered and one at the front in 2050, both at the front in 2100, none depleted."""
    assert set(table.index) == {
        (2050, "all"),
        (2050, "buffered"),
        (2050, "front"),
        (2100, "all"),
        (2100, "front"),
    }
    assert table.loc[(2050, "buffered"), "cells"] == 1
    assert table.loc[(2100, "front"), "cells"] == 2
    assert table.loc[(2050, "buffered"), "mean"] == pytest.approx(1.0 * 1e4 / 31)


def test_the_sample_stands_for_the_area_of_all(table):
    """Two cells of 40 000 km2 stand for four of 100 000: 10 Mha, 7.5 of them buffered in 2050."""
    assert table.loc[(2050, "all"), "area_Mha"] == pytest.approx(10.0)
    assert table.loc[(2050, "buffered"), "area_Mha"] == pytest.approx(7.5)
    assert table.loc[(2050, "all"), "mean"] == pytest.approx((3 * 1.0 + 1 * 3.0) / 4 * 1e4 / 31)
