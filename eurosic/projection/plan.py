"""The plan: tiles, bytes, memory and time of a projection, said before anything runs.

*Enters:* what the projection promises (`Extent`), the predictor's measured speed, the machine. *Leaves:* a `Plan`;
`check_plan` refuses what does not fit, naming the worst stage. Nothing is computed or written here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from eurosic.base.errors import PlanError
from eurosic.base.signature import Columns, Predictor, Signature
from eurosic.base.summed import SUMMED
from eurosic.base.vocabulary import STANDARD_DEPTHS, STOCKS, Variable
from eurosic.projection.outside import Fate
from eurosic.projection.template import Extent, stored_targets
from eurosic.projection.tile import TOTALLED, TileSpec

# Bytes; peak of a worker beyond its tile: 370 MB measured (`peak_memory_of_a_worker_MB` of run.json) where the
# compiled simulator lies on the disk, and room for one that must compile it, or for what GDAL keeps.
_WORKER_AT_REST = 520e6
# What compression leaves of the bytes: 0.52 measured on 540 016 cells of 1 km, 0.64 on 4 819 of 10 km.
_STORED = 0.6
# Bytes; what the library of networks adds to it: 936 MB measured for `europe-10km`, 813 MB for the quickstart.
_NETWORKS = 130e6
# Arrays of a batch that live at once: forcing, prediction, pathways, and one copy of each in flight.
_COPIES = 4


@dataclass(frozen=True)
class CellsOutside:
    """How many of the `known` study cells lie outside the predictor's domain, and what they cost.

    `share` is that of the cells and `area_share` that of their area; both were found on `looked_at` cells, which are
    a sample where they are fewer than all. `column_years` and `seconds` (of one core) are those of the simulator
    where it answers for them, else 0.
    """

    fate: Fate
    known: int
    looked_at: int
    share: float
    area_share: float
    column_years: float = 0.0
    seconds: float = 0.0

    @property
    def cells(self) -> int:
        """Study cells outside; estimated where only a sample was looked at."""
        return round(self.share * self.known)

    def told(self) -> str:
        """Say it in a sentence."""
        words = {
            Fate.MASK: "will have no value",
            Fate.KEEP: "keep the predictor's value, under a status of their own",
            Fate.SIMULATE: f"go to the simulator ({self.column_years / 1e6:.3g} million column-years,"
            f" {self.seconds:.0f} s of one core)",
        }
        sampled = f"; estimated from {self.looked_at} of them" if self.looked_at < self.known else ""
        return (
            f"{self.cells} of {self.known} study cells ({100 * self.share:.3g} %, {100 * self.area_share:.3g} % of"
            f" their area) lie outside the predictor's domain and {words[self.fate]}{sampled}"
        )


@dataclass(frozen=True)
class Plan:
    """The footprint of a projection.

    `bytes_out` is the size before compression, an upper bound, and `bytes_stored` what to expect of it; `seconds` is
    wall time on `workers` workers, and `worst` names the stage that asks for the most memory. `outside` is None for a
    predictor that is at home everywhere.
    """

    cells: int
    tiles: int
    column_years: float
    bytes_out: float
    memory_per_worker: float
    seconds: float
    workers: int
    worst: str
    outside: CellsOutside | None = None

    @property
    def bytes_stored(self) -> float:
        """Bytes on the disk, as far as it is known before."""
        return _STORED * self.bytes_out

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
    predicted = len(signature.targets) * (1 + extent.spread)
    stages = {
        "predicting a batch": batch * (len(signature.drivers) + predicted) / 2,
        "holding a tile's results": 2.0 * extent.tile * _bytes_per_cell(extent, signature),
    }
    worst = max(stages, key=lambda stage: stages[stage])
    sums = len(TOTALLED) * years + extent.members * len(SUMMED) * len(extent.years)
    totals = extent.tiles * sums * pathways * len(extent.countries) * 8.0
    # The slowest worker decides: with few tiles some workers have one tile more than others.
    rounds = -(-extent.tiles // workers)
    return Plan(
        cells=extent.cells,
        tiles=extent.tiles,
        column_years=column_years,
        bytes_out=extent.cells * _bytes_per_cell(extent, signature) + totals,
        memory_per_worker=_WORKER_AT_REST + _NETWORKS * extent.spread + sum(stages.values()),
        seconds=column_years / extent.tiles * rounds / rate,
        workers=workers,
        worst=worst,
    )


def _bytes_per_cell(extent: Extent, signature: Signature) -> float:
    sizes = [1 if target.flags else 4 for target in stored_targets(signature, extent)]
    sizes += [2] * extent.members * len(TOTALLED)
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
    if plan.bytes_stored > disk:
        raise PlanError(
            "plan",
            f"the projection takes about {plan.bytes_stored / 1e9:.1f} GB",
            wanted=f"at most the {disk / 1e9:.1f} GB that are free",
            do="Choose another disk, fewer pathways or fewer reported years.",
        )


def with_reruns(plan: Plan, outside: CellsOutside) -> Plan:
    """Return a plan that counts the cells outside the domain, and the time of doing them again."""
    # Cells outside lie together, but tiles are many: the work is taken to be shared evenly.
    seconds = plan.seconds + outside.seconds / plan.workers
    return replace(
        plan, seconds=seconds, column_years=plan.column_years + outside.column_years, outside=outside
    )


def measure_rate(predictor: Predictor, *, spin_up: int, fewest: int = 32, batch: int = 512) -> float:
    """Return how many column-years a second the predictor does in this process, its spin-up years counted.

    The columns are middling ones, from the middle of the vocabulary's soils; the first call (which may compile) is
    not timed. A fast predictor is timed on more columns, up to a `batch` of cells as a tile asks for; one that fills
    its batches up, as a network does, must be timed on `fewest` cells that need no filling.
    """
    cells, seconds = fewest, 0.0
    predictor.predict(_middling(predictor.signature, fewest, 1))
    while True:
        columns = _middling(predictor.signature, cells, _TIMED_YEARS)
        seconds = _timed(predictor, columns)
        if seconds > _LONG_ENOUGH or cells >= batch:
            # The first of two fetches its memory, which a worker does once.
            least = min(seconds, _timed(predictor, columns))
            return cells * (_PATHWAYS * _TIMED_YEARS + spin_up) / least
        cells = min(4 * cells, batch)


def _timed(predictor: Predictor, columns: Columns) -> float:
    began = time.perf_counter()
    predictor.predict(columns)
    return time.perf_counter() - began


# Cells, pathways and years that are timed: spin-up years weigh about as little as in a run, and what a call costs
# beside its columns is small against 0.1 s.
_PATHWAYS, _TIMED_YEARS, _LONG_ENOUGH = 4, 40, 0.1

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
        forcing=filled(signature.drivers, _PATHWAYS, cells, years),
    )
