"""Law: a state of the world is predicted as a tile is; what a draw changes is the difference of two predictions."""

from __future__ import annotations

import numpy as np
import pytest

from eurosic.base.grid import Tile
from eurosic.base.summed import SINCE_START, SUMMED, TOTALLED
from eurosic.projection.drawn import SIMULATED, UNDRAWN, World, predict_drawn
from eurosic.projection.outside import Fate, OutsideRule
from eurosic.projection.tile import TileSpec, predict_tile
from tests.toy import RATE, ToyEmulator, ToyForcing, ToyPredictor, toy_rows

YEARS = 11
CHANGE = SUMMED.index("sic_change_0_200cm")
FORCING = ToyForcing((1.0, 0.0), YEARS)


def _spec(**options: object) -> TileSpec:
    return TileSpec(np.array([[1, 0], [0.75, 0.25]]), reported=(0, 5, 10), countries=(), batch=7, **options)


def _more(rows: dict, *, draw: int) -> dict:
    """A draw in which everybody leaches more nitrate, by a hundredth of its number."""
    return {**rows, "nitrate_leached": rows["nitrate_leached"] * (1.0 + draw / 100)}


def test_a_draw_of_more_nitrate_by_hand():
    """Ten per cent more of 0.2 mol in eleven years: 0.022 mol x 11 x rate is lost besides, where it is there."""
    rows = toy_rows(3) | {"sic": np.full((3, 6), 5.0), "nitrate_leached": np.full(3, 0.2)}
    world = World(rows, _more, FORCING, ToyPredictor(), _spec())
    apart = world(10).less(world(UNDRAWN))
    np.testing.assert_allclose(apart[CHANGE, 0, -1], -RATE * 0.02 * 11, rtol=1e-4)
    # A pathway with a quarter of its area at zero N feels three quarters of it.
    np.testing.assert_allclose(apart[CHANGE, 1], 0.75 * apart[CHANGE, 0], rtol=1e-4)


def test_the_undrawn_world_is_the_tile():
    """Cell by cell, in the reported years."""
    rows = toy_rows(20)
    found = predict_drawn(rows, forcing=FORCING, predictor=ToyPredictor(), spec=_spec())
    tile = predict_tile(Tile(0, 0, 20), rows, forcing=FORCING, predictor=ToyPredictor(), spec=_spec())
    for q, name in enumerate(TOTALLED):
        np.testing.assert_allclose(found.values[q], tile.values[name], rtol=1e-6, err_msg=name)
    assert (found.outside, found.failed) == (0, 0)


def test_a_flux_is_summed_over_every_year_since_the_start():
    """Not only over the reported ones: a constant flux of 0.01 is 0.01, 0.06 and 0.11."""
    emulator = ToyEmulator(ToyPredictor())
    values = emulator.predict(FORCING(toy_rows(4), emulator.signature)).values
    flux = emulator.signature.target_index("co2_to_air_from_carbonate")

    class Steady(ToyEmulator):
        def predict(self, columns):
            found = super().predict(columns)
            found.values[..., flux] = 0.01
            return found

    assert values.shape[2] == YEARS
    found = predict_drawn(toy_rows(4), forcing=FORCING, predictor=Steady(ToyPredictor()), spec=_spec())
    np.testing.assert_allclose(
        found.values[SUMMED.index(SINCE_START), 0, :, 0], [0.01, 0.06, 0.11], rtol=1e-6
    )


def _denser(rows: dict, *, draw: int) -> dict:
    """A draw that changes nothing but what decides on the domain, and of odd cells nitrate too."""
    odd = np.arange(len(rows["bulk_density"])) % 2
    moved = rows["bulk_density"] + np.where(np.arange(len(odd)) % 3, 1.0, -1.0) * draw / 100
    return {**rows, "bulk_density": moved, "nitrate_leached": rows["nitrate_leached"] * (1.0 + 0.1 * odd)}


def test_a_draw_across_the_border_of_the_domain_holds_no_error_of_the_predictor():
    """Either way across: the fallback's difference, exactly; inside before and after: the predictor's."""
    rows = toy_rows(40) | {"sic": np.full((40, 6), 5.0)}
    limit = float(np.median(rows["bulk_density"]))
    emulator, spec = (
        ToyEmulator(bias=0.5, limit=limit),
        _spec(outside=OutsideRule(Fate.SIMULATE, ToyPredictor())),
    )
    before = rows["bulk_density"] > limit
    world = World(rows, _denser, FORCING, emulator, spec, before)
    drawn = world(10)
    after = _denser(rows, draw=10)["bulk_density"] > limit
    assert (before & ~after).any()
    assert (after & ~before).any()
    found = drawn.less(world(UNDRAWN), world(SIMULATED))[CHANGE, 0, -1]
    plain = World(rows, _denser, FORCING, ToyPredictor(), _spec())
    true = plain(10).less(plain(UNDRAWN))[CHANGE, 0, -1]
    assert (true == 0).sum() == 20
    np.testing.assert_allclose(found, np.where(before | after, 1.0, 1.5) * true, rtol=1e-4, atol=1e-7)
    assert drawn.simulated.tolist() == (before | after).tolist()
    assert drawn.outside == (before | after).sum()


def test_a_world_that_is_simulated_is_the_fallbacks_whatever_the_domain():
    """All cells, in the draws as in the undrawn world, where the run itself simulated all."""
    rows = toy_rows(9)
    spec = _spec(outside=OutsideRule(Fate.SIMULATE, ToyPredictor()))
    world = World(rows, _more, FORCING, ToyEmulator(bias=0.5), spec, np.ones(9, dtype=bool))
    plain = World(rows, _more, FORCING, ToyPredictor(), _spec())
    for draw, same in ((SIMULATED, UNDRAWN), (UNDRAWN, UNDRAWN), (7, 7)):
        np.testing.assert_array_equal(world(draw).values, plain(same).values)


@pytest.mark.parametrize("fate", [Fate.MASK, Fate.KEEP])
def test_a_cell_that_a_draw_takes_outside_keeps_its_value_and_is_counted(fate):
    """Draws without their extremes would be too narrow."""
    rows = toy_rows(20)
    spec = _spec(outside=OutsideRule(fate))
    found = predict_drawn(rows, forcing=FORCING, predictor=ToyEmulator(limit=1.3), spec=spec)
    outside = int((rows["bulk_density"] > 1.3).sum())
    assert 0 < outside == found.outside
    assert np.isfinite(found.values).all()


def test_a_cell_that_is_to_be_simulated_is():
    """With the simulator's value, in the draw as in the run."""
    rows = toy_rows(20)
    spec = _spec(outside=OutsideRule(Fate.SIMULATE, ToyPredictor()))
    found = predict_drawn(rows, forcing=FORCING, predictor=ToyEmulator(limit=1.3, bias=0.5), spec=spec)
    plain = predict_drawn(rows, forcing=FORCING, predictor=ToyPredictor(), spec=_spec())
    outside = rows["bulk_density"] > 1.3
    np.testing.assert_array_equal(found.values[..., outside], plain.values[..., outside])
    np.testing.assert_allclose(
        found.values[CHANGE][..., ~outside], 1.5 * plain.values[CHANGE][..., ~outside], rtol=1e-5
    )


def test_a_cell_that_fails_changes_nothing_and_is_counted():
    """Its deviation is zero, for nothing is known of it."""
    rows = toy_rows(12)
    limit = float(np.median(rows["bulk_density"]))
    world = World(rows, _more, FORCING, ToyPredictor(fails_above=limit), _spec())
    drawn = world(10)
    failed = rows["bulk_density"] > limit
    assert drawn.failed == failed.sum() > 0
    apart = drawn.less(world(UNDRAWN))
    assert (apart[..., failed] == 0).all()
    assert np.isfinite(apart).all()
