"""Law: a learner of space is tested where it has not been, and its attributions are the prediction, shared out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eurosic.base.errors import InputError
from eurosic.base.request import Kind
from eurosic.explain.observations import PH, STOCK, Observations, square_blocks, stock_of, turned
from eurosic.explain.space import attributions, dependence, fit, matrix, skill

TARGET = f"{STOCK}0_30cm"


def observed(
    covariates: dict[str, np.ndarray], target: np.ndarray, block: np.ndarray, **more
) -> Observations:
    """Return observations made by hand."""
    return Observations(
        "hand",
        "made up",
        Kind.OBSERVED,
        pd.DataFrame(covariates),
        pd.DataFrame({TARGET: target}),
        block,
        **more,
    )


@pytest.fixture(scope="module")
def stepped() -> Observations:
    """Two hundred sites whose stock is 2 above pH 7 and 0 below, whatever their clay."""
    random = np.random.default_rng(1)
    ph, clay = random.uniform(5.0, 9.0, 200), random.uniform(5.0, 50.0, 200)
    return observed({PH: ph, "clay": clay}, np.where(ph > 7.0, 2.0, 0.0), np.arange(200) % 20)


def test_a_step_is_learned_and_attributed_to_what_makes_it(stepped):
    """Blocks left out are foretold almost wholly; clay, which has no part, is given almost nothing."""
    learner = fit(stepped, TARGET)
    values, base = attributions(learner, matrix(stepped))
    size = np.abs(values).mean(axis=0)
    assert skill(stepped, TARGET).r2 > 0.95
    assert size[0] > 50 * size[1]
    assert base == pytest.approx(learner.predict(matrix(stepped)).mean(), abs=1e-6)


def test_attributions_and_base_value_add_up_to_the_prediction(stepped):
    """To 1e-6 of its spread, at every site."""
    learner = fit(stepped, TARGET)
    values, base = attributions(learner, matrix(stepped))
    np.testing.assert_allclose(values.sum(axis=1) + base, learner.predict(matrix(stepped)), atol=2e-6)


def test_dependence_on_ph_is_the_step_itself(stepped):
    """Nothing below, two kilograms above: by hand."""
    curve = dependence(fit(stepped, TARGET), matrix(stepped), PH, np.array([5.5, 6.5, 7.5, 8.5]))
    np.testing.assert_allclose(curve, [0.0, 0.0, 2.0, 2.0], atol=0.02)


def test_sites_at_random_flatter_a_learner_that_only_knows_places():
    """Where each block has its own stock and its own mark, only a test by blocks tells that nothing was learned."""
    random = np.random.default_rng(2)
    block = np.repeat(np.arange(40), 8)
    mark, stock = random.normal(size=40)[block], random.normal(size=40)[block]
    found = skill(observed({"mark": mark}, stock, block), TARGET)
    assert found.r2_random > 0.7
    assert found.r2 < 0.2


def test_four_blocks_are_left_out_one_by_one():
    """Where each of four fields has its own level, the fifth part of a test by folds would know them all."""
    random = np.random.default_rng(9)
    block = np.repeat(np.arange(4), 30)
    level = np.array([0.0, 1.0, 2.0, 3.0])[block]
    found = skill(observed({"mark": level + random.normal(0, 0.1, 120)}, level**2, block), TARGET)
    assert found.r2_random > 0.9
    assert found.r2 < 0.5


def test_a_site_that_counts_twice_is_a_site_that_stands_there_twice(stepped):
    """Drawing by counts and by rows is one thing."""
    times = np.arange(len(stepped)) % 3
    rows = np.repeat(np.arange(len(stepped)), times)
    twice = observed(
        {name: stepped.covariates[name].to_numpy()[rows] for name in stepped.covariates},
        stepped.targets[TARGET].to_numpy()[rows],
        stepped.block[rows],
    )
    x = matrix(stepped)
    np.testing.assert_array_equal(fit(stepped, TARGET, times=times).predict(x), fit(twice, TARGET).predict(x))


def test_a_covariate_that_is_not_known_everywhere_is_taken(stepped):
    """Maps have holes; a learner of trees sends them one way."""
    holes = stepped.covariates.mask(np.random.default_rng(3).random(stepped.covariates.shape) < 0.2)
    assert np.isfinite(fit(stepped, TARGET).predict(holes.to_numpy())).all()


def test_the_other_side_of_the_coin_has_ph_for_its_target(stepped):
    """The stock takes the place of pH among the covariates; sites without pH are left out."""
    holed = observed(
        {
            PH: np.where(np.arange(200) < 10, np.nan, stepped.covariates[PH]),
            "clay": stepped.covariates["clay"],
        },
        stepped.targets[TARGET].to_numpy(),
        stepped.block,
        states={"all": np.ones(200, dtype=bool)},
    )
    other = turned(holed)
    assert (len(other), list(other.targets), list(other.covariates)) == (190, [PH], ["clay", TARGET])
    assert other.unit(PH) == "1"
    assert len(other.states["all"]) == 190


def test_a_stock_by_hand():
    """10 % of calcite in 0.3 m of 1.4 g cm-3, half of it stones: 42 kg of CaCO3, 12 % carbon, half."""
    assert stock_of(10.0, 1.4, 0.3, 0.5) == pytest.approx(21.0 * 12.011 / 100.086, rel=1e-4)


def test_squares_hold_neighbours_and_no_others():
    """Across a side, and across zero, is another square."""
    found = square_blocks([-1.0, 1.0, 99.0, 101.0], [1.0, 1.0, 1.0, 1.0], 100.0)
    assert len(set(found.tolist())) == 3
    assert found[1] == found[2]


@pytest.mark.parametrize(
    ("block", "target", "message"),
    [
        (np.zeros(6, dtype=np.int64), np.ones(6), "at least 4 blocks"),
        (np.arange(6), np.array([1.0, np.nan, 1.0, 1.0, 1.0, 1.0]), "targets that are no numbers"),
        (np.arange(5), np.ones(6), r"parts of \[5, 6\] sites"),
    ],
)
def test_observations_that_say_nothing_are_refused(block, target, message):
    """Too few blocks, a target that is missing, parts of different lengths."""
    with pytest.raises(InputError, match=message):
        observed({PH: np.linspace(5, 8, 6)}, target, block)


def test_a_target_that_is_not_there_is_refused(stepped):
    """With the names of those that are."""
    with pytest.raises(InputError, match=r"has no sic_stock_0_2km; wanted sic_stock_0_30cm"):
        fit(stepped, "sic_stock_0_2km")
