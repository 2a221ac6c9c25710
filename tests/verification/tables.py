"""Tables of the method page that take seconds: constants, checks by hand, balances, Newton, the two steps.

*Enters:* nothing, or a size. *Leaves:* rows of text. What takes minutes stands in `min3p_compare` and
`phreeqc_columns`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eurosic.base.signature import Columns
from eurosic.base.units import MOLAR_MASS_C, MOLAR_MASS_CACO3, MOLAR_MASS_N
from eurosic.base.vocabulary import TARGETS
from eurosic.simulator.annual import EXPORT, EXTRA, LIME, NITRATE, PRECIPITATION
from eurosic.simulator.cell import Cell
from eurosic.simulator.constants import (
    CHARGES,
    IONS,
    LN10,
    NH4,
    NO3,
    X_AL,
    X_CA,
    X_H,
    X_K,
    X_MG,
    X_NH4,
    Constants,
    constants_at,
)
from eurosic.simulator.kernels import kernel
from eurosic.simulator.options import SimulatorOptions, frame_of, settings_of
from eurosic.simulator.profile import run_course
from eurosic.simulator.seasons import Seasons
from eurosic.simulator.simulate import Simulator
from eurosic.simulator.solver import TOLERANCE, Point, Solution, _newton, cold_point, solve_cell
from eurosic.simulator.species import carbonate_at
from eurosic.simulator.spinup import advance
from tests.simulator.columns import (
    KG_PER_HA,
    copied,
    imbalance,
    reference_course,
    reference_soil,
    reference_store,
    sic_loss,
    water_cell,
)
from tests.simulator.test_solver import _random_cells
from tests.verification.phreeqc_columns import designed_columns, started

Array = NDArray[np.float64]
Rows = list[list[str]]

_TENTHS = np.full(20, 0.1)
_REACTIONS = {
    "kh": ("K_H", "CO₂(g) = CO₂(aq)"),
    "k1": ("K_1", "CO₂ + H₂O = H⁺ + HCO₃⁻"),
    "k2": ("K_2", "HCO₃⁻ = H⁺ + CO₃²⁻"),
    "kc": ("K_c", "calcite = Ca²⁺ + CO₃²⁻"),
    "kw": ("K_w", "H₂O = H⁺ + OH⁻"),
    "ca_hco3": ("", "Ca²⁺ + HCO₃⁻ = CaHCO₃⁺"),
    "ca_co3": ("", "Ca²⁺ + CO₃²⁻ = CaCO₃°"),
    "mg_hco3": ("", "Mg²⁺ + HCO₃⁻ = MgHCO₃⁺"),
    "mg_co3": ("", "Mg²⁺ + CO₃²⁻ = MgCO₃°"),
    "ca_so4": ("", "Ca²⁺ + SO₄²⁻ = CaSO₄°"),
    "mg_so4": ("", "Mg²⁺ + SO₄²⁻ = MgSO₄°"),
    "dolomite": ("K_d", "dolomite = Ca²⁺ + Mg²⁺ + 2 CO₃²⁻"),
    "al_hydroxide": ("", "Al(OH)₃ + 3 H⁺ = Al³⁺ + 3 H₂O"),
}
_VAN_T_HOFF = "phreeqc.dat, van 't Hoff"
_SOURCES = {
    "ca_so4": _VAN_T_HOFF,
    "mg_so4": _VAN_T_HOFF,
    "dolomite": _VAN_T_HOFF,
    "al_hydroxide": "amorphous, fixed",
}


def constant_rows() -> Rows:
    """Return log10 of every equilibrium constant at 10 and 25 C, with its source."""
    cool, warm = constants_at(10.0, 0.0)._asdict(), constants_at(25.0, 0.0)._asdict()
    rows = [
        [
            reaction,
            symbol,
            f"{np.log10(cool[name]):.4f}",
            f"{np.log10(warm[name]):.4f}",
            _SOURCES.get(name, "Plummer & Busenberg (1982)"),
        ]
        for name, (symbol, reaction) in _REACTIONS.items()
    ]
    sites = {"K": X_K, "NH₄": X_NH4, "Mg": X_MG, "Ca": X_CA, "H": X_H, "Al": X_AL}
    return rows + [
        [
            f"{ion} on the exchanger, against Na",
            f"K_{ion}",
            *[f"{np.log10(k):.2f}"] * 2,
            "phreeqc.dat, Gaines-Thomas",
        ]
        for ion, k in sites.items()
    ]


def _water(celsius: float, pressure: float, **given: float) -> tuple[float, float, float]:
    """Return pH, calcium and DIC (mmol/L) of water over calcite."""
    cell, c = water_cell(celsius, pressure, **given)
    found = solve_cell(cell, c, cold_point())
    g, ions = found.activities, found.balance.cations
    s = carbonate_at(found.at.h, cell.acid, found.at.so4, c, g)
    dic = cell.acid / g.neutral + s.hco3 / g.hco3 + s.co3 / g.co3 + ions.ca.free * (s.ca_hco3 + s.ca_co3)
    return -found.at.h / LN10, 1e3 * (cell.ca + found.balance.dissolved), 1e3 * dic


def hand_rows() -> Rows:
    """Return numbers that a reader can check with a pocket calculator or PHREEQC: what, wanted, found."""
    rows = [
        [
            "CaCO₃ per N, ½ mol per H⁺, kg/kg",
            "100.09 / 14.007 / 2 = 3.57",
            f"{0.5 * MOLAR_MASS_CACO3 / MOLAR_MASS_N:.2f}",
        ]
    ]
    for celsius, pressure, ph, calcium in (
        (10.0, 0.01, 7.318, 2.118),
        (25.0, 0.01, 7.297, 1.645),
        (10.0, 0.03, 7.007, 3.165),
        (10.0, 4.2e-4, 8.219, 0.692),
    ):
        found = _water(celsius, pressure)
        rows.append(
            [
                f"calcite water, {celsius:g} °C, {pressure:g} atm: pH, Ca (mmol/L)",
                f"{ph}, {calcium}",
                f"{found[0]:.3f}, {found[1]:.3f}",
            ]
        )
    _, calcium, dic = _water(10.0, 0.01)
    # mmol/L times 300 L/m2 is 0.3 mol/m2 a year.
    losses = [0.3 * part * MOLAR_MASS_C * KG_PER_HA for part in (calcium, dic)]
    rows.append(
        [
            "300 mm of that water (10 °C, 0.01 atm): SIC lost, DIC leached, difference, kg C/ha/yr",
            "76.3, 171.7, -95",
            f"{losses[0]:.1f}, {losses[1]:.1f}, {losses[0] - losses[1]:.1f}",
        ]
    )
    rows.append(["Ca at twice the pCO₂", "2^(1/3) = 1.26", f"{_water(10.0, 0.02)[1] / calcium:.3f}"])
    for nitrate, wanted in ((1e-6, "0.36"), (2e-3, "0.40"), (8e-3, "0.46")):
        step = 1e-3 * max(nitrate, 1e-4)
        more, less = (_water(10.0, 0.01, no3=nitrate + d)[1] for d in (step, 0.0))
        rows.append(
            [
                f"CaCO₃ per mol of acid at {1e3 * nitrate:g} mmol/L NO₃",
                wanted,
                f"{1e-3 * (more - less) / step:.3f}",
            ]
        )
    return rows


def reference_rows() -> Rows:
    """Return the reference column of SCIENCE.md 2.7: PHREEQC as printed there, and ours."""
    printed = {0: (86.17, 192.3, 7.466), 100: (98.93, 183.7, 7.429), 200: (112.31, 176.4, 7.397)}
    rows = []
    for nitrogen, (loss, dic, ph) in printed.items():
        found = []
        for davies in (False, True):
            soil, course = (
                reference_soil(_TENTHS),
                reference_course(_TENTHS, nitrogen=nitrogen, davies=davies),
            )
            store = reference_store(soil, course)
            before = store.calcite.copy()
            record = run_course(store, soil, course)
            found.append((sic_loss(record, before, 80), record))
        record = found[0][1]
        leached = record.dic[:, -1].mean() * 300 * MOLAR_MASS_C * KG_PER_HA
        ours = (
            f"{found[0][0]:.2f} | {found[1][0]:.2f} | {dic} | {leached:.1f} | {ph} | {record.ph[-1, 2]:.3f}"
        )
        rows.append([f"{nitrogen}", f"{loss}", *ours.split(" | ")])
    return rows


def balance_rows(columns: int = 40) -> Rows:
    """Return the largest error of every balance over 80 years, mol/m2.

    The design's columns have no harvest here: in strongly acid soil it asks for more bases than there are, and what
    it falls short of is recorded per layer (`Record.unmet`), not per column.
    """
    rows = []
    for steps, name in ((1, "annual"), (12, "12 a year")):
        soil, course = reference_soil(_TENTHS), reference_course(_TENTHS, nitrogen=200, steps=steps)
        store = reference_store(soil, course)
        before = copied(store)
        error = np.abs(imbalance(before, store, course, run_course(store, soil, course)))
        rows.append(
            [f"reference column, {name}: worst of {', '.join(IONS)}", "1", f"{_power_of_ten(error.max())}"]
        )
    drawn = designed_columns(columns)
    drawn.forcing[..., EXPORT] = 0.0
    for step, nitrogen in (("year", 1.0), ("month", 1.0), ("month", 0.0)):
        drawn.forcing[..., NITRATE] *= nitrogen
        drawn.baseline[..., NITRATE] *= nitrogen
        errors = [abs(_charge_error(drawn, i, step)) for i in range(columns)]
        named = f"step a {step}{'' if nitrogen else ', no nitrogen'}"
        what = f"columns of the design, {named}: charge of ions and calcite"
        rows.append([what, f"{columns}", _power_of_ten(max(errors))])
    return rows


def _power_of_ten(error: float) -> str:
    # Rounding differs from machine to machine: the next power of ten above does not.
    return f"< 1e{int(np.ceil(np.log10(max(error, 1e-16))))}"


def _charge_error(columns: Columns, i: int, step: str) -> float:
    # Charge of the strong ions and twice the calcite: what came in, went out and stayed, over all years.
    options = SimulatorOptions(step=step)
    frame, s = frame_of(options), settings_of(options)
    column = started(columns, i, frame, s)
    charges = np.array(CHARGES)
    rain = s.rain @ charges
    # The drivers' acid is that of nitrogen once it is nitrate: ammonium on its way counts as the nitrate it becomes.
    charges[NH4] = charges[NO3]

    def held() -> float:
        return float(column.store.totals.sum(axis=0) @ charges + 2.0 * column.store.calcite.sum())

    before, moved = held(), 0.0
    for year in columns.forcing[0, i]:
        fluxes = advance(column, year, frame, s, True)
        moved += year[PRECIPITATION] * rain - year[NITRATE] - year[EXTRA] - year[EXPORT]
        moved += 2.0 * year[LIME] - fluxes.alkalinity + 2.0 * fluxes.ammonium
    return held() - before - moved


@kernel
def newton_alone(cell: Cell, c: Constants, start: Point) -> Solution:
    """Return what Newton's method finds without bisection."""
    return _newton(cell, c, start)


def newton_rows(cells: int = 100_000) -> Rows:
    """Return how random extreme cells are solved from a cold start."""
    fields, pressures, temperatures = _random_cells(cells, seed=20261122)
    alone, passes, failed, worst = 0, [], 0, 0.0
    for row, pressure, celsius in zip(fields, pressures, temperatures, strict=True):
        c = constants_at(celsius, 0.0)
        cell = Cell(*row, c.kh * pressure)
        found = newton_alone(cell, c, cold_point())
        if found.ok:
            alone += 1
            passes.append(found.passes)
        else:
            found = solve_cell(cell, c, cold_point())
        failed += not found.ok
        worst = max(worst, abs(found.balance.charge.value), abs(found.balance.sites.value))
    return [
        ["random extreme cells", f"{cells:,}"],
        ["solved by Newton's method alone", f"{100 * alone / cells:.2f} %"],
        ["passes, median and 99th percentile", f"{np.median(passes):.0f}, {np.percentile(passes, 99):.0f}"],
        ["solved by bisection and a Newton polish", f"{100 * (cells - alone - failed) / cells:.2f} %"],
        ["not solved", f"{failed}"],
        ["worst residual of charge or sites", f"{worst:.1e} (wanted {TOLERANCE:g})"],
    ]


def step_rows(columns: int = 60) -> Rows:
    """Return the monthly step against the annual one on columns of the design: loss of SIC in 80 years."""
    drawn = designed_columns(columns)
    change = list(TARGETS).index("sic_change_0_200cm")
    annual = Simulator(SimulatorOptions()).predict(drawn).values[0, :, -1, change]
    rows = []
    even = (1 / 12,) * 12
    level = Seasons(warmth=(0.0,) * 12)
    cases = {
        "buckets that drain what the drivers say": SimulatorOptions(step="month"),
        "the same at one temperature all year": SimulatorOptions(step="month", seasons=level),
        "the same, nitrogen and harvest even too": SimulatorOptions(
            step="month", seasons=replace(level, application=even, uptake=even)
        ),
        "the same, rain and PET even too": SimulatorOptions(
            step="month",
            seasons=replace(level, application=even, uptake=even, precipitation=even, evaporation=even),
        ),
        "buckets left alone, all seasons": SimulatorOptions(step="month", fit_drainage=False),
    }
    for name, options in cases.items():
        monthly = Simulator(options).predict(drawn).values[0, :, -1, change]
        ratio = monthly / annual
        low, middle, high = np.nanpercentile(ratio, [5, 50, 95])
        rows.append([name, f"{columns}", f"{middle:.3f}", f"{low:.3f}", f"{high:.3f}"])
    return rows
