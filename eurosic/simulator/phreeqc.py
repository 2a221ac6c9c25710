"""The same column by PHREEQC, for verification: mixing cells under the same implicit upwind scheme.

*Enters:* `Soil`, `Store`, `Course` as for `run_course`. *Leaves:* the same `Record`. Each layer is a solution on
an exchanger, with calcite, Al(OH)3 and CO2 at a fixed pressure; PHREEQC's mass-action solver replaces ours, and
H+ and DIC are carried with the water. The exchanger has no pH-dependent charge, calcite no kinetics. The
constants are ours (`phreeqc_database`). Must not be imported by a projection. Optional extra ``phreeqc``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import SimulationError
from eurosic.simulator.column import Soil, Store
from eurosic.simulator.constants import constants_at
from eurosic.simulator.partition import Split, split_store
from eurosic.simulator.phreeqc_database import DATABASE
from eurosic.simulator.profile import Course, Record

Array = NDArray[np.float64]

# Elements of the database that stand for our ions, and the neutral compounds that a source adds or removes.
_ELEMENTS = ("Ca", "Mg", "Na", "K", "Amm", "Nit", "S", "Cl")
_COMPOUNDS = ("Ca(OH)2", "Mg(OH)2", "NaOH", "KOH", "AmmOH", "HNit", "H2SO4", "HCl")
_EXCHANGERS = ("CaX2", "MgX2", "NaX", "KX", "AmmX", "HX", "AlX3")
_EXCHANGED_CHARGES = np.array([2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 3.0])
_MOLES_PER_LITRE_OF_WATER = 1000.0 / 18.0153

_PUNCH = """
KNOBS
 -convergence_tolerance 1e-10
SELECTED_OUTPUT 1
 -reset false
 -high_precision true
 -state true
USER_PUNCH 1
 -headings pH C calcite {elements}
 10 PUNCH -LA("H+"), TOT("C"), EQUI("Calcite")
 20 PUNCH {totals}
END
"""


class Engine(Protocol):
    """The few calls of IPhreeqc that are used here, under its own names."""

    def LoadDatabaseString(self, text: str) -> int:  # noqa: N802
        """Load a database from its text; return the number of errors."""
        ...

    def RunString(self, text: str) -> int:  # noqa: N802
        """Run an input text; return the number of errors."""
        ...

    def GetErrorString(self) -> str:  # noqa: N802
        """Return the errors of the last run."""
        ...

    def GetSelectedOutputRowCount(self) -> int:  # noqa: N802
        """Return the number of rows, headings included."""
        ...

    def GetSelectedOutputColumnCount(self) -> int:  # noqa: N802
        """Return the number of columns."""
        ...

    def GetSelectedOutputValue(self, row: int, column: int) -> float | str:  # noqa: N802
        """Return one value."""
        ...


def open_phreeqc() -> Engine:
    """Return a PHREEQC that has loaded `DATABASE`.

    Raises
    ------
    SimulationError
        If the package ``phreeqc`` is not installed.
    """
    try:
        engine: Engine = import_module("phreeqc").Phreeqc()
    except ImportError as error:
        raise SimulationError(
            "engine phreeqc",
            "the Python package 'phreeqc' is not installed",
            do="Install it: pip install 'eurosic[phreeqc]'.",
        ) from error
    engine.LoadDatabaseString(DATABASE)
    totals = ", ".join(f'TOT("{element}")' for element in _ELEMENTS)
    _run(engine, _PUNCH.format(elements=" ".join(_ELEMENTS), totals=totals), "set-up")
    return engine


def run_phreeqc(store: Store, soil: Soil, course: Course) -> Record:
    """Return the record of a column under a course, computed by PHREEQC; the store is read, not changed.

    Sources must be ones that can be met (add `Record.unmet` of `run_course` to them where they were not).

    Raises
    ------
    SimulationError
        If PHREEQC is not installed or finds no equilibrium, or the column has what it cannot hold: a
        pH-dependent exchanger or slow calcite.
    """
    if soil.charge_slope.any() or soil.slow.any():
        raise SimulationError(
            "engine phreeqc",
            "the column has a pH-dependent exchanger or slow calcite",
            wanted="cec_ph_slope 0 and calcite at equilibrium",
            do="Set them to zero for this comparison.",
        )
    engine = open_phreeqc()
    steps, layers, ions = course.sources.shape
    c = constants_at(course.celsius[0], 0.0)
    split = split_store(store, soil, course.water[0], course.pco2[0], c)
    _run(engine, _initial_text(split, course), "initial state")
    record = Record(
        calcite=np.empty((steps, layers)),
        ph=np.empty((steps, layers)),
        concentration=np.empty((steps, layers, ions)),
        dic=np.empty((steps, layers)),
        unmet=np.zeros((steps, layers, ions)),
        solved=steps,
    )
    calcite = store.calcite.copy()
    for n in range(steps):
        _run(engine, _step_text(course, n, calcite), f"step {n + 1} of {steps}")
        rows = np.array([row[1:] for row in _reacted(engine)], dtype=np.float64)
        record.ph[n], record.dic[n], record.calcite[n] = rows[:, 0], rows[:, 1], rows[:, 2]
        record.concentration[n] = rows[:, 3:]
        calcite = record.calcite[n].copy()
    return record


def _run(engine: Engine, text: str, where: str) -> None:
    if engine.RunString(text):
        raise SimulationError(
            f"engine phreeqc, {where}",
            engine.GetErrorString().strip().splitlines()[0],
            do="Compare the column with the simulator's own record of that step.",
        )


def _reacted(engine: Engine) -> list[list[float | str]]:
    # Rows of the layers' equilibria, in order; PHREEQC punches initial solutions and exchangers as well.
    values = [
        [engine.GetSelectedOutputValue(i, j) for j in range(engine.GetSelectedOutputColumnCount())]
        for i in range(1, engine.GetSelectedOutputRowCount())
    ]
    return [row for row in values if str(row[0]).strip() == "react"]


def _solution_text(number: int, water: float, ph: float, celsius: float, totals: Array) -> list[str]:
    lines = [f"SOLUTION {number}", f" temp {celsius}", f" pH {ph!r} charge", " units mol/kgw"]
    lines += [
        f" {element} {value!r}"
        for element, value in zip(_ELEMENTS, totals.tolist(), strict=True)
        if value > 0.0
    ]
    return [*lines, f" -water {water!r}"]


def _initial_text(split: Split, course: Course) -> str:
    # Every layer holds its water store: a step takes all of it, as after a step that drained none.
    lines: list[str] = []
    for j in range(course.water.shape[1]):
        number, ph = j + 1, float(split.ph[j])
        lines += _solution_text(
            number, float(course.water[0, j]), ph, float(course.celsius[0]), split.aqueous[j]
        )
        lines.append(f" C 0.001 CO2(g) {float(np.log10(course.pco2[0, j]))!r}")
        lines.append(f"EXCHANGE {number}")
        lines += [
            f" {name} {moles!r}"
            for name, moles in zip(
                _EXCHANGERS, (split.exchanger[j] / _EXCHANGED_CHARGES).tolist(), strict=True
            )
            if moles > 0.0
        ]
    return "\n".join([*lines, "END"])


def _step_text(course: Course, n: int, calcite: Array) -> str:
    celsius = float(course.celsius[n])
    lines = [*_solution_text(0, 1.0, 7.0, celsius, course.infiltration[n]), "END"]
    for j in range(calcite.size):
        lines += _layer_text(course, n, j, float(calcite[j]))
    return "\n".join(lines)


def _layer_text(course: Course, n: int, j: int, calcite: float) -> list[str]:
    number, store = j + 1, float(course.water[max(n - 1, 0), j])
    drained = float(course.flux[n - 1, j + 1]) if n > 0 else 0.0
    taken = float(course.flux[n, j])
    # Solution `number` still holds what drained in the last step; only the store's share goes on.
    above = 1.0 if j == 0 else float(course.water[n, j - 1]) + taken
    evaporated = store + taken - float(course.water[n, j]) - float(course.flux[n, j + 1])
    reaction = [
        f" {compound} {amount!r}"
        for compound, amount in zip(_COMPOUNDS, course.sources[n, j].tolist(), strict=True)
        if amount != 0.0
    ]
    if abs(evaporated) > 1e-12:
        reaction.append(f" H2O {-evaporated * _MOLES_PER_LITRE_OF_WATER!r}")
    lines = [f"MIX {number}", f" {number} {store / (store + drained)!r}", f" {j} {taken / above!r}"]
    if reaction:
        lines += [f"REACTION {number}", *reaction, " 1.0 moles"]
    lines += [
        f"REACTION_TEMPERATURE {number}",
        f" {float(course.celsius[n])}",
        f"EQUILIBRIUM_PHASES {number}",
        f" Calcite 0 {calcite!r}",
        f" CO2(g) {float(np.log10(course.pco2[n, j]))!r} 1e4",
        " AlHydroxide 0 1e3",
        f"USE exchange {number}",
        f"SAVE solution {number}",
        f"SAVE exchange {number}",
        "END",
        f"DELETE\n -reaction {number}\n -mix {number}\nEND",
    ]
    return lines
