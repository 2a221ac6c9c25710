"""The embedded default data: a Europe on real geography whose soil and climate are drawn by formula.

*Enters:* cell centres (m, EPSG:3035), elevation (m), and two small tables that ship beside the rasters: places
with a known climate, and Europe's calcareous regions as ellipses. *Leaves:* the layers of the demo, NumPy
arrays. Everything here is synthetic and says so on every map; elevation and arable fraction are real
(ETOPO5, MODIS) and only shipped. It must not write: tests/inputs/make_embedded.py does. *Source:* none; the
formulas are for demonstration.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from eurosic.base.grid import Grid

Array = NDArray[np.float64]

EMBEDDED = Path(__file__).parent / "embedded"
# Iceland to the Urals' foot, the Maghreb's coast to the North Cape, in cells of 25 km.
DEMO_GRID = Grid("EPSG:3035", 25_000.0, 2_500_000.0, 5_500_000.0, 164, 164)

# m; below this distance anchors blend into one climate.
_BLEND = 60_000.0
# K m-1, m-1: fall of temperature in January and July, rise of ln(precipitation) with height.
_LAPSE = (0.0045, 0.0062)
_RISE = 0.00035
# Month of the year's peak, January being 0: air lags the sun by a month.
_WARMEST, _RAINIEST = 6.3, 6.0
# Sum of cos over April to September of a cosine that peaks in July, over the year's twelve months.
_SUMMER_COSINE = 3.7320508 / 12
# Probability, CaCO3 (%) and clay (%) where no region reaches.
_BACKGROUND = (0.07, 2.0, 20.0)


@dataclass(frozen=True)
class Place:
    """Cells to be drawn: centres (m, EPSG:3035) and elevation (m), arrays of one shape."""

    x: Array
    y: Array
    elevation: Array


@dataclass(frozen=True)
class Region:
    """A calcareous region: an ellipse (m, radians) with what holds at its centre."""

    name: str
    x: float
    y: float
    length: float
    width: float
    direction: float
    probability: float
    carbonate: float
    clay: float

    def strength(self, x: Array, y: Array) -> Array:
        """Return how much of the region is felt, 1 at the centre, a half on the ellipse, then soon nothing."""
        along, across = np.cos(self.direction), np.sin(self.direction)
        east, north = x - self.x, y - self.y
        u = (east * along + north * across) / self.length
        v = (north * along - east * across) / self.width
        return 0.5 ** ((u**2 + v**2) ** 2)


def _rows(name: str) -> list[dict[str, str]]:
    lines = (EMBEDDED / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _projected(rows: Iterable[dict[str, str]]) -> tuple[Array, Array]:
    places = np.array([(float(row["longitude"]), float(row["latitude"])) for row in rows])
    x, y = Transformer.from_crs("EPSG:4326", DEMO_GRID.crs, always_xy=True).transform(*places.T)
    return np.asarray(x), np.asarray(y)


@cache
def load_regions() -> tuple[Region, ...]:
    """Return the calcareous regions of the shipped table."""
    rows = _rows("regions.csv")
    return tuple(
        Region(
            row["name"],
            float(x),
            float(y),
            1000.0 * float(row["length"]),
            1000.0 * float(row["width"]),
            float(np.deg2rad(float(row["direction"]))),
            float(row["probability"]),
            float(row["carbonate"]),
            float(row["clay"]),
        )
        for row, x, y in zip(rows, *_projected(rows), strict=True)
    )


def texture(x: Array, y: Array, length: float, phase: float) -> Array:
    """Return a wavy field of zero mean and unit variance, the same on every machine.

    Sixteen cosines whose directions follow the golden angle: random numbers would tie the shipped files to
    the version of a generator.

    Parameters
    ----------
    x, y
        m, any shape.
    length
        Typical wave length, m.
    phase
        Radians; fields of different phase look unrelated.
    """
    waves = np.arange(16)
    angle = waves * np.pi * (3.0 - np.sqrt(5.0))
    number = 2.0 * np.pi / (length * (0.6 + 0.1 * waves))
    total = np.zeros(x.shape)
    for k, a, shift in zip(number, angle, phase * (1.0 + waves**2), strict=True):
        total += np.cos(k * (x * np.cos(a) + y * np.sin(a)) + shift)
    return total / np.sqrt(len(waves) / 2)


def demo_climate(place: Place) -> tuple[Array, Array]:
    """Return monthly air temperature (degC) and precipitation (mm month-1), shape ``(month, *place)``.

    Sea-level January and July, annual precipitation and its summer share are interpolated between places of
    known climate (inverse distance to the fourth power), then brought to the cell's elevation; a cosine
    makes months of them.
    """
    rows = _rows("anchors.csv")
    known = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "name"}
    weight = _anchor_weights(place, *_projected(rows))
    january = weight @ (known["january"] + _LAPSE[0] * known["elevation"]) - _LAPSE[0] * place.elevation
    july = weight @ (known["july"] + _LAPSE[1] * known["elevation"]) - _LAPSE[1] * place.elevation
    height = np.clip(place.elevation - weight @ known["elevation"], -1000.0, 2000.0)
    annual = np.exp(weight @ np.log(known["precipitation"]) + _RISE * height)
    months = np.arange(12.0).reshape(-1, *[1] * place.x.ndim)
    warm = np.cos(2.0 * np.pi * (months - _WARMEST) / 12)
    half = 0.5 * (july - january) / np.cos(2.0 * np.pi * (6.0 - _WARMEST) / 12)
    swing = np.clip((weight @ known["summer_share"] - 0.5) / _SUMMER_COSINE, -0.9, 0.9)
    rain = annual / 12 * (1.0 + swing * np.cos(2.0 * np.pi * (months - _RAINIEST) / 12))
    return 0.5 * (january + july) + half * warm, rain


def _anchor_weights(place: Place, x: Array, y: Array) -> Array:
    """Return the weight of each anchor in each cell, shape ``(*place, anchor)``, summing to 1."""
    squared = (place.x[..., np.newaxis] - x) ** 2 + (place.y[..., np.newaxis] - y) ** 2 + _BLEND**2
    weight = (_BLEND**2 / squared) ** 2
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def demo_soil(place: Place, temperature: Array) -> dict[str, Array]:
    """Return carbonate, clay, sand, organic_carbon (%) and calcareous_probability (1), the shape of `place`.

    Parameters
    ----------
    place
        Cells.
    temperature
        Mean annual air temperature, degC: organic carbon falls as it rises.
    """
    strengths = [region.strength(place.x, place.y) for region in load_regions()]
    none, carbonate, clay = _blended(strengths)
    wave = [
        texture(place.x, place.y, length, phase)
        for length, phase in ((1.6e5, 1.3), (2.2e5, 0.7), (2.8e5, 2.1))
    ]
    odds = np.clip(1.0 - none, 0.01, 0.99)
    probability = 1.0 / (1.0 + (1.0 - odds) / odds * np.exp(-0.5 * wave[0]))
    clay = np.clip(clay + 4.0 * wave[1], 4.0, 60.0)
    return {
        "calcareous_probability": probability,
        "carbonate": np.clip(carbonate * np.exp(0.35 * wave[2] - 0.06), 0.0, 70.0),
        "clay": clay,
        "sand": (100.0 - clay) * np.clip(_sand_share(place) + 0.06 * wave[0], 0.1, 0.9),
        "organic_carbon": np.clip(
            1.45 * np.exp(-0.055 * (temperature - 10.0) + 0.15 * wave[1]) * (clay / 22.0) ** 0.3, 0.4, 6.0
        ),
    }


def _blended(strengths: list[Array]) -> tuple[Array, Array, Array]:
    """Return the probability that no region makes a cell calcareous, and CaCO3 and clay (%) as all blend."""
    none = np.full_like(strengths[0], 1.0 - _BACKGROUND[0])
    weight = np.full_like(none, 0.05)
    carbonate, clay = weight * _BACKGROUND[1], weight * _BACKGROUND[2]
    for region, strength in zip(load_regions(), strengths, strict=True):
        # Two chances of calcareous rock: between neighbours of a half each, three cells in four have it.
        none = none * (1.0 - region.probability * strength)
        weight = weight + strength
        carbonate = carbonate + strength * region.carbonate
        clay = clay + strength * region.clay
    return none, carbonate / weight, clay / weight


def _sand_share(place: Place) -> Array:
    """Return the sand in what is not clay: much where the ice sheets left it, from Holland to Belarus."""
    to_degrees = Transformer.from_crs(DEMO_GRID.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = (np.asarray(c) for c in to_degrees.transform(place.x, place.y))
    belt = np.exp(-(((latitude - 53.0) / 2.3) ** 2)) / (1.0 + np.exp(-(longitude - 5.0)))
    return 0.42 + 0.36 * belt


def demo_layers(place: Place) -> dict[str, Array]:
    """Return every synthetic layer of the demo by vocabulary word; monthly ones ``(month, *place)``."""
    temperature, precipitation = demo_climate(place)
    climate = {"monthly_temperature": temperature, "monthly_precipitation": precipitation}
    return demo_soil(place, temperature.mean(axis=0)) | climate
