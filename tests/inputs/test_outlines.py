"""Law: the shipped outlines give the same countries whether they are named as a source or taken by default."""

from __future__ import annotations

import numpy as np

from eurosic.base.grid import grid_within
from eurosic.base.request import LayerRequest
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.outlines import country_layer
from eurosic.inputs.prepare import prepare_layers


def test_the_named_source_equals_the_default():
    """Kosovo, Åland and Northern Cyprus have their codes either way."""
    grid = grid_within("EPSG:3035", 100_000.0, (4_000_000.0, 1_500_000.0, 6_500_000.0, 4_500_000.0))
    request = LayerRequest("country", "natural-earth-outlines")
    layers = prepare_layers([request], catalog=load_catalog(), grid=grid, data=None)
    named = layers["country"].values
    np.testing.assert_array_equal(named, country_layer(grid).values)
    assert {196, 246, 40, 100} <= set(np.unique(named))
