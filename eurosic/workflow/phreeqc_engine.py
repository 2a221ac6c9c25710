"""PHREEQC as the engine of an ensemble: the columns of a batch, one after the other, as arrays of the schema.

*Enters:* columns of a design, whose exchangers have no pH-dependent charge. *Leaves:* the arrays of `GIVEN`, and of
what columns failed; a column that PHREEQC cannot solve is missing and not converged, and stops no other.
*Source:* `base.simulations.SCHEMA`; SCIENCE.md 2.7.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.base.signature import Columns
from eurosic.base.simulations import PROFILES, SCHEMA
from eurosic.base.vocabulary import DRIVERS, STANDARD_DEPTHS, TARGETS
from eurosic.simulator.options import SimulatorOptions, frame_of, settings_of
from eurosic.simulator.phreeqc import open_phreeqc
from eurosic.workflow.engines import Engine, Ran
from eurosic.workflow.phreeqc_column import phreeqc_arrays

# What PHREEQC's column does not say: it shakes no sample with water; its exchanger and passages are not recorded.
_ABSENT = (
    "ph_lab",
    "ph_lab_0_30cm",
    "base_saturation",
    "calcium_store",
    "alkalinity_store",
    "calcium_flux",
    "alkalinity_flux",
    "calcareous_share",
)
GIVEN = tuple(name for name in SCHEMA if name not in _ABSENT)
_PROFILES = tuple(v.name for v in PROFILES if v.name not in _ABSENT)
_TARGETS = tuple(name for name in TARGETS if name not in _ABSENT)
# Options that PHREEQC's column follows, and those that decide nothing in a year; any other must be its default.
_FOLLOWED = ("spin_up", "atmosphere", "tortuosity", "rain", "pore_water", "layers")
_IDLE = ("step", "fit_drainage", "seasons", "lab_solution", "lab_ratio", "lab_co2")
_NOTE = (
    "cec_ph_slope is 0, because PHREEQC's exchanger has no pH-dependent capacity; annual step; the state at the start"
    " is that of the simulator's spin-up; a harvest beyond what a layer holds takes 98 to 99.9 % of what it holds"
)


def check_phreeqc(options: SimulatorOptions) -> None:
    """Raise unless PHREEQC is installed and can follow the options.

    Raises
    ------
    SimulationError
        If the package is absent, or an option is one that PHREEQC's column does not know.
    """
    if options.step != "year":
        raise SimulationError(
            "engine phreeqc",
            f"the recipe's step is {options.step!r}",
            wanted="'year': PHREEQC's cells are mixed once a year, and do not fill and drain by the month",
            do="Leave `step` out of the recipe, or run it with --engine simulator.",
        )
    for field in fields(options):
        known = field.name in (*_FOLLOWED, *_IDLE)
        if not known and getattr(options, field.name) != field.default:
            raise SimulationError(
                "engine phreeqc",
                f"{field.name} is {getattr(options, field.name)!r}",
                wanted=f"{field.default!r}, all that PHREEQC's column knows",
                do=f"Leave `{field.name}` out of the recipe, or run it with --engine simulator.",
            )
    open_phreeqc()


def run_columns(options: SimulatorOptions, columns: Columns) -> Ran:
    """Return what PHREEQC gives of a batch, as `simulate_columns` does, and how many columns failed of what.

    Raises
    ------
    SimulationError
        As `check_phreeqc`: the machine of a worker may have no PHREEQC.
    """
    check_phreeqc(options)
    frame, s = frame_of(options), settings_of(options)
    _, cells, years = columns.shape
    arrays: dict[str, NDArray[np.float64]] = {name: np.full((cells, years + 1), np.nan) for name in _TARGETS}
    arrays |= {name: np.full((cells, years + 1, len(STANDARD_DEPTHS)), np.nan) for name in _PROFILES}
    converged, reasons = np.zeros(cells, dtype=np.int8), Counter[str]()
    for i in range(cells):
        try:
            found = phreeqc_arrays(columns, i, frame, s)
        except SimulationError as error:
            # Numbers of layers and values differ; what went wrong is the same.
            reasons[re.sub(r"[-+.\d]*\d(e[-+]?\d+)?", "#", error.came)] += 1
            continue
        converged[i] = 1
        for name, values in found.items():
            arrays[name][i] = values
    drivers = np.concatenate([columns.baseline[:, np.newaxis], columns.forcing[0]], axis=1)
    given = {name: drivers[..., i] for i, name in enumerate(DRIVERS)}
    return Ran({**arrays, **given, "converged": converged}, dict(reasons))


PHREEQC = Engine(
    "phreeqc",
    run_columns,
    names=GIVEN,
    held={"cec_slope_share": 0.0, "cec_ph_slope": 0.0},
    note=_NOTE,
    check=check_phreeqc,
)
