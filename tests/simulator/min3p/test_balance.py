"""Law: a balance is judged against what passed; what is left in the column has no say."""

from __future__ import annotations

import numpy as np
import pytest

from eurosic.simulator.min3p.balance import judge_balance, overall, throughput, verdict_notes
from eurosic.simulator.min3p.outputs import Series


def _balance(**cumulative: float) -> Series:
    names = tuple(f"total {name.replace('_', ' ')}" for name in cumulative)
    values = np.array([[0.0] * len(names), list(cumulative.values())])
    return Series(names, ("mol",) * len(names), values, np.array([0.0, 80.0]))


def _error(*cumulative: float, percent: float = 0.0) -> Series:
    names = ("absolute cumulative mass balance error", "relative cumulative mass balance error")
    values = np.array([[error, percent] for error in cumulative])
    return Series(names, ("mol", "%"), values, np.arange(float(len(cumulative))))


def test_throughput_is_the_larger_of_gains_and_losses() -> None:
    """2.6 in, 67.2 dissolved, 0.4 desorbed against 68.9 out: 70.2 mol passed."""
    balance = _balance(mass_influx=2.6, mass_outflux=68.9, source_from_mineral=67.2, source_from_sorbed=0.4)
    assert throughput(balance) == pytest.approx(70.2)


def test_storage_does_not_pass() -> None:
    """What stays in the column is no throughput; a sink counts as a loss."""
    assert throughput(_balance(mass_influx=1.0, change_in_storage=50.0, source_from_sorbed=-3.0)) == 3.0


def test_thousands_of_per_cent_of_nothing_are_no_failure() -> None:
    """Nitrate after a phase-out: -4 753 % by .mae, 2e-5 % of the nitrate that passed."""
    verdict = judge_balance("no3-1", _balance(mass_outflux=20.0), _error(0.0, 4e-6, percent=-4753.0))
    assert verdict.share == pytest.approx(2e-7)
    assert verdict.share_of_mass == pytest.approx(47.53)
    assert verdict.state == "ok"


def test_an_error_that_mae_calls_small_can_be_a_failure() -> None:
    """2 % of the throughput fails, although the column holds so much that .mae says 0.1 %."""
    verdict = judge_balance("ca+2", _balance(mass_outflux=70.0), _error(0.0, -1.4, percent=0.1))
    assert verdict.state == "failed"
    assert "error 1.4 mol, 2.00% of the 70 mol that passed (0.10% by .mae)" in verdict_notes([verdict])[0]


def test_an_error_of_nothing_is_no_failure() -> None:
    """Al: 8 % of the 1.3e-4 mol that passed in 80 years."""
    verdict = judge_balance("al+3", _balance(mass_outflux=1.27e-4), _error(0.0, 1.03e-5))
    assert verdict.share > 0.08
    assert verdict.state == "ok"


def test_the_worst_of_all_times_counts() -> None:
    """An error that comes back to zero is an error."""
    assert judge_balance("ca+2", _balance(mass_outflux=70.0), _error(0.0, 5.0, 0.0)).error == 5.0


def test_without_a_balance_or_an_error_there_is_no_verdict() -> None:
    """A run with .mae alone is not judged; where that reads badly, it is said."""
    alone = judge_balance("h+1", None, _error(1.0, percent=30.0))
    assert alone.state == "not judged"
    assert "no .mac to judge it" in verdict_notes([alone])[0]
    assert judge_balance("h+1", _balance(mass_outflux=1.0), None).state == "not judged"


def test_one_failure_fails_the_run() -> None:
    """And nothing judged is nothing said."""
    good = judge_balance("a", _balance(mass_outflux=1.0), _error(1e-6))
    bad = judge_balance("b", _balance(mass_outflux=1.0), _error(0.5))
    assert overall([good, bad]) == "failed"
    assert overall([good, judge_balance("c", None, None)]) == "ok"
    assert overall([]) == "not judged"
