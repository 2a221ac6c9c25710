"""The recipe of an emulator: which simulations, how they are split, how large the networks are, how long they train.

*Enters:* a YAML file. *Leaves:* a checked `EmulatorRecipe`, of which the workflow unpacks what training takes.
*Must not:* know where simulations lie on a machine: an ensemble is named by its recipe, beside this one.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from eurosic.base.provenance import digest_of
from eurosic.base.simulations import KINDS
from eurosic.recipe.load import load_as
from eurosic.recipe.quantity import counted, problem
from eurosic.recipe.schema import About
from eurosic.recipe.section import Section, Share, as_mapping, key_among, shares_of_one

_ROLES = ("train", "validate", "calibrate", "test")
_MOST_MEMBERS = 20


def _card_name(name: str) -> str:
    # A card is a folder, on file systems that know no case.
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name):
        raise problem(f"{name!r} cannot name a card; wanted small letters, digits and '-', such as 'sic-v1'")
    return name


def _ensemble_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise problem(
            f"{name!r} cannot name a recipe of an ensemble; wanted its file without folder or ending"
        )
    return name


def _seed(seed: int) -> int:
    if seed < 0:
        raise problem(f"{seed} is negative; wanted a seed that is a whole number from 0 on")
    return seed


def _all_roles(shares: dict[str, float]) -> dict[str, float]:
    absent = [role for role in _ROLES if not shares.get(role)]
    if absent:
        raise problem(f"no simulations {', '.join(absent)}; wanted shares for {', '.join(_ROLES)}")
    return shares


def _members(number: int) -> int:
    if not 1 <= number <= _MOST_MEMBERS:
        raise problem(f"{number} members; wanted 1 to {_MOST_MEMBERS}")
    return number


# A layer beyond this trains for days and is slower than the simulator.
_Size = Annotated[int, Field(ge=1, le=4096)]
_Number = Annotated[int, Field(ge=1)]


def _whole_pairs(batch: int | None) -> int | None:
    if batch is not None and batch % 2:
        raise problem(
            f"a batch of {batch} simulations; wanted an even number, of columns and their counterparts"
        )
    return batch


class Curriculum(Section):
    """Roll-outs of so many years until a share of the steps is done."""

    years: Annotated[int, counted("year", "20 years")]
    until: Share


def _ends(stages: tuple[Curriculum, ...]) -> tuple[Curriculum, ...]:
    shares = [stage.until for stage in stages]
    if not shares or shares != sorted(set(shares)) or shares[-1] != 1.0:
        raise problem("stages of the curriculum must end at increasing shares, the last at 100 %")
    return stages


class Training(Section):
    """How each member is trained; what is left out takes the default of `emulator.train.TrainingOptions`."""

    width: _Size | None = None
    context: _Size | None = None
    steps: _Number | None = None
    batch: Annotated[int | None, AfterValidator(_whole_pairs), counted("simulation", "512 simulations")] = (
        None
    )
    learning_rate: float | None = Field(default=None, gt=0, lt=1)
    decay: float | None = Field(default=None, ge=0, lt=1)
    checks: _Number | None = None
    patience: _Number | None = None
    curriculum: Annotated[tuple[Curriculum, ...], AfterValidator(_ends)] | None = None


class Finish(Section):
    """A second, gentler training that begins with the weights of the first."""

    steps: _Number
    learning_rate: float = Field(gt=0, lt=1)
    checks: _Number | None = None
    curriculum: Annotated[tuple[Curriculum, ...], AfterValidator(_ends)] | None = None


class EmulatorRecipe(Section):
    """A whole recipe of an emulator."""

    about: About
    name: Annotated[str, AfterValidator(_card_name)]
    ensemble: Annotated[str, AfterValidator(_ensemble_name)] | None = None
    split: Annotated[
        dict[Annotated[str, key_among(_ROLES)], Share],
        AfterValidator(shares_of_one),
        AfterValidator(_all_roles),
    ]
    unseen: tuple[Annotated[str, key_among(KINDS)], ...] = ()
    members: Annotated[int, AfterValidator(_members)] = 5
    seed: Annotated[int, AfterValidator(_seed)] = 0
    training: Annotated[Training, BeforeValidator(as_mapping)] = Training()
    finish: Finish | None = None
    limits: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the recipe means, whatever its comments, spellings of units and order of keys."""
        return digest_of(self.model_dump(mode="json", exclude_none=True))

    def training_options(self) -> dict[str, Any]:
        """Return the arguments of `emulator.train.TrainingOptions` that the recipe gives."""
        return {"seed": self.seed, **_options(self.training)}

    def finish_options(self) -> dict[str, Any] | None:
        """Return the arguments of `emulator.train.TrainingOptions` of the second training, where there is one."""
        return self.training_options() | _options(self.finish) if self.finish else None


def _options(section: Training | Finish) -> dict[str, Any]:
    given = section.given()
    if section.curriculum is not None:
        given["curriculum"] = tuple((stage.until, stage.years) for stage in section.curriculum)
    return given


def load_emulator_recipe(path: Path) -> EmulatorRecipe:
    """Return the emulator recipe of a file.

    Raises
    ------
    RecipeError
        With every problem of the file, each with its line and column.
    """
    return load_as(EmulatorRecipe, path)
