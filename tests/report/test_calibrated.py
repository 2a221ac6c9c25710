"""Law: an interval of a sum covers the error of the sum, although members agree too well and errors go together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eurosic.report.calibrated import GROUPS, Calibration, Checked, calibrate

T16 = float(stats.t.ppf(0.95, GROUPS))
Z = float(stats.norm.ppf(0.95))
# Quantities, pathways (the baseline first), years.
SHAPE = (1, 2, 3)


def _checked(errors: np.ndarray, members: np.ndarray | None, weight: float = 1.0) -> Checked:
    cells = errors.shape[-1]
    return Checked(errors, members, np.full(cells, 2.0), np.full(cells, weight))


def _constant(value: float, cells: int = 32) -> np.ndarray:
    return np.full((*SHAPE, cells), value)


# --- by hand ---


def test_members_that_err_by_one_where_the_error_is_three_are_stretched_by_three():
    """Deviations of -1, 0 and 1 have a standard deviation of 1; the error is 3 in all cells, so in all groups."""
    members = np.stack([_constant(apart) for apart in (-1.0, 0.0, 1.0)])
    found = calibrate(_checked(_constant(3.0), members), baseline=0)
    factor, mean = found.of(difference=False)
    assert factor == pytest.approx(np.full((1, 2), 3.0 * T16))
    # Every cell was simulated: the mean error is known without an error of sampling.
    assert mean == pytest.approx(np.full(SHAPE, 3.0))
    assert (found.cells, found.groups) == (32, GROUPS)


def test_an_error_that_all_pathways_share_is_none_of_their_differences():
    """Nothing is left of it, and members that differ in nothing are not stretched."""
    members = np.stack([_constant(apart) for apart in (-1.0, 0.0, 1.0)])
    found = calibrate(_checked(_constant(3.0), members), baseline=0)
    factor, mean = found.of(difference=True)
    assert factor == pytest.approx(np.full((1, 2), T16))
    assert mean == pytest.approx(np.zeros(SHAPE))


def test_members_that_differ_more_than_they_err_keep_their_own_interval():
    """Never narrower than theirs: a factor below one is not believed."""
    members = np.stack([_constant(apart) for apart in (-1.0, 0.0, 1.0)])
    factor, _ = calibrate(_checked(_constant(0.1), members), baseline=0).of(difference=False)
    assert factor == pytest.approx(np.full((1, 2), T16))


def test_a_mean_error_has_the_error_of_its_sample():
    """Four of eight cells with errors 1, 3, 1, 3: mean 2, variance 4/3, halved as half of them are known."""
    errors = np.broadcast_to(np.array([1.0, 3.0, 1.0, 3.0]), (*SHAPE, 4))
    _, mean = calibrate(_checked(errors, None, weight=2.0), baseline=0).of(difference=False)
    assert mean == pytest.approx(np.full(SHAPE, 2.0 + Z * np.sqrt(0.5 * 4 / 3 / 4)))


def test_a_single_member_or_none_has_the_mean_error_only():
    """Nobody disagrees with himself."""
    for members in (None, _constant(0.0)[None]):
        factor, mean = calibrate(_checked(_constant(1.0), members), baseline=0).of(difference=False)
        assert (factor == 0).all()
        assert mean == pytest.approx(np.ones(SHAPE))


def test_the_record_gives_the_calibration_back():
    """To six digits, through plain values."""
    rng = np.random.default_rng(0)
    found = calibrate(_checked(rng.normal(size=(*SHAPE, 40)), rng.normal(size=(3, *SHAPE, 40))), baseline=0)
    back = Calibration.from_record(found.as_record())
    np.testing.assert_allclose(back.factors, found.factors, rtol=1e-5)
    np.testing.assert_allclose(back.mean_errors, found.mean_errors, rtol=1e-5, atol=1e-12)
    assert (back.cells, back.groups) == (found.cells, found.groups)


# --- what it is for ---


def _world(seed: int, cells: int = 2048, patches: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Errors and members' deviations: patches of neighbours err together, members a fifth as far as they should."""
    rng = np.random.default_rng(seed)
    patch = np.arange(cells) * patches // cells

    def errors(*leading: int) -> np.ndarray:
        together = rng.normal(size=(*leading, patches))[..., patch]
        return together + 0.5 * rng.normal(size=(*leading, cells)) + 0.3 * rng.normal(size=(*leading, 1))

    members = 0.2 * errors(4)
    return errors(), members - members.mean(axis=0)


def test_intervals_of_sums_cover_nine_times_in_ten():
    """Sums of all cells, and of a region of an eighth, in 200 worlds of which a quarter of the cells is known.

    The members' own interval would cover one time in four.
    """
    covered = {"all": 0, "region": 0, "members alone": 0}
    for seed in range(200):
        error, members = _world(seed)
        sample = np.arange(0, len(error), 4)
        told = Checked(
            error[None, None, None, sample],
            members[:, None, None, None, sample],
            np.ones(len(sample)),
            np.full(len(sample), 4.0),
        )
        factor, mean = (found.item() for found in calibrate(told, baseline=0).of(difference=False))
        for name, cells in (("all", slice(None)), ("region", slice(256, 512))):
            spread = members[:, cells].sum(axis=1).std(ddof=1)
            half = np.hypot(factor * spread, mean * len(error[cells]))
            covered[name] += abs(error[cells].sum()) <= half
        covered["members alone"] += abs(error.sum()) <= stats.t.ppf(0.95, 3) * members.sum(axis=1).std(ddof=1)
    # 0.9 within four standard errors of 200 worlds from below; wider than asked for is no fault here.
    assert covered["all"] >= 180 - 17
    assert covered["region"] >= 180 - 17
    assert covered["members alone"] < 120
