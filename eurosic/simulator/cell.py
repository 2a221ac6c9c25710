"""What is given to one cell for one step, and variants of it.

*Enters:* totals, water, minerals, exchanger and CO2 of a layer. *Leaves:* `Cell`, plain numbers per m2. Must not
know any chemistry. *Source:* SCIENCE.md 2.1, 2.4.
"""

from __future__ import annotations

from typing import NamedTuple

from eurosic.simulator.kernels import kernel


# Plain numbers, not arrays: the compiler keeps a cell in registers.
class Cell(NamedTuple):
    """What is given to one cell for one step, per m2.

    Totals of the strong ions (solution and exchanger, mol), `water` that the step dilutes them in (the store
    at its end and what leaves, L), `calcite` (mol) at equilibrium unless `slow` = 1/(kappa dt) > 0 (mol-1),
    `coarse` calcite (mol) that only dissolves, with its own `coarse_slow`; exchanger charge at pH 7 and its
    slope (molc, molc per pH); `acid` = KH pCO2, the activity of dissolved CO2; `dolomite` (mol), which only
    dissolves, by its own kinetics.
    """

    ca: float
    mg: float
    na: float
    k: float
    nh4: float
    no3: float
    so4: float
    cl: float
    water: float
    calcite: float
    slow: float
    coarse: float
    coarse_slow: float
    charge: float
    charge_slope: float
    acid: float
    dolomite: float = 0.0
    dolomite_slow: float = 0.0


@kernel
def cell_with(cell: Cell, calcite: float, slow: float, charge: float, charge_slope: float) -> Cell:
    """Return a cell with another calcite (mol m-2, and 1/(kappa dt)) and another exchanger (molc, per pH)."""
    return Cell(
        ca=cell.ca,
        mg=cell.mg,
        na=cell.na,
        k=cell.k,
        nh4=cell.nh4,
        no3=cell.no3,
        so4=cell.so4,
        cl=cell.cl,
        water=cell.water,
        calcite=calcite,
        slow=slow,
        coarse=0.0,
        coarse_slow=0.0,
        charge=charge,
        charge_slope=charge_slope,
        acid=cell.acid,
        dolomite=0.0,
        dolomite_slow=0.0,
    )


@kernel
def with_dolomite(cell: Cell, dissolved: float) -> Cell:
    """Return a cell into which so much dolomite (mol m-2) has dissolved, and which holds no more."""
    return Cell(
        ca=cell.ca + dissolved,
        mg=cell.mg + dissolved,
        na=cell.na,
        k=cell.k,
        nh4=cell.nh4,
        no3=cell.no3,
        so4=cell.so4,
        cl=cell.cl,
        water=cell.water,
        calcite=cell.calcite,
        slow=cell.slow,
        coarse=cell.coarse,
        coarse_slow=cell.coarse_slow,
        charge=cell.charge,
        charge_slope=cell.charge_slope,
        acid=cell.acid,
        dolomite=0.0,
        dolomite_slow=0.0,
    )
