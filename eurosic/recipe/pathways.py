"""The section `pathways`: what changes, from when to when, on which share of the area, with which NUE rule.

*Enters:* plain values of a recipe. *Leaves:* `base.pathway.Pathway`s. A new pathway is written here, in words,
without code: hold, ramp, step, reversal, through (a table of years), cap, forms, share. *Source:* SCIENCE.md 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from eurosic.base.pathway import Cap, Course, Forms, NueRule, Pathway, Treatment
from eurosic.recipe.changes import LEVERS, CapSpec, FormsSpec, Ramp, Reversal, Step, Table
from eurosic.recipe.quantity import problem, quantity
from eurosic.recipe.section import Section, Text, key_among

_RULES = {"constant": NueRule.CONSTANT_NUE} | {rule.value.lower(): rule for rule in NueRule}


def _nue_rule(raw: object) -> NueRule:
    rule = _RULES.get(raw.strip().lower()) if isinstance(raw, str) else None
    if rule is None:
        raise problem(f"{raw!r} is not an NUE rule; wanted {', '.join(repr(r.value) for r in NueRule)}")
    return rule


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
        # Two courses of one lever could multiply or replace each other: nobody can tell which.
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
        # The cut decides how much N is put in; another lever on it would be cut away unseen.
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
        # The rest of the area keeps the baseline, and shares its variant with every other pathway's rest.
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
