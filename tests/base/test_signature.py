"""Law: a predictor gets arrays of the shape and range that its signature promises, or a message that says why not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eurosic.base.errors import PredictorError
from eurosic.base.signature import Columns, Predictor, Signature, check_columns, names
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS
from tests.toy import ToyPredictor

SIGNATURE = Signature(
    covariates=(COVARIATES["bulk_density"], COVARIATES["porosity"]),
    states=(STATES["sic"],),
    drivers=(DRIVERS["temperature"], DRIVERS["drainage"]),
    targets=(TARGETS["sic_change_0_30cm"], TARGETS["dic_leaching"]),
)


def columns(pathways=2, cells=3, years=4):
    """Columns that fit: bulk density 1.3, porosity 0.45, SIC 5, 10 degC, 300 mm."""
    drivers = np.array([10.0, 300.0])
    return Columns(
        covariates=np.tile([1.3, 0.45], (cells, 1)),
        state=np.full((cells, 6, 1), 5.0),
        baseline=np.tile(drivers, (cells, 1)),
        forcing=np.tile(drivers, (pathways, cells, years, 1)),
    )


def test_columns_that_fit_pass():
    """And say how many pathways, cells and years they hold."""
    assert columns().shape == (2, 3, 4)
    check_columns(columns(), SIGNATURE, "test")


def test_targets_are_found_by_name():
    """In the order of the signature."""
    assert names(SIGNATURE.targets) == ("sic_change_0_30cm", "dic_leaching")
    assert SIGNATURE.target_index("dic_leaching") == 1


def test_a_predictor_is_known_by_what_it_can_do():
    """The protocol is structural: no base class is needed."""
    assert isinstance(ToyPredictor(), Predictor)
    assert not isinstance(object(), Predictor)


@pytest.mark.parametrize("part", ["covariates", "state", "baseline", "forcing"])
def test_a_wrong_shape_is_refused(part):
    """The part, its shape and the one wanted are named."""
    short = {part: getattr(columns(), part)[..., :-1]}
    with pytest.raises(PredictorError, match=rf"{part} has shape \(.*\); wanted \("):
        check_columns(dataclasses.replace(columns(), **short), SIGNATURE, "test")


@pytest.mark.parametrize(
    ("part", "index", "value", "said"),
    [
        ("covariates", (2, 1), 0.99, "test, covariates: porosity = 0.99 1 at cell 2"),
        ("state", (1, 3, 0), -0.1, "sic = -0.1 kg m-2 at cell 1"),
        ("baseline", (0, 0), np.nan, "temperature = nan degC at cell 0"),
        ("forcing", (1, 2, 3, 1), -5.0, r"drainage = -5.0 mm yr-1 at cell 2 (1 such values)"),
        ("forcing", (0, 1, 0, 1), np.inf, "drainage = inf mm yr-1 at cell 1"),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_cell(part, index, value, said):
    """Also what is missing or infinite."""
    bad = getattr(columns(), part).copy()
    bad[index] = value
    with pytest.raises(PredictorError) as caught:
        check_columns(dataclasses.replace(columns(), **{part: bad}), SIGNATURE, "test")
    assert said in str(caught.value)
    assert "Correct the layer or the recipe" in str(caught.value)
