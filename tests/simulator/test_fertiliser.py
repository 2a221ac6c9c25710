"""Law: every mole of nitrogen is accounted for, and its acid is NH4 in - NH4 out - NO3 in + NO3 out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eurosic.base.errors import PredictorError
from eurosic.base.vocabulary import COVARIATES, STATES, TARGETS
from eurosic.simulator.annual import Column, new_column
from eurosic.simulator.constants import CHARGES, NH4, NO3
from eurosic.simulator.fertiliser import (
    APPLIED,
    CONTENT,
    DENITRIFIED_N,
    FORMS,
    MANAGED,
    TAKEN,
    VOLATILISED,
    Management,
    apply_nitrogen,
    denitrify,
    manage_month,
    take_up,
)
from eurosic.simulator.nitrogen import nitrify
from eurosic.simulator.options import SimulatorOptions, frame_of, settings_of
from eurosic.simulator.simulate import run_managed
from tests.simulator.columns import random_columns

OPTIONS = SimulatorOptions(step="month")
FRAME, SETTINGS = frame_of(OPTIONS), settings_of(OPTIONS)


def _column() -> Column:
    return new_column(random_columns(1).covariates[0], 10.0, FRAME, SETTINGS)


def _managed(**items: float) -> np.ndarray:
    return np.array([items.get(name, 0.0) for name in MANAGED])


def _alkalinity(column: Column) -> float:
    return float((column.store.totals @ CHARGES).sum())


# Acid per mole of N at a leached share l, the rest taken up as nitrate; SCIENCE.md 7.1.
ACID = {
    "ammonium_nitrate": lambda leached: leached,
    "urea": lambda leached: leached,
    "uan": lambda leached: leached,
    "manure": lambda leached: leached,
    "ammonium_sulphate": lambda leached: 1 + leached,
    "calcium_nitrate": lambda leached: -1 + leached,
    "can": lambda leached: leached - 0.24,
    "deposition_nh4": lambda leached: 1 + leached,
    "deposition_no3": lambda leached: -1 + leached,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("leached", [0.0, 0.4, 1.0])
def test_each_form_makes_the_acid_of_the_specification(form: str, leached: float) -> None:
    """Applied without loss, nitrified, a part taken up as nitrate: the fall of alkalinity is the acid."""
    t = np.zeros((1, 8))
    t[0, [NH4, NO3]], t[0, 6], t[0, 0] = CONTENT[FORMS.index(form), :2], *CONTENT[FORMS.index(form), 2:4]
    nitrify(t, 1.0)
    t[0, NO3] *= leached
    assert -(t @ CHARGES)[0] == pytest.approx(ACID[form](leached))


def test_ammonia_that_volatilises_leaves_the_acid_of_its_salt_behind() -> None:
    """SCIENCE.md 7.1: NH4 volatilised from ammonium sulphate 1; from urea 0."""
    for form, acid in (("ammonium_sulphate", 1.0), ("urea", 0.0)):
        row = CONTENT[FORMS.index(form)]
        t = np.zeros(8)
        t[[NH4, NO3, 6, 0]] = row[:4]
        t[NH4] = 0.0
        assert -(t @ CHARGES) == pytest.approx(acid)


def test_denitrified_nitrate_gives_its_acid_back() -> None:
    """Ammonium nitrate, nitrified and wholly denitrified, leaves no acid: 12 months of 90 %, one by one."""
    column = _column()
    column.store.totals[0, NO3] = 1.0
    for _ in range(12):
        denitrify(column, 0.9, FRAME)
    assert column.store.totals[0, NO3] == pytest.approx(0.1)
    assert column.nitrogen[DENITRIFIED_N] == pytest.approx(0.9)
    assert _alkalinity(column) == pytest.approx(-0.1)


def test_roots_take_no_more_than_there_is_and_ask_again() -> None:
    """By hand: 0.2 of 0.5 mol is there; the rest is owed, and taken when it comes."""
    column = _column()
    column.store.totals[0, NO3] = 0.2
    assert take_up(column, 0.5) == pytest.approx(0.2)
    column.store.totals[0, NO3] = 1.0
    assert take_up(column, 0.0) == pytest.approx(0.3)
    assert column.store.totals[0, NO3] == pytest.approx(0.7)


@settings(deadline=None, max_examples=60)
@given(
    amounts=st.lists(st.floats(0, 1), min_size=len(FORMS), max_size=len(FORMS)),
    nue=st.floats(0, 1),
    denitrified=st.floats(0, 0.9),
    ash=st.floats(0, 1),
)
def test_a_year_of_management_accounts_for_every_mole(
    amounts: list[float], nue: float, denitrified: float, ash: float
) -> None:
    """Applied = volatilised + denitrified + taken up + what is in the column; uptake never above demand."""
    column = _column()
    managed = np.array([*amounts, nue, denitrified, ash])
    exported = 0.0
    for month in range(12):
        manage_month(column, managed, month, 12.0, (FRAME, SETTINGS))
        exported -= float((column.step.sources @ CHARGES).sum())
    gone = column.nitrogen[[VOLATILISED, DENITRIFIED_N, TAKEN]].sum()
    held = column.store.totals[:, [NH4, NO3]].sum()
    assert column.nitrogen[APPLIED] == pytest.approx(sum(amounts))
    assert gone + held == pytest.approx(sum(amounts), abs=1e-12)
    assert column.nitrogen[TAKEN] <= nue * sum(amounts) + 1e-12
    assert exported == pytest.approx(ash * column.nitrogen[TAKEN], abs=1e-12)
    assert column.store.totals[:, [NH4, NO3]].min() >= 0.0


def test_applications_follow_the_season_and_deposition_falls_all_year() -> None:
    """Nothing spread in January, a twelfth of the deposition."""
    column = _column()
    apply_nitrogen(column, _managed(urea=1.0, deposition_nh4=1.2), 0, FRAME, SETTINGS)
    assert column.nitrogen[APPLIED] == pytest.approx(0.1)


def _run(**items: float) -> np.ndarray:
    columns = random_columns(6, years=20)
    columns.state[..., list(STATES).index("sic")] = 20.0
    columns.covariates[:, list(COVARIATES).index("cec_ph_slope")] = 0.0
    row = _managed(**items)
    management = Management(np.tile(row, (1, 6, 20, 1)), np.tile(row, (6, 1)))
    found = run_managed(OPTIONS, columns, management)
    assert found.converged.all()
    return found.values[0, :, -1]


def test_forms_that_make_more_acid_lose_more_carbonate() -> None:
    """0.7 mol of N: calcium nitrate < ammonium nitrate < ammonium sulphate, in every column."""
    change = list(TARGETS).index("sic_change_0_200cm")
    base, mild, strong = (
        _run(**{form: 0.7}, nue=0.6)[:, change]
        for form in ("calcium_nitrate", "ammonium_nitrate", "ammonium_sulphate")
    )
    assert (base > mild).all()
    assert (mild > strong).all()


def test_what_crops_do_not_take_up_is_leached() -> None:
    """NUE 0 against 0.9: leaching falls, and is the nitrogen applied when nothing takes it."""
    leaching = list(TARGETS).index("nitrate_leaching")
    none, much = (_run(calcium_nitrate=0.5, nue=nue)[:, leaching] for nue in (0.0, 0.9))
    assert (much < none).all()
    assert np.median(none) == pytest.approx(0.5 * 0.014007, rel=0.1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ((np.zeros((1, 2, 3, 4)), np.zeros((2, 12))), "years has shape"),
        ((np.zeros((1, 2, 3, 12)), np.zeros((3, 12))), "baseline has shape"),
        ((np.full((1, 2, 3, 12), 2.0), np.zeros((2, 12))), "nue beyond its range"),
        ((np.zeros((1, 2, 3, 12)), np.full((2, 12), -1.0)), "nue beyond its range"),
        ((np.full((1, 2, 3, 12), np.nan), np.zeros((2, 12))), "nue beyond its range"),
    ],
)
def test_management_that_does_not_fit_is_refused(wrong: tuple[np.ndarray, np.ndarray], told: str) -> None:
    """Shapes and shares, each with what was wanted."""
    with pytest.raises(PredictorError, match=told):
        Management(*wrong)


def test_the_annual_step_knows_no_forms() -> None:
    """Management needs months, and says so."""
    columns = random_columns(1, years=1)
    management = Management(np.zeros((1, 1, 1, 12)), np.zeros((1, 12)))
    with pytest.raises(PredictorError, match="needs months"):
        run_managed(SimulatorOptions(), columns, management)
