"""Baselines, treatments and cell tables that the tests of nitrogen share, by hand and by Hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eurosic.base.pathway import UNCHANGED, Cap, Course, Forms, NueRule, Treatment
from eurosic.base.signature import Signature
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, TARGETS
from eurosic.inputs.nitrogen import NitrogenOptions
from eurosic.inputs.pathways import Baseline

YEARS = tuple(range(2020, 2061))

# Nothing is lost as gas, so that every number can be followed by hand.
NO_GAS = NitrogenOptions(
    forms={"can": 1.0}, volatilised={"can": 0.0}, manure_volatilised=0.0, gas_loss=0.0, base_export=0.0
)


def one_field(mineral: float, manure: float = 0.0, deposition: float = 0.0, nue: float = 0.6) -> Baseline:
    """A single cell; half of the deposition is NH4."""
    return Baseline(*(np.array([x]) for x in (mineral, manure, deposition / 2, deposition / 2, nue)))


def baselines(cells: int = 4) -> st.SearchStrategy[Baseline]:
    """Baselines of any rates within the vocabulary's range, NUE 0 to 0.9."""
    rates = arrays(np.float64, cells, elements=st.floats(0.0, 300.0))
    deposition = arrays(np.float64, cells, elements=st.floats(0.0, 30.0))
    nue = arrays(np.float64, cells, elements=st.floats(0.0, 0.9))
    return st.builds(Baseline, rates, rates, deposition, deposition, nue)


def courses() -> st.SearchStrategy[Course]:
    """Ramps, steps and reversals of a factor between 0 and 1.5."""
    level = st.floats(0.0, 1.5)
    return st.one_of(
        st.builds(lambda to: Course(((2020, 1.0), (2030, to))), level),
        st.builds(lambda to: Course(((2024, 1.0), (2025, to))), level),
        st.builds(lambda to: Course(((2022, 1.0), (2030, to), (2040, 1.0))), level),
    )


def treatments() -> st.SearchStrategy[Treatment]:
    """Any treatment, a cut of losses among them."""
    cut = st.builds(
        Treatment, losses=courses(), deposition_nh4=courses(), nue=st.just(NueRule.CONSTANT_YIELD)
    )
    return cut | st.builds(
        Treatment,
        mineral=courses(),
        manure=courses(),
        volatilisation=st.one_of(st.just(UNCHANGED), courses()),
        deposition_nh4=courses(),
        deposition_no3=courses(),
        legumes=courses().map(lambda c: Course(tuple((year, 50 * value) for year, value in c.points))),
        manure_cap=st.one_of(st.none(), st.builds(Cap, st.floats(0.0, 200.0), st.integers(2020, 2050))),
        forms=st.one_of(st.none(), st.just(Forms((("urea", 0.5), ("ammonium_sulphate", 0.5)), 2030))),
        nue=st.sampled_from(NueRule),
    )


def options() -> st.SearchStrategy[NitrogenOptions]:
    """Any shares of gas losses, manure and export."""
    share = st.floats(0.0, 1.0)
    return st.builds(
        NitrogenOptions,
        manure_ammoniacal=share,
        manure_volatilised=share,
        gas_loss=share,
        base_export=st.floats(0.0, 0.8),
        volatilised=st.fixed_dictionaries({"urea": share, "can": share}),
    )


SIGNATURE = Signature(
    tuple(COVARIATES.values()), tuple(STATES.values()), tuple(DRIVERS.values()), tuple(TARGETS.values())
)


def cell_table(cells: int = 5, climate_years: int = 1, seed: int = 7) -> dict[str, np.ndarray]:
    """Rows of a cell table whose values lie in the vocabulary's ranges."""
    draw = np.random.default_rng(seed)
    rates = {"mineral_n": 120.0, "manure_n": 80.0, "deposition_nh4": 9.0, "deposition_no3": 7.0}
    climate = {"temperature": 10.0, "precipitation": 800.0, "drainage": 250.0}
    table = {name: draw.uniform(v.valid_min, v.valid_max, cells) for name, v in COVARIATES.items()}
    table |= {name: draw.uniform(v.valid_min, v.valid_max, (cells, 6)) for name, v in STATES.items()}
    table |= {name: mean * draw.uniform(0.5, 1.5, cells) for name, mean in rates.items()}
    table |= {name: mean * draw.uniform(0.7, 1.3, (cells, climate_years)) for name, mean in climate.items()}
    return table | {"nitrogen_use_efficiency": draw.uniform(0.45, 0.9, cells)}
