"""Law: columns made of raw values are those of the cell table, and follow what is exchanged."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.pathway import BASELINE, Pathway
from eurosic.base.vocabulary import COVARIATES, STATES
from eurosic.inputs.climate import ClimateOptions
from eurosic.inputs.covariates import derive_cells, derive_soil
from eurosic.inputs.forcing import Forcing
from eurosic.inputs.raw import NITROGEN_COLUMNS, RawForcing, raw_rows, soil_layers
from eurosic.inputs.soil import SoilOptions
from eurosic.simulator.simulate import Simulator

SIGNATURE = Simulator().signature


def _layers(cells: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    clay = rng.uniform(5.0, 50.0, cells)
    return {
        "carbonate": rng.uniform(0.5, 70.0, cells),
        "clay": clay,
        "sand": rng.uniform(5.0, 95.0, cells) * (1.0 - clay / 100.0),
        "organic_carbon": rng.uniform(0.5, 4.0, cells),
        "decalcified_depth": rng.choice([0.0, 0.2, 1.0], cells),
    }


def _table(layers: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """Return the cell table of some layers, with nitrogen."""
    rng, cells = np.random.default_rng(seed), len(layers["clay"])
    climate = {
        "monthly_temperature": rng.uniform(2.0, 20.0, (cells, 12)),
        "monthly_precipitation": rng.uniform(30.0, 90.0, (cells, 12)),
    }
    derived = derive_cells(
        {**layers, **climate}, latitude=np.full(cells, 47.0), soil=SoilOptions(), climate=ClimateOptions()
    )
    nitrogen = {name: rng.uniform(1.0, 100.0, cells) for name in NITROGEN_COLUMNS[:4]}
    return {**derived, **nitrogen, NITROGEN_COLUMNS[4]: rng.uniform(0.3, 0.8, cells)}


def _raw(layers, table):
    climate = {name: table[name] for name in ("temperature", "respiration", "precipitation", "drainage")}
    return {**layers, **climate, **{name: table[name] for name in NITROGEN_COLUMNS}}


FORCING = Forcing((2020, 2021), (Pathway(BASELINE),))


@settings(max_examples=15)
@given(seed=st.integers(0, 500), cells=st.integers(1, 5))
def test_the_soil_alone_is_derived_as_with_its_climate(seed, cells):
    """Bit for bit: there is one derivation."""
    layers = _layers(cells, seed)
    table, alone = _table(layers, seed), derive_soil(layers, SoilOptions())
    assert {*COVARIATES, *STATES} - set(alone) == {"respiration"}
    for name, values in alone.items():
        np.testing.assert_array_equal(values, table[name], err_msg=name)


def test_raw_rows_give_the_columns_of_the_table():
    """Covariates, states, spin-up and drivers, for the simulator and so for any predictor."""
    layers = _layers(6, 1)
    table = _table(layers, 2)
    found = RawForcing(FORCING, SoilOptions())(_raw(layers, table), SIGNATURE)
    wanted = FORCING(table, SIGNATURE)
    for part in ("covariates", "state", "baseline", "forcing"):
        np.testing.assert_array_equal(getattr(found, part), getattr(wanted, part))


def test_what_follows_from_a_layer_follows_when_it_is_exchanged():
    """Carbonate of another cell brings its stock; clay brings its exchanger; a layer of one's own stays."""
    layers = _layers(2, 3)
    raw = _raw(layers, _table(layers, 4))
    forcing = RawForcing(FORCING, SoilOptions())
    names = [variable.name for variable in SIGNATURE.covariates]
    rich = forcing({**raw, "carbonate": np.full(2, 80.0), "decalcified_depth": np.zeros(2)}, SIGNATURE)
    assert (rich.state[..., 0] > forcing(raw, SIGNATURE).state[..., 0]).all()
    clayey = forcing({**raw, "clay": np.full(2, 60.0), "sand": np.full(2, 10.0)}, SIGNATURE)
    place = names.index("cec_topsoil")
    assert (clayey.covariates[:, place] >= forcing(raw, SIGNATURE).covariates[:, place]).all()
    own = forcing({**raw, "bulk_density": np.full(2, 1.11)}, SIGNATURE)
    np.testing.assert_array_equal(own.covariates[:, names.index("bulk_density")], 1.11)


def test_layers_are_read_where_the_cells_are(tmp_path):
    """Row and column of the table; only soil layers that there are, in one order."""
    group = zarr.create_group(tmp_path / "inputs.zarr")
    for name in ("clay", "carbonate", "country"):
        group.create_array(name, data=np.arange(12.0, dtype=np.float32).reshape(3, 4) + len(name))
    table = _table(_layers(2, 5), 6) | {"row": np.array([2, 0]), "column": np.array([3, 1])}
    held = soil_layers(tmp_path / "inputs.zarr")
    assert held == ("carbonate", "clay")
    rows = raw_rows(tmp_path / "inputs.zarr", table, held)
    assert rows["clay"].tolist() == [15.0, 5.0]
    assert rows["drainage"] == pytest.approx(table["drainage"])
