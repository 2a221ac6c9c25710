"""The plan: tiles, bytes, memory and time of a projection, said before anything runs.

*Enters:* what the projection promises (`Extent`), the predictor's measured speed, the machine. *Leaves:* a `Plan`;
`check_plan` refuses what does not fit, naming the worst stage. Nothing is computed or written here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from eurosic.base.errors import PlanError
from eurosic.base.signature import Columns, Predictor, Signature
from eurosic.base.vocabulary import STANDARD_DEPTHS, STOCKS, Variable
from eurosic.projection.template import Extent
from eurosic.projection.tile import TOTALLED, TileSpec

# Bytes; peak of a worker beyond its tile: 370 MB measured (`peak_memory_of_a_worker_MB` of run.json) where the
# compiled simulator lies on the disk, and room for one that must compile it.
_WORKER_AT_REST = 520e6
# Arrays of a batch that live at once: forcing, prediction, pathways, and one copy of each in flight.
_COPIES = 4


@dataclass(frozen=True)
class Plan:
    """The footprint of a projection.

    `bytes_out` is the size before compression, an upper bound; `seconds` is wall time on `workers` workers, and
    `worst` names the stage that asks for the most memory.
    """

    cells: int
    tiles: int
    column_years: float
    bytes_out: float
    memory_per_worker: float
    seconds: float
    workers: int
    worst: str

    @property
    def core_hours(self) -> float:
        """Time of all workers together, h."""
        return self.seconds * self.workers / 3600


def plan_projection(
    extent: Extent, signature: Signature, *, spec: TileSpec, spin_up: int, rate: float, workers: int
) -> Plan:
    """Return the footprint of a projection.

    Parameters
    ----------
    extent
        What is promised.
    signature
        Of the predictor.
    spec
        Of the tiles: shares of variants, batch.
    spin_up
        Years stepped before the start, once a cell.
    rate
        Column-years a second of one worker, as `measure_rate` gives it.
    workers
        Processes that will share the work.
    """
    pathways, variants = spec.shares.shape
    years = len(extent.every_year)
    column_years = float(extent.cells) * (variants * years + spin_up)
    batch = spec.batch * years * 8 * (variants + pathways) * _COPIES
    stages = {
        "predicting a batch": batch * (len(signature.drivers) + len(signature.targets)) / 2,
        "holding a tile's results": 2.0 * extent.tile * _bytes_per_cell(extent, signature),
    }
    worst = max(stages, key=lambda stage: stages[stage])
    totals = extent.tiles * len(TOTALLED) * pathways * years * len(extent.countries) * 8.0
    # The slowest worker decides: with few tiles some workers have one tile more than others.
    rounds = -(-extent.tiles // workers)
    return Plan(
        cells=extent.cells,
        tiles=extent.tiles,
        column_years=column_years,
        bytes_out=extent.cells * _bytes_per_cell(extent, signature) + totals,
        memory_per_worker=_WORKER_AT_REST + sum(stages.values()),
        seconds=column_years / extent.tiles * rounds / rate,
        workers=workers,
        worst=worst,
    )


def _bytes_per_cell(extent: Extent, signature: Signature) -> float:
    sizes = [1 if target.flags else 4 for target in signature.targets]
    return sum(sizes) * len(extent.pathways) * len(extent.years) + 4.0 * len(STOCKS) + 1


def check_plan(plan: Plan, *, memory: float, disk: float) -> None:
    """Raise unless a plan fits the memory (bytes, of all workers) and the free disk (bytes).

    Raises
    ------
    PlanError
        Naming what does not fit, the worst stage and what to change.
    """
    needed = plan.memory_per_worker * plan.workers
    if needed > memory:
        raise PlanError(
            "plan",
            f"{plan.workers} workers need {needed / 1e9:.1f} GB ({plan.worst} asks for the most)",
            wanted=f"at most {memory / 1e9:.1f} GB",
            do="Use fewer workers or smaller tiles (`projection: tile`).",
        )
    if plan.bytes_out > disk:
        raise PlanError(
            "plan",
            f"the projection may take {plan.bytes_out / 1e9:.1f} GB",
            wanted=f"at most the {disk / 1e9:.1f} GB that are free",
            do="Choose another disk, fewer pathways or fewer reported years.",
        )


def measure_rate(predictor: Predictor, *, spin_up: int, cells: int = 64, years: int = 10) -> float:
    """Return how many column-years a second the predictor does in this process, its spin-up years counted.

    The columns are middling ones, from the middle of the vocabulary's soils; the first call (which may
    compile) is not timed.
    """
    columns = _middling(predictor.signature, cells, years)
    predictor.predict(columns)
    began = time.perf_counter()
    predictor.predict(columns)
    return cells * (years + spin_up) / (time.perf_counter() - began)


# A calcareous loam under 700 mm of rain: anything near it costs the same.
_MIDDLING = {
    "bulk_density": 1.4, "gravel": 0.05, "cec_topsoil": 20.0, "cec_subsoil": 16.0, "cec_ph_slope": 35.0,
    "field_capacity": 0.30, "wilting_point": 0.14, "porosity": 0.47, "air_porosity": 0.2, "respiration": 550.0,
    "respiration_depth": 0.3, "root_depth": 0.35, "sic": 10.0, "base_saturation": 1.0, "nitrate": 0.0,
    "temperature": 10.0, "precipitation": 700.0, "drainage": 200.0, "nitrate_leached": 0.3, "acid_extra": 0.02,
    "base_cation_export": 0.05, "lime": 0.0,
}  # fmt: skip


def _middling(signature: Signature, cells: int, years: int) -> Columns:
    def filled(variables: tuple[Variable, ...], *shape: int) -> np.ndarray:
        return np.broadcast_to([_MIDDLING[v.name] for v in variables], (*shape, len(variables))).astype(float)

    return Columns(
        covariates=filled(signature.covariates, cells),
        state=filled(signature.states, cells, len(STANDARD_DEPTHS)),
        baseline=filled(signature.drivers, cells),
        forcing=filled(signature.drivers, 1, cells, years),
    )
