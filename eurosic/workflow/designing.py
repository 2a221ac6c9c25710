"""From a design's ingredients to columns: soil by the house's pedotransfer functions, drivers by its nitrogen.

*Enters:* a `Design` and its `Trajectories`. *Leaves:* covariates, state and drivers in the vocabulary, and
`Columns` with one pathway. What a table gave under a name of the vocabulary is taken as it is. Belongs to the
workflow, since it hands the sampling of one stage to the functions of another; it holds no formula of its own.
*Source:* SCIENCE.md section 6; CONVENTIONS.md, Nitrogen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eurosic.base.pathway import HIGHEST_NUE, NueRule
from eurosic.base.signature import Columns, check_columns
from eurosic.base.vocabulary import COVARIATES, DRIVERS, STATES
from eurosic.inputs import carbonate as profile
from eurosic.inputs import pedotransfer
from eurosic.inputs.nitrogen import (
    EU_VOLATILISED,
    NET_ACID,
    Field,
    NitrogenOptions,
    drivers_of,
    unabated_volatilisation,
)
from eurosic.inputs.pathways import NUE_PER_KG, Baseline, uptake_under
from eurosic.inputs.soil import SoilOptions
from eurosic.inputs.water_balance import turc_pike_drainage
from eurosic.simulator.marginals import Kept
from eurosic.simulator.sampling import Design, pressure_at_half_metre
from eurosic.simulator.simulate import Simulator
from eurosic.simulator.trajectory_kinds import Trajectories

Array = NDArray[np.float64]
Values = Mapping[str, Array]

# g cm-3, cmol kg-1 and NUE: bounds of SCIENCE.md section 6, after the spread of each is added.
_DENSITY, _CEC, _NUE = (1.0, 1.65), (6.0, 45.0), (0.45, HIGHEST_NUE)
_LARGEST_CARBONATE = 85.0
# kg ha-1 yr-1 at which `nue_at_100` holds.
_MIDDLE_INPUT = 100.0
# Water, beyond the wilting point and the air, without which no plant lives.
_LEAST_WATER = 0.02
# Denitrified and exported shares are the design's own: the common ones are set so that they multiply.
_BARE = NitrogenOptions(gas_loss=0.0, base_export=1.0)


def soil_of(values: Values) -> dict[str, Array]:
    """Return covariates ``(simulation,)``, states ``(simulation, depth)`` and climate of a design's values."""
    soc, clay = values["organic_carbon"], values["clay"]
    made = dict(values)
    made["bulk_density"] = _or(
        values,
        "bulk_density",
        np.clip(pedotransfer.bulk_density(soc) + values["bulk_density_spread"], *_DENSITY),
    )
    made["porosity"] = _or(values, "porosity", pedotransfer.porosity(made["bulk_density"]))
    held, dry = pedotransfer.water_contents(clay, (100.0 - clay) * values["sand_share"], soc)
    held = pedotransfer.bounded_field_capacity(held + values["field_capacity_spread"], made["porosity"])
    made["field_capacity"] = _or(values, "field_capacity", held)
    dry = pedotransfer.bounded_wilting_point(dry + values["wilting_point_spread"], made["field_capacity"])
    made["wilting_point"] = _or(values, "wilting_point", dry)
    made |= _exchange(values) | _carbonate(made)
    made["drainage"] = _or(values, "drainage", turc_pike_drainage(values["precipitation"], values["pet"]))
    return {name: made[name] for name in (*COVARIATES, *STATES, "temperature", "precipitation", "drainage")}


def _or(values: Values, name: str, otherwise: Array) -> Array:
    # A table's own value goes before the formula, as a layer's does on the map.
    return values.get(name, otherwise)


def _exchange(values: Values) -> dict[str, Array]:
    soc, clay = values["organic_carbon"], values["clay"]
    below = SoilOptions().subsoil_organic_carbon_factor * soc
    top = pedotransfer.exchange_capacity(clay, soc, values["carbonate"]) + values["cec_topsoil_spread"]
    sub = pedotransfer.exchange_capacity(clay, below, _subsoil(values)) + values["cec_subsoil_spread"]
    topsoil = _or(values, "cec_topsoil", np.clip(top, *_CEC))
    return {
        "cec_topsoil": topsoil,
        "cec_subsoil": _or(values, "cec_subsoil", np.clip(sub, *_CEC)),
        # mmol in a cmol: 10.
        "cec_ph_slope": _or(values, "cec_ph_slope", 10.0 * values["cec_slope_share"] * topsoil),
    }


def _subsoil(values: Values) -> Array:
    topsoil = values["carbonate"]
    return np.minimum(values["carbonate_ratio"] * topsoil, np.maximum(_LARGEST_CARBONATE, topsoil))


def _carbonate(values: Values) -> dict[str, Array]:
    layers = {"carbonate": values["carbonate"], "carbonate_subsoil": _subsoil(values)}
    whole = profile.raw_profile(layers, factor=1.0, most=_LARGEST_CARBONATE)
    share = profile.calcareous_share(values["decalcified_depth"])
    stock = profile.carbonate_stock(whole * share, values["bulk_density"], values["gravel"])
    bases = profile.initial_base_saturation(whole, share, values["acid_saturation"])
    return {
        "sic": _or(values, "sic", stock),
        "base_saturation": _or(values, "base_saturation", bases),
        "nitrate": _or(values, "nitrate", np.zeros_like(stock)),
    }


def baseline_of(values: Values) -> Baseline:
    """Return the nitrogen of a design before the start, kg ha-1 yr-1, and its NUE, each ``(simulation,)``."""
    reduced = values["deposition_n"] * values["deposition_reduced"]
    nh4 = _or(values, "deposition_nh4", reduced)
    no3 = _or(values, "deposition_no3", values["deposition_n"] - reduced)
    total = values["mineral_n"] + values["manure_n"] + nh4 + no3
    nue = np.clip(values["nue_at_100"] - NUE_PER_KG * (total - _MIDDLE_INPUT), *_NUE)
    nue = _or(values, "nitrogen_use_efficiency", nue)
    return Baseline(values["mineral_n"], values["manure_n"], nh4, no3, nue)


def nitrogen_of(values: Values, trajectories: Trajectories, drainage: Array) -> dict[str, Array]:
    """Return the drivers of nitrogen and the rates applied, ``(simulation, year + 1)``; the first is the baseline.

    Uptake follows diminishing returns: NUE falls by 0.1 for each 100 kg more, as it does between simulations.
    """
    before = np.ones((len(trajectories.kind), 1))
    plot = _field(values, trajectories, before)
    made = drivers_of(plot, drainage[:, np.newaxis], _BARE)
    made["nitrate_leached"] = made["nitrate_leached"] * (1.0 - values["gas_loss"][:, np.newaxis])
    made["base_cation_export"] = made["base_cation_export"] * values["base_export"][:, np.newaxis]
    return made | {"mineral_n": plot.mineral, "manure_n": plot.manure}


def _field(values: Values, trajectories: Trajectories, before: Array) -> Field:
    baseline = baseline_of(values)
    mineral = baseline.mineral[:, np.newaxis] * np.hstack([before, trajectories.mineral])
    manure = baseline.manure[:, np.newaxis] * np.hstack([before, trajectories.manure])
    nh4, no3 = (
        np.broadcast_to(rate[:, np.newaxis], mineral.shape)
        for rate in (baseline.deposition_nh4, baseline.deposition_no3)
    )
    total = mineral + manure + nh4 + no3
    uptake = uptake_under(NueRule.DIMINISHING_RETURNS, baseline, total)
    acid, lost = _forms(values)
    unabated = unabated_volatilisation(mineral, manure, lost[:, np.newaxis], _BARE)
    volatilised = np.minimum(unabated, total - uptake)
    return Field(mineral, manure, np.zeros_like(total), nh4, no3, uptake, volatilised, acid[:, np.newaxis])


def _forms(values: Values) -> tuple[Array, Array]:
    """Return net acid per mol of mineral N and the share of it lost as NH3, each ``(simulation,)``."""
    weights = {
        "ammonium_nitrate": values["form_nitrate"] * (1.0 - values["can_share"]),
        "can": values["form_nitrate"] * values["can_share"],
        "urea": values["form_urea"],
        "uan": values["form_uan"],
        "ammonium_sulphate": values["form_sulphate"],
    }
    total = sum(weights.values(), start=np.zeros(1))
    acid = sum((w * NET_ACID[form] for form, w in weights.items()), start=np.zeros(1)) / total
    lost = sum((w * EU_VOLATILISED[form] for form, w in weights.items()), start=np.zeros(1)) / total
    return acid, lost * values["volatilisation"]


@dataclass(frozen=True)
class Judging:
    """Which points of a design are kept: a picklable judge."""

    kept: Kept
    millington: bool

    def __call__(self, values: Values) -> NDArray[np.bool_]:
        """Return True for points with drainage, pCO2 and nitrogen within what is kept, and room for water."""
        soil = soil_of(values)
        good = (soil["drainage"] >= self.kept.drainage[0]) & (soil["drainage"] <= self.kept.drainage[1])
        good &= baseline_of(values).total <= self.kept.nitrogen
        good &= soil["wilting_point"] + soil["air_porosity"] + _LEAST_WATER <= soil["porosity"]
        pressure = pressure_at_half_metre(
            soil["respiration"],
            soil["respiration_depth"],
            air_porosity=soil["air_porosity"],
            porosity=soil["porosity"],
            celsius=soil["temperature"],
            millington=self.millington,
        )
        return good & (pressure >= self.kept.pco2[0]) & (pressure <= self.kept.pco2[1])


@dataclass(frozen=True)
class Designed:
    """Columns of a design, and the rates of nitrogen applied, kg ha-1 yr-1, ``(simulation, year + 1)``."""

    columns: Columns
    applied: dict[str, Array]


def columns_of(design: Design, trajectories: Trajectories) -> Designed:
    """Return the columns of a design along its trajectories, in the simulator's signature.

    Raises
    ------
    PredictorError
        If a value of a table is not one that a column can have.
    """
    soil = soil_of(design.values)
    nitrogen = nitrogen_of(design.values, trajectories, soil["drainage"])
    shape = nitrogen["nitrate_leached"].shape
    climate = {name: np.broadcast_to(soil[name][:, None], shape) for name in DRIVERS if name in soil}
    drivers = np.stack([(climate | nitrogen)[name] for name in DRIVERS], axis=-1)
    columns = Columns(
        covariates=np.stack([soil[name] for name in COVARIATES], axis=-1),
        state=np.stack([soil[name] for name in STATES], axis=-1),
        baseline=drivers[:, 0],
        forcing=drivers[np.newaxis, :, 1:],
    )
    check_columns(columns, Simulator().signature, "design")
    return Designed(columns, {name: nitrogen[name] for name in ("mineral_n", "manure_n")})
