"""One tile in, one tile out: rows of the cell table, a forcing and a predictor give a tile's results.

*Enters:* rows of the cell table, a forcing (rows -> `Columns`), a `Predictor`, a `TileSpec`. *Leaves:* a
`TileResult`: reported values of every pathway and their percentiles, stocks, status, and the tile's share of the
area totals, members' own beside the mean's.
*Must not* know torch, Dask, Zarr or xarray: NumPy and a predictor, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from eurosic.base.errors import PredictorError, TileError
from eurosic.base.flags import Status
from eurosic.base.grid import Tile
from eurosic.base.signature import Array, Columns, Numbers, Predictor, Signature, all_within, names
from eurosic.base.summed import TOTALLED as TOTALLED
from eurosic.base.vocabulary import STOCKS, TARGETS, Variable
from eurosic.projection.area_sums import Members, area_weights, joined_members, members_of, totals_of
from eurosic.projection.interval import percentiles
from eurosic.projection.mixing import chosen, mixed
from eurosic.projection.outside import Answer, Forcing, OutsideRule, Rows, ask

# Standard depths that each stock spans, counted from the surface (0.30, 1.00 and 2.00 m).
_STOCK_DEPTHS = {"sic_stock_0_30cm": 3, "sic_stock_0_100cm": 5, "sic_stock_0_200cm": 6}


@dataclass(frozen=True)
class TileSpec:
    """What every tile of a projection has in common.

    Parameters
    ----------
    shares
        How pathways are made of variants, as shares of area, shape ``(pathway, variant)``.
    reported
        Places of the reported years among all years.
    countries
        Codes in the order of the totals' last axis.
    batch
        Cells predicted at once: bounds memory, changes no value.
    pathways, start_year
        Names and first year, for messages.
    outside
        What is done about cells outside the predictor's domain.
    """

    shares: NDArray[np.float64]
    reported: tuple[int, ...]
    countries: tuple[int, ...]
    batch: int = 128
    pathways: tuple[str, ...] = ()
    start_year: int = 0
    outside: OutsideRule = field(default_factory=OutsideRule)


@dataclass(frozen=True)
class TileResult:
    """Results of a tile.

    ``values[name]`` has shape ``(pathway, year, cell)``, float32 (int8 for flags, -1 where there is no value);
    ``stocks[name]`` and `status` have shape ``(cell,)``; `totals` has shape ``(quantity, pathway, year,
    country)`` over every year, kg (yr-1), quantities in the order of `TOTALLED`; `area` is the area of each
    country that has values, m2. `members` is how far each of them lies from
    their mean in the reported years, where the predictor has any.
    """

    values: dict[str, NDArray[np.generic]]
    stocks: dict[str, NDArray[np.float32]]
    status: NDArray[np.int8]
    totals: Array
    area: Array
    members: Members | None = None

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return every array under the name that the template gives it."""
        return {
            **self.values,
            **self.stocks,
            "cell_status": self.status,
            "total": self.totals,
            "total_area": self.area,
            **(self.members.arrays() if self.members else {}),
        }


def predict_tile(
    tile: Tile, rows: Rows, *, forcing: Forcing, predictor: Predictor, spec: TileSpec
) -> TileResult:
    """Return the results of one tile.

    Raises
    ------
    TileError
        If a cell inside the domain holds a value that is not finite or not possible, naming tile, cell and place.
    PredictorError
        If the rows give columns that the predictor's signature refuses.
    """
    parts = [
        _predict_batch(tile, _rows_at(rows, start, spec.batch), start, forcing, predictor, spec)
        for start in range(0, tile.size, spec.batch)
    ]
    return TileResult(
        values={name: np.concatenate([p.values[name] for p in parts], axis=2) for name in parts[0].values},
        stocks={name: np.concatenate([p.stocks[name] for p in parts]) for name in parts[0].stocks},
        status=np.concatenate([p.status for p in parts]),
        totals=np.sum([p.totals for p in parts], axis=0),
        area=np.sum([p.area for p in parts], axis=0),
        members=joined_members([p.members for p in parts]),
    )


def _rows_at(rows: Rows, start: int, size: int) -> Rows:
    return {name: values[start : start + size] for name, values in rows.items()}


def _predict_batch(
    tile: Tile, rows: Rows, start: int, forcing: Forcing, predictor: Predictor, spec: TileSpec
) -> TileResult:
    answer = _asked(f"tile {tile.index}, cells from {tile.start + start}", rows, forcing, predictor, spec)
    signature = predictor.signature
    answer = _check_values(tile, rows, answer, signature, spec)
    valued = answer.valued
    weights = area_weights(rows, valued, spec.countries)
    stocks = _stocks_of(answer.columns, signature)
    # Every year is checked and summed as variants, of which pathways are means; only reported years are mixed.
    reported = {
        variable.name: _pathways_of(answer.values[..., i], variable, spec)
        for i, variable in enumerate(signature.targets)
    }
    reported |= _percentiles_of(answer, reported, stocks, signature, spec)
    return TileResult(
        values={name: _stored(values, valued, TARGETS.get(name)) for name, values in reported.items()},
        stocks=stocks,
        status=answer.status,
        totals=totals_of(answer.values, signature, spec.shares, valued=valued, weights=weights),
        area=weights.sum(axis=0),
        members=members_of(answer.members, spec.shares, valued, weights),
    )


def _asked(where: str, rows: Rows, forcing: Forcing, predictor: Predictor, spec: TileSpec) -> Answer:
    try:
        return ask(rows, forcing, predictor=predictor, rule=spec.outside, years=spec.reported)
    except PredictorError as error:
        # A predictor knows which value it refuses, not where in Europe it stands.
        raise PredictorError(
            f"{where}: {error.where}", error.came, wanted=error.wanted, do=error.do
        ) from error


def _percentiles_of(
    answer: Answer,
    reported: Mapping[str, Numbers],
    stocks: Mapping[str, NDArray[np.float32]],
    signature: Signature,
    spec: TileSpec,
) -> dict[str, Numbers]:
    """Return the percentiles of every target that is no flag, at the reported years; none without a spread."""
    found: dict[str, Numbers] = {}
    if answer.spread is not None:
        for i, variable in enumerate(signature.targets):
            if not variable.flags:
                half = mixed(answer.spread[..., i], spec.shares)
                found |= percentiles(variable, reported[variable.name], half, stocks=stocks)
    return found


def _pathways_of(values: Numbers, variable: Variable, spec: TileSpec) -> Numbers:
    """Return a target of every pathway and reported year ``(pathway, cell, year)``, of every variant and year."""
    # Years are taken from the first axis, so that the order of memory stays a network's: cells last.
    years = np.moveaxis(values, 2, 0).take(spec.reported, axis=0)
    told = np.moveaxis(years, 0, 2)
    return chosen(told, spec.shares) if variable.flags else mixed(told, spec.shares)


def _check_values(tile: Tile, rows: Rows, answer: Answer, signature: Signature, spec: TileSpec) -> Answer:
    """Return the answer, cells outside the domain with an impossible value failed; raise for any other cell."""
    status = answer.status.copy()
    # Beyond what it was trained on a predictor may say anything: that costs the cell, not the run.
    kept = status == Status.PREDICTED_OUTSIDE_DOMAIN
    for i, variable in enumerate(signature.targets):
        values = answer.values[..., i]
        # A layer's rounding may leave a sum a hair below zero; more than that is an error of the predictor.
        slack = 1e-9 * max(1.0, variable.valid_max - variable.valid_min)
        low, high = variable.valid_min - slack, variable.valid_max + slack
        if all_within(values, low, high):
            continue
        good = (values >= low) & (values <= high)
        bad = ~good & (answer.valued & ~kept)[None, :, None]
        if bad.any():
            _refuse(tile, rows, values, bad, variable, spec)
        status[kept & ~good.all(axis=(0, 2))] = Status.FAILED
    return replace(answer, status=status)


def _refuse(
    tile: Tile, rows: Rows, values: Numbers, bad: NDArray[np.bool_], variable: Variable, spec: TileSpec
) -> None:
    variant, cell, year = np.argwhere(bad)[0]
    place = "".join(f", {axis} {rows[axis][cell]:.0f}" for axis in ("y", "x") if axis in rows)
    pathway = int(np.flatnonzero(spec.shares[:, variant])[0])
    named = spec.pathways[pathway] if spec.pathways else str(pathway)
    unit = "" if variable.unit == "1" else f" {variable.unit}"
    raise TileError(
        f"tile {tile.index}",
        f"{int(bad.any(axis=(0, 2)).sum())} of {bad.shape[1]} cells hold an impossible {variable.name}; first"
        f" {values[variant, cell, year]}{unit} in pathway {named}, {spec.start_year + year}{place}",
        wanted=f"{variable.valid_min} to {variable.valid_max}{unit}",
        do="Please report it with the recipe: the inputs passed their checks.",
    )


def _stored(values: Numbers, valued: NDArray[np.bool_], variable: Variable | None) -> NDArray[np.generic]:
    """Return ``(pathway, year, cell)`` as it is stored; percentiles are no words of their own."""
    missing, dtype = (-1, np.int8) if variable and variable.flags else (np.nan, np.float32)
    pathways, cells, years = values.shape
    stored = np.empty((pathways, years, cells), dtype)
    with np.errstate(invalid="ignore"):  # a flag of a cell without a value is none
        stored[...] = np.moveaxis(values, 1, 2)
    stored[..., ~valued] = missing
    return stored


def _stocks_of(columns: Columns, signature: Signature) -> dict[str, NDArray[np.float32]]:
    sic = columns.state[..., names(signature.states).index("sic")]
    return {name: sic[:, : _STOCK_DEPTHS[name]].sum(axis=1).astype(np.float32) for name in STOCKS}
