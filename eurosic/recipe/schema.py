"""A recipe, read: frozen sections that follow the walk, with values in house units.

*Enters:* plain values of a `Document`. *Leaves:* a `Recipe`, of which the workflow unpacks what each stage
takes: requests, pathways, options, years. *Must not:* open data or know a machine, so that one recipe has one
digest everywhere. *Source:* DESIGN.md section 6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from eurosic.base.pathway import BASELINE, Pathway
from eurosic.base.provenance import digest_of
from eurosic.base.request import LayerRequest
from eurosic.base.vocabulary import TARGETS
from eurosic.recipe.grid import GridSection, GridSpec
from eurosic.recipe.inputs import Inputs
from eurosic.recipe.pathways import PathwaySpec, read_pathway
from eurosic.recipe.quantity import counted, problem, quantity
from eurosic.recipe.section import Section, SourceName, Text, Year, as_mapping, nearest
from eurosic.recipe.uncertainty import Uncertainty


class About(Section):
    """What the recipe is for and whose it is."""

    title: Text
    purpose: Text
    authors: tuple[Text, ...] = Field(min_length=1)
    references: tuple[Text, ...] = Field(min_length=1)


class SimulatorOptions(Section):
    """Choices of the process model that are not inputs."""

    activity: Literal["wateq", "davies"] | None = None
    tortuosity: Literal["moldrup", "millington-quirk"] | None = None
    lab_solution: Literal["water", "cacl2"] | None = None


def _predictor(raw: object) -> object:
    # `simulator` alone is what nearly everybody writes.
    if raw == "simulator":
        return {"simulator": {}}
    if isinstance(raw, str):
        raise problem(f"{raw!r} is no predictor; wanted `simulator` or {{emulator: NAME}}")
    return (
        {**raw, "simulator": raw["simulator"] or {}}
        if isinstance(raw, Mapping) and "simulator" in raw
        else raw
    )


class Check(Section):
    """How an emulator is checked on the run's own cells: how many are simulated too, and what error is too much."""

    cells: Annotated[int, counted("cell", "500 cells")] = 500
    warn_above: Annotated[float, quantity("1", "5 %", 0.0, 1.0)] = 0.05


class Predictor(Section):
    """What answers for a cell: the simulator, or an emulator by the name of its card."""

    simulator: SimulatorOptions | None = None
    emulator: SourceName | None = None
    outside_domain: Literal["mask", "keep", "simulate"] = "mask"
    # None stands for the defaults: a key that nobody wrote is in no digest.
    check: Check | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Predictor:
        if (self.simulator is None) == (self.emulator is None):
            raise problem("wanted one predictor: `simulator` or {emulator: NAME}")
        if self.check is not None and self.emulator is None:
            raise problem("the simulator is what emulators are checked against; leave `check` out")
        return self


def _years(raw: object) -> object:
    if not isinstance(raw, str):
        return [raw] if isinstance(raw, int) else raw
    found = re.fullmatch(r"\s*(\d{4})\s*-\s*(\d{4})(?:\s+step\s+(\d+))?\s*", raw)
    if found is None:
        raise problem(f"{raw!r} is not a range of years; wanted one such as '2020-2100 step 5'")
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if last < first:
        raise problem(f"years run backwards, from {first} to {last}")
    # A last year that is not reached would be missing from every total without a word.
    if step < 1 or (last - first) % step:
        raise problem(f"steps of {step} years do not lead from {first} to {last}")
    return list(range(first, last + 1, step))


def _increasing(years: tuple[int, ...]) -> tuple[int, ...]:
    if not years:
        raise problem("no year is reported; wanted some such as '2020-2100 step 5'")
    if list(years) != sorted(set(years)):
        raise problem("years do not increase")
    return years


class Projection(Section):
    """Which years are reported, and how much a task handles. Every year is stepped; the first is the start."""

    years: Annotated[tuple[Year, ...], BeforeValidator(_years), AfterValidator(_increasing)]
    tile: Annotated[int, counted("cell", "1024 cells")] = 1024
    spin_up: Annotated[int, counted("year", "20 years")] = 20


class Outputs(Section):
    """What is exported besides the store."""

    export: tuple[Literal["netcdf", "cog", "stac", "qgis"], ...] = ()


class Explain(Section):
    """Reserved."""


def _target(raw: object) -> object:
    if raw not in TARGETS:
        raise problem(f"{raw!r} is not a variable{nearest(str(raw), list(TARGETS))}")
    return raw


class Published(Section):
    """The numbers that a budget is compared with, and where they stand."""

    acid: Annotated[float, quantity("mol yr-1", "6.1e7 kmol yr-1", 0.0, 1e15)]
    carbonate: Annotated[float, quantity("kg yr-1", "6.1e9 kg yr-1", 0.0, 1e15)]
    reference: Text


class Budget(Section):
    """An acid budget on the back of an envelope: all surplus mineral N is acid, all acid dissolves carbonate."""

    nue: Annotated[float, quantity("1", "60 %", 0.0, 0.9)]
    carbonate_per_acid: Annotated[float, quantity("1", "1 mol/mol", 0.0, 1.0)]
    published: Published | None = None


class Report(Section):
    """What the report shows first, and a budget where one is asked for."""

    variable: Annotated[str, BeforeValidator(_target)] = "sic_change_0_200cm"
    year: Year | None = None
    budget: Budget | None = None


def _pathway_name(name: str | int) -> str:
    # Exports are one file a pathway, on file systems that know no case and no slash.
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise problem(
            f"{name!r} cannot name files; wanted small letters, digits and '_', such as 'f2f_input'"
        )
    return name


PathwayName = Annotated[str, BeforeValidator(_pathway_name)]


class Recipe(Section):
    """A whole recipe. Stages never receive it: the workflow hands each what it needs."""

    about: About
    grid: GridSection
    inputs: Inputs
    pathways: dict[PathwayName, Annotated[PathwaySpec, BeforeValidator(read_pathway)]]
    predictor: Annotated[Predictor, BeforeValidator(_predictor)]
    projection: Projection
    # None stands for a run that draws nothing; the key alone stands for the defaults.
    uncertainty: Annotated[Uncertainty | None, BeforeValidator(as_mapping)] = None
    outputs: Annotated[Outputs, BeforeValidator(as_mapping)] = Outputs()
    explain: Annotated[Explain, BeforeValidator(as_mapping)] = Explain()
    report: Annotated[Report, BeforeValidator(as_mapping)] = Report()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the recipe means, whatever its comments, spellings of units and order of keys."""
        return digest_of(self.model_dump(mode="json", exclude_none=True))

    @property
    def start_year(self) -> int:
        """The year on whose 1 January all pathways start: the first reported one."""
        return self.projection.years[0]

    @property
    def years(self) -> tuple[int, ...]:
        """Every year that is stepped."""
        return tuple(range(self.start_year, self.projection.years[-1] + 1))

    def ordered_pathways(self) -> tuple[Pathway, ...]:
        """Return the pathways, the baseline first and the others by name.

        The order of keys in a file means nothing, and the digest does not hold it: the order of the output
        must not depend on it either.
        """
        names = sorted(self.pathways, key=lambda name: (name != BASELINE, name))
        return tuple(self.pathways[name].pathway(name) for name in names)

    def layer_requests(self) -> tuple[LayerRequest, ...]:
        """Return every layer that is asked for, in the order of the vocabulary."""
        return self.inputs.requests()

    def grid_spec(self) -> GridSpec:
        """Return the grid that is wanted."""
        return self.grid.spec()

    def climate_options(self) -> dict[str, Any]:
        """Return the arguments of `inputs.climate.ClimateOptions`."""
        return self.inputs.climate.options()

    def soil_options(self) -> dict[str, Any]:
        """Return the arguments of `inputs.soil.SoilOptions`."""
        return self.inputs.soil.given()

    def study_options(self) -> dict[str, Any]:
        """Return the arguments of `inputs.study.StudyOptions`."""
        return self.inputs.study.options()

    def simulator_options(self) -> dict[str, Any]:
        """Return the arguments of `simulator.options.SimulatorOptions`."""
        chosen = self.predictor.simulator
        return {"spin_up": self.projection.spin_up, **(chosen.given() if chosen else {})}

    def nitrogen_options(self) -> dict[str, Any]:
        """Return the arguments of `inputs.nitrogen.NitrogenOptions` that the recipe gives."""
        return self.inputs.nitrogen.options()
