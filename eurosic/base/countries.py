"""Countries by their ISO 3166-1 codes, their outlines, and the named extents of a grid.

*Enters:* texts of people and of tables ("DE", "DEU", "276", "Germany", "EU27+GB"). *Leaves:* `Country`
values, outlines as shapes in EPSG:3035, extents as sets of codes with bounds. It must not rasterise: that
is the inputs' work. *Source:* ISO 3166-1; outlines of Natural Earth 1:50m (public domain), simplified.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import shapely
from rasterio.warp import transform_bounds
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from eurosic.base.errors import GridError, InputError

OUTLINES = Path(__file__).parent / "data" / "europe_3035.geojson.gz"
OUTLINES_CRS = "EPSG:3035"
_TABLE = Path(__file__).parent / "data" / "countries.csv"

# Eurostat writes EL and UK where ISO writes GR and GB; the names are those of common tables and maps. Areas
# that maps draw apart count with the country that statistics count them with: Northern Cyprus, Åland.
_ALIASES = {
    "EL": 300,
    "UK": 826,
    "N. CYPRUS": 196,
    "ÅLAND": 246,
    "AX": 246,
    "ALA": 246,
    "248": 246,
    "TÜRKIYE": 792,
    "CZECH REPUBLIC": 203,
    "MACEDONIA": 807,
    "UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND": 826,
}


@dataclass(frozen=True)
class Country:
    """One country or territory: ISO 3166-1 codes, English short name, membership."""

    numeric: int
    alpha2: str
    alpha3: str
    name: str
    eu27: bool
    europe: bool


@dataclass(frozen=True)
class Extent:
    """A named part of Europe: the numeric codes of its countries."""

    name: str
    countries: frozenset[int]


@cache
def countries() -> tuple[Country, ...]:
    """Return all countries of the table (Europe and what lies around it), by numeric code."""
    # Read once a process; the file carries its own explanation as comments.
    lines = (line for line in _TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return tuple(
        Country(
            int(row["numeric"]),
            row["alpha2"],
            row["alpha3"],
            row["name"],
            row["eu27"] == "1",
            row["europe"] == "1",
        )
        for row in sorted(csv.DictReader(lines), key=lambda row: int(row["numeric"]))
    )


@cache
def _by_word() -> dict[str, Country]:
    by_code = {country.numeric: country for country in countries()}
    # Codes and names of the table come last and win over aliases.
    words = {word.upper(): by_code[code] for word, code in _ALIASES.items()}
    for country in countries():
        codes = {country.alpha2, country.alpha3, country.name.upper()}
        words |= dict.fromkeys(codes | {str(country.numeric), f"{country.numeric:03d}"}, country)
    return words


def country_of(text: str, where: str = "country") -> Country:
    """Return the country that a code (alpha-2, alpha-3, numeric; also EL and UK) or an English name means.

    Raises
    ------
    InputError
        If no country of the table is meant; the nearest is named.

    Examples
    --------
    >>> country_of("EL").name, country_of("056").alpha3
    ('Greece', 'BEL')
    """
    word = text.strip().upper()
    found = _by_word().get(word)
    if found is None:
        near = get_close_matches(word, _by_word(), n=1)
        raise InputError(
            where,
            f"country {text!r} is unknown",
            wanted="an ISO 3166-1 code such as 'DE', 'DEU' or '276'",
            do=f"Did you mean {_by_word()[near[0]].name!r}?" if near else "Correct the code.",
        )
    return found


def extent_of(text: str, where: str = "extent") -> Extent:
    """Return the countries of an extent: ``EU27``, ``Europe``, a country, or a sum such as ``EU27+GB+CH``.

    Raises
    ------
    GridError
        If a part of the text is neither an extent nor a country.

    Examples
    --------
    >>> len(extent_of("EU27").countries), sorted(extent_of("AT+DE").countries)
    (27, [40, 276])
    """
    codes: set[int] = set()
    # A set: "EU27+DE" counts Germany once.
    for part in text.split("+"):
        word = part.strip().upper()
        if word == "EU27":
            codes |= {country.numeric for country in countries() if country.eu27}
        elif word == "EUROPE":
            codes |= {country.numeric for country in countries() if country.europe}
        else:
            codes.add(_country_of_extent(part, where).numeric)
    return Extent(text, frozenset(codes))


def _country_of_extent(part: str, where: str) -> Country:
    try:
        return country_of(part, where)
    except InputError as error:
        raise GridError(
            where,
            f"{part.strip()!r} is neither an extent nor a country",
            wanted="'EU27', 'Europe', a country, or a sum such as 'EU27+GB'",
            do=error.do,
        ) from error


@cache
def load_outlines() -> tuple[tuple[int, BaseGeometry], ...]:
    """Return numeric code and shape (EPSG:3035, m) of every country of the shipped outlines.

    Northern Cyprus counts as Cyprus (196) and Åland as Finland (246), as in statistics; Kosovo is 383.
    """
    with gzip.open(OUTLINES, "rt", encoding="utf-8") as stream:
        features = json.load(stream)["features"]
    named = ((feature["properties"], shape(feature["geometry"])) for feature in features)
    return merge_outlines(
        (country_of(properties["iso_n3"] or properties["name"], OUTLINES.name).numeric, drawn)
        for properties, drawn in named
    )


def merge_outlines(drawn: Iterable[tuple[int, BaseGeometry]]) -> tuple[tuple[int, BaseGeometry], ...]:
    """Return one shape a country, by code, whatever the order and number of its parts in a file."""
    parts: dict[int, list[BaseGeometry]] = {}
    for code, part in drawn:
        parts.setdefault(code, []).append(part)
    return tuple((code, shapely.union_all(shapes)) for code, shapes in sorted(parts.items()))


def extent_bounds(codes: Iterable[int], crs: str = OUTLINES_CRS) -> tuple[float, float, float, float]:
    """Return west, south, east and north limits, m in `crs`, of the outlines of some countries.

    Raises
    ------
    GridError
        If none of the countries is drawn.
    """
    wanted = frozenset(codes)
    shapes = [outline for code, outline in load_outlines() if code in wanted]
    if not shapes:
        raise GridError("extent", f"no outline for countries {sorted(wanted)}", do="Name other countries.")
    west, south, east, north = (float(bound) for bound in shapely.total_bounds(shapes))
    # Densified: the edges of a box are curves in another projection.
    if crs == OUTLINES_CRS:
        return west, south, east, north
    return transform_bounds(OUTLINES_CRS, crs, west, south, east, north, densify_pts=51)
