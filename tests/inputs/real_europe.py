"""Columns of Europe's calcareous arable land from the development rasters, with the corrections they need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eurosic.base.countries import extent_of
from eurosic.base.flags import Status
from eurosic.base.grid import Grid
from eurosic.base.request import Correction, LayerRequest
from eurosic.inputs.catalog import load_catalog
from eurosic.inputs.climate import ClimateOptions, WaterBalance, latitude_of
from eurosic.inputs.covariates import derive_cells, needed_layers
from eurosic.inputs.outlines import country_layer
from eurosic.inputs.prepare import prepare_layers
from eurosic.inputs.soil import SoilOptions
from eurosic.inputs.study import DECIDING, StudyOptions, calcareous_arable_area, study_status

Array = NDArray[np.float64]

GRID = Grid("EPSG:3035", 10_000.0, 2_500_000.0, 5_500_000.0, 450, 420)
# Known faults of the sources, as shared/data/README.md tells them.
_TOO_WARM = (Correction("add", -1.0, "1.0 degC too warm against stations"),)
_TOO_WET = (Correction("multiply", 1 / 1.18, "18 % too wet against stations"),)
_TOO_RICH = (
    Correction("multiply", 0.5, "SOC from loss on ignition"),
    Correction("at_least", 0.4, "no soil"),
    Correction("at_most", 6.0, "mineral soils"),
)
_TOO_WIDE = (Correction("multiply", 1 / 1.28, "MODIS over Eurostat"),)
REQUESTS = (
    LayerRequest("carbonate", "gemas-caco3"),
    LayerRequest("calcareous_probability", "gemas-calcareous-probability"),
    LayerRequest("clay", "gemas-clay"),
    LayerRequest("sand", "gemas-sand"),
    LayerRequest("organic_carbon", "gemas-soc", corrections=_TOO_RICH),
    LayerRequest("arable_fraction", "igbp-2019", corrections=_TOO_WIDE),
    LayerRequest("monthly_temperature", "era5-temperature-2000-2025", corrections=_TOO_WARM),
    LayerRequest("monthly_precipitation", "era5-precipitation-2000-2025", corrections=_TOO_WET),
)


@dataclass(frozen=True)
class Europe:
    """Layers and latitude of the study cells, and the calcareous arable area (m2) by which they count."""

    layers: dict[str, Array]
    latitude: Array
    area: Array

    def columns(self, water_balance: WaterBalance = WaterBalance.TURC_PIKE) -> dict[str, Array]:
        """Return what `derive_cells` makes of them."""
        climate = ClimateOptions(water_balance=water_balance)
        return derive_cells(self.layers, latitude=self.latitude, soil=SoilOptions(), climate=climate)

    def percentiles(self, values: Array) -> Array:
        """Return the area-weighted percentiles 5, 25, 50, 75 and 95 of values per cell."""
        order = np.argsort(values)
        share = np.cumsum(self.area[order]) / self.area.sum()
        return values[order][np.searchsorted(share, (0.05, 0.25, 0.5, 0.75, 0.95))]


def load_europe(data: Path) -> Europe:
    """Return Europe's study cells at 10 km, from the folder of the development rasters."""
    lazy = prepare_layers(REQUESTS, catalog=load_catalog(), grid=GRID, data=data)
    dense = {name: layer.to_numpy() for name, layer in lazy.items()}
    dense["country"] = country_layer(GRID).to_numpy()
    status = study_status(
        dense,
        countries=extent_of("Europe").countries,
        required=(*DECIDING[1:], *needed_layers(dense)),
        options=StudyOptions(),
    )
    study = status == Status.PREDICTED
    y, x = np.meshgrid(GRID.y, GRID.x, indexing="ij")
    layers = {
        name: np.moveaxis(values, (-2, -1), (0, 1))[study].astype(float) for name, values in dense.items()
    }
    area = calcareous_arable_area(layers, GRID.cell_area)
    return Europe(layers, latitude_of(y[study], x[study]), area)
