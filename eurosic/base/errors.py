"""The errors that a user of eurosic can meet, each with one message in four parts.

Every message says where it happened, what came, what was wanted and what to do. The tree::

    EurosicError
    ├── RecipeError        a recipe that cannot be read or does not fit together (all problems at once)
    ├── CatalogError       a data source that is unknown, absent or not what its entry says
    ├── UnitError          a unit that is missing or cannot become the one wanted
    ├── GridError          a grid, CRS or coverage that does not fit
    ├── InputError         a raster or table whose values cannot be used
    ├── PredictorError     a predictor that cannot answer, or inputs that its signature refuses
    ├── CardError          an emulator whose card or weights are absent, damaged or exchanged
    ├── TrainingError      an emulator that cannot be trained, or whose training cannot be taken up
    ├── PlanError          a projection that would not fit the machine it is planned for
    ├── TileError          a tile whose result breaks the promise of the template
    ├── StoreError         a run folder that is not ours, belongs to another recipe, or cannot be written
    ├── ClusterError       a cluster profile that is unknown or cannot be started
    └── SimulationError    a MIN3P or PHREEQC file, deck or run that cannot be used

User errors are printed without a traceback by being caught in ``cli``, never by a global hook.
"""

from __future__ import annotations

from collections.abc import Sequence


class EurosicError(Exception):
    """An error of use, not of code, whose message says where, what came, what was wanted, what to do.

    Parameters
    ----------
    where
        The file, entry, tile or line in which it happened.
    came
        What was found there.
    wanted
        What would have been right; empty where `came` says it.
    do
        What the user can do about it.
    """

    def __init__(self, where: str, came: str, *, wanted: str = "", do: str = "") -> None:
        self.where, self.came, self.wanted, self.do = where, came, wanted, do
        super().__init__(self.where, self.came, self.wanted, self.do)

    def __str__(self) -> str:
        told = f"{self.where}: {self.came}"
        if self.wanted:
            told += f"; wanted {self.wanted}"
        told = told.rstrip(".") + "."
        return f"{told} {self.do}".rstrip() if self.do else told

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling, and errors travel from Dask's workers.
        return _rebuild, (type(self), self.where, self.came, self.wanted, self.do)


def _rebuild(kind: type[EurosicError], where: str, came: str, wanted: str, do: str) -> EurosicError:
    return kind(where, came, wanted=wanted, do=do)


class RecipeError(EurosicError):
    """A recipe that cannot be read or does not fit together; `problems` holds every message at once."""

    def __init__(
        self, where: str, came: str, *, wanted: str = "", do: str = "", problems: Sequence[str] = ()
    ) -> None:
        super().__init__(where, came, wanted=wanted, do=do)
        self.problems: tuple[str, ...] = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {problem}" for problem in self.problems)])

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_recipe_error, (self.where, self.came, self.wanted, self.do, self.problems)


def _rebuild_recipe_error(
    where: str, came: str, wanted: str, do: str, problems: tuple[str, ...]
) -> RecipeError:
    return RecipeError(where, came, wanted=wanted, do=do, problems=problems)


class CatalogError(EurosicError):
    """A data source that is unknown, absent or not what its catalog entry says."""


class UnitError(EurosicError):
    """A unit that is missing or cannot become the one wanted."""


class GridError(EurosicError):
    """A grid, coordinate reference system or coverage that does not fit."""


class InputError(EurosicError):
    """A raster or table whose values cannot be used."""


class PredictorError(EurosicError):
    """A predictor that cannot answer, or inputs that its signature refuses."""


class CardError(EurosicError):
    """An emulator whose card or weights are absent, damaged, exchanged, or of a format that is not known."""


class TrainingError(EurosicError):
    """An emulator that cannot be trained, or whose training cannot be taken up."""


class PlanError(EurosicError):
    """A projection that would not fit the machine it is planned for."""


class TileError(EurosicError):
    """A tile whose result breaks the promise of the template."""


class StoreError(EurosicError):
    """A run folder that is not ours, belongs to another recipe, or cannot be written."""


class ClusterError(EurosicError):
    """A cluster profile that is unknown or cannot be started."""


class SimulationError(EurosicError):
    """A MIN3P or PHREEQC file, deck or run that cannot be used."""
