"""One source of data, as its catalog entry describes it: what it gives, where it lies, which quirks it has.

*Enters:* the mapping under one key of a catalog file. *Leaves:* a frozen, checked `Source`. It must not
touch the data: an entry can be checked on a machine that does not hold them. Words and units of what a
source gives are those of `base.vocabulary`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from eurosic.base.errors import CatalogError
from eurosic.base.request import Kind
from eurosic.base.units import check_unit
from eurosic.base.vocabulary import COVARIATES, LAYERS, Variable

# How values are brought onto the grid; `align` says what each does.
RESAMPLINGS = ("area_mean", "smooth", "fractions", "mode", "nearest")
TIMES = ("", "month", "year", "monthly", "monthly-mean")

# Without these an entry is of no use to people: whose it is and under which terms as much as where it lies.
_REQUIRED = ("path", "format", "gives", "unit", "kind", "licence", "citation")


@dataclass(frozen=True)
class Source:
    """A named source: one catalog entry.

    Parameters
    ----------
    name
        Key of the entry.
    path
        Relative to the data folder (or, where `shipped`, to the package `eurosic`). May hold ``{month:02d}``
        (twelve files), ``{part}`` (one file per key of `parts`) or ``{year}`` (one file per year found).
    format
        Name of a reader: ``geotiff``, ``netcdf``, ``zarr``, ``country-table``, ``outlines``.
    gives
        Words of the vocabulary that it may be asked for.
    unit
        Unit of the values after `scale` and `offset`, in UDUNITS syntax.
    kind, licence, citation, title
        Where the numbers come from, under which terms, how to cite them, what they are.
    variables
        Variables of a NetCDF or Zarr, summed where several; the column of a table; the code's property of
        outlines.
    band
        Band of a GeoTIFF, from 1.
    rows
        For a table: column -> value that a row must have to be read.
    parts
        Value of ``{part}`` -> weight in the mean over the files, such as the thickness of a depth.
    time
        What the steps of the time axis are: ``month`` (of a climatology), ``year``, ``monthly`` (twelve a year),
        ``monthly-mean`` (twelve a year, of which the mean is taken) or empty. In a GeoTIFF bands are steps.
    crs
        Used where the file states none.
    nodata, scale, offset
        Used instead of what the file states: value = raw x scale + offset.
    resampling
        How it comes onto the grid, see `RESAMPLINGS`.
    classes
        For a map of classes: code -> fraction of the area it stands for, unless a recipe says otherwise.
    ignore_file_unit
        The file's own unit is known to be wrong or not a CF unit.
    shipped
        It comes with the package.
    faults
        Known faults, to be corrected in a recipe.
    digest
        SHA-256 that the file must have; empty where any version will do.
    """

    name: str
    path: str
    format: str
    gives: tuple[str, ...]
    unit: str
    kind: Kind
    licence: str
    citation: str
    title: str = ""
    variables: tuple[str, ...] = ()
    band: int = 1
    rows: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    time: str = ""
    crs: str = ""
    nodata: float | None = None
    scale: float | None = None
    offset: float | None = None
    resampling: str = "area_mean"
    classes: Mapping[int, float] = field(default_factory=dict)
    ignore_file_unit: bool = False
    shipped: bool = False
    faults: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        """Raise `CatalogError` or `UnitError` unless the entry makes sense by itself."""
        # Words first, so that what follows may rely on them.
        _check_one_of(self.resampling, RESAMPLINGS, f"{self.where}, resampling")
        _check_one_of(self.time, TIMES, f"{self.where}, time")
        for word in self.gives:
            check_unit(self.unit, variable_of(word, f"{self.where}, gives").unit, self.where)
        if self.classes and self.resampling != "fractions":
            raise CatalogError(
                self.where,
                f"maps classes, but its resampling is {self.resampling!r}",
                wanted="resampling: fractions",
                do="A mean of class codes means nothing.",
            )
        # A recipe must mean the same thing on every machine: no entry may reach outside the folder it is given.
        if self.path.startswith(("/", "~")) or ".." in self.path.split("/"):
            raise CatalogError(
                self.where,
                f"path {self.path!r} leaves the data folder",
                wanted="a path relative to it",
                do="Put the file, or a link to it, into the data folder.",
            )

    @property
    def where(self) -> str:
        """How an error calls it."""
        return f"catalog entry {self.name!r}"


def variable_of(word: str, where: str) -> Variable:
    """Return the layer or static covariate that a word of the vocabulary means.

    Raises
    ------
    CatalogError
        If it is neither.
    """
    # A map of bulk density or CEC replaces a pedotransfer function, so that covariates may be given too.
    known = {**COVARIATES, **LAYERS}
    _check_one_of(word, tuple(known), where)
    return known[word]


def source_from(name: str, entry: object, where: str) -> Source:
    """Return the source that the mapping under key `name` of the catalog file `where` describes.

    Raises
    ------
    CatalogError
        If the entry is no mapping, lacks a key, has an unknown one, or a value that makes no sense.
    UnitError
        If its unit does not become the unit of what it gives.
    """
    here = f"{where}, entry {name!r}"
    if not isinstance(entry, Mapping):
        raise CatalogError(here, f"is {entry!r}", wanted="a mapping with path, format, gives, unit ...")
    known = tuple(f.name for f in fields(Source) if f.name != "name")
    for key in entry:
        _check_one_of(str(key), known, here)
    # Empty counts as absent: "licence:" with nothing behind it is the commonest way not to say it.
    missing = [key for key in _REQUIRED if not entry.get(key)]
    if missing:
        raise CatalogError(here, f"lacks {', '.join(missing)}", do="Every source says what it is and whose.")
    _check_one_of(str(entry["kind"]), tuple(Kind), f"{here}, kind")
    try:
        return _source(name, _typed(entry))
    except (TypeError, ValueError) as error:
        raise CatalogError(
            here, f"has a value of the wrong type ({error})", do="Correct the entry."
        ) from error


# The one place where a mapping of unknown types becomes a typed value; `Source` checks what it is given.
def _source(name: str, typed: Mapping[str, Any]) -> Source:
    return Source(name=name, **typed)


def _typed(entry: Mapping[str, object]) -> dict[str, object]:
    # YAML gives a lone word where a list of one is meant, and 1 where 1.0 is.
    typed = dict(entry)
    for key in ("gives", "variables"):
        value = typed.get(key, ())
        typed[key] = tuple(value) if isinstance(value, (list, tuple)) else (str(value),)
    for key in ("nodata", "scale", "offset"):
        if typed.get(key) is not None:
            typed[key] = float(str(typed[key]))
    for key in ("unit", "digest", "path", "crs"):
        if key in typed:
            typed[key] = str(typed[key])
    typed["kind"] = Kind(str(typed["kind"]))
    typed["classes"] = {int(code): float(share) for code, share in _items(typed.get("classes", {}))}
    typed["rows"] = dict(_items(typed.get("rows", {})))
    typed["parts"] = {str(part): float(weight) for part, weight in _items(typed.get("parts", {}))}
    return typed


def _items(value: object) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no mapping")
    return [(str(key), str(item)) for key, item in value.items()]


def _check_one_of(word: str, known: tuple[str, ...], where: str) -> None:
    if word not in known:
        raise CatalogError(where, f"{word!r} is unknown", wanted=_wanted(known), do=did_you_mean(word, known))


def _wanted(known: tuple[str, ...]) -> str:
    # Long lists bury the message; the nearest word, which follows, helps more.
    shown = [repr(str(word)) for word in known if word]
    return "one of " + ", ".join(shown) if len(shown) <= 8 else ""


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """Return the question that names the nearest known word, or nothing where none is near.

    Examples
    --------
    >>> did_you_mean("clya", ("clay", "sand"))
    "Did you mean 'clay'?"
    """
    near = get_close_matches(word, known, n=1)
    return f"Did you mean {str(near[0])!r}?" if near else ""
