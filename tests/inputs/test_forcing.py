"""Law: a forcing gives each predictor its drivers in its order, each distinct variant once, on any worker alike."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError
from eurosic.base.pathway import Cap, Course, Forms, NueRule, Pathway, Treatment, ramp, step
from eurosic.base.signature import check_columns, names
from eurosic.base.vocabulary import DRIVERS, Variable
from eurosic.inputs.forcing import Beyond, Forcing, climate_index
from tests.inputs.fields import SIGNATURE, YEARS, cell_table

ZERO = Treatment(mineral=step(2020, 1.0, 0.0))
ORGANIC = Pathway("organic25", ((0.25, ZERO), (0.75, Treatment())))
PATHWAYS = (Pathway("baseline"), ORGANIC, Pathway("zero_now", ((1.0, ZERO),)))
FORCING = Forcing(YEARS, PATHWAYS)
DRIVER = {name: i for i, name in enumerate(names(SIGNATURE.drivers))}


def test_a_share_of_area_is_made_of_variants_computed_once():
    """Baseline, a quarter without mineral N, and none at all: three pathways, two variants."""
    assert FORCING.variants == (Treatment(), ZERO)
    assert FORCING.shares.tolist() == [[1.0, 0.0], [0.75, 0.25], [0.0, 1.0]]
    assert FORCING(cell_table(), SIGNATURE).forcing.shape == (2, 5, 41, 7)


def test_columns_are_what_the_predictor_wants():
    """Shapes and ranges are those of the signature; covariates and states are those of the table."""
    table = cell_table()
    columns = FORCING(table, SIGNATURE)
    check_columns(columns, SIGNATURE, "test")
    np.testing.assert_array_equal(columns.covariates[:, 0], table[SIGNATURE.covariates[0].name])
    np.testing.assert_array_equal(columns.state[..., 1], table[SIGNATURE.states[1].name])


def test_a_signature_chooses_and_orders_drivers():
    """A predictor that takes two drivers gets these two, in its own order."""
    two = replace(SIGNATURE, drivers=(DRIVERS["nitrate_leached"], DRIVERS["temperature"]))
    few, all_drivers = FORCING(cell_table(), two), FORCING(cell_table(), SIGNATURE)
    np.testing.assert_array_equal(few.forcing[..., 0], all_drivers.forcing[..., DRIVER["nitrate_leached"]])
    np.testing.assert_array_equal(few.baseline[..., 1], all_drivers.baseline[..., DRIVER["temperature"]])


def test_a_climatology_is_held_and_is_the_climate_before_the_start():
    """With one climate year, the spin-up's drivers are those of every year of the baseline."""
    columns = FORCING(cell_table(), SIGNATURE)
    np.testing.assert_allclose(columns.forcing[0], np.repeat(columns.baseline[:, None], len(YEARS), axis=1))


def test_a_series_is_matched_to_calendar_years():
    """Years of the series are their own; 2060 repeats the first year, or keeps the last one."""
    table = cell_table(climate_years=40)
    series = tuple(range(2020, 2060))
    for beyond, place in ((Beyond.CYCLE, 0), (Beyond.HOLD, 39)):
        forcing = Forcing(YEARS, PATHWAYS, climate_years=series, beyond=beyond)
        rain = forcing(table, SIGNATURE).forcing[0, ..., DRIVER["precipitation"]]
        np.testing.assert_array_equal(rain[:, :40], table["precipitation"])
        np.testing.assert_array_equal(rain[:, 40], table["precipitation"][:, place])


def test_the_spin_up_has_the_mean_of_thirty_years():
    """A climatological normal: the mean of the first 30 climate years."""
    table = cell_table(climate_years=40)
    columns = Forcing(YEARS, PATHWAYS, climate_years=tuple(range(2020, 2060)))(table, SIGNATURE)
    np.testing.assert_allclose(
        columns.baseline[:, DRIVER["drainage"]], table["drainage"][:, :30].mean(axis=1)
    )


def test_drainage_decides_what_leaches():
    """A year without drainage leaches nothing, whatever was applied."""
    table = cell_table()
    table["drainage"][:] = 0.0
    assert not FORCING(table, SIGNATURE).forcing[..., DRIVER["nitrate_leached"]].any()


@given(st.integers(1, 40), st.integers(1900, 2100), st.sampled_from(Beyond))
def test_every_year_has_a_climate(length, first, beyond):
    """Any series covers any years, and its own years are matched to themselves."""
    series = list(range(first, first + length))
    places = climate_index(YEARS, series, beyond)
    assert ((places >= 0) & (places < length)).all()
    for year, place in zip(YEARS, places, strict=True):
        assert year not in series or series[place] == year


@given(st.integers(1, 12), st.integers(0, 12))
def test_tiles_equal_the_whole(size, cut):
    """The columns of a part of the table are that part of the columns of the table, bit for bit."""
    table = cell_table(cells=12)
    rows = slice(min(cut, 11), min(cut, 11) + size)
    whole = FORCING(table, SIGNATURE)
    part = FORCING({name: values[rows] for name, values in table.items()}, SIGNATURE)
    np.testing.assert_array_equal(part.forcing, whole.forcing[:, rows])
    np.testing.assert_array_equal(part.baseline, whole.baseline[rows])


_POINTS = st.lists(st.tuples(st.integers(2010, 2070), st.floats(0.0, 1.5)), min_size=1, max_size=4)
_COURSES = _POINTS.map(lambda points: Course(tuple(sorted(dict(points).items()))))
_CAPS = st.none() | st.builds(Cap, st.floats(0.0, 200.0), st.integers(2010, 2070))
_FORMS = st.none() | st.builds(Forms, st.just((("can", 0.4), ("urea", 0.6))), st.integers(2010, 2070))


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Treatment,
        mineral=_COURSES,
        manure=_COURSES,
        volatilisation=_POINTS.map(lambda points: Course(((points[0][0], min(points[0][1], 1.0)),))),
        deposition_no3=_COURSES,
        mineral_cap=_CAPS,
        manure_cap=_CAPS,
        forms=_FORMS,
        nue=st.sampled_from(NueRule),
    ),
    st.sampled_from([1, 41]),
)
def test_a_year_has_the_drivers_that_it_has_alone(treatment, climate_years):
    """Whichever years come before it, and whether anything changes after it; bit for bit."""
    table, pathways = cell_table(climate_years=climate_years), (Pathway("one", ((1.0, treatment),)),)
    series = tuple(range(2020, 2020 + climate_years)) if climate_years > 1 else (0,)
    columns = Forcing(YEARS, pathways, climate_years=series)(table, SIGNATURE)
    whole, last = columns.forcing, columns.settled - 1
    np.testing.assert_array_equal(
        whole[:, :, last:], np.repeat(whole[:, :, [last]], len(YEARS) - last, axis=2)
    )
    for place in (0, 1, 9, 10, 11, 39, 40):
        alone = Forcing(YEARS[place : place + 1], pathways, climate_years=series)(table, SIGNATURE).forcing
        np.testing.assert_array_equal(whole[:, :, place], alone[:, :, 0])


def test_a_forcing_survives_the_way_to_a_worker():
    """Pickled and back, before or after use, it is equal and gives equal columns."""
    before = FORCING(cell_table(), SIGNATURE)
    copy = pickle.loads(pickle.dumps(FORCING))
    assert copy == FORCING
    np.testing.assert_array_equal(copy(cell_table(), SIGNATURE).forcing, before.forcing)


def test_all_pathways_start_alike():
    """In the year in which a ramp begins, every driver is still that of the baseline."""
    later = Pathway("f2f", ((1.0, Treatment(mineral=ramp((2020, 1.0), (2030, 0.8)))),))
    columns = Forcing(YEARS, (Pathway("baseline"), later))(cell_table(), SIGNATURE)
    np.testing.assert_array_equal(columns.forcing[1, :, 0], columns.forcing[0, :, 0])
    assert (
        columns.forcing[1, :, 10, DRIVER["nitrate_leached"]]
        < columns.forcing[0, :, 10, DRIVER["nitrate_leached"]]
    ).all()


def test_a_driver_that_nobody_makes_is_refused():
    """A predictor that wants groundwater is told so by name, and so is one whose covariate is absent."""
    odd = Variable("groundwater", "driver", "m", "depth of the groundwater", 0, 10)
    with pytest.raises(PredictorError, match="wants groundwater, which this run does not make"):
        FORCING(cell_table(), replace(SIGNATURE, drivers=(odd,)))
    table = cell_table()
    del table["porosity"]
    with pytest.raises(PredictorError, match="wants porosity"):
        FORCING(table, SIGNATURE)


def test_a_series_must_match_the_table():
    """Climate years that the table does not hold, or that leave gaps, are refused."""
    with pytest.raises(PredictorError, match="climate_year axis of 1"):
        Forcing(YEARS, PATHWAYS, climate_years=(2020, 2021))(cell_table(), SIGNATURE)
    with pytest.raises(PredictorError, match="gaps"):
        Forcing(YEARS, PATHWAYS, climate_years=(2020, 2022))
