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
from eurosic.base.signature import Array, Columns, Predictor, Signature, names
from eurosic.base.summed import TOTALLED as TOTALLED
from eurosic.base.vocabulary import STOCKS, TARGETS, Variable
from eurosic.projection.area_sums import Members, area_weights, joined_members, members_of, totals_of
from eurosic.projection.interval import half_widths, percentiles
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
    signature = predictor.signature
    answer = _asked(f"tile {tile.index}, cells from {tile.start + start}", rows, forcing, predictor, spec)
    every_year = {
        variable.name: _pathways_of(answer.values[..., i], variable, spec.shares)
        for i, variable in enumerate(signature.targets)
    }
    answer = _check_values(tile, rows, every_year, answer, spec)
    valued = answer.valued
    weights = area_weights(rows, valued, spec.countries)
    stocks = _stocks_of(answer.columns, signature)
    reported = {name: values[:, :, list(spec.reported)] for name, values in every_year.items()}
    reported |= _percentiles_of(answer, reported, stocks, signature, spec)
    return TileResult(
        values={name: _stored(values, valued, TARGETS.get(name)) for name, values in reported.items()},
        stocks=stocks,
        status=answer.status,
        totals=totals_of(every_year, valued, weights),
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
    reported: Mapping[str, Array],
    stocks: Mapping[str, NDArray[np.float32]],
    signature: Signature,
    spec: TileSpec,
) -> dict[str, Array]:
    """Return the percentiles of every target that is no flag, at the reported years; none without a spread."""
    found: dict[str, Array] = {}
    if answer.spread is not None:
        for i, variable in enumerate(signature.targets):
            if not variable.flags:
                half = half_widths(answer.spread[..., i], spec.shares)
                found |= percentiles(variable, reported[variable.name], half, stocks=stocks)
    return found


def _pathways_of(values: Array, variable: Variable, shares: Array) -> Array:
    """Return a target of every pathway ``(pathway, cell, year)`` from that of every variant, by shares of area."""
    if variable.flags:
        return values[np.argmax(shares, axis=1)]
    # Cells last in memory, as a network's values have them and the store wants them.
    pathways = np.empty((values.shape[2], len(shares), values.shape[1])).transpose(1, 2, 0)
    for pathway, share in enumerate(shares):
        parts = np.flatnonzero(share)
        # A pathway of one variant is that variant, bit for bit; averaging would round it.
        pathways[pathway] = (
            values[parts[0]] if len(parts) == 1 else np.tensordot(share[parts], values[parts], axes=1)
        )
    return pathways


def _check_values(
    tile: Tile, rows: Rows, every_year: Mapping[str, Array], answer: Answer, spec: TileSpec
) -> Answer:
    """Return the answer, cells outside the domain with an impossible value failed; raise for any other cell."""
    status = answer.status.copy()
    # Beyond what it was trained on a predictor may say anything: that costs the cell, not the run.
    kept = status == Status.PREDICTED_OUTSIDE_DOMAIN
    for name, values in every_year.items():
        variable = TARGETS[name]
        # A layer's rounding may leave a sum a hair below zero; more than that is an error of the predictor.
        slack = 1e-9 * max(1.0, variable.valid_max - variable.valid_min)
        good = (values >= variable.valid_min - slack) & (values <= variable.valid_max + slack)
        bad = ~good & (answer.valued & ~kept)[None, :, None]
        if bad.any():
            _refuse(tile, rows, values, bad, variable, spec)
        status[kept & ~good.all(axis=(0, 2))] = Status.FAILED
    return replace(answer, status=status)


def _refuse(
    tile: Tile, rows: Rows, values: Array, bad: NDArray[np.bool_], variable: Variable, spec: TileSpec
) -> None:
    pathway, cell, year = np.argwhere(bad)[0]
    place = "".join(f", {axis} {rows[axis][cell]:.0f}" for axis in ("y", "x") if axis in rows)
    named = spec.pathways[pathway] if spec.pathways else str(pathway)
    unit = "" if variable.unit == "1" else f" {variable.unit}"
    raise TileError(
        f"tile {tile.index}",
        f"{int(bad.any(axis=(0, 2)).sum())} of {bad.shape[1]} cells hold an impossible {variable.name}; first"
        f" {values[pathway, cell, year]}{unit} in pathway {named}, {spec.start_year + year}{place}",
        wanted=f"{variable.valid_min} to {variable.valid_max}{unit}",
        do="Please report it with the recipe: the inputs passed their checks.",
    )


def _stored(values: Array, valued: NDArray[np.bool_], variable: Variable | None) -> NDArray[np.generic]:
    """Return ``(pathway, year, cell)`` as it is stored; percentiles are no words of their own."""
    missing, dtype = (-1, np.int8) if variable and variable.flags else (np.nan, np.float32)
    kept = np.where(valued[None, :, None], values, missing)
    return np.ascontiguousarray(np.moveaxis(kept, 1, 2)).astype(dtype)


def _stocks_of(columns: Columns, signature: Signature) -> dict[str, NDArray[np.float32]]:
    sic = columns.state[..., names(signature.states).index("sic")]
    return {name: sic[:, : _STOCK_DEPTHS[name]].sum(axis=1).astype(np.float32) for name in STOCKS}
