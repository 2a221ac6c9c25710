"""A design run by the user's MIN3P: columns as decks, runs in parallel, good ones imported as an ensemble.

*Enters:* a set-up ensemble recipe, the executable and its database. *Leaves:* a folder of runs with the table of
their parameters, ``failed/`` with the reason of each that cannot be trusted, and a finished ensemble of the others.
What MIN3P's columns do not have (evapotranspiration, harvest, fertiliser forms but by their acid) is left out of the
decks, and the drivers that the ensemble stores are those of the decks. *Source:* SCIENCE.md section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eurosic.base.errors import RecipeError, SimulationError, StoreError
from eurosic.base.vocabulary import COVARIATES, DRIVERS
from eurosic.simulator.constants import CA, MG, NA, SO4, K
from eurosic.simulator.gas import diffusivity
from eurosic.simulator.min3p.deck_write import deck_text
from eurosic.simulator.min3p.design import SECONDS_PER_YEAR, ColumnDesign, row_of_design
from eurosic.simulator.min3p.run import run_min3p
from eurosic.workflow.designing import columns_of
from eurosic.workflow.ensemble import EnsembleSetup
from eurosic.workflow.min3p_import import ImportedEnsemble, import_ensemble

Array = NDArray[np.float64]

TABLE = "parameters.csv"
# Nitrification: 2 per month at 15 degC, x 1.07 for each degree; SCIENCE.md 2.2.
_NITRIFIED_PER_MONTH, _PER_DEGREE, _AT = 2.0, 1.07, 15.0
# Lab pH at which an exchanger holds no bases, and units of pH to a full one (inputs.pedotransfer).
_PH_ACID, _PH_SPAN = 4.0, 3.0
# MIN3P's water content needs room above the residual water of its decks.
_LEAST_WATER = 0.06


@dataclass(frozen=True)
class Min3p:
    """The user's MIN3P: executable, database folder, runs at a time, wall seconds that a run may take."""

    executable: Path
    database: Path
    workers: int = 1
    time_limit: float = 600.0


def run_by_min3p(setup: EnsembleSetup, path: Path, engine: Min3p) -> ImportedEnsemble:
    """Return the ensemble of a recipe, run by MIN3P in the folder ``<path>.runs`` and written to `path`.

    A run that is there already, complete and of the same deck, is not made again.

    Raises
    ------
    RecipeError
        If the recipe draws from a table: cells know no carbonate in per cent.
    SimulationError
        If there is no such executable or database, or no run can be used.
    StoreError
        If something lies at `path`.
    """
    if setup.table is not None:
        raise RecipeError("engine min3p", "draws no rows of a table", do="Use `source: sobol` in the design.")
    if path.exists():
        # Asked before the runs, which may take days; an ensemble is written only when they are all done.
        raise StoreError(str(path), "is there already", do="Choose another --out; nothing was changed.")
    if not engine.database.is_dir():
        raise SimulationError(
            f"database {engine.database}",
            "is no folder",
            wanted="MIN3P's folder of database files (--database)",
        )
    designs = dict(named_designs(setup))
    years = tuple(range(1, setup.recipe.years + 1))
    database = str(engine.database.resolve())
    decks = {
        name: deck_text(name, design, output_years=years, database=database)
        for name, design in designs.items()
    }
    runs = path.with_name(f"{path.name}.runs")
    outcomes = run_min3p(
        decks, engine.executable, folder=runs, workers=engine.workers, time_limit=engine.time_limit
    )
    table = pd.DataFrame([row_of_design(design) for design in designs.values()], index=list(designs))
    table.to_csv(runs / TABLE, index_label="run_id")
    failed = tuple(f"{outcome.name}: {outcome.reason}" for outcome in outcomes if not outcome.ok)
    if len(failed) == len(outcomes):
        raise SimulationError(str(runs), f"no run can be used; first: {failed[0]}")
    made = import_ensemble(runs, runs / TABLE, path)
    return ImportedEnsemble(path, made.simulations, failed)


def named_designs(setup: EnsembleSetup) -> Iterator[tuple[str, ColumnDesign]]:
    """Yield name and MIN3P column of each simulation of a set-up.

    Nitrogen falls and rises by the nitrate that leaches; the acid of forms goes with it.
    """
    designed = columns_of(setup.design, setup.trajectories)
    values, columns, rain = setup.design.values, designed.columns, setup.simulator.options.rain
    for i in range(setup.design.size):
        soil = dict(zip(COVARIATES, columns.covariates[i].tolist(), strict=True))
        start = dict(zip(DRIVERS, columns.baseline[i].tolist(), strict=True))
        nitrate = columns.forcing[0, i, :, list(DRIVERS).index("nitrate_leached")]
        celsius, litres = start["temperature"], start["precipitation"]
        carbonate = float(values["carbonate"][i])
        porosity = soil["porosity"] * (1.0 - soil["gravel"])
        scale = porosity / soil["porosity"]
        yield (
            f"c{i:06d}",
            ColumnDesign(
                temperature=celsius,
                drainage=start["drainage"],
                calcite_top=carbonate,
                calcite_sub=min(85.0, float(values["carbonate_ratio"][i]) * carbonate),
                decalcified_depth=float(values["decalcified_depth"][i]),
                ph_decalcified=_PH_ACID + _PH_SPAN * float(values["acid_saturation"][i]),
                bulk_density=soil["bulk_density"] * (1.0 - soil["gravel"]),
                porosity=porosity,
                air_porosity=min(soil["air_porosity"] * scale, porosity - _LEAST_WATER),
                cec_top=soil["cec_topsoil"],
                cec_sub=soil["cec_subsoil"],
                respiration=soil["respiration"],
                respiration_depth=soil["respiration_depth"],
                co2_diffusivity=diffusivity(celsius),
                nitrate_leached=start["nitrate_leached"],
                acid_sulphate=max(start["acid_extra"], 0.0),
                nitrification=12.0 * _NITRIFIED_PER_MONTH * _PER_DEGREE ** (celsius - _AT) / SECONDS_PER_YEAR,
                deposition_ca=rain[CA] * litres,
                deposition_mg=rain[MG] * litres,
                deposition_k=rain[K] * litres,
                deposition_na=rain[NA] * litres,
                deposition_so4=rain[SO4] * litres,
                trajectory=changes_of(nitrate, start["nitrate_leached"]),
            ),
        )


def changes_of(nitrate: Array, before: float) -> tuple[tuple[float, float], ...]:
    """Return (year, factor) wherever yearly nitrate, over that before the start, changes.

    Examples
    --------
    >>> changes_of(np.array([2.0, 2.0, 1.0]), 2.0)
    ((0.0, 1.0), (2.0, 0.5))
    """
    # Nothing that leaches cannot change; a deck's factors multiply.
    factors = nitrate / before if before > 0.0 else np.ones_like(nitrate)
    changed = [0, *(np.flatnonzero(np.diff(factors)) + 1).tolist()]
    return tuple((float(year), float(factors[year])) for year in changed)
