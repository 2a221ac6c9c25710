"""Law: the water of a deck is neutral, saturated where there is calcite, and near the numbers of the method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.simulator.min3p.design import ColumnDesign, design_from_row, layers_of
from eurosic.simulator.min3p.pore_water import infiltration, initial_nitrate, initial_water

_BARE = ColumnDesign(
    temperature=10.0, drainage=300.0, calcite_top=10.0, calcite_sub=10.0, decalcified_depth=0.0, ph_decalcified=6.0,
    bulk_density=1.3, porosity=0.45, air_porosity=0.2, cec_top=20.0, cec_sub=20.0, respiration=0.0,
    respiration_depth=0.3, co2_diffusivity=1.47e-5, nitrate_leached=0.0, acid_sulphate=0.0, nitrification=5e-7,
    deposition_ca=0.0, deposition_mg=0.0, deposition_k=0.0, deposition_na=0.0, deposition_so4=0.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("temperature", "pressure", "ph", "calcium"),
    [(10.0, 0.01, 7.318, 2.118e-3), (25.0, 0.01, 7.297, 1.645e-3), (10.0, 0.03, 7.007, 3.165e-3)],
)
def test_calcite_water_has_the_numbers_of_the_method(
    temperature: float, pressure: float, ph: float, calcium: float
) -> None:
    """SCIENCE.md 7.3, which has WATEQ activities and total Ca: 0.01 of pH; free Ca is 2 to 5 % below total."""
    design = replace(_BARE, temperature=temperature)
    layers = layers_of(design)
    water = initial_water(design, replace(layers, pco2=np.full_like(layers.pco2, pressure)))
    assert water.ph == pytest.approx(ph, abs=0.01)
    assert 0.95 * calcium < water.ca[0] < 0.98 * calcium


def test_without_nitrogen_there_is_a_trace_of_it() -> None:
    """MIN3P takes logarithms of concentrations."""
    assert infiltration(_BARE).no3 == 1e-10
    assert initial_nitrate(_BARE) == 1e-9


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 30.0), st.floats(0.0, 1.0), st.floats(30.0, 700.0))
def test_more_nitrate_is_more_calcium_at_any_temperature(
    celsius: float, nitrogen: float, drainage: float
) -> None:
    """At fixed pCO2 nitrate brings calcium with it, more than a third and at most half a mole a mole."""
    plain = replace(_BARE, temperature=celsius, drainage=drainage, respiration=300.0)
    fed = replace(plain, nitrate_leached=nitrogen + 0.01)
    more = initial_water(fed, layers_of(fed)).ca - initial_water(plain, layers_of(plain)).ca
    share = more / initial_nitrate(fed)
    assert ((share > 0.33) & (share < 0.5)).all()


def test_real_columns_of_every_regime_converge(parameters: pd.DataFrame) -> None:
    """Every tenth development column: finite, positive, and pH between that of the sourest soil and of lime."""
    for name, row in parameters.iloc[::10].iterrows():
        design = design_from_row(dict(row), str(name))
        water = initial_water(design, layers_of(design))
        assert (np.isfinite(water.ca) & (water.ca > 0)).all(), name
        assert ((water.ph > 5) & (water.ph < 8.6)).all(), name
