"""Cells as their layers give them, before anything is derived: what users know of a field, and can exchange.

*Enters:* the layers of `inputs.zarr` at some cells, their climate and nitrogen from the cell table. *Leaves:* rows
of raw values, and a `RawForcing` that makes `Columns` of them. Where carbonate or clay of one cell is given to
another, all that follows from it (stock, exchanger, pores) follows again, so that no column is impossible. The
climate's own derivation (drainage, respiration) stays as the cell table has it. *Source:* `derivations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from eurosic.base.signature import Columns, Signature
from eurosic.base.vocabulary import COVARIATES
from eurosic.inputs.carbonate import SIX_DEPTHS
from eurosic.inputs.covariates import derive_soil
from eurosic.inputs.forcing import Forcing
from eurosic.inputs.soil import SoilOptions

Rows = Mapping[str, NDArray[np.generic]]

# Columns of the cell table that are raw to a field: climate as the soil sees it, and nitrogen.
CLIMATE_COLUMNS = ("temperature", "respiration", "precipitation", "drainage")
NITROGEN_COLUMNS = (
    "mineral_n", "manure_n", "deposition_nh4", "deposition_no3", "nitrogen_use_efficiency",
)  # fmt: skip
# Layers of soil, in the order in which groups are listed; a layer that bears a covariate's name replaces its formula.
SOIL_LAYERS = (
    "carbonate", "carbonate_subsoil", *SIX_DEPTHS, "decalcified_depth", "soil_ph", "clay", "sand",
    "organic_carbon", "gravel", *(name for name in COVARIATES if name not in ("gravel", "respiration")),
)  # fmt: skip


@dataclass(frozen=True)
class RawForcing:
    """Raw rows in, columns with the drivers of every variant and year out; called as a `Forcing` is, and pickles."""

    forcing: Forcing
    soil: SoilOptions

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of the area of each variant in each pathway, ``(pathway, variant)``."""
        return self.forcing.shares

    def __call__(self, cells: Rows, signature: Signature) -> Columns:
        """Return the columns of some raw rows, in the signature's order.

        Raises
        ------
        PredictorError
            If the signature wants what neither the rows hold nor this module makes.
        """
        layers = {name: values for name, values in cells.items() if name in SOIL_LAYERS}
        return self.forcing({**cells, **derive_soil(layers, self.soil)}, signature)


def soil_layers(inputs: Path) -> tuple[str, ...]:
    """Return which soil layers a run's `inputs.zarr` holds, in the order of `SOIL_LAYERS`."""
    held = set(zarr.open_group(inputs, mode="r").array_keys())
    return tuple(name for name in SOIL_LAYERS if name in held)


def raw_rows(inputs: Path, table: Rows, layers: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Return the raw values of some cells, float64, first axis ``cell``.

    Parameters
    ----------
    inputs
        The `inputs.zarr` of a run.
    table
        Rows of its cell table: `row` and `column` of each cell, climate and nitrogen.
    layers
        Soil layers to read, as `soil_layers` names them.
    """
    group = zarr.open_group(inputs, mode="r")
    row, column = np.asarray(table["row"]), np.asarray(table["column"])
    soil = {name: np.asarray(group[name].vindex[row, column], dtype=np.float64) for name in layers}
    given = {name: np.asarray(table[name], np.float64) for name in (*CLIMATE_COLUMNS, *NITROGEN_COLUMNS)}
    return {**soil, **given}
