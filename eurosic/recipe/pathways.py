"""The section `pathways`: what changes, from when to when, on which share of the area, with which NUE rule.

*Enters:* plain values of a recipe. *Leaves:* `base.pathway.Pathway`s. A new pathway is written here, in words,
without code: hold, ramp, step, reversal, through (a table of years), cap, forms, share. *Source:* SCIENCE.md 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from eurosic.base.pathway import Cap, Course, Forms, NueRule, Pathway, Treatment
from eurosic.recipe.inputs import FormShares
from eurosic.recipe.quantity import problem, quantity
from eurosic.recipe.section import Rate, Section, Text, Year, key_among

# A change of a baseline rate: -100 % ends it, +300 % is a slip of the pen's upper limit.
Change = Annotated[float, quantity("1", "-20 %", -1.0, 3.0)]
Level = Annotated[float, quantity("1", "80 %", 0.0, 4.0)]

# Levers that are factors on the baseline; `legumes` is an amount of its own.
LEVERS = ("mineral", "manure", "volatilisation", "deposition_nh4", "deposition_no3", "losses")

_RULES = {"constant": NueRule.CONSTANT_NUE} | {rule.value.lower(): rule for rule in NueRule}


def _nue_rule(raw: object) -> NueRule:
    rule = _RULES.get(raw.strip().lower()) if isinstance(raw, str) else None
    if rule is None:
        raise problem(f"{raw!r} is not an NUE rule; wanted {', '.join(repr(r.value) for r in NueRule)}")
    return rule


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
        """Return the years that are named, in the order in which they must follow each other."""
        raise NotImplementedError

    def course(self, before: float, after: float) -> Course:
        """Return the course of a lever from `before` to `after`."""
        raise NotImplementedError


class _Ordered(Changes):
    @model_validator(mode="after")
    def _in_order(self) -> _Ordered:
        years = self.years()
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


class PathwaySpec(Section):
    """One pathway; `hold` is the one that changes nothing."""

    title: Text | None = None
    ramp: Ramp | None = None
    step: Step | None = None
    reversal: Reversal | None = None
    through: dict[Annotated[str, key_among(LEVERS)], Table] | None = None
    cap: CapSpec | None = None
    forms: FormsSpec | None = None
    share: Annotated[float, quantity("1", "25 %", 1e-6, 1.0)] = 1.0
    nue: Annotated[NueRule, BeforeValidator(_nue_rule)] | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing changes."""
        return not (self.courses() or self.cap or self.forms)

    @model_validator(mode="after")
    def _makes_sense(self) -> PathwaySpec:
        moved = [lever for lever, _ in self._moves()]
        twice = sorted({lever for lever in moved if moved.count(lever) > 1})
        if twice:
            raise problem(f"moves {', '.join(twice)} twice; wanted one course for each, such as `through`")
        if not self.holds and self.nue is None:
            raise problem(
                "lacks an NUE rule; acid follows the nitrate that leaches, so that every change needs one"
            )
        if "losses" in moved:
            self._check_losses(moved)
        return self

    def _check_losses(self, moved: list[str]) -> None:
        mixed = sorted({"mineral", "manure", "volatilisation", "legumes"} & set(moved))
        if mixed or self.cap:
            raise problem("a cut of losses says itself how N is cut; it goes with deposition and forms only")
        if self.nue is not NueRule.CONSTANT_YIELD:
            raise problem("a cut of losses keeps uptake; wanted `nue: constant yield`")

    def _moves(self) -> Iterator[tuple[str, Course]]:
        for change in (self.ramp, self.step, self.reversal):
            if change is not None:
                for lever, (before, after) in change.levels().items():
                    yield lever, change.course(before, after)
        for lever, table in (self.through or {}).items():
            yield lever, Course(tuple(table.items()))

    def courses(self) -> dict[str, Course]:
        """Return the course of each lever that is moved."""
        return dict(self._moves())

    def years(self) -> tuple[int, ...]:
        """Return every year that the pathway names, sorted."""
        changes = [change.years() for change in (self.ramp, self.step, self.reversal) if change]
        tables = [tuple(table) for table in (self.through or {}).values()]
        since = [(spec.start,) for spec in (self.cap, self.forms) if spec]
        return tuple(sorted({year for years in (*changes, *tables, *since) for year in years}))

    def pathway(self, name: str) -> Pathway:
        """Return the pathway as the inputs take it."""
        given: dict[str, Any] = dict(self.courses())
        if self.cap:
            for lever in ("mineral", "manure"):
                amount = getattr(self.cap, lever)
                given |= {f"{lever}_cap": Cap(amount, self.cap.start)} if amount is not None else {}
        if self.forms:
            given["forms"] = Forms(tuple(self.forms.shares.items()), self.forms.start)
        changed = Treatment(**given, nue=self.nue or NueRule.CONSTANT_NUE)
        rest = ((1.0 - self.share, Treatment()),) if self.share < 1.0 else ()
        return Pathway(name, ((self.share, changed), *rest), self.title or "")


def read_pathway(raw: object) -> object:
    """Return the mapping that a pathway's shorthand `hold` stands for, and anything else as it is.

    Raises
    ------
    PydanticCustomError
        If it is neither `hold` nor a mapping that changes something.
    """
    if raw == "hold":
        return {}
    if not isinstance(raw, (Mapping, PathwaySpec)):
        raise problem(f"{raw!r} is no pathway; wanted `hold` or a mapping such as {{step: ..., nue: ...}}")
    kinds = ("ramp", "step", "reversal", "through", "cap", "forms")
    if isinstance(raw, Mapping) and set(raw) <= {"title", "share", "nue"}:
        raise problem(f"changes nothing; wanted `hold`, or one of {', '.join(kinds)}")
    return raw
