"""Profiles of the Dutch soil map as observations: 1 568 horizons with pH, carbonate, clay and density.

*Enters:* the data files of the package `dutchsoils` (optional). *Leaves:* `Observations` of its mineral soils. The
map gives what is typical of a mapped soil, derived from field measurements, and no coordinates: blocks are groups
of profiles that behave alike (BOFEK2020). Opens no network. *Source:* Wageningen Environmental Research (2025),
Bodemkaart van Nederland; Heinen et al. (2021), BOFEK2020, doi:10.18174/541544.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from eurosic.base.errors import InputError
from eurosic.base.request import Kind
from eurosic.explain.observations import PH, STOCK, Observations, stock_of
from eurosic.explain.states import states_of_profiles

PACKAGE = "dutchsoils"
# Lab pH in water less that of the map. The map's pH is that of a KCl suspension (the convention of Dutch soil
# survey [M]; the package says only "pH"): its horizons with more than 2 % of calcite have a median of 7.4, where
# water in equilibrium with calcite and air has 8.2 (SCIENCE.md 7.7). One shift for all: in acid soils it is rather
# 1.0.
KCL_TO_WATER = 0.8
# %; above it a topsoil is peaty, and bulk density and carbonate mean something else.
_MOST_ORGANIC = 15.0
# Organic matter per organic carbon, by mass (van Bemmelen).
_MATTER_PER_CARBON = 1.724
# %; carbonate above which a horizon counts as calcareous here. The map writes 0.1 to 0.4 for many horizons of pH 5,
# which no calcite survives: traces of the analysis, fifty times the limit that `regime` has in simulated soils.
_CALCAREOUS = 0.5
_DEPTHS = {"0_30cm": 0.30, "0_100cm": 1.00}
_TOPSOIL = 0.30
_KEY = "normalsoilprofile_id"
_NOTE = (
    "typical profiles of the Dutch soil map, mineral soils, any land use; pH in KCl + 0.8; "
    "blocks are groups of like profiles, not squares"
)


def dutch_profiles() -> Observations:
    """Return the mineral soils of the Dutch soil map, a profile a site.

    Raises
    ------
    InputError
        If the package is not installed, or its files are not what they were.
    """
    horizons = dutch_horizons()
    top = _weighted(horizons, _TOPSOIL)
    top[PH] = top.pop("acidity") + KCL_TO_WATER
    top["organic_carbon"] = top["organicmattercontent"] / _MATTER_PER_CARBON
    top["sand"] = 100.0 - top["lutitecontent"] - top["siltcontent"]
    mineral = (top["organicmattercontent"] <= _MOST_ORGANIC).to_numpy()
    covariates = top.rename(columns={"lutitecontent": "clay", "density": "bulk_density"})
    covariates = covariates[[PH, "clay", "sand", "organic_carbon", "bulk_density"]]
    targets = pd.DataFrame({f"{STOCK}{name}": _stock(horizons, bottom) for name, bottom in _DEPTHS.items()})
    # Profiles of one group have much in common, as neighbours have: a test must not know some to foretell others.
    clusters = _table("BofekClusters.csv").set_index(_KEY)["cluster"].reindex(covariates.index)
    states = states_of_profiles(*_calcareous(horizons))
    return Observations(
        "dutch-profiles",
        _NOTE,
        Kind.OBSERVED,
        covariates[mineral].reset_index(drop=True),
        targets[mineral].reset_index(drop=True),
        pd.factorize(clusters[mineral])[0].astype(np.int64),
        {name: mask[mineral] for name, mask in states.items()},
    )


def dutch_horizons() -> pd.DataFrame:
    """Return every horizon of the map with the package's own column names; depths in m.

    Raises
    ------
    InputError
        If the package is not installed, or lacks a column.
    """
    horizons = _table("SoilHorizons.csv")
    wanted = (_KEY, "ztop", "zbottom", "acidity", "calciccontent", "lutitecontent", "siltcontent")
    absent = [name for name in (*wanted, "organicmattercontent", "density") if name not in horizons]
    if absent:
        raise InputError(PACKAGE, f"lacks {', '.join(absent)}", do="Install a version between 0.3 and 1.")
    return horizons


def _table(name: str) -> pd.DataFrame:
    # Found, not imported: the package itself would bring libraries that fetch from the network.
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise InputError(
            PACKAGE, "is not installed", wanted="its soil profiles", do="pip install eurosic[observations]"
        )
    return pd.read_csv(Path(found.origin).parent / "data" / name, comment="#", encoding="utf-8-sig")


def _thickness(horizons: pd.DataFrame, bottom: float) -> pd.Series[float]:
    """Return how much of each horizon lies above a depth, m."""
    return horizons["zbottom"].clip(upper=bottom) - horizons["ztop"].clip(upper=bottom)


def _weighted(horizons: pd.DataFrame, bottom: float) -> pd.DataFrame:
    """Return means by thickness of each profile down to a depth; pH as the house means it, not as acid."""
    thickness = _thickness(horizons, bottom)
    names = ["acidity", "lutitecontent", "siltcontent", "organicmattercontent", "density"]
    summed = horizons[names].mul(thickness, axis=0).groupby(horizons[_KEY]).sum()
    return summed.div(thickness.groupby(horizons[_KEY]).sum(), axis=0)


def _stock(horizons: pd.DataFrame, bottom: float) -> pd.Series[float]:
    carbon = stock_of(horizons["calciccontent"], horizons["density"], _thickness(horizons, bottom))
    return pd.Series(carbon, index=horizons.index).groupby(horizons[_KEY]).sum()


def _calcareous(horizons: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the calcareous share of 0-30 cm, and whether anything below is calcareous, of each profile."""
    calcareous = horizons["calciccontent"] > _CALCAREOUS
    thickness = _thickness(horizons, _TOPSOIL)
    share = (thickness * calcareous).groupby(horizons[_KEY]).sum() / _TOPSOIL
    below = (calcareous & (horizons["zbottom"] > _TOPSOIL)).groupby(horizons[_KEY]).any()
    # Sums of thicknesses end a rounding below one.
    return share.round(9).to_numpy(), below.to_numpy()
