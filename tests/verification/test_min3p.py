"""Law: given MIN3P's physics, the simulator's kernel gives MIN3P's columns; each known difference has its sign."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eurosic.simulator.constants import constants_at
from tests.verification.min3p_columns import Choices, Run, constants_of, load_runs, min3p_constants, simulate
from tests.verification.min3p_compare import REGIMES, THEIRS, compare, determination, relative


@pytest.fixture(scope="module")
def runs(shared_data: Path) -> list[Run]:
    """All 774 MIN3P runs."""
    return load_runs(shared_data / "min3p")


def _some(runs: list[Run], each: int) -> list[Run]:
    # A seeded choice of as many runs of each regime.
    rng = np.random.default_rng(20261122)
    names = np.array([run.regime for run in runs])
    rows = [rng.choice(np.flatnonzero(names == regime), each, replace=False) for regime in REGIMES]
    return [runs[i] for i in np.concatenate(rows)]


def test_the_one_to_one_line_has_a_determination_of_one() -> None:
    """By hand: equal is 1, the mean everywhere is 0; 1.1 against 1.0 is 10 %."""
    theirs = np.array([1.0, 2.0, 3.0])
    assert determination((theirs, theirs)) == 1.0
    assert determination((np.full(3, 2.0), theirs)) == 0.0
    assert relative((np.array([1.1]), np.array([1.0]))) == pytest.approx([10.0])


def test_two_parameter_fits_of_the_constants_lie_within_a_hundredth_of_a_unit() -> None:
    """README of the runs: at most 0.009 log units over 5-20 C."""
    for celsius in (5.0, 10.0, 15.0, 20.0):
        ours, theirs = constants_at(celsius, 0.0)._asdict(), min3p_constants(celsius)._asdict()
        # A constant of CO2 with H+ is a sum of those that were fitted: twice the error at most.
        for name in ("kh", "k1", "k2", "kc", "kw", "ca_hco3", "ca_co3", "mg_hco3", "mg_co3"):
            assert abs(np.log10(theirs[name] / ours[name])) < 0.018, (name, celsius)


def test_every_switch_is_a_choice_that_changes_the_constants() -> None:
    """Exchange, Al(OH)3 and ion size reach the kernel by its constants."""
    base = constants_of(10.0, Choices())
    assert constants_of(10.0, Choices(exchange="eurosic")).x_h == pytest.approx(10.0)
    assert constants_of(10.0, Choices(hydroxide="eurosic")).al_hydroxide == pytest.approx(10**8.3)
    assert constants_of(10.0, Choices(ions="eurosic")).kc > base.kc
    assert base.x_h == pytest.approx(10**3.5)


def test_a_column_starts_with_the_carbonate_of_its_min3p_run(runs: list[Run]) -> None:
    """Design to volumes to mol: SIC of every volume at the start within 1e-4 of MIN3P's."""
    for run in _some(runs, 4):
        found = simulate(run, replace(THEIRS, steps=1))
        assert found.sic[0] == pytest.approx(run.sic[0], rel=1e-4, abs=1e-6)


def test_some_runs_of_each_regime_are_those_of_min3p(runs: list[Run]) -> None:
    """SIC lost since year 1: median 0.5 %, all within 4 %; pH at 0.45 m within 0.02 in nine of ten."""
    c = compare(_some(runs, 12))
    apart = np.abs(relative(c.later))
    assert np.median(apart) < 0.5
    assert apart.max() < 4.0
    assert np.quantile(np.abs(c.ph[0] - c.ph[1])[:, 9], 0.9) < 0.02


def test_a_smaller_calcium_ion_loses_a_few_thousandths_more(runs: list[Run]) -> None:
    """Closed form: at given nitrate Ca goes with Kc / γ(Ca) to a power of at most a third; the loss with Ca."""
    buffered = _some(runs, 8)[:8]
    theirs, ours = (compare(buffered, replace(THEIRS, ions=whose)).later[0] for whose in ("min3p", "eurosic"))
    closed = []
    for run in buffered:
        celsius = run.design.temperature
        kc = [
            constants_of(celsius, replace(THEIRS, ions=w), 3 * run.calcium).kc for w in ("eurosic", "min3p")
        ]
        # Bicarbonate balances what of calcium nitrate does not: d ln Ca (1 + 2 / share) = d ln(Ca HCO3^2).
        share = 1 - run.design.nitrate_leached / run.design.drainage / (2 * run.calcium)
        closed.append(100 * np.log(kc[0] / kc[1]) / (1 + 2 / share))
    assert np.median(relative((ours, theirs)) / closed) == pytest.approx(1.0, abs=0.25)


def test_a_weaker_hold_on_hydrogen_lets_the_front_run_ahead(runs: list[Run]) -> None:
    """H-X log K 1.0 stores less acid than 3.5: more of it meets calcite; β = 0.2 CEC stores more."""
    front = _some(runs, 8)[8:16]
    theirs, weak, variable = (
        compare(front, replace(THEIRS, **terms)).later[0]
        for terms in ({}, {"exchange": "eurosic"}, {"exchange": "eurosic", "slope": 0.2})
    )
    assert np.median(relative((weak, theirs))) > 2.0
    assert np.median(relative((variable, theirs))) < -2.0


@pytest.mark.slow
def test_all_runs_are_those_of_min3p(runs: list[Run]) -> None:
    """774 runs by regime: bias below 1 %, 95th percentile below 5 %, R2 above 0.999."""
    c = compare(runs)
    for regime in REGIMES:
        at = c.regime == regime
        later = (c.later[0][at], c.later[1][at])
        apart = relative(later)
        assert abs(np.median(apart)) < 1.0
        assert np.percentile(np.abs(apart), 95) < 5.0
        assert determination(later) > 0.999
