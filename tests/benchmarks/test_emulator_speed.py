"""Law: what an emulator's year costs is told as shares of what this machine can do, measured in the same run.

Processor time of one core, best of several: a machine's neighbours inflate even that. No time is asserted, only
ratios. `pytest tests/benchmarks -s` prints the table of docs/9-emulators.md.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from eurosic.base.signature import Columns, names
from eurosic.emulator.batches import ROWS
from eurosic.emulator.load import load_emulator
from eurosic.emulator.microbatch import MicroBatch
from eurosic.emulator.predict import Emulator
from eurosic.simulator.simulate import Simulator, run_unchecked
from eurosic.workflow.predictors import find_card
from tests.simulator.columns import random_columns

YEARS, VARIANTS = 80, 8
# CPU seconds of a MIN3P run of 80 years, median of 946 (data/min3p/README.md).
MIN3P_SECONDS = 1.93


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """The shipped emulator, on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield load_emulator(find_card("sic-v1", None))
    torch.set_num_threads(before)


def _best(work: Callable[[], object], times: int = 5) -> float:
    work()
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def _columns(emulator: Emulator, cells: int) -> Columns:
    """Random columns under eight courses of nitrogen, in the emulator's signature."""
    full = random_columns(cells, years=YEARS)
    of = {
        "covariates": [
            names(Simulator().signature.covariates).index(n) for n in names(emulator.signature.covariates)
        ],
        "states": [names(Simulator().signature.states).index(n) for n in names(emulator.signature.states)],
    }
    steady = np.repeat(full.baseline[:, None], YEARS, axis=1)
    courses = np.stack([steady] * VARIANTS)
    nitrate = names(emulator.signature.drivers).index("nitrate_leached")
    courses[..., nitrate] *= np.linspace(0.0, 1.0, VARIANTS)[:, None, None]
    return Columns(
        full.covariates[:, of["covariates"]], full.state[..., of["states"]], full.baseline, courses
    )


@pytest.mark.bench
def test_a_member_year_beside_products_of_matrices_and_the_simulator(emulator: Emulator) -> None:
    """One member reaches a tenth of the peak of matrix products, and is 30 times as fast as the simulator."""
    columns = _columns(emulator, ROWS // VARIANTS)
    one = emulator.network.of(0)
    square = torch.randn(1024, 1024)
    with torch.inference_mode():
        peak = 2 * 1024**3 / _best(lambda: square @ square)
        batch = MicroBatch(columns, emulator.signature, emulator.frame)
        run = _best(lambda: batch.run(one))
    whole = _best(lambda: emulator.predict_members(columns)) / emulator.members
    cell_years = ROWS * YEARS
    products = 2 * sum(w.shape[-1] * w.shape[-2] for w in one.step)
    simulated = random_columns(100, years=YEARS)
    simulator = 100 * (YEARS + 20) / _best(lambda: run_unchecked(Simulator().options, simulated), 2)
    print(  # noqa: T201 - a bench prints
        f"\npeak of matrix products      {peak / 1e9:6.0f} GFLOP/s"
        f"\none member, its years        {cell_years / run / 1e6:6.2f} million cell-years/s,"
        f" {products * cell_years / run / peak:.2f} of the peak"
        f"\none member, all of predict   {cell_years / whole / 1e6:6.2f} million cell-years/s"
        f"\nover the simulator (annual)  {cell_years / run / simulator:6.0f}"
        f"\nover MIN3P                   {cell_years / run / (YEARS / MIN3P_SECONDS):6.0f}"
    )
    assert products * cell_years / run > 0.1 * peak
    assert cell_years / run > 30 * simulator


@pytest.mark.bench
def test_micro_batches(emulator: Emulator) -> None:
    """Micro-batches: too short is overhead, too long leaves the cache; the chosen length is near the best."""
    one, rates = emulator.network.of(0), {}
    with torch.inference_mode():
        for rows in (256, 1024, 2048, 4096, 8192):
            batch = MicroBatch(_columns(emulator, rows // VARIANTS), emulator.signature, emulator.frame)
            rates[rows] = rows * YEARS / _best(lambda b=batch: b.run(one), 3)
            print(f"\n{rows:>6} rows: {rates[rows] / 1e6:.2f} million cell-years/s")  # noqa: T201 - a bench prints
    assert rates[ROWS] > 0.6 * max(rates.values())


@pytest.mark.bench
def test_the_floor_below_which_python_cannot_go(emulator: Emulator) -> None:
    """The products of matrices alone, of the sizes of a step: what packed weights could save at most."""
    one = emulator.network.of(0)
    weights = emulator.network.member(0)
    inputs = [torch.randn(w.shape[-1], ROWS) for w in weights]
    with torch.inference_mode():
        batch = MicroBatch(_columns(emulator, ROWS // VARIANTS), emulator.signature, emulator.frame)
        run = _best(lambda: batch.run(one))
        products = _best(lambda: [w @ x for _ in range(YEARS) for w, x in zip(weights, inputs, strict=True)])
    print(f"\nproducts of matrices are {products / run:.2f} of a member's year")  # noqa: T201 - a bench prints
    assert products < run


def test_the_columns_of_the_bench_are_legal(emulator: Emulator) -> None:
    """What is timed could be a run's: nothing is refused, nothing is NaN."""
    few = _columns(emulator, 8)
    prediction = dataclasses.replace(emulator, domain=None).predict(few)
    assert np.isfinite(prediction.values).all()
