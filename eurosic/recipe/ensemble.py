"""The recipe of a simulation ensemble: how many columns, how designed, how nitrogen moves, for how long.

*Enters:* a YAML file. *Leaves:* a checked `EnsembleRecipe`, of which the workflow unpacks what sampling and
simulator take. *Must not:* know distributions: they are the simulator's; ranges here only narrow them.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from eurosic.base.provenance import digest_of
from eurosic.base.simulations import INGREDIENTS, KINDS
from eurosic.recipe.load import load_as
from eurosic.recipe.quantity import Physical, counted, in_house_unit, problem
from eurosic.recipe.schema import About, SimulatorOptions
from eurosic.recipe.section import Section, Share, as_mapping, key_among, nearest, shares_of_one

Limits = tuple[float, float]
KindShares = Annotated[dict[Annotated[str, key_among(KINDS)], Share], AfterValidator(shares_of_one)]

_KEPT = {
    "drainage": Physical("mm yr-1", "20 mm yr-1", 0.0, 3000.0),
    "pco2": Physical("atm", "0.003 atm", 0.0, 1.0),
}
# A batch below this is all overhead; the last one of a design may be smaller.
_SMALLEST_BATCH = 500
_SHORTEST = 10


def _limits(raw: object, wanted: Physical) -> Limits:
    if not isinstance(raw, list) or len(raw) != 2:
        raise problem(f"{raw!r} is not a range; wanted two quantities such as ['{wanted.example}', ...]")
    low, high = (in_house_unit(limit, wanted) for limit in raw)
    if not low < high:
        raise problem(f"{raw[0]} to {raw[1]} is empty; wanted the lower limit first")
    return low, high


def _ranges(raw: object) -> object:
    if not isinstance(raw, dict):
        raise problem("wanted a mapping of ingredients to ranges, such as {clay: [10 %, 40 %]}")
    found = {}
    for name, limits in raw.items():
        if name not in INGREDIENTS:
            raise problem(f"{name!r} is no ingredient of a design{nearest(str(name), list(INGREDIENTS))}")
        v = INGREDIENTS[name]
        found[name] = _limits(limits, Physical(v.unit, f"{v.valid_min:g} {v.unit}", v.valid_min, v.valid_max))
    return found


class DesignSection(Section):
    """How many columns, from where, and within what.

    With `counterparts` every second simulation is the column of the one before it with its nitrogen held: the
    difference that a reduction makes is then in the ensemble.
    """

    size: Annotated[int, counted("column", "8192 columns")]
    seed: int = 0
    source: Literal["sobol", "table"] = "sobol"
    ranges: Annotated[dict[str, Limits], BeforeValidator(_ranges)] = Field(default_factory=dict)
    drainage: Limits | None = None
    pco2: Limits | None = None
    counterparts: bool = False

    @field_validator("drainage", "pco2", mode="before")
    @classmethod
    def _kept(cls, raw: object, info: ValidationInfo) -> object:
        return None if raw is None else _limits(raw, _KEPT[str(info.field_name)])

    @field_validator("seed")
    @classmethod
    def _not_negative(cls, seed: int) -> int:
        if seed < 0:
            raise problem(f"{seed} is negative; wanted a seed that is a whole number from 0 on")
        return seed


def _pairs(design: DesignSection) -> DesignSection:
    if design.counterparts and design.size % 2:
        raise problem(
            f"{design.size} columns are no pairs; wanted an even number where there are counterparts"
        )
    return design


def _large_enough(batch: int) -> int:
    if batch < _SMALLEST_BATCH:
        raise problem(f"{batch} columns are all overhead; wanted at least '{_SMALLEST_BATCH} columns'")
    return batch


def _long_enough(years: int) -> int:
    if years < _SHORTEST:
        raise problem(
            f"{years} years are too few for anything to change; wanted at least '{_SHORTEST} years'"
        )
    return years


class EnsembleSimulator(SimulatorOptions):
    """Choices of the process model: those of a projection, and the step."""

    step: Literal["year", "month"] | None = None
    fit_drainage: bool | None = None


class EnsembleRecipe(Section):
    """A whole recipe of an ensemble."""

    about: About
    design: Annotated[DesignSection, AfterValidator(_pairs)]
    trajectories: KindShares | None = None
    years: Annotated[int, counted("year", "80 years"), AfterValidator(_long_enough)]
    spin_up: Annotated[int, counted("year", "20 years")] = 20
    simulator: Annotated[EnsembleSimulator, BeforeValidator(as_mapping)] = EnsembleSimulator()
    batch: Annotated[int, counted("column", "512 columns"), AfterValidator(_large_enough)] = 512

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the recipe means, whatever its comments, spellings of units and order of keys."""
        return digest_of(self.model_dump(mode="json", exclude_none=True))

    def simulator_options(self) -> dict[str, Any]:
        """Return the arguments of `simulator.options.SimulatorOptions`."""
        return {"spin_up": self.spin_up, **self.simulator.given()}

    def kept(self) -> dict[str, Any]:
        """Return the arguments of `simulator.marginals.Kept` that the recipe gives."""
        return self.design.given("drainage", "pco2")


def load_ensemble_recipe(path: Path) -> EnsembleRecipe:
    """Return the ensemble recipe of a file.

    Raises
    ------
    RecipeError
        With every problem of the file, each with its line and column.
    """
    return load_as(EnsembleRecipe, path)
