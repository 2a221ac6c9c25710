"""What a recipe comes down to: grid, sources, predictor, forcing; unpacked once, before any work.

*Enters:* a recipe, a data folder, a catalog. *Leaves:* a `Setup`, from which `workflow` hands each stage what it
needs. Reads headers and digests of files, nothing more; belongs to the workflow and, like it, computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.countries import extent_bounds, extent_of
from eurosic.base.errors import EurosicError
from eurosic.base.flags import status_flags
from eurosic.base.grid import Grid, coarser_grid, grid_within
from eurosic.base.provenance import digest_of, versions
from eurosic.base.request import LayerRequest
from eurosic.base.signature import Predictor, WithMembers
from eurosic.base.vocabulary import AREA, LAYERS
from eurosic.emulator.batches import micro_batch
from eurosic.inputs.catalog import Catalog, load_catalog
from eurosic.inputs.climate import ClimateOptions, latitude_of
from eurosic.inputs.covariates import derive_cells, derived_attributes, needed_layers
from eurosic.inputs.digests import files_digest, inputs_digest
from eurosic.inputs.forcing import Beyond, Forcing
from eurosic.inputs.nitrogen import NitrogenOptions
from eurosic.inputs.prepare import check_layers, prepare_layers
from eurosic.inputs.soil import SoilOptions
from eurosic.inputs.store import open_inputs
from eurosic.inputs.study import DECIDING, StudyOptions, calcareous_arable_area, study_status
from eurosic.outputs.store import INPUTS
from eurosic.projection.marking import Layers, Marking
from eurosic.projection.outside import OutsideRule
from eurosic.projection.table import Derive
from eurosic.projection.template import Extent
from eurosic.projection.tile import TileSpec
from eurosic.recipe.load import load_recipe
from eurosic.recipe.schema import Recipe
from eurosic.recipe.smoke import smoke
from eurosic.workflow.predictors import card_problems, outside_of, predictor_of

# Cells of the grid on which layers are checked and study cells counted before a run; a finer grid is outlined by it.
_OUTLINE_CELLS = 400_000
_COUNTRY = LayerRequest("country", "natural-earth-outlines")
# Series of years, without a gap where a recipe gives them.
_ANNUAL = ("annual_temperature", "annual_precipitation")
# Cells of a batch of the simulator, which goes through them one by one. A network gains by more at once: its batch is
# a whole number of micro-batches (docs/7-engine.md), lest one be padding.
_BATCH, _MICRO_BATCHES = 128, 2
# Layers of nitrogen go into the cell table as they are.
_NITROGEN = ("mineral_n", "manure_n", "deposition_nh4", "deposition_no3", "nitrogen_use_efficiency")


@dataclass(frozen=True)
class Setup:
    """A recipe with the data it is to run on."""

    recipe: Recipe
    catalog: Catalog
    data: Path | None

    @cached_property
    def grid(self) -> Grid:
        """The grid of the run: the extent's bounds, or the recipe's own, in whole cells."""
        spec = self.recipe.grid_spec()
        bounds = spec.bounds or extent_bounds(extent_of(spec.extent).countries, spec.crs)
        return grid_within(spec.crs, spec.resolution, bounds)

    @cached_property
    def outline(self) -> Grid:
        """The same area in cells so few that checks and plans take seconds, whatever the grid is."""
        return coarser_grid(self.grid, _OUTLINE_CELLS)

    @cached_property
    def requests(self) -> tuple[LayerRequest, ...]:
        """Every layer of the run; countries from the package's outlines unless the recipe names others."""
        asked = self.recipe.layer_requests()
        return asked if any(request.name == _COUNTRY.name for request in asked) else (_COUNTRY, *asked)

    @cached_property
    def predictor(self) -> Predictor:
        """What answers for a cell."""
        return predictor_of(self.recipe, self.data)

    @cached_property
    def outside(self) -> OutsideRule:
        """What is done about cells outside the predictor's domain."""
        return outside_of(self.recipe)

    @cached_property
    def marking(self) -> Marking:
        """Which cells are studied, and the words for the others."""
        given = [request.name for request in self.requests]
        wanted = (*DECIDING[1:], *needed_layers(given), *_ANNUAL, *_NITROGEN)
        required = tuple(name for name in wanted if name in given)
        countries = extent_of(self.recipe.grid_spec().extent).countries
        options = StudyOptions(**self.recipe.study_options())
        status = partial(study_status, countries=countries, required=required, options=options)
        kinds = {r.name: self.catalog.source(r.source).kind for r in self.requests if r.source}
        nitrogen = {
            name: {"units": LAYERS[name].unit, "long_name": LAYERS[name].long_name} for name in _NITROGEN
        }
        words = {**derived_attributes(kinds), **nitrogen}
        return Marking(status, status_flags(required), words, deciding=DECIDING)

    @cached_property
    def derive(self) -> Derive:
        """From layers of some cells to the rows of the cell table."""
        soil = SoilOptions(**self.recipe.soil_options())
        climate = ClimateOptions(**self.recipe.climate_options())
        return partial(_derive, grid=self.grid, soil=soil, climate=climate)

    def layers(self, grid: Grid | None = None) -> dict[str, xr.DataArray]:
        """Return every layer on the run's grid, or on another one, lazily."""
        return prepare_layers(self.requests, catalog=self.catalog, grid=grid or self.grid, data=self.data)

    @cached_property
    def problems(self) -> list[EurosicError]:
        """Everything that is wrong with layers and card and can be found without work; looked for once."""
        return self._problems(digests=True)

    @cached_property
    def problems_of_headers(self) -> list[EurosicError]:
        """Those that show without reading files from end to end, as stated digests want it."""
        return self._problems(digests=False)

    def _problems(self, *, digests: bool) -> list[EurosicError]:
        grid = self.outline
        layers = check_layers(self.requests, catalog=self.catalog, grid=grid, data=self.data, digests=digests)
        return [*layers, *card_problems(self.recipe, self.data)]

    def source_digests(self) -> dict[str, str]:
        """Return the digest of the files behind each layer, by the layer's name; constants have none."""
        sources = {r.name: self.catalog.source(r.source) for r in self.requests if r.source}
        return {name: files_digest(source, self.catalog, self.data) for name, source in sources.items()}

    def forcing(self, climate_years: tuple[int, ...]) -> Forcing:
        """Return what makes columns of rows of the table."""
        return Forcing(
            self.recipe.years,
            self.recipe.ordered_pathways(),
            NitrogenOptions(**self.recipe.nitrogen_options()),
            climate_years,
            Beyond(self.recipe.inputs.climate.beyond),
        )

    def extent(self, countries: tuple[int, ...], cells: int) -> Extent:
        """Return how much the projection promises."""
        recipe = self.recipe
        return Extent(
            tuple(pathway.name for pathway in recipe.ordered_pathways()),
            recipe.projection.years,
            recipe.years,
            countries,
            cells,
            min(recipe.projection.tile, cells),
            self.predictor.has_spread,
            self.predictor.members if isinstance(self.predictor, WithMembers) else 0,
        )

    def tile_spec(self, forcing: Forcing, countries: tuple[int, ...]) -> TileSpec:
        """Return what every tile has in common."""
        start = self.recipe.start_year
        reported = tuple(year - start for year in self.recipe.projection.years)
        names = tuple(pathway.name for pathway in forcing.pathways)
        emulated = self.recipe.predictor.emulator is not None
        batch = _MICRO_BATCHES * micro_batch(forcing.shares.shape[1]) if emulated else _BATCH
        return TileSpec(
            forcing.shares,
            reported,
            countries,
            batch=batch,
            pathways=names,
            start_year=start,
            outside=self.outside,
        )

    def identity(self, cache: Path | None = None) -> dict[str, str]:
        """Return the digests that decide the run's values."""
        asked, grid = self.requests, self.grid
        found = inputs_digest(asked, catalog=self.catalog, grid=grid, data=self.data, cache=cache)
        return {
            "recipe_digest": self.recipe.digest,
            "inputs_digest": found,
            "predictor_digest": self._predictor_digest,
            "eurosic": versions()["eurosic"],
        }

    @property
    def _predictor_digest(self) -> str:
        # Where another predictor answers for cells outside, it decides values too.
        fallback = self.outside.fallback
        of = self.predictor.digest
        return digest_of([of, fallback.digest]) if fallback and fallback.digest != of else of


def set_up(
    recipe: Path, *, data: Path | None = None, catalog: Path | None = None, smaller: bool = False
) -> Setup:
    """Return the set-up of a recipe's file; `smaller` shrinks it to a few tiles and years.

    Raises
    ------
    RecipeError, CatalogError, UnitError
        With every problem of the recipe, or the first of the catalog.
    """
    loaded = load_recipe(recipe)
    return Setup(smoke(loaded) if smaller else loaded, load_catalog(catalog), data)


def forcing_of(setup: Setup, folder: Path) -> Forcing:
    """Return what makes columns of rows of a run's table, in the climate years of its inputs."""
    return setup.forcing(climate_years(open_inputs(folder / INPUTS).values()))


def climate_years(layers: Iterable[xr.DataArray]) -> tuple[int, ...]:
    """Return the calendar years along the climate's axis of some layers; a single 0 for a climatology."""
    years = next((layer["climate_year"] for layer in layers if "climate_year" in layer.coords), (0,))
    return tuple(int(year) for year in np.asarray(years))


def table_digest(identity: dict[str, str]) -> str:
    """Return the digest of the cell table: recipe and inputs, whatever the predictor."""
    return digest_of([identity["recipe_digest"], identity["inputs_digest"], identity["eurosic"]])


def _derive(
    layers: Layers,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    *,
    grid: Grid,
    soil: SoilOptions,
    climate: ClimateOptions,
) -> dict[str, NDArray[np.float64]]:
    derived = derive_cells(layers, latitude=latitude_of(y, x, grid.crs), soil=soil, climate=climate)
    kept = {name: layers[name].astype(np.float64) for name in _NITROGEN}
    return {**derived, **kept, AREA.name: calcareous_arable_area(layers, grid.cell_area)}
