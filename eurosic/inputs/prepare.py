"""What a recipe asks of the inputs -> lazy layers on the grid, in house units, each with its provenance.

*Enters:* `LayerRequest`s, the catalog, the grid, the data folder. *Leaves:* one lazy array a layer with units,
source, kind, licence, citation and corrections as attributes, and the digest of all that decided them. It must
not compute: `store` does, region by region.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from eurosic.base.countries import country_of
from eurosic.base.errors import CatalogError, EurosicError, InputError
from eurosic.base.grid import SQUARE, Grid
from eurosic.base.request import Kind, LayerRequest
from eurosic.base.vocabulary import Variable
from eurosic.inputs.align import align_raster
from eurosic.inputs.catalog import Catalog
from eurosic.inputs.corrections import check_corrections, corrected, in_house, out_of_range, to_house
from eurosic.inputs.digests import check_digest
from eurosic.inputs.outlines import country_layer, sub_points
from eurosic.inputs.readers import open_source
from eurosic.inputs.source import Source, variable_of
from eurosic.inputs.tables import read_table, table_layer

_COUNTRY = "country"


@dataclass(frozen=True)
class _Place:
    """Where layers come from and go to."""

    catalog: Catalog
    grid: Grid
    data: Path | None


def prepare_layers(
    requests: Iterable[LayerRequest], *, catalog: Catalog, grid: Grid, data: Path | None
) -> dict[str, xr.DataArray]:
    """Return the layers asked for, lazily, by name: house units, on the grid, NaN where missing.

    Layers are float32 with dims ``(y, x)``, ``(month, y, x)``, ``(climate_year, y, x)`` or ``(climate_year,
    month, y, x)``; `country` is int16 with 0 for none. Tables by country go through the `country` asked for, or
    the package's outlines. Attributes: ``units, long_name, source, kind, licence, references`` (the citation), and
    ``corrections, known_faults, resampling, classes`` where there are any.

    Raises
    ------
    EurosicError
        The first problem; `check_layers` returns all.
    """
    # The country comes first: tables of rates are drawn through it.
    asked = list(requests)
    place = _Place(catalog, grid, data)
    country = _country(asked, place)
    return {request.name: _layer(request, place, country) for request in asked}


def check_layers(
    requests: Iterable[LayerRequest], *, catalog: Catalog, grid: Grid, data: Path | None, digests: bool = True
) -> list[EurosicError]:
    """Return every problem that can be found without computing; an empty list where there is none.

    Looks at each request by itself: source and files, headers, CRS and overlap with the grid, units, variables
    and bands, corrections, tables in full; and digests of entries that state one, for which their files are read from
    end to end. Without `digests` it takes as long for a continent at 100 m as for a village.
    """
    asked = list(requests)
    place = _Place(catalog, grid, data)
    problems: list[EurosicError] = []
    names = [request.name for request in asked]
    # One message for all repetitions: the same fault need not be told for each layer.
    problems += [
        InputError(f"layer {name!r}", "is asked for twice", do="Keep one.")
        for name in names
        if names.count(name) > 1
    ][:1]
    for request in asked:
        # Preparation is lazy, so that it is the check: what it accepts can be computed.
        try:
            country = _country(asked, place) if request.name == _COUNTRY else _no_country(grid)
            _layer(request, place, country)
            if request.source and digests:
                check_digest(catalog.source(request.source), catalog, data)
        except EurosicError as error:
            problems.append(error)
    return problems


def _no_country(grid: Grid) -> xr.DataArray:
    return _full(grid, 0).astype(np.int16)


def _layer(request: LayerRequest, place: _Place, country: xr.DataArray) -> xr.DataArray:
    where = f"layer {request.name!r}"
    variable = variable_of(request.name, where)
    check_corrections(request.corrections, where)
    # Recipes are checked for this too; requests may also be made by hand.
    if bool(request.source) == (request.constant is not None):
        raise CatalogError(where, "needs a source or a constant, and only one", do="Correct the recipe.")
    if request.constant is not None:
        layer = _constant(request, variable, place.grid)
    elif request.name == _COUNTRY:
        layer = country
    else:
        layer = _from_source(request, variable, place, country)
    return _described(layer, request, variable, place)


def _from_source(
    request: LayerRequest, variable: Variable, place: _Place, country: xr.DataArray
) -> xr.DataArray:
    source = _source_giving(request, place.catalog)
    files = place.catalog.locate(source, place.data)
    where = f"layer {request.name!r}, {source.where}"
    if source.format == "country-table":
        return _from_table(request, variable, (source, files[0]), country)
    # What a class stands for is a judgement: the recipe's comes before the entry's.
    classes = dict(request.classes or source.classes)
    if source.resampling == "fractions" and not classes:
        raise CatalogError(where, "maps classes, and none is asked for", do="State 'classes' in the recipe.")
    raster = open_source(source, files)
    layer = align_raster(raster, place.grid, resampling=source.resampling, classes=classes, where=where)
    layer = to_house(layer, variable, source.unit, request.corrections, where)
    return layer.assign_attrs(resampling=source.resampling, **({"classes": str(classes)} if classes else {}))


def _source_giving(request: LayerRequest, catalog: Catalog) -> Source:
    source = catalog.source(request.source)
    if request.name not in source.gives:
        others = catalog.giving(request.name)
        raise CatalogError(
            source.where,
            f"gives {', '.join(source.gives)}",
            wanted=request.name,
            do=f"Sources that give it: {', '.join(others)}." if others else "Add an entry that gives it.",
        )
    if request.classes and source.resampling != "fractions":
        raise CatalogError(source.where, "is no map of classes", do="Leave 'classes' out of the recipe.")
    return source


def _from_table(
    request: LayerRequest, variable: Variable, table: tuple[Source, Path], country: xr.DataArray
) -> xr.DataArray:
    source, path = table
    rates = read_table(source, path)
    given = np.array(list(rates.values()))
    values = in_house(given, source.unit, variable.unit, request.corrections, source.where)
    # A table is read in full, so that its range is checked now and with the name of the country.
    bad = out_of_range(values, variable)
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"{source.where}, {path.name}",
            f"{variable.name} of {country_of(str(list(rates)[first])).name} is {values[first]:g} {variable.unit}",
            wanted=f"{variable.valid_min:g} to {variable.valid_max:g} {variable.unit}",
            do="Correct the table, its unit or the corrections.",
        )
    return table_layer(dict(zip(rates, values.tolist(), strict=True)), country)


def _constant(request: LayerRequest, variable: Variable, grid: Grid) -> xr.DataArray:
    # None becomes NaN, which is refused below like any constant that is no number.
    value = corrected(np.array([request.constant], np.float64), request.corrections)
    if out_of_range(value, variable).any() or not np.isfinite(value).all():
        raise InputError(
            f"layer {request.name!r}",
            f"is {value[0]:g} {variable.unit} everywhere",
            wanted=f"{variable.valid_min:g} to {variable.valid_max:g} {variable.unit}",
            do="Correct the constant in the recipe.",
        )
    layer = _full(grid, float(value[0]))
    return layer.astype(np.int16) if request.name == _COUNTRY else layer


def _full(grid: Grid, value: float) -> xr.DataArray:
    data = da.full(grid.shape, value, dtype=np.float32, chunks=SQUARE)
    return xr.DataArray(data, dims=("y", "x"), coords={"y": grid.y, "x": grid.x})


def _country(asked: Sequence[LayerRequest], place: _Place) -> xr.DataArray:
    request = next((request for request in asked if request.name == _COUNTRY), None)
    if request is None:
        return country_layer(place.grid)
    if not request.source:
        return _constant(request, variable_of(_COUNTRY, _COUNTRY), place.grid)
    source = _source_giving(request, place.catalog)
    files = place.catalog.locate(source, place.data)
    if source.format == "outlines":
        return country_layer(place.grid, path=files[0], code="".join(source.variables), crs=source.crs)
    # A raster of codes, such as one rasterized from cadastral data: the commonest code of a cell.
    coded = align_raster(open_source(source, files), place.grid, resampling="mode", where=source.where)
    return coded.copy(data=coded.data.map_blocks(_as_codes, dtype=np.int16))


def _as_codes(values: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.nan_to_num(values, nan=0.0).astype(np.int16)


def _described(layer: xr.DataArray, request: LayerRequest, variable: Variable, place: _Place) -> xr.DataArray:
    attrs = {"units": variable.unit, "long_name": variable.long_name, "kind": str(Kind.ASSUMED)}
    if request.source:
        source = place.catalog.source(request.source)
        attrs |= {
            "source": source.name,
            "kind": str(source.kind),
            "licence": source.licence,
            "references": source.citation,
            "known_faults": source.faults,
        }
    else:
        attrs["source"] = f"constant {request.constant:g} {variable.unit}, from the recipe"
    if request.name == _COUNTRY:
        n = sub_points(place.grid.resolution)
        attrs["comment"] = f"largest share of the cell's land, of {n} x {n} sub-points; 0 is no land"
    steps = [f"{step.action} {step.amount:g} ({step.because})" for step in request.corrections]
    attrs |= {"corrections": "; ".join(steps), **layer.attrs, "grid_mapping": "spatial_ref"}
    # Empty texts are left out below: an attribute that says nothing looks like one that was forgotten.
    named = layer.rename(request.name).rio.write_crs(place.grid.crs)
    # rioxarray keeps grid_mapping in the encoding, which arithmetic and to_zarr lose (ENGINE.md, trap 2).
    named.encoding.pop("grid_mapping", None)
    return named.assign_attrs({key: value for key, value in attrs.items() if value})
