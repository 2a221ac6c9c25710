"""Columns that the simulator's tests share: the reference column, and a random batch at the predictor's seam."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Columns
from eurosic.base.units import MOLAR_MASS_C
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STANDARD_DEPTHS
from eurosic.simulator.cell import Cell
from eurosic.simulator.column import Soil, Step, Store
from eurosic.simulator.constants import CA, CL, MG, NA, NO3, SO4, Constants, K, constants_at
from eurosic.simulator.nitrogen import source_shares
from eurosic.simulator.profile import Course, Record, initial_store, steady_course

Array = NDArray[np.float64]

KG_PER_HA = 1e4
PORE = np.array([0.0, 0.3e-3, 0.3e-3, 0.05e-3, 0.0, 0.0, 0.2e-3, 0.4e-3])


def water_cell(celsius: float, pressure: float, **given: float) -> tuple[Cell, Constants]:
    """A litre of water over endless calcite, without exchanger, at a pCO2 (atm); anything else as given."""
    c = constants_at(celsius, given.pop("davies", 0.0))
    values = (
        dict.fromkeys(Cell._fields, 0.0) | {"water": 1.0, "calcite": 1e9, "acid": c.kh * pressure} | given
    )
    return Cell(**values), c


def reference_soil(thickness: Array, *, per_metre: float = 270.0) -> Soil:
    """The soil of SCIENCE.md 2.7: bulk density 1.35, 20 cmolc/kg, no pH-dependent charge."""
    none = np.zeros(thickness.size)
    return Soil(thickness, 1350.0 * thickness, per_metre * thickness, none, none.copy())


def reference_course(
    thickness: Array, *, nitrogen: float = 0.0, years: int = 80, steps: int = 1, davies: bool = False
) -> Course:
    """The course of SCIENCE.md 2.7 at a nitrogen rate (kg/ha/yr), in `steps` steps a year."""
    middle = np.cumsum(thickness) - 0.5 * thickness
    infiltration = np.zeros(8)
    infiltration[[CA, MG, NA, K, CL, SO4]] = np.array([30, 15, 60, 5, 65, 25]) * 1e-6 * 700 / 300
    sources, shares = np.zeros((thickness.size, 8)), source_shares(thickness)
    sources[:, NO3] = 0.4 * nitrogen / 10 / 14.007 * shares / steps
    sources[:, CA] = -0.5 * 0.05 * shares / steps
    step = Step(
        water=300.0 * thickness,
        flux=np.full(thickness.size + 1, 300.0 / steps),
        infiltration=infiltration,
        sources=sources,
        pco2=0.0004 + 0.012 * (1.0 - np.exp(-middle / 0.4)),
    )
    return steady_course(years * steps, step, 11.0, davies=davies)


def reference_store(soil: Soil, course: Course, *, decalcified: float = 0.0, percent: float = 10.0) -> Store:
    """The store of SCIENCE.md 2.7; layers above `decalcified` (m) hold no calcite and are base-saturated."""
    calcite = soil.fine_earth * percent / 100 / 0.100086
    calcite[np.cumsum(soil.thickness) <= decalcified + 1e-9] = 0.0
    return initial_store(soil, course, calcite, PORE, np.full(calcite.size, 0.95))


def sic_loss(record: Record, before: Array, years: float) -> float:
    """Mean loss of SIC, kg C/ha/yr."""
    return float((before.sum() - record.calcite[-1].sum()) * MOLAR_MASS_C * KG_PER_HA / years)


def imbalance(before: Store, after: Store, course: Course, record: Record) -> Array:
    """What is missing or made, per ion over the whole course, mol m-2, ``(ion,)``."""
    entered = (course.flux[:, :1] * course.infiltration).sum(axis=0)
    given = (course.sources + record.unmet).sum(axis=(0, 1))
    left = (course.flux[:, -1:] * record.concentration[:, -1]).sum(axis=0)
    change = after.totals.sum(axis=0) - before.totals.sum(axis=0)
    change[CA] += after.calcite.sum() - before.calcite.sum()
    return entered + given - left - change


def copied(store: Store) -> Store:
    """A store whose arrays no run will change."""
    return Store(*(part.copy() for part in store))


def random_columns(cells: int, *, years: int = 10, pathways: int = 1, seed: int = 20260101) -> Columns:
    """European arable columns within the vocabulary's ranges; later pathways leach less nitrate."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> Array:
        return rng.uniform(low, high, cells)

    cec = between(8, 40)
    covariates = {
        "bulk_density": between(1.1, 1.6),
        "gravel": between(0, 0.3),
        "cec_topsoil": cec,
        "cec_subsoil": 0.8 * cec,
        "cec_ph_slope": 2.0 * cec,
        "field_capacity": between(0.2, 0.35),
        "wilting_point": between(0.08, 0.15),
        "porosity": between(0.4, 0.5),
        "air_porosity": between(0.15, 0.25),
        "respiration": between(250, 700),
        "respiration_depth": between(0.2, 0.4),
        "root_depth": between(0.2, 0.5),
    }
    rain = between(400, 1200)
    drivers = {
        "temperature": between(6, 18),
        "precipitation": rain,
        "drainage": rain * between(0.1, 0.5),
        "nitrate_leached": between(0, 0.6),
        "acid_extra": between(-0.05, 0.1),
        "base_cation_export": between(0, 0.3),
        "lime": np.zeros(cells),
    }
    table = np.stack([covariates[name] for name in COVARIATES], axis=-1)
    baseline = np.stack([drivers[name] for name in DRIVERS], axis=-1)
    forcing = np.tile(baseline[None, :, None], (pathways, 1, years, 1))
    for p in range(pathways):
        forcing[p, ..., list(DRIVERS).index("nitrate_leached")] *= 1.0 - p / max(pathways - 1, 1)
    return Columns(table, _random_state(rng, covariates), baseline, forcing)


def _random_state(rng: np.random.Generator, covariates: dict[str, Array]) -> Array:
    # Carbonate from 0.01 to 40 %, uniform with depth; in three columns of ten 0-30 cm is decalcified.
    cells = covariates["bulk_density"].size
    extent = np.array([bottom - top for top, bottom in STANDARD_DEPTHS])
    percent = np.exp(rng.uniform(np.log(0.01), np.log(40), cells))
    earth = 1e3 * covariates["bulk_density"] * (1 - covariates["gravel"])
    state = np.zeros((cells, len(STANDARD_DEPTHS), 3))
    state[..., 0] = (percent / 100 * earth * 0.12)[:, None] * extent
    state[..., 1] = 1.0
    acid = rng.random(cells) < 0.3
    state[acid, :3, 0] = 0.0
    state[acid, :3, 1] = rng.uniform(0.5, 1.0, (int(acid.sum()), 1))
    return state
