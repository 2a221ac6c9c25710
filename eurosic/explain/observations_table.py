"""A user's table of topsoil samples as observations: LUCAS as downloaded, GEMAS, or the house's columns.

*Enters:* a CSV file, one row a sample. *Leaves:* `Observations`. Columns are known by the house's words or by those
of LUCAS 2009, 2015 and 2018 and of the GEMAS points, each with its factor to the house unit; others are not read.
*Source:* Orgiazzi et al. (2018), doi:10.1111/ejss.12499; Reimann et al. (2014), GEMAS.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pyproj import Transformer

from eurosic.base.errors import InputError
from eurosic.base.request import Kind
from eurosic.explain.observations import CALCAREOUS, PH, STOCK, Observations, square_blocks, stock_of
from eurosic.explain.states import ALL, FREE, INTACT

# m; the depth that a topsoil sample stands for, as a topsoil raster does, and the side of a block.
_DEPTH, _SIDE = 0.30, 100_000.0
# g cm-3; from organic carbon where no density is given: 1.6 - 0.09 SOC, 1.0 to 1.65, spread 0.08 (SCIENCE.md
# section 6).
_DENSITY = (1.6, 0.09, 1.0, 1.65)


@dataclass(frozen=True)
class Column:
    """A column that is known: the house's name, its unit, and other names with their factor to that unit."""

    name: str
    unit: str
    also: tuple[tuple[str, float], ...] = ()


COLUMNS = (
    Column(PH, "1", (("ph_lab", 1.0), ("pH_H2O", 1.0), ("pH_in_H2O", 1.0))),
    Column("carbonate", "%", (("CaCO3", 0.1), ("caco3_est_wt_pct", 1.0))),
    Column("clay", "%"),
    Column("sand", "%"),
    Column("organic_carbon", "%", (("OC", 0.1), ("soc_est_wt_pct", 1.0))),
    Column("bulk_density", "g cm-3", (("BD 0-20", 1.0),)),
    Column("gravel", "1", (("Coarse", 0.01),)),
    Column("precipitation", "mm yr-1", (("AnnPrec", 1.0),)),
    Column("temperature", "degC", (("MeanTemp", 1.0),)),
    Column("x", "m, EPSG:3035", (("x3035", 1.0),)),
    Column("y", "m, EPSG:3035", (("y3035", 1.0),)),
    Column("lon", "degree", (("TH_LONG", 1.0), ("GPS_LONG", 1.0))),
    Column("lat", "degree", (("TH_LAT", 1.0), ("GPS_LAT", 1.0))),
)
# Land cover of LUCAS 2009-2015 (codes of arable crops begin with B) and of 2018 (words).
_LAND, _ARABLE = ("LC1", "LC", "LC0_Desc", "land_cover"), r"(?:B\w*|[Cc]ropland.*|arable.*)"
# What stands in a table of LUCAS where nothing was measured, beside what pandas knows for none (empty, NA, NaN and
# the like); 88.888888 is the coordinate of a place that was not visited (LUCAS microdata, "not relevant").
_NOT_MEASURED = ("-", "ND", "n.d.", "N.A.", "n.a.", "88.888888")
# What a value below detection begins with.
_BELOW = "<"
# Neither explains a stock of carbonate, being what it is made of or where it is.
_NO_COVARIATES = ("carbonate", "gravel", "x", "y", "lon", "lat")


def read_observations(path: Path, *, kind: Kind = Kind.OBSERVED, note: str = "") -> Observations:
    """Return the arable samples of a table, in blocks of 100 km.

    Parameters
    ----------
    path
        CSV in UTF-8, comma or semicolon, the latter with decimal points or commas; a value below a limit of
        detection (``< LOD``, ``<0.5``) is zero of carbonate and no value of anything else. Needs carbonate and a
        place (x and y, or lon and lat); lab pH in water if pH is to be compared.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, holds a text where a number should be or a place that is none, or too
        few samples.
    """
    raw, commas = _read(path)
    table = pd.DataFrame(
        {column.name: _values(path, raw, column, commas=commas) for column in COLUMNS if _found(raw, column)}
    )
    absent = [name for name in ("carbonate",) if name not in table]
    if not {"x", "y"} <= set(table) and not {"lon", "lat"} <= set(table):
        absent.append("x and y (m, EPSG:3035), or lon and lat")
    if absent:
        raise InputError(
            str(path),
            f"lacks {' and '.join(absent)}; it has {', '.join(map(str, raw.columns[:20]))}",
            wanted="the columns of docs/11-explanation.md",
            do="Name the columns as there; units are those of the house or of LUCAS.",
        )
    wanted = _arable(raw, path) & _topsoil(raw)
    return _observations(path, table[wanted].reset_index(drop=True), kind, note)


def _observations(path: Path, table: pd.DataFrame, kind: Kind, note: str) -> Observations:
    table = _placed(path, table).dropna(axis=1, how="all")
    table = table.dropna(subset=["carbonate", "x", "y"]).reset_index(drop=True)
    # A density that was reckoned from organic carbon stays out of the covariates: as a copy of it, it would share its
    # attributions.
    density = table["bulk_density"].fillna(_density(table)) if "bulk_density" in table else _density(table)
    gravel = table["gravel"].fillna(0.0) if "gravel" in table else 0.0
    stock = stock_of(table["carbonate"], density, _DEPTH, gravel)
    calcareous = (table["carbonate"] > CALCAREOUS).to_numpy()
    every = np.ones(len(table), dtype=np.bool_)
    return Observations(
        path.stem,
        note or f"{path.name}, topsoil samples of arable land taken to hold for 0-30 cm",
        kind,
        table.drop(columns=[name for name in _NO_COVARIATES if name in table]),
        pd.DataFrame({f"{STOCK}0_30cm": stock}),
        square_blocks(table["x"], table["y"], _SIDE),
        # One sample says nothing of what lies below, so that regimes are not known.
        {ALL: every, INTACT: calcareous, FREE: ~calcareous},
    )


def _read(path: Path) -> tuple[pd.DataFrame, bool]:
    """Return a table of texts, and whether its decimals may be commas."""
    try:
        # The separator is told from the file: LUCAS comes with commas, spreadsheets south of the Channel with
        # semicolons, because there the comma is the decimal's.
        with path.open(encoding="utf-8-sig") as lines:
            head = next((line for line in lines if line.strip() and not line.startswith("#")), "")
        commas = head.count(";") > head.count(",")
        return (
            pd.read_csv(
                path,
                sep=";" if commas else None,
                engine="python",
                encoding="utf-8-sig",
                dtype=str,
                comment="#",
            ),
            commas,
        )
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(str(path), f"cannot be read ({error})", wanted="a CSV table in UTF-8") from error


def _found(raw: pd.DataFrame, column: Column) -> tuple[str, float] | None:
    """Return the name under which a table has a column, and the factor to the house unit."""
    known = {str(name).strip().lower(): str(name) for name in raw.columns}
    for name, factor in ((column.name, 1.0), *column.also):
        if name.lower() in known:
            return known[name.lower()], factor
    return None


def _values(path: Path, raw: pd.DataFrame, column: Column, *, commas: bool) -> pd.Series[float]:
    name, factor = _found(raw, column) or (column.name, 1.0)
    text = raw[name].str.strip()
    text = text.mask(text.isin(("", *_NOT_MEASURED)))
    below = text.str.startswith(_BELOW, na=False)
    values = pd.to_numeric(text.str.replace(",", ".", regex=False) if commas else text, errors="coerce")
    # A number that cannot be read is no sample that was not taken: leaving it out would choose among samples.
    unread = text[values.isna() & text.notna() & ~below]
    if len(unread):
        raise InputError(
            str(path),
            f"column {name} holds '{unread.iloc[0]}', which is no number ({len(unread)} such values)",
            wanted="numbers, values below detection that begin with <, or nothing",
            do="Decimal commas need semicolons between columns; leave a cell empty where nothing was measured.",
        )
    # None of what dissolves first is a finding; none of organic carbon is a fault of the method.
    if column.name == "carbonate":
        values = values.mask(below, 0.0)
    return values * factor


def _arable(raw: pd.DataFrame, path: Path) -> pd.Series[bool]:
    """Return which samples are of arable land: all, where the table does not say."""
    name = next((name for name in _LAND if name in raw), None)
    if name is None:
        return pd.Series(True, index=raw.index)
    arable = raw[name].str.fullmatch(_ARABLE, na=False)
    if not arable.any():
        raise InputError(
            str(path), f"{name} names no arable land", wanted="codes that begin with B, or 'Cropland'"
        )
    return arable


def _topsoil(raw: pd.DataFrame) -> pd.Series[bool]:
    """Return which samples begin at the surface: all, where the table names no depth; LUCAS 2018 has 20-30 cm too."""
    if "Depth" not in raw:
        return pd.Series(True, index=raw.index)
    return raw["Depth"].str.match(r"\s*0\s*-", na=False)


def _placed(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with x and y, m in EPSG:3035; NaN where no place is given."""
    names = ("x", "y") if {"x", "y"} <= set(table) else ("lon", "lat")
    given = table[list(names)].notna().all(axis=1)
    if names == ("lon", "lat"):
        x, y = Transformer.from_crs(4326, 3035, always_xy=True).transform(table["lon"], table["lat"])
        table = table.assign(x=np.where(given, x, np.nan), y=np.where(given, y, np.nan))
    # What is no place on Earth has been projected to infinity.
    told = np.isfinite(table[["x", "y"]].to_numpy(dtype=np.float64)).all(axis=1)
    astray = table[given & ~told]
    if len(astray):
        first, second = (astray[name].iloc[0] for name in names)
        raise InputError(
            str(path),
            f"has a sample at {names[0]} {first:g}, {names[1]} {second:g} ({len(astray)} such places)",
            wanted="x and y in m of EPSG:3035, or lon and lat in degrees",
            do="Correct these rows.",
        )
    return table


def _density(table: pd.DataFrame) -> pd.Series[float]:
    most, fall, low, high = _DENSITY
    carbon = table["organic_carbon"] if "organic_carbon" in table else pd.Series(2.0, index=table.index)
    return (most - fall * carbon.fillna(2.0)).clip(low, high)
