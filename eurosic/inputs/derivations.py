"""The table from raster to simulator parameter: one row per derived quantity, code and documentation in one.

*Enters:* known arrays of some cells. *Leaves:* the rows `DERIVATIONS`, in the order in which they are
computed; docs/4-data.md is made from them (`covariate_table`), so that it cannot say something else than
the code does. *Source:* CONVENTIONS.md, "From rasters to a column"; each row names its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eurosic.base.request import Kind
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES
from eurosic.inputs import carbonate as profile
from eurosic.inputs import pedotransfer, soil
from eurosic.inputs.soil import Array, CellOptions, Known


@dataclass(frozen=True)
class Derivation:
    """One derived quantity: from what, by which formula, whose, how sure, and the function that does it.

    Parameters
    ----------
    name, needs
        Word of the vocabulary (or of the rows between), and the words it is made of.
    formula, spread, source
        As the documentation prints them; `spread` is what the formula leaves open.
    kind
        Where the numbers come from at best: the kind of a layer that it needs can make it weaker.
    tag
        ``S`` confirmed in a published source, ``M`` from memory: a default to be replaced.
    compute
        Known arrays and options -> the quantity, first axis ``cell``.
    """

    name: str
    needs: tuple[str, ...]
    formula: str
    spread: str
    source: str
    kind: Kind
    tag: str
    compute: Callable[[Known, CellOptions], Array]

    @property
    def unit(self) -> str:
        """CF unit of the quantity."""
        return _WORDS[self.name].unit if self.name in _WORDS else _BETWEEN[self.name][0]

    @property
    def long_name(self) -> str:
        """What the quantity is called in outputs."""
        return _WORDS[self.name].long_name if self.name in _WORDS else _BETWEEN[self.name][1]


_WORDS = {**COVARIATES, **STATES, **DRIVERS}
# Rows between: no words of the vocabulary, but steps on the way to some.
_BETWEEN = {
    "carbonate_profile": ("%", "carbonate at the six standard depths"),
    "calcareous_share": ("1", "share of a standard depth below the decalcified depth"),
    "monthly_pet": ("mm month-1", "monthly potential evapotranspiration"),
    "pet": ("mm yr-1", "annual potential evapotranspiration"),
}

_HOUSE = "SCIENCE.md section 6"
_RULES = "CONVENTIONS.md, From rasters to a column"
_SAXTON = "Saxton and Rawls (2006), doi:10.2136/sssaj2005.0117"
_JACKSON = "Jackson et al. (1996), crops, doi:10.1007/BF00333714"
_RAICH = "Raich and Potter (1995), doi:10.1029/94GB02723"
_OUDIN = "Oudin et al. (2005), doi:10.1016/j.jhydrol.2004.08.026, by pyet"
_MONTHS = ("monthly_temperature", "monthly_precipitation")
_MODELLED, _ASSUMED = Kind.MODELLED, Kind.ASSUMED

DERIVATIONS: tuple[Derivation, ...] = (
    Derivation(
        "bulk_density", ("organic_carbon",), "1.6 - 0.09 SOC, 1.0 to 1.65", "0.08 g cm-3", _HOUSE,
        _MODELLED, "M", lambda known, _: pedotransfer.bulk_density(known["organic_carbon"]),
    ),
    Derivation(
        "porosity", ("bulk_density",), "1 - bulk density / 2.65", "0.01, by particle density",
        "definition; density of quartz", _MODELLED, "S",
        lambda known, _: pedotransfer.porosity(known["bulk_density"]),
    ),
    Derivation(
        "field_capacity", ("clay", "sand", "organic_carbon", "porosity"),
        "water at -33 kPa, equation 2; at least 0.05 below porosity", "0.05, standard error of the fit",
        _SAXTON, _MODELLED, "S",
        lambda known, _: pedotransfer.bounded_field_capacity(soil.water_contents(known)[0], known["porosity"]),
    ),
    Derivation(
        "wilting_point", ("clay", "sand", "organic_carbon", "field_capacity"),
        "water at -1500 kPa, equation 1; at least 0.02 below field capacity",
        "0.04, standard error of the fit", _SAXTON, _MODELLED, "S",
        lambda known, _: pedotransfer.bounded_wilting_point(
            soil.water_contents(known)[1], known["field_capacity"]
        ),
    ),
    Derivation(
        "air_porosity", ("porosity", "field_capacity", "wilting_point"),
        "porosity - (wilting point + 0.75 (field capacity - wilting point)), 0.12 to 0.35",
        "share 0.5 to 1: 0.04 either way, about a factor of two in pCO2 each",
        "SCIENCE.md 2.2 and section 6; least air: Grable and Siemer (1968)", _MODELLED, "M", soil.air_porosity,
    ),
    Derivation(
        "respiration_depth", (), "0.25 m", "0.15 to 0.4 m", _JACKSON, _ASSUMED, "M",
        lambda known, options: soil.constant(known, options.soil.respiration_depth),
    ),
    Derivation(
        "root_depth", (), "0.25 m", "0.15 to 0.5 m", _JACKSON, _ASSUMED, "S",
        lambda known, options: soil.constant(known, options.soil.root_depth),
    ),
    Derivation(
        "respiration", _MONTHS, "sum over months of days x 1.250 exp(0.05452 T) P / (4.259 + P), P in cm",
        "factor 0.7 to 1.5; fitted to untilled vegetation", _RAICH, _MODELLED, "S", soil.respiration,
    ),
    Derivation(
        "carbonate_profile", ("carbonate",),
        "0-0.3 m the topsoil; below x 1.35, at most 85 %, or a subsoil raster, or six depths",
        "subsoil over topsoil: lognormal (0.3, 0.4)", _RULES, _ASSUMED, "M", soil.carbonate_profile,
    ),
    Derivation(
        "calcareous_share", ("decalcified_depth",), "share of a depth that is not decalcified", "", _RULES,
        _ASSUMED, "M", lambda known, _: profile.calcareous_share(known["decalcified_depth"]),
    ),
    Derivation(
        "cec_topsoil", ("clay", "organic_carbon", "carbonate_profile"),
        "0.45 clay + 2.0 SOC, x (100 - CaCO3) / 60 above 40 % CaCO3, 6 to 45", "3 cmol kg-1", _HOUSE,
        _MODELLED, "M", soil.cec_topsoil,
    ),
    Derivation(
        "cec_subsoil", ("clay", "organic_carbon", "carbonate_profile"),
        "as the topsoil, with 0.4 of its SOC and the carbonate below 0.3 m", "4 cmol kg-1", _HOUSE,
        _MODELLED, "M", soil.cec_subsoil,
    ),
    Derivation(
        "cec_ph_slope", ("cec_topsoil",), "0.2 CEC per unit of pH", "factor 0.6 to 1.4", _HOUSE,
        _MODELLED, "M", soil.cec_ph_slope,
    ),
    Derivation(
        "sic", ("carbonate_profile", "calcareous_share", "bulk_density", "gravel"),
        "CaCO3 / 100 x bulk density x (1 - gravel) x thickness x 12.011 / 100.086", "that of the rasters",
        "definition", _MODELLED, "S", soil.sic,
    ),
    Derivation(
        "base_saturation", ("carbonate_profile", "calcareous_share"),
        "1 over calcite; without it (lab pH - 4) / 3, 0.05 to 1, or 0.8 where no pH is given", "0.15",
        "linear in pH, as regressions since Beery and Wilding (1971)", _ASSUMED, "M", soil.base_saturation,
    ),
    Derivation(
        "nitrate", (), "0; the spin-up fills the pore water", "", "CONVENTIONS.md, Time and state",
        _ASSUMED, "M", lambda known, _: np.zeros_like(known["carbonate_profile"]),
    ),
    Derivation(
        "temperature", _MONTHS[:1], "mean annual air temperature + 1 K", "0.5 K",
        "rule of Soil Taxonomy (USDA 1999)", _MODELLED, "S", soil.soil_temperature,
    ),
    Derivation(
        "precipitation", _MONTHS[1:], "sum over months", "", "definition", _MODELLED, "S",
        soil.annual_precipitation,
    ),
    Derivation(
        "monthly_pet", _MONTHS[:1], "Ra (T + 5) / (100 x latent heat), T above -5 degC", "10 %", _OUDIN,
        _MODELLED, "S", soil.monthly_pet,
    ),
    Derivation(
        "pet", ("monthly_pet",), "sum over months", "", "definition", _MODELLED, "S",
        lambda known, _: known["monthly_pet"].sum(axis=2),
    ),
    Derivation(
        "drainage", ("precipitation", "pet"),
        "P - P / sqrt(1 + (P / PET)^2); or a monthly bucket per standard depth (`water_balance`)",
        "the two balances differ by a factor of two to five where P < PET",
        "Turc (1954), Pike (1964), doi:10.1016/0022-1694(64)90022-8; SCIENCE.md 2.2", _MODELLED, "S",
        soil.drainage,
    ),
)  # fmt: skip


def covariate_table() -> str:
    """Return the covariate table of the documentation, as Markdown."""
    head = "| quantity | unit | from | formula | spread | source | kind | tag |\n|---|---|---|---|---|---|---|---|\n"
    return head + "\n".join(_row(row) for row in DERIVATIONS) + "\n"


def _row(row: Derivation) -> str:
    needs = ", ".join(f"`{name}`" for name in row.needs) or "option of the recipe"
    cells = (
        f"`{row.name}`",
        row.unit,
        needs,
        row.formula,
        row.spread or "-",
        row.source,
        str(row.kind),
        row.tag,
    )
    return "| " + " | ".join(cells) + " |"
