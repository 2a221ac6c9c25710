"""Law: a table of columns is read in house units, and nothing in it is passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from eurosic.base.errors import InputError, UnitError
from eurosic.base.vocabulary import COVARIATES, STATES
from eurosic.inputs.design_table import read_design_table


def _csv(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text)
    return path


def test_a_table_is_in_house_units(tmp_path):
    """Fractions become per cent, metres millimetres; lines of comment are no rows."""
    path = _csv(
        tmp_path, "# two places\nclay [1],drainage [m yr-1],mineral_n [g m-2 yr-1]\n0.25,0.3,12\n0.4,0.1,0\n"
    )
    table = read_design_table(path)
    np.testing.assert_allclose(table["clay"], [25.0, 40.0])
    np.testing.assert_allclose(table["drainage"], [300.0, 100.0])
    np.testing.assert_allclose(table["mineral_n"], [120.0, 0.0])


def test_a_table_may_go_beyond_what_a_design_draws(tmp_path):
    """Manure of 300 kg and 8 % of organic carbon exist."""
    path = _csv(tmp_path, "manure_n [kg ha-1 yr-1],organic_carbon [%]\n300,8\n")
    assert read_design_table(path)["organic_carbon"][0] == 8.0


def test_the_cell_table_of_a_run_is_one_too(tmp_path):
    """Covariates, states per depth, and the mean of the climate's years; what is no column is passed over."""
    group = zarr.create_group(tmp_path / "cells.zarr")

    def put(name, values):
        group.create_array(name, shape=values.shape, dtype=values.dtype)[...] = values

    for name, variable in COVARIATES.items():
        put(name, np.full(3, 0.5 * (variable.valid_min + variable.valid_max)))
    for name in STATES:
        put(name, np.full((3, 6), 0.5))
    for name in ("temperature", "precipitation", "drainage", "pet"):
        put(name, np.array([[10.0, 14.0]] * 3) * (1.0 if name == "temperature" else 50.0))
    put("country", np.array([40, 40, 276]))
    table = read_design_table(tmp_path / "cells.zarr")
    assert table["sic"].shape == (3, 6)
    np.testing.assert_array_equal(table["drainage"], 600.0)
    assert table["pet"].shape == (3,)
    assert "country" not in table
    del group["porosity"]
    with pytest.raises(InputError, match="has no porosity; wanted the cell table of a run"):
        read_design_table(tmp_path / "cells.zarr")


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("clya [%]\n20\n", InputError, "column 'clya \\[%\\]' is not known"),
        ("clay\n20\n", InputError, "column 'clay' has no unit"),
        ("clay [mm]\n20\n", UnitError, "gives values in 'mm'; wanted a unit that converts to '%'"),
        ("mineral_n [kg ha-1 yr-1]\n50\n-5\n", InputError, "mineral_n = -5 kg ha-1 yr-1 in row 2"),
        ('clay [%]\n20\n""\n', InputError, "clay = nan % in row 2"),
        ("clay [%]\nheavy\n", InputError, "holds a text"),
        ("clay [%]\n", InputError, "has no rows"),
        ("", InputError, "cannot be read as a table"),
    ],
)
def test_a_bad_table_has_one_message(tmp_path, text, error, told):
    """Each fault names the column, the value and the row."""
    with pytest.raises(error, match=told):
        read_design_table(_csv(tmp_path, text))


def test_a_table_that_is_not_there_is_refused(tmp_path):
    """With its path."""
    with pytest.raises(InputError, match=r"nothing\.csv: cannot be read"):
        read_design_table(tmp_path / "nothing.csv")
