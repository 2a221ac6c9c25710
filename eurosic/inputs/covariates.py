"""Layers of study cells in, everything that a column is made of out.

*Enters:* layers per cell in house units, latitude, options. *Leaves:* every covariate ``(cell,)``, initial
state ``(cell, depth)`` and annual climate ``(cell, climate_year)``, inside the vocabulary's valid ranges. How
each is made stands in `derivations`; a layer that bears a covariate's own name is taken as it is. It must not
know files or Dask. *Source:* CONVENTIONS.md, "From rasters to a column".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import InputError
from eurosic.base.request import Kind
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES, Variable
from eurosic.inputs.carbonate import SIX_DEPTHS
from eurosic.inputs.climate import ClimateOptions
from eurosic.inputs.derivations import DERIVATIONS, Derivation
from eurosic.inputs.soil import CellOptions, SoilOptions, constant

Array = NDArray[np.float64]

# Layers without which no column can be made; carbonate may come as one raster or as six.
_NEEDED = ("clay", "sand", "organic_carbon", "monthly_temperature", "monthly_precipitation")
# Layers that an option stands in for, where they are absent or have no value.
_OPTIONAL = ("gravel", "decalcified_depth")
# What leaves: the rows between are steps, not results.
_BETWEEN = ("carbonate_profile", "calcareous_share", "monthly_pet")
# Rows that the climate decides; all others are of the soil alone.
_OF_CLIMATE = ("respiration", "temperature", "precipitation", "monthly_pet", "pet", "drainage")
# Cells at once: with a century of monthly climate, 40 MB an array.
_BLOCK = 4096
# From what can be trusted most to what can be trusted least.
_STRENGTH = (Kind.OBSERVED, Kind.INTERPOLATED, Kind.MODELLED, Kind.ASSUMED, Kind.SYNTHETIC)


def needed_layers(given: Iterable[str]) -> tuple[str, ...]:
    """Return the layers that `derive_cells` cannot do without, given the names of those that a recipe has.

    Examples
    --------
    >>> needed_layers(["clay"])[:2]
    ('carbonate', 'clay')
    """
    carbonate = SIX_DEPTHS if set(SIX_DEPTHS) <= set(given) else ("carbonate",)
    return (*carbonate, *_NEEDED)


def derive_cells(
    layers: Mapping[str, NDArray[np.generic]],
    *,
    latitude: Array,
    soil: SoilOptions,
    climate: ClimateOptions,
) -> dict[str, Array]:
    """Return all that columns are made of, for some cells.

    Parameters
    ----------
    layers
        House units, NaN where an optional layer has no value: ``(cell,)``; monthly ones ``(cell, month)`` or
        ``(cell, climate_year, month)``; annual climate ``(cell, climate_year)``. A layer that bears the name
        of a covariate replaces its formula, where it has a value.
    latitude
        Degrees north, shape ``(cell,)``.
    soil, climate
        Options of the recipe.

    Returns
    -------
    dict
        Float64: each of `COVARIATES` ``(cell,)``; `sic` (kg m-2), `base_saturation` (1) and `nitrate`
        (mol m-2) ``(cell, 6)``; `temperature` (degC), `precipitation`, `drainage` and `pet` (mm yr-1)
        ``(cell, climate_year)``.

    Raises
    ------
    InputError
        If a needed layer is absent or has no value in a cell, or a result leaves its valid range.
    """
    absent = [name for name in needed_layers(layers) if name not in layers]
    if absent:
        raise InputError(
            "covariates",
            f"no layer {', '.join(absent)}",
            wanted="every layer that a column is made of",
            do="Name a source for it under inputs of the recipe.",
        )
    options = CellOptions(soil, climate)
    known = {name: np.asarray(values, dtype=np.float64) for name, values in layers.items()}
    known["latitude"] = np.asarray(latitude, dtype=np.float64)
    starts = range(0, max(len(latitude), 1), _BLOCK)
    blocks = [_derive(_part(known, slice(start, start + _BLOCK)), options) for start in starts]
    derived = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    for name, values in derived.items():
        _check_range(values, name)
    return derived


def derive_soil(layers: Mapping[str, NDArray[np.generic]], soil: SoilOptions) -> dict[str, Array]:
    """Return all of a column that its climate has no part in, for some cells: `derive_cells` without the climate.

    Parameters
    ----------
    layers
        Soil layers in house units, ``(cell,)``, as `derive_cells` takes them.
    soil
        Options of the recipe.

    Returns
    -------
    dict
        Float64: the covariates but `respiration` ``(cell,)``; states ``(cell, 6)``. Ranges are not checked here.
    """
    known = {name: np.asarray(values, dtype=np.float64) for name, values in layers.items()}
    # Only the climate asks for the latitude; here it says how many cells there are.
    known["latitude"] = np.zeros(len(next(iter(known.values()))))
    rows = tuple(row for row in DERIVATIONS if row.name not in _OF_CLIMATE)
    return _derive(known, CellOptions(soil, ClimateOptions()), rows)


def derived_attributes(kinds: Mapping[str, Kind] | None = None) -> dict[str, dict[str, str]]:
    """Return `units`, `long_name`, `source`, `kind` and `formula` of every derived quantity, by name.

    Parameters
    ----------
    kinds
        Kind of each layer of the run: what is made of synthetic layers is itself synthetic.
    """
    found = dict(kinds or {})
    attributes = {}
    for row in DERIVATIONS:
        found[row.name] = max(
            (row.kind, *(found.get(name, row.kind) for name in row.needs)), key=_STRENGTH.index
        )
        attributes[row.name] = {
            "units": row.unit,
            "long_name": row.long_name,
            "source": row.source,
            "kind": str(found[row.name]),
            "formula": row.formula,
        }
    return {name: told for name, told in attributes.items() if name not in _BETWEEN}


def _part(known: Mapping[str, Array], cells: slice) -> dict[str, Array]:
    return {name: values[cells] for name, values in known.items()}


def _derive(
    known: dict[str, Array], options: CellOptions, rows: tuple[Derivation, ...] = DERIVATIONS
) -> dict[str, Array]:
    """Return the rows of the table for some cells; `known` grows by each row."""
    for name in _OPTIONAL:
        assumed = constant(known, getattr(options.soil, name))
        known[name] = _preferred(known.get(name), assumed)
    for row in rows:
        given = known.get(row.name) if row.name in COVARIATES else None
        known[row.name] = _preferred(given, row.compute(known, options))
    return {name: known[name] for name in ("gravel", *(row.name for row in rows)) if name not in _BETWEEN}


def _preferred(given: Array | None, otherwise: Array) -> Array:
    return otherwise if given is None else np.where(np.isnan(given), otherwise, given)


def _check_range(values: Array, name: str) -> None:
    variable = _variable(name)
    # NaN fails both comparisons, so that what a layer lacks is caught here too.
    bad = ~((values >= variable.valid_min) & (values <= variable.valid_max))
    if bad.any():
        first = np.argwhere(bad)[0]
        raise InputError(
            f"derived {name}",
            f"is {values[tuple(first)]} {variable.unit} at cell {first[0]} ({int(bad.sum())} such values)",
            wanted=f"{variable.valid_min} to {variable.valid_max} {variable.unit}",
            do=f"Look at the layers it is made of: {', '.join(_layers_behind(name))}.",
        )


_PET = Variable("pet", "driver", "mm yr-1", "annual potential evapotranspiration", 0, 5000, "flux")


def _variable(name: str) -> Variable:
    known = {**COVARIATES, **STATES, **DRIVERS, "pet": _PET}
    return known[name]


def _layers_behind(name: str) -> list[str]:
    """Return the layers that a row is made of in the end, by the rows between."""
    rows: dict[str, Derivation] = {row.name: row for row in DERIVATIONS}
    if name not in rows:
        return [name]
    return list(dict.fromkeys(layer for need in rows[name].needs for layer in _layers_behind(need)))
