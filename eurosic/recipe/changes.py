"""The kinds of change that a pathway is made of: ramp, step, reversal, table of years, cap, other forms.

*Enters:* plain values of a recipe. *Leaves:* `Course`s of levers, and the years that they name. Each kind refuses
what makes no sense by itself; `pathways` looks at them together. *Source:* SCIENCE.md section 5.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from eurosic.base.pathway import Course
from eurosic.recipe.inputs import FormShares
from eurosic.recipe.quantity import problem, quantity
from eurosic.recipe.section import Rate, Section, Year

# A change of a baseline rate: -100 % ends it; beyond +300 % it is a slip of the pen.
Change = Annotated[float, quantity("1", "-20 %", -1.0, 3.0)]
Level = Annotated[float, quantity("1", "80 %", 0.0, 4.0)]

# Levers that are factors on the baseline; `legumes` is an amount of its own.
LEVERS = ("mineral", "manure", "volatilisation", "deposition_nh4", "deposition_no3", "losses")


class Changes(Section):
    """What a ramp, step or reversal changes, against the baseline."""

    mineral: Change | None = None
    manure: Change | None = None
    volatilisation: Change | None = None
    deposition_nh4: Change | None = None
    deposition_no3: Change | None = None
    losses: Change | None = None
    legumes: Rate | None = None

    @model_validator(mode="after")
    def _something(self) -> Changes:
        if not self.levels():
            raise problem(f"changes nothing; wanted at least one of {', '.join((*LEVERS, 'legumes'))}")
        return self

    def levels(self) -> dict[str, tuple[float, float]]:
        """Return, for each lever that is moved, its value before and after."""
        told = {name: getattr(self, name) for name in (*LEVERS, "legumes")}
        return {
            name: (0.0, value) if name == "legumes" else (1.0, 1.0 + value)
            for name, value in told.items()
            if value is not None
        }

    def years(self) -> tuple[int, ...]:
        """Return the years that are named, in the order in which they must follow."""
        raise NotImplementedError

    def course(self, before: float, after: float) -> Course:
        """Return the course of a lever from `before` to `after`."""
        raise NotImplementedError


class _Ordered(Changes):
    @model_validator(mode="after")
    def _in_order(self) -> _Ordered:
        years = self.years()
        # Equal years would be a jump: that is a step.
        if list(years) != sorted(set(years)):
            raise problem(f"years do not follow each other: {', '.join(str(year) for year in years)}")
        return self


class Ramp(_Ordered):
    """Linear from the baseline in `from` to the change in `to`, which then stays."""

    start: Year = Field(alias="from")
    to: Year

    def years(self) -> tuple[int, ...]:
        """Return the first and last year of the ramp."""
        return self.start, self.to

    def course(self, before: float, after: float) -> Course:
        """Return the course of a lever from `before` to `after`."""
        return Course(((self.start, before), (self.to, after)))


class Step(_Ordered):
    """All at once, in the year `in`."""

    year: Year = Field(alias="in")

    def years(self) -> tuple[int, ...]:
        """Return the year of the step."""
        return (self.year,)

    def course(self, before: float, after: float) -> Course:
        """Return the course of a lever from `before` to `after`."""
        # Years are whole, so that a line of one year is a step.
        return Course(((self.year - 1, before), (self.year, after)))


class Reversal(_Ordered):
    """There between `from` and `to`, kept until `until`, and back at the baseline in `back`."""

    start: Year = Field(alias="from")
    to: Year
    until: Year | None = None
    back: Year

    def years(self) -> tuple[int, ...]:
        """Return the years of the turns."""
        return self.start, self.to, *(() if self.until is None else (self.until,)), self.back

    def course(self, before: float, after: float) -> Course:
        """Return the course of a lever from `before` to `after` and back."""
        turns = [(year, after) for year in self.years()[1:-1]]
        return Course(((self.start, before), *turns, (self.back, before)))


class CapSpec(Section):
    """No more than so much, from a year on."""

    mineral: Rate | None = None
    manure: Rate | None = None
    start: Year = Field(alias="from")

    @model_validator(mode="after")
    def _something(self) -> CapSpec:
        if self.mineral is None and self.manure is None:
            raise problem("caps nothing; wanted mineral or manure")
        return self


class FormsSpec(Section):
    """Other forms of mineral N, from a year on."""

    shares: FormShares
    start: Year = Field(alias="from")


def _course_table(levels: dict[Year, Any]) -> dict[int, Any]:
    if len(levels) < 2:
        raise problem("a table of years has at least two")
    if list(levels) != sorted(levels):
        raise problem("years of a table must increase")
    return levels


Table = Annotated[dict[Year, Level], AfterValidator(_course_table)]
