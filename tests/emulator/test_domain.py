"""Law: what is like the training columns is inside; what lies beyond one of them, or cannot be, is outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eurosic.base.errors import CardError, PredictorError
from eurosic.base.signature import Columns, Signature
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES
from eurosic.emulator.domain import JOINT, MARGIN, Domain, domain_features, fit_domain
from tests.emulator.columns import SIGNATURE, designed, european, impossible, rows_of
from tests.emulator.domain_table import split

# What the mixture must catch of columns that break a law of soils, measured minus its spread between seeds.
LEAST_CAUGHT = {"bases by depth": 0.88, "bases | carbonate": 0.88}


@pytest.fixture(scope="module")
def columns():
    """Columns of the European ensemble."""
    return designed()


@pytest.fixture(scope="module")
def features(columns):
    """What decides about them, and its names."""
    return domain_features(columns, SIGNATURE)


@pytest.fixture(scope="module")
def parts(columns):
    """Which columns are trained on, and which are held out."""
    return split(len(columns.covariates), 0)


@pytest.fixture(scope="module")
def domain(features, parts):
    """The domain of seven in ten of them."""
    return fit_domain(features[0][parts[0]], features[1], seed=0)


# By hand.


def _one_column(**changes: float) -> tuple[Columns, Signature]:
    """One cell, two pathways, three years, of two covariates, one state and two drivers."""
    signature = Signature(
        (COVARIATES["field_capacity"], COVARIATES["wilting_point"]),
        (STATES["sic"],),
        (DRIVERS["temperature"], DRIVERS["nitrate_leached"]),
        (),
    )
    forcing = np.array([[[[11.0, 0.3], [12.0, 0.2], [8.0, 0.1]]], [[[10.0, 0.3], [11.0, 0.4], [10.0, 0.3]]]])
    sic = np.array([[0.0, 0.01, 1.0, 1.0, 1.0, 100.0]])[:, :, np.newaxis]
    return Columns(np.array([[0.30, 0.12]]), sic, np.array([[10.0, 0.3]]), forcing), signature


def test_the_features_of_a_column_are_these():
    """Least, largest and departure over all pathways and years; stocks from linear to logarithmic."""
    made, names = domain_features(*_one_column())
    told = dict(zip(names, made[0], strict=True))
    assert told["field_capacity"] == 0.30
    assert told["available water"] == pytest.approx(0.18)
    assert (told["temperature before"], told["least temperature"], told["largest temperature"]) == (
        10.0,
        8.0,
        12.0,
    )
    assert told["departure of temperature"] == 2.0
    # asinh(x / 0.02): 0.1 is 5 floors, 0.4 is 20.
    assert told["least nitrate_leached"] == pytest.approx(np.log(5 + np.sqrt(26)))
    assert told["largest nitrate_leached"] == pytest.approx(np.log(20 + np.sqrt(401)))
    assert told["sic 0-5 cm"] == 0.0
    assert told["sic 100-200 cm"] - told["sic 60-100 cm"] == pytest.approx(np.log(100), abs=1e-3)
    assert not any("departure of nitrate" in name for name in names)


def test_combinations_are_made_only_where_the_signature_has_their_parts(features):
    """An emulator that knows less is judged by less."""
    few = set(domain_features(*_one_column())[1])
    assert "drained share of precipitation" in features[1]
    assert "drained share of precipitation" not in few
    assert len(set(features[1])) == len(features[1]) == features[0].shape[1]


# Laws.


@given(st.data())
def test_a_value_pushed_beyond_its_range_is_outside(features, parts, domain, data):
    """Every feature, upwards and downwards, by however little more than the margin, whatever the column."""
    i = data.draw(st.integers(0, len(domain.names) - 1))
    beyond = data.draw(st.floats(1e-6, 1e6))
    cells = features[0][parts[1][:50]].copy()
    # The least step that a float of this size can make is not a push.
    step = beyond * (1.0 + abs(domain.high[i]))
    cells[:, i] = (
        domain.high[i] + domain.margin[i] + step
        if data.draw(st.booleans())
        else domain.low[i] - domain.margin[i] - step
    )
    assert not domain.inside(cells).any()
    assert domain.reasons(cells)[domain.names[i]] == 50


@given(st.integers(0, 59), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_value_that_is_no_number_is_outside(features, domain, i, value):
    """NaN and infinity are never inside, and stop no other cell."""
    cells = features[0][:20].copy()
    before = domain.inside(cells)
    cells[3, i] = value
    after = domain.inside(cells)
    assert not after[3]
    assert (np.delete(after, 3) == np.delete(before, 3)).all()


def test_a_cell_is_judged_by_itself(features, domain):
    """However cells are cut, the answer is one: 8 192 in one go, or 100 at a time, or backwards."""
    cells = np.vstack([features[0], features[0][::-1]])
    whole = domain.inside(cells)
    cut = np.concatenate([domain.inside(cells[i : i + 100]) for i in range(0, len(cells), 100)])
    assert (cut == whole).mean() > 0.9999
    assert (whole[: len(features[0])] == whole[len(features[0]) :][::-1]).mean() > 0.9999


def test_a_domain_comes_back_from_its_arrays(features, domain):
    """What is stored beside the weights answers as what was fitted."""
    arrays = {name: array.copy() for name, array in domain.arrays().items()}
    again = Domain.from_arrays(arrays)
    assert again.names == domain.names
    assert again.threshold == domain.threshold
    np.testing.assert_array_equal(again.inside(features[0]), domain.inside(features[0]))
    assert sum(array.nbytes for array in arrays.values()) < 100_000


def test_the_same_seed_gives_the_same_domain(features):
    """Training is to be repeated to the last bit."""
    one, other = (fit_domain(features[0][:500], features[1], seed=7).arrays() for _ in range(2))
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


# Promises.


def test_of_held_out_columns_one_in_a_hundred_is_outside_at_most(features, parts, domain):
    """Columns of the design that no domain has seen; and the density does call some unusual."""
    held = features[0][parts[1]]
    outside = ~domain.inside(held)
    assert 0 < outside.mean() <= 0.01
    assert domain.reasons(held)[JOINT] >= 1


def test_columns_that_cannot_be_are_outside(columns, parts, domain):
    """Parts of different columns put together, where they break a law of soils; each part is one that was trained."""
    mixed = impossible(rows_of(columns, parts[1]), np.random.default_rng(0))
    for name, (made, broken) in mixed.items():
        assert broken.sum() > 100, name
        told = domain_features(made, SIGNATURE)[0][broken]
        assert (~domain.inside(told)).mean() >= LEAST_CAUGHT.get(name, 0.97), name


def test_a_climate_that_moves_is_outside(columns, domain):
    """The ensemble holds its climate: a warming of one kelvin within the range of temperatures was never trained."""
    some = rows_of(columns, np.arange(200))
    warming = np.linspace(0.0, 1.0, some.forcing.shape[2])[:, np.newaxis] * (np.arange(len(DRIVERS)) == 0)
    warmer = Columns(some.covariates, some.state, some.baseline, some.forcing + warming)
    assert not domain.inside(domain_features(warmer, SIGNATURE)[0]).any()
    assert domain.reasons(domain_features(warmer, SIGNATURE)[0])["departure of temperature"] == 200


def test_few_cells_of_the_real_maps_are_outside(features, shared_data):
    """Europe at 10 km along eight pathways, by the domain of the whole design."""
    cells = domain_features(european(shared_data / "inputs"), SIGNATURE)[0]
    domain = fit_domain(*features, seed=0)
    assert len(cells) > 4000
    assert (~domain.inside(cells)).mean() <= 0.02, domain.reasons(cells)
    # The maps lie within the joint density wherever they lie within the ranges.
    assert domain.reasons(cells).get(JOINT, 0) <= 0.001 * len(cells)


def test_the_margin_is_a_share_of_the_range(features, domain):
    """A value within it is not pushed out by its range."""
    i = domain.names.index("temperature before")
    width = domain.high[i] - domain.low[i]
    assert domain.margin[i] == pytest.approx(MARGIN * width, rel=1e-3)


# Refusals.


def test_fewer_features_than_trained_are_refused(features, domain):
    """The numbers of both are told."""
    with pytest.raises(PredictorError, match=r"3 features; wanted 60"):
        domain.inside(features[0][:, :3])


@pytest.mark.parametrize("spoil", ["few", "nan", "same"])
def test_columns_that_give_no_domain_are_refused(features, spoil):
    """Too few, one that is no number, or all alike."""
    cells = features[0][:100].copy()
    if spoil == "nan":
        cells[5, 5] = np.nan
    cells = {"few": cells[:19], "nan": cells, "same": np.ones_like(cells)}[spoil]
    with pytest.raises(PredictorError, match="wanted at least 20, all finite and not all the same"):
        fit_domain(cells, features[1], seed=0)


def test_a_file_without_its_domain_is_refused(domain):
    """The missing arrays are named."""
    arrays = domain.arrays()
    del arrays["means"], arrays["low"]
    with pytest.raises(CardError, match=r"lacks low, means\. Train it again"):
        Domain.from_arrays(arrays)
