"""Law: every raw value belongs to one feature group, and what cannot be told apart goes together."""

from __future__ import annotations

import numpy as np
import pytest

from eurosic.base.errors import PredictorError
from eurosic.explain.groups import GROUPS, NITROGEN, coarse_groups, groups_of, varying
from eurosic.inputs.raw import CLIMATE_COLUMNS, NITROGEN_COLUMNS, SOIL_LAYERS


def test_every_raw_value_of_a_run_has_one_group():
    """A value without a group would explain nothing; one in two would explain twice."""
    held = [column for group in GROUPS for column in group.columns]
    assert len(held) == len(set(held))
    assert set(held) == {*SOIL_LAYERS, *CLIMATE_COLUMNS, *NITROGEN_COLUMNS}


def test_a_run_has_the_groups_of_its_layers():
    """Six depths of carbonate are one group; a layer that is absent leaves its group out."""
    found = groups_of(["carbonate_0_5cm", "carbonate_5_15cm", "sand", "clay", "manure_n"])
    assert [group.name for group in found] == ["carbonate", "texture", "manure_n"]
    assert found[0].columns == ("carbonate_0_5cm", "carbonate_5_15cm")


def test_all_of_nitrogen_is_one_coarse_player():
    """The others stay, and no value is lost."""
    fine = groups_of(["carbonate", "clay", "sand", *NITROGEN_COLUMNS])
    coarse = coarse_groups(fine)
    assert [group.name for group in coarse] == ["carbonate", "texture", "nitrogen"]
    assert set(coarse[-1].columns) == set(NITROGEN.columns) == set(NITROGEN_COLUMNS)
    assert coarse_groups(fine[:2]) == fine[:2]


def test_what_is_the_same_everywhere_varies_not():
    """A constant layer, and one that is nowhere known; a series of which one year differs does vary."""
    groups = groups_of(["clay", "sand", "soil_ph", "temperature", "mineral_n"])
    rows = {
        "clay": np.full(3, 20.0), "sand": np.array([1.0, 1.0, 2.0]), "soil_ph": np.full(3, np.nan),
        "temperature": np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.5]]), "mineral_n": np.full(3, 90.0),
    }  # fmt: skip
    found = dict(zip([group.name for group in groups], varying(groups, rows).tolist(), strict=True))
    assert found == {"soil_ph": False, "texture": True, "temperature": True, "mineral_n": False}


def test_a_value_without_a_group_is_refused():
    """Naming it."""
    with pytest.raises(PredictorError, match="no feature group holds magnesium"):
        groups_of(["clay", "magnesium"])
