"""Law: the shipped emulator has learnt it: over calcite nitrogen costs carbon and no pH, without it the reverse."""

from __future__ import annotations

import numpy as np
import pytest

from eurosic.base.pathway import BASELINE, NueRule, Pathway, Treatment, step
from eurosic.emulator.load import load_emulator
from eurosic.explain.agreement import agreement_of
from eurosic.explain.attribution import Background, Game, attribute, check_additive, open_game
from eurosic.explain.gradients import integrated_gradients
from eurosic.explain.groups import groups_of
from eurosic.explain.levers import lever_game
from eurosic.explain.shapley import exact_design, sampled_design
from eurosic.explain.targets import TARGETS
from eurosic.inputs.climate import ClimateOptions
from eurosic.inputs.covariates import derive_cells
from eurosic.inputs.forcing import Forcing
from eurosic.inputs.raw import CLIMATE_COLUMNS, RawForcing
from eurosic.inputs.soil import SoilOptions
from eurosic.workflow.explain_value import RunValue
from eurosic.workflow.predictors import find_card

YEARS = tuple(range(2020, 2071))
SIC, PH = 1, 2
PLAYED = ("texture", "drainage", "mineral_n")


def _rows(clay, rain, mineral, *, carbonate: float, decalcified: float) -> dict[str, np.ndarray]:
    """Return raw rows of a loam in a temperate climate; what is not given is the same everywhere."""
    clay, rain, mineral = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, float)) for v in (clay, rain, mineral))
    )
    cells = len(clay)
    soil = {
        "carbonate": np.full(cells, carbonate), "decalcified_depth": np.full(cells, decalcified),
        "clay": clay.copy(), "sand": 70.0 - clay, "organic_carbon": np.full(cells, 1.5),
    }  # fmt: skip
    months = np.tile(10.0 - 9.0 * np.cos(np.arange(12) * np.pi / 6), (cells, 1))
    climate = {
        "monthly_temperature": months,
        "monthly_precipitation": rain[:, None] / 12.0 + np.zeros((1, 12)),
    }
    derived = derive_cells(
        {**soil, **climate}, latitude=np.full(cells, 47.0), soil=SoilOptions(), climate=ClimateOptions()
    )
    nitrogen = {
        "mineral_n": mineral.copy(), "manure_n": np.full(cells, 40.0), "deposition_nh4": np.full(cells, 6.0),
        "deposition_no3": np.full(cells, 4.0), "nitrogen_use_efficiency": np.full(cells, 0.6),
    }  # fmt: skip
    return {**soil, **{name: derived[name] for name in CLIMATE_COLUMNS}, **nitrogen}


@pytest.fixture(scope="module")
def value() -> RunValue:
    """What sic-v1 says of raw rows after fifty years, along the baseline."""
    forcing = RawForcing(Forcing(YEARS, (Pathway(BASELINE),)), SoilOptions())
    return RunValue(forcing, load_emulator(find_card("sic-v1", None)), (len(YEARS) - 1,), TARGETS)


KINDS = {
    "buffered": {"carbonate": 15.0, "decalcified": 0.0},
    "depleted": {"carbonate": 15.0, "decalcified": 2.0},
}


def _game(value: RunValue, kind: str) -> Game:
    typical = _rows([18.0, 28.0, 22.0], [650.0, 750.0, 800.0], [60.0, 40.0, 80.0], **KINDS[kind])
    groups = tuple(group for group in groups_of(typical) if group.name in PLAYED)
    return open_game(groups, Background(typical, np.full(3, 1 / 3)), value, batch=value.batch)


def _mineral_n(value: RunValue, kind: str) -> np.ndarray:
    """Return what 180 kg of mineral N instead of 60 do, ``(target,)``."""
    game = _game(value, kind)
    found = attribute(
        game, _rows(23.0, 730.0, 180.0, **KINDS[kind]), exact_design(3, game.background.weights)
    )
    assert check_additive(found, floor=np.array([t.floor for t in TARGETS]), where=kind) < 1e-6
    return found.results[0, [group.name for group in game.groups].index("mineral_n"), 0, 0]


def test_over_calcite_nitrogen_takes_carbon_and_leaves_ph(value):
    """A buffered column: 120 kg more mineral N cost more than 2 kg C ha-1 yr-1, and less than 0.05 of pH."""
    parts = _mineral_n(value, "buffered")
    assert parts[SIC] * 1e4 / len(YEARS) < -2.0
    assert abs(parts[PH]) < 0.05


def test_without_calcite_nitrogen_takes_ph_and_no_carbon(value):
    """A depleted column: nothing is left to lose, and the acid lowers pH by more than 0.2."""
    parts = _mineral_n(value, "depleted")
    assert abs(parts[SIC] * 1e4 / len(YEARS)) < 0.2
    assert parts[PH] < -0.2


def test_a_pathway_that_stops_mineral_nitrogen_says_the_same_by_its_levers(value):
    """The difference from the baseline, shared among mineral N and the rule of NUE: all of it, mostly mineral N's."""
    stop = Treatment(mineral=step(2020, 1.0, 0.0), nue=NueRule.DIMINISHING_RETURNS)
    game = lever_game(Pathway("stop", ((1.0, stop),)))
    along = value.along((Pathway(BASELINE), *game.coalitions))
    for kind, target, other in (("buffered", SIC, PH), ("depleted", PH, SIC)):
        told = along(_rows(23.0, 730.0, 120.0, **KINDS[kind]))[0]
        parts = game.attributions(told[1:])[:, 0]
        np.testing.assert_allclose(parts.sum(axis=0), told[-1, 0] - told[0, 0], atol=1e-9)
        assert parts[0, target] > abs(parts[1, target])
        size = np.abs(parts[0]) / [1.0, 5e-3, 5e-2]
        assert size[target] > size[other], kind


def test_two_explainers_that_share_nothing_agree(value):
    """Rank correlation of permutations with slopes along the straight way at least 0.9 for each target and group."""
    rng = np.random.default_rng(3)
    rows = _rows(
        rng.uniform(12, 32, 24), rng.uniform(550, 900, 24), rng.uniform(20, 160, 24), **KINDS["buffered"]
    )
    game = _game(value, "buffered")
    walked = attribute(game, rows, sampled_design(3, game.background.weights, seed=1)).results
    straight = integrated_gradients(game, rows).results
    for place, target in enumerate(TARGETS):
        agreed = agreement_of(walked[:, :, 0, 0, place], straight[:, :, 0, 0, place])
        assert agreed.lowest is not None
        assert agreed.lowest >= 0.9, target.name
